"""Graphs of tasks to measure with."""

from collections.abc import Sequence

from callboard.core.resources import Needs
from callboard.core.task import Limits, TaskSpec

LIGHT = Needs(cpus=1, memory_mb=10)
STAGES = ("check", "build", "test", "secure", "deploy")


def fan_out(count: int) -> list[TaskSpec]:
    """One task, then all the others at once."""
    return [spec("root"), *(spec(f"t{i}", (0,)) for i in range(1, count))]


def chain(count: int) -> list[TaskSpec]:
    """One after the other."""
    return [spec(f"t{i}", (i - 1,) if i else ()) for i in range(count)]


def layered(count: int, width: int = 10) -> list[TaskSpec]:
    """Layers of `width` tasks; each depends on two of the layer above."""
    specs = []
    for i in range(count):
        above = (i // width - 1) * width
        parents = tuple(sorted({above + i % width, above + (i + 3) % width})) if above >= 0 else ()
        specs.append(spec(f"t{i}", parents))
    return specs


def staged(count: int, agents: Sequence[str], width: int = 50) -> list[TaskSpec]:
    """Tasks in five stages, such as a large pipeline has: each waits for one or two of the `width` before it."""
    specs = []
    for i in range(count):
        stage = STAGES[i * len(STAGES) // max(1, count)]
        above = (i // width - 1) * width
        parents = tuple(sorted({above + i % width, above + (i * 7) % width})) if above >= 0 else ()
        specs.append(
            TaskSpec(
                name=f"{stage}.part{i % width}:{i}",
                agent=agents[i % len(agents)],
                stage=stage,
                depends=parents,
                needs=LIGHT,
                limits=Limits(time_s=0),
                estimate=10,
            )
        )
    return specs


def spec(name: str, depends: tuple[int, ...] = (), argv: tuple[str, ...] = ()) -> TaskSpec:
    """A small task, or a small command."""
    return TaskSpec(name=name, depends=depends, needs=LIGHT, argv=argv, limits=Limits(time_s=60), estimate=0.01)
