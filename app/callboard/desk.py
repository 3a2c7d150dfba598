"""The use cases behind every surface: what can be asked, and what can be wished for.

All methods are synchronous and may be called from any thread; they return plain values, ready for JSON. They raise
`NotFound`, `Refused`, `ConfigError`, `BoundaryError`, `RecordFull`, each a `CallboardError`.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from callboard.agents.catalogue import scan
from callboard.agents.crew import AgentInfo, Catalogue
from callboard.agents.preflight import Ready, ToolState, preflight
from callboard.config import read_config
from callboard.config.model import ScheduleTable
from callboard.core.commands import (
    AnswerQuestion,
    Cancel,
    Command,
    DecideTask,
    LimitAgent,
    NameAgents,
    PauseAgent,
    ResumeAgent,
    TryAgain,
)
from callboard.core.fold import fold
from callboard.core.plan import NeverStarts, foresee
from callboard.core.resources import Capacity
from callboard.core.run import SEVERITIES, Run, Task
from callboard.core.state import State
from callboard.core.task import Priority, TaskKey, TaskState
from callboard.engine import Engine
from callboard.errors import ConfigError, NotFound, Refused
from callboard.guard.trust import Trust
from callboard.learn.durations import Learned, learned
from callboard.live import Listener, LiveFeed
from callboard.planning import Prepared, plan_row, prepare
from callboard.record.history import History
from callboard.record.outputs import read_piece, size_of
from callboard.reports import sarif_of_run
from callboard.rows import Row, critical_places, key_of, run_row, task_row

NEWEST_RUNS = 20
LARGEST_LOG = 1_000_000
PREFLIGHT_S = 300.0
HIGHEST = 2**53


class Desk:
    """Stands between the surfaces and the engine."""

    def __init__(
        self,
        *,
        engine: Engine,
        feed: LiveFeed,
        history: History,
        data: Path,
        workspace: Path,
        version: str,
        catalogue: Catalogue,
    ) -> None:
        self.workspace = workspace
        self.data = data
        self._engine = engine
        self._feed = feed
        self._history = history
        self._version = version
        self._catalogue = catalogue
        self._trust = Trust(data)
        self._since = time.time()
        self._named: tuple[str, ...] | None = None
        self._preflight: tuple[float, dict[str, list[Row]]] = (0.0, {})
        self._looking = threading.Lock()
        self._fire: Callable[[str, str], None] | None = None

    # -- asking ------------------------------------------------------------------------------------------------

    def board(self) -> Row:
        """Everything that the first page shows."""
        live = self._engine.inspect(self._board)
        active = {row["id"] for row in live["runs"]}
        runs = live["runs"] + [row for row in self._history.runs(NEWEST_RUNS) if row["id"] not in active]
        runs.sort(key=lambda row: -row["id"])
        tasks = live["tasks"]
        if runs and runs[0]["id"] not in {row["run"] for row in tasks}:
            tasks = tasks + self.run(runs[0]["id"])["tasks"]
        return {
            "seq": self._history.last_seq(),
            "runs": runs[:NEWEST_RUNS],
            "tasks": tasks,
            "agents": self.agents(wait=False),
            "host": self.host(),
            "findings": self._history.findings(limit=50),
            "questions": self.questions(),
            "workspace": self.workspace_row(),
            "engine": self.engine_row(),
            "banner": live["banner"],
        }

    def _board(self, state: State) -> Row:
        open_runs = [run for run in state.runs.values() if run.unfinished]
        tasks = [self._feed.task_row(task) for run in open_runs for task in run.tasks]
        runs = [self._feed.run_row(run) for run in open_runs]
        return {"runs": runs, "tasks": tasks, "banner": self._feed.banner()}

    def workspace_row(self) -> Row:
        """The workspace that this desk was opened for."""
        return {
            "path": str(self.workspace),
            "name": self.workspace.name,
            "trusted": not self._trust.why_not(self.workspace),
        }

    def engine_row(self) -> Row:
        """The engine's own state."""
        state = self._engine.inspect(lambda state: (state.epoch, state.halted))
        return {
            "version": self._version,
            "epoch": state[0],
            "since": self._since,
            "state": "halted" if state[1] else "running",
            "reason": state[1],
            "pid": os.getpid(),
        }

    def host(self) -> Row:
        """What the host does, what there is to take, what is taken."""
        host = dict(self._engine.host())

        def taken(state: State) -> Row:
            pool, capacity = state.pool, state.pool.capacity
            return {
                "capacity": {"cpus": round(capacity.cpus, 2), "memory_mb": round(capacity.memory_mb)},
                "taken": {"cpus": round(pool.cpus, 2), "memory_mb": round(pool.memory_mb)},
                "locks": [
                    {"name": name, "holders": [str(task.key) for task in holders], "shared": all(holders.values())}
                    for name, holders in pool.locks.items()
                ],
            }

        return {**host, **self._engine.inspect(taken)}

    def runs(self, limit: int = 50, before: int | None = None) -> list[Row]:
        """The newest runs."""
        rows = self._history.runs(limit, before or 0)
        numbers = {row["id"] for row in rows}
        live = self._engine.inspect(
            lambda state: {
                run.id: self._feed.run_row(run) for run in state.runs.values() if run.unfinished and run.id in numbers
            }
        )
        return [live.get(row["id"], row) for row in rows]

    def run(self, run: int) -> Row:
        """A run with all its tasks."""
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
        now = self._engine.now()
        tasks = [self._feed.task_row(task) for task in run.tasks]
        ahead = None
        if run.unfinished and len(run.tasks) <= 2000:
            left = [task for task in run.tasks if not task.final]
            places = {task.index: place for place, task in enumerate(left)}
            limits = {name: agent.limit for name, agent in state.agents.items() if agent.limit}
            ahead = (
                now,
                self._engine.capacity,
                limits,
                [_left(task, places, now) for task in left],
                [t.index for t in left],
            )
        return self._feed.run_row(run), tasks, ahead

    def _foresee(self, tasks: list[Row], ahead: Any) -> None:
        """Fills in when each task that has not ended is expected to start and end."""
        if ahead is None:
            return
        now, capacity, limits, left, places = ahead
        specs = [spec for spec, _, _ in left]
        try:
            spans = foresee(
                specs,
                Capacity(capacity.cpus, capacity.memory_mb, extra=capacity.extra, slots=capacity.slots),
                durations=[seconds for _, seconds, _ in left],
                running=[place for place, (_, _, runs) in enumerate(left) if runs],
                limits=limits,
            )
        except NeverStarts:
            return
        for span, place in zip(spans, places, strict=True):
            row = tasks[place]
            if row["started"] is None or row["state"] == "waiting":
                row["expected_start"] = round(now + span.start, 3)
            row["expected_end"] = round(now + span.end, 3)

    def run_findings(self, run: int) -> list[Row]:
        """The findings of a run, the worst first."""
        self._require_run(run)
        return self._history.findings(run=run)

    def run_events(self, run: int) -> list[Row]:
        """What happened in a run, in order, as sentences."""
        self._require_run(run)
        return self._history.events(run=run, limit=10_000)

    def run_sarif(self, run: int) -> Row:
        """The findings of a run as SARIF 2.1.0."""
        return sarif_of_run(self.run_findings(run), self._version)

    def _require_run(self, run: int) -> None:
        if not self._engine.inspect(lambda state: run in state.runs):
            self._kept(run)

    def _kept(self, number: int) -> Run:
        """A run of the record; raises `NotFound`."""
        kept = self._history.run(number) if 0 < number < HIGHEST else None
        if kept is None:
            raise NotFound(f"there is no run {number}; see `callboard runs`")
        return kept

    def key(self, task_id: str) -> TaskKey:
        """The task that '12.3' or '12.quality.tests' names; raises `NotFound`."""
        key = key_of(task_id)
        if key is not None:
            return key
        run, _, name = task_id.partition(".")
        if run.isdecimal() and name and len(run) < 12:
            for row in self.run(int(run))["tasks"]:
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
            "findings": self._history.findings(run=key.run, task=key.task),
            "samples": self._history.samples(*key),
            "metrics": self._history.metrics(*key),
            "questions": [q for q in self.questions() if q["task"] == str(key)],
            "seq": whole["seq"],
        }

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

    def agents(self, *, wait: bool = True) -> list[Row]:
        """All agents: what each is, whether it can work here, what it does now.

        The first look at the tools takes seconds; without `wait` it is begun, and no tool is named until it is done.
        """
        tools = self._tools(wait)
        names = [agent.name for agent in self._catalogue.agents]
        live = self._engine.inspect(
            lambda state: {name: self._feed.agent_row(name) for name in {*names, *state.agents}}
        )
        rows = [
            self._agent_row(agent, live.get(agent.name), tools.get(agent.name, [])) for agent in self._catalogue.agents
        ]
        known = set(names)
        rows += [{**_unknown_agent(name), **row} for name, row in sorted(live.items()) if name not in known and row]
        return rows + [_broken_plugin(plugin) for plugin in self._catalogue.plugins if plugin.error]

    def _agent_row(self, agent: AgentInfo, live: Row | None, tools: list[Row]) -> Row:
        plugin = next((p for p in self._catalogue.plugins if p.name == agent.plugin), None)
        return {
            **(live or {**_unknown_agent(agent.name), "state": "idle" if self._present(agent.name) else "absent"}),
            "title": agent.title,
            "summary": agent.summary,
            "version": agent.version,
            "plugin": agent.plugin,
            "bundled": plugin.bundled if plugin else False,
            "actions": [_action_row(action) for action in agent.actions],
            "tools": tools,
            "trouble": plugin.error if plugin else "",
        }

    def _present(self, agent: str) -> bool:
        return self._named is None or agent in self._named

    def _tools(self, wait: bool) -> dict[str, list[Row]]:
        """Each agent's tools as the preflight found them; looked at again after PREFLIGHT_S, in the background."""
        at, found = self._preflight
        if found and time.monotonic() - at > PREFLIGHT_S:
            self._preflight = (time.monotonic(), found)
            threading.Thread(target=self._look, name="preflight", daemon=True).start()
        if found or not wait:
            if not found and self._engine.loop is not None and not self._looking.locked():
                threading.Thread(target=self._first_look, name="preflight", daemon=True).start()
            return found
        return self._first_look()

    def _first_look(self) -> dict[str, list[Row]]:
        with self._looking:
            return self._preflight[1] or self._look()

    def _look(self) -> dict[str, list[Row]]:
        trusted = not self._trust.why_not(self.workspace)
        checked = preflight(self._catalogue, self.workspace, self.data, trusted=trusted)
        found = {agent.name: [_tool_row(tool) for tool in agent.tools] for agent in checked.agents}
        self._preflight = (time.monotonic(), found)
        return found

    def agent(self, name: str) -> Row:
        """One agent with its newest tasks."""
        for row in self.agents():
            if row["name"] == name:
                return {**row, "recent": self._history.recent_of_agent(name)}
        known = ", ".join(agent.name for agent in self._catalogue.agents)
        raise NotFound(f"there is no agent '{name[:100]}'; the agents: {known}")

    def actions(self) -> list[Row]:
        """Everything that anybody can do."""
        return [_action_row(action) for action in self._catalogue.actions]

    def machine(self) -> Row:
        """The host now and before, and what each running task uses."""

        def running(state: State) -> list[Row]:
            return [self._feed.task_row(task) for task in state.live.values()]

        history = self._history.samples(0, 0, since=time.time() - 3600)
        return {"host": self.host(), "history": history, "tasks": self._engine.inspect(running)}

    def schedules(self) -> list[Row]:
        """The workspace's schedules with their next due times."""
        from callboard.trigger.next import next_times

        config = read_config(self.workspace)
        last = self._history.schedules()
        rows = []
        for schedule in config.schedules.values():
            name = f"{self.workspace}:{schedule.name}"
            rows.append(
                {
                    "name": schedule.name,
                    "workspace": str(self.workspace),
                    "pipeline": schedule.pipeline,
                    "when": _when(schedule),
                    "quiet": schedule.quiet,
                    "next": next_times(schedule, time.time(), 3),
                    "last": last.get(name),
                    "missed": (last.get(name) or {}).get("missed", 0),
                }
            )
        return rows

    def questions(self) -> list[Row]:
        """All that waits for a person."""

        def look(state: State) -> list[Row]:
            rows: list[Row] = []
            for run in state.runs.values():
                if not run.unfinished:
                    continue
                if run.counts.get(TaskState.NEEDS_DECISION):
                    rows += [_decision_row(t) for t in run.tasks if t.state is TaskState.NEEDS_DECISION]
                rows += [
                    {"task": str(task.key), "name": task.spec.name, "question": number, "text": text,
                     "choices": list(choices), "since": at}
                    for task in run.tasks if task.questions
                    for number, (text, choices, at) in task.questions.items()
                ]  # fmt: skip
            return rows

        return self._engine.inspect(look)

    def findings(self, run: int | None = None, agent: str | None = None, severity: str | None = None) -> list[Row]:
        """Findings, the newest first."""
        if severity and severity not in SEVERITIES:
            raise NotFound(f"there is no severity '{severity[:50]}'; the severities: {', '.join(SEVERITIES)}")
        return self._history.findings(run=run or 0, agent=agent or "", severity=severity or "", limit=1000)

    def last_seq(self) -> int:
        """The number of the newest event."""
        return self._history.last_seq()

    def events(self, after_seq: int = 0, limit: int = 1000) -> list[Row]:
        """Events as sentences, after a sequence number."""
        return self._history.events(after=after_seq, limit=limit)

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Live messages for the listener, from the engine's thread; returns what ends that."""
        return self._feed.watch(listener)

    # -- planning ----------------------------------------------------------------------------------------------

    def prepare(
        self, pipeline: str = "", only: Sequence[str] = (), skip: Sequence[str] = (), workspace: Path | None = None
    ) -> Prepared:
        """The pipeline of the workspace as it is now."""
        capacity = self._engine.capacity
        place = workspace or self.workspace
        if not place.is_dir():
            raise ConfigError(f"the workspace {place} is not a folder")
        return prepare(
            place,
            self.data,
            pipeline=pipeline,
            only=only,
            skip=skip,
            cpus=capacity.total_cpus,
            memory_mb=capacity.total_memory_mb,
            known=self.learned(place),
        )

    def learned(self, workspace: Path) -> dict[str, Learned]:
        """How long the jobs of a workspace took before."""
        return dict(learned(self._history.database, str(workspace)))

    def plan(
        self, pipeline: str = "", only: Sequence[str] = (), skip: Sequence[str] = (), workspace: str | None = None
    ) -> Row:
        """What a run would do, in which order, with which needs, and when each job would start and end."""
        prepared = self.prepare(pipeline, only, skip, Path(workspace) if workspace else None)
        limits = self._engine.inspect(
            lambda state: {name: agent.limit for name, agent in state.agents.items() if agent.limit}
        )
        return plan_row(prepared, self._engine.capacity, limits, self.learned(prepared.workspace))

    # -- wishing -----------------------------------------------------------------------------------------------

    def submit(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        priority: str = "",
        by: str = "",
        key: str | None = None,
        workspace: str | None = None,
        prepared: Prepared | None = None,
    ) -> int:
        """Starts a run of the workspace's pipeline; returns its number once it is durable.

        `workspace` is another one than the desk's own; both must be trusted. The same `key` again gives the same run.
        """
        place = Path(workspace) if workspace else self.workspace
        self._trust.require(place)
        if key:
            known = self._history.run_by_key(key)
            if known:
                return known
        ready = prepared if prepared is not None else self.prepare(pipeline, only, skip, place)
        self.name_agents()
        wanted = Priority[priority.upper()] if priority else None
        return self._do(ready.command(by=by, trigger="by hand", priority=wanted, key=key or ""))

    def require_trust(self) -> None:
        """Raises `Refused` for a workspace that nobody trusted."""
        self._trust.require(self.workspace)

    def _do(self, command: Command) -> int:
        return self._engine.ask_from(command)

    def cancel_run(self, run: int, reason: str, by: str) -> None:
        """Ends all of a run."""
        self._require_run(run)
        self._revive(run)
        self._do(Cancel(run, None, by, reason))

    def cancel_task(self, task_id: str, reason: str, by: str) -> None:
        """Ends a task."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(Cancel(key.run, key.task, by, reason))

    def retry_run(self, run: int, by: str) -> int | None:
        """Tries everything again that failed, was cancelled or lost in a run."""
        self._require_run(run)
        self._revive(run)
        self._do(TryAgain(run, None, by))
        return run

    def retry_task(self, task_id: str, by: str) -> None:
        """Tries an ended task again."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(TryAgain(key.run, key.task, by))

    def _revive(self, number: int) -> None:
        """Brings an ended run back into the engine's memory."""
        if self._engine.inspect(lambda state: number in state.runs):
            return
        events = list(self._history.run_events(number))

        def back(state: State) -> None:
            if number not in state.runs:
                for event in events:
                    fold(state, event)
                state.changed_tasks.clear()
                state.changed_runs.clear()

        self._engine.inspect(back)

    def decide(self, task_id: str, choice: str, by: str) -> None:
        """A person's word about a task that needs a decision."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(DecideTask(key.run, key.task, choice, by))

    def answer(self, task_id: str, question: str, choice: str, by: str) -> None:
        """A person's answer to a question of an attempt."""
        key = self.key(task_id)
        self._do(AnswerQuestion(key.run, key.task, question, choice, by))

    def pause(self, agent: str, reason: str, by: str) -> None:
        """No new attempt of the agent; what runs goes on."""
        self._do(PauseAgent(agent, by, reason))

    def resume(self, agent: str, by: str) -> None:
        """The agent may start again."""
        self._do(ResumeAgent(agent, by))

    def set_concurrency(self, agent: str, limit: int, by: str) -> None:
        """How many attempts the agent may have at once, 0 for no limit of its own."""
        self._do(LimitAgent(agent, limit, by))

    def name_agents(self) -> None:
        """Tells the engine who can work: the agents that were found, less those that `callboard.toml` switches off."""
        off = _switched_off(self.workspace)
        names = tuple(agent.name for agent in self._catalogue.agents if agent.name not in off)
        if names != self._named:
            self._do(NameAgents(names))
            self._named = names

    def fire_with(self, fire: Callable[[str, str], None]) -> None:
        """From now on `fire_schedule` calls this with the name and what set it off."""
        self._fire = fire

    def fire_schedule(self, name: str, by: str) -> None:
        """Starts a schedule that listens to webhooks now."""
        if self._fire is None:
            raise Refused("schedules run with the server alone; start it with `callboard up`")
        self._fire(name, f"webhook by {by}")

    def rescan(self) -> None:
        """Looks for agents and tools again."""
        self._catalogue = scan(self.data, rescan=True)
        self._named = None
        self.name_agents()
        with self._looking:
            self._look()


def _switched_off(workspace: Path) -> frozenset[str]:
    """The agents that `callboard.toml` switches off; nobody while it cannot be read."""
    try:
        config = read_config(workspace)
    except ConfigError:
        return frozenset()
    return frozenset(name for name, agent in config.agents.items() if not agent.enabled)


def _left(task: Task, places: dict[int, int], now: float) -> tuple[Any, float, bool]:
    spec = task.spec
    seconds = spec.estimate
    if task.live and task.started is not None:
        seconds = max(1.0, spec.estimate - (now - task.started))
    ahead = replace(
        spec,
        depends=tuple(places[p] for p in spec.depends if p in places),
        after=tuple(places[p] for p in spec.after if p in places),
    )
    return ahead, seconds, task.live


def _decision_row(task: Task) -> Row:
    return {
        "task": str(task.key),
        "name": task.spec.name,
        "question": "decision",
        "text": task.outcome_reason,
        "choices": ["retry", "give up"],
        "since": task.ended,
    }


def _action_row(action: Any) -> Row:
    return {
        "name": action.name,
        "agent": action.agent,
        "title": action.title,
        "summary": action.summary,
        "needs": asdict(action.needs),
        "effects": asdict(action.effects),
        "options": dict(action.schema),
        "time_limit": action.time_limit,
        "attempts": action.attempts,
        "tools": list(action.tools),
    }


def _tool_row(tool: ToolState) -> Row:
    ready = {Ready.YES: True, Ready.NO: False}.get(tool.ready)
    return {
        "name": tool.name,
        "version": tool.version or None,
        "ready": ready,
        "words": tool.words,
        "cost": tool.cost,
        "covers": tool.covers,
    }


def _unknown_agent(name: str) -> Row:
    return {
        "name": name, "title": name, "summary": "", "version": "", "plugin": "", "bundled": False, "state": "absent",
        "paused": None, "concurrency": 0, "running": [], "tasks": [], "waiting": 0, "progress": None, "note": "",
        "eta": None, "cpus_now": 0.0, "memory_now_mb": 0.0, "last": None, "actions": [], "tools": [], "trouble": "",
    }  # fmt: skip


def _broken_plugin(plugin: Any) -> Row:
    return {
        **_unknown_agent(plugin.name),
        "title": plugin.name,
        "summary": "this plugin cannot be used",
        "version": plugin.version,
        "plugin": plugin.name,
        "state": "error",
        "trouble": plugin.error,
    }


def _when(schedule: ScheduleTable) -> str:
    if schedule.cron:
        return f"cron {schedule.cron} ({schedule.zone})"
    if schedule.every_s:
        return f"every {schedule.every_s:g} s"
    if schedule.at:
        return f"once at {schedule.at}"
    if schedule.on:
        return "on " + ", ".join(schedule.on)
    return "when files change: " + ", ".join(schedule.files)
