"""Service levels: what is left of the error budget, and how fast it burns."""

import time
from pathlib import Path

import pytest

from callboard.api import CallboardError, Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard.work.memory import Memory, memory_folder
from callboard_monitor import MonitorAnalytics
from callboard_monitor.budget import Counts, chance, counts_of, kept_form, paces, standing
from callboard_monitor.levels import key_of
from callboard_monitor.settings import levels
from callboard_monitor.words import DAY, HOUR, MINUTE

NOW = 1_800_000_000.0
LEVEL = {"objective": 99.5, "window": "30d", "endpoint": "home"}


def counted(rows: list[tuple[float, float, float]]) -> Counts:
    """Events by their age in seconds: (age, good, total)."""
    counts = Counts()
    for age, good, total in rows:
        counts.add(NOW - age, good, total)
    return counts


def test_the_budget_is_what_is_allowed_less_what_was_bad() -> None:
    now = standing(counted([(age * HOUR, 99.9, 100) for age in range(1, 700)]), 0.995, 30 * DAY, NOW)
    assert now.total == 69_900
    assert now.attained == pytest.approx(99.9)
    assert now.left == pytest.approx(0.8)
    assert now.enough
    assert not now.missed
    assert "80 % of the error budget is left" in now.words()
    assert now.exhaustion == pytest.approx(0.8 * 30 * DAY / 0.2, rel=0.01)


def test_the_paces_are_those_of_the_workbook() -> None:
    assert [(pace.name, round(pace.factor, 1), pace.urgent) for pace in paces(30 * DAY)] == [
        ("1 h", 14.4, True),
        ("6 h", 6.0, True),
        ("1 day", 3.0, False),
        ("3 days", 1.0, False),
    ]
    assert [pace.name for pace in paces(DAY)] == ["1 h", "6 h"]


def test_a_fast_burn_needs_both_windows() -> None:
    calm = [(age * HOUR, 1_000.0, 1_000.0) for age in range(2, 700)]
    outage = [(age * MINUTE, 8.0, 10.0) for age in range(60)]
    burning = standing(counted(calm + outage), 0.995, 30 * DAY, NOW)
    assert [burn.pace.name for burn in burning.burns if burn.burning] == ["1 h"]
    assert burning.burns[0].long == pytest.approx(40, rel=0.05)
    over = [(age * MINUTE, 8.0, 10.0) for age in range(10, 60)] + [(age * MINUTE, 10.0, 10.0) for age in range(10)]
    assert not standing(counted(calm + over), 0.995, 30 * DAY, NOW).burns[0].burning, (
        "it is over: the short window is calm"
    )
    single = [(age * MINUTE, 1.0, 1.0) for age in range(1, 60, 5)] + [(0.0, 0.0, 1.0)]
    assert not any(burn.burning for burn in standing(counted(single), 0.995, 30 * DAY, NOW).burns), (
        "one alone is no pace"
    )


def test_too_little_is_said_and_a_clear_miss_is_seen_all_the_same() -> None:
    few = standing(counted([(age * HOUR, 1, 1) for age in range(40)]), 0.995, 30 * DAY, NOW)
    assert not few.enough
    assert "n = 40 is too few for 99.5 %: one failure is allowed in 200" in few.words()
    assert not standing(counted([(HOUR, 39, 40)]), 0.995, 30 * DAY, NOW).missed, "one of 40 may be chance (18 %)"
    assert standing(counted([(HOUR, 30, 40)]), 0.995, 30 * DAY, NOW).missed
    assert standing(Counts(), 0.995, 30 * DAY, NOW).words() == "nothing was counted yet"


def test_the_chance_is_the_binomials() -> None:
    assert chance(10, 0, 0.1) == 1
    assert chance(10, 1, 0.1) == pytest.approx(1 - 0.9**10)
    assert chance(2, 2, 0.5) == pytest.approx(0.25)
    assert chance(3, 4, 0.5) == pytest.approx(0, abs=1e-9)


def test_counts_are_thinned_without_losing_any_and_stay_small() -> None:
    counts = Counts()
    for age in range(12 * 24 * 60):
        counts.add(NOW - 300.0 * age, 4, 5)
    before = counts.within(NOW, 30 * DAY)
    counts.thin(NOW, 90 * DAY)
    assert len(counts.buckets) < 1_500
    assert counts.within(NOW, 30 * DAY) == pytest.approx(before, rel=0.001)
    assert sum(row[1] for row in counts.buckets.values()) == 5 * 12 * 24 * 60
    again = counts_of({"rows": kept_form(counts)})
    assert again.buckets == counts.buckets
    counts.thin(NOW + 200 * DAY, 90 * DAY)
    assert counts.buckets == {}
    assert counts_of({"rows": [[1, 60, 5, 3], ["x"], [1, 1, 1, 1], [-1, 60, 1, 1]]}).buckets == {
        (1.0, 60.0): [3.0, 3.0]
    }


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"objective": 99}, "needs either endpoint"),
        ({"endpoint": "a"}, "objective = 0.0"),
        ({"objective": 100, "endpoint": "a"}, "must be a number from 1 to 99.9999"),
        ({"objective": 99, "endpoint": "a", "window": "soon"}, "use '30d', '7d', '12h'"),
        ({"objective": 99, "endpoint": "a", "objectiv": 1}, "has 'objectiv'; known: objective"),
        ({"objective": 99, "target": "a", "total": {"metric": "x"}}, "needs either good = {...} or bad"),
        ({"objective": 99, "target": "a", "total": 7, "bad": {}}, "must be a table"),
        ({"objective": 99, "target": "a", "total": {"metric": "x"}, "bad": {"labels": {"c": "~(a+)+"}}}, "the pattern"),
    ],
)
def test_a_wrong_level_says_what_is_wrong(table: dict[str, object], words: str) -> None:
    with pytest.raises(CallboardError, match=r"levels\.x") as caught:
        levels({"levels": {"x": table}})
    assert words in str(caught.value)


def judged(root: Path, rows: list[tuple[float, float, float]], **level: object) -> Outcome:
    settings = {"levels": {"home": {**LEVEL, **level}}}
    now = time.time()
    counts = Counts()
    for age, good, total in rows:
        counts.add(now - age, good, total)
    (found,) = levels(settings)
    agent, spool = MonitorAnalytics(), root / "spool"
    spool.mkdir()
    (root / "work").mkdir()
    memory = Memory(memory_folder(root / "data", root / "work", "monitor"))
    if rows:
        memory.put(key_of(found), {"indicator": found.indicator, "rows": kept_form(counts)})
    config = {"agents": {"monitor": settings}}
    return run_action(agent, "levels", root / "work", config=config, data=root / "data", spool=spool)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def test_a_level_that_is_kept_passes_and_is_shown(tmp_path: Path) -> None:
    outcome = judged(tmp_path, [(age * HOUR, 100, 100) for age in range(100)])
    assert verdict(outcome) is Verdict.PASS
    assert outcome.findings == ()
    assert outcome.metrics() == {"monitor.level.home.attained": 100.0, "monitor.level.home.budget_left": 100.0}
    figures, table = outcome.sections()["levels"]
    assert (figures["figures"][0]["value"], figures["figures"][0]["state"]) == ("100", "good")
    assert table["rows"][0][3] == "100.000 %"


def test_a_level_that_is_missed_and_burns_fails_in_words(tmp_path: Path) -> None:
    rows = [(age * HOUR, 99.0, 100.0) for age in range(2, 100)] + [(age * MINUTE, 5.0, 10.0) for age in range(50)]
    outcome = judged(tmp_path, rows)
    assert verdict(outcome) is Verdict.FAIL
    assert {f.rule: f.severity for f in outcome.findings} == {
        "service-level-missed": Severity.HIGH,
        "budget-burns-fast": Severity.HIGH,
    }
    assert "times as fast as it may over" in next(f.message for f in outcome.findings if f.rule == "budget-burns-fast")
    assert "overdrawn" in next(f.message for f in outcome.findings if f.rule == "service-level-missed")


def test_a_level_without_events_or_with_few_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    none = judged(tmp_path / "a", [])
    assert verdict(none) is Verdict.UNKNOWN
    few = judged(tmp_path / "b", [(HOUR, 20, 20)])
    assert verdict(few) is Verdict.UNKNOWN
    assert few.result is not None
    assert "too few" in few.result.summary


def test_a_level_that_counts_something_else_now_starts_anew(tmp_path: Path) -> None:
    rows = [(age * HOUR, 50.0, 100.0) for age in range(100)]
    settings = {"levels": {"home": LEVEL}}
    changed = {"levels": {"home": {**LEVEL, "within_ms": 100}}}
    assert levels(settings)[0].indicator != levels(changed)[0].indicator
    assert levels(settings)[0].indicator == levels({"levels": {"home": {**LEVEL, "objective": 90}}})[0].indicator
    assert verdict(judged(tmp_path, rows)) is Verdict.FAIL
    config = {"agents": {"monitor": changed}}
    outcome = run_action(MonitorAnalytics(), "levels", tmp_path / "work", config=config, data=tmp_path / "data")
    assert verdict(outcome) is Verdict.UNKNOWN


def test_no_level_is_unknown(tmp_path: Path) -> None:
    assert verdict(run_action(MonitorAnalytics(), "levels", tmp_path)) is Verdict.UNKNOWN
