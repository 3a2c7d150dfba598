"""Where a target is run: on the workspace's files as they are, or on another tree with an environment made for it."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from callboard.api import CallboardError, Context, Environment, NoEnvironment, Workspace
from callboard_quality.packages import QUIET, install_words, is_installed, package
from callboard_quality.projects import is_django, projects, speaks_pytest
from callboard_quality.runners import CommandRunner, NpmRunner
from callboard_quality.target import Target
from callboard_quality.tests_action import Framework
from callboard_quality.trying import PythonRunner, Runner

PASSING = re.compile(
    r"name resolution|resolve host|Connection|network|timed out|took longer|No space left|Max retries|[Tt]emporar|ECONN|ENOTFOUND|"
    r"EAI_AGAIN|another task|from versions: none|could not be copied|could be made",
    re.IGNORECASE,
)
OWN_PYTHON = re.compile(r"(?:\./)?(?:\.?v?env|\.conda)/bin/([\w.-]+)|(python[\d.]*|pytest|tox|nox)")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


class NotHere(CallboardError):
    """The target cannot be run on this tree. `is_lasting` is false for what may be otherwise later: the network, time, room."""

    def __init__(self, reason: str, *, is_lasting: bool | None = None) -> None:
        self.reason = reason
        self.is_lasting = PASSING.search(reason) is None if is_lasting is None else is_lasting
        super().__init__(reason)


class Ground:
    """Makes runners for a target. `interpreter` as in the options; how it is understood may be changed by `settle`."""

    def __init__(self, ctx: Context, target: Target, interpreter: str, install_limit: float) -> None:
        self._ctx = ctx
        self._target = target
        self._asked = interpreter
        self._limit = install_limit
        self._modules: dict[bytes, Path] = {}
        self._spare: PythonRunner | None = None
        self._plain: Environment | None = None
        self.note = ""

    def here(self) -> Runner:
        """On the workspace's own files; raises `NotHere`."""
        if self._target.kind == "python":
            return self._python(self._ctx, "own" if self._asked == "auto" else self._asked)
        if self._target.kind == "npm":
            return self._npm(self._ctx, self._ctx.workspace.path)
        return CommandRunner(self._ctx, self._target.command, self._ctx.workspace.path / self._target.folder)

    def fresh(self, there: Context) -> Runner | None:
        """On a copy of the files of `there` in a throw-away environment; None where there is no other one than that."""
        if self._target.kind != "python" or self._asked != "auto" or self._ctx.python_of(self._target.folder) is None:
            return None
        return self._python(there, "kept")

    def at(self, tree: Path) -> Runner:
        """On another tree of the same repository; raises `NotHere`."""
        there = self._ctx.at(tree)
        if self._target.kind == "npm":
            return self._npm(there, tree)
        if self._target.kind == "command":
            return self._command(there, tree)
        return self._python(there, "kept" if self._asked == "auto" else self._asked)

    def settle(self, tree: Path) -> Runner:
        """As `at`, for the first tree: where no environment can be made at all, the workspace's own is taken for all trees, with
        the tree's modules in front; `note` says so."""
        try:
            runner = self.at(tree)
        except NotHere as error:
            if (
                self._target.kind != "python"
                or self._asked != "auto"
                or self._ctx.python_of(self._target.folder) is None
            ):
                raise
            self._asked = "own"
            self.note = f"the workspace's own environment was used for every commit, as none could be made: {error.reason[:200]}"
            return self.at(tree)
        if isinstance(runner, PythonRunner) and runner.holds:
            self._spare, runner = runner, replace(runner, holds=False)
        return runner

    def borrowed(self, tree: Path) -> Runner | None:
        """On another tree with the environment of the first one, the tree's modules in front; None when there is none to borrow."""
        spare, folder = self._spare, self._target.folder
        if spare is None or (folder and not (tree / folder).is_dir()):
            return None
        base = tree / folder
        paths = [str(spot) for spot in (base / "src", base / "lib", base) if spot.is_dir()]
        environment = replace(spare.environment, base=tree)
        return PythonRunner(self._ctx.at(tree), environment, spare.options, spare.framework, paths)

    def close(self) -> None:
        """Gives back the first environment."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _python(self, there: Context, interpreter: str) -> PythonRunner:
        options, folder = self._target.python, self._target.folder
        if folder and not (there.workspace.path / folder).is_dir():
            raise NotHere(f"there is no folder {folder}")
        framework = self._framework(there)
        extra = [*(["pytest"] if framework == "pytest" else []), "coverage"]
        is_elsewhere = there.workspace.path != self._ctx.workspace.path
        try:
            if is_elsewhere and (interpreter in ("own", "callboard") or os.path.isabs(interpreter)):
                # the same for all trees, so it is looked at once
                environment = replace(self._same(interpreter), base=there.workspace.path)
            else:
                environment = there.environment(folder, extra=extra, interpreter=interpreter, install_limit=self._limit)
        except NoEnvironment as none:
            raise NotHere(str(none)) from none
        paths: Sequence[str] = ()
        if is_elsewhere and not environment.is_throw_away:
            base = environment.base / folder
            paths = [str(spot) for spot in (base / "src", base / "lib", base) if spot.is_dir()]
        if framework == "pytest" and environment.has.get("pytest") is None:
            self._ctx.let_go(environment)
            raise NotHere(f"the tests are written for pytest and {environment.words} has none")
        chosen = replace(options, framework=framework)
        return PythonRunner(there, environment, chosen, framework, paths, environment.is_throw_away)

    def _same(self, interpreter: str) -> Environment:
        if self._plain is None:
            asked = "" if interpreter == "own" else interpreter
            self._plain = self._ctx.environment(self._target.folder, interpreter=asked, create=False)
        return self._plain

    def _framework(self, there: Context) -> Framework:
        asked, folder = self._target.python.framework, self._target.folder
        if asked != "auto":
            return asked
        if any("::" in name or name.endswith(".py") for name in self._target.tests):
            return "pytest"
        if is_django(there.workspace, folder):
            return "django"
        if self._target.tests and all(DOTTED.fullmatch(name) for name in self._target.tests):
            return "unittest"
        project = next((one for one in projects(there.workspace) if one.folder == folder), None)
        return "pytest" if project is None or speaks_pytest(there.workspace, project) else "unittest"

    def _command(self, there: Context, tree: Path) -> Runner:
        """With Python's words from an environment of the tree's own, where the command asks for the workspace's."""
        words, folder = list(self._target.command), self._target.folder
        self._link_modules(there, tree)
        match = OWN_PYTHON.fullmatch(words[0])
        has_project = any((tree / folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg"))
        if match is None or self._asked not in ("auto", "kept") or not (has_project or match[1]):
            return CommandRunner(there, words, tree / folder)
        try:
            environment = there.environment(folder, interpreter="kept", install_limit=self._limit)
        except NoEnvironment as none:
            raise NotHere(str(none)) from none
        program = environment.python.parent / (match[1] or match[2])
        if program.is_file():
            words[0] = str(program)
        return CommandRunner(there, words, environment.base / folder, environment)

    def _npm(self, there: Context, tree: Path) -> Runner:
        options = self._target.npm
        found = package(there.workspace, options.folder, options.script)
        if found is None:
            raise NotHere(f"package.json has no real script '{options.script}'")
        program = there.program(found.manager)
        if program is None:
            raise NotHere(f"{found.manager} is not installed")
        if tree != self._ctx.workspace.path:
            self._link_modules(there, tree)
        if found.dependencies and not is_installed(there.workspace, options.folder):
            if tree == self._ctx.workspace.path:
                raise NotHere(f"node_modules is missing; run '{found.command}' first")
            lock = there.workspace.path / found.lock if found.lock else None
            place = lock.parent if lock is not None else tree / options.folder
            print(f"installs the packages by {found.lock or 'package.json'}", flush=True)
            words: list[str | Path] = [program, *install_words(found), "--ignore-scripts"]
            run = there.run_tool(words, cwd=place, env=QUIET, timeout=self._limit)
            if run.code != 0:
                raise NotHere(f"'{found.command}' failed: {run.trouble}")
            self._keep_modules(place, self._mark(tree, options.folder))
        return NpmRunner(there, self._target, str(program), found.script, found.manager, tree)

    def _mark(self, tree: Path, folder: str) -> bytes:
        """What the installed packages follow from."""
        parts = []
        for spot in dict.fromkeys((tree / folder, tree)):
            for name in ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"):
                if (spot / name).is_file():
                    return (spot / name).read_bytes()
            if (spot / "package.json").is_file():
                parts.append((spot / "package.json").read_bytes())
        return b"\0".join(parts)

    def _keep_modules(self, place: Path, mark: bytes) -> None:
        kept = self._ctx.scratch / f"modules-{len(self._modules)}"
        if (place / "node_modules").is_dir() and not (place / "node_modules").is_symlink():
            shutil.move(place / "node_modules", kept)
            (place / "node_modules").symlink_to(kept, target_is_directory=True)
            self._modules[mark] = kept

    def _link_modules(self, there: Context, tree: Path) -> None:
        """Lends the tree the workspace's node_modules, or those of an earlier tree, when made of the same files."""
        folder = self._target.folder
        top = self._ctx.workspace.path
        mark = self._mark(tree, folder)
        if not mark:
            return
        kept = self._modules.get(mark)
        if kept is not None and not is_installed(Workspace(tree), folder):
            (tree / folder / "node_modules").symlink_to(kept, target_is_directory=True)
        elif mark == self._mark(top, folder):
            for spot in dict.fromkeys((folder, "")):
                own, lent = top / spot / "node_modules", tree / spot / "node_modules"
                if own.is_dir() and not lent.exists():
                    lent.symlink_to(own, target_is_directory=True)
