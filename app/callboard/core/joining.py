"""Tasks that join a run which goes on: what an attempt asked for, put into places; and the task that takes back another's work."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from callboard.core.events import TasksAdded
from callboard.core.graph import CycleFound, order
from callboard.core.moves import was
from callboard.core.run import Run, Task
from callboard.core.task import Retry, TaskSpec, TaskState
from callboard.errors import Refused

MOST_TASKS = 20_000
PATTERN = "*?["


@dataclass(frozen=True, slots=True)
class Joining:
    """A task that is to join a run, without its places; `needs` and `after` are names or patterns of names."""

    spec: TaskSpec
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def joined(adder: Task, wanted: Sequence[Joining], at: float) -> TasksAdded:
    """The event by which all of them join the run, after the adding task and before all that still waits for that.

    As in a proposal, a name that nobody has is left out, and a pattern fits what is there. A task that succeeded is never tried
    again, so it adds once; a name that the run has already is taken, whoever gave it. Raises `Refused` for a taken name, a
    cycle, or too many. O(tasks of the run).
    """
    run = adder.run
    first = len(run.tasks)
    if first + len(wanted) > MOST_TASKS:
        raise Refused(f"run {run.id} would have {first + len(wanted):,} tasks; at most {MOST_TASKS:,} are taken")
    names = {task.spec.name: task.index for task in run.tasks}
    fresh: dict[str, int] = {}
    for nth, joining in enumerate(wanted):
        name = joining.spec.name
        if name in names:
            raise Refused(f"the name '{name}' is taken by task {run.tasks[names[name]].key}")
        if name in fresh:
            raise Refused(f"the name '{name}' is given to two added tasks")
        fresh[name] = nth
    needs = [_fitting(joining.spec.name, joining.needs, names, fresh) for joining in wanted]
    after = [_fitting(joining.spec.name, joining.after, names, fresh) for joining in wanted]
    places = _places(first, fresh, needs, after)
    waiting = [p for p in (*adder.below, *adder.later) if run.tasks[p].state is TaskState.WAITING]
    _check_later(run, adder, waiting, names, fresh, needs, after)
    every = {**names, **places}
    specs: list[TaskSpec | None] = [None] * len(wanted)
    for nth, joining in enumerate(wanted):
        depends = tuple(every[name] for name in needs[nth])
        later = dict.fromkeys((adder.index, *(every[name] for name in after[nth])))
        specs[places[joining.spec.name] - first] = replace(
            joining.spec, depends=depends, after=tuple(place for place in later if place not in depends)
        )
    return TasksAdded(
        at, run.id, str(adder.attempt_key), tuple(s for s in specs if s is not None), adder.index, tuple(waiting)
    )


def _fitting(own: str, words: Sequence[str], names: Mapping[str, int], fresh: Mapping[str, int]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for word in words:
        if word in names or word in fresh:
            found[word] = None
        elif any(sign in word for sign in PATTERN):
            found |= {name: None for name in (*names, *fresh) if name != own and fnmatch.fnmatchcase(name, word)}
    return tuple(found)


def _places(
    first: int, fresh: Mapping[str, int], needs: Sequence[Sequence[str]], after: Sequence[Sequence[str]]
) -> dict[str, int]:
    """The place of each added task, every one after those that it waits for."""
    names = list(fresh)
    above = [[fresh[n] for n in (*mine, *late) if n in fresh] for mine, late in zip(needs, after, strict=True)]
    try:
        return {names[nth]: place for place, nth in enumerate(order(above), first)}
    except CycleFound as error:
        raise Refused("added tasks wait for each other: " + " → ".join(names[nth] for nth in error.path)) from error


def _check_later(
    run: Run,
    adder: Task,
    waiting: Sequence[int],
    names: Mapping[str, int],
    fresh: Mapping[str, int],
    needs: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
) -> None:
    """Refuses added tasks that wait for what is to wait for them."""
    behind: dict[int, int] = dict.fromkeys(waiting, adder.index)
    todo = list(waiting)
    for place in todo:
        for child in (*run.tasks[place].below, *run.tasks[place].later):
            if child not in behind:
                behind[child] = place
                todo.append(child)
    for own, mine, late in zip(fresh, needs, after, strict=True):
        for name in (*mine, *late):
            place = names.get(name, -1)
            if place in behind:
                raise Refused(
                    f"added task '{own}' waits for '{name}', which waits for {adder.spec.name} and so for '{own}'"
                )


def undoing(task: Task, at: float) -> TasksAdded:
    """The event by which the task joins that takes back what an attempt of this one did.

    It has the same options, takes the same room and locks and has the same limits. It is tried once; when it is lost a person
    decides. Nothing waits for it, and nothing undoes it.
    """
    spec = task.spec
    taken = {other.spec.name for other in task.run.tasks}
    name, nth = f"undo of {spec.name}", 1
    while name in taken:
        nth += 1
        name = f"undo of {spec.name} ({nth})"
    reason = f": {task.outcome_reason}" if task.outcome_reason else ""
    undo = replace(
        spec,
        name=name,
        action=spec.undo if spec.undo.startswith(f"{spec.agent}.") else f"{spec.agent}.{spec.undo}",
        depends=(),
        after=(task.index,),
        retry=Retry(),
        idempotent=False,
        strict=False,
        because=f"{spec.name} {was(task.state)}{reason}",
        undo="",
        undoes=spec.name,
        wants="",
        candidates=(),
        stands_for=None,
    )
    return TasksAdded(at, task.run.id, str(task.attempt_key), (undo,), task.index)
