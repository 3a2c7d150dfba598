"""Which processes belong together: of services, of what callboard.toml watches, or by program."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from callboard.api import Context
from callboard_monitor.settings import Watched

SERVICE = "CALLBOARD_SERVICE"
WORKSPACE = "CALLBOARD_SERVICE_WORKSPACE"
OWN = "CALLBOARD_ATTEMPT"
LARGEST_PID_FILE = 64


@dataclass(slots=True)
class Group:
    """Processes that belong together. `kind` is 'service', 'watched' or 'program'; `roots` are pid and start of its topmost."""

    name: str
    kind: str
    members: list[psutil.Process] = field(default_factory=list)
    roots: list[tuple[int, float]] = field(default_factory=list)
    peak_mib: float = 0.0
    cpu_s: float = 0.0
    zombies: int = 0
    descriptors: int = 0
    fullest: float = 0.0
    threads: int = 0
    ports: tuple[int, ...] = ()

    @property
    def declared(self) -> bool:
        """Whether somebody wrote down that it should run."""
        return self.kind != "program"

    @property
    def started(self) -> float:
        """When its oldest root began (wall time); 0 without one."""
        return min((began for _, began in self.roots), default=0.0)


def found_groups(ctx: Context, services: set[str], watched: Sequence[Watched]) -> list[Group]:
    """The processes of services and of what is watched; if there are none, the programs whose folder lies in the workspace.

    What Callboard itself runs for an attempt is left out.
    """
    workspace = str(ctx.workspace.path)
    declared: dict[str, Group] = {}
    programs: dict[str, Group] = {}
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    by_command = [one for one in watched if one.words]
    matched: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid in own or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if by_command:
                line = " ".join(process.cmdline())
                for one in by_command:
                    if line and all(word in line for word in one.words):
                        matched.setdefault(one.name, []).append(process)
            given = process.environ()
            name = given.get(SERVICE, "")
            if name in services and given.get(WORKSPACE) == workspace:
                declared.setdefault(name, Group(name, "service")).members.append(process)
            elif not name and OWN not in given and _inside(process.cwd(), workspace):
                program = process.name()
                programs.setdefault(program, Group(program, "program")).members.append(process)
    for one in watched:
        roots = matched.get(one.name, []) if one.words else _pointed(ctx, one)
        members = _with_children(roots)
        if members:
            declared.setdefault(one.name, Group(one.name, "watched")).members = members
    found = list((declared or programs).values())
    for group in found:
        group.roots = _roots(group.members)
    return found


def _inside(folder: str, workspace: str) -> bool:
    return folder == workspace or folder.startswith(workspace + os.sep)


def _pointed(ctx: Context, one: Watched) -> list[psutil.Process]:
    """The process that a file with its pid, or a port, points to."""
    if one.pid_file:
        text = ctx.workspace.text(one.pid_file, LARGEST_PID_FILE).strip()
        pids = {int(text)} if text.isascii() and text.isdigit() and len(text) < 10 else set()
    else:
        pids = {pid for pid, port in listeners() if port == one.port}
    found = []
    for pid in sorted(pids):
        with suppress(psutil.Error, OSError, ValueError, OverflowError):
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def listeners() -> set[tuple[int, int]]:
    """Pid and port of all that listen on TCP, as far as the system tells."""
    try:
        rows = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return set()
    return {(row.pid, row.laddr.port) for row in rows if row.status == psutil.CONN_LISTEN and row.pid and row.laddr}


def _with_children(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for root in roots:
        found[root.pid] = root
        with suppress(psutil.Error):
            for child in root.children(recursive=True):
                found.setdefault(child.pid, child)
    return list(found.values())


def _roots(members: Sequence[psutil.Process]) -> list[tuple[int, float]]:
    pids = {process.pid for process in members}
    found = []
    for process in members:
        with suppress(psutil.Error):
            if process.ppid() not in pids:
                found.append((process.pid, round(process.create_time(), 2)))
    return sorted(found)


def tree_of(group: Group) -> list[tuple[int, int, str]]:
    """Depth, pid and name of each process, parents before children, for a table."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for process in group.members:
        with suppress(psutil.Error):
            parents[process.pid], names[process.pid] = process.ppid(), process.name()
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent if parent in parents else 0, []).append(pid)
    return _below(children, names, 0, 0)


def _below(
    children: Mapping[int, Sequence[int]], names: Mapping[int, str], parent: int, depth: int
) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for pid in sorted(children.get(parent, ())) if depth < 30 else ():
        found.append((depth, pid, names.get(pid, "")))
        found += _below(children, names, pid, depth + 1)
    return found
