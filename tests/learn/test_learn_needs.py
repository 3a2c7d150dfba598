"""What a task was seen to use corrects what it says that it needs, within bounds, and says so."""

import pytest

from callboard.core.resources import Lock, Needs
from callboard.core.task import Limits, TaskSpec
from callboard.learn.durations import Learned
from callboard.learn.needs import with_needs

GIB = 1024.0


def known(peak_mb: float, cpus: float = 1.0, n: int = 5, limit_mb: float = 0.0) -> Learned:
    return Learned(n, 10.0, 12.0, peak_mb, cpus, cpus, limit_mb)


def taught(needs: Needs, learned: Learned, **machine: float) -> TaskSpec:
    spec = TaskSpec("tests", needs=needs, limits=Limits(memory_mb=9 * GIB))
    return with_needs([spec], {"tests": learned}, **machine)[0]


def test_the_plan_says_what_was_declared_what_was_used_and_what_is_planned() -> None:
    spec = taught(Needs(2, 4 * GIB, (Lock("db"),), (("gpu", 1.0),)), known(0.6 * GIB, 0.31))
    assert spec.needs == Needs(0.4, 798.7, (Lock("db"),), (("gpu", 1.0),))
    assert spec.learned["declared"] == {"cpus": 2, "memory_mb": 4096.0}
    assert spec.learned["words"] == (
        "declared 4.0 GiB, used 614 MiB at most in 5 runs: 799 MiB planned; declared 2 cpus, used 0.31: 0.4 cpus planned"
    )
    assert spec.limits.memory_mb == 9 * GIB


@pytest.mark.parametrize(
    ("needs", "learned", "expected"),
    [
        (Needs(1, 256), known(1.0, 0.001), Needs(0.1, 64)),
        (Needs(1, 256), known(5_000, 9.0), Needs(4, 1024)),
        (Needs(1, 10), known(5), Needs(1, 40)),
        (Needs(0, 256), known(100, 0.5), Needs(0, 130)),
        (Needs(1, 256), known(100, 0.3), Needs(0.3, 130)),
        (Needs(1, 256), known(10, n=2), Needs(1, 256)),
    ],
)
def test_bounds(needs: Needs, learned: Learned, expected: Needs) -> None:
    assert taught(needs, learned).needs == expected


def test_a_machine_bounds_what_is_planned_so_that_it_can_start() -> None:
    spec = taught(Needs(2, 1_000), known(3_000, 7.0), cpus=4.0, memory_mb=4_000.0)
    assert spec.needs == Needs(4.0, 2_800.0)


def test_a_run_that_the_memory_limit_ended_raises_the_need_again() -> None:
    spec = taught(Needs(1, 500), known(100, limit_mb=900))
    assert spec.needs.memory_mb == 1_170
    assert "used 900 MiB at most in 5 runs (the memory limit ended one): 1.1 GiB planned" in spec.learned["words"]
    assert taught(Needs(1, 500), known(100, limit_mb=200)).needs.memory_mb == 500


def test_what_is_fixed_stays() -> None:
    spec = TaskSpec("tests", needs=Needs(1, 500))
    assert with_needs([spec], {"tests": known(10)}, fixed=["tests"]) == (spec,)
    assert with_needs([spec], {}) == (spec,)
