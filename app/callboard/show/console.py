"""What all running attempts print, as one stream for those who watch; nothing is read when nobody does."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.errors import CallboardError
from callboard.show.api.desk import Desk

logger = logging.getLogger(__name__)

ROOM = "console"
EVERY_S = 0.25
BUDGET = 65_536
LEAST = 1_024
FAR_BEHIND = 1 << 18
MOST_AT_ONCE = 64
LIVE = frozenset({"starting", "running"})

Row = Mapping[str, Any]
Emit = Callable[[str, Row, str], Awaitable[None]]


@dataclass(slots=True)
class Place:
    """How far the log of an attempt was told."""

    task: str
    attempt: int
    name: str
    agent: str
    offset: int
    ended: bool = False


class Console:
    """The tails of all live attempts, four times a second, in at most 64 KiB a time.

    The budget is shared out anew each time: who prints little leaves its share to the others, and who prints more than
    its share falls behind alone; once it is 256 KiB behind, a piece is left out and the part says how many bytes.
    """

    def __init__(self, desk: Desk, emit: Emit) -> None:
        self._desk = desk
        self._emit = emit
        self._places: dict[tuple[str, int], Place] = {}
        self._since = 0.0
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self, watched: Callable[[str], bool]) -> None:
        """Follows as long as the room is watched. On return everything printed from now on will be told."""
        if self._task is None:
            self._begun.clear()
            self._task = asyncio.create_task(self._follow(watched), name=ROOM)
            self._task.add_done_callback(self._over)
        await self._begun.wait()

    def hear(self, rows: Iterable[Row]) -> None:
        """Task rows that changed: attempts begin and end."""
        if self._task is None:
            return
        for row in rows:
            key = (row["id"], row["attempt"])
            live = row["state"] in LIVE
            for place in [place for name, place in self._places.items() if name[0] == key[0]]:
                place.ended = not live or place.attempt != row["attempt"]
            missed = row["attempt"] and (row.get("ended") or 0.0) >= self._since
            if key not in self._places and (live or missed):
                self._places[key] = Place(*key, row["name"], row["agent"] or "", 0, ended=not live)

    def tasks(self) -> list[asyncio.Task[None]]:
        """What runs now."""
        return [self._task] if self._task else []

    def _over(self, task: asyncio.Task[None]) -> None:
        self._task = None
        self._places = {}
        self._begun.set()

    async def _follow(self, watched: Callable[[str], bool]) -> None:
        self._since = time.time()
        try:
            self._places |= await asyncio.to_thread(self._ends)
            self._begun.set()
            while watched(ROOM):
                parts, over = await asyncio.to_thread(self._read, self._turn())
                for place in over:
                    self._places.pop((place.task, place.attempt), None)
                if parts:
                    await self._emit("console", {"at": time.time(), "parts": parts}, ROOM)
                await asyncio.sleep(EVERY_S)
        except Exception:
            logger.exception("The console cannot be followed")

    def _ends(self) -> dict[tuple[str, int], Place]:
        found = {}
        for row in self._desk.board()["tasks"]:
            if row["state"] in LIVE:
                key = (row["id"], row["attempt"])
                try:
                    size = self._desk.log(*key, -1, 1)["size"]
                except CallboardError:
                    size = 0
                found[key] = Place(*key, row["name"], row["agent"] or "", size)
        return found

    def _turn(self) -> list[Place]:
        """Whose turn it is; who was first comes last the next time."""
        turn = list(self._places.values())[:MOST_AT_ONCE]
        for place in turn if len(self._places) > MOST_AT_ONCE else turn[:1]:
            key = (place.task, place.attempt)
            self._places[key] = self._places.pop(key)
        return turn

    def _read(self, turn: list[Place]) -> tuple[list[Row], list[Place]]:
        """What is new, and who has ended and told all."""
        parts: list[Row] = []
        over: list[Place] = []
        left = BUDGET
        for at, place in enumerate(turn):
            ended = place.ended
            share = max(LEAST, left // (len(turn) - at))
            try:
                part = self._piece(place, share)
            except CallboardError:  # nothing printed yet, or given back already
                part = None
            if part is not None:
                parts.append(part)
                left -= part["next"] - part["offset"]
            elif ended:
                over.append(place)
        return parts, over

    def _piece(self, place: Place, share: int) -> Row | None:
        before = place.offset
        found = self._desk.log(place.task, place.attempt, before, share)
        if found["size"] - before > FAR_BEHIND:
            found = self._desk.log(place.task, place.attempt, -share, share)
        if found["next"] <= before:
            return None
        place.offset = found["next"]
        return {
            "task": place.task,
            "attempt": place.attempt,
            "name": place.name,
            "agent": place.agent,
            "left_out": max(0, found["offset"] - before),
            "offset": found["offset"],
            "next": found["next"],
            "text": found["text"],
        }
