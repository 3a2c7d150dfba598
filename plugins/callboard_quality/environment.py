"""The interpreter that the tests run on: the workspace's own, Callboard's, or that of a throw-away environment."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from callboard.api import Context, ToolRun
from callboard_quality.options import TestOptions
from callboard_quality.requirements import Declared, declared, locked, test_names

INSIDE = Path(__file__).parent / "inside"
LARGEST_COPY = 1_000_000_000
NOT_COPIED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
    ]
)


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the tests run.

    `base` is the copy of the workspace or the workspace itself, `words` how a person calls the interpreter, `throw_away`
    whether it was made for this attempt, `has` the versions of what the tests may use (None: not there).
    """

    python: Path
    base: Path
    words: str
    throw_away: bool = False
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


class NoEnvironment(Exception):
    """There is no interpreter for the tests; `str()` says why and what to do."""


def obtain(ctx: Context, options: TestOptions, with_pytest: bool) -> Environment:
    """The environment that the options ask for; raises `NoEnvironment` with the reason when it cannot be had."""
    top = ctx.workspace.path
    if options.interpreter == "callboard":
        return _probed(ctx, Environment(Path(sys.executable), top, "Callboard's own interpreter"))
    if options.interpreter != "own":
        python = top / options.interpreter
        if not (python.is_file() and os.access(python, os.X_OK)):
            raise NoEnvironment(f"the interpreter {options.interpreter} is not there; correct the option 'interpreter'")
        return _probed(ctx, Environment(python, top, options.interpreter))
    own = ctx.python_of(options.folder)
    if own is not None:
        return _probed(ctx, Environment(own, top, str(own.parent.parent.relative_to(top))))
    if not options.create_environment:
        raise NoEnvironment(
            "the workspace has no virtual environment; make one in .venv, or set create_environment = true"
        )
    return _made(ctx, options, with_pytest)


def _probed(ctx: Context, environment: Environment) -> Environment:
    done = ctx.run_tool([environment.python, INSIDE / "probe.py"], env=environment.variables, timeout=60)
    try:
        has = json.loads(done.stdout)
    except ValueError:
        raise NoEnvironment(f"the interpreter of {environment.words} does not start: {done.trouble}") from None
    return replace(environment, has=has)


def _made(ctx: Context, options: TestOptions, with_pytest: bool) -> Environment:
    """A new virtual environment in the scratch folder, and in it a copy of the workspace, installed with its test needs."""
    until = time.monotonic() + options.install_limit
    ctx.progress(0.0, "makes a throw-away environment")
    base = ctx.scratch / "copy"
    copy_tree(ctx.workspace.path, base)
    needs = declared(ctx.workspace, options.folder)
    place = ctx.scratch / "environment"
    bare = find_spec("pip") is not None or (needs.nothing and not with_pytest)
    made = ctx.run_tool(
        [sys.executable, "-m", "venv", *(["--without-pip"] if bare else []), place],
        timeout=min(180, options.install_limit),
    )
    if made.code != 0:
        raise NoEnvironment(f"no virtual environment could be made: {made.trouble}; make one in .venv yourself")
    python = place / "bin" / "python"
    environment = Environment(python, base, "the throw-away environment", True, needs.said_by)
    extra = [*(["pytest"] if with_pytest else []), *(["coverage"] if options.coverage and not needs.nothing else [])]
    if with_pytest or not needs.nothing:
        environment = replace(environment, words=_install(ctx, environment, options, needs, extra, until))
    return _probed(ctx, environment)


def _install(
    ctx: Context, environment: Environment, options: TestOptions, needs: Declared, extra: list[str], until: float
) -> str:
    """Installs, with the locked versions if that can be, and returns how a person calls the environment then."""
    rest = [*needs.requirements, *extra]
    for name in needs.files:
        rest += ["-r", name]
    pins = locked(ctx.workspace, options.folder)
    if pins:
        ctx.progress(0.0, "installs the project and what its tests need, as locked")
        constraints = ctx.scratch / "locked.txt"
        constraints.write_text("\n".join(pins) + "\n", "utf-8")
        try:
            _install_all(ctx, environment, options, needs, [*rest, "-c", str(constraints)], until)
            return f"{environment.words} with the locked versions"
        except NoEnvironment:
            ctx.log("what is locked cannot be installed here; trying without the lock", "warning")
    ctx.progress(0.0, "installs the project and what its tests need")
    _install_all(ctx, environment, options, needs, rest, until)
    return environment.words


def _install_all(
    ctx: Context, environment: Environment, options: TestOptions, needs: Declared, rest: list[str], until: float
) -> None:
    here = environment.base / options.folder
    if not needs.installable:
        _pip(ctx, environment, here, rest, until)
        return
    if needs.extras is not None:
        marked = f".[{','.join(needs.extras)}]" if needs.extras else "."
        _editable(ctx, environment, here, marked, rest, until)
        return
    _editable(ctx, environment, here, ".", [], until)
    asked = ctx.run_tool(
        [environment.python, INSIDE / "extras.py", here.resolve().as_uri()], env=environment.variables, timeout=60
    )
    extras = test_names(asked.stdout.split())
    if extras:
        _editable(ctx, environment, here, f".[{','.join(extras)}]", rest, until)
    elif rest:
        _pip(ctx, environment, here, rest, until)


def _editable(ctx: Context, environment: Environment, here: Path, what: str, rest: list[str], until: float) -> None:
    """Installs editable, so that the copy itself is what is tested; where the build cannot do that, as a plain package."""
    try:
        _pip(ctx, environment, here, ["-e", what, *rest], until)
    except NoEnvironment as error:
        if "editable" not in str(error):
            raise
        _pip(ctx, environment, here, [what, *rest], until)


def _pip(ctx: Context, environment: Environment, here: Path, what: list[str], until: float) -> None:
    own = find_spec("pip") is not None
    pip: list[str | Path] = (
        [sys.executable, "-m", "pip", "--python", environment.python] if own else [environment.python, "-m", "pip"]
    )
    added = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if not (here / "PKG-INFO").is_file() and not (here / ".git").exists():
        added["SETUPTOOLS_SCM_PRETEND_VERSION"] = "0.0.0"
    done = ctx.run_tool(
        [*pip, "install", "--retries", "1", "--progress-bar", "off", "--quiet", *what],
        cwd=here,
        env=added,
        timeout=max(1.0, until - time.monotonic()),
    )
    if done.timed_out:
        raise NoEnvironment(
            f"the installation of the project and its test requirements took longer than {done.seconds:.0f} s; "
            "make a virtual environment in .venv, or raise install_limit"
        )
    if done.code != 0:
        raise NoEnvironment(f"the project and its test requirements could not be installed: {_why(done)}")


def _why(done: ToolRun) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith(("ERROR:", "error:"))]
    return ("; ".join(dict.fromkeys(errors[-3:])) or done.trouble or f"pip ended with code {done.code}")[:600]


def copy_tree(source: Path, target: Path) -> None:
    """Copies the workspace without caches, environments and history, links as links.

    Raises `NoEnvironment` when it is larger than LARGEST_COPY bytes.
    """
    total = 0

    def copied(origin: str, place: str) -> str:
        nonlocal total
        total += os.path.getsize(origin)
        if total > LARGEST_COPY:
            raise NoEnvironment(
                f"the workspace has more than {LARGEST_COPY // 1_000_000} MB to copy; make an environment in .venv"
            )
        return str(shutil.copy2(origin, place))

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in NOT_COPIED or _is_odd(os.path.join(folder, name))}

    try:
        shutil.copytree(source, target, symlinks=True, ignore=left_out, copy_function=copied)
    except (OSError, shutil.Error, subprocess.SubprocessError) as error:
        raise NoEnvironment(f"the workspace could not be copied: {str(error)[:300]}") from error


def _is_odd(path: str) -> bool:
    """Whether it is a virtual environment, or neither file, folder nor link."""
    if os.path.islink(path) or os.path.isfile(path):
        return False
    return not os.path.isdir(path) or os.path.isfile(os.path.join(path, "pyvenv.cfg"))
