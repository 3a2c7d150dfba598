"""Reads a file of lines while somebody else writes it, never more at once than asked for."""

import os
import stat

from callboard.work.messages import LONGEST_LINE

PART = 65_536
MOST_READ = 64 << 20


class Tail:
    """Hands out whole lines; a line longer than LONGEST_LINE is dropped and counted in `dropped`.

    After MOST_READ bytes nothing is read until `skip_to_end`. Links and what is no plain file are never opened.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._buffer = bytearray()
        self._searched = 0
        self._read = 0
        self._is_skipping = False
        self.dropped = 0

    def next_line(self) -> bytes | None:
        """The next whole line without its end, None when there is none by now."""
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._searched = 0
                if not self._is_skipping:
                    return line
                self._is_skipping = False
                continue
            self._searched = len(self._buffer)
            if self._searched > LONGEST_LINE:
                self.dropped += not self._is_skipping
                self._is_skipping = True
                self._buffer.clear()
                self._searched = 0
            if not self._fill():
                return None

    def skip_to_end(self) -> None:
        """When MOST_READ was reached: goes on shortly before the end of the file, where the result is."""
        if self._read < MOST_READ or self._descriptor < 0:
            return
        size = os.fstat(self._descriptor).st_size
        start = max(os.lseek(self._descriptor, 0, os.SEEK_CUR), size - 2 * LONGEST_LINE)
        os.lseek(self._descriptor, start, os.SEEK_SET)
        self._buffer.clear()
        self._searched = 0
        self._is_skipping = True
        self._read = MOST_READ - 2 * LONGEST_LINE

    def close(self) -> None:
        """Lets go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _fill(self) -> bool:
        if self._read >= MOST_READ or (self._descriptor < 0 and not self._open()):
            return False
        try:
            part = os.read(self._descriptor, PART)
        except OSError:
            return False
        self._read += len(part)
        self._buffer += part
        return bool(part)

    def _open(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True
