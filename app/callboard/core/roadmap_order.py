"""What of the roadmap may start now, and for each assignment that may not what it waits for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote

from callboard.core.roadmap import Assignment, Stage, change_of, circle_words, find_circle, holder

MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Lane:
    """A change as it reads now: its tasks in their order, each with whether its line is ticked, and what it comes after."""

    id: str
    tasks: tuple[tuple[str, bool], ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The roadmap as the files say it now, as far as order goes."""

    lanes: Mapping[str, Lane] = field(default_factory=dict)
    archived: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wait:
    """Why an assignment does not start: the words, where the culprit is, and the change that it belongs to."""

    words: str
    href: str = ""
    change: str = ""


class Order:
    """Looks at one reading with the assignments that stand in its workspace; made anew when either has changed."""

    def __init__(self, sheet: Sheet, standing: Iterable[Assignment]) -> None:
        self._sheet = sheet
        self._standing = {one.ref: one for one in standing}
        self._places = {ref: (lane, n) for lane in sheet.lanes.values() for n, (ref, _) in enumerate(lane.tasks)}
        self._ticked = {ref for lane in sheet.lanes.values() for ref, ticked in lane.tasks if ticked}
        self._left: dict[str, str | None] = {}
        self._first: dict[str, Assignment | None] = {}
        self._circle = find_circle({lane.id: lane.after for lane in sheet.lanes.values()})

    def is_done(self, ref: str) -> bool:
        """Ticked, or with evidence that it is done."""
        one = self._standing.get(ref)
        return ref in self._ticked or (one is not None and one.state is Stage.DONE)

    def wait_of(self, one: Assignment) -> Wait | None:
        """What the assignment waits for; None when it may start, or has."""
        if one.state is not Stage.WAITS:
            return None
        if one.ref not in self._places:
            return Wait(f"{one.ref} is not in the files any more; withdraw it, or write the task back")
        if one.ref in self._ticked:
            return Wait(f"{one.ref} is ticked already; withdraw it", _href(one.ref), one.change)
        lane, place = self._places[one.ref]
        for change in lane.after:
            wait = self.change_wait(lane.id, change)
            if wait is not None:
                return wait
        before = self._first_open(lane)
        if before is None or self._places[before.ref][1] >= place:
            return None
        how = {Stage.RUNNING: f", which runs as run {before.run}", Stage.FAILED: ", which failed"}.get(before.state)
        href = f"/runs/{before.run}" if before.run else _href(before.ref)
        return Wait(f"waits for {before.ref}{how or f' ({holder(before)} has it)'}", href, lane.id)

    def _first_open(self, lane: Lane) -> Assignment | None:
        """The first task of the change that somebody has and that is not done."""
        if lane.id not in self._first:
            refs = (ref for ref, _ in lane.tasks if ref in self._standing and not self.is_done(ref))
            self._first[lane.id] = self._standing.get(next(refs, ""))
        return self._first[lane.id]

    def change_wait(self, change: str, before: str) -> Wait | None:
        """What a change waits for that comes after `before`; None when that is done."""
        if change in self._circle and before in self._circle:
            return Wait(f"can never start: {circle_words(self._circle, change)}", _page(before), before)
        lane = self._sheet.lanes.get(before)
        if lane is None:
            if before in self._sheet.archived:
                return None
            return Wait(f"waits for change {before}, which is neither active nor archived", "", before)
        if before not in self._left:
            self._left[before] = self._words_of(lane)
        left = self._left[before]
        return None if left is None else Wait(f"waits for change {before}, {left}", _page(before), before)

    def _words_of(self, lane: Lane) -> str | None:
        if not lane.tasks:
            return "which has no tasks yet"
        open_ones = sum(not self.is_done(ref) for ref, _ in lane.tasks)
        return f"{open_ones} of {len(lane.tasks)} tasks of which are open" if open_ones else None

    def due(self) -> list[Assignment]:
        """Those for agents that may start now, the first assigned first; at most MOST_AT_ONCE."""
        waiting = (one for one in self._standing.values() if one.kind == "agent" and one.state is Stage.WAITS)
        return list(islice((one for one in waiting if self.wait_of(one) is None), MOST_AT_ONCE))

    def ticked(self, ref: str) -> bool:
        """Whether its line is ticked."""
        return ref in self._ticked


def _href(ref: str) -> str:
    return _page(change_of(ref))


def _page(change: str) -> str:
    return f"/roadmap/{quote(change, safe='')}"
