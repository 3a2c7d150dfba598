"""A case as one archive without secrets; incidents pause, revoke, freeze, and end."""

import hashlib
import io
import json
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from callboard.core.case_batch import Opening
from callboard.core.case_commands import TellCases
from callboard.core.case_facts import Cause, Symptom
from callboard.desk.case_loose import origin, uncommitted
from callboard.desk.incident_files import IncidentFiles
from callboard.desk.packing import packed, without_secrets
from callboard.desk.veil import MASK
from callboard.errors import ConfigError, NotFound, Refused
from callboard.guard.crew_token import CrewToken
from callboard.learn.commits import git_facts
from patch_stage import PatchStage

SECRET = "ghp_" + "a1B2c3D4" * 5


def opened(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        return {name: held.read(name).decode() for name in held.namelist()}


def test_nothing_secret_is_packed_and_hashes_hold() -> None:
    parts = {
        "a.txt": f"token = '{SECRET}'\nplain\n",
        "b.json": {"api_key": "x" * 30, "n": 1, "deep": [f"ssh {SECRET}"]},
    }
    files = opened(packed(parts))
    assert SECRET not in "".join(files.values())
    assert (json.loads(files["b.json"]), "plain" in files["a.txt"]) == (
        {"api_key": MASK, "n": 1, "deep": [f"ssh {MASK}"]},
        True,
    )
    for line in files["SHA256SUMS"].splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(files[name].encode()).hexdigest() == digest
    assert packed(parts) == packed(parts)
    assert "cut here" in opened(packed({"long.txt": "x y\n" * 900_000}))["long.txt"][-60:]
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    assert "MIIE" not in json.dumps(without_secrets({"log": key}))
    drawn = "aX9" + "bQ3kZ7" * 6
    assert without_secrets(f"h = '{drawn}1'") == f"h = '{MASK}'"
    plain = f"{'0f3a' * 10} TestThatOneLongNameIsNoSecretAtAll2 src/app/Some2/deep/Folder3/with/Names4.py"
    assert without_secrets(plain) == plain


def test_an_incident_from_its_begin_to_its_end(tmp_path: Path) -> None:
    stage = PatchStage(tmp_path)
    stage.propose(stage.diff(app__a=stage.swapped(3)))
    log = stage.data / "attempts" / "1" / "0" / "1" / "output.log"
    log.write_text(f"looked\nexport API_TOKEN={SECRET}\n")
    CrewToken(stage.data).new()
    with stage.house() as desk:
        where = str(stage.workspace)
        seen = Symptom("lint", "f1", "finding", "E1", "high", "a is wrong", "app/a.py", 3, "a is wrong", "E1", (("ruff", "1"),),
                       "quality", 1, "1.0", 1, code="c1")  # fmt: skip
        desk._engine.ask_from(TellCases(where, 1, (Opening("a is wrong", "high", Cause("single"), (seen,)),)))
        name, archive = desk.case_bundle(1)
        files = opened(archive)
        assert (name, SECRET in "".join(files.values())) == ("callboard-C1.zip", False)
        assert {
            "README.md",
            "case.json",
            "timeline.md",
            "repeat.md",
            "environment.json",
            "changes.diff",
            "findings.sarif",
        } < set(files)
        assert "sh -c 'echo tidy'" in files["repeat.md"]
        assert "uncommitted.diff" not in files
        assert "looked" in files["logs/1.0.txt"]

        with pytest.raises(ConfigError):
            desk.begin_incident(["quality"], " ", "ann")
        with pytest.raises(NotFound):
            desk.begin_incident(["nobody"], "why", "ann")
        with pytest.raises(NotFound):
            desk.begin_incident([], "why", "ann", case=99)
        assert desk.incidents() == []

        row = desk.begin_incident([], "it wrote where it must not", "ann", case=1, stop=True, crew=True)
        assert (row["state"], row["agents"], row["paused"]) == ("on", ["quality"], ["quality"])
        words = " ".join(row["words_list"])
        assert "quality is paused" in words
        assert "no token of theirs" in words or "none of theirs to revoke" in words
        assert (CrewToken(stage.data).made_at(), desk.agent("quality")["paused"]["by"]) == (None, "ann")
        assert stat.S_IMODE((stage.data / "incidents" / "1").stat().st_mode) == 0o700
        _, evidence = desk.incident_bundle(1)
        frozen = opened(evidence)
        assert (hashlib.sha256(evidence).hexdigest(), SECRET in "".join(frozen.values())) == (row["sha256"], False)
        assert {"incident.json", "agents.json", "findings-quality.json", "case/case.json"} < set(frozen)
        assert row["sha256"] in desk.case_of(1).known["frozen"].words

        place = stage.data / "incidents" / "1" / "evidence.zip"
        place.write_bytes(evidence + b"x")
        with pytest.raises(Refused, match="was changed since"):
            desk.incident_bundle(1)
        place.write_bytes(evidence)
        second = desk.begin_incident(["quality"], "again", "bob")
        assert second["paused"] == []
        over = desk.end_incident(1, "a bug of its own", "ann")
        assert (over["state"], bool(desk.agent("quality")["paused"])) == ("ended", True)  # the second one goes on
        with pytest.raises(Refused, match="ended by ann already"):
            desk.end_incident(1, "", "bob")
        desk.end_incident(2, "", "bob")
        assert desk.agent("quality")["paused"] is None
        assert [one["id"] for one in desk.incidents()] == [2, 1]


def left(number: int, **more: object) -> dict[str, object]:
    """What a program writes down of an incident before it does anything."""
    return {
        "id": number, "case": None, "agents": ["quality"], "by": "ann", "at": 1.0, "reason": "it went wild", "state": "beginning",
        "ended": None, "ended_by": "", "words_list": [], "bundle": f"/api/v1/incidents/{number}/bundle", "sha256": "",
        "paused": [], "stop": False, "crew": False, **more,
    }  # fmt: skip


def test_what_was_begun_before_the_program_was_ended_is_done_at_its_next_start(tmp_path: Path) -> None:
    stage = PatchStage(tmp_path)
    files = IncidentFiles(stage.data)
    with stage.house() as desk:
        desk.pause("security", "incident 2: it went wild", "ann")  # paused, and then the program was ended
        desk.stop_agent("refactor", "incident 3: it went wild", "ann")
    CrewToken(stage.data).new()
    files.keep(left(1, crew=True))
    files.keep(left(2, agents=["security"]))
    files.keep(left(3, agents=["refactor", "no-longer-here"], stop=True))
    files.freeze(3, b"frozen before")
    files.folder(7).mkdir()
    (files.folder(7) / "incident.json").write_text("{")
    with stage.house() as desk:
        rows = {row["id"]: row for row in desk.incidents()}
        assert {number: row["state"] for number, row in rows.items()} == {1: "on", 2: "on", 3: "on", 7: "broken"}
        assert [rows[number]["paused"] for number in (1, 2, 3)] == [["quality"], ["security"], ["refactor"]]
        assert "was ended before this was done" in rows[1]["words_list"][0]
        assert "the crew's token is revoked" in " ".join(rows[1]["words_list"])
        assert "'no-longer-here'" in " ".join(rows[3]["words_list"])
        assert desk.incident_bundle(3)[1] == b"frozen before"
        assert "agents.json" in opened(desk.incident_bundle(1)[1])
        with pytest.raises(Refused, match="broken"):
            desk.end_incident(7, "", "bob")
        for number in (1, 2, 3):
            desk.end_incident(number, "", "bob")
        assert [desk.agent(name)["paused"] for name in ("quality", "security", "refactor")] == [None, None, None]
        long = desk.begin_incident(["quality"], "\N{FIRE}" * 1_000, "ann")
        assert (long["id"], desk.incident(8)["reason"]) == (8, "\N{FIRE}" * 1_000)
        with pytest.raises(ConfigError, match="at most 20 agents"):
            desk.begin_incident([f"a{n}" for n in range(21)], "why", "ann")
        assert desk.finish_incidents() == 0


def test_what_was_changed_without_a_commit_travels_as_a_patch_that_applies(tmp_path: Path) -> None:
    stage = PatchStage(tmp_path)
    stage.write("app/a.py", stage.swapped(3))
    stage.write("app/new.py", "n = 1\n")
    stage.write(".env.local", f"TOKEN={SECRET}\n")
    stage.write("app/keys.py", f"k = '{SECRET}'\n")
    text = uncommitted(stage.workspace, git_facts(stage.workspace), {"app/keys.py"})
    assert "as it was when the task ran" in text
    assert (SECRET in text, ".env.local holds secrets" in text, "app/keys.py holds secrets" in text) == (
        False,
        True,
        True,
    )
    after = stage.read("app/a.py")
    other = tmp_path / "other"
    stage.git("clone", "-q", str(stage.workspace), str(other))
    subprocess.run(["git", "-C", str(other), "apply", "--unidiff-zero", "-"], input=text.encode(), check=True)
    assert ((other / "app/a.py").read_text(), (other / "app/new.py").read_text()) == (after, "n = 1\n")
    stage.write("app/a.py", "a1 = 0\n")
    before = {**git_facts(stage.workspace), "digest": "another"}
    assert "written again since" in uncommitted(stage.workspace, before, ())
    stage.git("remote", "add", "origin", f"https://ann:{SECRET}@example.org/shop.git")
    assert origin(stage.workspace) == "https://example.org/shop.git"
