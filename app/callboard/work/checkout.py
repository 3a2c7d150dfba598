"""The user's own git checkout, as a patch meets it: does it apply, what has changed there, all of it or nothing."""

import fcntl
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from callboard.errors import CallboardError, Refused
from callboard.work.patchtext import FileChange, PatchError
from callboard.work.workspace import GIT_SAFE

GIT_S = 120
OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_NAMESPACE")
FAULT = re.compile(r"^error: (?P<file>.+?): (?P<why>[^:]+)$")
PLACE = re.compile(r"^error: patch failed: (?P<file>.+):(?P<line>\d+)$")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a patch does not apply to one file."""

    path: str
    why: str


def git(at: Path, *words: str, given: bytes = b"", ceiling: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Runs git without hooks, questions or a foreign repository; raises `CallboardError` when it cannot be run."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    if ceiling is not None:
        environment["GIT_CEILING_DIRECTORIES"] = str(ceiling)
    try:
        return subprocess.run(
            ["git", *GIT_SAFE, "-C", str(at), *words],
            input=given, capture_output=True, timeout=GIT_S, env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise CallboardError(f"git {words[0]} could not be run in {at}: {error}") from error


class Checkout:
    """The git checkout that a workspace is, or lies in. Raises `Refused` where there is none."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace.resolve()
        found = git(self.workspace, "rev-parse", "--show-toplevel") if self.workspace.is_dir() else None
        if found is None or found.returncode:
            why = found.stderr.decode("utf-8", "replace").strip()[:200] if found else "it is not there"
            raise Refused(f"{workspace} is no git checkout ({why}); a patch can only be applied where git can check it")
        self.top = Path(os.fsdecode(found.stdout).rstrip("\n")).resolve()

    @property
    def head(self) -> str:
        """The commit that is checked out, '' for none."""
        found = git(self.top, "rev-parse", "--verify", "-q", "HEAD^{commit}")
        return found.stdout.decode().strip()

    def inside(self, path: str) -> str:
        """A path of a patch as the workspace sees it; raises `PatchError` when it lies outside."""
        full = self.top / path
        if not full.is_relative_to(self.workspace):
            raise PatchError(f"the patch names '{path[:200]}', which lies outside of the workspace")
        return full.relative_to(self.workspace).as_posix()

    def troubles(self, patch: bytes, changes: Sequence[FileChange], *, back: bool = False) -> list[Trouble]:
        """Why it does not apply to the files as they are now, one for each file; none when it does."""
        found = [Trouble(path, why) for change in changes for path in change.paths if (why := self._odd(path))]
        if found:
            return found
        self._same_files(patch, changes)
        done = git(self.top, "apply", "--check", "--whitespace=nowarn", *(["-R"] if back else []), "-", given=patch)
        if done.returncode == 0:
            return []
        return _troubles(done.stderr.decode("utf-8", "replace"))

    def _odd(self, path: str) -> str:
        """Why the place of a path is not one that a patch may write to."""
        place = self.top
        for part in path.split("/"):
            place = place / part
            if place.is_symlink():
                where = place.relative_to(self.top).as_posix()
                return "it is a symbolic link" if where == path else f"'{where}' is a symbolic link"
        if place.exists() and not place.is_file():
            return "it is no plain file"
        return ""

    def _same_files(self, patch: bytes, changes: Sequence[FileChange]) -> None:
        """Git must see the files that we see: else the patch says one thing to us and another to git."""
        listed = git(self.top, "apply", "--numstat", "-z", "-", given=patch)
        if listed.returncode:
            raise PatchError(f"git cannot read the patch: {listed.stderr.decode('utf-8', 'replace').strip()[:300]}")
        seen = set()
        for entry in listed.stdout.split(b"\0"):
            if entry.count(b"\t") >= 2:
                seen.add(os.fsdecode(entry.split(b"\t", 2)[2]))
        known = {path for change in changes for path in change.paths}
        if not {name for name in seen if name} <= known:
            raise PatchError("git reads other files in the patch than it names; it is not applied")

    def uncommitted(self, paths: Sequence[str]) -> list[str]:
        """Which of the files have changes that are not committed."""
        listed = git(
            self.top, "status", "--porcelain", "-z", "--no-renames", "--", *[f":(literal,top){p}" for p in paths]
        )
        return [os.fsdecode(entry[3:]) for entry in listed.stdout.split(b"\0") if len(entry) > 3]

    def moved(self, base: str) -> int | None:
        """How many commits HEAD is ahead of the commit that a patch was made from; None when it does not descend from it."""
        if not re.fullmatch(r"[0-9a-f]{40,64}", base):
            return None
        if git(self.top, "merge-base", "--is-ancestor", base, "HEAD").returncode:
            return None
        counted = git(self.top, "rev-list", "--count", f"{base}..HEAD").stdout.strip()
        return int(counted) if counted.isdigit() else None

    def apply(self, patch: bytes, *, back: bool = False) -> None:
        """Writes the working tree alone: index and commits stay. Raises `CallboardError`; then files may be half written."""
        done = git(self.top, "apply", "--whitespace=nowarn", *(["-R"] if back else []), "-", given=patch)
        if done.returncode:
            raise CallboardError(f"git could not apply it: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else's Callboard applies patches here meanwhile."""
        handle = os.open(self.top, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Refused(f"another patch is being applied to {self.top} right now; try again") from error
            yield
        finally:
            os.close(handle)


def after_of(patch: bytes, before: dict[str, bytes], *, back: bool = False) -> dict[str, bytes] | None:
    """What the files would hold once the patch is applied to `before`, by path; None when that cannot be foreseen."""
    with tempfile.TemporaryDirectory(prefix="callboard-patch-") as made:
        room = Path(made).resolve()
        for path, content in before.items():
            place = room / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        words = ["apply", "--whitespace=nowarn", *(["-R"] if back else []), "-"]
        if git(room, *words, given=patch, ceiling=room.parent).returncode:
            return None
        return {
            path.relative_to(room).as_posix(): path.read_bytes() for path in sorted(room.rglob("*")) if path.is_file()
        }


def _troubles(said: str) -> list[Trouble]:
    """Git's complaints as sentences, the first of each file."""
    found: dict[str, str] = {}
    for line in said.splitlines():
        place = PLACE.match(line)
        if place:
            found[place["file"]] = f"the lines around {place['line']} are not those that the patch was made from"
            continue
        fault = FAULT.match(line)
        if fault and fault["why"] != "patch does not apply":
            words = {
                "No such file or directory": "it is not there",
                "already exists in working directory": "it is there already",
            }
            found.setdefault(fault["file"], words.get(fault["why"], fault["why"]))
        elif fault:
            found.setdefault(fault["file"], "its text is not the one that the patch was made from")
    if not found:
        found[""] = said.strip()[:300] or "git gives no reason"
    return [Trouble(path, why) for path, why in found.items()]
