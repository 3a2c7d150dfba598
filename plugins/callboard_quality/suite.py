"""Running the tests: pytest, unittest or Django's runner on the given interpreter, told live, with a report and coverage."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context, Environment, TestReport, ToolRun, read_junit
from callboard_quality.options import TestOptions
from callboard_quality.projects import pytest_options
from callboard_quality.stream import Progress, Story, story

INSIDE = Path(__file__).parent / "inside"
CACHE_WORDS = re.compile(r"--(?:lf|ff|nf|sw|last-failed|failed-first|new-first|stepwise|cache-)|cache_dir")
SHARDS = re.compile(r"(?:^|\s)(?:-n\s*\w|--numprocesses|--dist\b|--tx\b)")


@dataclass(frozen=True, slots=True)
class Pick:
    """Which tests run, and in which order; all in their own order by default.

    `only` are the ids that stay, `operands` what pytest is told on its command line, `first` what our own plugin puts in front: ids
    ('first'), files ('first_files'), and all that is not among 'known'; without 'rest' the others are left out. `mark` names the
    files of this run; all but 'first' are further tries, without coverage. With `collect_only` nothing runs and the ids are in
    `collected` of the result. `words` are further options for pytest. `paths` is where modules are looked for first, `zone` whose
    local time it is (as TZ has it), here by default.
    """

    mark: str = "first"
    only: Sequence[str] | None = None
    operands: Sequence[str] = ()
    first: dict[str, Any] | None = None
    collect_only: bool = False
    timeout: float | None = None
    words: Sequence[str] = ()
    paths: Sequence[str] = ()
    zone: str = ""


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
    collected: tuple[str, ...] = ()
    stream: Path | None = None


def variables(ctx: Context, environment: Environment, stream: Path, paths: Sequence[str] = ()) -> dict[str, str]:
    """What is added to the environment of the tests: caches go to scratch, the stream has its path, modules come from `paths`."""
    inside = ctx.scratch / "inside"
    if not inside.is_dir():
        inside.mkdir()
        for place in INSIDE.glob("callboard_*.py"):
            shutil.copyfile(place, inside / place.name)
    return {
        **environment.variables,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(inside), *paths, os.environ.get("PYTHONPATH", "")])),
        "PYTEST_ADDOPTS": "",
        "CALLBOARD_STREAM": str(stream),
        "COVERAGE_FILE": str(ctx.scratch / "coverage.data"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ctx.scratch / "hypothesis"),
        "NO_COLOR": "1",
    }


def _zone(pick: Pick) -> dict[str, str]:
    return {"TZ": pick.zone} if pick.zone else {}


def run_pytest(ctx: Context, environment: Environment, options: TestOptions, pick: Pick = Pick()) -> SuiteRun:
    """Runs pytest with the project's own configuration; what cannot be collected does not keep the rest from running."""
    again = pick.mark != "first"
    configured = pytest_options(ctx.workspace, options.folder)
    addopts = configured.get("addopts", "")
    junit, stream = ctx.scratch / f"junit-{pick.mark}.xml", ctx.scratch / f"stream-{pick.mark}.jsonl"
    given = {**variables(ctx, environment, stream, pick.paths), **_zone(pick)}
    coverage, left_out = ("", "") if again else _coverage_way(environment, options, addopts)
    words: list[str | Path] = [environment.python]
    words += ["-m", "coverage", "run", "-m", "pytest"] if coverage == "run" else ["-m", "pytest"]
    words += ["-p", "callboard_stream", "--color=no", f"--junitxml={junit}", "-o", "junit_family=xunit2"]
    words += ["--continue-on-collection-errors"]
    if CACHE_WORDS.search(addopts) or "cache_dir" in configured:
        words += ["-o", f"cache_dir={ctx.scratch / 'pytest-cache'}"]
    else:
        words += ["-p", "no:cacheprovider"]
    if coverage == "pytest-cov":
        words += [
            f"--cov-report=xml:{ctx.scratch / 'coverage.xml'}",
            f"--cov-report=json:{ctx.scratch / 'coverage.json'}",
            "--cov-context=test",
        ]
        words += [] if "--cov" in addopts else ["--cov"]
    elif coverage == "run":
        given["CALLBOARD_CONTEXTS"] = "1"
    elif again and "--cov" in addopts:
        words += ["--no-cov"]
    if again and SHARDS.search(addopts):
        words += ["-n", "0"]
    collected = ctx.scratch / f"collected-{pick.mark}.json"
    if pick.collect_only:
        words += ["--collect-only", "-q"]
        given["CALLBOARD_COLLECTED"] = str(collected)
    if pick.only is not None or pick.first is not None:
        plan = ctx.scratch / f"plan-{pick.mark}.json"
        only = None if pick.only is None else list(pick.only)
        plan.write_text(json.dumps({**(pick.first or {}), "only": only}), "utf-8", "surrogatepass")
        given["CALLBOARD_PLAN"] = str(plan)
    words += [*pick.words, *(f"--ignore={folder}" for folder in options.ignore)]
    chosen = list(pick.operands) or [_operand(name) for name in options.select]
    with nullcontext() if again else Progress(ctx, stream):  # who tries again says how far that is
        run = ctx.run_tool(
            [*words, *chosen],
            cwd=environment.base / options.folder,
            env=given,
            timeout=pick.timeout or options.timeout,
            echo=not again,
        )
    report, fault = None, ""
    if junit.is_file():
        try:
            report = read_junit(junit)
        except CallboardError as error:
            fault = str(error)
    ids = _ids(collected) if pick.collect_only else ()
    kept = junit if report else None
    return SuiteRun("pytest", run, story(stream), report, kept, fault, coverage, left_out, ids, stream)


def _ids(path: Path) -> tuple[str, ...]:
    try:
        found = json.loads(path.read_text("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        return ()
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


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


def run_unittest(ctx: Context, environment: Environment, options: TestOptions, pick: Pick = Pick()) -> SuiteRun:
    """Runs unittest's discovery, in `tests` when that is no package, else from the project's folder."""
    here = environment.base / options.folder
    lone = next((n for n in ("tests", "test") if (here / n).is_dir() and not (here / n / "__init__.py").is_file()), ".")
    return _told(ctx, environment, options, pick, "unittest", ["-m", "callboard_unittest", lone])


def run_django(ctx: Context, environment: Environment, options: TestOptions, pick: Pick = Pick()) -> SuiteRun:
    """Runs `manage.py test` with the settings that manage.py names, and throw-away databases."""
    words = ["manage.py", "test", "--noinput", "--testrunner=callboard_django.Runner"]
    return _told(ctx, environment, options, pick, "django", words)


def _told(
    ctx: Context, environment: Environment, options: TestOptions, pick: Pick, framework: str, how: Sequence[str]
) -> SuiteRun:
    again = pick.mark != "first"
    stream = ctx.scratch / f"stream-{pick.mark}.jsonl"
    measured = options.coverage and environment.has.get("coverage") is not None and not again
    words: list[str | Path] = [environment.python, *(["-m", "coverage", "run"] if measured else []), *how]
    with nullcontext() if again else Progress(ctx, stream):  # who tries again says how far that is
        run = ctx.run_tool(
            [*words, *(pick.operands or options.select)],
            cwd=environment.base / options.folder,
            env={**variables(ctx, environment, stream, pick.paths), **_zone(pick)},
            timeout=pick.timeout or options.timeout,
            echo=not again,
        )
    left_out = "" if measured or not options.coverage or again else "coverage is not installed there"
    coverage = "run" if measured else ""
    return SuiteRun(framework, run, story(stream), coverage=coverage, left_out=left_out, stream=stream)


def rerun(ctx: Context, environment: Environment, options: TestOptions, suite: SuiteRun, pick: Pick) -> SuiteRun:
    """Runs tests of a suite again, by the same framework; `pick.operands` are ids as the story has them."""
    if suite.framework == "unittest":
        return run_unittest(ctx, environment, options, pick)
    if suite.framework == "django":
        return run_django(ctx, environment, options, pick)
    return run_pytest(ctx, environment, options, pick)
