"""Finds runs, tasks, findings and patches by words, the newest first, never more than asked for."""

from collections.abc import Sequence

from callboard.record.history import History
from callboard.rows import Row

NEWEST = 60_000  # so many rows of a table are looked through at most


class Remembered:
    """Looks through the newest rows of the tables; words are texts to be found, nothing in them has a meaning."""

    def __init__(self, history: History) -> None:
        self._history = history

    def runs(self, words: Sequence[str], limit: int) -> list[Row]:
        """Runs by number, name, who started them and why."""
        found = self._look(
            'SELECT id, name, state, "by", "trigger", submitted FROM run WHERE id > (SELECT max(id) FROM run) - ?',
            "'run ' || id || ' ' || name || ' ' || \"by\" || ' ' || \"trigger\" || ' ' || state", words, "id DESC", limit,
        )  # fmt: skip
        return [
            {"kind": "run", "id": str(r[0]), "title": f"{r[0]} · {r[1]}", "detail": f"{r[4]} · {r[3]}", "state": r[2], "at": r[5],
             "href": f"/runs/{r[0]}"}
            for r in found
        ]  # fmt: skip

    def tasks(self, words: Sequence[str], limit: int) -> list[Row]:
        """Tasks by id, name, action, agent and state; of each name the newest."""
        found = self._look(
            "SELECT run, place, name, state, agent FROM task WHERE run >= ?",
            "run || '.' || place || ' ' || name || ' ' || action || ' ' || agent || ' ' || state", words, "run DESC, place",
            limit * 4, self._oldest_run(),
        )  # fmt: skip
        newest = {row[2]: row for row in reversed(found)}
        return [
            {"kind": "task", "id": f"{r[0]}.{r[1]}", "title": r[2], "detail": f"{r[0]}.{r[1]} · {r[4]}", "state": r[3], "at": None,
             "href": f"/tasks/{r[0]}.{r[1]}"}
            for r in [row for row in found if newest[row[2]] is row][:limit]
        ]  # fmt: skip

    def task(self, run: int, place: int) -> list[Row]:
        """The task of that id, if there is one."""
        sql = "SELECT name, state, agent FROM task WHERE run = ? AND place = ?"
        return [
            {"kind": "task", "id": f"{run}.{place}", "title": r[0], "detail": f"{run}.{place} · {r[2]}", "state": r[1], "at": None,
             "href": f"/tasks/{run}.{place}"}
            for r in self._history._rows(sql, (run, place))
        ]  # fmt: skip

    def findings(self, words: Sequence[str], limit: int) -> list[Row]:
        """Findings by rule, message and place; of the same one the newest."""
        found = self._look(
            "SELECT id, run, task, rule, severity, path, line, message, fingerprint FROM finding"
            " WHERE id > coalesce((SELECT id FROM finding ORDER BY id DESC LIMIT 1 OFFSET ?), 0)",
            "'f' || id || ' ' || rule || ' ' || severity || ' ' || path || ' ' || message", words, "id DESC", limit * 4,
        )  # fmt: skip
        newest = {row[8] or row[0]: row for row in reversed(found)}
        return [
            {"kind": "finding", "id": f"f{r[0]}", "title": r[7], "detail": f"{r[3]}" + (f" · {r[5]}:{r[6]}" if r[5] else ""),
             "state": r[4], "at": None, "href": f"/tasks/{r[1]}.{r[2]}?tab=findings#f{r[0]}"}
            for r in [row for row in found if newest[row[8] or row[0]] is row][:limit]
        ]  # fmt: skip

    def patches(self, words: Sequence[str], limit: int) -> list[Row]:
        """Patches by number, name and the task that proposed them."""
        found = self._look(
            "SELECT a.id, a.name, t.name, a.run, a.task, a.at, t.agent FROM artifact a JOIN task t ON t.run = a.run"
            " AND t.place = a.task WHERE a.patch IS NOT NULL AND a.id > (SELECT max(id) FROM artifact) - ?",
            "'patch ' || a.id || ' ' || a.name || ' ' || t.name || ' ' || t.agent", words, "a.id DESC", limit,
        )  # fmt: skip
        return [
            {"kind": "patch", "id": str(r[0]), "title": f"{r[0]} · {r[1]}", "detail": f"by {r[2]} ({r[3]}.{r[4]})", "state": None,
             "at": r[5], "href": f"/patches/{r[0]}"}
            for r in found
        ]  # fmt: skip

    def _oldest_run(self) -> int:
        """The run from which on there are about NEWEST tasks."""
        found, tasks = 0, 0
        for run, total in self._history._rows("SELECT id, total FROM run ORDER BY id DESC LIMIT 10000"):
            tasks += total
            if found and tasks > NEWEST:
                break
            found = run
        return found

    def _look(
        self, select: str, text: str, words: Sequence[str], order: str, limit: int, bound: int = NEWEST
    ) -> list[tuple[object, ...]]:
        wants = "".join(f" AND {text} LIKE ? ESCAPE '\\'" for _ in words)
        marks = [f"%{_plain(word)}%" for word in words]
        return self._history._rows(f"{select}{wants} ORDER BY {order} LIMIT ?", (bound, *marks, limit))


def _plain(word: str) -> str:
    """The word for LIKE, with its signs as they are."""
    for sign in "\\%_":
        word = word.replace(sign, "\\" + sign)
    return word
