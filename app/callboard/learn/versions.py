"""How files were at a commit, and what differs between two commits or between one and the files as they lie there."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.learn.commits import COMMIT, ask_git

LONG_S = 5.0
MOST_PATHS = 200
LARGEST_PATCH = 4_000_000
PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=all", "--relative")


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that differs: lines added and removed, None each where git takes it for binary."""

    path: str
    added: int | None
    removed: int | None


def content_at(workspace: Path, commit: str, path: str, most_bytes: int) -> bytes | None:
    """The file as the commit has it, cut at `most_bytes`; None when it has no such file, or git cannot say."""
    if not COMMIT.fullmatch(commit) or not path or "\n" in path:
        return None
    ran = ask_git(workspace, "cat-file", "blob", "--end-of-options", f"{commit}:./{path}", most_bytes=most_bytes)
    return ran.output if ran.code == 0 or len(ran.output) >= most_bytes else None


def head_of(workspace: Path) -> str:
    """The commit that is checked out, '' when there is none."""
    ran = ask_git(workspace, "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD")
    told = ran.output.decode("ascii", "replace").strip()
    return told if ran.code == 0 and COMMIT.fullmatch(told) else ""


def changed_between(workspace: Path, old: str, new: str = "") -> list[Changed] | None:
    """What differs below the workspace; without `new` the files as they lie there stand for it. None when git cannot say.

    The files as they lie there pass git's filters, so that is only for a workspace that is trusted.
    """
    if not COMMIT.fullmatch(old) or (new and not COMMIT.fullmatch(new)):
        return None
    ran = ask_git(workspace, "diff", *PLAIN, "--numstat", "-z", old, *([new] if new else []), "--", seconds=LONG_S)
    if ran.code != 0 or ran.trouble:
        return None
    found = []
    for line in os.fsdecode(ran.output).split("\0"):
        added, _, rest = line.partition("\t")
        removed, _, path = rest.partition("\t")
        if path:
            found.append(Changed(path, _number(added), _number(removed)))
    return found


def loose_files(workspace: Path) -> list[str] | None:
    """Files that git does not know and is not told to ignore."""
    ran = ask_git(workspace, "ls-files", "-z", "--others", "--exclude-standard", "--", ".", seconds=LONG_S)
    if ran.code != 0 or ran.trouble:
        return None
    return [os.fsdecode(name) for name in ran.output.split(b"\0") if name]


def patch_of(workspace: Path, old: str, new: str, paths: Sequence[str], context: int = 3) -> list[list[str]]:
    """The differences of these files, each as the lines of a unified diff from its first '@@' on, in the order in which git has
    the files; [] when git cannot say. A file that did not fit into the bounds is missing."""
    if not paths or len(paths) > MOST_PATHS or not COMMIT.fullmatch(old) or (new and not COMMIT.fullmatch(new)):
        return []
    ran = ask_git(
        workspace, "diff", *PLAIN, f"-U{context}", "--patch", old, *([new] if new else []), "--", *paths,
        seconds=LONG_S, most_bytes=LARGEST_PATCH,
    )  # fmt: skip
    return hunks_by_file(ran.output.decode("utf-8", "replace")) if ran.code == 0 and not ran.trouble else []


def hunks_by_file(told: str) -> list[list[str]]:
    """A unified diff taken apart: for each file its lines from the first '@@' on."""
    files: list[list[str]] = []
    within = False
    for line in told.split("\n"):
        if line.startswith("diff --git "):
            files.append([])
            within = False
        elif files:
            within = within or line.startswith("@@ ")
            if within:
                files[-1].append(line)
    for lines in files:
        while lines and not lines[-1]:
            lines.pop()
    return files


def logs_apart(before: Path, after: Path) -> tuple[list[str], str]:
    """What differs between two files that need not be known to git, as lines from the first '@@' on; and what bound was met."""
    ran = ask_git(
        Path(os.sep), "diff", *PLAIN[:4], "--no-index", "--text", "-U3", "--", str(before), str(after),
        seconds=LONG_S, most_bytes=LARGEST_PATCH,
    )  # fmt: skip
    files = hunks_by_file(ran.output.decode("utf-8", "replace"))
    return (files[0] if files else []), ran.trouble


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
