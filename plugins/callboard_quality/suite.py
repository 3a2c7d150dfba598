"""Running the tests: pytest or unittest on the given interpreter, told live, with a report and coverage."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.api import CallboardError, Context, Environment, TestReport, ToolRun, read_junit
from callboard_quality.options import TestOptions
from callboard_quality.projects import pytest_options
from callboard_quality.stream import Progress, Story, story

INSIDE = Path(__file__).parent / "inside"
CACHE_WORDS = re.compile(r"--(?:lf|ff|nf|sw|last-failed|failed-first|new-first|stepwise|cache-)|cache_dir")
SHARDS = re.compile(r"(?:^|\s)(?:-n\s*\w|--numprocesses|--dist\b|--tx\b)")


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """How a run of the tests went.

    `report` is the JUnit report, None where there is none or it cannot be used (`fault` says why then). `coverage` is how
    coverage was measured ('run', 'pytest-cov' or ''), `left_out` why it was not.
    """

    framework: str
    run: ToolRun
    story: Story
    report: TestReport | None = None
    junit: Path | None = None
    fault: str = ""
    coverage: str = ""
    left_out: str = ""


def variables(ctx: Context, environment: Environment, stream: Path) -> dict[str, str]:
    """What is added to the environment of the tests: caches go to scratch, the stream has its path."""
    inside = ctx.scratch / "inside"
    if not inside.is_dir():
        inside.mkdir()
        for name in ("callboard_stream.py", "callboard_unittest.py"):
            shutil.copyfile(INSIDE / name, inside / name)
    return {
        **environment.variables,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(inside), os.environ.get("PYTHONPATH", "")])),
        "PYTEST_ADDOPTS": "",
        "CALLBOARD_STREAM": str(stream),
        "COVERAGE_FILE": str(ctx.scratch / "coverage.data"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ctx.scratch / "hypothesis"),
        "NO_COLOR": "1",
    }


def run_pytest(ctx: Context, environment: Environment, options: TestOptions, only: Sequence[str] = ()) -> SuiteRun:
    """Runs pytest with the project's own configuration; `only` names the tests of a second try."""
    mark = "again" if only else "first"
    configured = pytest_options(ctx.workspace, options.folder)
    addopts = configured.get("addopts", "")
    junit, stream = ctx.scratch / f"junit-{mark}.xml", ctx.scratch / f"stream-{mark}-{len(only)}.jsonl"
    junit.unlink(missing_ok=True)
    coverage, left_out = ("", "") if only else _coverage_way(environment, options, addopts)
    words: list[str | Path] = [environment.python]
    words += ["-m", "coverage", "run", "-m", "pytest"] if coverage == "run" else ["-m", "pytest"]
    words += ["-p", "callboard_stream", "--color=no", f"--junitxml={junit}", "-o", "junit_family=xunit2"]
    if CACHE_WORDS.search(addopts) or "cache_dir" in configured:
        words += ["-o", f"cache_dir={ctx.scratch / 'pytest-cache'}"]
    else:
        words += ["-p", "no:cacheprovider"]
    if coverage == "pytest-cov":
        words += [
            f"--cov-report=xml:{ctx.scratch / 'coverage.xml'}",
            f"--cov-report=json:{ctx.scratch / 'coverage.json'}",
        ]
        words += [] if "--cov" in addopts else ["--cov"]
    words += [f"--ignore={folder}" for folder in options.ignore]
    chosen = list(only) or [_operand(name) for name in options.select]
    with Progress(ctx, stream):
        run = ctx.run_tool(
            [*words, *chosen],
            cwd=environment.base / options.folder,
            env=variables(ctx, environment, stream),
            timeout=options.timeout,
            echo=True,
        )
    told = story(stream)
    report, fault = None, ""
    if junit.is_file():
        try:
            report = read_junit(junit)
        except CallboardError as error:
            fault = str(error)
    return SuiteRun("pytest", run, told, report, junit if report else None, fault, coverage, left_out)


def _coverage_way(environment: Environment, options: TestOptions, addopts: str) -> tuple[str, str]:
    if not options.coverage or environment.has.get("coverage") is None:
        return "", "" if not options.coverage else "coverage is not installed there"
    plugin = environment.has.get("pytest-cov") is not None
    if plugin and "--cov" in addopts:
        return "pytest-cov", ""
    if SHARDS.search(addopts):
        return ("pytest-cov", "") if plugin else ("", "the tests run in several processes and pytest-cov is missing")
    return "run", ""


def _operand(name: str) -> str:
    return f"./{name}" if name.startswith("-") else name


def run_unittest(ctx: Context, environment: Environment, options: TestOptions) -> SuiteRun:
    """Runs unittest's discovery, in `tests` when that is no package, else from the project's folder."""
    stream = ctx.scratch / "stream-unittest.jsonl"
    here = environment.base / options.folder
    lone = next((n for n in ("tests", "test") if (here / n).is_dir() and not (here / n / "__init__.py").is_file()), ".")
    measured = options.coverage and environment.has.get("coverage") is not None
    words: list[str | Path] = [environment.python]
    words += ["-m", "coverage", "run", "-m", "callboard_unittest"] if measured else ["-m", "callboard_unittest"]
    with Progress(ctx, stream):
        run = ctx.run_tool(
            [*words, lone, *options.select],
            cwd=here,
            env=variables(ctx, environment, stream),
            timeout=options.timeout,
            echo=True,
        )
    left_out = "" if measured or not options.coverage else "coverage is not installed there"
    return SuiteRun("unittest", run, story(stream), coverage="run" if measured else "", left_out=left_out)
