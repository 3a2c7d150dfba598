"""The roadmap's own memory: who has which task of a change, what came of it, and where persons placed changes.

The tasks themselves are in the team's files. An assignment waits, runs, is done (with evidence) or failed, or is withdrawn;
a task has at most one that stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from callboard.core.roadmap_events import (
    AssignmentEvent,
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
from callboard.core.task import NO_OPTIONS
from callboard.errors import NotFound, Refused

MOST_STANDING = 5_000
LAYERS = ("critical", "high", "medium", "low")
OUTCOMES = ("ticked", "off", "refused")


class Stage(StrEnum):
    """How an assignment stands."""

    WAITS = "waits"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One task of a change in somebody's hands. `words`, `ended` and those after it are what it came to."""

    id: str
    workspace: str
    ref: str
    text: str
    to: str
    kind: str
    action: str
    why: str
    by: str
    at: float
    reason: str = ""
    options: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    state: Stage = Stage.WAITS
    started: float | None = None
    run: int = 0
    ended: float | None = None
    words: str = ""
    who: str = ""
    task: str = ""
    commit: str = ""
    tick: str = ""
    tick_why: str = ""
    ticked: float | None = None

    @property
    def change(self) -> str:
        """The change that its task belongs to."""
        return change_of(self.ref)

    @property
    def stands(self) -> bool:
        """Whether the engine still has to know it: a withdrawn one is history, and so is one whose line is ticked."""
        return self.state is not Stage.WITHDRAWN and not (self.state is Stage.DONE and self.tick == "ticked")


@dataclass(frozen=True, slots=True)
class Placing:
    """What persons said of a change's place, each None when nobody did; `words` tells who and why, by what was said."""

    layer: str | None = None
    rank: int | None = None
    after: tuple[str, ...] | None = None
    by: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0


def change_of(ref: str) -> str:
    """The change of a task: 'add-login' of 'add-login#1.2'."""
    return ref.partition("#")[0]


def told(known: Assignment | None, event: AssignmentEvent) -> Assignment:
    """The assignment after the event; raises `NotFound` and `Refused`."""
    if isinstance(event, RoadmapAssigned):
        if known is not None:
            raise Refused(f"there is an assignment {event.id} already")
        if event.kind not in ("agent", "person"):
            raise Refused(f"'{event.kind}' is no kind of assignment; it is agent or person")
        return Assignment(
            event.id, event.workspace, event.ref, event.text, event.to, event.kind, event.action, event.why, event.by,
            event.at, event.reason, event.options,
        )  # fmt: skip
    if known is None:
        raise NotFound(f"there is no assignment {event.id}")
    match event:
        case RoadmapStarted():
            if known.state is not Stage.WAITS or known.kind != "agent":
                raise Refused(f"{known.ref} cannot start: its assignment {told_state(known)}")
            return replace(known, state=Stage.RUNNING, started=event.at, run=event.in_run)
        case RoadmapDone():
            return _done(known, event)
        case RoadmapTicked():
            if known.state is not Stage.DONE:
                raise Refused(
                    f"{known.ref} cannot be ticked: its assignment {told_state(known)}, nothing shows that it is done"
                )
            if known.tick == "ticked":
                raise Refused(f"{known.ref} is ticked already, by {known.tick_why}")
            if event.mark not in OUTCOMES:
                raise Refused(f"'{event.mark}' is no outcome of a tick; it is {', '.join(OUTCOMES)}")
            return replace(known, tick=event.mark, tick_why=event.why, ticked=event.at)
        case RoadmapWithdrawn():
            if known.state is Stage.WITHDRAWN:
                raise Refused(f"the assignment of {known.ref} was withdrawn by {known.who} already")
            if not known.stands:
                raise Refused(f"{known.ref} is done and ticked; there is nothing to withdraw")
            return replace(known, state=Stage.WITHDRAWN, ended=event.at, who=event.by, words=event.reason)


def _done(known: Assignment, event: RoadmapDone) -> Assignment:
    """A run that failed may be tried again and pass; what passed stays so."""
    runs = known.kind == "agent"
    fits = (Stage.RUNNING, Stage.FAILED) if runs else (Stage.WAITS,)
    if known.state not in fits or (runs and event.in_run != known.run):
        raise Refused(f"nothing can be said of {known.ref} now: its assignment {told_state(known)}")
    return replace(
        known, state=Stage.DONE if event.ok else Stage.FAILED, ended=event.at, words=event.words, who=event.by,
        task=event.in_task, commit=event.commit,
    )  # fmt: skip


def told_state(one: Assignment) -> str:
    """'waits', 'runs as run 12', 'is done', … for sentences."""
    match one.state:
        case Stage.WAITS:
            return "waits"
        case Stage.RUNNING:
            return f"runs as run {one.run}"
        case Stage.DONE:
            return "is done" + (" and ticked" if one.tick == "ticked" else "")
        case Stage.FAILED:
            return f"failed in run {one.run}" if one.run else "failed"
        case Stage.WITHDRAWN:
            return f"was withdrawn by {one.who}"


def holder(one: Assignment) -> str:
    """'quality' or '@ann'."""
    return f"@{one.to}" if one.kind == "person" else one.to


class Roadmaps:
    """The assignments that stand and the places of changes, of every workspace; `take` alone changes them."""

    def __init__(self) -> None:
        self._by_id: dict[str, Assignment] = {}
        self._by_ref: dict[tuple[str, str], str] = {}
        self._by_run: dict[int, str] = {}
        self._places: dict[str, dict[str, Placing]] = {}
        self.moves = 0

    def get(self, id: str) -> Assignment | None:
        """The standing assignment of this id."""
        return self._by_id.get(id)

    def of(self, workspace: str, ref: str) -> Assignment | None:
        """The standing assignment of this task."""
        return self._by_id.get(self._by_ref.get((workspace, ref), ""))

    def of_run(self, run: int) -> Assignment | None:
        """The one that this run carries out."""
        return self._by_id.get(self._by_run.get(run, ""))

    def standing(self, workspace: str) -> Iterator[Assignment]:
        """All that stand in a workspace, in the order in which they were assigned."""
        return iter([one for one in self._by_id.values() if one.workspace == workspace])

    def places(self, workspace: str) -> Mapping[str, Placing]:
        """What persons said of the places of changes."""
        return dict(self._places.get(workspace, {}))

    def __len__(self) -> int:
        return len(self._by_id)

    def take(self, event: RoadmapEvent) -> None:
        """Puts an event in; raises `NotFound` and `Refused`, and then nothing has changed."""
        match event:
            case RoadmapCounted() | RoadmapForeseen():
                return
            case RoadmapPlaced():
                self._place(event)
            case _:
                self._tell(event)
        self.moves += 1

    def _tell(self, event: AssignmentEvent) -> None:
        after = told(self._by_id.get(event.id), event)
        place = (after.workspace, after.ref)
        if isinstance(event, RoadmapAssigned):
            standing = self.of(*place)
            if standing is not None:
                raise Refused(
                    f"{after.ref} was assigned to {holder(standing)} by {standing.by} already, and {told_state(standing)}; "
                    "withdraw that first"
                )
            if len(self._by_id) >= MOST_STANDING:
                raise Refused(f"{MOST_STANDING:,} tasks are assigned already; let some be done, or withdraw some")
        if not after.stands:
            del self._by_id[after.id]
            del self._by_ref[place]
            self._by_run.pop(after.run, None)
            return
        self._by_id[after.id] = after
        self._by_ref[place] = after.id
        if after.state in (Stage.RUNNING, Stage.FAILED) and after.run:
            self._by_run[after.run] = after.id
        else:
            self._by_run.pop(after.run, None)

    def _place(self, event: RoadmapPlaced) -> None:
        if event.layer not in (None, "", *LAYERS):
            raise Refused(f"'{event.layer}' is no layer; the layers: {', '.join(LAYERS)}")
        of_workspace = self._places.get(event.workspace, {})
        known = of_workspace.get(event.change, Placing())
        said = f"placed by {event.by}" + (f": {event.reason}" if event.reason else "")
        by = dict(known.by)
        layer, rank, after = known.layer, known.rank, known.after
        if event.layer is not None:
            layer, by["layer"] = event.layer or None, said
        if event.rank is not None:
            rank, by["rank"] = (event.rank if event.rank >= 0 else None), said
        if event.comes_after is not None:
            after, by["after"] = event.comes_after, said
            circle = find_circle({**_afters(of_workspace), event.change: event.comes_after})
            if circle:
                raise Refused(
                    f"{event.change} cannot come after {', '.join(event.comes_after)}: {circle_words(circle, event.change)}"
                )
        self._places.setdefault(event.workspace, {})[event.change] = Placing(layer, rank, after, by, event.at)


def _afters(places: Mapping[str, Placing]) -> dict[str, tuple[str, ...]]:
    return {change: place.after for change, place in places.items() if place.after}


def find_circle(after: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Changes that come after one another in a circle, the first again at the end; () when there is none.

    Without recursion: a hostile tree may be as deep as it likes.
    """
    over: set[str] = set()
    for start in after:
        if start in over:
            continue
        path: dict[str, None] = {start: None}
        stack = [iter(tuple(after.get(start, ())))]
        while stack:
            goal = next(stack[-1], None)
            if goal is None:
                over.add(path.popitem()[0])
                stack.pop()
            elif goal in path:
                way = list(path)
                return (*way[way.index(goal) :], goal)
            elif goal not in over:
                path[goal] = None
                stack.append(iter(tuple(after.get(goal, ()))))
    return ()


def circle_words(circle: tuple[str, ...], first: str = "") -> str:
    """'a comes after b, which comes after a'; told from `first` on, if that is in it."""
    if first in circle:
        start = circle.index(first)
        circle = (*circle[start:-1], *circle[:start], first)
    return f"{circle[0]} comes after " + ", which comes after ".join(circle[1:])
