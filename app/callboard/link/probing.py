"""Asks the declared endpoints of the platform how they are, politely, from a thread of its own."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.config import CONFIG_NAME, Config, read_config
from callboard.config.coordinating import span_of
from callboard.core.boundary import Boundary
from callboard.core.yielding import Rule, Surroundings
from callboard.errors import CallboardError
from callboard.link.probing_figures import Figures, Now
from callboard.link.probing_request import METHODS, Probe, Target, probe
from callboard.work.sparing.budget import Budget, key_of

LOOK_S = 1.0
JOIN_S = 5.0
WATCH_S = 2.0
MOST = 12
REFUSED_AGAIN_S = 30.0

Trend = Callable[[str], list[float]]


def targets_of(config: Config) -> dict[str, Target]:
    """The endpoints that are watched: those that say how often, and those by which heavy tasks wait for users."""
    found: dict[str, Target] = {}
    for name, table in config.endpoints.items():
        every = span_of(table["watch"]) if "watch" in table else WATCH_S
        method = str(table.get("method", "GET"))
        if (
            ("watch" in table or name in config.coordination.yield_endpoints)
            and method in METHODS
            and len(found) < MOST
        ):
            codes = table.get("expect", ())
            expect = frozenset(codes if isinstance(codes, list | tuple) else [codes])
            found[name] = Target(name, str(table["url"]), method, expect, every)
    return found


@dataclass(slots=True)
class _Watch:
    target: Target
    boundary: Boundary
    figures: Figures
    task: "asyncio.Task[None] | None" = None
    window_s: float = field(default=60.0)


class Prober:
    """Follows `callboard.toml`; a broken one leaves the former in force. Nothing happens before `start` and after `close`.

    `why_not` says why nothing may be asked here, '' when it may; `trend` gives what was measured of an endpoint before. At most
    `[boundary] probes_per_second` requests go to one host, MonitorAnalytics' and all others' of this data folder counted in.
    """

    def __init__(
        self, workspace: Path, data: Path, why_not: Callable[[], str] = lambda: "", trend: Trend = lambda name: []
    ) -> None:
        self._workspace = workspace
        self._data = data
        self._why_not = why_not
        self._trend = trend
        self._watches: dict[str, _Watch] = {}
        self._rule = Rule()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ""
        self.read_first()

    def read_first(self) -> None:
        """The rule, before anything is asked."""
        with contextlib.suppress(CallboardError):
            self._rule = read_config(self._workspace).coordination

    def start(self) -> None:
        """Begins, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it, and waits a moment for that."""
        self._ended.set()
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stopping.set)
        if self._thread is not None:
            self._thread.join(JOIN_S)

    # -- what is known; from any thread ------------------------------------------------------------------------

    @property
    def rule(self) -> Rule:
        """`[coordination]` as it was last read."""
        return self._rule

    def surroundings(self) -> Surroundings:
        """The rule, and how each endpoint answers now."""
        now, rule = time.time(), self._rule
        readings = (watch.figures.reading(name, now, watch.window_s) for name, watch in list(self._watches.items()))
        return Surroundings(rule, tuple(reading for reading in readings if reading is not None))

    def looks(self) -> list[tuple[Target, Now, Figures]]:
        """Each watched endpoint with its figures of now."""
        now = time.time()
        return [
            (watch.target, watch.figures.now(now, watch.window_s), watch.figures)
            for watch in list(self._watches.values())
        ]

    # -- the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._follow())

    async def _follow(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        files = (self._workspace / CONFIG_NAME, self._data / "trust.json", self._workspace / ".git" / "config")
        seen: list[tuple[int, int, int]] = []
        try:
            while not self._ended.is_set():
                now = [_stamp(file) for file in files]
                if now != seen:
                    seen = now
                    await asyncio.to_thread(self._read)
                    self._reconcile()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), LOOK_S)
        finally:
            tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _read(self) -> None:
        try:
            config = read_config(self._workspace)
        except CallboardError as error:
            self.trouble = str(error)
            return
        self.trouble = self._why_not()
        self._rule = config.coordination
        wanted = {} if self.trouble else targets_of(config)
        watches = {}
        for name, target in wanted.items():
            former = self._watches.get(name)
            same = former is not None and former.target == target and former.boundary == config.boundary
            if former is not None and same:
                watches[name] = former
            else:
                kept = former is not None and former.target.url == target.url
                figures = former.figures if former is not None and kept else Figures(self._trend(name))
                watches[name] = _Watch(target, config.boundary, figures)
            watches[name].window_s = config.coordination.yield_window_s
        gone = [watch for name, watch in self._watches.items() if watches.get(name) is not watch]
        self._watches = watches
        if self._loop is not None:
            for watch in gone:
                if watch.task is not None:
                    self._loop.call_soon_threadsafe(watch.task.cancel)

    def _reconcile(self) -> None:
        for watch in self._watches.values():
            if watch.task is None:
                watch.task = asyncio.get_running_loop().create_task(self._keep_asking(watch))

    async def _keep_asking(self, watch: _Watch) -> None:
        budget = Budget(self._data, watch.boundary.probes_per_second)
        figures, target = watch.figures, watch.target
        while True:
            began = time.monotonic()
            try:
                found = await probe(target, watch.boundary, budget)
            except CallboardError as error:
                figures.paused = str(error)
                await asyncio.sleep(REFUSED_AGAIN_S)
                continue
            except Exception as error:  # whatever a platform sends, the others are asked on
                found = Probe(time.time(), None, f"{type(error).__name__} while it was asked")
            figures.add(found, watch.window_s)
            figures.paused = f"left alone for {found.paused_s:.0f} s: {found.trouble}" if found.paused_s else ""
            every = max(target.every_s, self._share_s(target, watch.boundary))
            await asyncio.sleep(max(0.0, every - (time.monotonic() - began), found.paused_s))

    def _share_s(self, target: Target, boundary: Boundary) -> float:
        """How often it may be asked so that all watched endpoints of its host leave a third of the budget to others."""
        own = key_of(target.url)
        count = sum(key_of(watch.target.url) == own for watch in self._watches.values())
        return 1.5 * count / max(boundary.probes_per_second, 0.001)


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        known = file.stat()
    except OSError:
        return (0, 0, 0)
    return (known.st_mtime_ns, known.st_size, known.st_ino)


def kept_sample(at: float, target: Target, now: Now) -> tuple[float, int, int, float, float, dict[str, Any] | None]:
    """What is kept of an endpoint's figures: (at, 0, -1, p95 in ms, good answers in per cent, the rest)."""
    rest: Mapping[str, Any] = {"endpoint": target.name, "p50": now.p50, "n": now.n}
    return (at, 0, -1, now.p95 or 0.0, now.success or 0.0, dict(rest))
