"""For plugin authors: run an agent's action in a test, in this process, without a server."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.errors import PluginError
from callboard.work.agent import Agent, Result
from callboard.work.context import Context
from callboard.work.finding import Finding
from callboard.work.messages import MESSAGES
from callboard.work.options import make_options


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action returned and said.

    `messages` are the raw messages in order; `artifacts` the kept files by name.
    """

    result: Result | None
    findings: tuple[Finding, ...]
    messages: tuple[dict[str, Any], ...]
    artifacts: Mapping[str, Path]

    def rules(self) -> set[str]:
        """The rules of all findings."""
        return {finding.rule for finding in self.findings}

    def sections(self) -> dict[str, list[dict[str, Any]]]:
        """What was put into each section last: blocks as the pages get them."""
        return {message["name"]: message["blocks"] for message in self.messages if message["t"] == "section"}

    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return {message["name"]: message["value"] for message in self.messages if message["t"] == "metric"}

    def tasks(self) -> list[dict[str, Any]]:
        """The jobs that were added to the run."""
        return [job for message in self.messages if message["t"] == "tasks" for job in message["jobs"]]


def _made() -> Path:
    folder = tempfile.mkdtemp(prefix="callboard-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def run_action(
    agent: Agent,
    action: str,
    workspace: Path,
    options: Mapping[str, Any] | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    spool: Path | None = None,
    data: Path | None = None,
    before: Sequence[Mapping[str, Any]] = (),
) -> Outcome:
    """Runs the agent's action on the workspace and returns what came of it.

    `spool` is where output and artefacts are kept (by default a folder that goes when Python ends), `data` where the
    agent remembers (by default in `spool`), `before` the tasks before this one: name, action, state and spool folder of
    each. Raises `PluginError` for an action that the agent does not have and `ConfigError` for wrong options;
    what the action raises goes through.
    """
    described = agent.actions().get(action)
    if described is None:
        known = ", ".join(agent.actions()) or "none"
        raise PluginError(f"Agent '{agent.name}' has no action '{action}'; its actions: {known}")
    with ExitStack() as stack:
        place = spool or _made()
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-scratch-")))
        context = Context(
            workspace=workspace,
            spool=place,
            scratch=scratch,
            agent=agent.name,
            task=f"{agent.name}.{action}",
            config=config,
            tools=agent.tools,
            data=data,
            before=before,
            options=options,
        )
        values = make_options(described.options, options or {}, f"{agent.name}.{action}")
        result = getattr(agent, described.method)(context, values)
        context.remember(getattr(result, "verdict", None))
    messages = tuple(json.loads(line) for line in (place / MESSAGES).read_text("utf-8").splitlines())
    kept = {message["name"]: place / message["path"] for message in messages if message["t"] == "artifact"}
    return Outcome(result, tuple(context.findings), messages, kept)
