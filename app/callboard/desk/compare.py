"""A run held against an earlier one."""

from typing import Any

from callboard.desk.differences import finding_changes, result, setting_changes, task_changes, totals
from callboard.desk.plans import Plans
from callboard.learn.spread import spreads
from callboard.rows import Row, key_of
from callboard.witnesses import merged

MOST_OTHERS = 50
MOST_LOOKED = 500
MOST_STANDING = 1_000
PICKED = (
    "id",
    "name",
    "state",
    "submitted",
    "started",
    "ended",
    "summary",
    "by",
    "trigger",
    "git",
    "findings",
    "total",
)


class Compare(Plans):
    """What became better, what worse."""

    def compare(self, run: int, other: int | None = None) -> Row:
        """A run against `other`, or the one before it of the same pipeline and workspace.

        `with` is None, and all lists are empty, where there is no earlier one. Times are judged by how much the job's earlier
        tries differ among themselves. Raises `NotFound`.
        """
        now = self._run(run)
        others = self._others_of(now["run"])
        earlier = [row for row in others if row["id"] < run]
        previous = earlier[0]["id"] if earlier else None
        green = next((row["id"] for row in earlier if row["state"] == "succeeded"), None)
        number = other or previous
        frame: Row = {
            "run": now["run"], "previous": previous, "green": green, "seq": now["seq"],
            "others": [{name: row[name] for name in PICKED} for row in others[:MOST_OTHERS]],
        }  # fmt: skip
        if number is None:
            return {**frame, "with": None, **_nothing(now["run"])}
        then = self._run(number)
        return {**frame, "with": then["run"], **self._compared(now, then)}

    def _others_of(self, run: Row) -> list[Row]:
        rows = self._history.runs(MOST_LOOKED)
        same = [row for row in rows if (row["name"], row["workspace"]) == (run["name"], run["workspace"])]
        return [row for row in same if row["id"] != run["id"]]

    def _compared(self, now: Row, then: Row) -> Row:
        new, old = now["run"], then["run"]
        same_place = new["workspace"] == old["workspace"]
        known = spreads(self._history.database, new["workspace"], new["id"]) if same_place else {}
        groups, rest = task_changes(now["tasks"], then["tasks"], old["id"], known)
        done = {task["name"] for task in now["tasks"] if result(task) in ("pass", "fail", "unknown")}
        unseen = [task["id"] for task in then["tasks"] if task["name"] not in done]
        found = finding_changes(self._found(now), self._found(then), unseen)
        return {
            "tasks": groups,
            "rest": rest,
            "findings": found,
            **self._between(new, old),
            "settings": setting_changes(
                [task.spec for task in self._kept(new["id"]).tasks], [task.spec for task in self._kept(old["id"]).tasks]
            ),
            "totals": totals(now, then),
            "words": _words(groups, found),
            "note": _note(new, old),
        }

    def _found(self, side: Row) -> list[Row]:
        """What was noticed, with what stands for the tasks that were not run again."""
        run = side["run"]["id"]
        rows = self._history.findings(run=run)
        standing = [task for task in side["tasks"] if task["stands_for"]][:MOST_STANDING]
        for task in standing:
            key = key_of(str(task["stands_for"]).partition("#")[0])
            if key is not None:
                rows += [{**row, "run": run, "task": task["id"]} for row in self._history.findings(*key)]
        return merged(self._as_accepted_now(side["run"]["workspace"], rows))

    def _between(self, new: Row, old: Row) -> Row:
        commit, before = (str((run["git"] or {}).get("commit") or "") for run in (new, old))
        if not commit or not before or new["workspace"] != old["workspace"]:
            return {"commits": [], "files": [], "commits_words": "git knew nothing of one of the two runs"}
        commits, files = self._changes.between(new["workspace"], before, commit)
        back: list[Row] | None = []
        if commits == [] and commit != before:
            back, files = self._changes.between(new["workspace"], commit, before)
        words = _commit_words(new, old, commits, back)
        return {"commits": commits or back or [], "files": files[:MOST_LOOKED], "commits_words": words}


def _commit_words(new: Row, old: Row, commits: list[Row] | None, back: list[Row] | None) -> str:
    loose = int((new["git"] or {}).get("changed") or 0)
    tail = f"; run {new['id']} had {_count(loose, 'file')} changed without a commit" if loose else ""
    if commits is None or back is None:
        return f"git cannot say what lies between run {old['id']} and run {new['id']}{tail}"
    if back:
        return f"run {new['id']} stands {_count(len(back), 'commit')} behind run {old['id']}{tail}"
    if not commits:
        return f"the same commit{tail}"
    return f"{_count(len(commits), 'commit')} between{tail}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _words(groups: list[Row], found: list[Row]) -> str:
    said = [_group_words(group["change"], group["count"]) for group in groups if group["count"]]
    news = [f"{group['count']} {group['change']}" for group in found[:2] if group["count"]]
    tasks = ", ".join(said) or "no task changed"
    return f"{tasks}; findings: {', '.join(news)}" if news else f"{tasks}; no finding came or went"


def _group_words(change: str, count: int) -> str:
    if change == "new":
        return _count(count, "new task")
    return f"{_count(count, 'task')} gone" if change == "gone" else f"{count:,} {change}"


def _note(new: Row, old: Row) -> str:
    if new["workspace"] != old["workspace"]:
        return f"run {old['id']} worked on another workspace, {old['workspace']}"
    if new["name"] != old["name"]:
        return f"run {old['id']} is one of another pipeline, '{old['name']}'"
    if not new["ended"]:
        return f"run {new['id']} has not ended; what is open is left out"
    return "" if old["ended"] else f"run {old['id']} has not ended; what is open is left out"


def _nothing(run: Row) -> Row:
    words = f"run {run['id']} is the first of pipeline '{run['name']}' here: there is nothing to compare it with yet"
    groups, rest = task_changes([], [], 0)
    empty: dict[str, Any] = {"commits": [], "files": [], "commits_words": "", "settings": [], "totals": []}
    return {"tasks": groups, "rest": rest, "findings": finding_changes([], [], []), **empty, "words": words, "note": ""}
