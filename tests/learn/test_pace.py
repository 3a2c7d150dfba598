"""Pace, forecasts, the critical path and how forecasts held: by value, and on simulated weeks."""

import datetime
import random
import subprocess
from pathlib import Path

import pytest

from callboard.learn.pace import Day, Reading, burn_up, days_of, free_weekdays, joined, pace
from callboard.learn.pace_forecast import Calendar, Work, forecast
from callboard.learn.pace_git import GitHistory
from callboard.learn.pace_held import Kept, calibration
from callboard.learn.pace_path import critical_path
from callboard.link.openspec.tasks import done_of

ZONE = datetime.UTC
MONDAY = datetime.datetime(2026, 1, 5, tzinfo=ZONE)


def at(day: float, hour: float = 12) -> float:
    return (MONDAY + datetime.timedelta(days=day, hours=hour)).timestamp()


def steady(days: int, per_day: int = 4, total: int = 900) -> list[Reading]:
    """So many tasks on each day from Monday to Friday."""
    rows, done = [(at(0, 8), 0, total)], 0
    for day in range(days):
        if day % 7 < 5:
            done += per_day
            rows.append((at(day), done, total))
    return rows


def test_days_count_what_went_forward_and_not_what_was_there() -> None:
    readings = {
        "a": [(at(0), 30, 40), (at(1), 33, 45), (at(2), 31, 45), (at(3), 0, -1), (at(4), 5, 9)],
        "b": [(at(1), 0, 3), (at(1, 13), 2, 3)],
        "": [(at(0), 30, 40), (at(1), 900, 999)],
    }
    days = days_of(readings, ZONE)
    assert days[MONDAY.date()] == Day(MONDAY.date(), 0, 0, 0)
    assert days[datetime.date(2026, 1, 6)] == Day(datetime.date(2026, 1, 6), 5, 5, 2)
    assert sum(day.done for day in days.values()) == 5


def test_the_pace_leaves_free_weekdays_out_and_counts_the_newer_days_more() -> None:
    found = pace({"a": steady(28)}, at(28, 9), ZONE)
    assert (found.per_day, found.days, found.n, found.free) == (4.0, 20, 80, frozenset({5, 6}))
    assert found.words == "4.0 tasks on a working day, by the last 20 of them and 80 tasks"
    faster = steady(28, 2)
    faster += [(at(28 + day), faster[-1][1] + 8 * (day + 1), 900) for day in range(5)]
    assert 3.5 < (pace({"a": faster}, at(33, 9), ZONE).per_day or 0) < 4.5


def test_too_little_data_says_so() -> None:
    found = pace({"a": steady(7)}, at(7, 9), ZONE)
    assert not found.enough
    assert found.words == "too little data: 7 working days and 20 done tasks seen, 10 of each are needed"
    answer, why = forecast([Work("a", 5), Work("b", 0)], {"layer:low": ["b"]}, found, at(7, 9)).of("a")
    assert answer is None
    assert why == found.words
    assert forecast([Work("b", 0)], {}, found, at(7)).of("b") == (None, "nothing is left to do")
    assert pace({}, at(0)).words.startswith("too little data: 0 working days and 0 done tasks")


def test_weekends_are_free_only_when_enough_of_them_were_seen() -> None:
    week = [Day(MONDAY.date() + datetime.timedelta(n), 1 if n % 7 < 5 else 0) for n in range(14)]
    assert free_weekdays(week) == frozenset()
    assert free_weekdays([*week, *(Day(day.date + datetime.timedelta(14), day.done) for day in week)]) == frozenset(
        {5, 6}
    )


def test_a_forecast_follows_the_order_and_how_many_are_worked_on() -> None:
    now = at(28, 9)
    found = pace({"a": steady(28)}, now, ZONE)
    works = [Work("a", 8), Work("b", 8, ("a",)), Work("c", 8)]
    one = forecast(works, {"layer:high": ["a", "b"], "milestone:m": ["c", "b"]}, found, now, at_once=1, zone=ZONE)
    ends = {name: one.of(name)[0] for name in ("a", "b", "c", "layer:high", "milestone:m")}
    assert ends["a"].p50 == ends["a"].p95 == pytest.approx(at(29, 18))
    assert ends["b"].p50 == pytest.approx(at(31, 18))
    assert ends["c"].p50 == pytest.approx(at(32 + 3, 18), abs=3 * 86_400)
    assert ends["layer:high"] == ends["b"]
    assert ends["milestone:m"].p50 == ends["c"].p50
    assert ends["a"].n == 20
    both = forecast(works, {}, found, now, at_once=2, zone=ZONE)
    assert both.of("a")[0].p50 > ends["a"].p50
    assert both.of("c")[0].p50 < ends["c"].p50


def test_a_circle_does_not_stop_a_forecast_and_endless_growth_is_told() -> None:
    now = at(28, 9)
    found = pace({"a": steady(28)}, now, ZONE)
    circle = forecast([Work("a", 4, ("b",)), Work("b", 4, ("a",))], {}, found, now, zone=ZONE)
    assert circle.of("b")[0] is not None
    huge = forecast([Work("a", 100_000)], {}, found, now, zone=ZONE, trials=20)
    assert huge.of("a") == (None, "at this pace it is not done within years: as much is added as gets done")
    again = forecast([Work("a", 30)], {}, found, now, seed=7, zone=ZONE)
    assert again == forecast([Work("a", 30)], {}, found, now, seed=7, zone=ZONE)


def test_the_calendar_knows_free_days_and_the_hour() -> None:
    friday = Calendar(at(4, 13.5), frozenset({5, 6}), ZONE)
    assert friday.moment(0.25) == pytest.approx(at(4, 15.75))
    assert friday.moment(1.0) == pytest.approx(at(7, 13.5))
    assert Calendar(at(5, 12), frozenset({5, 6}), ZONE).moment(1.0) == pytest.approx(at(7, 18))
    assert Calendar(at(0, 23), frozenset(), ZONE).moment(0.0) == at(0, 23)


def test_the_critical_path_is_the_heaviest_chain() -> None:
    after = {"b": ("a",), "c": ("b",), "d": ("a",), "e": ()}
    found = critical_path({"a": 5, "b": 0, "c": 7, "d": 6, "e": 11}, after)
    assert (found.changes, found.left) == (("a", "c"), 12)
    assert found.words == "a → c: 12 of 29 open tasks must be done one after the other"
    assert (
        critical_path({"a": 3, "b": 9}, {}).words
        == "b: 9 of 12 open tasks; no change waits for another; this is the largest"
    )
    assert critical_path({"a": 0}, {}).words == "nothing is left to do"
    assert critical_path({"a": 1, "b": 2}, {"a": ("b",), "b": ("a",)}).left in (2, 3)
    chain = {f"c{n}": 1 for n in range(1_000)}
    assert critical_path(chain, {f"c{n}": (f"c{n - 1}",) for n in range(1, 1_000)}).left == 1_000


def test_burn_up_sums_the_changes_and_archiving_is_no_step_back() -> None:
    readings = {"a": [(1.0, 0, 5), (3.0, 5, 5), (4.0, 0, -1)], "b": [(2.0, 1, 4), (5.0, 2, 6)], "": [(1.0, 9, 9)]}
    assert burn_up(readings) == [[1.0, 0, 5], [2.0, 1, 9], [3.0, 6, 9], [5.0, 7, 11]]
    many = burn_up({"a": [(float(n), n, 5_000) for n in range(5_000)]})
    assert (len(many), many[0], many[-1]) == (400, [0.0, 0, 5_000], [4_999.0, 4_999, 5_000])
    assert joined({"a": [(1.0, 0, 5), (9.0, 4, 5)]}, {"a": [(5.0, 2, 5)]}) == {"a": [(1.0, 0, 5), (5.0, 2, 5)]}


def test_calibration_counts_what_is_decided_and_nothing_that_may_still_come_true() -> None:
    kept = [Kept(f"c{n}", 0.0, 50.0, 80.0, 95.0) for n in range(20)]
    came = {f"c{n}": 10.0 + 5 * n for n in range(16)}
    found = calibration(kept, came, 85.0)
    assert (found.held, found.n, found.p95) == (0.75, 20, None)
    assert found.words == "80 % ranges held 75 % of the time, n = 20"
    assert (
        calibration(kept, came, 60.0).words == "too little data: 0 forecasts of the past can be judged, 10 are needed"
    )
    late = calibration([Kept("x", 90.0, 91.0, 92.0, 93.0)], {"x": 10.0}, 100.0)
    assert late.n == 0
    assert "too narrow" in calibration(kept, {}, 85.0).words


def test_ranges_hold_on_simulated_weeks() -> None:
    kept, came = [], {}
    for seed in range(120):
        dice = random.Random(seed)
        rate, mood, days = dice.uniform(1.5, 8), 1.0, []
        for day in range(300):
            if dice.random() < 0.25:
                mood = dice.choice([0.5, 1, 1.5])
            days.append(sum(dice.random() < rate * mood / 20 for _ in range(20)) if day % 7 < 5 else 0)
        rows, done = [(at(0, 8), 0, 900)], 0
        for day in range(60):
            done += days[day]
            rows.append((at(day, 15), done, 900))
        now = at(60, 8)
        found = forecast([Work("a", 30)], {}, pace({"a": rows}, now, ZONE), now, seed=seed, zone=ZONE, trials=150).of(
            "a"
        )[0]
        assert found is not None
        need, day = 30, 60
        while need > days[day]:
            need -= days[day]
            day += 1
        came[str(seed)] = at(day, 9 + 9 * need / max(1, days[day]))
        kept.append(Kept(str(seed), now, found.p50, found.p80, found.p95))
    held = calibration(kept, came, at(1_000))
    assert 0.7 <= (held.held or 0) <= 0.88, held
    assert (held.p50 or 0) < (held.held or 0) < (held.p95 or 0)


def test_the_history_of_git_is_read_without_running_anything(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    root = tmp_path / "repo"
    tasks = root / "openspec" / "changes" / "a" / "tasks.md"
    tasks.parent.mkdir(parents=True)

    def git(*words: str, day: int = 0) -> None:
        who = {
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b",
        }
        now = int(datetime.datetime.now().timestamp()) - 86_400 * (20 - day)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GIT_COMMITTER_DATE": f"@{now} +0000", **who}
        subprocess.run(["git", *words], cwd=root, env=env, check=True, capture_output=True)

    git("init", "-q")
    for day in range(8):
        tasks.write_text(
            "## 1. a\n" + "".join(f"- [{'x' if n < 3 + day else ' '}] 1.{n} a\n" for n in range(20)) + "++ - [x] no\n"
        )
        git("add", "-A")
        git("commit", "-qm", f"- [x] day {day}", day=day)
    (root / ".gitattributes").write_text("*.md diff=evil\n")
    git("config", "diff.evil.textconv", f"touch {ran}; cat")
    git("config", "diff.external", f"touch {ran}")
    archive = root / "openspec" / "changes" / "archive" / "2026-01-01-a"
    archive.parent.mkdir()
    tasks.parent.rename(archive)
    git("add", "-A")
    git("commit", "-qm", "archived", day=9)
    history = GitHistory(root, "openspec", done_of)
    found = history.readings()
    assert [(done, total) for _, done, total in found["a"]] == [*((3 + day, 20) for day in range(8)), (0, 0)]
    assert set(found) == {"a"}
    assert not ran.exists()
    assert history.readings() is found
    assert GitHistory(tmp_path, "openspec", done_of).readings() == {}
    proposal = root / "openspec" / "changes" / "b" / "proposal.md"
    proposal.parent.mkdir()
    proposal.write_text("# b\n")
    git("add", "-A")
    git("commit", "-qm", "b", day=12)
    history.readings()
    then = datetime.datetime.now().timestamp() - 86_400 * 8
    assert {name: abs(at - then) < 60 for name, at in history.touched().items() if name == "b"} == {"b": True}
    proposal.write_text("# other\n")
    assert "b" not in history.touched(), "its files say more than the commit"
