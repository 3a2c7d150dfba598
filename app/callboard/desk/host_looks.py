"""The host: what it does and did, who uses it, and the processes of each running task."""

import time
from dataclasses import asdict

from callboard.core.state import State
from callboard.core.task import AttemptKey, Process
from callboard.desk.room import Room
from callboard.errors import ConfigError
from callboard.measure.processes import process_lines
from callboard.record.host_history import MOST_POINTS, host_history, host_users
from callboard.rows import Row

RECENT_S = 900.0
LONGEST_S = 7 * 24 * 3600.0
POINTS = 300


class HostLooks(Room):
    """Looks at the machine."""

    def host(self) -> Row:
        """What the host does, what there is to take, what is taken."""
        host = dict(self._engine.host())

        def taken(state: State) -> Row:
            pool, capacity = state.pool, state.pool.capacity
            return {
                "capacity": {"cpus": round(capacity.cpus, 2), "memory_mb": round(capacity.memory_mb)},
                "taken": {"cpus": round(pool.cpus, 2), "memory_mb": round(pool.memory_mb)},
                "locks": [
                    {"name": name, "holders": [str(task.key) for task in holders], "shared": all(holders.values())}
                    for name, holders in pool.locks.items()
                ],
            }

        return {**host, **self._engine.inspect(taken)}

    def machine(self, since: float | None = None, until: float | None = None, points: int = POINTS) -> Row:
        """The host now and over time (the last quarter of an hour unless said), what each running task uses, and in a time
        that is named also which tasks used it then. Raises `ConfigError` for a time that ends before it begins."""
        now = time.time()
        end = now if until is None else min(until, now)
        begin = max(end - RECENT_S if since is None else since, end - LONGEST_S)
        if begin >= end:
            raise ConfigError("the time must end after it begins, and begin in the past")
        history = host_history(self._history.select, begin, end, max(2, min(points, MOST_POINTS)))
        lines = process_lines(self._processes())

        def running(state: State) -> list[Row]:
            return [
                {
                    **self._feed.task_row(task),
                    "process_tree": [asdict(line) for line in lines.get(task.attempt_key, ())],
                }
                for task in state.live.values()
            ]

        users = [] if since is None else host_users(self._history.select, begin, end)
        return {
            "host": self.host(),
            "since": begin,
            "until": end,
            "history": history,
            "users": users,
            "tasks": self._engine.inspect(running),
        }

    def _processes(self) -> dict[AttemptKey, Process]:
        def look(state: State) -> dict[AttemptKey, Process]:
            return {task.attempt_key: task.process for task in state.live.values() if task.process is not None}

        return self._engine.inspect(look)
