"""Watches the crews of `callboard.toml` from a thread of its own, and tells what it sees."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from callboard.config import CONFIG_NAME, Config, read_config
from callboard.config.crews import CrewTable
from callboard.core.boundary import Boundary
from callboard.errors import CallboardError
from callboard.link.crew_sources.checkpoints import Checkpoints
from callboard.link.crew_sources.leading import ORDER, Gate, Standing
from callboard.link.crew_sources.log import Log
from callboard.link.crew_sources.look import ERROR, FRESH, OFF, STALE, Fact, Look, Source
from callboard.link.crew_sources.status import Status
from callboard.link.crew_sources.websocket import WebSocket
from callboard.work.sparing.budget import Budget

CONFIG_LOOK_S = 2.0
GRACE_S = 3.0
LONGEST_GRACE_S = 15.0
MOST_PENDING = 5_000
AT_ONCE = 400
AGAIN_S = 2.0
HEALTH_S = 30.0
JOIN_S = 5.0
NOT_YET = "its program does not tell of itself; `callboard crew observer` says how it could"

TellCrew = Callable[[str, str, Sequence[Mapping[str, Any]]], object]


class CrewWatch:
    """Follows `callboard.toml`: crews come and go with it; a broken one leaves the former in force.

    `tell` is `Desk.tell_crew`, `standing` what is known of a crew by source, `why_not` says why nothing may be asked here
    ('' when it may). Nothing happens before `start`, and nothing after `close`.
    """

    def __init__(
        self,
        workspace: Path,
        data: Path,
        tell: TellCrew,
        standing: Callable[[str], Standing],
        why_not: Callable[[], str] = lambda: "",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._workspace = workspace
        self._data = data
        self._tell = tell
        self._standing = standing
        self._why_not = why_not
        self._wall = wall
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """Begins, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="crews", daemon=True)
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

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._follow())

    async def _follow(self) -> None:
        """Looks for changes of the file, and holds the tasks that watch."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        watches: dict[str, _Watch] = {}
        seen: list[tuple[int, int, int]] = []
        # Trust depends on these, and asking for it runs git: it is asked again when one of them changed.
        files = (self._workspace / CONFIG_NAME, self._data / "trust.json", self._workspace / ".git" / "config")
        try:
            while not self._ended.is_set():
                now = [_stamp(file) for file in files]
                if now != seen:
                    seen = now
                    await self._reconcile(watches, why_not=await asyncio.to_thread(self._why_not))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), CONFIG_LOOK_S)
        finally:
            for watch in watches.values():
                watch.cancel()
            await asyncio.gather(*(watch.ended() for watch in watches.values()))

    async def _reconcile(self, watches: "dict[str, _Watch]", why_not: str) -> None:
        try:
            config = read_config(self._workspace)
        except CallboardError:
            return
        wanted = {name: (table, config.boundary, why_not) for name, table in config.crews.items()}
        for name in [name for name, watch in watches.items() if wanted.get(name) != watch.wanted]:
            watch = watches.pop(name)
            watch.cancel()
            await watch.ended()
            left = set(watch.kinds) - set(_kinds(config, name))
            await watch.take_leave(left)
        for name, wants in wanted.items():
            if name not in watches:
                watches[name] = _Watch(self, wants)
                watches[name].begin()

    def sources_of(self, table: CrewTable, boundary: Boundary, standing: Standing) -> dict[str, list[Source]]:
        """The ways that the table names."""
        budget = Budget(self._data, boundary.probes_per_second)
        found: dict[str, list[Source]] = {}
        going_on = standing.going_on
        if table.socket:
            found["socket"] = [WebSocket(table.socket, table.fields, boundary, budget, going_on.get("socket", ()))]
        if table.log:
            found["log"] = [Log(self._workspace, table.log, table.every_s)]
        if table.status:
            going = going_on.get("status", ()) if len(table.status) == 1 else ()
            found["status"] = [
                Status(url, table.every_s, table.fields, boundary, budget, going) for url in table.status
            ]
        if table.checkpoints:
            found["checkpoints"] = [Checkpoints(self._workspace, table.checkpoints, table.every_s)]
        return found

    async def told(self, crew: str, kind: str, facts: Sequence[Mapping[str, Any]]) -> None:
        """Hands facts on, until they are taken; gives up what is refused for good."""
        while True:
            try:
                await asyncio.to_thread(self._tell, crew, kind, facts)
                return
            except CallboardError:
                if self._ended.is_set():
                    return
                await asyncio.sleep(AGAIN_S)

    def standing(self, crew: str) -> Standing:
        """What is known of the crew."""
        return self._standing(crew)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._wall()


class _Watch:
    """One crew: its sources, each with its own task, and one task for each kind that tells."""

    def __init__(self, house: CrewWatch, wanted: tuple[CrewTable, Boundary, str]) -> None:
        self._house = house
        self.wanted = wanted
        self._table, self._boundary, self._why_not = wanted
        self._tasks: list[asyncio.Task[None]] = []
        self._voices: dict[str, _Voice] = {}

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds that are watched."""
        return tuple(self._voices)

    def begin(self) -> None:
        """Starts the tasks."""
        self._tasks.append(asyncio.create_task(self._begin()))

    async def _begin(self) -> None:
        name = self._table.name
        standing = await asyncio.to_thread(self._house.standing, name)
        sources = self._house.sources_of(self._table, self._boundary, standing)
        await self._declare(next(iter(sources), "observer"), standing)
        for kind, several in sources.items():
            voice = self._voices[kind] = _Voice(self._house, self._table, kind, self._voices, standing)
            self._tasks.append(asyncio.create_task(voice.speak()))
            for number, source in enumerate(several):
                if self._why_not:
                    voice.hear(number, Look(OFF, self._why_not))
                else:
                    self._tasks.append(asyncio.create_task(_watched(source, number, voice)))

    async def _declare(self, kind: str, standing: Standing) -> None:
        """The crew's title and roles, before anything was seen of it."""
        at = self._house.now()
        facts: list[Fact] = [{"what": "crew", "at": at, "title": self._table.title, "roles": list(self._table.agents)}]
        if kind != "observer":
            facts.append({"what": "source", "at": at, "state": STALE, "words": "it is looked at for the first time"})
        elif kind not in standing.fresh:
            facts.append({"what": "source", "at": at, "state": OFF, "words": NOT_YET})
        await self._house.told(self._table.name, kind, facts)

    def cancel(self) -> None:
        """Ends the tasks."""
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Returns when they have ended."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take_leave(self, kinds: set[str]) -> None:
        """Says of sources that are no longer watched that they are off."""
        at = self._house.now()
        for kind in kinds:
            words = "it is no longer in callboard.toml"
            await self._house.told(self._table.name, kind, [{"what": "source", "at": at, "state": OFF, "words": words}])


class _Voice:
    """Collects what the sources of one kind tell of a crew, and hands it on in batches."""

    def __init__(
        self, house: CrewWatch, table: CrewTable, kind: str, voices: "Mapping[str, _Voice]", standing: Standing
    ) -> None:
        self._house = house
        self._crew = table.name
        self._kind = kind
        self._status = table.status
        self._voices = voices
        self._ever = frozenset(standing.heard) | standing.fresh
        grace = min(LONGEST_GRACE_S, table.every_s + 1.0) if table.watched else GRACE_S
        self._gate = Gate(kind, max(GRACE_S, grace), lambda: house.standing(self._crew))
        self._pending: list[Fact] = []
        self._health: dict[int, tuple[str, str]] = {}
        self._said: tuple[str, str] = ("", "")
        self._said_at = float("-inf")
        self._news = asyncio.Event()

    def hear(self, number: int, look: Look) -> None:
        """Takes what the source of that number saw."""
        self._health[number] = (look.state, look.words)
        room = MOST_PENDING - len(self._pending)
        self._pending += look.facts[:room]
        self._news.set()

    @property
    def works(self) -> bool:
        """Whether one of its sources is fresh."""
        return any(state == FRESH for state, _ in self._health.values())

    async def speak(self) -> None:
        """Hands on, until it is cancelled."""
        while True:
            due = self._gate.due
            wait = max(0.1, due - self._house.now()) if due is not None else HEALTH_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait)
            self._news.clear()
            facts, self._pending = self._pending[:AT_ONCE], self._pending[AT_ONCE:]
            if self._pending:
                self._news.set()
            now = self._house.now()
            out = list(await asyncio.to_thread(self._passed, facts, now))
            state = self._state()
            if state is not None and (state != self._said or now - self._said_at >= HEALTH_S):
                self._said, self._said_at = state, now
                out.append({"what": "source", "at": now, "state": state[0], "words": state[1]})
            if out:
                await self._house.told(self._crew, self._kind, out)

    def _passed(self, facts: Sequence[Fact], now: float) -> Sequence[Mapping[str, Any]]:
        ahead = ORDER[: ORDER.index(self._kind)]
        better = any(kind in self._ever or (kind in self._voices and self._voices[kind].works) for kind in ahead)
        if facts and not better:
            now_known = self._house.standing(self._crew)
            better = "observer" in now_known.heard or "observer" in now_known.fresh
        return self._gate.passed(facts, now, better=better)

    def _state(self) -> tuple[str, str] | None:
        """How the sources of this kind are together: fresh if one is, with words about one that is not."""
        if not self._health:
            return None
        trouble = [(number, *health) for number, health in self._health.items() if health[0] != FRESH]
        if not trouble:
            return FRESH, f"it stands by: the {self._gate.behind} tells more" if self._gate.behind else ""
        number, state, words = trouble[0]
        if self._kind == "status" and len(self._status) > 1:
            words = f"{urlsplit(self._status[number]).path or '/'}: {words}"
        return FRESH if self.works else state, words


async def _watched(source: Source, number: int, voice: _Voice) -> None:
    """Watches a source; a fault of ours in it is shown as its state, and it is tried again."""
    while True:
        try:
            await source.watch(lambda look: voice.hear(number, look))
        except Exception as error:
            voice.hear(number, Look(ERROR, f"a fault of Callboard while reading it: {type(error).__name__}"))
        await asyncio.sleep(HEALTH_S)


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        status = file.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _kinds(config: Config, name: str) -> Sequence[str]:
    table = config.crews.get(name)
    if table is None:
        return ()
    ways = (("socket", table.socket), ("log", table.log), ("status", table.status), ("checkpoints", table.checkpoints))
    return tuple(kind for kind, value in ways if value)
