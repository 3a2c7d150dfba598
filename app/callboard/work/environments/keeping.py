"""Kept environments: found by what they are made from, made once while others wait, and dropped when they are old and many."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from callboard.work.environments.shapes import NoEnvironment

MOST_KEPT = 8
MOST_BYTES = 4_000_000_000
READY = "ready.json"
FAILED = "failed.json"
USED = "used"
LOOK_S = 0.2


class Hold:
    """Keeps an environment from being dropped while the object lives."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Lets go at once."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known of a kept environment: `made` is wall time, `size` bytes, `rebuilt` folders that are installed each time.

    `what` is the project's folder and workspace that it was made for first.
    """

    what: str
    made: float
    size: int
    suffix: str
    said_by: str
    has: dict[str, str | None]
    rebuilt: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An environment on the disk; `used` is when it was used last (wall time)."""

    digest: str
    ready: Ready
    used: float


def digest_of(parts: list[bytes]) -> str:
    """24 hex digits over the parts."""
    mark = hashlib.sha256()
    for part in parts:
        mark.update(len(part).to_bytes(8, "big") + part)
    return mark.hexdigest()[:24]


def use(
    home: Path, digest: str, make: Callable[[Path], Ready], say: Callable[[str], None], limit: float
) -> tuple[Ready, Hold]:
    """The environment of the digest, made by `make(folder)` when it is not there; whoever comes meanwhile waits, and says so.

    Raises `NoEnvironment` when it cannot be made, or when another one has been making it for longer than `limit` seconds.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    hold = Hold(os.open(home / f"{digest}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        return _use(home, digest, make, say, limit, hold.descriptor), hold
    except BaseException:
        hold.release()
        raise


def _use(
    home: Path, digest: str, make: Callable[[Path], Ready], say: Callable[[str], None], limit: float, descriptor: int
) -> Ready:
    place = home / digest
    begun, until = time.time(), time.monotonic() + limit + 60
    said = False
    while True:
        ready = _ready(place)
        if _locked(descriptor, fcntl.LOCK_SH if ready else fcntl.LOCK_EX):
            ready = _ready(place)
            if ready is None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                ready = _ready(place) or _made(home, place, make, begun if said else None)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            with contextlib.suppress(OSError):
                (place / USED).touch()
            return ready
        if not said:
            say("waits for the environment, which another task is making")
            said = True
        if time.monotonic() > until:
            raise NoEnvironment(
                "another task has been making the environment for too long", "try again when it is over"
            )
        time.sleep(LOOK_S)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _made(home: Path, place: Path, make: Callable[[Path], Ready], waited_since: float | None) -> Ready:
    failed = home / f"{place.name}.{FAILED}"
    if waited_since is not None:
        _fail_as(failed, waited_since)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    try:
        ready = make(place)
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, NoEnvironment):
            failed.write_text(json.dumps({"at": time.time(), "reason": error.reason, "mend": error.mend}), "utf-8")
        raise
    failed.unlink(missing_ok=True)
    fresh = place / "ready.fresh"
    fresh.write_text(json.dumps(asdict(ready)), "utf-8")
    os.replace(fresh, place / READY)
    trim(home, spare=place.name)
    return ready


def _fail_as(failed: Path, since: float) -> None:
    """Fails as the making did that was waited for: it would only fail again."""
    try:
        told = json.loads(failed.read_text("utf-8"))
        at, reason, mend = float(told["at"]), str(told["reason"]), str(told["mend"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if at >= since:
        raise NoEnvironment(reason, mend)


def _ready(place: Path) -> Ready | None:
    try:
        return Ready(**json.loads((place / READY).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def kept(home: Path) -> list[Kept]:
    """All that is kept, the one that was used last first."""
    found = []
    for place in home.glob("*/"):
        ready = _ready(place)
        if ready is not None:
            try:
                used = (place / USED).stat().st_mtime
            except OSError:
                used = ready.made
            found.append(Kept(place.name, ready, used))
    return sorted(found, key=lambda one: -one.used)


def trim(home: Path, spare: str = "", most: int = MOST_KEPT, most_bytes: int = MOST_BYTES) -> list[Kept]:
    """Drops those that were not used for longest until at most `most` with `most_bytes` are left; what is in use stays."""
    everything = kept(home)
    count, size = len(everything), sum(one.ready.size for one in everything)
    dropped = []
    for one in reversed(everything):
        if count <= most and size <= most_bytes:
            break
        if one.digest != spare and drop(home, one.digest):
            dropped.append(one)
            count, size = count - 1, size - one.ready.size
    return dropped


def drop(home: Path, digest: str) -> bool:
    """Removes an environment; False when it is in use."""
    hold = Hold(os.open(home / f"{digest}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if not _locked(hold.descriptor, fcntl.LOCK_EX):
        hold.release()
        return False
    (home / digest / READY).unlink(missing_ok=True)
    shutil.rmtree(home / digest, ignore_errors=True)
    hold.release()
    return not (home / digest).exists()


def size_of(folder: Path) -> int:
    """The bytes of all files below."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
