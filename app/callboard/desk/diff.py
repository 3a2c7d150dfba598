"""What differs between a task's run and the run in which the same job last passed here."""

import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from callboard.core.task import TaskKey, TaskSpec
from callboard.desk.hunks import numbered
from callboard.desk.runs import Runs
from callboard.desk.source import read_inside
from callboard.desk.veil import is_all_secret, is_secret
from callboard.learn.commits import LastPass, last_pass
from callboard.learn.versions import MOST_PATHS, Changed, changed_between, head_of, loose_files, patch_of
from callboard.rows import Row
from callboard.work.finding import clean

MOST_FILES = 200
MOST_LINES = 4_000
MOST_OF_FILE = 1_500


@dataclass(frozen=True, slots=True)
class Loose:
    """What was changed without a commit when the run began, as far as it can still be known, and why not further."""

    paths: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    words: str = ""


class Diffs(Runs):
    """Differences are asked of git each time; nothing of them is kept."""

    def diff(self, task_id: str) -> Row:
        """`since` (run, commit and branch of the last pass; None when there is none), `commit`, `words`, `files` and `more`, how
        many files are not listed. Files that the task reads come first; each has `lines`, or says in `left` why it has none."""
        key = self.key(task_id)
        whole = self._run(key.run)
        spec = self._spec(key) if key.task < len(whole["tasks"]) else None
        run = whole["run"]
        git = run["git"] or {}
        commit = str(git.get("commit") or "")
        answer: Row = {"since": None, "commit": commit, "words": "", "files": [], "more": 0}
        if spec is None or not commit:
            return {**answer, "words": "git knew nothing of the workspace when the run began"}
        last = last_pass(self._history.database, run["workspace"], spec.name, key.run)
        if last is None:
            return {**answer, "words": "it has not passed here before, as far as commits are on record"}
        answer["since"] = {"run": last.run, "commit": last.commit, "branch": last.branch}
        workspace = Path(run["workspace"])
        changed = changed_between(workspace, last.commit, commit)
        if changed is None:
            return {**answer, "words": f"git cannot say what differs between {last.commit[:7]} and {commit[:7]}"}
        loose = self._loose(workspace, git, commit, run["submitted"])
        files = self._files(workspace, spec, last, commit, changed, loose, self._secret_lines(key))
        listed = files[:MOST_FILES]
        words = _words(last, commit, len(files), sum(1 for file in files if file["reads"]), loose)
        return {**answer, "files": listed, "more": len(files) - len(listed), "words": words}

    def _secret_lines(self, key: TaskKey) -> dict[str, set[int]]:
        lines: dict[str, set[int]] = {}
        for row in self._history.findings(run=key.run):
            if is_secret(row["rule"]):
                lines.setdefault(row["path"], set()).add(row["line"])
        return lines

    def _loose(self, workspace: Path, git: Row, commit: str, submitted: float) -> Loose:
        count = int(git.get("changed") or 0)
        if not count:
            return Loose()
        unknown = f"{count:,} {'file was' if count == 1 else 'files were'} changed without a commit"
        if self._trust.why_not(workspace):
            return Loose(words=f"{unknown}, and the workspace is not trusted any more")
        if head_of(workspace) != commit:
            return Loose(words=f"{unknown}; what they were is not known any more, as another commit is checked out")
        tracked, fresh = changed_between(workspace, commit), loose_files(workspace)
        if tracked is None or fresh is None:
            return Loose(words=f"{unknown}; git cannot say which")
        old = {file.path for file in tracked if _written(workspace, file.path) <= submitted}
        new = {path for path in fresh if _written(workspace, path) <= submitted}
        later = max(0, count - len(old) - len(new))
        words = f"{later:,} more changed without a commit and were written again since" if later else ""
        return Loose(frozenset(old), frozenset(new), words)

    def _files(
        self,
        workspace: Path,
        spec: TaskSpec,
        last: LastPass,
        commit: str,
        changed: list[Changed],
        loose: Loose,
        secret: dict[str, set[int]],
    ) -> list[Row]:
        files = {
            file.path: self._file(spec, file, loose=False) for file in changed if file.path not in loose.paths
        }  # fmt: skip
        for file in (changed_between(workspace, last.commit) or []) if loose.paths else []:
            if file.path in loose.paths:
                files[file.path] = self._file(spec, file, loose=True)
        for path in loose.fresh:
            files[path] = self._file(spec, Changed(path, None, 0), loose=True)
        ordered = sorted(files.items(), key=lambda item: (not item[1]["reads"], item[0]))
        room, shown = MOST_LINES, []
        for path, row in ordered[:MOST_PATHS]:
            size = (row["added"] or 0) + (row["removed"] or 0)
            if path in loose.fresh:
                room -= _add_fresh(workspace, row, path, min(room, MOST_OF_FILE), _secret(secret, path))
            elif row["added"] is None:
                row["left"] = "binary content"
            elif size > MOST_OF_FILE or size > room:
                row["left"] = f"{size:,} lines differ: too many to show here"
            else:
                room -= size
                shown.append(path)
        for new in (commit, ""):
            paths = sorted(path for path in shown if (path in loose.paths) == (not new))
            for path, lines in zip(paths, _patches(workspace, last.commit, new, paths), strict=False):
                files[path]["lines"] = numbered(lines, _secret(secret, path))
        for path, row in ordered:
            if not row["lines"] and not row["left"]:
                row["left"] = "only its mode differs" if path in shown else "left out: there are too many files"
        return [row for _, row in ordered]

    def _file(self, spec: TaskSpec, file: Changed, loose: bool) -> Row:
        return {
            "path": clean(file.path, 500), "added": file.added, "removed": file.removed, "loose": loose,
            "reads": self._changes.reads(spec, file.path), "lines": [], "left": "",
        }  # fmt: skip


def _secret(lines: dict[str, set[int]], path: str) -> Container[int]:
    return range(1, 1 << 31) if is_all_secret(path) else lines.get(path, set())


def _patches(workspace: Path, old: str, new: str, paths: list[str]) -> list[list[str]]:
    """One for each of the paths, in their order; [] when git left one out, as then nobody knows whose is whose."""
    found = patch_of(workspace, old, new, paths)
    return found if len(found) == len(paths) else []


def _add_fresh(workspace: Path, row: Row, path: str, most: int, secret: Container[int]) -> int:
    """Fills in a file that git does not know yet; how many lines it has cost."""
    text = read_inside(workspace, path)
    if text.trouble:
        row["left"] = text.trouble
        return 0
    row["added"] = len(text.lines)
    if len(text.lines) > most:
        row["left"] = f"{len(text.lines):,} lines are new: too many to show here"
        return 0
    head = f"@@ -0,0 +1,{len(text.lines)} @@ new, and git does not know it"
    row["lines"] = numbered([head, *(f"+{line}" for line in text.lines)], secret)
    return len(text.lines)


def _written(workspace: Path, path: str) -> float:
    try:
        return os.lstat(workspace / path).st_mtime
    except (OSError, ValueError):
        return 0.0


def _words(last: LastPass, commit: str, files: int, read: int, loose: Loose) -> str:
    place = f"run {last.run}, {last.commit[:7]}"
    if not files:
        told = f"nothing differs since it last passed ({place})"
    else:
        count = f"{files:,} {'file differs' if files == 1 else 'files differ'}"
        told = f"{count} since it last passed ({place}); it reads {read:,} of them"
    if loose.paths or loose.fresh:
        told += f"; {len(loose.paths) + len(loose.fresh):,} without a commit"
    return f"{told}; {loose.words}" if loose.words else told
