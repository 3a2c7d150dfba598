"""The output of an attempt: a file that the work writes to by itself, of which head and tail are kept."""

import os

from callboard.launch.kernel import Kernel

MOST_KEPT = 256 << 20
HEAD = 8 << 20
TAIL = 128 << 20
PAGE = 1 << 16


class OutputLog:
    """The file, opened for appending; the work never waits for anybody who reads it."""

    def __init__(self, path: str, kernel: Kernel) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        self._path = path
        self._kernel = kernel
        self._hole_end = 0

    def become_output(self) -> None:
        """From now on this process and its children write there; the input is what the fork server had (nothing)."""
        os.dup2(self._descriptor, 1)
        os.dup2(self._descriptor, 2)

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._descriptor)

    def size(self) -> int:
        """Bytes that were written so far, those that were left out included."""
        return os.fstat(self._descriptor).st_size

    def trim(self) -> None:
        """Once more than MOST_KEPT bytes take up room, gives back the middle; a note stands where it begins."""
        status = os.fstat(self._descriptor)
        if status.st_size - max(0, self._hole_end - HEAD) <= MOST_KEPT:
            return
        end = (status.st_size - TAIL) // PAGE * PAGE
        if not self._kernel.punch_hole(self._descriptor, HEAD, end - HEAD):
            return
        self._hole_end = end
        note = f"\n[callboard: {end - HEAD} bytes are left out here]\n".encode()
        writer = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.pwrite(writer, note, HEAD)
        finally:
            os.close(writer)

    def note(self, text: str) -> None:
        """A line of our own at the end."""
        try:
            os.write(self._descriptor, f"callboard: {text}\n".encode())
        except OSError:
            return

    def tail(self, size: int) -> bytes:
        """The last bytes."""
        reader = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            return os.pread(reader, size, max(0, self.size() - size))
        finally:
            os.close(reader)
