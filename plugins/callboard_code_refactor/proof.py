"""What shows that a fix broke nothing: the files still compile, and the tests that passed still pass."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import Context, read_junit
from callboard_code_refactor.sources import package_roots

COMPILE = """\
import json, sys, warnings
warnings.simplefilter("ignore")
broken = []
names = json.load(open(sys.argv[1], encoding="utf-8"))
for name in names:
    try:
        with open(name, "rb") as file:
            compile(file.read(), name, "exec", dont_inherit=True)
    except Exception:
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


@dataclass(frozen=True, slots=True)
class Compiled:
    """Which files an interpreter could compile. `broken` are those that it could not."""

    interpreter: str
    good: int
    broken: frozenset[str]


@dataclass(frozen=True, slots=True)
class TestRun:
    """The ids of the tests that passed, and of all; `reason` says why they did not run."""

    __test__ = False

    passed: frozenset[str] = field(default_factory=frozenset)
    reason: str = ""


def compile_files(ctx: Context, python: Path | None, where: Path, files: Sequence[str]) -> Compiled:
    """Compiles the files in memory, by the workspace's interpreter or else ours; nothing is written beside them."""
    listed = ctx.scratch / "compile.json"
    listed.write_text(json.dumps(list(files)), "utf-8")
    for program, owner in ((python, "the workspace's"), (Path(sys.executable), "Callboard's")):
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


def run_tests(ctx: Context, where: Path, folder: str, files: Sequence[str], when: str, timeout: float) -> TestRun:
    """Runs the workspace's own pytest in the worktree, whose packages come before any installed copy."""
    python = ctx.python_of(folder)
    if python is None:
        return TestRun(reason="not run, the workspace has no virtual environment")
    roots = package_roots(files)
    env = {
        "PYTHONPATH": ":".join(str(where / root) for root in sorted(set(roots.values()))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COVERAGE_FILE": str(ctx.scratch / "coverage"),
    }
    strangers = _strangers(ctx, python, where, env, _packages(files))
    if strangers:
        return TestRun(reason=f"not run, '{strangers[0]}' would be imported from outside of the worktree")
    report = ctx.scratch / f"tests-{when}.xml"
    words = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    run = ctx.run_tool(words, cwd=where / folder, env=env, timeout=timeout)
    if run.timed_out:
        return TestRun(reason=f"not finished {when} the fixes within {timeout:.0f} s")
    if not report.exists():
        return TestRun(reason=f"pytest could not start (exit {run.code}): {run.trouble}")
    ctx.artifact(report, kind="junit")
    cases = read_junit(report).cases
    good = frozenset(f"{case.classname}::{case.name}" for case in cases if case.outcome == "passed")
    if not cases:
        return TestRun(reason=f"pytest ran no test {when} the fixes")
    return TestRun(good)


def broken_by(before: TestRun, after: TestRun) -> list[str]:
    """Tests that passed before and not after, sorted; all of them when they could not be run after."""
    if before.reason:
        return []
    return sorted(before.passed - after.passed)


def _packages(files: Sequence[str]) -> list[str]:
    return sorted(
        {name for name, root in package_roots(files).items() if f"{root}/{name}/__init__.py".lstrip("/") in set(files)}
    )


def _strangers(ctx: Context, python: Path, where: Path, env: dict[str, str], names: Sequence[str]) -> list[str]:
    """Packages of the workspace that the interpreter would take from somewhere else; finding one imports nothing."""
    listed = ctx.scratch / "packages.json"
    listed.write_text(json.dumps(list(names)), "utf-8")
    run = ctx.run_tool([python, "-c", ORIGINS, str(listed)], cwd=where, env=env, timeout=60)
    try:
        found = json.loads(run.stdout)
    except ValueError:
        return list(names)
    inside = where.resolve()
    return [name for name in names if found.get(name) and not Path(found[name]).is_relative_to(inside)]
