"""Puts one event into the state, or refuses it; the same events give the same state."""

import heapq
from typing import assert_never

from callboard.core import crew_fold, hands
from callboard.core.advice_events import (
    AdviceGiven,
    AdviceGone,
    AdviceJudged,
    AdviceOverruled,
    AdviceReopened,
    AdviceSnoozed,
    AdviceTaken,
    RuleDone,
    RuleFired,
    RuleUndone,
)
from callboard.core.case_events import (
    CaseGone,
    CaseMerged,
    CaseMoved,
    CaseNoted,
    CaseOpened,
    CaseSeen,
    CasesLooked,
    CaseSplit,
    CaseTaught,
)
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.events import (
    AgentDrained,
    AgentDraining,
    AgentSet,
    AgentsFound,
    AgentStopped,
    AlertMarked,
    AlertRaised,
    AlertResolved,
    ArtifactKept,
    AttemptBegan,
    AttemptDecided,
    AttemptEnded,
    AttemptStopping,
    CancelAsked,
    DecisionMade,
    EngineStarted,
    Event,
    FindingsFound,
    MetricsTaken,
    PatchDecided,
    PersonSet,
    PrioritySet,
    QuestionAnswered,
    QuestionAsked,
    RetryAsked,
    RunSubmitted,
    ScheduleFired,
    SectionShown,
    TaskFinished,
    TaskMoved,
    TaskReleased,
    TasksAdded,
    TaskTaken,
)
from callboard.core.forecast_events import ForecastKept
from callboard.core.intervention import cancel, decision, moved, priority, retry
from callboard.core.moves import finish, let_go, line_up, live, move, story
from callboard.core.notice_events import NoticeRenewed, NoticesMade, NoticesTried
from callboard.core.roadmap_events import (
    RoadmapAssigned,
    RoadmapCounted,
    RoadmapDone,
    RoadmapForeseen,
    RoadmapPlaced,
    RoadmapStarted,
    RoadmapTicked,
    RoadmapWithdrawn,
)
from callboard.core.run import NONE_FOUND, SEVERITIES
from callboard.core.state import State
from callboard.core.submission import added_tasks, submitted
from callboard.core.task import FINAL, TaskKey, TaskState
from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen, YieldSet
from callboard.errors import Refused

START_WITHIN_S = 30.0
END_GRACE_S = 15.0
PATCH_CHOICES = ("proposed", "accepted", "rejected", "undone")


def fold(state: State, event: Event) -> None:
    """Changes the state as the event says; O(log n) plus the direct children of its task.

    Raises `Refused` for an event that the state does not allow, and leaves the state as it was.
    """
    match event:
        case AttemptDecided():
            _decided(state, event)
        case AttemptBegan():
            _began(state, event)
        case AttemptEnded():
            _ended(state, event)
        case AttemptStopping():
            task = live(state, event.run, event.task, event.attempt)
            task.stopping = task.stopping or event.reason
            task.put_back = event.put_back
            task.late = event.late
            state.changed_tasks[task] = None
        case RunSubmitted():
            submitted(state, event)
        case TasksAdded():
            added_tasks(state, event)
        case TaskMoved():
            moved(state, event)
        case CancelAsked():
            cancel(state, event)
        case RetryAsked():
            retry(state, event)
        case DecisionMade():
            decision(state, event)
        case TaskTaken():
            hands.taken(state, event)
        case TaskFinished():
            hands.finished(state, event)
        case TaskReleased():
            hands.released(state, event)
        case PrioritySet():
            priority(state, event)
        case FindingsFound():
            _found(state, event)
        case QuestionAsked():
            task = live(state, event.run, event.task, event.attempt)
            task.questions = {**(task.questions or {}), event.question: (event.text, event.choices, event.at)}
            state.changed_tasks[task] = None
        case QuestionAnswered():
            task = live(state, event.run, event.task, event.attempt)
            if event.question not in (task.questions or {}):
                raise Refused(f"task {task.key} does not ask question '{event.question}'")
            task.questions = {k: v for k, v in (task.questions or {}).items() if k != event.question} or None
            state.changed_tasks[task] = None
        case MetricsTaken() | ArtifactKept() | SectionShown():
            state.task(TaskKey(event.run, event.task))
        case AgentSet():
            _agent_set(state, event)
        case AgentDraining():
            hands.draining(state, event)
        case AgentDrained():
            hands.drained(state, event)
        case AgentStopped():
            hands.stopped(state, event)
        case AgentsFound():
            _agents_found(state, event)
        case EngineStarted():
            if event.epoch <= state.epoch:
                raise Refused(f"epoch {event.epoch} is not newer than {state.epoch}")
            state.epoch = event.epoch
            crew_fold.listen_anew(state.crews, event.at)
        case PersonSet():
            pass  # it is nobody's work; the record keeps it
        case PatchDecided():
            if event.choice not in PATCH_CHOICES:
                raise Refused(f"'{event.choice}' is no choice for a patch; the choices: {', '.join(PATCH_CHOICES)}")
        case ScheduleFired():
            state.fired[event.schedule] = event.due
            state.last_run = max(state.last_run, event.run)
        case AlertRaised() | AlertResolved() | AlertMarked():
            state.alerts.take(event)
        case (
            RoadmapAssigned()
            | RoadmapCounted()
            | RoadmapDone()
            | RoadmapForeseen()
            | RoadmapPlaced()
            | RoadmapStarted()
            | RoadmapTicked()
            | RoadmapWithdrawn()
        ):
            state.roadmaps.take(event)
        case (
            CaseOpened()
            | CaseSeen()
            | CaseGone()
            | CaseMoved()
            | CaseMerged()
            | CaseSplit()
            | CaseNoted()
            | CaseTaught()
            | CasesLooked()
        ):
            state.cases.take(event)
        case YieldSet():
            state.yields.take(event)
            state.stirred |= {task: None for task in state.ready.waiting() if task.spec.heavy}
        case DrainSet() | DrainSeen() | HandoffMade() | HandoffSeen():
            pass  # said to the platform; the record keeps it
        case ForecastKept():
            pass  # it is held against what happens; the record keeps it
        case NoticesMade() | NoticesTried() | NoticeRenewed():
            pass  # said to people; the record keeps it
        case (
            AdviceGiven()
            | AdviceGone()
            | AdviceJudged()
            | AdviceOverruled()
            | AdviceReopened()
            | AdviceSnoozed()
            | AdviceTaken()
            | RuleDone()
            | RuleFired()
            | RuleUndone()
        ):
            state.advised.take(event)
        case CrewSeen() | CrewSilent():
            crew_fold.take(state.crews, event)
        case _:
            assert_never(event)


def _decided(state: State, event: AttemptDecided) -> None:
    task = state.task(TaskKey(event.run, event.task))
    if task.state is not TaskState.WAITING or task.unmet or event.attempt != task.attempt + 1:
        raise Refused(story(task, f"attempt {event.attempt} cannot be decided"))
    state.withdraw(task)
    task.attempt = event.attempt
    task.decided = event.at
    task.started = task.ended = None
    task.ready_at = None
    task.retry_at = 0.0
    task.outcome_reason = ""
    task.verdict = None
    task.hand = None
    task.stopping = ""
    task.put_back = False
    task.late = False
    task.process = None
    task.findings = NONE_FOUND
    task.hold_on(event.holds)
    move(state, task, TaskState.STARTING)
    state.pool.take(task)
    state.live[task.key] = task
    if task.spec.agent:
        state.working.setdefault(task.spec.agent, {})[task] = None
        state.changed_agents[task.spec.agent] = None
    if task.run.started is None:
        task.run.started = event.at
    heapq.heappush(state.deadlines, (event.at + START_WITHIN_S, task.attempt_key, "starting"))


def _began(state: State, event: AttemptBegan) -> None:
    task = live(state, event.run, event.task, event.attempt)
    if task.state is TaskState.RUNNING and not event.adopted:
        raise Refused(story(task, "it runs already"))
    task.process = event.process
    if task.spec.undo:
        task.dirty = True
    if task.started is None:
        task.started = event.at
    if task.state is not TaskState.RUNNING:
        move(state, task, TaskState.RUNNING)
    state.changed_tasks[task] = None
    if task.spec.limits.time_s:
        due = task.started + task.spec.limits.time_s + END_GRACE_S
        heapq.heappush(state.deadlines, (due, task.attempt_key, "running"))


def _ended(state: State, event: AttemptEnded) -> None:
    task = live(state, event.run, event.task, event.attempt)
    if event.outcome not in FINAL and event.outcome not in (TaskState.WAITING, TaskState.NEEDS_DECISION):
        raise Refused(story(task, f"an attempt cannot end as '{event.outcome}'"))
    let_go(state, task)
    task.ended = event.at
    task.verdict = event.verdict
    task.outcome_reason = event.reason
    task.questions = None
    task.cpu_s += event.usage.cpu_s
    task.peak_mb = max(task.peak_mb, event.usage.peak_mb)
    task.read_mb += event.usage.read_mb
    task.written_mb += event.usage.written_mb
    if event.outcome in FINAL:
        finish(state, task, event.outcome, event.at)
        return
    move(state, task, event.outcome)
    hands.ended_while_taken(task)
    if event.outcome is TaskState.WAITING:
        task.retry_at = event.retry_at
        line_up(state, task, event.at)


def _found(state: State, event: FindingsFound) -> None:
    task = state.task(TaskKey(event.run, event.task))
    counts = list(task.findings)
    for finding in event.findings:
        if finding.get("accepted"):
            continue
        counts[SEVERITIES.index(finding["severity"])] += 1
    task.findings = tuple(counts)
    state.changed_tasks[task] = None


def _agent_set(state: State, event: AgentSet) -> None:
    if event.limit is not None and event.limit < 0:
        raise Refused(f"agent '{event.agent}' cannot work on {event.limit} at once; 0 means no limit of its own")
    agent = state.agent(event.agent)
    if event.paused is not None:
        state.set_drain(event.agent, "", "", 0.0, 0)
        agent.paused_by = event.by if event.paused else ""
        agent.pause_reason = event.reason if event.paused else ""
        agent.paused_at = event.at if event.paused else 0.0
        state.reroute()
    if event.limit is not None:
        agent.limit = event.limit
    state.changed_agents[event.agent] = None


def _agents_found(state: State, event: AgentsFound) -> None:
    state.agents_known = True
    here = set(event.agents)
    for name in here:
        state.agent(name).present = True
        state.changed_agents[name] = None
    for name, agent in state.agents.items():
        if name not in here:
            agent.present = False
            state.changed_agents[name] = None
    state.reroute()
