"""All that a plugin may import.

from callboard.api import Agent, Context, Result, action, hookimpl, passed

class Greeter(Agent):
    name = "greeter"
    title = "Greeter"

    @action("Say hello")
    def hello(self, ctx: Context, options: object) -> Result:
        return passed(f"hello, {ctx.workspace.path.name}")

@hookimpl
def callboard_agents():
    return [Greeter()]
"""

from callboard.core.resources import Lock, Needs
from callboard.errors import BoundaryError, CallboardError
from callboard.work.agent import Action, Agent, Effects, Result, Tool, Verdict, action, failed, passed, unknown
from callboard.work.context import Context
from callboard.work.finding import Finding, Severity, clean
from callboard.work.hooks import hookimpl
from callboard.work.jobs import Job
from callboard.work.options import NoOptions, option
from callboard.work.running import ToolRun
from callboard.work.workspace import Workspace
from callboard.work.worktree import Worktree

__all__ = [
    "Action",
    "Agent",
    "BoundaryError",
    "CallboardError",
    "Context",
    "Effects",
    "Finding",
    "Job",
    "Lock",
    "Needs",
    "NoOptions",
    "Result",
    "Severity",
    "Tool",
    "ToolRun",
    "Verdict",
    "Workspace",
    "Worktree",
    "action",
    "clean",
    "failed",
    "hookimpl",
    "option",
    "passed",
    "unknown",
]
