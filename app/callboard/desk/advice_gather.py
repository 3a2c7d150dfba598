"""Gathers what advice is made of: what changes with each event at once, what costs more to find out only now and then."""

import datetime
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from callboard.config import read_config
from callboard.config.rules import RuleTable
from callboard.core.alerts import AlertState
from callboard.core.case_priority import Blocks
from callboard.core.cases import Case
from callboard.core.load import Load, loads, relief_of
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import TaskState
from callboard.desk.advice_facts_of import (
    alert_fact,
    case_fact,
    cause_facts,
    change_facts,
    drift_facts,
    expiry_facts,
    flaky_facts,
    need_facts,
    repeat_fact,
    schedule_fact,
    waiting_fact,
)
from callboard.desk.advice_offers import AdviceOffers
from callboard.desk.alerts import Alerts
from callboard.desk.bottlenecks import Bottlenecks
from callboard.desk.case_blocks import Blocking
from callboard.desk.case_rows import case_row, rank_of
from callboard.desk.catchup import CatchUp
from callboard.desk.platform import Platform
from callboard.desk.telemetry import Telemetry
from callboard.errors import CallboardError, ConfigError
from callboard.insight.advice_facts import (
    AgentFact,
    AlertFact,
    CaseFact,
    Drain,
    Facts,
    Gain,
    Green,
    LostTask,
    Machine,
    Relieved,
    Track,
    Unchecked,
)
from callboard.insight.advice_waiting import CASE_S
from callboard.learn.commits import commits_between, git_facts
from callboard.record.advice import AdviceRecord
from callboard.rows import Row

T = TypeVar("T")
logger = logging.getLogger(__name__)
DAY = 86_400.0
WEEK = 7 * DAY
MOST_CASES, MOST_ALERTS, MOST_TRIED = 60, 60, 6
MOST_NEW, NEW_S = 20, 3_600.0
MOST_WALK = 5_000
NO_ENGINE = "`callboard up` goes on with it"
SLOWLY_S, RARELY_S, AGAIN_S = 20.0, 120.0, 120.0


class _Lately(NamedTuple):
    at: float
    mark: object
    value: Any


class _Now(NamedTuple):
    """What the state says, taken in one look."""

    cases: tuple[tuple[CaseFact, Case], ...]
    agents: tuple[AgentFact, ...]
    takes: Mapping[str, str]
    machine: Machine
    behind: Mapping[str, int]
    alerts: tuple[AlertFact, ...]
    kept: bool


class AdviceGather(Telemetry, Alerts, CatchUp, Platform, Bottlenecks, AdviceOffers):
    """Facts for the rules of `callboard.insight`. `advice_pending`: something is left for a case to be made of it, and is to be
    looked at again soon."""

    advice_pending = False

    @cached_property
    def _simulated(self) -> dict[tuple[str, int], tuple[float, Gain | None, str]]:
        return {}

    @cached_property
    def _advised(self) -> AdviceRecord:
        return AdviceRecord(self._history.database)

    @cached_property
    def _slow(self) -> dict[str, _Lately]:
        return {}

    def advice_rules(self) -> Mapping[str, RuleTable]:
        """`[rules.NAME]` as they hold now; none while the file cannot be read."""
        try:
            return read_config(self.workspace).rules
        except ConfigError:
            return {}

    def advice_facts(self) -> Facts:
        """All that is known now. Costs some queries; what is slow is at most RARELY_S old."""
        where, now = str(self.workspace), time.time()
        looked = self.case_watch.looked  # before the state: the cases of what was looked at until then are in it
        found = self._advice_state()
        rules = self.advice_rules()
        patches = self._patches_waiting([case for _, case in found.cases])
        return Facts(
            now=now,
            workspace=where,
            cases=tuple(self._with_offers(fact, case, found.takes) for fact, case in found.cases),
            patches=patches,
            agents=tuple(self._with_days(agent, now) for agent in found.agents),
            waiting=tuple(waiting_fact(row, found.behind.get(row["task"] or "", 0)) for row in self.inbox()),
            alerts=found.alerts,
            lost=self._lost(now),
            schedules=self._lately("schedules", SLOWLY_S, self._schedules_failing) or (),
            causes=self._lately("causes", SLOWLY_S, lambda: cause_facts(self.bottlenecks(), found.machine.limits))
            or (),
            needs=self._lately("needs", RARELY_S, lambda: need_facts(self.needs_learned())) or (),
            flaky=self._lately("flaky", SLOWLY_S, lambda: flaky_facts(self.bottlenecks())) or (),
            drifts=self._lately("drifts", RARELY_S, lambda: self._drifts(now)) or (),
            repeats=self._lately("repeats", RARELY_S, self._repeats) or (),
            expiring=self._lately("expiring", RARELY_S, lambda: self._expiring(now)) or (),
            changes=self._lately("changes", SLOWLY_S, self._changes_open) or (),
            unchecked=self._lately("unchecked", SLOWLY_S, self._unchecked),
            drain=self._drain_now(),
            machine=found.machine,
            greens=self._lately("greens", SLOWLY_S, self._greens) or (),
            tracks={kind: Track(**row) for kind, row in self._advised.tracks(where).items()},
            ruled=tuple(pattern for rule in rules.values() for pattern in rule.when),
            kept=found.kept,
            looked=looked,
        )

    def _lately(self, name: str, seconds: float, find: Callable[[], T], mark: object = None) -> T | None:
        """What was found less than so long ago, else anew; None for what cannot be found out now."""
        known = self._slow.get(name)
        now = time.monotonic()
        if known is not None and known.mark == mark and now - known.at < seconds:
            return known.value  # type: ignore[no-any-return]
        try:
            value: T | None = find()
        except (CallboardError, OSError):
            value = None
        self._slow[name] = _Lately(now, mark, value)
        return value

    # -- of the state ------------------------------------------------------------------------------------------

    def _advice_state(self) -> _Now:
        kept = self.kept_newest
        return self._engine.inspect(lambda state: self._advice_now(state, kept))

    def _advice_now(self, state: State, earlier: Iterable[Run]) -> _Now:
        """On the engine's thread: cases, agents with what would relieve them, the machine, what waits behind what waits."""
        now, where = self._engine.now(), str(self.workspace)
        blocking = Blocking(state, earlier)
        chosen = _chosen(state.cases.open(where), blocking, now)
        halted = state.halted if self._engine.loop is not None and state.halted != NO_ENGINE else ""
        free = self._engine.host().get("disk_free_gb") if self._engine.loop is not None else None
        machine = Machine(
            halted, float(free) if isinstance(free, int | float) else None, bool(self._engine.capacity.pressed),
            sum(state.queued.values()), len(state.live), {name: agent.limit for name, agent in state.agents.items()},
        )  # fmt: skip
        alerts = tuple(
            alert_fact(alert)
            for alert in islice(state.alerts, 5 * MOST_ALERTS)
            if alert.state is AlertState.OPEN
            and alert.workspace in ("", where)  # those of copies are a matter of their case
        )
        kept = where in state.cases.looked
        looked = self.case_watch.looked
        self.advice_pending = kept and any(alert.opened > looked and now - alert.opened < CASE_S for alert in alerts)
        agents = self._agents_now(state, now)
        takes = {name: state.trouble_of(name) for name, agent in state.agents.items() if agent.present}
        cases = tuple((case_fact(case_row(case, blocks, now)), case.copy()) for case, blocks in chosen)
        return _Now(cases, agents, takes, machine, _behind(state), alerts[:MOST_ALERTS], kept)

    def _agents_now(self, state: State, now: float) -> tuple[AgentFact, ...]:
        of_all = loads(state, now)
        tried = 0
        found = []
        for name, agent in state.agents.items():
            load, waiting = of_all.get(name), state.queued.get(name, 0)
            if not waiting and not state.working.get(name):
                continue
            relief = None
            if load is not None and load.queue and load.overloaded and tried < MOST_TRIED:
                tried += 1
                relief = self._relief(state, now, load)
            found.append(
                AgentFact(
                    name, waiting, (load.oldest_wait_s or 0.0) if load else 0.0, len(state.working.get(name, ())), agent.limit,
                    agent.paused_by, agent.pause_reason, agent.paused_at, agent.drained_by, bool(load and load.overloaded),
                    load.words if load else "",
                    tuple((held.hold.key, held.tasks, held.seconds) for held in load.held) if load else (), relief,
                )
            )  # fmt: skip
        return tuple(found)

    def _relief(self, state: State, now: float, load: Load) -> Relieved | None:
        found = relief_of(state, now, self._engine.policy, load)
        if found is None:
            return None
        change = found.change
        task = ""
        if change.to:
            movable = (
                task for task in state.movable.get(load.agent, ())
                if task.ticket and any(candidate.agent == change.to for candidate in task.spec.candidates)
            )  # fmt: skip
            first = min(movable, key=lambda task: (task.ready_at or now, task.key), default=None)
            task = str(first.key) if first is not None else ""
        return Relieved(found.words, found.starts, change.limit, change.resumed, change.to, task)

    def agent_limit(self, agent: str) -> int:
        """How many attempts the agent may have at once now, 0 for no limit of its own."""

        def look(state: State) -> int:
            known = state.agents.get(agent)
            return known.limit if known is not None else 0

        return self._engine.inspect(look)

    # -- of the record -----------------------------------------------------------------------------------------

    def _with_days(self, agent: AgentFact, now: float) -> AgentFact:
        """With what work waited on each day of a week for the cause that holds most of it, if an advice may come of it."""
        if agent.relief is None or agent.relief.limit is None or not agent.held:
            return agent
        cause = agent.held[0][0]
        days = self._lately(f"days {agent.name} {cause}", SLOWLY_S, lambda: self._days(agent.name, cause, now)) or ()
        _, gain, words = self._simulated.get((agent.name, agent.relief.limit), (0.0, None, ""))
        return replace(agent, waited_days=days, gain=gain, simulated=words)

    def ask_for_advice(self) -> bool:
        """Asks plugins what they offer for the cases that come first; whether there is news. Takes seconds."""
        return self.ask_for_offers([case for _, case in self._advice_state().cases])

    def simulate_advice(self) -> bool:
        """Asks what-if of one overloaded agent, at most every AGAIN_S: what its run would gain by the limit that is advised.

        Gives whether there is news. Takes seconds, in a process of its own.
        """
        now = time.time()
        found = self._advice_state()
        for agent in found.agents:
            limit = agent.relief.limit if agent.relief is not None else None
            if limit is None or now - self._simulated.get((agent.name, limit), (0.0, None, ""))[0] < AGAIN_S:
                continue
            run = self._engine.inspect(lambda state, name=agent.name: _busiest(state, name))  # type: ignore[misc]
            if not run:
                continue
            self._simulated[agent.name, limit] = (now, None, "")
            try:
                told = self.whatif({"run": run, "changes": {"concurrency": {agent.name: limit}}})
            except CallboardError as error:
                logger.debug("What if cannot say what advice gains: %s", error)
                return False
            self._simulated[agent.name, limit] = (now, *gain_of(run, told["difference"]))
            return True
        return False

    def _days(self, agent: str, cause: str, now: float) -> tuple[float, ...]:
        where = str(self.workspace)
        found = self._advised.waited_by_day(where, agent, cause, now - WEEK, now)
        return tuple(found.get(day, 0.0) for day in self._advised.days_worked(where, now - WEEK, now))

    def _lost(self, now: float) -> tuple[LostTask, ...]:
        return tuple(
            LostTask(
                row["id"], row["job"], row["agent"] or "", row["state"], row["reason"], row["ended"], row["run"],
                bool(row["idempotent"]), row["tries"], row["skipped"],
            )
            for row in self._advised.lost(str(self.workspace), now - DAY)
        )  # fmt: skip

    def _schedules_failing(self) -> tuple[Any, ...]:
        runs = self._advised.fired(str(self.workspace), time.time() - 30 * DAY)
        known = read_config(self.workspace).schedules
        return tuple(schedule_fact(name, runs[name]) for name in known if runs.get(name))

    def _drifts(self, now: float) -> tuple[Any, ...]:
        return drift_facts(self._advised.series_of_jobs(str(self.workspace), now - 30 * DAY))

    def _repeats(self) -> tuple[Any, ...]:
        since = time.time() - WEEK
        rows = self._advised.repeats(str(self.workspace), since)
        return tuple(repeat_fact(row, 7.0) for row in rows if not row["action"] and not row["reads"])

    def _expiring(self, now: float) -> tuple[Any, ...]:
        config = read_config(self.workspace)
        today = datetime.datetime.fromtimestamp(now).date()
        quality = config.agents.get("quality")
        aside = quality.settings.get("quarantine", []) if quality is not None else []
        return expiry_facts(config.table.get("accepted", []), aside, today)

    def _changes_open(self) -> tuple[Any, ...]:
        row = self.roadmap()
        if not row["there"]:
            return ()
        tasks: dict[str, Row] = {}
        for task in self.roadmap_tasks():
            if not task["done"] and task["assignment"] is None:
                tasks.setdefault(task["change"], task)
        return change_facts(row, tasks, time.time())

    def _unchecked(self) -> Unchecked | None:
        """What git has that no run has looked at; None where git knows nothing, or a run goes on."""
        where = str(self.workspace)
        busy = self._engine.inspect(
            lambda state: any(r.unfinished and r.workspace == where for r in state.runs.values())
        )
        last = None if busy else self._advised.last_look(where)
        if last is None:
            return None
        now, then = git_facts(self.workspace), last["git"]
        if not now or not then.get("commit"):
            return None
        commits = (
            0
            if now["commit"] == then["commit"]
            else len(commits_between(self.workspace, then["commit"], now["commit"]) or [])
        )
        loose = int(now.get("changed") or 0)
        files = loose if now["commit"] != then["commit"] or loose != int(then.get("changed") or 0) else 0
        words = f"Since run {last['run']} of '{last['pipeline']}' the workspace has changed"
        pipelines = ("default", *read_config(self.workspace).pipelines)
        name = last["pipeline"] if last["pipeline"] in pipelines else read_config(self.workspace).pipeline
        return Unchecked(files, commits, last["submitted"], last["run"], name, words)

    def _greens(self) -> tuple[Green, ...]:
        """The newest deploy of each environment that is green and was not handed over; only where something was handed over."""
        made = self._yields.handoffs()
        if not made:
            return ()
        told = {one["record"].get("deploy") for one in made}
        newest: dict[str, Any] = {}
        for deploy in self._yields.deploys(str(self.workspace)):
            newest.setdefault(deploy.environment, deploy)
        return tuple(
            Green(deploy.environment, "", deploy.id, deploy.ended)
            for deploy in newest.values()
            if deploy.action == "infra.deploy"
            and deploy.state == "succeeded"
            and deploy.verdict == "pass"
            and deploy.id not in told
        )

    def _drain_now(self) -> Drain | None:
        row = self.drain()
        if not row["wanted"] or row["at"] is None:
            return None
        return Drain(row["by"], row["at"], row["reason"], row["until"])


def _chosen(cases: Iterable[Case], blocking: Blocking, now: float) -> list[tuple[Case, Blocks]]:
    """The cases that matter most, of equal ones the newest; beside them those that were opened lately, whatever they matter: what
    is new is seen on the list, however much else there is."""
    none = Blocks()
    ranked = []
    for case in cases:
        blocks = blocking.of(case.workspace, case.checks, case.id) if blocking.any else none
        ranked.append((-rank_of(case, blocks, now), -case.opened, -case.id, case, blocks))
    ranked.sort(key=lambda one: one[:3])
    late = sorted((one for one in ranked[MOST_CASES:] if now + one[1] < NEW_S), key=lambda one: one[1])[:MOST_NEW]
    return [(case, blocks) for _, _, _, case, blocks in (*ranked[:MOST_CASES], *late)]


def gain_of(run: int, difference: Mapping[str, Any]) -> tuple[Gain | None, str]:
    """What a simulation says that a run gains, and its words; no gain where it is not sooner."""
    p50, p80 = difference["p50_s"], difference["p80_s"]
    words = f"simulated for run {run}: {difference['words']}"
    if p50 is None or p80 is None or min(p50, p80) >= 0:
        return None, words
    low, high = sorted((max(0.0, -p50), max(0.0, -p80)))
    return Gain(f"earlier end of run {run}, by futures with and without it, at 50 and 80 %", low, high), words


def _busiest(state: State, agent: str) -> int:
    """The run for which most waits for the agent, 0 for none."""
    numbers: dict[int, int] = {}
    for task in islice(state.ready.waiting(), MOST_WALK):
        if task.spec.agent == agent:
            numbers[task.run.id] = numbers.get(task.run.id, 0) + 1
    return max(numbers, key=lambda run: numbers[run], default=0)


def _behind(state: State) -> dict[str, int]:
    """By task that a person holds up, how many wait behind it, near and far."""
    found: dict[str, int] = {}
    steps = 0
    for run in state.runs.values():
        if not run.unfinished:
            continue
        for task in run.tasks:
            held = task.state is TaskState.NEEDS_DECISION or task.questions or task.taken is not None
            if held and steps < MOST_WALK:
                number = _below(task)
                steps += number
                found[str(task.key)] = number
    return found


def _below(task: Task) -> int:
    tasks = task.run.tasks
    seen = dict.fromkeys((*task.below, *task.later))
    todo: Iterable[int] = list(seen)
    places = list(todo)
    for place in places:
        if len(places) >= MOST_WALK:
            break
        for child in (*tasks[place].below, *tasks[place].later):
            if child not in seen:
                seen[child] = None
                places.append(child)
    return sum(tasks[place].state is TaskState.WAITING for place in places)
