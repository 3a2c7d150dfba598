"""Which boot of the machine the last orders were given in.

What was lost together with the machine may have run, whatever its files say: they need not have reached the disk.
"""

import os
from pathlib import Path


class BootNote:
    """A note on the disk; `current` is the boot of now."""

    def __init__(self, path: Path, current: str) -> None:
        self.current = current
        self._path = path
        self._is_written = False

    def is_same(self) -> bool:
        """Whether the last orders were given since the machine was started."""
        try:
            return self._path.read_text("ascii") == self.current
        except (OSError, ValueError):
            return False

    def write(self) -> None:
        """Before an order is given. Raises OSError when it cannot be written."""
        if self._is_written:
            return
        if not self.is_same():
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, self.current.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._is_written = True
