"""Ticks a task line: one character of it is replaced, after the line was read again, and nothing else changes."""

import contextlib
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from callboard.errors import Refused
from callboard.link.openspec.model import Task
from callboard.link.openspec.reach import LARGEST_FILE, OPEN
from callboard.link.openspec.tasks import TASK, sections_of, seen_of

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
BLANKS = " \t"
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Ticked:
    """What was done: the file, the line where the task stands now, and the mark before and after."""

    path: str
    line: int
    before: str
    after: str


def tick(workspace: Path, task: Task, check: Callable[[str], None] | None = None) -> Ticked:
    """Puts an `x` into the task's box: exactly one character of one line changes.

    `check` gets each workspace-relative path that would be written and raises what forbids it (`Boundary.check_path`).
    Raises `Refused` when the task reads otherwise by now or is ticked already, when several lines read like it and none
    stands where it stood, when the file is a link out of the workspace or no plain file, and for `[]`, which has no
    character to replace: write `[ ]` there first. The file keeps its mode, line ends, byte-order mark and last bytes.
    """
    return _marked(Path(workspace), task, "x", check)


def untick(workspace: Path, task: Task, check: Callable[[str], None] | None = None) -> Ticked:
    """Puts a blank in the place of the `x`; the same promises as `tick`."""
    return _marked(Path(workspace), task, " ", check)


def _marked(workspace: Path, task: Task, mark: str, check: Callable[[str], None] | None) -> Ticked:
    where = f"task {task.ref}"
    if task.done == (mark == "x"):
        raise Refused(f"{where} is {'ticked already' if task.done else 'not ticked'}")
    with _opened(workspace, task, check) as (folder, name):
        _alone(folder, task)
        data, about = _read(folder, name, task)
        index = _found(data, task)
        lines = data.split(b"\n")
        lines[index], before = _with_mark(lines[index], mark, where)
        _replace(folder, name, b"\n".join(lines), data, about, task)
    return Ticked(task.path, index + 1, before, mark)


@contextlib.contextmanager
def _opened(workspace: Path, task: Task, check: Callable[[str], None] | None) -> Iterator[tuple[int, str]]:
    """The open folder of the real file and its name in it; no part of the way there is a link."""
    root = os.path.realpath(workspace)
    try:
        real = os.path.realpath(os.path.join(root, task.path), strict=True)
    except (OSError, ValueError) as error:
        raise Refused(f"{task.path} is not there any more; read the roadmap again") from error
    if not real.startswith(root.rstrip("/") + "/"):
        raise Refused(f"{task.path} leads out of the workspace; it is not written")
    inside = os.path.relpath(real, root)
    if check is not None:
        for path in dict.fromkeys((task.path, inside)):
            check(path)
    *folders, name = inside.split("/")
    descriptor = os.open(root, FOLDER)
    try:
        for part in folders:
            try:
                deeper = os.open(part, FOLDER, dir_fd=descriptor)
            except OSError as error:
                raise Refused(f"{task.path} is not there any more; read the roadmap again") from error
            os.close(descriptor)
            descriptor = deeper
        yield descriptor, name
    finally:
        os.close(descriptor)


def _alone(folder: int, task: Task) -> None:
    """Keeps other ticks out of the folder until it is closed."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise Refused(f"the folder of {task.path} is locked by another program; try again") from error
            time.sleep(0.02)
        except OSError:
            return


def _read(folder: int, name: str, task: Task) -> tuple[bytes, os.stat_result]:
    try:
        descriptor = os.open(name, OPEN, dir_fd=folder)
    except OSError as error:
        raise Refused(f"{task.path} cannot be read: {error.strerror or type(error).__name__}") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise Refused(f"{task.path} is no plain file; it is not written")
    with open(descriptor, "rb") as opened:
        data = opened.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Refused(f"{task.path} is larger than {LARGEST_FILE // 1_000_000} MB; tick the line by hand")
    return data, about


def _found(data: bytes, task: Task) -> int:
    """The index of the line that is the task; raises `Refused` when none is, or it cannot be told which."""
    tasks = [one for section in sections_of(data, "", "", {}) for one in section.tasks]
    alike = [one for one in tasks if one.seen == task.seen]
    same = [one for one in alike if one.section == task.section]
    for found in (same, alike):
        if any(one.line == task.line for one in found):
            if found is same or len(found) == 1:
                return task.line - 1
        elif len(found) == 1:
            return found[0].line - 1
    if alike:
        raise Refused(f"task {task.ref} has moved, and {len(alike)} lines read like it; read the roadmap again")
    if any(one.text == task.text and one.done != task.done for one in tasks):
        how = "ticked" if not task.done else "unticked"
        raise Refused(f"task {task.ref} was {how} by somebody else meanwhile")
    raise Refused(f"task {task.ref} reads otherwise now, or is gone; read the roadmap again")


def _with_mark(line: bytes, mark: str, where: str) -> tuple[bytes, str]:
    text = line.decode("utf-8", "surrogateescape")
    match = TASK.match(text)
    if match is None:
        raise Refused(f"{where} has a box that is not understood; tick it by hand")
    opened = text.index("[") + 1
    inner = text[opened : text.index("]", opened)]
    if not inner:
        raise Refused(f"{where} has the box [] without a blank; write [ ] there, then it can be ticked")
    at = next((place for place, sign in enumerate(inner) if sign not in BLANKS), 0)
    before = inner[at]
    if re.fullmatch(r"[\s\ufeff]", before) and before not in BLANKS:
        raise Refused(f"{where} has an odd blank in its box; write [ ] there, then it can be ticked")
    changed = text[: opened + at] + mark + text[opened + at + 1 :]
    again = TASK.match(changed)
    if again is None or (again["mark"] or "") != mark.strip():
        raise Refused(f"{where} has a box that is not understood; tick it by hand")
    shown = before if before.isprintable() else "\N{REPLACEMENT CHARACTER}"
    return changed.encode("utf-8", "surrogateescape"), shown


def _replace(folder: int, name: str, data: bytes, before: bytes, about: os.stat_result, task: Task) -> None:
    """Writes beside, syncs, looks once more whether the file is still the same, and renames."""
    beside = f".{name}.{secrets.token_hex(6)}"
    try:
        with open(os.open(beside, FRESH, 0o600, dir_fd=folder), "wb") as opened:
            opened.write(data)
            opened.flush()
            with contextlib.suppress(OSError):
                os.fchown(opened.fileno(), about.st_uid, about.st_gid)
            os.fchmod(opened.fileno(), stat.S_IMODE(about.st_mode))
            os.fsync(opened.fileno())
        again, now = _read(folder, name, task)
        if again != before or (now.st_ino, now.st_dev) != (about.st_ino, about.st_dev):
            raise Refused(f"{task.path} was written by somebody else at this moment; try again")
        os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        raise Refused(f"{task.path} cannot be written: {error.strerror or type(error).__name__}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(beside, dir_fd=folder)
    with contextlib.suppress(OSError):
        os.fsync(folder)


def reads_like(task: Task, line: bytes) -> bool:
    """Whether the line reads as it did when the task was read."""
    return seen_of(line) == task.seen
