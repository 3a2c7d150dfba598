"""`/tasks/{id}`: one task with its log, attempts, decisions, findings and what it used."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from callboard.errors import CallboardError, NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

TAIL = 64 * 1024
TASK = re.compile(r"[1-9][0-9]{0,14}\.[0-9]{1,9}")
DIFF_S = 0.6
WRONG = frozenset({"failed", "timed out", "lost"})


class TaskScreen(Screen, component="callboard_task.js"):
    """A task, live, with the tail of its log in the first paint."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/tasks/{task_id}")
    async def task(task_id: str) -> None:
        def read() -> object:
            if not TASK.fullmatch(task_id):
                raise NotFound(f"There is no task '{task_id[:40]}'; tasks have names such as 12.3")
            row = dict(desk.task(task_id))
            row["near"] = desk.run_cases(int(task_id.partition(".")[0]))
            try:
                row["log"] = desk.log(task_id, None, -TAIL, TAIL) if row.get("attempts") else None
            except NotFound:
                row["log"] = None
            if row["task"]["state"] in WRONG or row["task"]["verdict"] == "unknown":
                row["diff"] = _soon(lambda: desk.diff(task_id))
            return row

        await frame.show(TaskScreen, f"Task {task_id[:20]}", "/runs", read)


def _soon(ask: Callable[[], object]) -> object:
    """What git says, if it says it soon; else None, and the page asks by itself: nothing moves that stands there already."""
    threads = ThreadPoolExecutor(1, "diff")
    try:
        return threads.submit(ask).result(DIFF_S)
    except (CallboardError, TimeoutError):
        return None
    finally:
        threads.shutdown(wait=False)
