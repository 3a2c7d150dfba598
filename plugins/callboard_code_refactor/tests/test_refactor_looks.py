"""What CodeRefactor finds, with the real tools on small workspaces."""

import json
import sys
from pathlib import Path

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor
from callboard_code_refactor.outdated_syntax import oldest
from callboard_code_refactor.sources import package_roots

TANGLED = """\
def pick(rows, wanted):
    for row in rows:
        if row:
            for cell in row:
                if cell:
                    while cell:
                        if cell == wanted:
                            return cell
                        cell -= 1
    return None


def plain(rows):
    return [row for row in rows]
"""


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def metrics(outcome: Outcome) -> dict[str, float]:
    return {m["name"]: m["value"] for m in outcome.messages if m["t"] == "metric"}


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_complexity_names_the_tangled_function_and_its_lines(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "complexity", put(tmp_path, {"shop/rows.py": TANGLED}))
    assert [(f.path, f.line, f.end_line, f.severity) for f in outcome.findings] == [("shop/rows.py", 1, 10, "low")]
    assert "'pick'" in outcome.findings[0].message
    assert "21" in outcome.findings[0].message
    assert metrics(outcome)["refactor.complexity.functions"] == 2
    assert metrics(outcome)["refactor.complexity.max"] == 21
    assert metrics(outcome)["refactor.complexity.mean"] == 11
    assert result(outcome)[0] == Verdict.PASS
    assert json.loads(outcome.artifacts["complexity-1.sarif"].read_text())["version"] == "2.1.0"


def test_a_tangled_function_stays_the_same_finding_when_its_signature_changes(tmp_path: Path) -> None:
    before = run_action(CodeRefactor(), "complexity", put(tmp_path / "a", {"rows.py": TANGLED}))
    changed = "# moved\n" + TANGLED.replace("rows, wanted", "rows: list, wanted: int = 3")
    after = run_action(CodeRefactor(), "complexity", put(tmp_path / "b", {"rows.py": changed}))
    other = run_action(CodeRefactor(), "complexity", put(tmp_path / "c", {"rows.py": TANGLED.replace("pick", "take")}))
    assert after.findings[0].fingerprint == before.findings[0].fingerprint
    assert other.findings[0].fingerprint != before.findings[0].fingerprint


def test_complexity_fails_only_when_it_was_asked_to(tmp_path: Path) -> None:
    put(tmp_path, {"rows.py": TANGLED})
    strict = run_action(CodeRefactor(), "complexity", tmp_path, {"threshold": 10, "fail_on": "medium"})
    assert result(strict)[0] == Verdict.FAIL
    assert strict.findings[0].severity == "medium"
    assert result(run_action(CodeRefactor(), "complexity", tmp_path, {"threshold": 10}))[0] == Verdict.PASS


def test_an_unparsable_file_is_a_finding_and_the_rest_goes_on(tmp_path: Path) -> None:
    put(tmp_path, {"rows.py": TANGLED, "old.py": 'print "hello"\n', "-dash.py": TANGLED, "with space.py": TANGLED})
    for action, rule in (("complexity", "cognitive-complexity"), ("dead_code", "unparsable")):
        outcome = run_action(CodeRefactor(), action, tmp_path)
        assert [f.path for f in outcome.findings if f.rule == "unparsable"] == ["old.py"]
        assert rule in outcome.rules()
        assert result(outcome)[0] == Verdict.UNKNOWN
        assert result(outcome)[1].endswith("not checked: 1 file that cannot be parsed (old.py)")
        assert "Python 2" in next(f.message for f in outcome.findings if f.rule == "unparsable")
    named = {f.path for f in run_action(CodeRefactor(), "complexity", tmp_path).findings}
    assert named == {"old.py", "rows.py", "-dash.py", "with space.py"}
    syntax = run_action(CodeRefactor(), "outdated_syntax", tmp_path)
    assert [(f.rule, f.path) for f in syntax.findings] == [("unparsable", "old.py")]


def test_a_template_or_sample_that_does_not_parse_leaves_the_pass_alone(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"plain.py": "X = 1\n", "tests/data/bad.py": "x = (\n", "skeleton.py": "{% if x %}\nY = 2\n{% endif %}\n"},
    )
    for action in ("complexity", "dead_code", "outdated_syntax"):
        outcome = run_action(CodeRefactor(), action, tmp_path)
        assert result(outcome)[0] == Verdict.PASS, result(outcome)
        assert "2 samples or templates could not be parsed" in result(outcome)[1]
        assert {f.severity for f in outcome.findings if f.rule == "unparsable"} == {"low"}


def test_imports_that_are_not_seen_leave_the_dependencies_unknown(tmp_path: Path) -> None:
    declared = '[project]\nname = "x"\nversion = "1"\ndependencies = ["flask"]\n'
    put(
        tmp_path,
        {"back/pyproject.toml": declared, "back/x/a.py": "import flask\nx = (\n", "back/x/b.py": "import os\n"},
    )
    outcome = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert result(outcome)[0] == Verdict.UNKNOWN
    assert result(outcome)[1].endswith("not checked: 1 file that cannot be parsed (back/x/a.py)")
    (torn,) = [finding for finding in outcome.findings if finding.rule == "unparsable"]
    assert (torn.path, torn.line) == ("back/x/a.py", 2)


def test_requirements_that_deptry_cannot_read_are_named_with_their_line(tmp_path: Path) -> None:
    put(tmp_path, {"requirements.txt": "flask\n\nfoo bar baz\n", "app.py": "import flask\n"})
    outcome = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert result(outcome)[0] == Verdict.UNKNOWN
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("unparsable", "requirements.txt", 3)]
    assert "foo bar baz" in outcome.findings[0].message


@pytest.mark.parametrize("action", ["complexity", "dead_code", "outdated_syntax", "dependencies", "fixes"])
def test_nothing_to_look_at_is_never_a_pass(tmp_path: Path, action: str) -> None:
    assert result(run_action(CodeRefactor(), action, tmp_path))[0] == Verdict.UNKNOWN
    put(tmp_path, {"old.py": 'print "hello"\n'})
    assert result(run_action(CodeRefactor(), action, tmp_path))[0] == Verdict.UNKNOWN


def test_dead_code_finds_what_nothing_uses(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a.py": "import os\nimport sys\n\n\ndef f():\n    return sys\n    print(1)\n",
            "b.py": "from a import f\n\nf()\n",
        },
    )
    outcome = run_action(CodeRefactor(), "dead_code", tmp_path)
    assert {(f.rule, f.path, f.line, f.severity) for f in outcome.findings} == {
        ("unused-import", "a.py", 1, "low"),
        ("unreachable-code", "a.py", 7, "low"),
    }
    put(tmp_path, {"a.py": "import sys\n\n\ndef f():\n    return sys\n"})
    clean = run_action(CodeRefactor(), "dead_code", tmp_path)
    assert clean.findings == ()
    assert result(clean) == (
        Verdict.PASS,
        "no findings in 2 files; 0 unused pieces of code (confidence 80 % or more)",
    )


def test_dead_code_follows_the_projects_own_whitelist(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"a.py": "import os\n", "pyproject.toml": '[tool.vulture]\nignore_names = ["os"]\npaths = ["nowhere"]\n'},
    )
    assert run_action(CodeRefactor(), "dead_code", tmp_path).findings == ()


def test_outdated_syntax_goes_by_what_the_project_declares(tmp_path: Path) -> None:
    code = "from typing import Optional\n\nx: Optional[int] = 1\n"
    old, new = tmp_path / "old", tmp_path / "new"
    put(old, {"pyproject.toml": '[project]\nname = "a"\nrequires-python = ">=3.8"\n', "a.py": code})
    put(new, {"setup.py": 'from setuptools import setup\nsetup(name="b", python_requires=">=3.11")\n', "b.py": code})
    outcome = run_action(CodeRefactor(), "outdated_syntax", tmp_path)
    assert {(f.rule, f.path, f.line) for f in outcome.findings} == {("UP045", "new/b.py", 3)}
    assert result(outcome)[0] == Verdict.PASS


def test_outdated_syntax_never_writes_even_where_the_project_tells_ruff_to_fix(tmp_path: Path) -> None:
    code = "class A(object):\n    pass\n"
    put(tmp_path, {"pyproject.toml": "[tool.ruff]\nfix = true\nunsafe-fixes = true\n", "a.py": code})
    outcome = run_action(CodeRefactor(), "outdated_syntax", tmp_path)
    assert [f.rule for f in outcome.findings] == ["UP004"]
    assert (tmp_path / "a.py").read_text() == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "pyproject.toml"]


def test_a_ruff_setting_that_ruff_refuses_is_unknown_with_its_words(tmp_path: Path) -> None:
    put(tmp_path, {"pyproject.toml": '[tool.ruff]\nrequired-version = ">=99"\n', "a.py": "x = 1\n"})
    verdict, summary = result(run_action(CodeRefactor(), "outdated_syntax", tmp_path))
    assert verdict == Verdict.UNKNOWN
    assert ">=99" in summary


def test_a_pyproject_that_is_no_toml_is_a_finding_and_the_files_are_looked_at_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, {"pyproject.toml": "this is no toml\n", "a.py": "class A(object):\n    pass\n"})
    outcome = run_action(CodeRefactor(), "outdated_syntax", tmp_path)
    assert {(f.rule, f.path) for f in outcome.findings} == {("unparsable", "pyproject.toml"), ("UP004", "a.py")}
    assert result(outcome)[0] == Verdict.UNKNOWN
    assert "not checked: the settings of pyproject.toml, which is no TOML" in result(outcome)[1]
    put(tmp_path, {"requirements.txt": "requests\n"})
    declared = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert {(f.rule, f.path) for f in declared.findings} == {
        ("unparsable", "pyproject.toml"),
        ("DEP002", "requirements.txt"),
    }
    assert result(declared)[0] == Verdict.UNKNOWN


def test_a_file_in_another_encoding_is_measured(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n" + TANGLED.encode())
    put(tmp_path, {"utf8.py": "x = 1\n"})
    (tmp_path / "wrong.py").write_bytes(b"x = '\xe9'\n")
    outcome = run_action(CodeRefactor(), "complexity", tmp_path)
    assert {(f.rule, f.path) for f in outcome.findings} == {
        ("cognitive-complexity", "latin.py"),
        ("unparsable", "wrong.py"),
    }


@pytest.mark.parametrize("action", ["complexity", "dead_code", "outdated_syntax"])
def test_test_data_that_is_no_python_is_low(tmp_path: Path, action: str) -> None:
    put(tmp_path, {"a.py": "x = 1\n", "tests/data/torn.py": "def f(:\n", "torn.py": "def f(:\n"})
    found = {
        f.path: str(f.severity) for f in run_action(CodeRefactor(), action, tmp_path).findings if f.rule == "unparsable"
    }
    assert found == {"tests/data/torn.py": "low", "torn.py": "medium"}


def test_a_requirement_that_deptry_cannot_read_is_quoted(tmp_path: Path) -> None:
    put(tmp_path, {"requirements.txt": "not a requirement !!\n", "a.py": "import json\n"})
    verdict, summary = result(run_action(CodeRefactor(), "dependencies", tmp_path))
    assert verdict == Verdict.UNKNOWN
    assert "not a requirement !!" in summary


@pytest.mark.parametrize(
    ("specifier", "version"),
    [(">=3.8,<4", "py38"), ("^3.9", "py39"), ("~=3.10", "py310"), (">3.10", "py311"), ("<4", ""), ("", "")],
)
def test_the_oldest_python_of_a_specifier(specifier: str, version: str) -> None:
    assert oldest(specifier) == version


def test_dependencies_missing_unused_and_declared_for_development(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = [\n  "requests",\n  "PyYAML",\n]\n',
            "src/shop/__init__.py": "import requests\nimport numpy\n\nfrom shop.rest import x\n",
            "src/shop/rest.py": "try:\n    import orjson\nexcept ImportError:\n    orjson = None\nx = 1\n",
            "tests/test_shop.py": "import pytest\nimport shop\n",
        },
    )
    outcome = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert {(f.rule, f.path, f.line, f.severity) for f in outcome.findings} == {
        ("DEP001", "src/shop/__init__.py", 2, "low"),
        ("DEP001", "src/shop/rest.py", 2, "info"),
        ("DEP002", "pyproject.toml", 6, "low"),
    }
    put(
        tmp_path,
        {
            "src/shop/__init__.py": "import requests\nimport yaml\n\nfrom shop.rest import x\n",
            "src/shop/rest.py": "x = 1\n",
        },
    )
    mended = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert mended.findings == ()
    assert (
        result(mended)[1]
        == "no findings in 1 project, 2 files; 1 package is not installed, so their module names are guessed"
    )


def test_dependencies_ask_the_workspaces_own_environment(tmp_path: Path) -> None:
    site = tmp_path / ".venv/lib/python3.11/site-packages"
    put(
        tmp_path,
        {
            "requirements.txt": "odd-name\n",
            "main.py": "import curious\nimport helper\nimport gone\n",
            ".venv/lib/python3.11/site-packages/curious.py": "raise SystemExit('imported')\n",
            ".venv/lib/python3.11/site-packages/helper.py": "",
            ".venv/lib/python3.11/site-packages/odd_name-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: odd-name\n",
            ".venv/lib/python3.11/site-packages/odd_name-1.dist-info/top_level.txt": "curious\n",
        },
    )
    assert site.is_dir()
    (tmp_path / ".venv/bin").mkdir()
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    outcome = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert {(f.rule, f.line, f.severity) for f in outcome.findings} == {("DEP003", 2, "low"), ("DEP001", 3, "medium")}
    assert "guessed" not in result(outcome)[1]


def test_dependencies_of_nested_projects_are_told_apart(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "requirements.txt": "requests\n",
            "main.py": "import requests\n",
            "backend/setup.py": "import setuptools\nsetuptools.setup(install_requires=['flask'])\n",
            "backend/app.py": "import flask\nimport requests\n",
        },
    )
    outcome = run_action(CodeRefactor(), "dependencies", tmp_path)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("DEP001", "backend/app.py", 2)]
    assert "in 2 projects, 2 files" in result(outcome)[1]


def test_projects_among_the_test_data_are_no_projects(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "requirements.txt": "requests\n",
            "main.py": "import requests\n",
            "tests/fixtures/one/requirements.txt": "flask\n",
            "tests/fixtures/one/app.py": "import django\n",
            "{{cookiecutter.name}}/setup.py": "from setuptools import setup\nsetup(install_requires=['six'])\n",
        },
    )
    verdict, summary = result(run_action(CodeRefactor(), "dependencies", tmp_path))
    assert (verdict, summary.startswith("no findings in 1 project")) == (Verdict.PASS, True)


def test_dependencies_without_a_declaration_are_unknown(tmp_path: Path) -> None:
    put(tmp_path, {"main.py": "import requests\n"})
    verdict, summary = result(run_action(CodeRefactor(), "dependencies", tmp_path))
    assert verdict == Verdict.UNKNOWN
    assert "nothing declares dependencies" in summary
    put(tmp_path, {"pyproject.toml": "[project\n"})
    assert result(run_action(CodeRefactor(), "dependencies", tmp_path))[0] == Verdict.UNKNOWN


def test_package_roots_follow_packages_upwards() -> None:
    files = ["src/a/__init__.py", "src/a/b/__init__.py", "src/a/b/c.py", "scripts/run.py", "top.py"]
    assert package_roots(files) == {"a": "src", "run": "scripts", "top": ""}
