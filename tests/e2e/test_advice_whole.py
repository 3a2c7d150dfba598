"""What to do next in the real program: a failure puts it on the list, persons and rules act on it, and all of it is kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from house import House

CONFIG = """\
[workspace]
detect = false

[jobs."check.broken"]
command = ["python3", "-c", "raise SystemExit(3)"]
agent = "quality"
idempotent = true

[jobs.dies]
command = ["python3", "slow.py"]
agent = "infra"
time_limit_s = 0.5
idempotent = true
attempts = 1

[jobs.looks]
command = ["true"]
agent = "monitor"

[cases]
automatic = false

[rules.again]
when = ["retry"]
do = "retry"
mode = "act"
per_hour = 1

[rules.awake]
when = ["resume"]
do = "resume"
mode = "act"

[rules.watch]
when = ["alert", "case-*"]
do = "assign"
because = "to see what it would do"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("advice"), CONFIG)
    yield made
    made.close()


def about(house: House, words: str) -> Any:
    """The first advice whose title has these words."""
    return next((row for row in house.get("/insights")["next"] if words in row["title"]), None)


def rule(house: House, name: str) -> Any:
    return next(row for row in house.get("/insights")["rules"] if row["name"] == name)


def test_a_failure_is_on_the_list_at_once_with_all_that_is_promised(house: House) -> None:
    ended = house.ended(house.run("check.broken"))["tasks"]["check.broken"]["ended"]
    row = house.until(lambda: about(house, "check.broken"))
    assert row["first"] - ended < 10.0  # by the events' own times; mostly it is a tenth of a second
    assert row["score"] == round(sum(factor["value"] for factor in row["factors"]))
    assert row["act"]["path"].startswith("/api/v1/")
    assert row["reasons"]
    assert row["evidence"]
    assert row["gain"] is None
    assert row["gain_why"]
    assert row["measure"]


def test_the_second_is_told_who_was_first_and_what_came_of_it_is_not_known_yet(house: House) -> None:
    row = house.until(lambda: next((one for one in house.get("/insights")["next"] if one["case"]), None))
    assert [act["does"] for act in row["acts"]] == ["investigate", "assign"]
    done = house.call("insights", "take", row["id"], "--choose", "1")
    assert done.returncode == 0, done.stderr
    again = house.api.post(f"/insights/{row['id']}/take", json={})
    assert again.status_code == 409
    assert "already" in again.json()["detail"]
    taken = next(one for one in house.get("/insights")["taken"] if one["id"] == row["id"])
    assert (taken["state"], taken["helped"]["yes"]) == ("taken", None)


def test_a_rule_acts_once_under_its_name_and_another_only_says_what_it_would_do(house: House) -> None:
    run = house.run("dies")
    act = house.until(lambda: next((one for one in rule(house, "again")["acts"] if one["done"]), None))
    assert (act["by"], act["ok"], rule(house, "again")["left"]) == ("rule again", True, 0)
    task = house.until(
        lambda: next((t for t in house.get(f"/runs/{run}")["tasks"] if t["attempt"] == 2 and t["ended"]), None)
    )
    assert task["state"] == "timed out"
    said = [row["sentence"] for row in house.get("/export/events.json")]
    assert any(sentence.startswith("Rule 'again' acts on 'Try dies again") for sentence in said)
    undone = house.api.post("/insights/rules/again/undo", json={})
    assert undone.status_code == 409  # the task is over: there is nothing to cancel any more, and that is said
    assert undone.json()["detail"]
    watch = house.post("/insights/rules/watch/dry-run", {})["rule"]
    assert (watch["state"], watch["acts"]) == ("dry run", [])
    assert house.api.post("/insights/rules/none/dry-run", json={}).status_code == 404


def test_what_a_person_takes_back_did_not_help_and_is_not_done_again(house: House) -> None:
    house.post("/agents/monitor/pause", {"reason": "lunch"})
    house.run("looks")
    house.until(lambda: next((one for one in rule(house, "awake")["acts"] if one["done"]), None))
    house.post("/insights/rules/awake/undo", {})
    taken = next(one for one in house.get("/insights")["taken"] if one["rule"] == "awake")
    assert (taken["helped"]["yes"], "took back what the rule had done" in taken["helped"]["words"]) == (False, True)
    house.run("looks")
    house.until(lambda: "is left to a person" in rule(house, "awake")["trouble"])
    assert house.get("/agents/monitor")["paused"]["reason"] == "taken back"
    house.post("/agents/monitor/resume", {})


def test_what_is_overruled_stays_away_and_needs_a_reason(house: House) -> None:
    assert house.call("insights", "overrule", "zzzz").returncode == 2
    row = house.until(lambda: next(iter(house.get("/insights")["next"]), None) or (house.run("check.broken") and None))
    assert house.api.post(f"/insights/{row['id']}/overrule", json={"reason": ""}).status_code == 422
    house.post(f"/insights/{row['id']}/overrule", {"reason": "it is meant to be so"})
    assert row["id"] not in [one["id"] for one in house.get("/insights")["next"]]
    kept = next(one for one in house.get("/insights")["taken"] if one["id"] == row["id"])
    assert (kept["state"], kept["reason"]) == ("overruled", "it is meant to be so")
    house.post(f"/insights/{row['id']}/reopen", {"reason": "after all"})
    assert row["id"] in [one["id"] for one in house.get("/insights")["next"]]


def test_the_week_is_one_page_that_needs_nothing_else(house: House, tmp_path: Path) -> None:
    place = tmp_path / "week.html"
    done = house.call("report", "--output", str(place))
    assert done.returncode == 0, done.stderr
    page = place.read_text("utf-8")
    assert "Taken, and did it help" in page
    assert "<script" not in page
    assert "http-equiv" in page
    row = house.get("/insights/report")
    assert row["numbers"]["taken"] == 3
    assert row["numbers"]["by_rules"] == 2
    assert house.api.get("/insights/report?week=2026-W60").status_code == 422
    assert house.call("report", "--week", "nonsense").returncode == 2
