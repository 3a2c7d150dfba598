"""What CodeRefactor offers for cases, and the patch that declares a dependency."""

import subprocess
from pathlib import Path

import pytest

from callboard.api import CallboardError, Symptom, Verdict
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor
from callboard_code_refactor.declaring import with_dependency
from callboard_code_refactor.mends import mends


def commit(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    for words in ("init -q", "add -A -f", "-c user.name=t -c user.email=t@example.org commit -qm x"):
        subprocess.run(["git", "-C", str(place), *words.split()], check=True)


def declared(place: Path, **options: object) -> Outcome:
    return run_action(CodeRefactor(), "declare", place, options)


def patch_of(outcome: Outcome) -> str:
    return next(text.read_text() for name, text in outcome.artifacts.items() if name.endswith(".patch"))


def test_what_ruff_saw_is_fixed_in_the_one_file_and_syntax_by_the_action_that_knows_the_oldest_python() -> None:
    (fix,) = mends(Symptom("quality.lint", rule="F401", tool="ruff", path="a/b.py", action="quality.lint"))
    assert (fix.action, fix.options) == ("refactor.fixes", {"select": "F401", "paths": ["a/b.py"]})
    syntax = Symptom(
        "s", rule="UP007", tool="ruff", path="a.py", action="refactor.outdated_syntax", options={"target": "py39"}
    )
    (fix,) = mends(syntax)
    assert (fix.action, fix.options) == (
        "refactor.outdated_syntax",
        {"target": "py39", "patch": True, "paths": ["a.py"]},
    )
    assert mends(Symptom("x", rule="F401", tool="pylint", path="a.py")) == []
    assert mends(Symptom("x", rule="unparsable", tool="ruff", path="a.py")) == []


def test_a_missing_dependency_is_declared_where_the_others_are(tmp_path: Path) -> None:
    commit(
        tmp_path,
        {
            "api/pyproject.toml": '[project]\nname = "a"\ndependencies = [\n    "flask>=2",\n]\n',
            "api/a/x.py": "import yaml\n",
        },
    )
    message = "'yaml' imported but missing from the dependency definitions; declare the package that brings it"
    (fix,) = mends(Symptom("d", rule="DEP001", tool="deptry", message=message, path="api/a/x.py", line=1))
    outcome = declared(tmp_path, **fix.options)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert "+++ b/api/pyproject.toml" in patch_of(outcome)
    assert '+    "pyyaml",\n' in patch_of(outcome)


def test_a_package_is_never_guessed_by_the_name_of_the_module(tmp_path: Path) -> None:
    commit(tmp_path, {"requirements.txt": "flask", "x.py": "import nobodyknows\n"})
    outcome = declared(tmp_path, module="nobodyknows", path="x.py")
    assert outcome.result is not None
    assert (outcome.result.verdict, outcome.artifacts) == (Verdict.UNKNOWN, {})
    outcome = declared(tmp_path, module="nobodyknows", path="x.py", package="nobody-knows")
    assert "+nobody-knows\n" in patch_of(outcome)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[project]\nname = "a"\n', '[project]\ndependencies = ["new"]\nname = "a"\n'),
        ('[project]\ndependencies = []\n', '[project]\ndependencies = ["new"]\n'),
        ('[project]\ndependencies = ["b"]\n', '[project]\ndependencies = ["new", "b"]\n'),
        ('[project]\ndependencies = ["New>=2"]\n', '[project]\ndependencies = ["New>=2"]\n'),
    ],
)  # fmt: skip
def test_a_pyproject_gets_one_entry_more_and_nothing_else(text: str, wanted: str) -> None:
    assert with_dependency(text, "new") == wanted


@pytest.mark.parametrize(
    "text", ["[tool.poetry]\n", 'project.name = "a"\n', "x = [", '[project]\nname="a"\n[x]\ndependencies = []\n']
)
def test_what_cannot_be_done_safely_is_refused(text: str) -> None:
    if text.startswith('[project]\nname="a"'):
        with pytest.raises(CallboardError):
            with_dependency(text, "new")
        return
    with pytest.raises(CallboardError):
        with_dependency(text, "new")
