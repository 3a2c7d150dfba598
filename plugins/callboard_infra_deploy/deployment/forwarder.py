"""Run as a program of its own: listens on an environment's port and hands each connection to the release in service.

Arguments: the environment's folder, the port. It reads `route.json` there whenever that has changed, so a switch takes
effect with the next connection and breaks none. `forwarder.json` says what it saw. Standard library alone.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable
from typing import Any

PATIENCE = 5.0  # seconds that a connection waits for a release that does not answer
IDLE = 2.0  # seconds after which a quiet connection to a release that is out of service is closed
CHUNK = 65_536
BEAT = 0.5
WORDS = b"No release answers here.\n"
REFUSAL = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    % (len(WORDS), WORDS)
)


class Route:
    """Where connections go: `route.json`, read again when it has changed."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "route.json")
        self._seen: tuple[int, int] = (0, 0)
        self.said: dict[str, Any] = {}
        self.fell: dict[str, Any] = {}

    def look(self) -> dict[str, Any]:
        """The release that connections go to now: its number, port, pid and start; {} for none."""
        try:
            stat = os.stat(self._path)
            if (stat.st_mtime_ns, stat.st_ino) != self._seen:
                with open(self._path, encoding="utf-8") as file:
                    self.said = json.load(file)
                self._seen = (stat.st_mtime_ns, stat.st_ino)
                if self.fell.get("serial") != self.said.get("serial"):
                    self.fell = {}
        except (OSError, ValueError):
            pass
        chosen = self.said.get("fallback") if self.fell else self.said.get("to")
        return chosen if isinstance(chosen, dict) else {}

    def fall_back(self, why: str) -> bool:
        """Back to the release before, while the new one is on trial: whether there is one to go back to."""
        if self.fell or not self.said.get("fallback") or time.time() > float(self.said.get("until", 0)):
            return False
        self.fell = {"serial": self.said.get("serial"), "at": time.time(), "why": why}
        return True


def is_gone(target: dict[str, Any]) -> bool:
    """Whether the process of the target has ended, as far as this system says."""
    pid = int(target.get("pid") or 0)
    if not pid:
        return False
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            words = file.read().rpartition(")")[2].split()
        return words[0] in "ZX" or words[19] != str(target.get("start"))
    except OSError:
        if os.path.isdir("/proc/self"):
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


class Connection:
    """One client and its release."""

    def __init__(self, client: asyncio.StreamWriter, number: int) -> None:
        self.client = client
        self.number = number
        self.at = time.monotonic()
        self.waits_for_answer = False

    @property
    def is_quiet(self) -> bool:
        """Whether the client waits for nothing and nothing has come for a while."""
        return not self.waits_for_answer and time.monotonic() - self.at > IDLE


class Forwarder:
    """All connections of one environment."""

    def __init__(self, folder: str, port: int) -> None:
        self._folder = folder
        self._port = port
        self._route = Route(folder)
        self._open: set[Connection] = set()
        self._died: dict[str, Any] = {}
        self._told = ""
        self._taken = 0
        self._refused = 0

    async def serve(self) -> None:
        """Until it is ended."""
        self._route.fell = self._former().get("fell_back") or {}
        server = await asyncio.start_server(self._handle, "127.0.0.1", self._port, backlog=1024, reuse_address=True)
        async with server:
            while True:
                self._beat()
                await asyncio.sleep(BEAT)

    def _former(self) -> dict[str, Any]:
        try:
            with open(os.path.join(self._folder, "forwarder.json"), encoding="utf-8") as file:
                said = json.load(file)
            return said if isinstance(said, dict) else {}
        except (OSError, ValueError):
            return {}

    def _beat(self) -> None:
        """Sees whether the release died, closes what is quiet at others, and writes down what there is to know."""
        target = self._route.look()
        number = target.get("release")
        if target and is_gone(target):
            if self._died.get("release") != number:
                self._died = {"release": number, "at": time.time(), "pid": target.get("pid")}
            if self._route.fall_back("its process ended"):
                number = self._route.look().get("release")
        for connection in list(self._open):
            if connection.number != number and connection.is_quiet:
                connection.client.close()
        counts: dict[str, int] = {}
        for connection in self._open:
            counts[str(connection.number)] = counts.get(str(connection.number), 0) + 1
        self._tell(
            {
                "pid": os.getpid(),
                "serial": self._route.said.get("serial"),
                "open": counts,
                "died": self._died,
                "fell_back": self._route.fell,
                "connections": self._taken,
                "refused": self._refused,
            }
        )

    def _tell(self, notes: dict[str, Any]) -> None:
        text = json.dumps(notes)
        if text == self._told:
            return
        fresh = os.path.join(self._folder, "forwarder.new")
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(fresh, os.path.join(self._folder, "forwarder.json"))
            self._told = text
        except OSError:
            return

    async def _handle(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._taken += 1
        connection = Connection(client, 0)
        self._open.add(connection)
        release: asyncio.StreamWriter | None = None
        try:
            found = await self._connected(connection)
            if found is None:
                self._refused += 1
                client.write(REFUSAL)
                await client.drain()
                return
            back, release = found
            await asyncio.gather(
                self._pump(reader, release, connection, is_question=True),
                self._pump(back, client, connection, is_question=False),
            )
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            for writer in (client, release):
                if writer is not None:
                    writer.close()

    async def _connected(self, connection: Connection) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the release in service; waits a while for one that lives and does not answer yet."""
        until = time.monotonic() + PATIENCE
        while True:
            target = self._route.look()
            connection.number = int(target.get("release") or 0)
            for host in ("127.0.0.1", "::1") if target else ():
                try:
                    return await asyncio.wait_for(asyncio.open_connection(host, int(target["port"])), PATIENCE)
                except (OSError, TimeoutError):
                    continue
            if target and self._route.fall_back("it took no connection"):
                continue
            if time.monotonic() > until or (target and is_gone(target)):
                return None
            await asyncio.sleep(0.05)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, connection: Connection, *, is_question: bool
    ) -> None:
        """Carries bytes until the source ends; then the sink is told so."""
        try:
            while data := await source.read(CHUNK):
                connection.at = time.monotonic()
                connection.waits_for_answer = is_question
                sink.write(data)
                await sink.drain()
            if is_question and sink.can_write_eof():
                sink.write_eof()
        except OSError:
            sink.close()
        finally:
            if not is_question:
                sink.close()


def main(words: Iterable[str]) -> None:
    """Serves until the end of the process."""
    folder, port = words
    asyncio.run(Forwarder(folder, int(port)).serve())


if __name__ == "__main__":
    main(sys.argv[1:])
