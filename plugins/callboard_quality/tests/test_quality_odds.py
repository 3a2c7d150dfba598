"""The rule that tells broken from flaky: by value, and by seeded simulation over rates."""

import random
from collections import Counter

import pytest

from callboard_quality.odds import Kind, Rule, Tally, interval, passes_for

TRIALS = 1_000


def played(rate: float, rule: Rule, seen: int, dice: random.Random) -> tuple[Kind, int]:
    """What the rule says of a test that fails at this rate, and after how many runs."""
    tally = Tally()
    while not tally.is_told(rule):
        tally = tally.plus(dice.random() < rate)
    return tally.kind(rule, seen), tally.runs


def table(times: int, seen: int, rates: list[float]) -> dict[float, Counter[Kind]]:
    dice, rule = random.Random(6), Rule.of(times)  # noqa: S311  # dice of a simulation
    return {rate: Counter(played(rate, rule, seen, dice)[0] for _ in range(TRIALS)) for rate in rates}


@pytest.mark.parametrize("times", [20, 50])
def test_flaky_of_one_in_fifty_to_one_in_five_is_told_from_broken_within_the_stated_runs(times: int) -> None:
    told = table(times, 1, [1 / 50, 1 / 20, 1 / 10, 1 / 5, 1.0])
    for rate, kinds in told.items():
        wanted: Kind = "broken" if rate == 1 else "flaky"
        assert kinds[wanted] >= 0.95 * TRIALS, (rate, kinds)
    assert told[1.0]["broken"] == TRIALS


def test_also_a_test_that_fails_every_other_time_is_not_called_broken() -> None:
    assert table(20, 1, [1 / 2])[1 / 2]["flaky"] >= 0.98 * TRIALS


def test_what_fails_nearly_always_is_told_with_more_runs_as_the_stated_floor_says() -> None:
    """The floor is the rate from which on 'broken' may be said of a flaky one: 81 % with 20 runs, 97 % with 150."""
    assert Rule.of(20).floor == pytest.approx(0.807, abs=0.001)
    assert Rule.of(150).floor == pytest.approx(0.972, abs=0.001)
    assert table(150, 1, [0.9])[0.9]["flaky"] >= 0.99 * TRIALS


def test_of_other_code_passes_alone_say_gone_and_how_many_more_would_rule_one_in_fifty_out() -> None:
    rule = Rule.of(20)
    tally = Tally(0, 20)
    assert (tally.kind(rule, 0), tally.needed(rule, 0)) == ("gone", 129)
    assert passes_for(1 / 50) == 149
    assert table(149, 0, [1 / 50])[1 / 50]["flaky"] >= 0.93 * TRIALS


def test_broken_is_said_early_and_never_after_a_pass() -> None:
    rule = Rule.of(20)
    assert (rule.sure, Rule.of(1).sure, Rule.of(5).sure) == (14, 1, 4)
    assert Tally(14, 14).is_told(rule)
    assert not Tally(14, 15).is_told(rule)
    assert Tally(14, 15).kind(rule, 1) == "flaky"
    assert Tally(13, 13).kind(rule, 1) == "unknown"
    assert Tally(13, 13).needed(rule, 1) == 1
    assert Tally().kind(rule, 1) == "unknown"


@pytest.mark.parametrize(
    ("failed", "runs", "low", "high"),
    [(0, 20, 0.0, 0.1684), (3, 20, 0.0321, 0.3789), (20, 20, 0.8316, 1.0), (1, 50, 0.0005, 0.1065), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_the_one_of_clopper_and_pearson(failed: int, runs: int, low: float, high: float) -> None:
    assert interval(failed, runs) == pytest.approx((low, high), abs=0.0001)


def test_the_interval_holds_the_rate_in_at_least_95_of_100() -> None:
    dice = random.Random(7)  # noqa: S311  # dice of a simulation
    held = 0
    for _ in range(TRIALS):
        rate = dice.choice([0.02, 0.1, 0.3, 0.7])
        low, high = interval(sum(dice.random() < rate for _ in range(20)), 20)
        held += low <= rate <= high
    assert held >= 0.95 * TRIALS
