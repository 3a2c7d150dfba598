"""Contracts between modules, unused npm code, and what is proposed for a workspace."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.api import Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor, callboard_detect
from callboard_code_refactor.architecture import broken_chains

LAYERS = """\
[importlinter]
root_package = shop
include_external_packages = True

[importlinter:contract:1]
name = Layers -> all
type = layers
layers =
    shop.api
    shop.core

[importlinter:contract:2]
name = no requests
type = forbidden
source_modules = shop.core
forbidden_modules = requests
"""
SHOP = {
    "src/shop/__init__.py": "",
    "src/shop/api/__init__.py": "",
    "src/shop/core/__init__.py": "",
    "src/shop/api/views.py": "\nimport requests\n",
    "src/shop/core/logic.py": "import json\nfrom shop.api import views\n",
    ".importlinter": LAYERS,
}


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_a_broken_contract_is_found_with_its_chain_at_the_line_of_the_first_import(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "architecture", put(tmp_path, SHOP))
    assert {(f.rule, f.path, f.line, f.severity) for f in outcome.findings} == {
        ("broken-contract", "src/shop/core/logic.py", 2, "high")
    }
    layers, forbidden = outcome.findings
    assert "'Layers -> all'" in layers.message
    assert "shop.core is not allowed to import shop.api" in layers.message
    assert "shop.core.logic -> shop.api.views -> requests" in forbidden.message
    assert result(outcome)[0] == Verdict.FAIL
    assert "0 contracts kept, 2 broken" in result(outcome)[1]
    assert outcome.sections()["architecture"][0]["rows"][0][:2] == ["Layers -> all", {"text": "broken", "state": "bad"}]
    mended = run_action(CodeRefactor(), "architecture", put(tmp_path, {"src/shop/core/logic.py": "import json\n"}))
    assert mended.findings == ()
    assert result(mended)[0] == Verdict.PASS
    assert not list(tmp_path.glob(".import_linter_cache*"))


def test_contracts_of_a_nested_project_in_its_pyproject(tmp_path: Path) -> None:
    toml = (
        '[tool.importlinter]\nroot_package = "shop"\n[[tool.importlinter.contracts]]\nname = "two"\n'
        'type = "independence"\nmodules = ["shop.api", "shop.core"]\n'
    )
    files = {f"backend/{name}": text for name, text in SHOP.items() if name != ".importlinter"}
    outcome = run_action(CodeRefactor(), "architecture", put(tmp_path, {**files, "backend/pyproject.toml": toml}))
    assert [(f.path, f.line) for f in outcome.findings] == [("backend/src/shop/core/logic.py", 2)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({".importlinter": LAYERS.replace("root_package = shop", "root_package = nowhere")}, "nowhere"),
        ({".importlinter": LAYERS.replace("type = layers", "type = odd")}, "odd"),
        ({".importlinter": "this is no configuration\n"}, ".importlinter"),
        ({".importlinter": "[importlinter]\nroot_package = shop\n"}, "no contract could be checked"),
    ],
)
def test_contracts_that_cannot_be_checked_are_unknown_with_the_reason(
    tmp_path: Path, changed: dict[str, str], words: str
) -> None:
    outcome = run_action(CodeRefactor(), "architecture", put(tmp_path, {**SHOP, **changed}))
    assert result(outcome)[0] == Verdict.UNKNOWN
    assert words in result(outcome)[1]
    assert outcome.findings == ()


def test_files_that_do_not_parse_are_findings_and_the_rest_of_the_contracts_is_checked(tmp_path: Path) -> None:
    put(tmp_path, {**SHOP, "src/shop/core/torn.py": "x = 1\ndef f(:\n", "src/shop/odd.py": "print 1\n"})
    outcome = run_action(CodeRefactor(), "architecture", tmp_path)
    assert {(f.rule, f.path, f.line) for f in outcome.findings} == {
        ("unparsable", "src/shop/core/torn.py", 2),
        ("unparsable", "src/shop/odd.py", 1),
        ("broken-contract", "src/shop/core/logic.py", 2),
    }
    assert result(outcome)[0] == Verdict.FAIL
    put(tmp_path, {"src/shop/core/logic.py": "import json\n"})
    verdict, words = result(run_action(CodeRefactor(), "architecture", tmp_path))
    assert (verdict, "not checked: the imports of src/shop/core/torn.py, src/shop/odd.py" in words) == (
        Verdict.UNKNOWN,
        True,
    )


def test_without_contracts_there_is_nothing_to_check(tmp_path: Path) -> None:
    put(tmp_path, {"a.py": "x = 1\n", "setup.cfg": "[metadata]\nname = a\n", "pyproject.toml": "[tool.ruff]\n"})
    verdict, words = result(run_action(CodeRefactor(), "architecture", tmp_path))
    assert (verdict, words.startswith("no contracts are configured")) == (Verdict.UNKNOWN, True)
    assert "refactor.architecture" not in [job.action for job in callboard_detect(Workspace(tmp_path))]


def test_chains_with_several_beginnings_and_lines_are_read() -> None:
    told = (
        "Contracts: 0 kept, 1 broken.\n\n\n----------------\nBroken contracts\n----------------\n\nlayered\n-------\n\n"
        "a.low is not allowed to import a.high:\n\n-   a.low.x -> a.mid (l.3, l.9)\n    & a.low.y -> a.mid (l.4)\n"
        "    a.mid -> a.high (l.1)\n\n-   a.low.z -> a.high (l.7)\n\n\n"
    )
    chains = [(item.contract, item.rule, [(k.importer, k.line) for k in item.chain]) for item in broken_chains(told)]
    assert chains == [
        ("layered", "a.low is not allowed to import a.high", [("a.low.x", 3), ("a.low.y", 4), ("a.mid", 1)]),
        ("layered", "a.low is not allowed to import a.high", [("a.low.z", 7)]),
    ]


def knip(root: Path, report: object) -> Path:
    """A stand-in for the project's own knip that prints a recorded report."""
    place = root / "node_modules/.bin/knip"
    place.parent.mkdir(parents=True, exist_ok=True)
    text = report if isinstance(report, str) else f"print({json.dumps(report)!r})\n"
    place.write_text(f"#!{sys.executable}\n{text}")
    place.chmod(0o755)
    return place


KNIP = {
    "issues": [
        {"file": "package.json", "dependencies": [{"name": "left-pad"}], "unlisted": []},
        {"file": "src/index.js", "unlisted": [{"name": "chalk", "line": 2, "col": 20}]},
        {"file": "src/dead.js", "files": [{"name": "src/dead.js"}]},
        {"file": "src/a.js", "exports": [{"name": "b", "line": 1, "col": 32}], "types": [{"name": "T", "line": 4}]},
        {"file": "src/a.js", "duplicates": [[{"name": "x", "line": 9}, {"name": "y", "line": 9}]]},
        {"file": "src/a.js", "enumMembers": {"E": [{"name": "A", "line": 12}]}},
    ]
}
NPM = {"web/package.json": '{"dependencies": {"left-pad": "1"}}', "web/src/index.js": "import chalk from 'chalk'\n"}


def test_what_knip_finds_in_an_npm_project(tmp_path: Path) -> None:
    knip(put(tmp_path, NPM) / "web", KNIP)
    outcome = run_action(CodeRefactor(), "knip", tmp_path)
    assert {(f.rule, f.path, f.line, f.severity) for f in outcome.findings} == {
        ("npm-dependencies", "web/package.json", 0, "low"),
        ("npm-unlisted", "web/src/index.js", 2, "medium"),
        ("npm-files", "web/src/dead.js", 0, "low"),
        ("npm-exports", "web/src/a.js", 1, "low"),
        ("npm-types", "web/src/a.js", 4, "info"),
        ("npm-duplicates", "web/src/a.js", 9, "info"),
        ("npm-enummembers", "web/src/a.js", 12, "info"),
    }
    assert result(outcome)[0] == Verdict.PASS
    knip(tmp_path / "web", "raise SystemExit('no such config')\n")
    verdict, words = result(run_action(CodeRefactor(), "knip", tmp_path))
    assert (verdict, "no such config" in words) == (Verdict.UNKNOWN, True)


def test_knip_needs_what_the_project_has_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    verdict, words = result(run_action(CodeRefactor(), "knip", put(tmp_path, NPM)))
    assert (verdict, "npm ci" in words) == (Verdict.UNKNOWN, True)
    (tmp_path / "web/node_modules").mkdir()
    verdict, words = result(run_action(CodeRefactor(), "knip", tmp_path))
    assert (verdict, "knip is not there" in words) == (Verdict.UNKNOWN, True)
    put(tmp_path, {"web/package.json": "[]"})
    verdict, words = result(run_action(CodeRefactor(), "knip", tmp_path))
    assert (verdict, "is no JSON object" in words) == (Verdict.UNKNOWN, True)
    (tmp_path / "web/package.json").unlink()
    assert result(run_action(CodeRefactor(), "knip", tmp_path))[0] == Verdict.UNKNOWN


def test_detect_proposes_what_is_there(tmp_path: Path) -> None:
    assert callboard_detect(Workspace(tmp_path)) == []
    put(tmp_path, {"backend/main.py": "x = 1\n"})
    usual = ["refactor.complexity", "refactor.dead_code", "refactor.outdated_syntax"]
    assert [job.action for job in callboard_detect(Workspace(tmp_path))] == usual
    put(tmp_path, {"backend/requirements.txt": "requests\n", "web/a.ts": "f()\n", "web/package.json": "{}"})
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path))}
    added = ["refactor.clones", "refactor.hotspots", "refactor.trend", "refactor.dependencies", "refactor.fixes"]
    assert list(jobs) == [*usual, *added]
    assert jobs["refactor.dependencies"].because == "dependencies are declared in backend"
    assert jobs["refactor.fixes"].because == "1 Python file in a git checkout"
    assert jobs["refactor.clones"].because == "2 source files"


def test_knip_is_proposed_only_where_the_team_uses_it(tmp_path: Path) -> None:
    put(tmp_path, {"a/package.json": "{}", "b/package.json": '{"devDependencies": {"knip": "^6"}}'})
    put(tmp_path, {"c/package.json": "not json", "c/knip.json": "{}", "d/package.json": '{"workspaces": ["x"]}'})
    put(tmp_path, {"d/x/package.json": '{"devDependencies": {"knip": "^6"}}'})
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path))}
    assert jobs["refactor.knip"].because == "the team uses knip in b, c"


def test_contracts_are_proposed_where_they_are_written(tmp_path: Path) -> None:
    put(tmp_path, {"a.py": "", "one/.importlinter": LAYERS, "two/setup.cfg": LAYERS, "three/setup.cfg": "[x]\n"})
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path))}
    assert jobs["refactor.architecture"].because == "contracts are written in one/.importlinter, two/setup.cfg"
