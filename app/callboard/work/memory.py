"""What an agent remembers about a workspace from one attempt to the next."""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError

LARGEST_VALUE = 16_000_000
MOST_ENTRIES = 1_000
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


def memory_folder(data: Path, workspace: Path, agent: str) -> Path:
    """Where the memory of an agent about a workspace lies."""
    return data / "memory" / sha256(os.fsencode(workspace.resolve())).hexdigest()[:16] / agent


class Memory:
    """Small JSON values by key, kept per workspace and agent; attempts at the same time do not tear each other's writes.

    A key is of lower case letters, digits, '.', '_' and '-'. A value that was damaged from outside reads as missing and is
    put aside under '<key>.damaged'. All methods raise `CallboardError` for a bad key, and for a value that is no JSON or
    larger than LARGEST_VALUE bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str, default: Any = None) -> Any:
        """The value, `default` when there is none."""
        path = self._path(key)
        try:
            with open(path, "rb") as file:
                return json.loads(file.read(LARGEST_VALUE + 1))
        except FileNotFoundError:
            return default
        except (ValueError, RecursionError, OSError):
            with contextlib.suppress(OSError):
                os.replace(path, path.with_suffix(".damaged"))
            return default

    def put(self, key: str, value: Any) -> None:
        """Keeps the value in place of the former one, whole or not at all."""
        with self._locked(key):
            self._write(key, value)

    def update(self, key: str, change: Callable[[Any], Any], default: Any = None) -> Any:
        """Keeps `change(former value)` and returns it; nobody writes in between."""
        with self._locked(key):
            value = change(self.get(key, default))
            self._write(key, value)
        return value

    def append(self, key: str, entry: Any, keep: int = MOST_ENTRIES) -> list[Any]:
        """Adds an entry to a list, of which the newest `keep` stay, and returns the list, oldest first."""

        def added(former: Any) -> list[Any]:
            return [*(former if isinstance(former, list) else []), entry][-keep:]

        entries: list[Any] = self.update(key, added, [])
        return entries

    def forget(self, key: str) -> None:
        """Drops the value."""
        with self._locked(key):
            self._path(key).unlink(missing_ok=True)

    def keys(self) -> list[str]:
        """The keys that have a value, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise CallboardError(f"a key of the memory is {key!r}; it must fit {_KEY.pattern}")
        return self.folder / f"{key}.json"

    def _write(self, key: str, value: Any) -> None:
        path = self._path(key)
        try:
            encoded = json.dumps(value, allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise CallboardError(f"'{key}' cannot be remembered: {error}") from error
        if len(encoded) > LARGEST_VALUE:
            raise CallboardError(f"'{key}' has {len(encoded):,} bytes; at most {LARGEST_VALUE:,} are remembered")
        fresh = path.with_suffix(".fresh")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)

    @contextlib.contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        self._path(key)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.folder / f"{key}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
