"""An environment as an action gets it, and why there is none."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from callboard.errors import CallboardError
from callboard.work.running import ToolRun
from callboard.work.workspace import Workspace


class NoEnvironment(CallboardError):
    """There is no interpreter to work with: `reason` says why, `mend` what to do."""

    def __init__(self, reason: str, mend: str) -> None:
        self.reason = reason
        self.mend = mend
        super().__init__(f"{reason}; {mend}")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the workspace's Python code runs.

    `base` is what to run in: a copy of the workspace that may be written to, or the workspace itself. `words` is how a
    person calls the interpreter, `is_throw_away` whether Callboard made the environment, `said_by` where what is in it
    was declared.
    `has` are the versions of all that is installed by normal name ('pytest-cov'), 'python' among them; None: not there.
    """

    python: Path
    base: Path
    words: str
    is_throw_away: bool = False
    said_by: str = ""
    has: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What is added to the environment of a program that runs on it."""
        folder = self.python.parent
        added = {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONDONTWRITEBYTECODE": "1"}
        if (folder.parent / "pyvenv.cfg").is_file():
            added["VIRTUAL_ENV"] = str(folder.parent)
        return added


class Run(Protocol):
    """Runs a program, as `Context.run_tool` does."""

    def __call__(
        self,
        argv: list[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 600.0,
    ) -> ToolRun: ...


@dataclass(frozen=True, slots=True)
class Room:
    """What making an environment works with: the workspace, a private folder, a kept one, and ways to run and to say."""

    workspace: Workspace
    scratch: Path
    kept: Path
    run: Run
    say: Callable[[str], None]
    warn: Callable[[str], None]
