"""What is learned, foreseen, corrected and compared, by value."""

import math
import random

import pytest

from callboard.core.ahead import Ahead
from callboard.core.copied import copied
from callboard.core.events import AttemptBegan, AttemptDecided, RunSubmitted
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskSpec
from callboard.errors import ConfigError
from callboard.insight.bottlenecks import Past, blame, costs, culprit, idle, kind_of, load, relief
from callboard.insight.calibration import Correction, Judged, raw, shown
from callboard.insight.futures import Draws, forecast
from callboard.insight.whatif import Changes, side_by_side
from callboard.insight.whatif_words import checked
from callboard.learn.distributions import BAD, CRASH, GOOD, Model, Tried, interval, model
from callboard.learn.drift import drift
from core_story import needs, spec

ROOM = Capacity(2.0, 4096.0, 2.0, 4096.0)
HOUR = 3_600.0


def tried(job: str, seconds: list[float], ends: str = "") -> list[Tried]:
    """Tries of a job, an hour apart, given oldest first, returned newest first; `ends` has g, b and c."""
    kinds = {"g": GOOD, "b": BAD, "c": CRASH}
    marks = ends or "g" * len(seconds)
    rows = [Tried(job, run, run * HOUR, s, kinds[e]) for run, (s, e) in enumerate(zip(seconds, marks, strict=True), 1)]
    return rows[::-1]


def noisy(count: int, centre: float, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [centre * dice.lognormvariate(0.0, 0.1) for _ in range(count)]


def state_of(specs: list[TaskSpec], at: float = 0.0) -> State:
    state = State()
    state.epoch = 1
    fold(state, RunSubmitted(at, 1, "p", "/w", "", "", Priority.MEDIUM, tuple(specs)))
    return state


def test_a_step_is_drift_since_when_and_by_how_much_and_noise_or_one_slow_try_is_none() -> None:
    found = drift([math.log(s) for s in noisy(20, 10.0) + noisy(12, 15.0, 2)])
    assert found is not None
    assert found.at in (19, 20, 21)
    assert found.share == pytest.approx(0.5, abs=0.12)
    assert "% longer: 1" in found.words
    assert drift([math.log(s) for s in noisy(60, 10.0)]) is None
    assert drift([math.log(s) for s in [*noisy(15, 10.0), 300.0, *noisy(15, 10.0, 3)]]) is None
    assert drift([math.log(s) for s in noisy(11, 10.0)]) is None
    wrong = sum(drift([math.log(s) for s in noisy(40, 10.0, seed)]) is not None for seed in range(200))
    assert wrong <= 4


def test_the_usual_time_follows_a_drift_and_failing_once_makes_failing_again_likelier() -> None:
    known = model(tried("a", noisy(20, 10.0) + noisy(10, 20.0, 2)) + tried("b", [5.0] * 12, "gggbbbggggbb"))
    assert math.exp(known.jobs["a"].centre) == pytest.approx(20.0, rel=0.1)
    after_good, after_bad = known.jobs["b"].bad_after
    assert after_bad > 2 * after_good
    assert known.jobs["b"].was_bad
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(5, 10) == (pytest.approx(0.2366, abs=1e-3), pytest.approx(0.7634, abs=1e-3))


def test_what_slows_all_jobs_of_a_run_is_told_apart_from_what_is_a_jobs_own() -> None:
    dice = random.Random(4)
    tries = []
    for run in range(1, 41):
        slow = dice.gauss(0.0, 0.4)
        tries += [Tried(f"j{n}", run, run * 10 * HOUR, 10.0 * math.exp(slow + dice.gauss(0.0, 0.05))) for n in range(6)]
    known = model(tries[::-1])
    assert known.sigma == pytest.approx(0.4, abs=0.12)
    assert known.own_sigma < 0.12


def test_a_task_that_has_outlasted_its_usual_time_is_not_about_to_end_at_once() -> None:
    state = state_of([spec("a", estimate=10.0)])
    fold(state, AttemptDecided(0.0, 1, 0, 1, 1, ""))
    fold(state, AttemptBegan(0.0, 1, 0, 1, Process(1, 1, "")))
    known = Model(model(tried("a", noisy(20, 10.0))).jobs, bad=0.0)
    early = forecast(state, {"/w": known}, ROOM, 1, 1.0, more=lambda n: n < 40)
    late = forecast(state, {"/w": known}, ROOM, 1, 60.0, more=lambda n: n < 40)
    assert sorted(early.ends)[20] == pytest.approx(10.0, rel=0.2)
    assert min(late.ends) > 60.0
    assert 65.0 < sorted(late.ends)[20] < 90.0


def test_few_futures_say_a_range_and_former_misses_widen_it() -> None:
    found = raw([10.0, 11.0], 0.2)
    p50, p80, p95 = Correction([], "p").seconds(found)
    assert p50 == pytest.approx(10.5, rel=0.05)
    assert p50 < p80 < p95
    late = [Judged("p", 2.5, (False, False, False))] * 30
    assert Correction(late, "p").seconds(found)[1] > p80 * 1.1
    assert Correction(late, "other").seconds(found)[1] > p80
    assert shown([])["words"] == "no forecast has come due yet"
    assert shown(late[:3]) == {
        "held": 0,
        "n": 3,
        "share": None,
        "words": "too little data: 3 forecasts came due, 10 are needed",
    }


def test_two_sides_have_the_same_luck() -> None:
    specs = [spec(f"t{n}", agent="x", needs=needs(cpus=1.0), estimate=10.0) for n in range(6)]
    state = state_of(specs)
    known = model([one for n in range(6) for one in tried(f"t{n}", noisy(10, 10.0, n))])
    same = side_by_side(state, {"/w": known}, ROOM, 1, 0.0, Changes(), more=lambda n: n < 6)
    assert same[0].seconds == same[1].seconds
    base, more = side_by_side(state, {"/w": known}, ROOM, 1, 0.0, Changes(cpus=6.0), more=lambda n: n < 6)
    assert all(b < a for a, b in zip(base.seconds, more.seconds, strict=True))
    assert base.waits["cpus"] > 0 == more.waits.get("cpus", 0.0)
    base, less = side_by_side(
        state, {"/w": known}, ROOM, 1, 0.0, Changes(without=("t0", "t1", "t2")), more=lambda n: n < 6
    )
    assert sum(less.seconds) < 0.7 * sum(base.seconds)
    base, one = side_by_side(state, {"/w": known}, ROOM, 1, 0.0, Changes(concurrency={"x": 1}), more=lambda n: n < 6)
    assert sum(one.seconds) > 1.5 * sum(base.seconds)
    assert "agent x busy" in one.waits


@pytest.mark.parametrize(
    "told",
    [{"cpus": -1}, {"cpus": True}, {"cpus": float("nan")}, {"x": 1}, {"concurrency": {"a": -1}}, {"without": "a"},
     {"priority": {"a": "soon"}}, {"order": "random"}, {"cache": 1}, {"machines": 0.5}, {"machines": 99}],
)  # fmt: skip
def test_changes_that_are_none_are_refused(told: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        checked(told)


def past(
    name: str, decided: float, ran: float, held: dict[str, float], cpus: float = 1.0, locks: tuple[str, ...] = ()
) -> Past:
    return Past(f"1.{int(decided)}", name, "x", held, decided, decided, decided + ran, cpus, 100.0, locks)


def test_waiting_is_added_up_by_cause_with_its_culprit_and_not_for_other_tasks() -> None:
    day = 86_400.0
    tasks = [
        past("big", 10.0, 500.0, {}, 2.0, ("db",)),
        past("a", 20.0, 5.0, {"lock 'db'": 15.0, "waits for big": 400.0}),
        past("b", day + 30.0, 5.0, {"lock 'db'": 5.0, "waits for a decision": 3.0}),
    ]
    found, inherent = costs(tasks, 0.0, 2 * day)
    assert inherent == 400.0
    assert [(cost.cause, cost.seconds, cost.tasks, cost.days) for cost in found] == [
        ("lock 'db'", 20.0, 2, [15.0, 5.0]), ("waits for a decision", 3.0, 1, [0.0, 3.0]),
    ]  # fmt: skip
    most = culprit(found[0], tasks)
    assert most is not None
    assert (most.name, most.key) == ("big", "1.10")
    assert "big" in relief(found[0], most)
    assert found[0].since == 5.0
    kinds = {
        "cpus": "cpus",
        "agent a b busy": "agent busy",
        "kept for x": "reserved",
        "users of the platform": "yields",
    }
    assert {cause: kind_of(cause) for cause in kinds} == kinds


def test_cores_are_idle_only_where_nobody_booked_them() -> None:
    tasks = [past("a", 10.0, 10.0, {}), past("b", 20.0, 10.0, {"lock 'x'": 10.0})]
    assert idle(tasks, 2.0, 0.0, 40.0) == (10.0, 60.0 / 80.0)


def test_the_load_of_coming_days_needs_ten_days() -> None:
    assert load([(n % 7, 100.0) for n in range(9)], 0.0) == {
        "words": "too little data: 9 days of work were seen, 10 are needed", "n": 9, "forecast": None,
    }  # fmt: skip
    rows = load([(n % 7, 1000.0 if n % 7 == 0 else 100.0) for n in range(28)], 0.0)["forecast"]
    assert [row[1] for row in rows] == [1000.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0]


def test_what_a_run_was_long_for_adds_up_to_its_length() -> None:
    state = state_of([spec("a", estimate=4.0), spec("b", 0, estimate=6.0), spec("c", estimate=1.0)])
    known = model(tried("a", [4.0] * 5) + tried("b", [6.0] * 5) + tried("c", [1.0] * 5))
    twin = Ahead(copied(state), ROOM, Draws({"/w": known}, {"/w": 0.0}, random.Random(1)))
    twin.play()
    rows = blame(twin.state.runs[1])
    assert [row["name"] for row in rows if row["why"].startswith("ran")] == ["a", "b"]
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=0.02)


def test_a_job_with_two_usual_times_drifts_nowhere_and_says_nothing_of_the_machine() -> None:
    wrong = 0
    for seed in range(60):
        dice = random.Random(seed)
        logs = [math.log(0.05) if dice.random() < 0.6 else 3.5 + dice.gauss(0.0, 0.1) for _ in range(40)]
        wrong += drift(logs) is not None
    assert wrong <= 6
    dice = random.Random(3)
    tries = [
        Tried(f"j{job}", run, run * HOUR, 0.05 if dice.random() < 0.6 else 30.0)
        for run in range(40, 0, -1)
        for job in range(5)
    ]
    known = model(tries)
    assert known.sigma <= 0.1


def test_the_moment_that_a_task_takes_to_begin_is_counted_where_it_has_yet_to_begin() -> None:
    tries = [Tried("a", run, run * HOUR, 1.0, lead=4.0) for run in range(12, 0, -1)]
    found = forecast(state_of([spec("a")]), {"/w": model(tries)}, ROOM, 1, 0.0, more=lambda n: n < 20)
    assert sorted(found.ends)[10] == pytest.approx(5.0, rel=0.1)


def test_the_tasks_of_one_run_count_as_one_forecast_and_a_jobs_own_for_more() -> None:
    found = raw([10.0] * 20, 0.2)
    fine = [Judged(f"j{n}", 0.0, (True, True, True), run) for run in range(30, 2, -1) for n in range(25)]
    one_bad_run = [Judged(f"j{n}", 9.0, (False, False, False), 31) for n in range(25)]
    calm = Correction(fine, "j3").seconds(found)[1]
    assert Correction([*one_bad_run, *fine], "j3").seconds(found)[1] == pytest.approx(calm, rel=0.05)
    own = [Judged("slow", 9.0, (False, False, False), run) for run in range(30, 2, -1)]
    both = sorted([*own, *fine], key=lambda one: -one.run)
    assert Correction(both, "slow").seconds(found)[1] > 1.2 * Correction(both, "j3").seconds(found)[1]
