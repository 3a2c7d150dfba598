"""The rule of `quality.reproduce` against the truth, by seeded simulation; with `-s` it prints the table that the README shows."""

import random
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from callboard_quality.among import tried_order
from callboard_quality.clock import pause
from callboard_quality.odds import Rule, Tally, interval

TRIALS = 2_000
RULE = Rule.of(20)


def told(seen: int, fails: Callable[[], bool]) -> tuple[str, int]:
    """What the rule says of a test, and after how many runs."""
    tally = Tally()
    while not tally.is_told(RULE):
        tally = tally.plus(fails())
    return tally.kind(RULE, seen), tally.runs


def at_rate(rate: float, seen: int = 1) -> Callable[[random.Random], tuple[str, int]]:
    return lambda dice: told(seen, lambda: dice.random() < rate)


def at_half_minutes(dice: random.Random) -> tuple[str, int]:
    """It fails in the first half of each minute; a run takes half a second, and tries that all fail are spread."""
    begun = dice.random() * 60
    now, done, passes = begun, 0, 0

    def fails() -> bool:
        nonlocal now, done, passes
        now += (0.0 if passes else pause(now - begun, done, RULE.sure, 40.0)) + 0.5
        done += 1
        is_bad = now % 60 < 30
        passes += not is_bad
        return is_bad

    return told(1, fails)


def in_orders(dice: random.Random, count: int) -> tuple[str, int]:
    """It fails behind another test, wherever that is among 30; the usual order and those that are tried tell."""
    names = [str(number) for number in range(30)]
    victim, *polluters = dice.sample(names, 1 + count)
    orders = [names, *(tried_order(names, number)[0] for number in range(3))]
    for number, order in enumerate(orders):
        if all(order.index(one) < order.index(victim) for one in polluters):
            return "order", 20 + number
    return "flaky", 20


PLAYED: Mapping[str, tuple[str, Callable[[random.Random], tuple[str, int]]]] = {
    "broken": ("broken", at_rate(1.0)),
    "nearly broken, 4 of 5": ("flaky", at_rate(0.8)),
    "flaky, 1 of 2": ("flaky", at_rate(1 / 2)),
    "flaky, 1 of 5": ("flaky", at_rate(1 / 5)),
    "flaky, 1 of 10": ("flaky", at_rate(1 / 10)),
    "flaky, 1 of 20": ("flaky", at_rate(1 / 20)),
    "flaky, 1 of 50": ("flaky", at_rate(1 / 50)),
    "fixed since": ("gone", at_rate(0.0, seen=0)),
    "time, half of each minute": ("flaky", at_half_minutes),
    "order, behind one other": ("order", lambda dice: in_orders(dice, 1)),
}


@pytest.mark.parametrize("truth", PLAYED)
def test_the_truth_is_told_in_at_least_95_of_100(truth: str) -> None:
    wanted, play = PLAYED[truth]
    dice = random.Random(truth)  # noqa: S311  # dice of a simulation
    outcomes = [play(dice) for _ in range(TRIALS)]
    kinds = Counter(kind for kind, _ in outcomes)
    runs = sorted(count for _, count in outcomes)
    shown = ", ".join(f"{kind} {100 * count / TRIALS:.2f} %" for kind, count in kinds.most_common())
    print(f"{truth:26} {shown:45} runs: median {runs[TRIALS // 2]}, most {runs[-1]}")
    assert kinds[wanted] >= 0.95 * TRIALS


def test_on_other_files_one_in_fifty_is_never_told_to_be_ruled_out() -> None:
    """20 passes are gone, not mended for sure: the interval holds 1 of 50, and more passes are asked for."""
    dice = random.Random(50)  # noqa: S311  # dice of a simulation
    kinds: Counter[str] = Counter()
    for _ in range(TRIALS):
        tally = Tally()
        while not tally.is_told(RULE):
            tally = tally.plus(dice.random() < 1 / 50)
        kind = tally.kind(RULE, 0)
        kinds[kind] += 1
        low, high = interval(tally.failed, tally.runs)
        assert high >= 1 / 50
        if kind == "gone":
            assert low == 0
            assert tally.needed(RULE, 0) == 129
    assert set(kinds) == {"gone", "flaky"}


def test_behind_two_others_the_random_orders_help() -> None:
    dice = random.Random(3)  # noqa: S311  # dice of a simulation
    found = Counter(in_orders(dice, 2)[0] for _ in range(TRIALS))
    assert found["order"] >= 0.8 * TRIALS
