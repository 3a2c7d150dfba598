"""The team's own status, asked now and then."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError, CallboardError
from callboard.link.crew_sources.difference import Differences
from callboard.link.crew_sources.fetch import Answer, NobodyThere, get
from callboard.link.crew_sources.look import ERROR, OFF, STALE, Look, Tell
from callboard.link.crew_sources.snapshot import Paths, snapshot_of
from callboard.link.crew_sources.values import MOST_ITEMS
from callboard.work.sparing.budget import Budget

REFUSED_S = 60.0
STRANGE = "it answers, but tells no workflow in words that are known; say where they stand with `fields`"


class Status:
    """Polls one address. What the boundary forbids is shown as its state, with the rule."""

    kind = "status"

    def __init__(
        self,
        url: str,
        every_s: float,
        paths: Paths,
        boundary: Boundary,
        budget: Budget,
        going_on: Iterable[str] = (),
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self._every_s = every_s
        self._paths = paths
        self._boundary = boundary
        self._budget = budget
        self._wall = wall
        self._alone = 0
        self._differences = Differences(self.kind, wall(), going_on)

    async def watch(self, tell: Tell) -> None:
        """Asks, tells, waits."""
        while True:
            look = await self.look()
            tell(look)
            await asyncio.sleep(max(self._every_s, look.wait))

    async def look(self) -> Look:
        """Asks once."""
        try:
            answer = await get(self.url, self._boundary, self._budget)
        except BoundaryError as error:
            return Look(OFF, str(error), wait=REFUSED_S)
        except NobodyThere as error:
            self._alone = min(self._alone + 1, 4)
            return Look(ERROR, str(error), wait=2.0**self._alone)
        except CallboardError as error:
            return Look(ERROR, str(error), wait=self._budget.due(self.url))
        self._alone = 0
        wait = self._budget.answered(self.url, answer.status, answer.retry_after)
        trouble = trouble_of(answer)
        if trouble:
            return Look(ERROR, trouble, wait=wait)
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            return Look(ERROR, "what it answers is no JSON")
        seen = snapshot_of(said, self._paths)
        if seen is None:
            return Look(STALE, STRANGE)
        return Look(facts=self._differences.facts(seen[:MOST_ITEMS], self._wall()))


def trouble_of(answer: Answer) -> str:
    """What is wrong with an answer, '' if nothing."""
    status = answer.status
    if status == 200:
        return ""
    if 300 <= status < 400:
        return f"it sends on to {answer.location or 'elsewhere'} ({status}), which is not followed; write that address"
    if status in (401, 403):
        return f"it wants a login ({status}), and Callboard sends none"
    if status == 404:
        return "there is nothing at this address (404)"
    if status == 429 or status >= 500:
        return f"it answers {status}; it is left alone for a while"
    return f"it answers {status}"
