"""Findings that the team accepts for a while do not fail, until the day is over; what is new is said."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance

TODAY = datetime.datetime.now().astimezone().date()
RECORD = {
    "id": "GHSA-x84v-xcm2-53pg",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "requests"}, "versions": ["2.19.0"]}],
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "requirements.txt").write_text("requests==2.19.0\n")
    lock = {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0", "license": "AGPL-3.0-only"}}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "a.py").write_text("import pickle\npickle.loads(b)\n")
    osv = tmp_path / "osv"
    osv.mkdir()
    (osv / "x.json").write_text(json.dumps(RECORD))
    return folder


def act(place: Path, action: str, accepted: list[dict[str, Any]]) -> Outcome:
    settings = {"osv_folder": str(place.parent / "osv"), "licences": {"deny": ["AGPL-*"]}}
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    config = {"agents": {"security": settings}, "accepted": accepted}
    return run_action(SecurityCompliance(), action, place, config=config, spool=spool, data=place.parent / "data")


@pytest.mark.parametrize(
    ("action", "rule"),
    [("dependencies", "GHSA-x84v-xcm2-53pg"), ("licences", "licence-denied"), ("controls", "control-deserialisation")],
)
def test_what_is_accepted_does_not_fail_until_the_day_is_over(place: Path, action: str, rule: str) -> None:
    def verdict(until: datetime.date) -> tuple[Verdict, str]:
        table = {"rule": rule, "reason": "we wait for the next release", "owner": "ada", "until": until.isoformat()}
        outcome = act(place, action, [table])
        assert outcome.result is not None
        return outcome.result.verdict, outcome.result.summary

    bare = act(place, action, [])
    assert bare.result is not None
    assert bare.result.verdict is Verdict.FAIL
    assert rule in bare.rules()
    held, words = verdict(TODAY + datetime.timedelta(days=9))
    assert held is not Verdict.FAIL
    assert "1 accepted until" in words
    over, words = verdict(TODAY - datetime.timedelta(days=1))
    assert over is Verdict.FAIL
    assert "expired" in words


def test_what_is_new_since_the_last_run_is_said(place: Path) -> None:
    act(place, "licences", [])
    again = act(place, "licences", [])
    assert "0 new since the last run" in str(again.result)
    lock = json.loads((place / "package-lock.json").read_text())
    lock["packages"]["node_modules/b"] = {"version": "1.0.0", "license": "AGPL-3.0-only"}
    (place / "package-lock.json").write_text(json.dumps(lock))
    assert "1 new since the last run" in str(act(place, "licences", []).result)
