"""`config.openspec` and `config.archive`: what OpenSpec's command line says becomes findings and patches, never more."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage

# As openspec 1.13 printed it for a small tree, shortened.
NO_DELTA = "Change must have at least one delta. No deltas found."
REFUSES = 'Archive would refuse this delta: auth MODIFIED failed for header "### Requirement: Nope" - not found'
ITEMS = [
    {"id": "add-otp", "type": "change", "valid": True, "issues": []},
    {
        "id": "bad",
        "type": "change",
        "valid": False,
        "issues": [{"level": "ERROR", "path": "file", "message": NO_DELTA}],
    },
    {
        "id": "conf",
        "type": "change",
        "valid": True,
        "issues": [{"level": "INFO", "path": "auth/spec.md", "message": REFUSES}],
    },
    {"id": "auth", "type": "spec", "valid": True, "issues": []},
]
STATUS = {"artifacts": [{"id": "proposal", "status": "done"}, {"id": "design", "status": "ready"}]}
STAND_IN = """#!{python}
import json, pathlib, sys
told = json.loads(pathlib.Path({told!r}).read_text())
answer = told.get(sys.argv[1], "")
sys.stdout.write(answer if isinstance(answer, str) else json.dumps(answer))
if sys.argv[1] == "archive" and told.get("moves"):
    here = pathlib.Path("openspec/changes")
    (here / "archive").mkdir()
    (here / sys.argv[2]).rename(here / "archive" / ("2026-11-27-" + sys.argv[2]))
sys.exit(told.get("code", 0))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "openspec" / "changes" / "add-otp").mkdir(parents=True)
    (folder / "openspec" / "changes" / "add-otp" / "tasks.md").write_text("- [x] 1.1 one\n")
    (folder / ".gitignore").write_text("node_modules\n")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def answers(place: Path, **told: Any) -> None:
    """Puts a program in the place of openspec that prints what openspec printed."""
    program = place / "node_modules" / ".bin" / "openspec"
    program.parent.mkdir(parents=True, exist_ok=True)
    kept = place.parent / "told.json"
    kept.write_text(json.dumps(told))
    program.write_text(STAND_IN.format(python=sys.executable, told=str(kept)))
    program.chmod(0o755)


def run(place: Path, action: str, **options: Any) -> Outcome:
    return run_action(ConfigManage(), action, place, options)


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_what_is_invalid_becomes_findings_and_what_lacks_is_shown(place: Path) -> None:
    answers(place, validate={"items": ITEMS}, status=STATUS, code=1)
    outcome = run(place, "openspec")
    found = {(f.rule, f.severity, f.path) for f in outcome.findings}
    assert found == {
        ("openspec-change", Severity.MEDIUM, "openspec/changes/bad"),
        ("openspec-archive", Severity.LOW, "openspec/changes/conf/specs/auth/spec.md"),
    }
    assert result(outcome)[0] is Verdict.FAIL
    assert "3 changes and 1 spec" in result(outcome)[1]
    told = json.dumps(outcome.sections()["openspec"])
    assert "1 of 2, lacks design" in told
    assert outcome.metrics() == {"config.openspec.invalid": 1}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"validate": "no json"}, "gave no report"),
        ({"validate": {"status": [{"message": "No OpenSpec root found"}]}}, "No OpenSpec root found"),
        ({"validate": {"items": []}}, "knows no change"),
        ({"validate": "[" * 100_000}, "gave no report"),
        ({"validate": {"items": [3, {"id": 4, "issues": "x"}]}, "status": STATUS}, ""),
    ],
)
def test_an_answer_that_tells_nothing_is_never_a_pass_of_everything(
    place: Path, told: dict[str, Any], words: str
) -> None:
    answers(place, **told)
    verdict, summary = result(run(place, "openspec"))
    assert (verdict is Verdict.UNKNOWN) == bool(words)
    assert words in summary


def test_archiving_is_a_patch_that_waits_for_a_person(place: Path) -> None:
    told = {"archive": {"archivedAs": "2026-11-27-add-otp", "totals": {"added": 1, "modified": 0}}}
    answers(
        place, list={"changes": [{"name": "add-otp", "completedTasks": 1, "totalTasks": 1}]}, archive=told, moves=True
    )
    outcome = run(place, "archive", change="add-otp")
    assert result(outcome) == (Verdict.PASS, "a patch archives 'add-otp' (added 1); it waits for a person's acceptance")
    patch = next(iter(outcome.artifacts.values())).read_text()
    assert "openspec/changes/archive/2026-11-27-add-otp/tasks.md" in patch
    assert (place / "openspec" / "changes" / "add-otp" / "tasks.md").exists(), "the user's own files are as they were"


def test_what_is_not_done_or_refused_is_not_archived(place: Path) -> None:
    answers(
        place, list={"changes": [{"name": "add-otp", "completedTasks": 1, "totalTasks": 2}]}, archive={"archive": None}
    )
    assert "1 of 2 tasks" in result(run(place, "archive", change="add-otp"))[1]
    refusal = {"archive": None, "status": [{"message": "header not found"}]}
    answers(place, list={"changes": [{"name": "add-otp", "completedTasks": 2, "totalTasks": 2}]}, archive=refusal)
    assert result(run(place, "archive", change="add-otp")) == (
        Verdict.FAIL, "2 of 2 tasks done, but archive refuses: header not found",
    )  # fmt: skip
    for name in ("", "--help", "../x", "a/b", "nope"):
        assert result(run(place, "archive", change=name))[0] is Verdict.UNKNOWN


@pytest.mark.long
def test_the_real_program_is_understood(place: Path) -> None:
    program = os.environ.get("CALLBOARD_OPENSPEC") or shutil.which("openspec")
    if not program:
        pytest.skip("openspec is not installed; CALLBOARD_OPENSPEC may name it")
    bin_folder = place / "node_modules" / ".bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "openspec").symlink_to(program)
    (place / "openspec" / "changes" / "add-otp" / "proposal.md").write_text("# OTP\n## Why\nPasswords leak.\n")
    outcome = run(place, "openspec")
    assert {f.rule for f in outcome.findings} == {"openspec-change"}
    assert "2 of 4, lacks specs, design" in json.dumps(outcome.sections()["openspec"])
