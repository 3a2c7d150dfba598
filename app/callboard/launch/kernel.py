"""What Python has no function for: three calls of the Linux kernel and one place in memory; elsewhere they do nothing."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PUNCH_HOLE_KEEP_SIZE = 0x03


class Kernel:
    """The calls; `subreaper` says whether processes that lose their parent come back to us."""

    def __init__(self) -> None:
        self._linux = sys.platform == "linux"
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.subreaper = self._linux

    def adopt_orphans(self) -> None:
        """From now on a descendant that loses its parent becomes a child of this process."""
        if self._linux:
            self._libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def die_with_parent(self) -> None:
        """The kernel kills this process when its parent dies."""
        if self._linux:
            self._libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    def punch_hole(self, descriptor: int, offset: int, length: int) -> bool:
        """Gives back the disk space of a part of a file; False where that cannot be done."""
        if not self._linux or length <= 0:
            return False
        call = self._libc.fallocate
        call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
        return bool(call(descriptor, PUNCH_HOLE_KEEP_SIZE, offset, length) == 0)


class Place:
    """The place where the kernel shows a variable of this process's first environment to others.

    A forked child has the environment of the program that was started, as `/proc/PID/environ` shows it, whatever it puts into
    `os.environ`. So the variable is started with room, and each child writes its own value there.
    """

    def __init__(self, name: str) -> None:
        getenv = ctypes.CDLL(None).getenv
        getenv.restype = ctypes.c_void_p
        getenv.argtypes = [ctypes.c_char_p]
        self._address: int = getenv(name.encode()) or 0
        self._room = len(os.environ.get(name, ""))

    def write(self, value: bytes) -> None:
        """Puts the value there; one that is too long is cut."""
        if self._address:
            ctypes.memmove(self._address, value[: self._room].ljust(self._room, b"\0"), self._room)
