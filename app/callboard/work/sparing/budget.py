"""How often one host may be asked, by everybody who works with this data folder together."""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from callboard.core.boundary_hosts import host_of
from callboard.errors import CallboardError

LONGEST_PAUSE = 30.0
LONGEST_WISH = 3_600.0
MOST_DOUBLINGS = 8
LARGEST_NOTE = 4_096


@dataclass(slots=True)
class Note:
    """What is kept: from when on it may be asked (epoch seconds), and how often in a row there was trouble."""

    host: str = ""
    next: float = 0.0
    fails: int = 0


class Budget:
    """At most `per_second` requests to one host, whatever its port: a file for each host, locked while it is looked at.

    After 429, a server error or no answer that port of the host is left alone twice as long each time, at least as long as it
    asked for. A clock that was set back makes nobody wait longer than LONGEST_WISH. Raises `CallboardError` when the files
    cannot be kept: then nothing may be sent.
    """

    def __init__(
        self,
        data: Path,
        per_second: float,
        *,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = data / "boundary" / "asked"
        self._pause = 1.0 / max(per_second, 0.001)
        self._wall = wall
        self._sleep = sleep

    def take(self, url: str) -> float:
        """Takes the host's next free moment and says in how many seconds that is; the request is to be sent then."""
        trouble = self._left(self._origin(url))
        with self._note(key_of(url)) as note:
            now = self._wall()
            due = max(now + trouble, now, min(note.next, now + LONGEST_WISH))
            note.next = due + self._pause
            return due - now

    def wait(self, url: str) -> None:
        """Returns when the next request to the host may be sent."""
        due = self.take(url)
        if due > 0:
            self._sleep(due)

    def due(self, url: str) -> float:
        """In how many seconds the address may be asked; nothing is taken."""
        return max(self._left(key_of(url)), self._left(self._origin(url)))

    def answered(self, url: str, status: int, retry_after: float = 0.0) -> float:
        """Keeps how it went; `status` 0 means no answer. Returns for how many seconds the address is left alone."""
        with self._note(self._origin(url)) as note:
            now = self._wall()
            if status and status != 429 and status < 500:
                note.fails, note.next = 0, 0.0
                return 0.0
            note.fails = min(note.fails + 1, MOST_DOUBLINGS)
            pause = min(max(LONGEST_PAUSE, self._pause), self._pause * 2.0**note.fails)
            note.next = now + max(pause, min(max(retry_after, 0.0), LONGEST_WISH))
            return note.next - now

    def _left(self, key: str) -> float:
        with self._note(key) as note:
            return max(0.0, min(note.next - self._wall(), LONGEST_WISH))

    def _origin(self, url: str) -> str:
        try:
            return f"{key_of(url)}:{urlsplit(url).port or urlsplit(url).scheme}"
        except ValueError:
            return key_of(url)

    @contextlib.contextmanager
    def _note(self, host: str) -> Iterator[Note]:
        place = self._folder / hashlib.sha256(host.encode("utf-8", "replace")).hexdigest()[:24]
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise CallboardError(f"nothing is sent to {host}: its budget cannot be kept ({error.strerror})") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            note = _read(handle, host)
            yield note
            text = json.dumps(asdict(note)).encode()
            os.pwrite(handle, text, 0)
            os.ftruncate(handle, len(text))
        except OSError as error:
            raise CallboardError(f"nothing is sent to {host}: its budget cannot be kept ({error.strerror})") from error
        finally:
            os.close(handle)


def key_of(url: str) -> str:
    """The host of an address, so that all its spellings share one budget; this machine is 'loopback'."""
    try:
        host = host_of(urlsplit(url).hostname or "")
    except ValueError:
        return ""
    return "loopback" if host.is_here else host.name


def _read(handle: int, host: str) -> Note:
    try:
        kept = json.loads(os.pread(handle, LARGEST_NOTE, 0))
        return Note(host, float(kept["next"]), int(kept["fails"]))
    except (ValueError, KeyError, TypeError):
        return Note(host)
