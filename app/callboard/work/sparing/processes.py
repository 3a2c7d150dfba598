"""Whether a process may be signalled: by the rules that this attempt carries, and by what the process is called now."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from callboard.core.boundary import Boundary
from callboard.work.sparing.guard import RULES


def check_signal(pid: int, *, boundary: Boundary | None = None, ours: bool = True) -> None:
    """Raises `BoundaryError` for a process that is protected, or that is not `ours`; one that is gone may be signalled.

    Without a boundary it is the one that this process carries in its environment.
    """
    rules = boundary or _carried()
    rules.check_signal(pid, names_of(pid), ours=ours, guarded=numbers_in(rules.pid_files))


def names_of(pid: int) -> tuple[str, ...]:
    """The name and the command line of a process, none when it is gone."""
    try:
        name = Path(f"/proc/{pid}/comm").read_bytes()
        line = Path(f"/proc/{pid}/cmdline").read_bytes()[:4_096]
        return name.decode("utf-8", "replace").strip(), line.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return () if Path("/proc/self").exists() else _asked(pid)


def _asked(pid: int) -> tuple[str, ...]:
    """The same where there is no /proc."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.name(), " ".join(process.cmdline())
    except psutil.Error:
        return ()


def numbers_in(files: Iterable[str]) -> frozenset[int]:
    """The process numbers that pid files hold; what holds none is left out."""
    found = set()
    for place in files:
        try:
            with open(place, "rb") as file:
                found.add(int(file.read(40).split()[0]))
        except (OSError, ValueError, IndexError):
            continue
    return frozenset(found)


def _carried() -> Boundary:
    try:
        told = json.loads(os.environ.get(RULES, "{}"))
        named = [*told.get("processes", ()), *told.get("pid_files", ())]
        return Boundary(protected_processes=tuple(str(entry) for entry in named))
    except (ValueError, AttributeError, TypeError):
        return Boundary()
