"""What people and triggers wish for: a closed union, and the events that grant each wish."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from callboard.core.advice_commands import (
    AdviceCommand,
    EndFiring,
    FireRule,
    JudgeTaking,
    NoteAdvice,
    OverruleAdvice,
    ReopenAdvice,
    SnoozeAdvice,
    TakeAdvice,
    UndoFiring,
    grant_advice,
)
from callboard.core.alert_rules import Outside, outside
from callboard.core.alerts import AlertState, Choice, alert_id
from callboard.core.case_commands import CaseCommand, MergeCases, MoveCase, NoteCase, SplitCase, TellCases, grant_cases
from callboard.core.crew import MOST_CREWS
from callboard.core.crew_events import SOURCES, CrewSeen, Fact
from callboard.core.crew_facts import checked_facts
from callboard.core.crew_news import news
from callboard.core.events import (
    AgentDraining,
    AgentSet,
    AgentsFound,
    AgentStopped,
    AlertMarked,
    AttemptStopping,
    CancelAsked,
    DecisionMade,
    Event,
    PatchDecided,
    PersonSet,
    PrioritySet,
    QuestionAnswered,
    RetryAsked,
    RunSubmitted,
    ScheduleFired,
    TaskFinished,
    TaskReleased,
    TaskTaken,
)
from callboard.core.forecast_events import KeepForecast
from callboard.core.notices import NoteTried, RenewNotice, TellNotices, grant_notice
from callboard.core.roadmap_commands import (
    AssignTask,
    NoteRoadmap,
    NoteTick,
    PlaceChange,
    RoadmapCommand,
    TaskDoneBy,
    WithdrawTask,
    grant_roadmap,
    may_start,
    started,
)
from callboard.core.routing import moving
from callboard.core.state import State
from callboard.core.task import BAD, NO_OPTIONS, Priority, TaskKey, TaskSpec, TaskState
from callboard.core.waits import waited
from callboard.core.yield_commands import MakeHandoff, NoteSeen, SetDrain, grant_yield
from callboard.errors import Refused

LONGEST_SNOOZE_S = 30 * 86_400.0
LONGEST_CREW = 80


@dataclass(frozen=True, slots=True)
class Submit:
    """Run these tasks.

    The same `key` again gives the run that the first one made; `schedule` and `due` name the due time that it serves,
    `assignment` the one of the roadmap that it carries out.
    """

    name: str
    workspace: str
    specs: tuple[TaskSpec, ...]
    by: str
    trigger: str = "by hand"
    priority: Priority = Priority.MEDIUM
    config: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    key: str = ""
    schedule: str = ""
    due: float = 0.0
    missed: int = 0
    git: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    assignment: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a task, or with `task` None the whole run."""

    run: int
    task: int | None
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Try an ended task once more, or with `task` None all of the run that did not succeed."""

    run: int
    task: int | None
    by: str


@dataclass(frozen=True, slots=True)
class DecideTask:
    """A person's word about a task that needs a decision."""

    run: int
    task: int
    choice: str
    by: str


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """A person's answer to a question of an attempt."""

    run: int
    task: int
    question: str
    choice: str
    by: str


@dataclass(frozen=True, slots=True)
class DecidePatch:
    """What became of a patch; see `PatchDecided`. Whoever wishes it has seen to the files already."""

    run: int
    task: int
    attempt: int
    name: str
    patch: int
    choice: str
    by: str
    reason: str = ""
    result: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class PauseAgent:
    """No new attempt of this agent; what runs goes on."""

    agent: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResumeAgent:
    """The agent may start again."""

    agent: str
    by: str


@dataclass(frozen=True, slots=True)
class LimitAgent:
    """How many attempts the agent may have at once, 0 for no limit of its own."""

    agent: str
    limit: int
    by: str


@dataclass(frozen=True, slots=True)
class DrainAgent:
    """The agent finishes what it has, takes nothing of later runs, and is then paused."""

    agent: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StopAgent:
    """The agent is paused and its attempts are ended, to be tried again; with `restart` it goes on at once."""

    agent: str
    by: str
    reason: str = ""
    restart: bool = False


@dataclass(frozen=True, slots=True)
class TakeTask:
    """A person takes a task over by hand."""

    run: int
    task: int
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FinishTask:
    """A person says what became of a task that they have taken over, and how."""

    run: int
    task: int
    by: str
    done: bool
    note: str


@dataclass(frozen=True, slots=True)
class ReleaseTask:
    """A person gives back a task that they have taken over."""

    run: int
    task: int
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Another class of priority for a run."""

    run: int
    priority: Priority
    by: str


@dataclass(frozen=True, slots=True)
class MoveTask:
    """Another agent is to do a task that waits."""

    run: int
    task: int
    agent: str
    by: str


@dataclass(frozen=True, slots=True)
class NameAgents:
    """Which agents the catalogue holds now."""

    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetPerson:
    """What a person chose for themselves; see `PersonSet`."""

    person: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MarkAlerts:
    """A person acknowledges, snoozes (`until`) or reopens alerts; with `skip` those that somebody else marked are left alone."""

    keys: tuple[str, ...]
    choice: str
    by: str
    until: float | None = None
    reason: str = ""
    skip: bool = False


@dataclass(frozen=True, slots=True)
class LookOutside:
    """What is known of the machine and the plugins now; see `callboard.core.alert_rules.outside`."""

    facts: Outside


@dataclass(frozen=True, slots=True)
class PassOver:
    """A due time of a schedule that starts no run, and why."""

    schedule: str
    due: float
    missed: int
    note: str


@dataclass(frozen=True, slots=True)
class TellCrew:
    """A source saw these facts of a crew; see `callboard.core.crew_events`. They are checked here, and what is known already
    is left out. `sent` is the sender's clock, `stream` and `upto` tell what was heard before (each fact with its number `n`)."""

    crew: str
    source: str
    facts: tuple[Fact, ...]
    stream: str = ""
    upto: int = 0
    sent: float | None = None


Command = (
    Submit
    | Cancel
    | TryAgain
    | DecideTask
    | AnswerQuestion
    | DecidePatch
    | PauseAgent
    | ResumeAgent
    | LimitAgent
    | DrainAgent
    | StopAgent
    | TakeTask
    | FinishTask
    | ReleaseTask
    | SetPriority
    | MoveTask
    | NameAgents
    | SetPerson
    | MarkAlerts
    | LookOutside
    | TellCrew
    | PassOver
    | SetDrain
    | MakeHandoff
    | NoteSeen
    | AdviceCommand
    | RoadmapCommand
    | CaseCommand
    | TellNotices
    | NoteTried
    | RenewNotice
    | KeepForecast
)


def grant(state: State, command: Command, now: float) -> list[Event]:
    """The events that carry out the command, none if it is done already; raises `Refused` or `NotFound`."""
    match command:
        case Submit():
            return _submit(state, command, now)
        case Cancel():
            place = -1 if command.task is None else command.task
            if place >= 0:
                state.task(TaskKey(command.run, place))
            return [CancelAsked(now, state.run(command.run).id, place, command.by, command.reason)]
        case TryAgain():
            return _again(state, command, now)
        case DecideTask():
            state.task(TaskKey(command.run, command.task))
            return [DecisionMade(now, command.run, command.task, command.by, command.choice)]
        case AnswerQuestion():
            return _answer(state, command, now)
        case DecidePatch():
            return [
                PatchDecided(
                    now, command.run, command.task, command.attempt, command.name, command.patch, command.choice, command.by,
                    command.reason, command.result,
                )
            ]  # fmt: skip
        case PauseAgent():
            return [AgentSet(now, _known(state, command.agent), command.by, paused=True, reason=command.reason)]
        case ResumeAgent():
            return [AgentSet(now, _known(state, command.agent), command.by, paused=False)]
        case LimitAgent():
            return [AgentSet(now, _known(state, command.agent), command.by, limit=command.limit)]
        case DrainAgent():
            return _drain(state, command, now)
        case StopAgent():
            return _stop(state, command, now)
        case TakeTask():
            return _take(state, command, now)
        case FinishTask():
            key = state.task(TaskKey(command.run, command.task)).key
            if not command.note.strip():
                raise Refused(
                    f"say in a note how task {key} was {'done' if command.done else 'tried'}: it is all that is known of it"
                )
            return [TaskFinished(now, *key, command.by, command.done, command.note.strip())]
        case ReleaseTask():
            key = state.task(TaskKey(command.run, command.task)).key
            return [TaskReleased(now, *key, command.by, command.reason)]
        case SetPriority():
            return [PrioritySet(now, state.run(command.run).id, command.priority, command.by)]
        case MoveTask():
            return _move(state, command, now)
        case NameAgents():
            here = {name for name, agent in state.agents.items() if agent.present}
            return [] if state.agents_known and here == set(command.agents) else [AgentsFound(now, command.agents)]
        case SetPerson():
            return [PersonSet(now, command.person, command.values)]
        case MarkAlerts():
            return [event for key in command.keys for event in _mark(state, command, key, now)]
        case LookOutside():
            return list(outside(state, command.facts, now))
        case TellCrew():
            return _tell_crew(state, command, now)
        case PassOver():
            return [ScheduleFired(now, command.schedule, command.due, 0, command.missed, command.note)]
        case (
            EndFiring()
            | FireRule()
            | JudgeTaking()
            | NoteAdvice()
            | OverruleAdvice()
            | ReopenAdvice()
            | SnoozeAdvice()
            | TakeAdvice()
            | UndoFiring()
        ):
            return [*grant_advice(state.advised, command, now)]
        case TellCases() | MoveCase() | MergeCases() | SplitCase() | NoteCase():
            return grant_cases(state, command, now)
        case SetDrain() | MakeHandoff() | NoteSeen():
            return [*grant_yield(command, now)]
        case KeepForecast():
            return [replace(command.kept, at=min(command.kept.at, now))]
        case TellNotices() | NoteTried() | RenewNotice():
            return [*grant_notice(command, now)]
        case AssignTask() | WithdrawTask() | TaskDoneBy() | NoteTick() | PlaceChange() | NoteRoadmap():
            return grant_roadmap(state, command, now)
        case _:
            assert_never(command)


def _submit(state: State, command: Submit, now: float) -> list[Event]:
    if command.key and command.key in state.keys:
        return []
    if state.halted:
        raise Refused(f"no new work is taken: {state.halted}")
    if not command.specs:
        raise Refused(f"pipeline '{command.name}' has no job for this workspace; see `callboard plan`")
    if command.assignment:
        may_start(state, command.assignment)
    run = state.last_run + 1
    events: list[Event] = [
        RunSubmitted(
            now, run, command.name, command.workspace, command.by, command.trigger, command.priority, command.specs,
            command.config, command.key, command.git,
        )
    ]  # fmt: skip
    if command.assignment:
        events.append(started(command.assignment, run, now))
    if command.schedule:
        events.append(ScheduleFired(now, command.schedule, command.due, run, command.missed))
    return events


def _tell_crew(state: State, command: TellCrew, now: float) -> list[Event]:
    if not command.crew or len(command.crew) > LONGEST_CREW or not command.crew.isprintable():
        raise Refused(f"a crew's name has between 1 and {LONGEST_CREW} printable signs")
    if command.source not in SOURCES:
        raise Refused(f"'{command.source}' is no source of a crew; the sources: {', '.join(SOURCES)}")
    crew = state.crews.get(command.crew)
    if crew is None and len(state.crews) >= MOST_CREWS:
        raise Refused(f"there are {MOST_CREWS} crews already; '{command.crew}' is one too many")
    known = crew.streams.get(command.stream, 0) if crew is not None and command.stream else 0
    fresh = [fact for fact in command.facts if not command.stream or fact.get("n", command.upto) > known]
    facts = news(crew, command.source, checked_facts(fresh, now, command.sent), now)
    if not facts:
        return []
    return [CrewSeen(now, command.crew, command.source, facts, command.stream, max(known, command.upto))]


def _again(state: State, command: TryAgain, now: float) -> list[Event]:
    run = state.run(command.run)
    if command.task is not None:
        state.task(TaskKey(command.run, command.task))
        return [RetryAsked(now, run.id, (command.task,), command.by)]
    bad = tuple(
        task.index
        for task in run.tasks
        if task.state in BAD and task.state is not TaskState.SKIPPED and not task.spec.undoes
    )
    if not bad:
        raise Refused(f"nothing in run {run.id} failed, was cancelled or lost: there is nothing to try again")
    return [RetryAsked(now, run.id, bad, command.by)]


def _move(state: State, command: MoveTask, now: float) -> list[Event]:
    task = state.task(TaskKey(command.run, command.task))
    spec, agent = task.spec, _known(state, command.agent)
    if task.live or task.final:
        raise Refused(f"task {task.key} '{spec.name}' is {task.state}; only what waits can be moved")
    if agent == spec.agent:
        raise Refused(f"task {task.key} '{spec.name}' is with {agent} already")
    chosen = next((candidate for candidate in spec.candidates if candidate.agent == agent), None)
    if chosen is None:
        able = ", ".join(candidate.agent for candidate in spec.candidates if candidate.agent != spec.agent) or "nobody"
        wanted = f"'{spec.wants}'" if spec.wants else f"what {spec.action} does" if spec.action else "commands"
        raise Refused(f"agent '{agent}' offers no action for {wanted}; of the others, {able} does")
    trouble = state.trouble_of(agent)
    if trouble:
        raise Refused(f"task {task.key} cannot be moved: {agent} {trouble}")
    return [moving(state, task, chosen, now, command.by, f"moved from {spec.agent} to {agent} by {command.by}")]


def _drain(state: State, command: DrainAgent, now: float) -> list[Event]:
    agent = state.agents[_known(state, command.agent)]
    if agent.drained_by == command.by:
        return []
    return [AgentDraining(now, agent.name, command.by, state.last_run, command.reason)]


def _stop(state: State, command: StopAgent, now: float) -> list[Event]:
    """Attempts that are being ended already go their own way."""
    agent = _known(state, command.agent)
    chosen = [task for task in state.working.get(agent, ()) if not task.stopping]
    what = f"{command.by} {'restarted' if command.restart else 'stopped'} agent {agent}"
    words = what + (f": {command.reason}" if command.reason else "")
    keys = tuple(str(task.attempt_key) for task in chosen)
    stops = [AttemptStopping(now, *task.attempt_key, words, put_back=True) for task in chosen]
    return [AgentStopped(now, agent, command.by, keys, command.restart, command.reason), *stops]


def _take(state: State, command: TakeTask, now: float) -> list[Event]:
    task = state.task(TaskKey(command.run, command.task))
    if task.taken is not None and task.taken.by == command.by:
        return []
    bucket = state.ready.bucket_of(task)
    holds = waited(task, bucket, now) if bucket is not None else ()
    return [TaskTaken(now, *task.key, command.by, command.reason, holds)]


def _answer(state: State, command: AnswerQuestion, now: float) -> list[Event]:
    task = state.task(TaskKey(command.run, command.task))
    asked = (task.questions or {}).get(command.question)
    if asked is None:
        raise Refused(f"task {task.key} does not ask question '{command.question}'")
    if command.choice not in asked[1]:
        raise Refused(f"'{command.choice}' is no answer to '{asked[0]}'; the choices: {', '.join(asked[1])}")
    return [
        QuestionAnswered(now, command.run, command.task, task.attempt, command.question, command.choice, command.by)
    ]


def _known(state: State, agent: str) -> str:
    if agent not in state.agents:
        known = ", ".join(sorted(state.agents)) or "none"
        raise Refused(f"there is no agent '{agent}'; the agents: {known}")
    return agent


def _mark(state: State, command: MarkAlerts, key: str, now: float) -> list[AlertMarked]:
    """The first one's word counts: who comes later is told, and may reopen the alert to take it over."""
    alert = state.alerts.get(key)
    trouble = ""
    if alert is None:
        trouble = "is resolved already; it comes back by itself when its cause does"
    elif command.choice == Choice.REOPENED:
        trouble = "is open already" if alert.state is AlertState.OPEN else ""
    elif alert.state is not AlertState.OPEN and alert.by != command.by:
        trouble = f"was {alert.state} by {alert.by} already; reopen it to take it over"
    elif command.choice == Choice.ACKNOWLEDGED and alert.state is AlertState.ACKNOWLEDGED:
        return []
    if command.choice == Choice.SNOOZED and not now < (command.until or 0.0) <= now + LONGEST_SNOOZE_S:
        trouble = f"can be snoozed until a time in the next {LONGEST_SNOOZE_S / 86_400:.0f} days"
    if not trouble:
        return [AlertMarked(now, key, command.choice, command.by, command.until, command.reason)]
    if command.skip:
        return []
    raise Refused(f"alert {alert_id(key)} {trouble}")
