"""What is called unusual: seeded noise is not, planted steps, drifts and trends are."""

# ruff: noqa: S311 - dice that can be thrown again are meant

import math
import random
from collections.abc import Callable

import pytest

from callboard_monitor.anomalies import Observation, Seen
from callboard_monitor.history import DAILY, MOST_SERIES, History, history_of, kept_form, thinned
from callboard_monitor.host import forecast
from callboard_monitor.robust import LEAST, Kind, Point, Side, judge, quantile, slope, spread
from callboard_monitor.words import DAY, HOUR, amount, parsed_span, slug, span

Noise = Callable[[random.Random], float]


def poisson(dice: random.Random, mean: float) -> float:
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count, product = count + 1, product * dice.random()
    return float(count)


def heavy(dice: random.Random) -> float:
    return 50 + 5 * dice.gauss(0, 1) / math.sqrt(dice.gammavariate(1.5, 2) / 3)


NOISES: dict[str, tuple[Noise, Kind, Side]] = {
    "latency": (lambda dice: dice.lognormvariate(4.6, 0.3), "size", "high"),
    "latency with a long tail": (lambda dice: dice.lognormvariate(4.6, 0.9), "size", "high"),
    "two kinds of requests": (lambda d: d.gauss(100, 5) if d.random() < 0.8 else d.gauss(300, 20), "size", "high"),
    "waiting times": (lambda dice: 100 * dice.expovariate(1.0), "size", "high"),
    "size, both ways": (lambda dice: dice.gauss(1_000, 30), "size", "both"),
    "use of a processor": (lambda dice: dice.gauss(50, 5), "share", "both"),
    "heavy tails": (heavy, "share", "high"),
    "few errors": (lambda dice: poisson(dice, 0.2), "count", "high"),
    "many errors": (lambda dice: poisson(dice, 9), "count", "both"),
    "always the same": (lambda dice: 7.0, "size", "both"),
}


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("count", [LEAST, 60, 200])
def test_stationary_noise_is_unusual_in_less_than_one_of_a_hundred(name: str, count: int) -> None:
    noise, kind, side = NOISES[name]
    dice = random.Random(f"{name}{count}")
    tries = 400
    false = 0
    for _ in range(tries):
        history = [(300.0 * step, noise(dice)) for step in range(count)]
        false += judge(history, (300.0 * count, noise(dice)), kind, side) is not None
    assert false <= 0.01 * tries


def series(dice: random.Random, count: int, noise: Noise) -> list[Point]:
    return [(300.0 * step, noise(dice)) for step in range(count)]


def test_a_planted_step_is_found_at_once() -> None:
    dice = random.Random(3)
    found = 0
    for _ in range(100):
        history = series(dice, 60, lambda d: d.lognormvariate(4.6, 0.15))
        unusual = judge(history, (300.0 * 60, 100 * 3.0 * dice.lognormvariate(0, 0.15)))
        found += unusual is not None and not unusual.lasting
    assert found >= 95


def test_a_small_shift_is_found_when_it_lasts() -> None:
    dice = random.Random(4)
    found = lasting = 0
    for _ in range(60):
        history = series(dice, 60, lambda d: d.gauss(100, 5))
        history += [(300.0 * (60 + step), dice.gauss(113, 5)) for step in range(14)]
        unusual = judge(history, (300.0 * 74, 113.0))
        found += unusual is not None
        lasting += unusual is not None and unusual.lasting
    assert found >= 55
    assert lasting >= 50


def test_a_slow_drift_is_found() -> None:
    dice = random.Random(5)
    found = 0
    for _ in range(40):
        drifting = [(300.0 * step, dice.gauss(100, 4) + 0.25 * step) for step in range(120)]
        found += judge(drifting[:-1], drifting[-1]) is not None
    assert found >= 36


def test_one_earlier_incident_does_not_hide_the_next() -> None:
    history = series(random.Random(6), 100, lambda d: d.gauss(100, 5))
    history[40] = (history[40][0], 4_000.0)
    assert judge(history, (300.0 * 101, 400.0)) is not None


def test_with_few_values_nothing_is_called_unusual() -> None:
    history = series(random.Random(7), LEAST - 1, lambda d: d.gauss(100, 5))
    assert judge(history, (1e6, 10_000.0)) is None
    assert judge([*history, (9_000.0, 101.0)], (1e6, 10_000.0)) is not None


def weekly(at: float, dice: random.Random) -> float:
    """Busy in the afternoons of all days, quiet at night."""
    return (400.0 if 12 <= at % DAY // HOUR < 18 else 60.0) * dice.lognormvariate(0, 0.08)


def test_after_three_weeks_the_hour_of_the_week_counts() -> None:
    dice = random.Random(8)
    begin = 100 * 7 * DAY
    history = [(begin + HOUR * step, weekly(begin + HOUR * step, dice)) for step in range(24 * 28)]
    night, noon = begin + 28 * DAY + 2 * HOUR, begin + 28 * DAY + 14 * HOUR
    assert judge(history, (noon, 410.0)) is None
    unusual = judge(history, (night, 300.0))
    assert unusual is not None
    assert unusual.usual.season.endswith("about 02:00 UTC")
    assert unusual.usual.high < 90
    assert judge(history[: 24 * 14], (begin + 14 * DAY + 2 * HOUR, 300.0)) is None, "two weeks tell no season"
    assert sum(judge(history, (night, weekly(night, dice))) is not None for _ in range(100)) <= 1


def test_the_words_of_an_anomaly_hold_all_figures() -> None:
    dice = random.Random(9)
    history = series(dice, 240, lambda d: d.gauss(104, 9))
    unusual = judge(history, (300.0 * 240, 410.0))
    seen = Seen(Observation("endpoint.x.p95", "p95 of GET /x", 410.0, "ms"), 240, unusual)
    assert seen.words.startswith("p95 of GET /x is 410 ms; usual ")
    assert seen.words.endswith(", n = 240)")
    assert Seen(Observation("a", "p95", 1.0), 3, None).words == (
        "p95 is 1; 3 earlier values, 20 are needed to know what is usual"
    )


def test_quantiles_and_spread_are_as_by_hand() -> None:
    assert [quantile([1, 2, 3, 4], share) for share in (0, 0.5, 1)] == [1, 2.5, 4]
    known = spread([1.0, 2.0, 3.0, 4.0, 100.0], 0.01)
    assert known.middle == 3.0
    assert known.below == pytest.approx(1.4826)
    assert known.above == pytest.approx(1.4826)


def test_a_trend_is_robust_and_has_bounds() -> None:
    dice = random.Random(10)
    points = [(HOUR * step, 50 - 0.5 * step + dice.gauss(0, 0.3)) for step in range(48)]
    points[20] = (points[20][0], 500.0)
    trend = slope(points)
    assert trend is not None
    assert trend.low < -0.5 / HOUR < trend.high < 0
    assert trend.level == pytest.approx(26.5, abs=0.5)
    assert slope(points[:5]) is None


def test_the_disk_is_forecast_in_words_and_only_when_it_surely_fills() -> None:
    dice = random.Random(11)
    now = 1e9
    filling = [(now - HOUR * (72 - step), 60 - 0.2 * step + dice.gauss(0, 0.5)) for step in range(73)]
    found = forecast(filling, now)
    assert found is not None
    assert found.seconds == pytest.approx(60 / 0.2 * HOUR - 72 * HOUR, rel=0.1)
    assert found.soonest < found.seconds < found.latest
    assert found.words.startswith("full in 9")
    steady = [(at, 60 + dice.gauss(0, 0.5)) for at, _ in filling]
    assert forecast(steady, now) is None
    cleared = filling[:40] + [(at, 55 + dice.gauss(0, 0.01)) for at, _ in filling[40:]]
    assert forecast([(at, v - 40) for at, v in filling[:40]] + cleared[40:], now) is None, "space was freed"


def test_history_is_thinned_but_keeps_its_spread() -> None:
    dice = random.Random(12)
    now = 2e9
    points = [(now - 300.0 * step, dice.gauss(100, 10)) for step in range(12 * 24 * 60)][::-1]
    kept = thinned(points, now)
    assert len(kept) < 2_000
    assert kept[-1] == points[-1]
    assert spread([v for _, v in kept], 0.1).above == pytest.approx(10, rel=0.15)
    assert thinned(kept, now) == kept
    assert thinned([(now + 1e6, 1.0), (now - DAILY - 1, 1.0), (now, math.inf)], now) == []


def test_what_is_damaged_or_too_much_is_left_out() -> None:
    assert history_of(["x"]).series == {}
    assert history_of({"series": {"a": [[1, 2], ["x", 1], [3], [1e400, 2], None], "b": 7}}).series == {"a": [(1, 2)]}
    many = History({f"s{number}": [(float(number), 1.0)] for number in range(MOST_SERIES + 50)})
    left = kept_form(many)["series"]
    assert len(left) == MOST_SERIES
    assert "s0" not in left


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (span(40), "40 s"),
        (span(9 * DAY), "9 days"),
        (span(4.2 * HOUR), "4.2 h"),
        (amount(104.4, "ms"), "104 ms"),
        (amount(0.3149, "%"), "0.31 %"),
        (amount(12_300), "12,300"),
        (amount(math.inf), "–"),
        (slug("GET /a b?"), "GET-a-b"),
        (slug("//"), "unnamed"),
        (parsed_span("30d"), 30 * DAY),
        (parsed_span("soon"), None),
    ],
)
def test_numbers_are_said_as_people_do(shown: object, wanted: object) -> None:
    assert shown == wanted
