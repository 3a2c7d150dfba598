"""How the counts of tasks went before Callboard looked, as the commits of the task files tell it."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from callboard.agents.bounded import Ran
from callboard.learn.commits import COMMIT, ask_git
from callboard.learn.pace import Reading

SECONDS = 10.0
MOST_BYTES = 24_000_000
MOST_COMMITS = 3_000
MOST_DAYS = 400
DAY_S = 86_400.0
HEAD = re.compile(rb"^\x1e([0-9]{1,12})$")
LOG = (
    "-c",
    "core.quotePath=false",
    "log",
    "--first-parent",
    "-m",
    f"--max-count={MOST_COMMITS}",
    f"--since={MOST_DAYS}.days",
    "--no-show-signature",
    "--no-ext-diff",
    "--no-textconv",
    "--no-renames",
    "--no-color",
    "--no-notes",
    "--relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-U0",
    "-p",
    "--format=%x1e%ct",
)


class GitHistory:
    """The history of one workspace, asked again only when its commit is another one. Blocks: never on the event loop.

    `done_of` tells of a line whether it is a task that is done, one that is open, or None: no task.
    """

    def __init__(self, workspace: Path, folder: str, done_of: Callable[[str], bool | None]) -> None:
        self._workspace = workspace.resolve()
        self._folder = folder
        self._done_of = done_of
        self._head = ""
        self._found: dict[str, list[Reading]] = {}
        self._touched: dict[str, float] = {}

    def readings(self) -> dict[str, list[Reading]]:
        """By change (when, done, total), oldest first; {} where there is no git, or it does not answer in time."""
        ran = ask_git(self._workspace, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        head = ran.output.decode("ascii", "replace").strip() if ran.code == 0 else ""
        if not COMMIT.fullmatch(head):
            return {}
        if head != self._head:
            ran = self._log(head)
            if ran.code != 0 and not ran.output:
                return {}
            self._head, self._found = head, parsed(ran.output, self._folder, self._done_of, time.time())
            self._touched = touched_in(ran.output, self._folder, time.time())
        return self._found

    def touched(self) -> dict[str, float]:
        """By change when a commit touched its files last, as `readings` saw it; without changes whose files differ from that.

        The times of files are those of the checkout, which may be younger than all that is in it.
        """
        words = ("status", "--porcelain", "-z", "--untracked-files=all", "--", f"{self._folder}/changes")
        ran = ask_git(self._workspace, *words, seconds=SECONDS)
        if ran.code != 0 or ran.trouble:
            return {}
        place = re.compile(rb"(?:^|/)" + re.escape(os.fsencode(self._folder)) + rb"/changes/([^/]+)/")
        differs = {os.fsdecode(hit[1]) for line in ran.output.split(b"\0") if (hit := place.search(line[3:]))}
        return {name: at for name, at in self._touched.items() if name not in differs}

    def _log(self, head: str) -> Ran:
        words = (*LOG, head, "--", f"{self._folder}/changes")
        return ask_git(self._workspace, *words, seconds=SECONDS, most_bytes=MOST_BYTES)


def parsed(output: bytes, folder: str, done_of: Callable[[str], bool | None], now: float) -> dict[str, list[Reading]]:
    """The readings in the output of `git log -p`, which tells the newest commit first; only task files of active changes count.

    A change that begins before the history does has counts that are right but for a constant.
    """
    place = re.compile(re.escape(os.fsencode(folder)) + rb"/changes/([^/]+)/(?:.*/)?tasks\.md")
    found: dict[str, list[Reading]] = {}
    counts: dict[str, tuple[int, int]] = {}
    at, change, sides = 0.0, "", [b"", b""]
    in_hunk = 0
    commits = re.split(rb"(?m)^(?=\x1e)", output)
    for line in (line for commit in reversed(commits) for line in commit.split(b"\n")):
        if in_hunk > 0 and line[:1] in (b"+", b"-"):
            in_hunk -= 1
            done = done_of(line[1:].decode("utf-8", "replace")) if change else None
            if done is not None:
                sign = 1 if line[:1] == b"+" else -1
                was = counts.get(change, (0, 0))
                counts[change] = (was[0] + sign * done, was[1] + sign)
            continue
        if head := HEAD.match(line):
            _noted(found, counts, at)
            at, change = min(float(head[1]), now), ""
        elif line.startswith(b"diff --git "):
            change, sides = "", [b"", b""]
        elif line.startswith((b"--- ", b"+++ ")):
            sides[line[:1] == b"+"] = line[4:].split(b"\t")[0]
            names = [place.fullmatch(side[2:]) for side in sides]
            hit = names[1] or names[0]
            change = os.fsdecode(hit[1]) if hit and hit[1] != b"archive" else ""
            if change and change not in counts:
                counts[change] = (0, 0)
        elif hunk := re.match(rb"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", line):
            in_hunk = sum(int(part) if part is not None else 1 for part in hunk.groups())
    _noted(found, counts, at)
    return {name: _above_nothing(rows) for name, rows in found.items() if "\ufffd" not in name and name.isprintable()}


def touched_in(output: bytes, folder: str, now: float) -> dict[str, float]:
    """By change the newest commit in the same output that touched one of its files, in epoch seconds."""
    place = re.compile(rb"^diff --git a/" + re.escape(os.fsencode(folder)) + rb"/changes/([^/]+)/", re.MULTILINE)
    found: dict[str, float] = {}
    for commit in re.split(rb"(?m)^(?=\x1e)", output):
        head = HEAD.match(commit.partition(b"\n")[0])
        for name in {os.fsdecode(hit[1]) for hit in place.finditer(commit)} if head else ():
            found.setdefault(name, min(float(head[1]), now) if head else now)
    return found


def _noted(found: dict[str, list[Reading]], counts: dict[str, tuple[int, int]], at: float) -> None:
    for name, (done, total) in counts.items():
        rows = found.setdefault(name, [])
        if not rows or rows[-1][1:] != (done, total):
            rows.append((max(at, rows[-1][0] if rows else at), done, total))


def _above_nothing(rows: list[Reading]) -> list[Reading]:
    low_done, low_total = min(0, *(row[1] for row in rows), 0), min(0, *(row[2] for row in rows), 0)
    return [(at, done - low_done, total - low_total) for at, done, total in rows]
