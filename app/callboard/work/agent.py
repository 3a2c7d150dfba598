"""How an agent says what it can do: actions, their needs and effects, and the tools that they wrap."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from callboard.core.resources import Lock, Needs
from callboard.core.task import Verdict
from callboard.errors import PluginError
from callboard.work.options import NoOptions


@dataclass(frozen=True, slots=True)
class Result:
    """What an action returns: its verdict and one sentence with the facts.

    `data_age_days` is the age of what it judged by (a vulnerability database, say), None when that
    has no meaning. `outputs` are small values for tasks that come later.
    """

    verdict: Verdict
    summary: str
    data_age_days: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)


def passed(summary: str, **more: Any) -> Result:
    """The work was done and what it looked at is in order."""
    return Result(Verdict.PASS, summary, **more)


def failed(summary: str, **more: Any) -> Result:
    """The work was done and what it looked at is not in order."""
    return Result(Verdict.FAIL, summary, **more)


def unknown(summary: str, **more: Any) -> Result:
    """It could not be checked; the summary says why."""
    return Result(Verdict.UNKNOWN, summary, **more)


@dataclass(frozen=True, slots=True)
class Effects:
    """What an action touches.

    `reads` and `writes` are glob patterns relative to the workspace. An action that is `idempotent`
    may be run again after a crash without asking a person. `environment` names what it changes
    outside of the workspace (a deployment environment, say). A `pure` action judges by the files that it `reads`, its
    options and its tools alone: with the same ones its earlier success may stand.
    """

    reads: tuple[str, ...] = ("**",)
    writes: tuple[str, ...] = ()
    idempotent: bool = True
    environment: str = ""
    network: bool = False
    pure: bool = False


@dataclass(frozen=True, slots=True)
class Install:
    """How `callboard tools install NAME` gets a tool, into a place of its own: packages of the Python package index ('pip') or
    of the npm registry ('npm'), each with its bounds ('semgrep>=1.100,<2', 'jscpd@4'). `size_mb` is about what lies on the disk.
    """

    kind: Literal["pip", "npm"]
    packages: tuple[str, ...]
    size_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that an action wraps.

    `argv` shows people how it is called, `install` how Callboard can get it when it comes with nobody.
    `name` is the command. `provided_by` is what brings it ('pip install ruff'). `needs` may hold
    'network' and 'data'. `exit_codes` says what they mean ('clean', 'findings', 'nothing ran');
    any other code is an error of the tool. `covers` is what stays unchecked without it.
    `place` is 'callboard' for a tool that comes with Callboard, 'workspace' for one that must be the workspace's own.
    """

    name: str
    covers: str
    provided_by: str = ""
    version_args: tuple[str, ...] = ("--version",)
    format: str = "text"
    exit_codes: Mapping[int, str] = field(default_factory=lambda: {0: "clean"})
    needs: tuple[str, ...] = ()
    cost: str = ""
    place: str = "callboard"
    argv: tuple[str, ...] = ()
    install: Install | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that an agent can do, as the orchestrator sees it."""

    name: str
    title: str
    summary: str
    needs: Needs
    effects: Effects
    options: type
    time_limit: float
    memory_limit_mb: float
    attempts: int
    tools: tuple[str, ...]
    method: str
    provides: tuple[str, ...] = ()
    undo: str = ""
    asks: str = ""


ActionMethod = Callable[..., Result | None]


def action(
    title: str,
    *,
    name: str = "",
    needs: Needs = Needs(),
    effects: Effects = Effects(),
    options: type = NoOptions,
    time_limit: float = 900.0,
    memory_limit_mb: float = 0.0,
    attempts: int = 1,
    tools: Sequence[str] = (),
    provides: Sequence[str] = (),
    undo: str = "",
    asks: str = "",
) -> Callable[[ActionMethod], ActionMethod]:
    """Marks a method `def NAME(self, ctx, options) -> Result` of an `Agent` as an action.

    `time_limit` is in seconds. `memory_limit_mb` bounds the whole process tree, 0 for a limit worked out
    from the needs. `attempts` counts all tries; only a crash, a time limit or a loss is tried again,
    never a verdict. `tools` are names of the agent's tools. `provides` are capabilities in plain words ('python-tests')
    by which work can be asked for without naming an agent. `undo` names the agent's own action that takes back what this
    one did; it is run, with the same options, when the task fails or is lost. `asks` says what the action may ask a person
    (`Context.ask`), for who looks at a plan. The docstring's first line is the summary.
    """

    def mark(method: ActionMethod) -> ActionMethod:
        lines = (inspect.getdoc(method) or title).splitlines()
        described = Action(
            name=name or method.__name__,
            title=title,
            summary=lines[0],
            needs=needs,
            effects=effects,
            options=options,
            time_limit=time_limit,
            memory_limit_mb=memory_limit_mb,
            attempts=attempts,
            tools=tuple(tools),
            provides=tuple(provides),
            undo=undo,
            asks=asks,
            method=method.__name__,
        )
        setattr(method, "callboard_action", described)
        return method

    return mark


class Agent:
    """A member of the crew. Subclass it, set the class attributes, mark methods with `@action`.

    `name` is short and is the first half of its actions' full names ('quality' gives 'quality.tests').
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    version: ClassVar[str] = "0"
    tools: ClassVar[tuple[Tool, ...]] = ()

    def actions(self) -> dict[str, Action]:
        """The marked methods by action name; raises `PluginError` for two of the same name."""
        found: dict[str, Action] = {}
        for _, member in inspect.getmembers(type(self), inspect.isfunction):
            described = getattr(member, "callboard_action", None)
            if described is None:
                continue
            if described.name in found:
                raise PluginError(f"Agent '{self.name}' has two actions named '{described.name}'; rename one")
            found[described.name] = described
        return found


__all__ = [
    "Action",
    "Agent",
    "Effects",
    "Install",
    "Lock",
    "Needs",
    "Result",
    "Tool",
    "Verdict",
    "action",
    "failed",
    "passed",
    "unknown",
]
