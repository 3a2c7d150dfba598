"""One sentence for each event, with the facts used."""

from typing import assert_never

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
from callboard.core.advice_words import advice_sentence
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
from callboard.core.case_words import case_sentence
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.crew_words import seen_words, silent_words
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
from callboard.core.forecast_events import ForecastKept, forecast_sentence
from callboard.core.holds import gib, number
from callboard.core.notice_events import NoticeRenewed, NoticesMade, NoticesTried
from callboard.core.notices import notice_words
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
from callboard.core.roadmap_words import roadmap_sentence
from callboard.core.task import TaskState
from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen, YieldSet, told


def sentence(event: Event) -> str:
    """What happened and why, for a person; names of tasks are left to the reader's context."""
    match event:
        case RunSubmitted():
            return (
                f"Run {event.run} '{event.name}' was submitted by {event.by} ({event.trigger}): "
                f"{len(event.specs)} tasks, priority {event.priority.name.lower()}."
            )
        case TasksAdded():
            return _added(event)
        case TaskMoved():
            return f"{event.reason[:1].upper()}{event.reason[1:].rstrip('.')}."
        case AttemptDecided():
            waited = "; ".join(f"{seconds:.1f} s {cause}" for cause, seconds in event.holds)
            return f"Attempt {event.attempt} starts: {event.why}." + (f" Waited {waited}." if waited else "")
        case AttemptBegan():
            found = "was found running by a new engine and adopted" if event.adopted else "runs"
            return f"Attempt {event.attempt} {found}, process {event.process.pid}."
        case AttemptEnded():
            return _ended(event)
        case AttemptStopping():
            back = " It is tried again later." if event.put_back else ""
            return f"Attempt {event.attempt} is being ended: {event.reason}.{back}"
        case CancelAsked():
            what = "The run" if event.task < 0 else "The task"
            return f"{what} was cancelled by {event.by}" + (f": {event.reason}." if event.reason else ".")
        case RetryAsked():
            return f"{event.by} had {len(event.tasks)} ended task(s) tried again."
        case DecisionMade():
            return f"{event.by} decided: {event.choice}."
        case PrioritySet():
            return f"{event.by} set the priority of the run to {event.priority.name.lower()}."
        case FindingsFound():
            return f"Attempt {event.attempt} noticed {len(event.findings)} finding(s)."
        case MetricsTaken():
            return (
                "Measured " + ", ".join(f"{name} {value:g} {unit}".strip() for name, value, unit in event.metrics) + "."
            )
        case ArtifactKept():
            return f"Kept {event.name} ({event.size:,} bytes)."
        case SectionShown():
            return f"Showed section {event.name} on the agent's page."
        case PatchDecided():
            why = f": {event.reason.rstrip('.')}." if event.reason else "."
            return f"Patch {event.patch} ({event.name}) is {event.choice} by {event.by}{why}"
        case QuestionAsked():
            return f"Asks: {event.text} ({' / '.join(event.choices)})"
        case QuestionAnswered():
            return f"{event.by} answered: {event.choice}."
        case AgentSet():
            return _agent_set(event)
        case AgentDraining():
            what = f"{event.by} drains agent {event.agent}: it finishes what it has of runs up to {event.until}, then it is paused"
            return what + _why(event.reason)
        case AgentDrained():
            return f"Agent {event.agent} has finished what it had and is paused: {event.by} drained it" + _why(
                event.reason
            )
        case AgentStopped():
            return _stopped(event)
        case TaskTaken():
            return f"{event.by} took the task over by hand" + _why(event.reason)
        case TaskFinished():
            what = "done" if event.done else "failed"
            return f"{event.by} finished it by hand, {what}: {event.note.rstrip('.')}."
        case TaskReleased():
            return f"{event.by} gave the task back" + _why(event.reason)
        case AgentsFound():
            return f"Agents here: {', '.join(event.agents) or 'none'}."
        case PersonSet():
            return f"{event.person} set {', '.join(sorted(map(str, event.values))) or 'nothing'} of their own."
        case EngineStarted():
            return f"Engine {event.version} took over as epoch {event.epoch}."
        case ScheduleFired():
            missed = f" {event.missed} earlier due time(s) were missed." if event.missed else ""
            made = f"started run {event.run}" if event.run else f"started nothing: {event.note}"
            return f"Schedule '{event.schedule}' {made}.{missed}"
        case AlertRaised():
            return f"Alert ({event.severity}): {event.title.rstrip('.')}" + (
                f": {event.text.rstrip('.')}." if event.text else "."
            )
        case AlertResolved():
            return f"Alert resolved: {event.why.rstrip('.')}."
        case AlertMarked():
            return _marked(event)
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
            return roadmap_sentence(event)
        case ForecastKept():
            return forecast_sentence(event)
        case NoticesMade() | NoticesTried() | NoticeRenewed():
            return notice_words(event)
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
            return case_sentence(event)
        case YieldSet() | DrainSet() | DrainSeen() | HandoffMade() | HandoffSeen():
            return told(event)
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
            return advice_sentence(event)
        case CrewSeen():
            return seen_words(event)
        case CrewSilent():
            return silent_words(event)
        case _:
            assert_never(event)


def _marked(event: AlertMarked) -> str:
    """Who did what; the hour until which is left to the reader's own clock."""
    if event.choice == "woken":
        return f"Alert is open again: {event.reason.rstrip('.')}."
    return f"{event.by} {event.choice} the alert" + (f": {event.reason.rstrip('.')}." if event.reason else ".")


def _added(event: TasksAdded) -> str:
    names = ", ".join(spec.name for spec in event.specs[:5]) + (", …" if len(event.specs) > 5 else "")
    if event.specs and event.specs[0].undoes:
        return f"Undo: {names} was added, as {event.specs[0].because.rstrip('.')}."
    count = f"{len(event.specs)} tasks" if len(event.specs) != 1 else "1 task"
    behind = f" {len(event.waiting)} that wait for this one wait for them too." if event.waiting else ""
    return f"{event.by} added {count}: {names}.{behind}"


def _ended(event: AttemptEnded) -> str:
    use = f"{event.usage.cpu_s:.1f} s of CPU, {gib(event.usage.peak_mb)} at the peak"
    verdict = f", verdict {event.verdict}" if event.verdict is not None else ""
    reason = f": {event.reason.rstrip('.')}" if event.reason else ""
    if event.outcome is TaskState.WAITING:
        return f"Attempt {event.attempt} ended ({event.how}){reason}. {use}."
    return f"Attempt {event.attempt} {event.outcome}{verdict}{reason}. {use}."


def _agent_set(event: AgentSet) -> str:
    if event.limit is not None:
        limit = f"may work on {number(event.limit)} at once" if event.limit else "has no limit of its own"
        return f"{event.by} said that agent {event.agent} {limit}."
    if event.paused:
        return f"{event.by} paused agent {event.agent}" + (f": {event.reason}." if event.reason else ".")
    return f"{event.by} let agent {event.agent} work again."


def _why(reason: str) -> str:
    return f": {reason.rstrip('.')}." if reason else "."


def _stopped(event: AgentStopped) -> str:
    what = "restarted" if event.restart else "stopped"
    count = len(event.attempts)
    ended = f", and {'1 attempt was' if count == 1 else f'{count} attempts were'} ended for it" if count else ""
    return f"{event.by} {what} agent {event.agent}{ended}" + _why(event.reason)
