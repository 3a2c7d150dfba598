"""What the fake desk gives away: tables, the facts of a run, a comparison; made of its own rows by the real arithmetic."""

from collections.abc import Iterator, Mapping
from typing import Any

from callboard.desk.differences import finding_changes, result, task_changes, totals
from callboard.desk.exports import fits, required
from callboard.witnesses import went_wrong

COMMIT = {
    "commit": "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
    "author": "ann",
    "at": 1_000.0,
    "subject": "Retry the payment",
}
SETTING = {"job": "quality.tests", "what": "options.timeout", "then": "60", "now": "120"}


class FakeExports:
    """Everything from `runs`, `run` and the like."""

    def export(self, table: str, narrowed: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        wants = required(table, narrowed or {})
        desk: Any = self
        rows = {
            "runs": lambda: desk.runs(500, None),
            "tasks": lambda: [row for run in desk.runs(500, None) for row in desk.run(run["id"])["tasks"]],
            "findings": lambda: desk.findings(wants.get("run"), wants.get("agent"), wants.get("severity")),
            "events": lambda: desk.events(0, 10_000),
            "agents": desk.agents,
            "actions": desk.actions,
            "schedules": desk.schedules,
            "patches": lambda: desk.patches(wants.get("run"), wants.get("state")),
            "questions": desk.questions,
            "inbox": desk.inbox,
            "alerts": lambda: desk.alerts(**wants),
            "machine": lambda: desk.machine()["history"],
        }.get(table, list)()
        names = [name for name in ("run", "state") if name in wants and table != "patches"]
        return iter([row for row in rows if fits(row, wants, *names)])

    def run_facts(self, run: int) -> dict[str, Any]:
        desk: Any = self
        page = desk.run(run)
        wrong = [task for task in page["tasks"] if went_wrong(task)][:20]
        failing = [
            {"task": task, "attempts": [], "events": [e for e in desk.run_events(run) if e["task"] == task["id"]],
             "log": desk.log(task["id"], None, -24_000, 24_000)}
            for task in wrong
        ]  # fmt: skip
        machine = {"name": "stage", "system": "Linux", "python": "3.11", "cpus": 2, "memory_mb": 24_000.0}
        return {
            "run": page["run"], "drawn": page["tasks"], "tasks": page["tasks"], "causes": page["causes"],
            "findings": desk.run_findings(run), "failing": failing, "against": None, "machine": machine, "tools": ["ruff 1.0"],
            "version": "0", "made": 1_000.0, "left": {"tasks": 0, "findings": 0, "failing": 0},
        }  # fmt: skip

    def compare(self, run: int, other: int | None = None) -> dict[str, Any]:
        desk: Any = self
        now = desk.run(run)
        others = [row for row in desk.runs(50, None) if row["id"] != run]
        earlier = [row["id"] for row in others if row["id"] < run]
        number = other or (earlier[0] if earlier else None)
        frame = {"run": now["run"], "previous": earlier[0] if earlier else None, "green": earlier[-1] if earlier else None,
                 "others": others, "seq": now["seq"], "note": ""}  # fmt: skip
        if number is None:
            groups, rest = task_changes([], [], 0)
            empty: dict[str, Any] = {"commits": [], "files": [], "commits_words": "", "settings": [], "totals": []}
            return {**frame, "with": None, "tasks": groups, "rest": rest, "findings": finding_changes([], [], []),
                    **empty, "words": f"run {run} is the first here"}  # fmt: skip
        then = desk.run(number)
        groups, rest = task_changes(now["tasks"], then["tasks"], number)
        done = {task["name"] for task in now["tasks"] if result(task) in ("pass", "fail", "unknown")}
        unseen = [task["id"] for task in then["tasks"] if task["name"] not in done]
        return {
            **frame, "with": then["run"], "tasks": groups, "rest": rest,
            "findings": finding_changes(desk.run_findings(run), desk.run_findings(number), unseen),
            "commits": [COMMIT], "files": ["shop/pay.py"], "commits_words": "1 commit between", "settings": [SETTING],
            "totals": totals(now, then), "words": "some tasks changed",
        }  # fmt: skip
