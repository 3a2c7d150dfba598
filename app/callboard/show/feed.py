"""The live feed: what the engine says changed goes to the pages and programs that watch, as the desk has put it together.

A page emits `watch` with `{"rooms": ["board", "run:12", "task:12.3", "log:12.3"]}`; these replace what its socket
watched before, and the acknowledgement is `{"ok", "rooms", "error", "seq"}`. It should watch, wait for that, then
read the resource by REST: nothing is missed between. Event `live` carries rows; everyone gets a `live` with `seq` and
`at` alone once a second, so that two seconds of silence are a link that hangs, and one with each `alert`. Event `log` carries
`{"task", "attempt", "offset", "next", "text"}` with offsets in bytes; a jump of `offset` is a piece that was left out.
Room `console` gets event `console` with `{"parts": [...]}`, pieces of the logs of all that runs, each with its task.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from callboard.guard.gate import Caller
from callboard.show.api.answers import printable
from callboard.show.api.desk import Desk
from callboard.show.console import Console
from callboard.show.mail import ROOM, Mail, for_all, for_room
from callboard.show.tail import Tails
from callboard.show.waiting import Waiting

logger = logging.getLogger(__name__)

EVERY_S = 0.03  # the desk's messages are coalesced already; this only keeps a busy one from taking the loop
BEAT_S = 1.0
MOST_ROOMS = 20
MOST_WAITING = 200
WATCHES_AT_ONCE = 20
Listener = Callable[[Mapping[str, Any]], None]


class Feed:
    """Between the desk and all who watch. `open` and everything else runs on the loop; the desk calls from its thread.

    `sio` is NiceGUI's `socketio.AsyncServer`, which has no types.
    """

    def __init__(self, desk: Desk, sio: Any) -> None:
        self._desk = desk
        self._sio = sio
        self._mail = Mail()
        self._lock = threading.Lock()
        self._woken = asyncio.Event()
        self._listeners: set[Listener] = set()
        self._tails = Tails(desk, self._emit)
        self._console = Console(desk, self._emit)
        self._waiting = Waiting(desk, self._count)
        self._tasks: list[asyncio.Task[None]] = []
        self._unwatch: Callable[[], None] = lambda: None
        self._seq = 0
        self._banner: Any = None
        self._watches: dict[str, list[float]] = {}

    def open(self) -> None:
        """Begins to listen to the desk and to sockets."""
        loop = asyncio.get_running_loop()
        self._seq = self._desk.board()["seq"]

        def changed(message: Mapping[str, Any]) -> None:
            self._waiting.hear(message)
            with self._lock:
                fresh = not self._mail
                self._mail.add(message)
            if fresh:
                try:
                    loop.call_soon_threadsafe(self._woken.set)
                except RuntimeError:
                    return  # the loop has ended

        self._waiting.open()
        self._sio.on("watch", self._watch)
        self._unwatch = self._desk.watch(changed)
        self._tasks = [
            asyncio.create_task(self._flush_for_ever(), name="feed"),
            asyncio.create_task(self._beat_for_ever(), name="beat"),
        ]

    async def close(self) -> None:
        """Lets go of the desk; every listener hears an empty message, which ends its stream."""
        self._unwatch()
        for task in [*self._tasks, *self._tails.tasks(), *self._console.tasks()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._waiting.close(), return_exceptions=True)
        for listener in list(self._listeners):
            listener({})

    def _count(self, inbox: int) -> None:
        with self._lock:
            self._mail.add({"inbox": inbox})
        self._woken.set()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` on the loop with every coalesced message until the returned function is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def _flush_for_ever(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._flush()
            except Exception:
                logger.exception("The live feed lost a message")
            await asyncio.sleep(EVERY_S)

    async def _flush(self) -> None:
        with self._lock:
            message = self._mail.take()
            if self._mail:
                self._woken.set()
        if message is None:
            return
        self._seq = message.setdefault("seq", self._seq) or self._seq
        message.setdefault("at", time.time())
        if "banner" in message:
            self._banner = message["banner"]
        self._console.hear(message.get("tasks") or ())
        everybody = for_all(message)
        if everybody is not None:
            await self._emit("live", everybody, None)
        for room in self._rooms():
            part = None if room.startswith("log:") else for_room(room, message)
            if part is not None:
                await self._emit("live", part, room)
        for listener in list(self._listeners):
            listener(message)

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._beat()
            except Exception:
                logger.exception("The live feed missed a beat")

    async def _beat(self) -> None:
        await self._sio.emit("live", {"seq": self._seq, "at": time.time()})
        now = time.monotonic()
        self._watches = {sid: times for sid, times in self._watches.items() if times[-1] > now - 60}
        await self._drop_slow(set(self._rooms()))

    async def _emit(self, event: str, message: Mapping[str, Any], room: str | None) -> None:
        try:
            await self._sio.emit(event, message, room=room)
        except (TypeError, ValueError):
            await self._sio.emit(event, printable(message), room=room)

    async def _drop_slow(self, rooms: set[str]) -> None:
        """A socket that does not take what is sent is cut: its page comes back and reads anew."""
        for room in rooms:
            for _, eio_sid in list(self._sio.manager.get_participants("/", room)):
                socket = self._sio.eio.sockets.get(eio_sid)
                if socket is not None and socket.queue.qsize() > MOST_WAITING:
                    await socket.close(wait=False, abort=True)

    def _rooms(self) -> list[str]:
        rooms = self._sio.manager.rooms.get("/", {})
        return [room for room in rooms if isinstance(room, str) and ROOM.fullmatch(room)]

    async def _watch(self, sid: str, wish: Any = None) -> dict[str, Any]:
        if not self._may(sid):
            await self._sio.disconnect(sid)
            return {"ok": False, "rooms": [], "error": "not now", "seq": self._seq}
        rooms = wish.get("rooms") if isinstance(wish, dict) else None
        if not isinstance(rooms, list) or len(rooms) > MOST_ROOMS:
            return {"ok": False, "rooms": [], "error": f"rooms is a list of at most {MOST_ROOMS}", "seq": self._seq}
        if not all(isinstance(room, str) and ROOM.fullmatch(room) for room in rooms):
            return {"ok": False, "rooms": [], "error": "there is no such room", "seq": self._seq}
        for room in list(self._sio.rooms(sid)):
            if ROOM.fullmatch(room) and room not in rooms:
                await self._sio.leave_room(sid, room)
        for room in dict.fromkeys(rooms):
            await self._sio.enter_room(sid, room)
            if room.startswith("log:"):
                self._tails.follow(room, self._watched)
            elif room == "console":
                await self._console.open(self._watched)
        await self._sio.emit("live", {"seq": self._seq, "at": time.time(), "banner": self._banner}, to=sid)
        return {"ok": True, "rooms": rooms, "error": "", "seq": self._seq}

    def _may(self, sid: str) -> bool:
        """The guard knew who opened this socket, and it does not ask too often."""
        scope = (self._sio.get_environ(sid) or {}).get("asgi.scope", {})
        if not isinstance(scope.get("callboard"), Caller):
            return False
        now = time.monotonic()
        times = [at for at in self._watches.get(sid, ()) if at > now - 10]
        self._watches[sid] = [*times, now]
        return len(times) < WATCHES_AT_ONCE

    def _watched(self, room: str) -> bool:
        return bool(self._sio.manager.rooms.get("/", {}).get(room))
