"""Agents and tasks in persons' hands at the fake desk: what was asked is kept in `calls`."""

from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

from callboard.errors import Refused


class FakeControl:
    """An agent that is drained has one task left; whoever takes a task first has it."""

    calls: list[tuple[str, tuple[Any, ...]]]
    _lock: RLock
    _now: Callable[[], float]
    _paused: dict[str, dict[str, Any]]
    agent: Callable[[str], Mapping[str, Any]]
    _task: Callable[[str], dict[str, Any]]

    def __init__(self) -> None:
        super().__init__()
        self._draining: dict[str, dict[str, Any]] = {}
        self._told_to: dict[str, list[dict[str, Any]]] = {}

    def drain_agent(self, agent: str, reason: str, by: str) -> Mapping[str, Any]:
        self._tell_agent("drain", agent, reason, by)
        self._draining[agent] = {"by": by, "reason": reason, "since": self._now(), "left": 1}
        return {**self.agent(agent), "state": "paused", "draining": self._draining[agent]}

    def stop_agent(self, agent: str, reason: str, by: str) -> Mapping[str, Any]:
        self._tell_agent("stop", agent, reason, by)
        with self._lock:
            self._paused[agent] = {"by": by, "reason": reason, "since": self._now()}
        return {**self.agent(agent), "ended": []}

    def restart_agent(self, agent: str, reason: str, by: str) -> Mapping[str, Any]:
        self._tell_agent("restart", agent, reason, by)
        with self._lock:
            self._paused.pop(agent, None)
        version = {"before": "0.1.0", "now": "0.1.0"}
        return {**self.agent(agent), "ended": [], "version": version, "described_anew": False}

    def agent_history(self, agent: str) -> list[dict[str, Any]]:
        self.agent(agent)
        return list(reversed(self._told_to.get(agent, [])))

    def _tell_agent(self, what: str, agent: str, reason: str, by: str) -> None:
        self.calls.append((f"{what}_agent", (agent, reason, by)))
        self.agent(agent)
        words = f"{by} told agent {agent} to {what}" + (f": {reason}." if reason else ".")
        rows = self._told_to.setdefault(agent, [])
        rows.append(
            {
                "seq": len(rows) + 1,
                "at": self._now(),
                "by": by,
                "what": what,
                "words": words,
                "task": None,
                "attempts": [],
            }
        )

    def take_task(self, task_id: str, reason: str, by: str) -> Mapping[str, Any]:
        self.calls.append(("take_task", (task_id, reason, by)))
        task = self._task(task_id)
        if task.get("taken"):
            raise Refused(f"task {task_id} is {task['state']}: {task['taken']['by']} has taken it over already")
        task["taken"] = {"by": by, "since": self._now(), "reason": reason}
        return task

    def finish_task(self, task_id: str, done: bool, note: str, by: str) -> Mapping[str, Any]:
        self.calls.append(("finish_task", (task_id, done, note, by)))
        task = self._task(task_id)
        task["taken"] = None
        task["by_hand"] = {"by": by, "at": self._now(), "note": note, "done": done}
        return task

    def release_task(self, task_id: str, reason: str, by: str) -> Mapping[str, Any]:
        self.calls.append(("release_task", (task_id, reason, by)))
        task = self._task(task_id)
        task["taken"] = None
        return task
