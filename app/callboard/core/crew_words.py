"""What was seen of a crew, in one sentence."""

from callboard.core.crew_events import CrewSeen, CrewSilent, Fact

MOST_NAMED = 3


def seen_words(event: CrewSeen) -> str:
    """The starts and ends by name, the rest as a count."""
    told = [words for words in map(_of_fact, event.facts) if words]
    rest = len(event.facts) - len(told[:MOST_NAMED])
    more = f" and {rest} more" if told and rest else f"{rest} signs of life" if rest else ""
    return f"Crew {event.crew} ({event.source}): {', '.join(told[:MOST_NAMED])}{more}."


def silent_words(event: CrewSilent) -> str:
    """Which workflows nobody hears of any more."""
    count = len(event.workflows)
    what = "a workflow" if count == 1 else f"{count} workflows"
    return f"Crew {event.crew}: nothing was heard of {what} for too long; nobody knows what became of it."


def _of_fact(fact: Fact) -> str:
    name = fact.get("name") or fact.get("task", "")
    role = f" ({fact['role']})" if fact.get("role") else ""
    bad = f" failed{': ' + fact['error'] if fact.get('error') else ''}"
    match fact["what"]:
        case "workflow-started":
            return "a workflow began"
        case "workflow-ended":
            return "a workflow succeeded" if fact.get("ok", True) else f"a workflow{bad}"
        case "task-started":
            return f"{name}{role} began"
        case "task-ended":
            return f"{name}{role} succeeded" if fact.get("ok", True) else f"{name}{role}{bad}"
        case "task-retried":
            return f"{name}{role} is tried again"
        case "waits":
            return "it waits for a person" if fact.get("on") else "a person answered"
        case "source":
            return f"the source is {fact['state']}" + (f", {fact['words']}" if fact.get("words") else "")
        case "dropped":
            return f"{fact.get('calls', 0)} facts were lost on the way"
        case _:
            return ""
