"""`/tasks/{id}`: one task with its log, attempts, decisions, findings and what it used."""

import re

from callboard.errors import NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

TAIL = 64 * 1024
TASK = re.compile(r"[1-9][0-9]{0,14}\.[0-9]{1,9}")


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
            try:
                row["log"] = desk.log(task_id, None, -TAIL, TAIL) if row.get("attempts") else None
            except NotFound:
                row["log"] = None
            return row

        await frame.show(TaskScreen, f"Task {task_id[:20]}", "/runs", read)
