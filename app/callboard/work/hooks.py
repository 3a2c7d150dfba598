"""The hooks that a plugin may implement, each with a bundled agent that uses it."""

from collections.abc import Sequence

import pluggy

from callboard.work.agent import Agent
from callboard.work.fixes import Fix, Symptom
from callboard.work.jobs import Job
from callboard.work.sections import Section
from callboard.work.workspace import Workspace

PROJECT = "callboard"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Implement any of these as a function of your module, marked with `@hookimpl`."""

    @hookspec
    def callboard_agents(self) -> Sequence[Agent]:  # type: ignore[empty-body]
        """The agents that this plugin offers."""

    @hookspec
    def callboard_detect(self, workspace: Workspace) -> Sequence[Job]:  # type: ignore[empty-body]
        """Jobs for what lies in the workspace; looks only, runs nothing of it; ends within ten seconds."""

    @hookspec
    def callboard_sections(self) -> Sequence[Section]:  # type: ignore[empty-body]
        """Sections of the agents' pages; attempts fill them with `Context.show`."""

    @hookspec
    def callboard_fixes(self, symptom: Symptom, workspace: Workspace) -> Sequence[Fix]:  # type: ignore[empty-body]
        """Fixes for what a check saw, the best first; looks only, runs nothing of the workspace; ends within ten seconds."""
