"""The planner on graphs from files: `schedule` in virtual time at once, `dispatch` online, one moment a line."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from callboard.core.admit import Policy
from callboard.core.decide import decide
from callboard.core.events import AttemptBegan, AttemptEnded, RunSubmitted, TasksAdded
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.plan import IMAGINED, foresee
from callboard.core.resources import Capacity, Lock, Needs
from callboard.core.state import State
from callboard.core.task import Priority, Retry, TaskSpec, TaskState
from callboard.errors import CallboardError, ConfigError

PLENTY = 1e9


def schedule(source: Path, target: Path) -> float:
    """Reads a graph, runs the core in virtual time, writes `{"start": {id: t}}`; returns the make-span."""
    graph = _read(source)
    tasks = graph["tasks"]
    capacity = capacity_of(graph)
    specs = specs_of(tasks, capacity)
    spans = foresee(
        specs,
        capacity,
        durations=[_number(t, "duration") for t in tasks],
        releases=[_number(t, "release") for t in tasks],
    )
    target.write_text(
        json.dumps({"start": {t["id"]: span.start for t, span in zip(tasks, spans, strict=True)}}), "utf-8"
    )
    return max((span.end for span in spans), default=0.0)


def capacity_of(graph: Mapping[str, Any]) -> Capacity:
    """The capacity of a graph; what it does not name is plenty."""
    given = graph.get("capacity") or {}
    cpus = float(given.get("cpus", PLENTY))
    memory = float(given.get("memory_mb", PLENTY))
    extra = {name: float(amount) for name, amount in given.items() if name not in ("cpus", "memory_mb")}
    return Capacity(cpus=cpus, memory_mb=memory, total_cpus=cpus, total_memory_mb=memory, extra=extra)


def specs_of(tasks: Iterable[Mapping[str, Any]], capacity: Capacity) -> list[TaskSpec]:
    """The tasks of a graph; demands are clipped to the capacity. Raises `ConfigError` for an unknown or doubled id."""
    listed = list(tasks)
    places = {task["id"]: place for place, task in enumerate(listed)}
    if len(places) < len(listed):
        raise ConfigError("two tasks have the same id")
    return [_spec(task, places, capacity) for task in listed]


def _spec(task: Mapping[str, Any], places: Mapping[str, int], capacity: Capacity) -> TaskSpec:
    unknown = [parent for parent in task.get("deps", ()) if parent not in places]
    if unknown:
        raise ConfigError(f"task {task['id']!r} depends on {unknown[0]!r}, which is not there")
    wants = tuple(sorted((name, float(amount)) for name, amount in (task.get("resources") or {}).items()))
    return TaskSpec(
        name=str(task["id"]),
        needs=Needs(
            cpus=min(_number(task, "cpus"), capacity.cpus),
            memory_mb=min(_number(task, "memory_mb"), capacity.memory_mb),
            locks=tuple(Lock(str(name)) for name in task.get("locks") or ()),
            extra=wants,
        ),
        depends=tuple(places[parent] for parent in dict.fromkeys(task.get("deps", ()))),
        estimate=_number(task, "duration"),
        retry=Retry(attempts=1),
    )


def _number(task: Mapping[str, Any], name: str) -> float:
    value = task.get(name)
    return float(value) if value is not None else 0.0


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CallboardError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"it is no JSON: {error}", path) from error


class Dispatch:
    """The planner online: true durations are known only to the other side, which tells what finished and what arrived."""

    def __init__(self, graph: Mapping[str, Any]) -> None:
        self._state = State()
        self._state.epoch = 1
        self._capacity = capacity_of(graph)
        self._places: dict[str, int] = {}
        self._names: list[str] = []
        self._arrive([task for task in graph.get("tasks", ()) if not task.get("release")], 0.0)

    def moment(self, message: Mapping[str, Any]) -> list[str]:
        """The ids that start at `t`, after what `finished` and `arrived`."""
        now = float(message["t"])
        for name in message.get("finished", ()):
            fold(self._state, AttemptEnded(now, 1, self._places[name], 1, How.EXITED, TaskState.SUCCEEDED, ""))
        self._arrive(message.get("arrived") or [], now)
        decision = decide(self._state, now, self._capacity, Policy())
        for start in decision.starts:
            fold(self._state, AttemptBegan(now, 1, start.task, 1, IMAGINED))
        self._state.changed_tasks.clear()
        self._state.changed_runs.clear()
        self._state.stirred.clear()
        self._state.deadlines.clear()
        return [self._names[start.task] for start in decision.starts]

    def _arrive(self, tasks: list[Mapping[str, Any]], now: float) -> None:
        """The first tasks are submitted as a run; later ones join it."""
        run = self._state.runs.get(1)
        first = len(run.tasks) if run else 0
        for place, task in enumerate(tasks, first):
            if task["id"] in self._places:
                raise ConfigError(f"task {task['id']!r} arrived twice")
            self._places[task["id"]] = place
            self._names.append(task["id"])
        specs = tuple(_spec(task, self._places, self._capacity) for task in tasks)
        if run is None:
            fold(self._state, RunSubmitted(now, 1, "dispatch", "", "", "", Priority.MEDIUM, specs))
        elif specs:
            fold(self._state, TasksAdded(now, 1, "dispatch", specs))


def dispatch(incoming: IO[str], outgoing: IO[str]) -> None:
    """Answers each line until `{"end": true}` or the end of the input."""
    made: Dispatch | None = None
    for line in incoming:
        if not line.strip():
            continue
        message = json.loads(line)
        if message.get("end"):
            return
        if "init" in message:
            made = Dispatch(message["init"])
            continue
        if made is None:
            raise ConfigError('the first line must be {"init": graph}')
        outgoing.write(json.dumps({"start": made.moment(message)}) + "\n")
        outgoing.flush()


def main() -> None:
    """`python -m callboard.bench.schedule` dispatches from stdin to stdout."""
    dispatch(sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
