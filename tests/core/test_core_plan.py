"""What the planner foresees equals schedules made by hand."""

import pytest

from callboard.core.plan import NeverStarts, Span, foresee
from callboard.core.resources import Capacity
from core_story import needs, spec

TWO = Capacity(2.0, 1024.0, 2.0, 1024.0)


def starts(*specs: object, **more: object) -> list[float]:
    return [span.start for span in foresee(specs, more.pop("room", TWO), **more)]  # type: ignore[arg-type]


def test_a_diamond() -> None:
    specs = [
        spec("a", estimate=5.0),
        spec("b", 0, estimate=3.0),
        spec("c", 0, estimate=4.0),
        spec("d", 1, 2, estimate=1.0),
    ]
    assert foresee(specs, TWO) == [Span(0.0, 5.0), Span(5.0, 8.0), Span(5.0, 9.0), Span(9.0, 10.0)]


def test_the_longest_path_goes_first() -> None:
    assert starts(
        spec("short", estimate=1.0),
        spec("long", estimate=9.0),
        spec("chain", estimate=2.0),
        spec("end", 2, estimate=8.0),
    ) == [9.0, 0.0, 0.0, 2.0]


def test_real_durations_are_not_known_to_the_decisions() -> None:
    specs = [spec("a", estimate=9.0), spec("b", estimate=1.0), spec("c", estimate=5.0)]
    assert starts(*specs, durations=[1.0, 9.0, 1.0]) == [0.0, 1.0, 0.0]


def test_an_exclusive_lock_and_a_limit_put_tasks_behind_each_other() -> None:
    locked = [spec("a", needs=needs("db"), estimate=3.0), spec("b", needs=needs("db"), estimate=2.0)]
    assert starts(*locked) == [0.0, 3.0]
    of_agent = [spec("a", agent="x", estimate=3.0), spec("b", agent="x", estimate=2.0)]
    assert starts(*of_agent) == [0.0, 0.0]
    assert starts(*of_agent, limits={"x": 1}) == [0.0, 3.0]


def test_releases_hide_tasks_until_their_time() -> None:
    specs = [spec("a", estimate=2.0), spec("b", estimate=2.0), spec("c", 0, estimate=1.0), spec("d", estimate=9.0)]
    assert starts(*specs, releases=[0.0, 3.0, 1.0, 0.0]) == [0.0, 3.0, 2.0, 0.0]
    assert starts(spec("a", estimate=2.0), spec("c", 0), releases=[0.0, 7.0]) == [0.0, 7.0]


def test_what_runs_already_is_not_started_again() -> None:
    specs = [spec("a", estimate=4.0), spec("b", estimate=9.0), spec("c", 0, estimate=1.0)]
    one = Capacity(1.0, 1024.0)
    assert starts(*specs, room=one, running=[0, 2]) == [0.0, 4.0, 13.0]


def test_nothing_to_do() -> None:
    assert foresee([], TWO) == []


def test_pressure_on_the_memory_passes() -> None:
    assert starts(spec("a"), room=Capacity(2.0, 1024.0, pressed=True)) == [0.0]


def test_what_never_starts_is_said_with_its_reason() -> None:
    specs = [spec("fits"), spec("giant", needs=needs(mb=4096.0)), spec("tell", 1)]
    with pytest.raises(NeverStarts) as never:
        foresee(specs, TWO)
    assert never.value.holds == {
        1: "giant: needs 4.0 GiB, this machine has 1.0 GiB: lower the job's needs or use a larger machine",
        2: "tell: waits for giant (1.1)",
    }
    assert str(never.value) == "; ".join(never.value.holds.values())


def test_a_task_longer_than_its_time_limit_is_foreseen_to_its_end() -> None:
    assert foresee([spec("a", estimate=5000.0), spec("b", 0, estimate=1.0)], TWO) == [
        Span(0.0, 5000.0),
        Span(5000.0, 5001.0),
    ]
