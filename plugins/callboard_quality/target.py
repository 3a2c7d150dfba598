"""What failed and is looked into: tests of a project, of an npm package, or a command, with the options of their job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from callboard.api import Context, Result, unknown
from callboard_quality.detect import propose
from callboard_quality.history import History, slot
from callboard_quality.options import CaseOptions, NpmOptions, TestOptions
from callboard_quality.packages import package
from callboard_quality.projects import projects

MOST_TESTS = 20


@dataclass(frozen=True, slots=True)
class Target:
    """What is run. `tests` are none for the whole suite, and for a command; `left` counts those that are too many to look into.

    `green` is the commit of the newest run in which nothing failed, '' for none.
    """

    kind: Literal["python", "npm", "command"]
    tests: tuple[str, ...] = ()
    folder: str = ""
    python: TestOptions = TestOptions()
    npm: NpmOptions = NpmOptions()
    command: tuple[str, ...] = ()
    left: int = 0
    green: str = ""

    @property
    def words(self) -> str:
        """'tests/test_a.py::test_x and 2 more', or the command."""
        if self.kind == "command":
            return f"'{' '.join(self.command)[:120]}'"
        if not self.tests:
            return "the whole suite"
        more = len(self.tests) - 1 + self.left
        return self.tests[0] + (f" and {more} more" if more else "")

    @property
    def key(self) -> str:
        """What a run at a commit depends on besides the commit."""
        return "\x1f".join((self.kind, self.folder, *self.command, *(sorted(self.tests) if not self.command else ())))


def target(ctx: Context, options: CaseOptions) -> Target | Result:
    """What the options mean, or why nothing can be run."""
    if options.command:
        return Target("command", folder=options.folder, command=tuple(options.command), green=_green(ctx, ""))
    told = _job(ctx, options.job) if options.job else ("", {})
    if told is None:
        return unknown(f"nothing was run: there is no job '{options.job}' here; name one of the pipeline, or tests")
    action, given = told
    if "command" in given:
        if not given.get("idempotent"):
            return unknown(
                f"nothing was run: the job '{options.job}' is a command that is not said to be idempotent; "
                "set idempotent = true in callboard.toml, or give the command itself"
            )
        words, folder = [str(word) for word in given["command"]], str(given.get("folder", ""))
        return Target("command", folder=options.folder or folder, command=tuple(words), green=_green(ctx, ""))
    folder = options.folder or str(given.get("folder", ""))
    kind = _kind(ctx, action, folder)
    if kind is None:
        return unknown(
            f"nothing was run: '{options.job or 'the workspace'}' has no tests that can be run one by one; quality.tests, "
            "quality.npm_tests and commands can"
        )
    history = History(ctx.memory, slot("npm" if kind == "npm" else "tests", folder))
    tests = list(dict.fromkeys(options.tests)) or [name for name, one in history.tests.items() if one.is_failing]
    named = Target(kind, tuple(tests[:MOST_TESTS]), folder, left=max(0, len(tests) - MOST_TESTS), green=history.green)
    if kind == "npm":
        return replace(named, npm=_options(NpmOptions, given, folder=folder))
    chosen = _options(TestOptions, given, folder=folder, coverage=False, reruns=0, shards=1)
    return replace(named, python=chosen)


def _green(ctx: Context, folder: str) -> str:
    return History(ctx.memory, slot("tests", folder)).green


def _options(kind: type, given: Mapping[str, Any], **more: Any) -> Any:
    """The job's options as far as the kind has them."""
    names = {field.name for field in fields(kind)}
    return kind(**{**{key: value for key, value in given.items() if key in names}, **more})


def _job(ctx: Context, name: str) -> tuple[str, dict[str, Any]] | None:
    """The action of a job and its options, as it is proposed and as callboard.toml changes it; None for no such job."""
    tables = ctx.config.get("jobs", {})
    own = tables.get(name) if isinstance(tables, Mapping) else None
    own = own if isinstance(own, Mapping) else None
    if own is not None and own.get("command"):
        return "", dict(own)
    plain = name.split(":shard-")[0].removesuffix(":gather")
    proposed = next((job for job in propose(ctx.workspace) if job.name in (name, plain)), None)
    action = str((own or {}).get("action") or (proposed.action if proposed else plain.partition(":")[0]))
    if proposed is None and own is None and not action.startswith("quality."):
        return None
    options = dict(proposed.options) if proposed else {}
    changed = (own or {}).get("options")
    return action, {**options, **(changed if isinstance(changed, Mapping) else {})}


def _kind(ctx: Context, action: str, folder: str) -> Literal["python", "npm"] | None:
    match action:
        case "quality.tests" | "quality.shard" | "quality.gather":
            return "python"
        case "quality.npm_tests":
            return "npm"
        case "":
            found = projects(ctx.workspace)
            if any(project.folder == folder for project in found):
                return "python"
            return "npm" if package(ctx.workspace, folder) is not None else "python"
        case _:
            return None


def listed(names: Sequence[str], most: int = 3) -> str:
    """'a, b and 4 more'."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
