"""What shows that a fix broke nothing: files compile, imports resolve, modules import and tests pass as before."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import Context, ReportError, read_junit
from callboard_code_refactor.names import module_names
from callboard_code_refactor.sources import TESTS, package_roots

COMPILE = """\
import json, sys, warnings
warnings.simplefilter("ignore")
broken = []
names = json.load(open(sys.argv[1], encoding="utf-8"))
for name in names:
    try:
        with open(name, "rb") as file:
            compile(file.read(), name, "exec", dont_inherit=True)
    except BaseException:
        broken.append(name)
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "broken": broken}))
"""
ORIGINS = """\
import importlib.util, json, os, sys
found = {}
for name in json.load(open(sys.argv[1], encoding="utf-8")):
    try:
        spec = importlib.util.find_spec(name)
        found[name] = os.path.realpath(spec.origin) if spec and spec.origin else ""
    except Exception:
        found[name] = ""
print(json.dumps(found))
"""
IMPORT = """\
import contextlib, importlib, io, json, os, sys, warnings
warnings.simplefilter("ignore")
good = []
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    for name in json.load(open(sys.argv[1], encoding="utf-8")):
        try:
            importlib.import_module(name)
            good.append(name)
        except BaseException:
            pass
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(good, file)
os._exit(0)
"""
MOST_IMPORTED = 300


@dataclass(frozen=True, slots=True)
class Compiled:
    """Which files an interpreter could compile. `broken` are those that it could not."""

    interpreter: str
    good: int
    broken: frozenset[str]


@dataclass(frozen=True, slots=True)
class Imported:
    """The modules that could be imported; `reason` says why none was tried."""

    good: frozenset[str] = field(default_factory=frozenset)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TestRun:
    """The ids of the tests that passed; `reason` says why they did not run, `is_late` that there was no time."""

    __test__ = False

    passed: frozenset[str] = field(default_factory=frozenset)
    reason: str = ""
    is_late: bool = False


def compile_files(ctx: Context, python: Path | None, where: Path, files: Sequence[str]) -> Compiled:
    """Compiles the files in memory, by the workspace's interpreter or else ours; nothing is written beside them."""
    listed = ctx.scratch / "compile.json"
    listed.write_text(json.dumps(list(files)), "utf-8")
    for program, owner in ((python, "the project's"), (Path(sys.executable), "Callboard's")):
        if program is None:
            continue
        run = ctx.run_tool([program, "-I", "-S", "-c", COMPILE, str(listed)], cwd=where, timeout=300)
        try:
            told = json.loads(run.stdout)
            broken = frozenset(str(name) for name in told["broken"])
            return Compiled(f"{owner} Python {told['version']}", len(files) - len(broken), broken)
        except (ValueError, KeyError, TypeError):
            continue
    return Compiled("no interpreter", 0, frozenset(files))


class Trier:
    """Runs code of a worktree with the workspace's interpreter, and only if its packages are those of the worktree."""

    def __init__(
        self, ctx: Context, python: Path | None, where: Path, folder: str, files: Sequence[str], absence: str
    ) -> None:
        self._ctx = ctx
        self._python = python
        self._where = where
        self._folder = folder
        self._absence = absence
        self._files = files
        self._runs = 0
        self._obstacle: str | None = None
        roots = package_roots(files)
        paths = [str(where / root) for root in sorted(set(roots.values()))]
        self._env = {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COVERAGE_FILE": str(ctx.scratch / "coverage"),
        }

    def obstacle(self) -> str:
        """Why nothing of the worktree can be run; '' when it can."""
        if self._obstacle is None:
            self._obstacle = self._why_not()
        return self._obstacle

    def _why_not(self) -> str:
        if self._python is None:
            return self._absence
        strangers = self._strangers(self._python)
        return f"'{strangers[0]}' would be imported from outside of the worktree" if strangers else ""

    def imported(self, files: Sequence[str], timeout: float = 60.0) -> Imported:
        """Imports the modules of packages among the files, not scripts and tests, whose import may do things."""
        if self.obstacle() or self._python is None:
            return Imported(reason=f"not run, {self.obstacle()}")
        known = set(self._files)
        names = module_names(self._files)
        wanted = [
            names[path]
            for path in files
            if path in names
            and not TESTS.search(path)
            and f"{path.rpartition('/')[0]}/__init__.py".lstrip("/") in known
            and not path.endswith("__main__.py")
        ]
        if not wanted:
            return Imported(reason="none of the files is a module of a package")
        self._runs += 1
        listed, answer = (
            self._ctx.scratch / f"import-{self._runs}.json",
            self._ctx.scratch / f"imported-{self._runs}.json",
        )
        listed.write_text(json.dumps(sorted(wanted)[:MOST_IMPORTED]), "utf-8")
        words = [str(self._python), "-c", IMPORT, str(listed), str(answer)]
        self._ctx.run_tool(words, cwd=self._where / self._folder, env=self._env, timeout=timeout)
        try:
            return Imported(frozenset(str(name) for name in json.loads(answer.read_text("utf-8"))))
        except (OSError, ValueError, TypeError):
            return Imported(
                reason=f"the modules could not be imported within {timeout:.0f} s, or ended the interpreter"
            )

    def tests(self, when: str, timeout: float) -> TestRun:
        """Runs the workspace's own pytest in the worktree, whose packages come before any installed copy."""
        if self.obstacle() or self._python is None:
            return TestRun(reason=f"not run, {self.obstacle()}")
        self._runs += 1
        report = self._ctx.scratch / f"tests-{self._runs}.xml"
        words = [str(self._python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
        run = self._ctx.run_tool(
            [*words, f"--junitxml={report}"], cwd=self._where / self._folder, env=self._env, timeout=timeout
        )
        if run.timed_out:
            return TestRun(reason=f"not finished {when} the fixes within {timeout:.0f} s", is_late=True)
        if not report.exists():
            return TestRun(reason=f"pytest could not start (exit {run.code}): {run.trouble}")
        self._ctx.artifact(report, f"tests-{when}-{self._runs}.xml", kind="junit")
        try:
            cases = read_junit(report).cases
        except ReportError as error:
            return TestRun(reason=f"the report of pytest cannot be read: {error}")
        if not cases:
            return TestRun(reason=f"pytest ran no test {when} the fixes")
        good = frozenset(f"{case.classname}::{case.name}" for case in cases if case.outcome == "passed")
        if not good and when == "before":
            return TestRun(reason="no test passed before the fixes, so none can prove them")
        return TestRun(good)

    def _strangers(self, python: Path) -> list[str]:
        """Packages of the workspace that the interpreter would take from somewhere else; finding one imports nothing."""
        known = set(self._files)
        roots = package_roots(self._files)
        names = sorted(name for name, root in roots.items() if f"{root}/{name}/__init__.py".lstrip("/") in known)
        listed = self._ctx.scratch / "packages.json"
        listed.write_text(json.dumps(names), "utf-8")
        run = self._ctx.run_tool([python, "-c", ORIGINS, str(listed)], cwd=self._where, env=self._env, timeout=60)
        try:
            found = json.loads(run.stdout)
        except ValueError:
            return names
        inside = self._where.resolve()
        return [name for name in names if found.get(name) and not Path(found[name]).is_relative_to(inside)]
