"""Reading what the tests tell while they run: one JSON object a line, from inside the workspace's interpreter."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from callboard.api import CallboardError, Context, TestOutcome, load_json

LONGEST_LINE = 200_000
MOST_LINES = 2_000_000
WORSE = ("passed", "xfailed", "skipped", "failed", "error")


@dataclass(slots=True)
class Told:
    """One test, or one file that could not be collected, as the stream tells it. `path` is absolute."""

    id: str
    outcome: str
    path: str = ""
    line: int = 0
    message: str = ""
    text: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Story:
    """All that was told: tests and collection errors by id, how many were planned, what ran when the telling ended.

    `root` is the folder that pytest's ids are relative to, `left` how many tests were left out on purpose.
    """

    planned: int = 0
    tests: dict[str, Told] = field(default_factory=dict)
    collect: dict[str, Told] = field(default_factory=dict)
    running: dict[str, None] = field(default_factory=dict)
    internal: str = ""
    root: str = ""
    left: int = 0
    begun: bool = False
    ended: bool = False

    def count(self, *outcomes: str) -> int:
        """How many tests ended with one of the outcomes."""
        return sum(told.outcome in outcomes for told in self.tests.values())

    def take(self, fact: dict[str, Any]) -> None:
        """Adds one fact; what is no fact is passed over. The worse outcome of a test (its teardown, say) stands."""
        kind, name = fact.get("t"), str(fact.get("id", ""))[:2_000]
        self.begun = True
        if kind == "plan" and isinstance(fact.get("count"), int):
            self.planned = max(self.planned, fact["count"])
        elif kind == "start":
            self.running[name] = None
        elif kind == "done":
            self.running.pop(name, None)
            seconds = fact.get("seconds")
            if name in self.tests and isinstance(seconds, (int, float)) and 0 <= seconds < 1e7:
                self.tests[name].seconds = float(seconds)
        elif kind == "left" and isinstance(fact.get("count"), int):
            self.left = max(self.left, fact["count"])
        elif kind in ("test", "collect"):
            line = fact.get("line")
            told = Told(
                name,
                str(fact.get("outcome", "error")),
                str(fact.get("path", ""))[:4_096],
                line if isinstance(line, int) and 0 < line < 10_000_000 else 0,
                str(fact.get("message", "")),
                str(fact.get("text", "")),
            )
            if kind == "collect":
                self.collect[name] = told
            elif told.outcome in WORSE:
                old = self.tests.get(name)
                if old is None or WORSE.index(told.outcome) >= WORSE.index(old.outcome):
                    self.tests[name] = told
        elif kind == "begin":
            self.root = str(fact.get("root", ""))[:4_096]
        elif kind == "internal":
            self.internal = str(fact.get("text", ""))
        elif kind == "end":
            self.ended = True


def facts(path: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The whole lines of a stream from an offset on, each with the offset behind it; damaged lines are passed over."""
    if not path.is_file():
        return
    with open(path, "rb") as file:
        file.seek(offset)
        for _ in range(MOST_LINES):
            line = file.readline(LONGEST_LINE)
            if not line.endswith(b"\n"):
                return
            try:
                fact = load_json(line, path, deepest=4)
            except CallboardError:
                continue
            if isinstance(fact, dict):
                yield file.tell(), fact


def story(*paths: Path) -> Story:
    """All that a stream told; of several, as if it were one."""
    told = Story()
    planned = left = 0
    ended = True
    for path in paths:
        told.planned = told.left = 0
        told.ended = False
        for _, fact in facts(path):
            told.take(fact)
        planned, left, ended = planned + told.planned, left + told.left, ended and told.ended
    told.planned, told.left, told.ended = planned, left, ended
    return told


class Progress:
    """Shows how far the tests are, from the stream, while a tool runs in the same thread; a context manager."""

    def __init__(self, ctx: Context, path: Path) -> None:
        self._ctx = ctx
        self._path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=5)

    def _follow(self) -> None:
        offset, planned = 0, 0
        seen: Counter[str] = Counter()
        while not self._over.wait(0.5):
            before = offset
            for end, fact in facts(self._path, offset):
                offset = end
                if fact.get("t") == "plan" and isinstance(fact.get("count"), int):
                    planned = max(planned, fact["count"])
                elif fact.get("t") == "test":
                    seen[str(fact.get("outcome"))] += 1
            done = sum(seen.values())
            if offset != before and done:
                bad = seen[TestOutcome.FAILED] + seen[TestOutcome.ERROR]
                note = f"{done} of {planned} tests" if planned else f"{done} tests"
                self._ctx.progress(done / planned if planned else None, f"{note}, {bad} failed" if bad else note)
