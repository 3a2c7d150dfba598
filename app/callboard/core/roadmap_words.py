"""One sentence for each event of the roadmap."""

from typing import assert_never

from callboard.core.roadmap_events import (
    RoadmapAssigned,
    RoadmapCounted,
    RoadmapDone,
    RoadmapEvent,
    RoadmapForeseen,
    RoadmapPlaced,
    RoadmapStarted,
    RoadmapTicked,
    RoadmapWithdrawn,
)


def roadmap_sentence(event: RoadmapEvent) -> str:
    """What happened, for a person; an assignment's task is left to the reader's context."""
    match event:
        case RoadmapAssigned():
            to = f"@{event.to}" if event.kind == "person" else event.to
            act = f" ({event.action})" if event.action else ""
            why = f": {event.why.rstrip('.')}" if event.why else ""
            said = f" {event.by} says: {event.reason.rstrip('.')}." if event.reason else ""
            return f"{event.by} assigned {event.ref} to {to}{act}{why}.{said}"
        case RoadmapStarted():
            return f"Its work began as run {event.in_run}."
        case RoadmapDone():
            return f"{'Done' if event.ok else 'Not done'}: {event.words.rstrip('.')}."
        case RoadmapTicked():
            return _ticked(event)
        case RoadmapWithdrawn():
            return f"{event.by} withdrew the assignment" + (f": {event.reason.rstrip('.')}." if event.reason else ".")
        case RoadmapPlaced():
            return _placed(event)
        case RoadmapCounted():
            return f"The roadmap has {event.done} of {event.total} tasks done; {len(event.counts)} changes differ."
        case RoadmapForeseen():
            return f"The forecasts of {event.day} were kept: {len(event.moments)}."
        case _:
            assert_never(event)


def _ticked(event: RoadmapTicked) -> str:
    why = f": {event.why.rstrip('.')}." if event.why else "."
    if event.mark == "ticked":
        return f"{event.by} ticked the line{why}"
    if event.mark == "off":
        return f"The line was not ticked{why}"
    return f"The line could not be ticked by {event.by}{why}"


def _placed(event: RoadmapPlaced) -> str:
    said = []
    if event.layer is not None:
        said.append(f"into layer {event.layer}" if event.layer else "back into the layer of the rules")
    if event.rank is not None:
        said.append(f"to place {event.rank + 1}" if event.rank >= 0 else "back to its usual place")
    if event.comes_after is not None:
        said.append(f"after {', '.join(event.comes_after)}" if event.comes_after else "after nothing")
    reason = f": {event.reason.rstrip('.')}." if event.reason else "."
    return f"{event.by} put {event.change} {', '.join(said) or 'where it was'}{reason}"
