"""Tells listeners what changed, at most fifteen times a second, as rows that are ready to be shown."""

import contextlib
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from callboard.core.case_events import OneCaseEvent
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.events import AlertMarked, AlertRaised, AlertResolved, Event, FindingsFound, PersonSet, SectionShown
from callboard.core.holds import Hold
from callboard.core.load import Load, loads, no_load, relief_of
from callboard.core.relief import Relief
from callboard.core.run import Run, Task
from callboard.core.task import LIVE
from callboard.engine import Engine, Published
from callboard.record.log import finding_id
from callboard.rows import (
    Row,
    agent_row,
    critical_places,
    event_row,
    finding_row,
    live_task_row,
    load_row,
    run_row,
)

EVERY_S = 0.066
MOST_EVENTS = 200
MOST_READY = 300
FORECAST_S = 2.0
LOAD_S = 0.2
RELIEF_S = 2.0

Listener = Callable[[Row], None]


class LiveFeed:
    """Collects what the engine publishes; everything but `watch` happens on the engine's thread."""

    def __init__(
        self, engine: Engine, host: Callable[[], Row | None], last_of_agents: Callable[[], dict[str, Row]]
    ) -> None:
        self._engine = engine
        self._host = host
        self._last_of_agents = last_of_agents
        self._last: dict[str, Row] | None = None
        self._listeners: list[Listener] = []
        self._tasks: dict[Task, None] = {}
        self._events: list[tuple[int, Event]] = []
        self._agents: dict[str, None] = {}
        self._shown: dict[Task, str] = {}
        self._critical: dict[int, tuple[int, set[int]]] = {}
        self._forecasts: dict[int, tuple[float, float | None]] = {}
        self._loads: tuple[float, dict[str, Load]] = (0.0, {})
        self._reliefs: dict[str, tuple[float, object, Relief | None]] = {}
        self.alerts: Callable[[Sequence[str]], Row] = lambda keys: {}
        self._noted: Row = {}
        self._measured = False
        self._due = False
        self._banner: Row | None = None
        engine.watchers.append(self._note)
        engine.measured.append(self._note_measure)

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Calls the listener with each message, from the engine's thread; returns what ends that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    @property
    def watched(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    # -- collecting --------------------------------------------------------------------------------------------

    def _note(self, published: Published) -> None:
        self._events += [told for told in published.events if not isinstance(told[1], PersonSet)]
        if len(self._events) > 20 * MOST_EVENTS:
            del self._events[: -10 * MOST_EVENTS]
        for task in published.tasks:
            self._tasks[task] = None
            self._agents[task.spec.agent] = None
            if task.final and task.attempt:
                self._remember(task)
        for name in self._engine.state.changed_agents:
            self._agents[name] = None
        self._schedule()

    def _remember(self, task: Task) -> None:
        if self._last is None:
            self._last = self._last_of_agents()
        self._last[task.spec.agent] = {
            "task": str(task.key),
            "name": task.spec.name,
            "state": task.state.value,
            "ended": task.ended,
            "reason": task.outcome_reason,
        }

    def _note_measure(self) -> None:
        self._measured = True
        for task in self._engine.state.live.values():
            self._tasks[task] = None
            self._agents[task.spec.agent] = None
        if self._listeners:
            for name in {*self._loads[1], *self._load_of_all()}:
                self._agents[name] = None
        self._schedule()

    def note(self, name: str, value: Any) -> None:
        """The next message says this too, from any thread; a later value of the same name replaces an earlier one."""
        loop = self._engine.loop
        if loop is None:
            return

        def put() -> None:
            self._noted = {**self._noted, name: value}
            self._schedule()

        with contextlib.suppress(RuntimeError):  # the loop has ended, and so has everybody who listened
            loop.call_soon_threadsafe(put)

    def _schedule(self) -> None:
        if self._due:
            return
        self._due = True
        loop = self._engine.loop
        if loop is not None:
            loop.call_later(EVERY_S, self.flush)

    # -- telling -----------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Makes one message of what was collected and hands it to every listener."""
        self._due = False
        tasks, self._tasks = self._tasks, {}
        events, self._events = self._events, []
        agents, self._agents = self._agents, {}
        measured, self._measured = self._measured, False
        noted, self._noted = self._noted, {}
        if not self._listeners:
            self._shown.clear()
            return
        self._add_held(tasks)
        runs = {task.run: None for task in tasks}
        message: Row = {
            "seq": events[-1][0] if events else 0,
            "at": time.time(),
            "tasks": [self.task_row(task) for task in tasks],
            "runs": [self.run_row(run) for run in runs],
            "agents": [row for row in (self.agent_row(name) for name in agents if name) if row],
            "findings": _findings(self._engine, events),
            "sections": _sections(self._engine, events),
            "events": [
                event_row(seq, event) for seq, event in events[-MOST_EVENTS:] if not isinstance(event, CrewSeen)
            ],
            "banner": self.banner(),
            **noted,
        }
        told = [event.key for _, event in events if isinstance(event, AlertRaised | AlertResolved | AlertMarked)]
        if told:
            message |= self.alerts(told)
        of_cases = [seq for seq, event in events if isinstance(event, OneCaseEvent)]
        if of_cases:
            message["cases"] = of_cases[-1]
        of_crews = [seq for seq, event in events if isinstance(event, CrewSeen | CrewSilent)]
        if of_crews:
            message["crew"] = of_crews[-1]
        if measured:
            message["host"] = self._host()
        for listener in list(self._listeners):
            listener(message)

    def _add_held(self, tasks: dict[Task, None]) -> None:
        """Ready tasks that are held for another reason than the one that was shown last."""
        state, now = self._engine.state, self._engine.now()
        for task in islice(state.ready.waiting(), MOST_READY):
            hold: Hold | None = state.hold_of(task, now)
            words = hold.words() if hold else ""
            if self._shown.get(task) != words:
                self._shown[task] = words
                tasks[task] = None
        if len(self._shown) > 4 * MOST_READY:
            self._shown = {task: words for task, words in self._shown.items() if task.ticket}

    # -- rows --------------------------------------------------------------------------------------------------

    def task_row(self, task: Task) -> Row:
        """The task as it stands."""
        live = self._engine.live
        return live_task_row(
            self._engine.state, task, self._engine.now(), live.progress, live.rates, self.critical(task.run)
        )

    def critical(self, run: Run) -> set[int]:
        """The places on the run's longest path, worked out once for as many tasks as it has."""
        count, found = self._critical.get(run.id, (-1, set()))
        if count != len(run.tasks):
            if len(self._critical) > 500:
                self._critical.clear()
            found = critical_places(run)
            self._critical[run.id] = (len(run.tasks), found)
        return found

    def run_row(self, run: Run) -> Row:
        """The run as it stands, with its expected end."""
        return run_row(run, expected_end=self._expected_end(run))

    def _expected_end(self, run: Run) -> float | None:
        """The longer of the longest remaining path and the remaining work over the cores; looked at every FORECAST_S."""
        if not run.unfinished:
            self._forecasts.pop(run.id, None)
            return None
        now = self._engine.now()
        known = self._forecasts.get(run.id)
        if known is not None and now - known[0] < FORECAST_S:
            return known[1]
        work = longest = 0.0
        for task in run.tasks:
            if task.final:
                continue
            passed = now - task.started if task.state in LIVE and task.started is not None else 0.0
            work += max(0.0, task.spec.estimate - passed) * max(0.1, task.spec.needs.cpus)
            longest = max(longest, task.remaining - passed)
        cores = max(1.0, self._engine.capacity.cpus)
        expected = now + max(longest, work / cores)
        self._forecasts[run.id] = (now, expected)
        return expected

    def agent_row(self, name: str) -> Row | None:
        """An agent's changing side; None for one that was never heard of."""
        state = self._engine.state
        agent = state.agents.get(name)
        if agent is None:
            return None
        if self._last is None:
            self._last = self._last_of_agents()
        working = [self.task_row(task) for task in state.working.get(name, ())]
        left = state.left_of(name) if agent.drained_by else 0
        row = agent_row(agent, working, state.queued.get(name, 0), self._last.get(name), left)
        return {**row, "load": self._load_row(name)}

    def _load_of_all(self) -> dict[str, Load]:
        """The agents for which something waits for room, looked at every LOAD_S."""
        now = self._engine.now()
        if not 0.0 <= now - self._loads[0] < LOAD_S:
            self._loads = (now, loads(self._engine.state, now))
        return self._loads[1]

    def _load_row(self, name: str) -> Row:
        """An agent's load; what would relieve it is tried anew every RELIEF_S, and when what holds it has changed."""
        state, now = self._engine.state, self._engine.now()
        load = self._load_of_all().get(name)
        if load is None:
            self._reliefs.pop(name, None)
            return load_row(no_load(state, name), None)
        mark = (load.limit, load.running, load.queue, tuple(held.hold.key for held in load.held))
        known = self._reliefs.get(name)
        if known is None or now - known[0] >= (RELIEF_S if known[1] == mark else RELIEF_S / 4):
            known = self._reliefs[name] = (now, mark, relief_of(state, now, self._engine.policy, load))
        return load_row(load, known[2])

    def banner(self) -> Row | None:
        """What everybody has to know, if anything."""
        halted = self._engine.state.halted
        return {"level": "error", "text": f"Nothing new is started: {halted}"} if halted else None


def _sections(engine: Engine, events: list[tuple[int, Event]]) -> list[Row]:
    """Which sections were filled anew: each once, with the newest number."""
    newest: dict[tuple[str, str], int] = {}
    for seq, event in events:
        run = engine.state.runs.get(event.run) if isinstance(event, SectionShown) else None
        if isinstance(event, SectionShown) and run is not None:
            newest[run.tasks[event.task].spec.agent, event.name] = seq
    return [{"agent": agent, "name": name, "seq": seq} for (agent, name), seq in newest.items()]


def _findings(engine: Engine, events: list[tuple[int, Event]]) -> list[dict[str, Any]]:
    rows: list[Row] = []
    for seq, event in events:
        if isinstance(event, FindingsFound) and len(rows) < MOST_EVENTS:
            run = engine.state.runs.get(event.run)
            agent = run.tasks[event.task].spec.agent if run else ""
            rows += [
                finding_row(finding_id(seq, nth), event.run, event.task, agent, event.at, finding)
                for nth, finding in enumerate(event.findings)
            ]
    return rows
