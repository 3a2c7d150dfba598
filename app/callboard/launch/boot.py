"""Which boot of the machine the last orders were given in.

What was lost together with the machine may have run, whatever its files say: they need not have reached the disk.
"""

import os
from pathlib import Path

NO_ORDER = "none"


class BootNote:
    """A note on the disk; `current` is the boot of now."""

    def __init__(self, path: Path, current: str) -> None:
        self.current = current
        self._path = path
        self._is_written = False

    def begin(self) -> None:
        """In a new data folder: no order was ever given. Raises OSError when that cannot be written."""
        if not self._path.exists():
            self._put(NO_ORDER)

    def is_known(self) -> bool:
        """Whether no order was given before the machine was started the last time."""
        return self._text() in (self.current, NO_ORDER)

    def write(self) -> None:
        """Before an order is given. Raises OSError when it cannot be written."""
        if not self._is_written and self._text() != self.current:
            self._put(self.current)
        self._is_written = True

    def _text(self) -> str:
        try:
            return self._path.read_text("ascii")
        except (OSError, ValueError):
            return ""

    def _put(self, text: str) -> None:
        fresh = self._path.with_name(f"{self._path.name}.tmp")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(fresh, self._path)
