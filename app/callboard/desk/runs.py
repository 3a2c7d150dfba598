"""Runs, tasks and their logs, as they are asked for."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from callboard.core.plan import NeverStarts, Span, foresee
from callboard.core.resources import Capacity
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import TaskKey, TaskSpec, TaskState
from callboard.desk.findings import Findings
from callboard.errors import NotFound
from callboard.learn.durations import Learned, learned
from callboard.planning import UNSURE
from callboard.record.outputs import read_piece, size_of
from callboard.rows import Row, critical_places, key_of, run_row, task_row
from callboard.witnesses import causes, merged

LARGEST_LOG = 1_000_000
MOST_FORESEEN = 2_000
MOST_RANGED = 500
LEARNED_S = 30.0


class Runs(Findings):
    """What was and is done."""

    def runs(self, limit: int = 50, before: int | None = None, **wants: str) -> list[Row]:
        """The newest runs; `wants` narrows them by state, pipeline, branch, person, workspace and text."""
        rows = self._history.runs(limit, before or 0, **wants)
        numbers = {row["id"] for row in rows}
        live = self._engine.inspect(
            lambda state: {
                run.id: self._feed.run_row(run) for run in state.runs.values() if run.unfinished and run.id in numbers
            }
        )
        return [live.get(row["id"], row) for row in rows]

    def run_facets(self) -> Row:
        """What runs can be narrowed by, and how long each pipeline took lately."""
        return self._history.run_facets()

    def run(self, run: int) -> Row:
        """A run with all its tasks, and what stands behind several of its failures."""
        row = self._run(run)
        shared = self._as_accepted_now(row["run"]["workspace"], self._history.shared(run))
        return {**row, "causes": causes(merged(shared), row["tasks"])}

    def _run(self, run: int) -> Row:
        seq = self._history.last_seq()
        found = self._engine.inspect(lambda state: self._live_run(state, run))
        if found is None:
            kept = self._kept(run)
            critical = critical_places(kept)
            tasks = [task_row(task, on_critical_path=task.index in critical) for task in kept.tasks]
            return {"run": run_row(kept), "tasks": tasks, "seq": seq}
        row, tasks, ahead = found
        self._foresee(tasks, ahead)
        return {"run": row, "tasks": tasks, "seq": seq}

    def _live_run(self, state: State, number: int) -> tuple[Row, list[Row], Any] | None:
        run = state.runs.get(number)
        if run is None:
            return None
        tasks = [self._feed.task_row(task) for task in run.tasks]
        return self._feed.run_row(run), tasks, self._ahead(state, run)

    def _ahead(self, state: State, run: Run) -> Any:
        """What `_foreseen` needs to know; None when there is nothing to foresee, or too much."""
        if not run.unfinished or len(run.tasks) > MOST_FORESEEN:
            return None
        now = self._engine.now()
        left = [task for task in run.tasks if not task.final]
        places = {task.index: place for place, task in enumerate(left)}
        limits = {name: agent.limit for name, agent in state.agents.items() if agent.limit}
        return (
            now,
            self._engine.capacity,
            limits,
            [_left(task, places, now) for task in left],
            [t.index for t in left],
            Path(run.workspace),
        )

    def _foresee(self, tasks: list[Row], ahead: Any) -> None:
        """Fills in when each task that has not ended is expected to start, to end, and to end at the latest likely."""
        for place, (start, end, late) in self._foreseen(ahead).items():
            row = tasks[place]
            if row["started"] is None or row["state"] == "waiting":
                row["expected_start"] = start
            row["expected_end"], row["expected_end_late"] = end, late

    def _foreseen(self, ahead: Any) -> dict[int, tuple[float, float, float | None]]:
        """By place: start, end and latest likely end.

        The latest end is that of the same planner with slow (P80) durations; a run with more than 500 tasks to go has none.
        """
        if ahead is None:
            return {}
        now, capacity, limits, left, places, workspace = ahead
        usual = self._spans(left, capacity, limits, [_to_go(spec.estimate, done) for spec, done, _ in left])
        slow = None
        if len(left) <= MOST_RANGED:
            known = self.learned(workspace)
            slow = self._spans(left, capacity, limits, [_to_go(_slow(spec, known), done) for spec, done, _ in left])
        return {
            place: (
                round(now + usual[at].start, 3),
                round(now + usual[at].end, 3),
                round(now + max(usual[at].end, slow[at].end), 3) if slow else None,
            )
            for at, place in enumerate(places if usual else ())
        }

    def _spans(self, left: Any, capacity: Capacity, limits: Any, seconds: list[float]) -> list[Span]:
        """Start and end of each, in seconds from now; none when there is one that can never start."""
        try:
            return foresee(
                [spec for spec, _, _ in left],
                Capacity(capacity.cpus, capacity.memory_mb, extra=capacity.extra, slots=capacity.slots),
                durations=seconds,
                running=[place for place, (_, _, runs) in enumerate(left) if runs],
                limits=limits,
            )
        except NeverStarts:
            return []

    def learned(self, workspace: Path) -> dict[str, Learned]:
        """How long the jobs of a workspace took before; looked up anew every half minute."""
        now = time.monotonic()
        at, known = self._learned.get(workspace, (0.0, {}))
        if not at or now - at > LEARNED_S:
            at, known = now, dict(learned(self._history.database, str(workspace)))
            self._learned = {workspace: (at, known)}
        return known

    def run_events(self, run: int) -> list[Row]:
        """What happened in a run, in order, as sentences."""
        self._require_run(run)
        return self._history.events(run=run, limit=10_000)

    def key(self, task_id: str) -> TaskKey:
        """The task that '12.3' or '12.quality.tests' names; raises `NotFound`."""
        key = key_of(task_id)
        if key is not None:
            return key
        run, _, name = task_id.partition(".")
        if run.isdecimal() and name and len(run) < 12:
            for row in self._run(int(run))["tasks"]:
                if row["name"] == name:
                    return TaskKey(int(run), int(row["id"].partition(".")[2]))
        raise NotFound(f"there is no task '{task_id[:100]}'; a task is named like 12.3 or 12.quality.tests")

    def task(self, task_id: str) -> Row:
        """A task with its attempts, its history in sentences, its findings and what it used."""
        key = self.key(task_id)
        whole = self.run(key.run)
        if key.task >= len(whole["tasks"]):
            raise NotFound(f"run {key.run} has no task {key.task}; it has {len(whole['tasks'])}")
        attempts = self._history.attempts(*key)
        for attempt in attempts:
            attempt["log_bytes"] = size_of(self._log_path(key, attempt["attempt"]))
        return {
            "task": whole["tasks"][key.task],
            "run": whole["run"],
            "names": {row["id"]: row["name"] for row in whole["tasks"]},
            "attempts": attempts,
            "events": self._history.events(run=key.run, task=key.task, limit=2000),
            "findings": self._as_accepted_now(
                whole["run"]["workspace"], self._history.findings(*_found_in(key, whole["tasks"][key.task]))
            ),
            "causes": [cause for cause in whole["causes"] if str(key) in cause["tasks"]],
            "samples": self._history.samples(*key),
            "metrics": self._history.metrics(*key),
            "questions": [q for q in self.questions() if q["task"] == str(key)],
            "changes": self._changes.since_last_pass(whole["run"], self._spec(key)),
            "seq": whole["seq"],
        }

    def _spec(self, key: TaskKey) -> TaskSpec:
        def look(state: State) -> TaskSpec | None:
            run = state.runs.get(key.run)
            return run.tasks[key.task].spec if run is not None and key.task < len(run.tasks) else None

        return self._engine.inspect(look) or self._kept(key.run).tasks[key.task].spec

    def log(self, task_id: str, attempt: int | None = None, offset: int = 0, limit: int = 65_536) -> Row:
        """A piece of an attempt's output: `limit` bytes from `offset`, a negative one counted from the end.

        Without `attempt` it is the newest one's.
        """
        key = self.key(task_id)
        whole = self.task_brief(key)
        number = attempt or whole["attempt"]
        if number and not 0 < number <= whole["attempt"]:
            raise NotFound(f"task {key} has no attempt {number}; it has {whole['attempt']}")
        path = self._log_path(key, number)
        size = size_of(path)
        start = following = max(0, size + offset) if offset < 0 else min(offset, size)
        text = b""
        if size:
            start, following, text = read_piece(path, start, max(0, min(limit, LARGEST_LOG)))
        ended = number < whole["attempt"] or whole["state"] not in ("starting", "running")
        return {
            "attempt": number,
            "text": text.replace(b"\0", b"").decode("utf-8", "replace"),
            "offset": start,
            "next": following,
            "size": size,
            "ended": ended,
        }

    def task_brief(self, key: TaskKey) -> Row:
        """State and newest attempt of a task."""

        def look(state: State) -> Row | None:
            run = state.runs.get(key.run)
            if run is None or key.task >= len(run.tasks):
                return None
            return {"state": run.tasks[key.task].state.value, "attempt": run.tasks[key.task].attempt}

        found = self._engine.inspect(look)
        if found is not None:
            return found
        kept = self._kept(key.run)
        if key.task >= len(kept.tasks):
            raise NotFound(f"run {key.run} has no task {key.task}; it has {len(kept.tasks)}")
        return {"state": kept.tasks[key.task].state.value, "attempt": kept.tasks[key.task].attempt}

    def spool(self, key: TaskKey, attempt: int) -> Path:
        """The folder of an attempt."""
        return self.data / "attempts" / str(key.run) / str(key.task) / str(attempt)

    def _log_path(self, key: TaskKey, attempt: int) -> Path:
        return self.spool(key, attempt) / "output.log"

    def artifact_path(self, task_id: str, attempt: int, name: str) -> Path:
        """Where a kept file lies; only files that the record names."""
        key = self.key(task_id)
        for row in self._history.attempts(*key):
            if row["attempt"] == attempt:
                for artifact in row["artifacts"]:
                    if artifact["name"] == name:
                        spool = self.spool(key, attempt)
                        path: Path = (spool / artifact["path"]).resolve()
                        if path.is_relative_to(spool.resolve()) and path.is_file():
                            return path
        raise NotFound(f"task {task_id} attempt {attempt} kept no file '{name[:100]}'")

    def questions(self) -> list[Row]:
        """All that waits for a person."""

        def look(state: State) -> list[Row]:
            rows: list[Row] = []
            for run in state.runs.values():
                if not run.unfinished:
                    continue
                if run.counts.get(TaskState.NEEDS_DECISION):
                    undecided = (t for t in run.tasks if t.state is TaskState.NEEDS_DECISION)
                    rows += [_hand_row(t) if t.taken else _decision_row(t) for t in undecided]
                rows += [
                    {"task": str(task.key), "name": task.spec.name, "question": number, "text": text,
                     "choices": list(choices), "since": at}
                    for task in run.tasks if task.questions
                    for number, (text, choices, at) in task.questions.items()
                ]  # fmt: skip
            return rows

        return self._engine.inspect(look)

    def last_seq(self) -> int:
        """The number of the newest event."""
        return self._history.last_seq()

    def events(self, after_seq: int = 0, limit: int = 1000) -> list[Row]:
        """Events as sentences, after a sequence number."""
        return self._history.events(after=after_seq, limit=limit)


def _left(task: Task, places: dict[int, int], now: float) -> tuple[TaskSpec, float, bool]:
    """What is left of a task: its spec with the places among what is left, the seconds it has run, whether it runs."""
    spec = task.spec
    done = now - task.started if task.live and task.started is not None else 0.0
    ahead = replace(
        spec,
        depends=tuple(places[p] for p in spec.depends if p in places),
        after=tuple(places[p] for p in spec.after if p in places),
    )
    return ahead, done, task.live


def _found_in(key: TaskKey, row: Row) -> TaskKey:
    """Where the findings of a task are: those of an unchanged one are those of the task that stands for it."""
    stands = key_of(str(row["stands_for"]).partition("#")[0]) if row["stands_for"] else None
    return stands or key


def _to_go(seconds: float, done: float) -> float:
    """A task that has taken longer than expected is about to end."""
    return max(1.0, seconds - done) if done else seconds


def _slow(spec: TaskSpec, known: Mapping[str, Learned]) -> float:
    """Seconds that four of five tries do not pass."""
    return max(known[spec.name].p80, spec.estimate) if spec.name in known else spec.estimate * UNSURE


def _hand_row(task: Task) -> Row:
    """What a person has in hand, which they are to finish or give back."""
    hand = task.taken
    return {
        "task": str(task.key),
        "name": task.spec.name,
        "question": "taken",
        "text": f"taken over by {hand.by}" + (f": {hand.reason}" if hand.reason else "") if hand else "",
        "choices": [],
        "since": hand.at if hand else None,
        "by": hand.by if hand else None,
    }


def _decision_row(task: Task) -> Row:
    return {
        "task": str(task.key),
        "name": task.spec.name,
        "question": "decision",
        "text": task.outcome_reason,
        "choices": ["retry", "give up"],
        "since": task.ended,
    }
