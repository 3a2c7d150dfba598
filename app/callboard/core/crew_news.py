"""Which facts about a crew say something new, so that the log keeps changes and no chatter."""

from callboard.core.crew import BEATS_WITHIN_S, RUNNING, WAITING, CrewState
from callboard.core.crew_events import Fact
from callboard.core.crew_fold import OVER

BEAT_KEPT_S = BEATS_WITHIN_S / 4
SOURCE_KEPT_S = 60.0


def news(crew: CrewState | None, source: str, facts: tuple[Fact, ...], now: float) -> tuple[Fact, ...]:
    """The facts without those that the state knows already."""
    if crew is None:
        return facts
    return tuple(fact for fact in facts if _is_news(crew, source, fact, now))


def _is_news(crew: CrewState, source: str, fact: Fact, now: float) -> bool:
    what = fact["what"]
    if what == "source":
        known = crew.sources.get(source)
        return known is None or (known.state, known.words) != (fact["state"], fact.get("words", ""))
    if what == "crew":
        roles = fact.get("roles", ())
        return fact.get("title", crew.title) != crew.title or any(role not in crew.agents for role in roles)
    if what == "dropped":
        return bool(fact.get("calls"))
    if fact["workflow"] in crew.gone:
        return False
    workflow = crew.workflows.get(fact["workflow"])
    if workflow is None:
        return True
    if what in ("seen", "tool"):
        return (
            now - workflow.heard >= BEAT_KEPT_S or workflow.state != RUNNING or (what == "seen" and not workflow.beats)
        )
    task = workflow.tasks.get(fact.get("task", ""))
    if what == "task-started":
        if task is None or task.state == WAITING or fact.get("role", task.role) != task.role:
            return True
        later = task.ended is not None and fact["at"] > task.ended
        return bool(task.started is None or fact["at"] < task.started or (task.state in OVER and later))
    if what == "task-ended":
        return task is None or task.state not in OVER or task.assumed or bool(fact["at"] != task.ended)
    if what == "workflow-started":
        same = (fact.get("process", workflow.process), fact.get("name", workflow.name)) == (
            workflow.process,
            workflow.name,
        )
        more = fact.get("total", 0) > (workflow.counted_total or 0) or any(
            row and row[0] not in workflow.tasks for row in fact.get("tasks", ())
        )
        return bool(not same or more or workflow.started is None or fact["at"] < workflow.started)
    if what == "workflow-ended":
        return bool(workflow.state not in OVER or workflow.ended is None or fact["at"] > workflow.ended)
    if what == "waits":
        return bool(workflow.waits != fact.get("on", False))
    if what == "progress":
        return bool(fact.get("done", 0) > workflow.counted_done) or fact.get("total") not in (
            None,
            workflow.counted_total,
        )
    return True
