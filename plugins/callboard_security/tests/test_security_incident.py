"""The incident bundle: complete, free of secrets, and checked by sha256sum."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance

CANARY = "hunter2Zq8vCanary"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def freeze(place: Path, **more: object) -> Outcome:
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(SecurityCompliance(), "incident", place, {"reason": f"password={CANARY}"}, spool=spool, **more)  # type: ignore[arg-type]


def unpacked(outcome: Outcome, to: Path) -> Path:
    (archive,) = outcome.artifacts.values()
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(to)
    return to


def git(place: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, "-C", str(place), *words], check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum here")
def test_the_bundle_and_the_workspace_can_be_checked_and_hold_no_secret(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", CANARY)
    (place / "poetry.lock").write_text(f'url = "https://me:{CANARY}@mirror.example/simple"\n')
    (place / "a ü.py").write_text("x = 1\n")
    git(place, "init", "-q")
    git(place, "add", ".")
    git(place, "commit", "-qm", f"token={CANARY} goes in")
    (place / "a ü.py").write_text("x = 2\n")
    bill = tmp_path / "before" / "artifacts"
    bill.mkdir(parents=True)
    (bill / "sbom-x.cdx.json").write_text("{}")
    messages = [
        {"t": "artifact", "name": "sbom-x.cdx.json"},
        {
            "t": "finding",
            "rule": "leak",
            "severity": "high",
            "message": f"password = '{CANARY}3'",
            "path": "a ü.py",
            "line": 3,
        },
        {"t": "result", "verdict": "pass", "summary": f"secret = '{CANARY}1'"},
    ]
    (bill.parent / "messages.jsonl").write_text("".join(json.dumps(message) + "\n" for message in messages))
    entry = {"name": "security.sbom", "action": "security.sbom", "state": "succeeded", "spool": str(bill.parent)}
    outcome = freeze(place, before=[entry])
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    folder = unpacked(outcome, tmp_path / "bundle")
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)
    subprocess.run(
        ["sha256sum", "--strict", "-c", folder / "workspace.sha256"], cwd=place, check=True, capture_output=True
    )
    listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert listed == there - {"SHA256SUMS"}
    assert "a ü.py" in (folder / "workspace.sha256").read_text()
    (leak,) = json.loads((folder / "findings.json").read_text())["security.sbom"]
    assert (leak["rule"], leak["severity"], leak["path"], leak["line"]) == ("leak", "high", "a ü.py", 3)
    assert "goes in" in (folder / "git" / "log.txt").read_text()
    assert (folder / "artefacts" / "security.sbom" / "sbom-x.cdx.json").is_file()
    assert (folder / "locks" / "poetry.lock").is_file()
    assert "SOME_SECRET" in (folder / "machine.json").read_text()
    for path in folder.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
    (place / "a ü.py").write_text("x = 3\n")
    changed = subprocess.run(
        ["sha256sum", "-c", folder / "workspace.sha256"], cwd=place, check=False, capture_output=True
    )
    assert changed.returncode == 1


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="processes cannot be seen here")
def test_services_of_the_workspace_are_listed(place: Path, tmp_path: Path) -> None:
    (place / "a.py").write_text("x = 1\n")
    program = "import sys, time; print('up', flush=True); time.sleep(60)"
    service = subprocess.Popen([sys.executable, "-c", program], cwd=place, stdout=subprocess.PIPE)
    try:
        assert service.stdout is not None
        assert service.stdout.readline() == b"up\n"
        folder = unpacked(freeze(place), tmp_path / "bundle")
    finally:
        service.kill()
        service.communicate()
    assert service.pid in [entry["process"] for entry in json.loads((folder / "services.json").read_text())]


def test_nothing_to_freeze_is_unknown(place: Path) -> None:
    outcome = freeze(place)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
