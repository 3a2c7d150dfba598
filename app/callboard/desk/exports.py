"""Rows of whole tables, as they are taken away."""

from collections.abc import Iterator, Mapping
from typing import Any

from callboard.desk.columns import TABLES
from callboard.desk.facts import Facts
from callboard.desk.patches import Patches
from callboard.errors import ConfigError, NotFound
from callboard.rows import Row

AT_ONCE = 500
Narrowed = Mapping[str, Any]


class Exports(Facts, Patches):
    """Every table, row by row; one run is held at a time."""

    def export(self, table: str, narrowed: Narrowed | None = None) -> Iterator[Row]:
        """The rows of a table, as the API has them; raises `NotFound`, and `ConfigError` for what does not narrow this table."""
        wants = required(table, narrowed or {})
        rows: Iterator[Row] = getattr(self, f"_{table}_rows")(wants)
        return rows

    def _every_run(self, wants: Narrowed) -> Iterator[int]:
        run = self.key(wants["task"]).run if wants.get("task") else wants.get("run")
        if run:
            self._require_run(run)
            yield run
            return
        for row in self._runs_rows({}):
            yield int(row["id"])

    def _runs_rows(self, wants: Narrowed) -> Iterator[Row]:
        before = None
        while rows := self.runs(AT_ONCE, before, **wants):
            yield from rows
            before = int(rows[-1]["id"])

    def _tasks_rows(self, wants: Narrowed) -> Iterator[Row]:
        for run in self._every_run(wants):
            for row in self._run(run)["tasks"]:
                if fits(row, wants, "agent") and wants.get("state") in (None, shown(row)):
                    yield row

    def _attempts_rows(self, wants: Narrowed) -> Iterator[Row]:
        for run in self._every_run(wants):
            tasks = self._run(run)["tasks"]
            for row in self._history.attempts(run):
                place = int(row["id"].partition("#")[0].partition(".")[2])
                task = tasks[place] if place < len(tasks) else {"name": "", "agent": None}
                row = {"task": f"{run}.{place}", "name": task["name"], "agent": task["agent"], **row}
                if fits(row, wants, "task", "agent", "state"):
                    yield row

    def _findings_rows(self, wants: Narrowed) -> Iterator[Row]:
        for run in self._every_run(wants):
            for row in self.run_findings(run):
                if fits(row, wants, "severity") and wants.get("agent") in (None, *row["agents"]):
                    yield row

    def _events_rows(self, wants: Narrowed) -> Iterator[Row]:
        task = self.key(wants["task"]) if wants.get("task") else None
        run = task.run if task else wants.get("run") or 0
        if run:
            self._require_run(run)
        after = 0
        while rows := self._history.events(after=after, run=run, task=task.task if task else -1, limit=AT_ONCE):
            yield from rows
            after = int(rows[-1]["seq"])

    def _agents_rows(self, wants: Narrowed) -> Iterator[Row]:
        yield from (row for row in self.agents() if fits(row, wants, "state"))

    def _actions_rows(self, wants: Narrowed) -> Iterator[Row]:
        yield from (row for row in self.actions() if fits(row, wants, "agent"))

    def _patches_rows(self, wants: Narrowed) -> Iterator[Row]:
        yield from (row for row in self.patches(wants.get("run"), wants.get("state")) if fits(row, wants, "agent"))

    def _questions_rows(self, wants: Narrowed) -> Iterator[Row]:
        run = wants.get("run")
        yield from (row for row in self.questions() if run is None or row["task"].startswith(f"{run}."))

    def _compare_rows(self, wants: Narrowed) -> Iterator[Row]:
        yield from changes_of(self.compare(wants["run"], wants.get("with")))


def required(table: str, narrowed: Narrowed) -> Narrowed:
    """What narrows the table; raises `NotFound` and `ConfigError`."""
    known = TABLES.get(table)
    if known is None:
        raise NotFound(f"there is no table '{table[:50]}'; the tables: {', '.join(TABLES)}")
    wants = {name: value for name, value in narrowed.items() if value not in (None, "")}
    foreign = [name for name in wants if name not in known.narrows]
    if foreign:
        takes = ", ".join(known.narrows) or "nothing"
        raise ConfigError(f"table '{table}' is not narrowed by {foreign[0]}; it takes {takes}")
    if table == "compare" and "run" not in wants:
        raise ConfigError("name the run that is compared")
    return wants


def fits(row: Row, wants: Narrowed, *names: str) -> bool:
    """Whether the row has what is wanted of these."""
    return all(wants.get(name) in (None, row.get(name)) for name in names)


def shown(task: Row) -> str:
    """The state as people read it: a task that did its work and found the workspace wanting has failed."""
    if task["state"] == "succeeded" and task["verdict"] in ("fail", "unknown"):
        return "failed" if task["verdict"] == "fail" else "unknown"
    return str(task["state"])


def changes_of(compared: Mapping[str, Any]) -> Iterator[Row]:
    """The tasks of a comparison, each with what kind of change it is."""
    for group in compared["tasks"]:
        yield from ({"change": group["change"], **row} for row in group["of"])
