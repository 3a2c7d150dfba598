"""`config.snapshot`, `diff`, `restore` and `rotation`: what changed is told, files come back, values are never kept."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage

PLANTED = "Zq8vT2nK5mRj7Pc1"
OTHER = "Wm4xB9sLq3Yt6Hd0"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def git(place: Path, *words: str, days_ago: int = 0) -> None:
    when = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    environment = {**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    argv = ["git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    subprocess.run(argv, check=True, capture_output=True, env=environment)


def commit(place: Path, files: dict[str, str], days_ago: int = 0) -> None:
    write(place, files)
    git(place, "add", "-A")
    git(place, "commit", "-qm", "x", days_ago=days_ago)


def write(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


def run(place: Path, action: str, settings: Any = None, **options: object) -> Outcome:
    spool = place.parent / f"spool-{action}-{len(list(place.parent.iterdir()))}"
    spool.mkdir()
    config = {"agents": {"config": settings or {}}}
    outcome = run_action(ConfigManage(), action, place, options, spool=spool, data=place.parent / "data", config=config)
    for folder in (place.parent / "data", spool):
        stored = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
        assert PLANTED.encode() not in stored
        assert OTHER.encode() not in stored
    return outcome


def changes(outcome: Outcome) -> set[tuple[str, str, str]]:
    tables = [b for b in outcome.sections()["history"] if b["kind"] == "table" and "Key" in b["columns"]]
    return {(row[0]["text"], row[1], row[2]) for table in tables for row in table["rows"]}


def test_a_version_a_change_and_its_way_back(place: Path) -> None:
    first = {"app.toml": '[a]\nx = 1\ny = "z"\n', "web/config.json": '{"k": {"n": 1}}\n', ".gitignore": ".env\n"}
    commit(place, first)
    write(place, {".env": f"API_TOKEN={PLANTED}\nB=1\n"})
    assert "version v1 of 3 configuration files, 2 of them with their text" in str(run(place, "snapshot").result)
    assert "nothing changed since version v1" in str(run(place, "snapshot").result)
    write(place, {"app.toml": "[a]\nx = 2\nnew = 1\n", ".env": f"API_TOKEN={OTHER}\nB=1\n", "more.yml": "a: 1\n"})
    (place / "web/config.json").unlink()
    outcome = run(place, "diff")
    assert changes(outcome) == {
        ("app.toml", "a.x", "changed"), ("app.toml", "a.y", "removed"), ("app.toml", "a.new", "added"),
        (".env", "API_TOKEN", "changed"), ("more.yml", "", "file added"), ("web/config.json", "", "file removed"),
    }  # fmt: skip
    for path in ("app.toml", "web/config.json"):
        patch = run(place, "restore", path=path, snapshot="v1")
        git(place, "apply", str(patch.artifacts["restore.patch"]))
        assert (place / path).read_text() == first[path]
    assert "as in version v1 already" in str(run(place, "restore", path="app.toml", snapshot="v1").result)
    assert "version v2" in str(run(place, "snapshot", note="after").result)
    assert changes(run(place, "diff", snapshot="v1", against="v2")) == {
        (".env", "API_TOKEN", "changed"), ("more.yml", "", "file added"),
    }  # fmt: skip


def test_files_with_secrets_are_never_kept_and_come_back_only_from_git(place: Path) -> None:
    pinned = "image: shop@sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945\n"
    commit(place, {"pinned.yml": pinned, "mail.ini": f"[mail]\npassword = {PLANTED}\n", ".gitignore": ".env\n"})
    write(place, {".env": f"API_TOKEN={PLANTED}\n"})
    run(place, "snapshot")
    write(place, {"pinned.yml": "image: shop\n", "mail.ini": "[mail]\n", ".env": "API_TOKEN=\n"})
    back = run(place, "restore", path="pinned.yml")
    git(place, "apply", str(back.artifacts["restore.patch"]))
    assert (place / "pinned.yml").read_text() == pinned
    for path, reason in ((".env", "protected"), ("mail.ini", "holds a secret")):
        refused = run(place, "restore", path=path).result
        assert refused is not None
        assert refused.verdict is Verdict.UNKNOWN
        assert reason in refused.summary


def test_a_secret_that_stands_there_now_is_sealed_in_the_patch(place: Path) -> None:
    commit(place, {"mail.ini": "[mail]\nuser = a\npassword = ${P}\n"})
    commit(place, {"mail.ini": f"[mail]\nuser = a\npassword = {PLANTED}\n"})
    outcome = run(place, "restore", path="mail.ini", commit="HEAD~1")
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    (message,) = [m for m in outcome.messages if m["t"] == "patch"]
    assert [seal["line"] for seal in message["proof"]["sealed"]] == [3]
    assert "+password = ${P}" in outcome.artifacts["restore.patch"].read_text()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"path": "app.toml", "snapshot": "v9"}, "no version 'v9'"),
        ({"path": "app.toml", "snapshot": "../x"}, "no version"),
        ({"path": "../../etc/passwd"}, "leads out"),
        ({"path": ".git/config"}, "git's own"),
        ({"path": "none.toml"}, "has no file"),
        ({"path": "app.toml", "commit": "--output=x"}, "is not in commit"),
        ({"path": "app.toml", "commit": "nothere"}, "is not in commit"),
        ({"path": ""}, "has no file"),
    ],
)
def test_what_cannot_be_brought_back_is_said(place: Path, options: dict[str, str], reason: str) -> None:
    commit(place, {"app.toml": "x = 1\n"})
    run(place, "snapshot")
    result = run(place, "restore", **options).result
    assert result is not None
    assert result.verdict is Verdict.UNKNOWN
    assert reason in result.summary


def test_without_a_version_or_files_it_is_unknown(place: Path) -> None:
    for action in ("diff", "snapshot", "rotation"):
        result = run(place, action).result
        assert result is not None
        assert result.verdict is Verdict.UNKNOWN
    write(place, {"a.toml": "x = 1\n"})
    run(place, "snapshot")
    (place.parent / "data" / "sealing.key").write_bytes(b"x" * 32)
    assert "another one" in str(run(place, "diff").result)


def test_odd_files_are_compared_and_never_stop_the_rest(place: Path) -> None:
    write(place, {"broken.toml": "x = [", "-a é.yml": "a: 1\r\n", "bomb.yml": "a: &a [1]\n" + "b: [*a, *a]\n" * 300})
    (place / "latin.ini").write_bytes(b"[a]\nb = \xe4\n")
    (place / "link.toml").symlink_to("broken.toml")
    write(place, {"keys.json": f'{{"{PLANTED}": 1, "{OTHER}": 2}}'})
    assert "5 configuration files" in str(run(place, "snapshot").result)
    write(place, {"-a é.yml": "a: 2\r\n"})
    assert changes(run(place, "diff")) == {("-a é.yml", "a", "changed")}
    (place / "latin.ini").write_bytes(b"[a]\nb = \xe5\n")
    assert "was not kept" in str(run(place, "restore", path="latin.ini").result)


def old(outcome: Outcome) -> dict[str, Severity]:
    return {f.message.split("'")[1]: f.severity for f in outcome.findings}


COMPOSE = "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: {}\n      API_TOKEN: {}\n"


def test_git_shows_when_a_tracked_secret_was_changed(place: Path) -> None:
    commit(place, {"compose.yml": COMPOSE.format("old-Pass-11", PLANTED)}, days_ago=500)
    commit(place, {"compose.yml": COMPOSE.format("new-Pass-22", PLANTED)}, days_ago=20)
    outcome = run(place, "rotation", days=90)
    assert old(outcome) == {"API_TOKEN": Severity.MEDIUM}
    assert "500 days ago (git's history of the line)" in outcome.findings[0].message
    assert outcome.findings[0].line == 5
    assert old(run(place, "rotation", days=300)) == {"API_TOKEN": Severity.LOW}
    assert old(run(place, "rotation", days=90, limits=["*_TOKEN=600", "postgres_*=10"])) == {
        "POSTGRES_PASSWORD": Severity.LOW
    }
    changed = COMPOSE.format("new-Pass-22", OTHER)
    write(place, {"compose.yml": changed})
    assert old(run(place, "rotation", days=90)) == {}


def test_an_ignored_file_shows_at_least_how_old(place: Path) -> None:
    commit(place, {".gitignore": ".env\n"})
    write(place, {".env": f"API_TOKEN={PLANTED}\nTITLE=x\nEMPTY_SECRET=\n"})
    then = (datetime.now(UTC) - timedelta(days=400)).timestamp()
    os.utime(place / ".env", (then, then))
    outcome = run(place, "rotation", days=180)
    assert old(outcome) == {"API_TOKEN": Severity.MEDIUM}
    assert "at least 400 days ago (the date of the file, a hint)" in outcome.findings[0].message
    write(place, {".env": f"API_TOKEN={OTHER}\n"})
    os.utime(place / ".env", (then, then))
    assert old(run(place, "rotation", days=180)) == {}


def test_what_a_ci_keeps_has_no_age_unless_it_is_told(place: Path) -> None:
    workflow = (
        "on: push\njobs:\n  a:\n    steps:\n      - run: x\n        env:\n          K: ${{ secrets.DEPLOY_TOKEN }}\n"
    )
    commit(place, {".github/workflows/ci.yml": workflow})
    result = run(place, "rotation").result
    assert result is not None
    assert result.verdict is Verdict.UNKNOWN
    day = (datetime.now(UTC) - timedelta(days=100)).strftime("%Y-%m-%d")
    settings = {"rotated": {"DEPLOY_TOKEN": day}, "rotation": {"*_TOKEN": 30}}
    assert old(run(place, "rotation", settings)) == {"DEPLOY_TOKEN": Severity.MEDIUM}
    fine = {"rotated": {"DEPLOY_TOKEN": datetime.now(UTC).strftime("%Y-%m-%d")}, "rotation": {"*_TOKEN": 30}}
    passed = run(place, "rotation", fine)
    assert passed.findings == ()
    assert passed.result is not None
    assert passed.result.verdict is Verdict.PASS
    table = passed.sections()["rotation"][1]
    assert [cell["text"] if isinstance(cell, dict) else cell for cell in table["rows"][0]][-1] == "fine"
