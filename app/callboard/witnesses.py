"""One finding that several saw is one, with all its witnesses; one that several tasks stumbled over is a cause."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from callboard.core.run import SEVERITIES
from callboard.rows import Row

FAILED = frozenset({"failed", "timed out", "lost"})
GRAVE = frozenset({"critical", "high", "medium"})
LEAST_TASKS = 2


def merged(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The finding rows, where those of one run with the same fingerprint are one, at the place of the first of them.

    It says what the worst of them says (of equals the earliest), with a line if any knows it; `witnesses` are all their
    tools, `tasks` and `agents` all who reported it, `ids` all numbers. It is accepted when all are, new when all are, and
    was seen since the first was.
    """
    groups: dict[object, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["run"], row["fingerprint"]) if row["fingerprint"] else row["id"], []).append(row)
    return [_one(group) for group in groups.values()]


def _one(group: Sequence[Mapping[str, Any]]) -> Row:
    ordered = sorted(group, key=_number)
    by_task = sorted(ordered, key=lambda row: _place(row["task"]))
    first = min(ordered, key=lambda row: SEVERITIES.index(row["severity"]))
    return {
        **first,
        "line": first["line"]
        or next((row["line"] for row in ordered if row["line"] and row["path"] == first["path"]), 0),
        "accepted": first["accepted"] if all(row["accepted"] for row in group) else "",
        "is_new": all(row["is_new"] for row in group),
        "since": min(row["since"] for row in group),
        "witnesses": _different(witness for row in by_task for witness in row["witnesses"]),
        "tasks": sorted({row["task"] for row in group}, key=_place),
        "agents": _different(row["agent"] for row in by_task),
        "ids": [row["id"] for row in ordered],
    }


def causes(findings: Iterable[Mapping[str, Any]], tasks: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What stands behind several failures: the `merged` findings that at least two tasks reported that failed or know too
    little, those behind most tasks first.

    Nothing but the same fingerprint joins tasks; what is accepted, or of low severity, is nobody's cause.
    """
    names = {row["id"]: row["name"] for row in tasks if went_wrong(row)}
    found = []
    for row in findings:
        behind = [task for task in row["tasks"] if task in names]
        if len(behind) >= LEAST_TASKS and row["severity"] in GRAVE and not row["accepted"]:
            found.append(
                {
                    **{
                        name: row[name]
                        for name in ("fingerprint", "rule", "severity", "message", "path", "line", "help")
                    },
                    "finding": row["id"],
                    "tasks": behind,
                    "names": [names[task] for task in behind],
                }
            )
    return sorted(
        found, key=lambda row: (-len(row["tasks"]), SEVERITIES.index(row["severity"]), row["path"], row["rule"])
    )


def went_wrong(task: Mapping[str, Any]) -> bool:
    """Whether a task failed, or ended without knowing."""
    return task["state"] in FAILED or (task["state"] == "succeeded" and task["verdict"] in ("fail", "unknown"))


def _number(row: Mapping[str, Any]) -> int:
    return int(row["id"][1:])


def _place(task: str) -> tuple[int, int]:
    run, _, place = task.partition(".")
    return int(run), int(place)


def _different(values: Iterable[Any]) -> list[Any]:
    """Each value once, in order."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
