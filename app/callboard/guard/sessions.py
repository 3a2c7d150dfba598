"""Browser sessions: random ids in cookies, kept here only as hashes."""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from callboard.guard.running import read_private, write_private

IDLE_S = 12 * 3600.0
MOST = 150
DIGEST = re.compile(r"[0-9a-f]{64}")


def wall() -> float:
    """Seconds since the epoch."""
    return time.time()


class Sessions:
    """Which token and which session ids are good.

    A session ends after twelve hours without use. With `file`, sessions outlive a restart of the program, so that
    open pages find their way back; the file holds hashes and times, nothing that would open a door.
    """

    def __init__(self, token: str, file: Path | None = None, clock: Callable[[], float] = wall) -> None:
        self._token = _digest(token)
        self._file = file
        self._clock = clock
        self._seen: dict[str, float] = _load(file, clock())

    def is_token(self, token: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(_digest(token), self._token)

    def begin(self) -> str:
        """A new session; what comes back goes into the cookie and is kept nowhere."""
        secret = secrets.token_urlsafe(32)
        while len(self._seen) >= MOST:
            del self._seen[min(self._seen, key=self._seen.__getitem__)]
        self._seen[_digest(secret)] = self._clock()
        self.save()
        return secret

    def known(self, secret: str) -> bool:
        """Whether a session goes on; asking counts as use."""
        digest = _digest(secret)
        seen = self._seen.get(digest)
        if seen is None:
            return False
        now = self._clock()
        if now - seen > IDLE_S:
            del self._seen[digest]
            return False
        self._seen[digest] = now
        return True

    def save(self) -> None:
        """Writes the hashes down; a disk that is full costs a new link after the next start, nothing else."""
        if self._file is None:
            return
        try:
            write_private(self._file, json.dumps({key: round(seen) for key, seen in self._seen.items()}).encode())
        except OSError:
            return


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _load(file: Path | None, now: float) -> dict[str, float]:
    raw = read_private(file) if file is not None else None
    if raw is None:
        return {}
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: float(seen)
        for key, seen in found.items()
        if DIGEST.fullmatch(key) and isinstance(seen, int | float) and now - IDLE_S < seen <= now + 60
    }
