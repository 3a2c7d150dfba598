"""What happened: the closed union of facts that the log keeps, in the order in which they happened.

`at` is wall time in seconds since the epoch. `run` and `task` name a task as in `TaskKey`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.advice_events import AdviceEvent, RuleEvent
from callboard.core.case_events import CaseEvent
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.facts import How
from callboard.core.forecast_events import ForecastKept
from callboard.core.notice_events import NoticeEvent
from callboard.core.roadmap_events import RoadmapEvent
from callboard.core.task import NO_OPTIONS, AttemptKey, Priority, Process, TaskSpec, TaskState, Usage, Verdict
from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen, YieldSet


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """An engine took over the log; attempts of an earlier `epoch` never write any more."""

    at: float
    epoch: int
    version: str


@dataclass(frozen=True, slots=True)
class AgentsFound:
    """Which agents there are: name and whether it can work, the trouble if not."""

    at: float
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentSet:
    """A person paused or resumed an agent, or set how many attempts it may have at once (None: not touched)."""

    at: float
    agent: str
    by: str
    paused: bool | None = None
    limit: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentDraining:
    """A person drains an agent: of runs after `until`, the last one at that moment, it takes nothing; what it has is finished."""

    at: float
    agent: str
    by: str
    until: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentDrained:
    """An agent that `by` drained since `since` has finished what it had, and is paused from now on."""

    at: float
    agent: str
    by: str
    since: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentStopped:
    """A person paused an agent and ends these attempts ('12.3#1'), or with `restart` ends them and lets it work again."""

    at: float
    agent: str
    by: str
    attempts: tuple[str, ...]
    restart: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunSubmitted:
    """A pipeline was submitted; `config` are the checked tables of the workspace's `callboard.toml`, `git` says which
    commit of which branch lay there, and how many files differed from it ({} where git knows nothing)."""

    at: float
    run: int
    name: str
    workspace: str
    by: str
    trigger: str
    priority: Priority
    specs: tuple[TaskSpec, ...]
    config: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    key: str = ""
    git: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class TasksAdded:
    """Tasks joined a run; they may depend on tasks that are there and on those before them in `specs`, by place.

    `by` is the attempt ('12.3#1') that added them, `task` its task. `waiting` are places of tasks that waited for that task
    and now wait for all of `specs` too, in the same way. A task that `undoes` another one joins also a run that is over.
    """

    at: float
    run: int
    by: str
    specs: tuple[TaskSpec, ...]
    task: int = -1
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """A task that waits was given to another agent: by a person, or with `by` empty by the engine.

    `ready` says that it lacked nothing but room, `holds` are the seconds that it was held before, by reason.
    """

    at: float
    run: int
    task: int
    agent: str
    action: str
    plugin: str
    by: str
    reason: str
    ready: bool = False
    holds: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptDecided:
    """An attempt will be started, and why now; `holds` are the seconds that the task was held since the last attempt, by reason."""

    at: float
    run: int
    task: int
    attempt: int
    epoch: int
    why: str
    holds: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptBegan:
    """Its process runs; `adopted` when a later engine found it running."""

    at: float
    run: int
    task: int
    attempt: int
    process: Process
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class AttemptStopping:
    """The engine ends an attempt by itself: `put_back` when it is to be tried again later, `late` when its time is over."""

    at: float
    run: int
    task: int
    attempt: int
    reason: str
    put_back: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """An attempt is over and the task goes to the state `outcome`: a final one, 'needs decision', or 'waiting' until `retry_at`."""

    at: float
    run: int
    task: int
    attempt: int
    how: How
    outcome: TaskState
    reason: str
    verdict: Verdict | None = None
    code: int | None = None
    retry_at: float = 0.0
    usage: Usage = Usage()
    data_age_days: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """A person, or a rule, cancels one task, or the whole run with task −1."""

    at: float
    run: int
    task: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """A person wants these ended tasks tried again, with what was skipped because of them."""

    at: float
    run: int
    tasks: tuple[int, ...]
    by: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A person decided about a task that needs a decision: 'retry' or 'give up'."""

    at: float
    run: int
    task: int
    by: str
    choice: str


@dataclass(frozen=True, slots=True)
class TaskTaken:
    """A person takes a task over by hand: nobody starts it until they finish it or give it back; an attempt under way is ended.

    `holds` are the seconds that it was held before, by reason.
    """

    at: float
    run: int
    task: int
    by: str
    reason: str = ""
    holds: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """The person who took a task over says that it is done, or that it failed, and how."""

    at: float
    run: int
    task: int
    by: str
    done: bool
    note: str


@dataclass(frozen=True, slots=True)
class TaskReleased:
    """The person who took a task over gives it back; it is what it was before."""

    at: float
    run: int
    task: int
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PrioritySet:
    """A person gave a run another class of priority."""

    at: float
    run: int
    priority: Priority
    by: str


@dataclass(frozen=True, slots=True)
class FindingsFound:
    """An attempt noticed something; each finding is a mapping of a Finding's fields."""

    at: float
    run: int
    task: int
    attempt: int
    findings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class MetricsTaken:
    """An attempt reported numbers: (name, value, unit)."""

    at: float
    run: int
    task: int
    attempt: int
    metrics: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class ArtifactKept:
    """An attempt kept a file; `path` is relative to its spool folder."""

    at: float
    run: int
    task: int
    attempt: int
    name: str
    path: str
    size: int
    format: str = ""
    patch: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """An attempt waits for a person's answer."""

    at: float
    run: int
    task: int
    attempt: int
    question: str
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """A person answered."""

    at: float
    run: int
    task: int
    attempt: int
    question: str
    choice: str
    by: str


@dataclass(frozen=True, slots=True)
class SectionShown:
    """An attempt put blocks into a section of its agent's page; `nth` counts what it put into sections, from 1."""

    at: float
    run: int
    task: int
    attempt: int
    nth: int
    name: str
    blocks: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PatchDecided:
    """What became of a patch that an attempt kept as `name`: accepted, rejected, undone, or proposed again with the reason.

    `patch` is the number by which people know it, `result` what the checkout was then: its commit, and each file's hash.
    """

    at: float
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
class ScheduleFired:
    """A due time of a schedule was dealt with: a run was submitted, or `note` says why not.

    `missed` earlier ones were passed over.
    """

    at: float
    schedule: str
    due: float
    run: int = 0
    missed: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class PersonSet:
    """What a person chose for themselves, or when they last looked; `values` go over what is kept of them, key by key."""

    at: float
    person: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A cause for alarm was seen: a new one, or one that has an alert already; see `callboard.core.alerts`.

    `run`, `task` and `attempt` say where it was seen, run 0 for none; they do not make the event one of that run.
    """

    at: float
    key: str
    kind: str
    severity: str
    title: str
    text: str = ""
    href: str = ""
    workspace: str = ""
    job: str = ""
    agent: str = ""
    run: int = 0
    task: int = -1
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class AlertResolved:
    """The cause of an alert is gone, and how that is known."""

    at: float
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class AlertMarked:
    """A person acknowledged, snoozed or reopened an alert, or a snooze is over and it was woken."""

    at: float
    key: str
    choice: str
    by: str
    until: float | None = None
    reason: str = ""


Event = (
    EngineStarted
    | AgentsFound
    | AgentSet
    | AgentDraining
    | AgentDrained
    | AgentStopped
    | RunSubmitted
    | TasksAdded
    | TaskMoved
    | AttemptDecided
    | AttemptBegan
    | AttemptStopping
    | AttemptEnded
    | CancelAsked
    | RetryAsked
    | DecisionMade
    | TaskTaken
    | TaskFinished
    | TaskReleased
    | PrioritySet
    | FindingsFound
    | MetricsTaken
    | ArtifactKept
    | PatchDecided
    | PersonSet
    | QuestionAsked
    | QuestionAnswered
    | SectionShown
    | ScheduleFired
    | AlertRaised
    | AlertResolved
    | AlertMarked
    | RoadmapEvent
    | CaseEvent
    | CrewSeen
    | CrewSilent
    | YieldSet
    | DrainSet
    | DrainSeen
    | HandoffMade
    | HandoffSeen
    | AdviceEvent
    | RuleEvent
    | NoticeEvent
    | ForecastKept
)

AttemptEvent = (
    AttemptDecided
    | AttemptBegan
    | AttemptStopping
    | AttemptEnded
    | FindingsFound
    | MetricsTaken
    | ArtifactKept
    | QuestionAsked
    | QuestionAnswered
    | SectionShown
)


def attempt_of(event: AttemptEvent) -> AttemptKey:
    """The attempt that an event is about."""
    return AttemptKey(event.run, event.task, event.attempt)
