"""All that a report of a run says, bounded in size."""

import os
import platform
import time
from collections.abc import Sequence

from callboard.desk.compare import Compare
from callboard.desk.veil import veiled
from callboard.rows import Row
from callboard.witnesses import FAILED, went_wrong

MOST_FAILING = 20
MOST_FINDINGS = 1_000
MOST_TASKS = 1_500
MOST_EVENTS = 60
TAIL = 24_000
LEAVES_OUT = frozenset({"skipped", "cancelled"})


class Facts(Compare):
    """What is told of a run to somebody who has no Callboard."""

    def run_facts(self, run: int) -> Row:
        """The run with `tasks` (those that went wrong first), `findings`, `failing` (each with attempts, decisions and the end
        of its log, without what looks like a secret), `causes`, `against` (the run before, in words), `machine`, `tools`, and
        `left`: how many of each are left out. Raises `NotFound`.
        """
        page = self.run(run)
        findings = self.run_findings(run)
        tasks = sorted(page["tasks"], key=_rank)
        wrong = [task for task in tasks if went_wrong(task)]
        compared = self.compare(run)
        return {
            "run": page["run"],
            "drawn": page["tasks"],
            "tasks": tasks[:MOST_TASKS],
            "causes": page["causes"],
            "findings": findings[:MOST_FINDINGS],
            "failing": [self._failing(task) for task in wrong[:MOST_FAILING]],
            "against": {"run": compared["with"]["id"], "words": compared["words"]} if compared["with"] else None,
            "machine": self._machine(),
            "tools": _tools(findings),
            "version": self._version,
            "made": time.time(),
            "left": {
                "tasks": max(0, len(tasks) - MOST_TASKS),
                "findings": max(0, len(findings) - MOST_FINDINGS),
                "failing": max(0, len(wrong) - MOST_FAILING),
            },
        }

    def _failing(self, task: Row) -> Row:
        key = self.key(task["id"])
        events = self._history.events(run=key.run, task=key.task, limit=2_000)
        log = self.log(task["id"], None, -TAIL, TAIL)
        return {
            "task": task,
            "attempts": self._history.attempts(*key),
            "events": events[-MOST_EVENTS:],
            "log": {**log, "text": "\n".join(veiled(log["text"].split("\n")))},
        }

    def _machine(self) -> Row:
        host = self._engine.host()
        return {
            "name": platform.node(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
            "cpus": host.get("cpus") or os.cpu_count(),
            "memory_mb": host.get("memory_total_mb"),
        }


def _rank(task: Row) -> tuple[int, int]:
    state = task["state"]
    order = 0 if state in FAILED else 1 if went_wrong(task) else 3 if state in LEAVES_OUT else 2
    return order, int(task["id"].partition(".")[2])


def _tools(findings: Sequence[Row]) -> list[str]:
    seen = {f"{witness['tool']} {witness['version']}".strip() for row in findings for witness in row["witnesses"]}
    return sorted(seen)[:50]
