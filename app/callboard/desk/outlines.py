"""A run in few bytes a task, and whole rows of the tasks that somebody looks at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from callboard.core.run import NONE_FOUND, Run, Task
from callboard.core.state import State
from callboard.desk.runs import Runs
from callboard.errors import NotFound
from callboard.rows import Row, critical_places, run_row, task_row
from callboard.witnesses import causes, merged

CHUNK = 2_000
MOST_OUTLINED = 100_000
MOST_WHOLE = 500
COLUMNS = (
    "name", "agent", "action", "stage", "state", "verdict", "attempt", "ready", "started", "ended", "estimate",
    "expected_start", "expected_end", "expected_end_late", "critical", "findings", "cpu_s", "peak_mb", "locks", "depends",
    "after",
)  # fmt: skip
WORDS = ("agent", "action", "stage", "state", "verdict")
TIMES = ("ready", "started", "ended", "expected_start", "expected_end", "expected_end_late")
EXPECTED = COLUMNS.index("expected_start")


class Outlines(Runs):
    """Reads a run in pieces, so that one of 100,000 tasks keeps nobody waiting."""

    def outline(self, run: int) -> Row:
        """The run, and each task as a short list in the order of `columns`: the first stands for task RUN.0.

        Agent, action, stage, state and verdict are numbers into `words`, moments are seconds after `zero`, `locks` numbers
        into `words` too, `depends` and `after` places. `left_out` counts the tasks beyond the first 100,000.
        """
        seq = self._history.last_seq()
        coder = Coder()
        head = self._engine.inspect(lambda state: self._head(state, run))
        if head is None:
            kept = self._kept(run)
            critical = critical_places(kept)
            rows = [coder.row(task, kept.submitted, task.index in critical) for task in kept.tasks[:MOST_OUTLINED]]
            return self._outlined(run_row(kept), rows, coder, seq)
        row, ahead = head
        rows = []
        for begin in range(0, min(row["total"], MOST_OUTLINED), CHUNK):
            rows += self._engine.inspect(lambda state, begin=begin: self._piece(state, run, begin, coder))  # type: ignore[misc]
        for place, moments in self._foreseen(ahead).items():
            if place < len(rows):
                self._note(rows[place], moments, row["submitted"])
        return self._outlined(row, rows, coder, seq)

    def tasks_of(self, run: int, places: Sequence[int]) -> list[Row]:
        """Whole rows of these tasks of a run, in this order and without those that it does not have; at most 500."""
        wanted = places[:MOST_WHOLE]

        def look(state: State) -> list[Row] | None:
            found = state.runs.get(run)
            return None if found is None else _picked(found, wanted, self._feed.task_row)

        found = self._engine.inspect(look)
        if found is not None:
            return found
        kept = self._kept(run)
        critical = critical_places(kept)
        return _picked(kept, wanted, lambda task: task_row(task, on_critical_path=task.index in critical))

    def _head(self, state: State, number: int) -> tuple[Row, Any] | None:
        run = state.runs.get(number)
        if run is None:
            return None
        return self._feed.run_row(run), self._ahead(state, run)

    def _piece(self, state: State, number: int, begin: int, coder: "Coder") -> list[list[Any]]:
        run = state.runs.get(number)
        if run is None:
            return []
        critical = self._feed.critical(run)
        return [
            coder.row(task, run.submitted, task.index in critical)
            for task in run.tasks[begin : min(begin + CHUNK, MOST_OUTLINED)]
        ]

    def _note(self, values: list[Any], moments: tuple[float, float, float | None], zero: float) -> None:
        start, end, late = moments
        if values[COLUMNS.index("started")] is None:
            values[EXPECTED] = round(start - zero, 2)
        values[EXPECTED + 1] = round(end - zero, 2)
        values[EXPECTED + 2] = round(late - zero, 2) if late is not None else None

    def _outlined(self, row: Row, rows: list[list[Any]], coder: "Coder", seq: int) -> Row:
        words = {name: list(held) for name, held in coder.words.items()}
        shared = self._as_accepted_now(row["workspace"], self._history.shared(row["id"]))
        briefly = _brief(row["id"], rows, words) if shared else []
        return {
            "run": row,
            "seq": seq,
            "zero": row["submitted"],
            "columns": list(COLUMNS),
            "words": words,
            "rows": rows,
            "left_out": max(0, row["total"] - len(rows)),
            "causes": causes(merged(shared), briefly),
        }


class Coder:
    """Tasks as short lists; words that come again are numbers."""

    def __init__(self) -> None:
        self.words: dict[str, dict[str, int]] = {name: {} for name in (*WORDS, "locks")}

    def row(self, task: Task, zero: float, critical: bool) -> list[Any]:
        """The task's values in the order of `COLUMNS`."""
        spec, words = task.spec, self.words
        locks: Iterable[Any] = spec.needs.locks
        held = words["locks"]
        expected = task.started + spec.estimate if task.live and task.started is not None else None
        return [
            spec.name,
            _number(words["agent"], spec.agent),
            _number(words["action"], spec.action or "command"),
            _number(words["stage"], spec.stage),
            _number(words["state"], task.state.value),
            _number(words["verdict"], task.verdict.value if task.verdict is not None else ""),
            task.attempt,
            _after(task.ready_at, zero),
            _after(task.started, zero),
            None if task.live else _after(task.ended, zero),
            round(spec.estimate, 2),
            None,
            _after(expected, zero),
            None,
            int(critical),
            0 if task.findings == NONE_FOUND else list(task.findings),
            round(task.cpu_s, 2),
            round(task.peak_mb),
            [_number(held, lock.name) for lock in locks] if locks else 0,
            spec.depends or 0,
            spec.after or 0,
        ]


def _number(held: dict[str, int], word: str) -> int:
    return held.setdefault(word, len(held))


def _after(moment: float | None, zero: float) -> float | None:
    return None if moment is None else round(moment - zero, 3)


def _picked(run: Run, places: Sequence[int], made: Callable[[Task], Row]) -> list[Row]:
    return [made(run.tasks[place]) for place in places if 0 <= place < len(run.tasks)]


def _brief(run: int, rows: Sequence[Sequence[Any]], words: Mapping[str, Sequence[str]]) -> list[Row]:
    """What is needed to see which tasks went wrong."""
    name, state, verdict = (COLUMNS.index(column) for column in ("name", "state", "verdict"))
    return [
        {
            "id": f"{run}.{place}",
            "name": row[name],
            "state": words["state"][row[state]],
            "verdict": words["verdict"][row[verdict]],
        }
        for place, row in enumerate(rows)
    ]


def places_of(run: int, ids: Iterable[str]) -> list[int]:
    """The places that ids such as '12.3' name in run 12; raises `NotFound` for another run's."""
    places = []
    for name in ids:
        begin, _, place = name.partition(".")
        if begin != str(run) or not place.isdecimal() or len(place) > 9:
            raise NotFound(f"'{name[:40]}' is no task of run {run}; its tasks are named like {run}.3")
        places.append(int(place))
    return places
