"""What git says about the workspace: the commit, and which lines changed since another one."""

import difflib
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit")
PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
MAINS = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
LARGEST = 20_000_000


@dataclass(frozen=True, slots=True)
class Changed:
    """Which lines are new or other than in `base`, by path relative to the workspace; `words` call the base for a person."""

    base: str
    words: str
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)


def git(top: Path, *words: str) -> str | None:
    """What git answers, None when it refuses or takes longer than a minute."""
    command = ["git", *SAFE, "-C", str(top), *words]
    given = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL, env=given
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout[:LARGEST].decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def head(top: Path) -> str:
    """The commit that is checked out, '' where there is none."""
    return (git(top, "rev-parse", "--verify", "-q", "HEAD^{commit}") or "").strip()


def base_of(top: Path, wanted: str, green: str) -> tuple[str, str]:
    """The commit that changes are counted from, and its words: where the branch left the main one, else the last green run."""
    if wanted != "auto":
        found = git(top, "rev-parse", "--verify", "-q", f"{wanted}^{{commit}}") if not wanted.startswith("-") else None
        return ((found.strip(), wanted) if found else ("", f"{wanted} is no commit here")) if wanted else ("", "")
    here = head(top)
    for name in MAINS if here else ():
        found = git(top, "merge-base", "HEAD", name)
        if found is not None and found.strip() != here:
            return found.strip(), f"the branch left {name.removeprefix('origin/')}"
    if green and green != here and git(top, "merge-base", "--is-ancestor", green, "HEAD") is not None:
        return green, f"the last green run ({green[:8]})"
    return here, f"the last commit ({here[:8]})" if here else ""


def changed_lines(top: Path, base: str, words: str) -> Changed:
    """The lines that the working tree has and `base` has not; all lines of a file that git does not know yet."""
    text = git(top, "diff", "-U0", *PLAIN, base, "--", ".")
    lines: dict[str, set[int]] = {}
    path = ""
    for line in (text or "").split("\n"):
        if line.startswith("+++ "):
            path = _named(line[4:])
        elif path and (match := HUNK.match(line)):
            first, count = int(match[1]), int(match[2] or 1)
            lines.setdefault(path, set()).update(range(first, first + count))
    for name in (git(top, "ls-files", "-z", "-o", "--exclude-standard") or "").split("\0"):
        if name.endswith(".py"):
            lines[name] = set(range(1, 1 + _count(top / name)))
    return Changed(base, words, {name: frozenset(numbers) for name, numbers in lines.items() if numbers})


def _named(text: str) -> str:
    """The path of a '+++' line; '' for a file that is gone, and for names that git has to escape."""
    text = text.rstrip("\t\r")
    return text[2:] if text.startswith("b/") else ""


def _count(path: Path) -> int:
    try:
        with open(path, "rb") as file:
            return len(file.read(LARGEST).splitlines())
    except OSError:
        return 0


def blob(path: Path) -> str:
    """The name that git gives to the content of a file, '' when it cannot be read."""
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError:
        return ""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def touched_lines(top: Path, old: str, path: Path) -> frozenset[int] | None:
    """The lines of an old content, by its name in git, that the file now has otherwise; None when git does not know it."""
    before = git(top, "cat-file", "blob", old) if old else None
    if before is None:
        return None
    try:
        after = path.read_bytes()[:LARGEST].decode("utf-8", "surrogateescape")
    except OSError:
        after = ""
    return frozenset(_touched(before.splitlines(), after.splitlines()))


def _touched(before: list[str], after: list[str]) -> Iterator[int]:
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, before, after, autojunk=True).get_opcodes():
        if kind == "insert":
            yield from (number for number in (start, start + 1) if 0 < number <= len(before))
        elif kind != "equal":
            yield from range(start + 1, end + 1)
