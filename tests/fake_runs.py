"""Runs of the fake desk in few bytes a task, and wishes for many tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.desk.outlines import COLUMNS, TIMES, WORDS
from callboard.errors import CallboardError


def outlined(row: Mapping[str, Any]) -> dict[str, Any]:
    """What `Desk.outline` gives, made of whole rows."""
    zero = row["run"]["submitted"]
    words: dict[str, list[str]] = {name: [] for name in (*WORDS, "locks")}

    def number(name: str, word: str) -> int:
        if word not in words[name]:
            words[name].append(word)
        return words[name].index(word)

    def value(task: Mapping[str, Any], name: str) -> Any:
        if name in WORDS:
            return number(name, task[name] or "")
        if name in TIMES:
            return None if task.get(name) is None else round(task[name] - zero, 3)
        if name == "locks":
            return [number("locks", lock["name"]) for lock in task["needs"]["locks"]]
        if name in ("depends", "after"):
            return [int(other.partition(".")[2]) for other in task[name]]
        if name == "findings":
            return list(task["findings"].values()) if any(task["findings"].values()) else 0
        return int(task[name]) if name == "critical" else task[name]

    rows = [[value(task, name) for name in COLUMNS] for task in row["tasks"]]
    return {
        "run": row["run"],
        "seq": row["seq"],
        "zero": zero,
        "columns": list(COLUMNS),
        "words": words,
        "rows": rows,
        "left_out": 0,
        "causes": row["causes"],
    }


class FakeRuns:
    """What the page of a run asks for; `run`, `runs` and the single wishes are the fake desk's own."""

    def outline(self, run: int) -> Mapping[str, Any]:
        return outlined(self.run(run))  # type: ignore[attr-defined]

    def tasks_of(self, run: int, places: Sequence[int]) -> list[Mapping[str, Any]]:
        tasks = self.run(run)["tasks"]  # type: ignore[attr-defined]
        return [tasks[place] for place in places if place < len(tasks)]

    def run_facets(self) -> Mapping[str, Any]:
        rows = self.runs(500, None)  # type: ignore[attr-defined]

        def facet(*names: str) -> list[dict[str, Any]]:
            return [{"name": name, "runs": names.count(name)} for name in dict.fromkeys(names) if name]

        pipelines = facet(*(row["name"] for row in rows))
        return {
            "pipeline": pipelines,
            "branch": facet(*((row.get("git") or {}).get("branch", "") for row in rows)),
            "person": facet(*(row["by"] for row in rows)),
            "state": facet(*(row["state"] for row in rows)),
            "trends": [
                {
                    "pipeline": pipeline["name"],
                    "ended": [
                        {"run": row["id"], "seconds": row["ended"] - row["started"], "state": row["state"]}
                        for row in reversed(rows)
                        if row["name"] == pipeline["name"] and row["ended"] and row["started"]
                    ],
                }
                for pipeline in pipelines
            ],
        }

    def again(self, run: int, by: str, key: str | None = None, *, affected: bool = False) -> int:
        row = self.run(run)["run"]  # type: ignore[attr-defined]
        return int(self.submit(row["name"], (), (), row["priority"], by, key, affected=affected))  # type: ignore[attr-defined]

    def cancel_tasks(self, tasks: Sequence[str], reason: str, by: str) -> Mapping[str, Any]:
        return _each(tasks, lambda task: self.cancel_task(task, reason, by))  # type: ignore[attr-defined]

    def retry_tasks(self, tasks: Sequence[str], by: str) -> Mapping[str, Any]:
        return _each(tasks, lambda task: self.retry_task(task, by))  # type: ignore[attr-defined]


def _each(tasks: Sequence[str], act: Any) -> Mapping[str, Any]:
    why = []
    for task in tasks:
        try:
            act(task)
        except CallboardError as error:
            why.append({"task": task, "why": str(error)})
    return {"done": len(tasks) - len(why), "refused": len(why), "why": why}


def fitting(row: Mapping[str, Any], wants: Mapping[str, str]) -> bool:
    """Whether a run is among those that are wanted."""
    has = {"state": row["state"], "pipeline": row["name"], "branch": (row.get("git") or {}).get("branch", "")}
    has |= {"person": row["by"]}
    text = f"{row['id']} {row['name']} {row['by']} {row['trigger']}".lower()
    return all(value.lower() in text if name == "text" else has[name] == value for name, value in wants.items())
