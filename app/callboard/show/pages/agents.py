"""`/agents` and `/agents/{name}`: who is there, what each can do, how loaded it is, and on what it depends."""

import os
from pathlib import Path
from typing import Any

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

PAGE = 200
MOST_FOLDERS = 200
DEPTH = 2
DULL = frozenset({"node_modules", "__pycache__", "dist", "build", "venv"})


class AgentsScreen(Screen, component="callboard_agents.js"):
    """All agents with their load, what waits for them, and all that they can do."""


class AgentScreen(Screen, component="callboard_agent.js"):
    """One agent: its actions, tools, load and tasks."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds both pages."""

    @frame.page("/agents")
    async def agents() -> None:
        def read() -> object:
            known = desk.board()
            waiting = [task for task in known.get("tasks", ()) if task["state"] in ("waiting", "needs decision")]
            return {
                "agents": list(desk.agents()),
                "tasks": waiting[:PAGE],
                "folders": folders_of(known.get("workspace")),
            }

        await frame.show(AgentsScreen, "Agents", "/agents", read)

    @frame.page("/agents/{name}")
    async def agent(name: str) -> None:
        def read() -> object:
            row = desk.agent(name[:64])
            known = desk.board()
            return {
                "agent": row,
                "others": [lean(other) for other in desk.agents() if other["name"] != name],
                "sections": list(desk.sections(name[:64])) if row.get("actions") else [],
                "tasks": [task for task in known.get("tasks", ()) if task.get("agent") == name][:PAGE],
                "findings": list(desk.findings(None, name[:64], None))[:PAGE],
                "folders": folders_of(known.get("workspace")),
                "past": list(desk.agent_history(name[:64]))[:PAGE],
            }

        await frame.show(AgentScreen, name[:64], "/agents", read)


def lean(row: Any) -> dict[str, Any]:
    """What a page about another agent needs of one: enough to give it a task."""
    return {key: row.get(key) for key in ("name", "title", "state", "paused", "draining", "trouble", "load")}


def folders_of(workspace: Any) -> list[str]:
    """Folders of the workspace that an action may be asked to look at, the highest first."""
    top = Path(str((workspace or {}).get("path") or ""))
    if not (workspace or {}).get("path") or not top.is_dir():
        return []
    found: list[str] = []
    for place, names, _ in os.walk(top):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in DULL)
        inside = Path(place).relative_to(top)
        found += [str(inside / name) for name in names if (inside / name).as_posix().isprintable()]
        if len(inside.parts) >= DEPTH - 1:
            names.clear()
        if len(found) >= MOST_FOLDERS:
            break
    return found[:MOST_FOLDERS]
