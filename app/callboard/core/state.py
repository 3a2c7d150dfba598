"""All that the engine knows: runs, agents, what is ready, what is taken, what has changed."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from callboard.core.advice import Advised
from callboard.core.alerts import Alerts
from callboard.core.cases import Cases
from callboard.core.crew import CrewState
from callboard.core.holds import (
    AgentBusy,
    AgentDrains,
    AgentPaused,
    BacksOff,
    Halted,
    Hold,
    NobodyCan,
    TakenOver,
    WaitsForDecision,
    WaitsForTasks,
    YieldsTo,
)
from callboard.core.pool import Pool
from callboard.core.queue import ReadyQueue
from callboard.core.roadmap import Roadmaps
from callboard.core.run import Run, Task
from callboard.core.task import AttemptKey, TaskKey, TaskState
from callboard.core.yielding import Yields
from callboard.errors import NotFound


@dataclass(slots=True)
class AgentState:
    """What a person set for an agent, and whether it is here. `limit` 0 means no limit of its own.

    While it is being drained, `drain_until` is the last run that it still serves.
    """

    name: str
    present: bool = True
    paused_by: str = ""
    pause_reason: str = ""
    paused_at: float = 0.0
    limit: int = 0
    drained_by: str = ""
    drain_reason: str = ""
    drained_at: float = 0.0
    drain_until: int = 0


class State:
    """The one state. `fold` alone changes what the log decides; `admit` what follows from it.

    `changed_*` are what the last events changed, for whoever writes and shows it and then clears it; `stirred` are tasks
    that did not change but are held for another reason now. `movable` are by agent the waiting tasks that others could do too,
    `unrouted` those for which who does them is to be looked at, `to_undo` tasks that came to a bad end and are to be undone.
    """

    def __init__(self, ageing_s: float = 1800.0) -> None:
        self.epoch = 0
        self.last_run = 0
        self.runs: dict[int, Run] = {}
        self.keys: dict[str, int] = {}
        self.agents: dict[str, AgentState] = {}
        self.agents_known = False
        self.working: dict[str, dict[Task, None]] = {}
        self.queued: dict[str, int] = {}
        self.behind: dict[str, int] = {}
        self.live: dict[TaskKey, Task] = {}
        self.ready = ReadyQueue(ageing_s)
        self.pool = Pool()
        self.backoffs: list[tuple[float, TaskKey, int]] = []
        self.deadlines: list[tuple[float, AttemptKey, str]] = []
        self.fired: dict[str, float] = {}
        self.alerts = Alerts()
        self.advised = Advised()
        self.cases = Cases()
        self.yields = Yields()
        self.roadmaps = Roadmaps()
        self.crews: dict[str, CrewState] = {}
        self.crews_looked = 0.0
        self.movable: dict[str, dict[Task, None]] = {}
        self.unrouted: dict[Task, None] = {}
        self.to_undo: dict[Task, None] = {}
        self.halted = ""
        self.changed_tasks: dict[Task, None] = {}
        self.changed_runs: dict[Run, None] = {}
        self.changed_agents: dict[str, None] = {}
        self.stirred: dict[Task, None] = {}

    def task(self, key: TaskKey) -> Task:
        """The task of this name; raises `NotFound`."""
        run = self.runs.get(key.run)
        if run is None or not 0 <= key.task < len(run.tasks):
            raise NotFound(f"there is no task {key}")
        return run.tasks[key.task]

    def run(self, run: int) -> Run:
        """The run of this number; raises `NotFound`."""
        found = self.runs.get(run)
        if found is None:
            raise NotFound(f"there is no run {run}")
        return found

    def agent(self, name: str) -> AgentState:
        """What is set for an agent, made on first use."""
        found = self.agents.get(name)
        if found is None:
            found = self.agents[name] = AgentState(name, present=not self.agents_known)
        return found

    def forget(self, runs: Iterable[int]) -> None:
        """Drops ended runs from memory; the record keeps them."""
        for number in runs:
            run = self.runs.get(number)
            if run is not None and not run.unfinished:
                del self.runs[number]
                self.keys.pop(run.key, None)

    def make_ready(self, task: Task, now: float) -> None:
        """The task lacks nothing but room from now on."""
        task.ready_at = now
        task.yielded = self.yields.total(now)
        self.ready.push(task, now)
        if task.spec.candidates:
            self.unrouted[task] = None

    def waits(self, task: Task) -> None:
        """The task waits, for its agent."""
        spec = task.spec
        self.queued[spec.agent] = self.queued.get(spec.agent, 0) + 1
        if self.is_behind(task):
            self.behind[spec.agent] = self.behind.get(spec.agent, 0) + 1
        if spec.candidates:
            self.movable.setdefault(spec.agent, {})[task] = None

    def waits_no_more(self, task: Task) -> None:
        """The task that waited goes on, or to another agent."""
        spec = task.spec
        self.queued[spec.agent] -= 1
        if self.is_behind(task):
            self.behind[spec.agent] -= 1
        if spec.candidates:
            self.movable[spec.agent].pop(task, None)

    def is_behind(self, task: Task) -> bool:
        """Whether its agent is being drained and takes nothing of its run any more."""
        cuts = self.ready.cuts
        return bool(cuts) and task.spec.agent in cuts and task.run.id > cuts[task.spec.agent]

    def left_of(self, agent: str) -> int:
        """How many tasks an agent that is being drained still has: those that wait for it or run, of the runs that it serves.

        O(attempts of the agent).
        """
        until = self.ready.cuts.get(agent, 0)
        working = sum(1 for task in self.working.get(agent, ()) if task.run.id <= until)
        return self.queued.get(agent, 0) - self.behind.get(agent, 0) + working

    def set_drain(self, name: str, by: str, reason: str, at: float, until: int) -> None:
        """The agent is being drained from now on, or with `by` empty no more."""
        agent = self.agent(name)
        agent.drained_by, agent.drain_reason, agent.drained_at, agent.drain_until = by, reason, at, until
        self.behind.pop(name, None)
        if by:
            self.ready.cuts[name] = until
        else:
            self.ready.cuts.pop(name, None)

    def trouble_of(self, agent: str, run: int = 0) -> str:
        """Why an agent takes no new work, '' when it does: 'was paused by ann: why', 'is not here'.

        With `run`, why it does not do what it has of that run.
        """
        known = self.agents.get(agent)
        if known is None:
            return "is not here" if self.agents_known else ""
        if not known.present:
            return "is not here"
        if known.paused_by:
            return f"was paused by {known.paused_by}" + (f": {known.pause_reason}" if known.pause_reason else "")
        if known.drained_by and not 0 < run <= known.drain_until:
            return f"is being drained by {known.drained_by}" + (f": {known.drain_reason}" if known.drain_reason else "")
        return ""

    def reroute(self) -> None:
        """Who takes new work has changed: each task of an agent that does not is looked at, if others could do it."""
        for agent, tasks in self.movable.items():
            if tasks and self.trouble_of(agent):
                self.unrouted |= tasks

    def withdraw(self, task: Task) -> None:
        """The task leaves the queue, if it stands there."""
        if task.ticket:
            self.ready.remove(task)

    def release_backoffs(self, now: float) -> None:
        """Makes the tasks ready whose wait before the next try is over."""
        while self.backoffs and self.backoffs[0][0] <= now:
            _, key, attempt = heapq.heappop(self.backoffs)
            run = self.runs.get(key.run)
            task = run.tasks[key.task] if run else None
            if (
                task
                and task.state is TaskState.WAITING
                and task.attempt == attempt
                and not task.ticket
                and not task.unmet
            ):
                self.make_ready(task, now)

    def agent_hold(self, task: Task) -> Hold | None:
        """Why its agent does not take the task now; None when it does."""
        name = task.spec.agent
        wants = f"'{task.spec.wants}'" if task.spec.wants else ""
        if not name:
            return NobodyCan(wants) if wants else None
        agent = self.agents.get(name)
        if agent is None:
            if self.agents_known and task.spec.action:
                return NobodyCan(wants or task.spec.action)
            return None
        if task.spec.action and not agent.present:
            return NobodyCan(wants or task.spec.action)
        if agent.paused_by:
            return AgentPaused(name, agent.paused_by, agent.pause_reason)
        if agent.drained_by and task.run.id > agent.drain_until:
            return AgentDrains(name, agent.drained_by, agent.drain_reason, self.left_of(name))
        if agent.limit:
            working = self.working.get(name)
            if working and len(working) >= agent.limit:
                return AgentBusy(name, agent.limit, next(iter(working)).key)
        return None

    def yield_hold(self, task: Task, now: float) -> Hold | None:
        """For what of the platform a heavy task waits now; None when it does not."""
        if not task.spec.heavy or not self.yields.active or self.yields.spent(task.yielded, now):
            return None
        kind, active = next(iter(self.yields.active.items()))
        return YieldsTo(kind, active.words)

    def kept_back(self, task: Task, now: float) -> Hold | None:
        """Why a task does not start now though there may be room: by its agent, or for the platform; None when it may."""
        return self.agent_hold(task) or self.yield_hold(task, now)

    def hold_of(self, task: Task, now: float) -> Hold | None:
        """The one reason why the task does not run; None for one that is starting, runs or has ended."""
        if task.state is TaskState.NEEDS_DECISION:
            if task.taken is not None:
                return TakenOver(task.taken.by, task.taken.reason)
            return WaitsForDecision(task.outcome_reason)
        if task.state is not TaskState.WAITING:
            return None
        if task.unmet:
            return self._waits_for(task)
        if task.ready_at is None and (now < task.retry_at or not self.halted):
            wait = task.retry_at - (task.ended if task.ended is not None else task.wanted_at)
            return BacksOff(wait, task.attempt, task.retry_at - now)
        if self.halted:
            return Halted(self.halted)
        if self.pool.capacity.pressed:
            return Halted("memory is short on this machine")
        present = self.kept_back(task, now) or self.pool.blocks(task.spec.needs)
        if present is not None:
            return self.pool.blame(present)
        bucket = self.ready.bucket_of(task)
        hold = bucket.hold if bucket is not None else None
        return Halted("the next decision is due") if hold is None or isinstance(hold, YieldsTo) else hold

    def _waits_for(self, task: Task) -> Hold:
        tasks = task.run.tasks
        places = dict.fromkeys((*task.spec.depends, *task.spec.after))
        open_parents = [tasks[p] for p in places if not tasks[p].final]
        first = open_parents[0]
        return WaitsForTasks(first.spec.name, first.key, len(open_parents) - 1)

    def since_of(self, task: Task) -> float:
        """Since when the present hold of the task is true."""
        if task.taken is not None:
            return task.taken.at
        if task.ready_at is None:
            return task.ended if task.ended is not None and not task.unmet else task.wanted_at
        bucket = self.ready.bucket_of(task)
        return max(task.ready_at, bucket.since) if bucket is not None else task.ready_at
