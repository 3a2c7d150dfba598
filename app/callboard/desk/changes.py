"""What changed since a task last passed: commits, and which of the files that it reads."""

from collections.abc import Callable, Sequence
from pathlib import Path

from callboard.agents.crew import Catalogue
from callboard.core.task import TaskSpec
from callboard.learn.commits import MOST_COMMITS, LastPass, commits_between, files_between, last_pass
from callboard.learn.contents import wanted
from callboard.record.history import History
from callboard.rows import Row
from callboard.work.finding import clean

MOST_KEPT = 200
MOST_FILES = 100


class Changes:
    """Asks git, and remembers what lies between two commits, as that never changes."""

    def __init__(self, history: History, catalogue: Callable[[], Catalogue]) -> None:
        self._history = history
        self._catalogue = catalogue
        self._between: dict[tuple[str, str, str], tuple[list[Row] | None, list[str]]] = {}

    def since_last_pass(self, run: Row, spec: TaskSpec) -> Row | None:
        """`since` (the run, its commit and branch), `commits`, the newest first, `files` that the task reads, and `words`; None
        where git knew nothing of the run."""
        git = run.get("git") or {}
        commit = str(git.get("commit") or "")
        if not commit:
            return None
        last = last_pass(self._history.database, run["workspace"], spec.name, run["id"])
        if last is None:
            words = "it has not passed here before, as far as commits are on record"
            return {"since": None, "commits": [], "files": [], "words": words}
        commits, paths = self._look(run["workspace"], last.commit, commit)
        files = [path for path in paths if self.reads(spec, path)]
        return {
            "since": {"run": last.run, "commit": last.commit, "branch": last.branch},
            "commits": commits or [],
            "files": [clean(path, 500) for path in files[:MOST_FILES]],
            "words": _words(last, commit, commits, files, int(git.get("changed") or 0)),
        }

    def between(self, workspace: str, old: str, new: str) -> tuple[list[Row] | None, list[str]]:
        """The commits that `new` has and `old` has not, None when git cannot say, and the paths that differ."""
        commits, paths = self._look(workspace, old, new)
        return commits, [clean(path, 500) for path in paths]

    def _look(self, workspace: str, old: str, new: str) -> tuple[list[Row] | None, list[str]]:
        if old == new:
            return [], []
        key = (workspace, old, new)
        if key not in self._between:
            place = Path(workspace)
            found = commits_between(place, old, new), files_between(place, old, new)
            while len(self._between) >= MOST_KEPT:
                self._between.pop(next(iter(self._between)), None)
            self._between[key] = found
        return self._between[key]

    def reads(self, spec: TaskSpec, path: str) -> bool:
        """Whether the action of a task reads that file, by what it says of its effects."""
        if spec.reads:
            return wanted(spec.reads)(path)
        action = self._catalogue().action(spec.action) if spec.action else None
        folder = spec.options.get("folder")
        below = folder if isinstance(folder, str) else spec.folder
        return wanted(action.effects.reads if action else ("**",), below)(path)


def _words(last: LastPass, commit: str, commits: Sequence[Row] | None, files: Sequence[str], dirty: int) -> str:
    place = f"run {last.run}, {last.commit[:7]}"
    loose = f"; {dirty:,} {'file was' if dirty == 1 else 'files were'} changed without a commit" if dirty else ""
    if commits is None:
        return f"it last passed in {place}; git cannot say what came between that and {commit[:7]}"
    if last.commit == commit:
        return f"the same commit as when it last passed ({place}){loose}"
    count = f"{MOST_COMMITS} or more commits" if len(commits) == MOST_COMMITS else _count(len(commits), "commit")
    return f"{count} since it last passed ({place}), with {_count(len(files), 'file')} that it reads{loose}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
