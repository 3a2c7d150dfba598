"""`/agents` and `/agents/{name}`: who is there, what each can do, and on what it depends."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

PAGE = 200


class AgentsScreen(Screen, component="callboard_agents.js"):
    """All agents with the preflight of their tools."""


class AgentScreen(Screen, component="callboard_agent.js"):
    """One agent: its actions, tools, concurrency and tasks."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds both pages."""

    @frame.page("/agents")
    async def agents() -> None:
        await frame.show(AgentsScreen, "Agents", "/agents", lambda: list(desk.agents()))

    @frame.page("/agents/{name}")
    async def agent(name: str) -> None:
        def read() -> object:
            row = desk.agent(name[:64])
            known = desk.board()
            return {
                "agent": row,
                "sections": list(desk.sections(name[:64])) if row.get("actions") else [],
                "tasks": [task for task in known.get("tasks", ()) if task.get("agent") == name],
                "findings": list(desk.findings(None, name[:64], None))[:PAGE],
            }

        await frame.show(AgentScreen, name[:64], "/agents", read)
