"""Tests that take long, split into tasks that run at the same time, and put together again."""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from callboard.api import (
    CallboardError,
    Context,
    Job,
    Result,
    ToolRun,
    Upstream,
    load_json,
    passed,
    read_junit,
    unknown,
)
from callboard_quality.cases import Cases
from callboard_quality.history import History
from callboard_quality.judge import Judge
from callboard_quality.measured import Coverage, coverage_of
from callboard_quality.options import ShardOptions, TestOptions
from callboard_quality.projects import pytest_options
from callboard_quality.quarantine import Quarantine
from callboard_quality.retried import Retries, Tried
from callboard_quality.stream import story
from callboard_quality.suite import SHARDS, Pick, SuiteRun, run_pytest, variables
from callboard_quality.tests_action import Prepared, finished, prepared

LONG = 120.0
SHARD_SECONDS = 60.0
MOST_AT_ONCE_PER_CPU = 2


def split(ctx: Context, options: TestOptions, ready: Prepared) -> Result | None:
    """Collects the tests and adds a task for each share of them; None when they are better run here, as one."""
    wanted = options.shards or _wanted(ready.history.total())
    addopts = pytest_options(ctx.workspace, options.folder).get("addopts", "")
    if wanted < 2 or options.only_affected or SHARDS.search(addopts):
        return None
    ctx.progress(0.0, "collects the tests")
    found = run_pytest(ctx, ready.environment, options, Pick(mark="collect", collect_only=True, timeout=600))
    if found.story.collect or len(found.collected) < 2 or found.run.code != 0:
        ctx.log("the tests are not split, as they cannot all be collected", "warning")
        return None
    shares = shared(found.collected, ready.history, wanted)
    jobs = []
    for number, (names, seconds) in enumerate(shares, 1):
        path = ctx.scratch / f"shard-{number}.json"
        path.write_text(json.dumps(names), "utf-8", "surrogatepass")
        ctx.artifact(path, kind="text")
        because = f"{len(names)} of {len(found.collected)} tests, about {seconds:.0f} s by what they took before"
        jobs.append(_job(ctx, options, "shard", number, len(shares), because, seconds))
    names_of = tuple(job.name for job in jobs)
    gather = _job(ctx, options, "gather", 0, len(shares), f"puts the {len(shares)} shares together", 10)
    jobs.append(replace(gather, after=names_of))
    ctx.add_tasks(jobs)
    longest = max(seconds for _, seconds in shares)
    words = f"{len(found.collected)} tests collected, none has run yet: split into {len(shares)} tasks"
    words += f" of at most {longest:.0f} s" if longest else ""
    return passed(f"{words}; {gather.name} gives the verdict", outputs={"tests": len(found.collected)})


def _wanted(total: float) -> int:
    if total <= LONG:
        return 1
    return min(math.ceil(total / SHARD_SECONDS), MOST_AT_ONCE_PER_CPU * (os.cpu_count() or 1))


def shared(names: Sequence[str], history: History, wanted: int) -> list[tuple[list[str], float]]:
    """The tests in as many shares of nearly equal time: whole files, the longest first, each to the emptiest share.

    A file that alone takes longer than a share is split too. Each share keeps the order of the tests.
    """
    files: dict[str, list[str]] = {}
    for name in names:
        files.setdefault(name.split("::")[0], []).append(name)
    fair = history.total(names) / wanted
    parts: list[tuple[float, list[str]]] = []
    for tests in files.values():
        seconds = history.total(tests)
        pieces = min(len(tests), math.ceil(seconds / fair)) if fair and seconds > fair else 1
        if not fair and len(files) < wanted:
            pieces = min(len(tests), math.ceil(wanted / len(files)))
        size = math.ceil(len(tests) / pieces)
        for first in range(0, len(tests), size):
            piece = tests[first : first + size]
            parts.append((history.total(piece), piece))
    shares: list[tuple[float, int, list[str]]] = [(0.0, 0, []) for _ in range(wanted)]
    for seconds, piece in sorted(parts, key=lambda part: (-part[0], -len(part[1]))):
        least = min(range(wanted), key=lambda at: shares[at][:2])
        taken, count, mine = shares[least]
        shares[least] = (taken + seconds, count + len(piece), [*mine, *piece])
    place = {name: at for at, name in enumerate(names)}
    return [(sorted(mine, key=place.__getitem__), seconds) for seconds, _, mine in shares if mine]


def _job(ctx: Context, options: TestOptions, action: str, number: int, of: int, because: str, estimate: float) -> Job:
    usual = TestOptions()
    given: dict[str, Any] = {
        field.name: getattr(options, field.name)
        for field in fields(TestOptions)
        if getattr(options, field.name) != getattr(usual, field.name) and field.name != "shards"
    }
    name = f"{ctx.task}:{action}-{number}" if number else f"{ctx.task}:{action}"
    whose = {"parent": ctx.task, "number": number, "of": of}
    return Job(name, f"quality.{action}", because, {**given, **whose}, stage="test", estimate=estimate)


def run_shard(ctx: Context, options: ShardOptions) -> Result:
    """Runs one share; what failed is told at once, and kept for the task that puts the shares together."""
    parent = ctx.upstream.get(options.parent)
    listed = parent.artifacts.get(f"shard-{options.number}.json") if parent else None
    if listed is None:
        return unknown(f"no tests ran: the list of share {options.number} of '{options.parent}' is not there")
    try:
        names = load_json(listed.read_text("utf-8", "surrogatepass"), listed)
    except (CallboardError, OSError, ValueError) as error:
        return unknown(f"no tests ran: {error}")
    ready = prepared(ctx, options)
    if isinstance(ready, Result):
        return ready
    suite = run_pytest(ctx, ready.environment, options, Pick(only=[str(name) for name in names]))
    retries = Retries(ctx, ready.environment, options, suite, ready.history)
    tried = retries.told()
    _keep(ctx, options, ready, suite, tried)
    quarantine = Quarantine(ctx.settings, today())
    cases = Cases(ctx, ready.environment, options, suite, tried, quarantine, ready.history)
    bare = replace(options, coverage=False)
    notes = [f"share {options.number} of {options.of}"]
    result = Judge(ctx, ready.environment, bare, suite, cases, quarantine, notes).result(Coverage(None), None)
    more = {"base": str(ready.environment.base), "seconds": suite.run.seconds, "timed_out": suite.run.timed_out}
    return replace(result, outputs={**more, "coverage": suite.coverage, "code": suite.run.code})


def today() -> Any:
    """The day here."""
    import datetime

    return datetime.datetime.now().astimezone().date()


def _keep(ctx: Context, options: TestOptions, ready: Prepared, suite: SuiteRun, tried: dict[str, Tried]) -> None:
    path = ctx.scratch / "tried.json"
    path.write_text(json.dumps({name: asdict(one) for name, one in tried.items()}), "utf-8", "replace")
    ctx.artifact(path, kind="text")
    if suite.junit is not None:
        ctx.artifact(suite.junit, "junit.xml", kind="junit")
    if suite.stream is not None and suite.stream.is_file():
        ctx.artifact(suite.stream, "stream.jsonl", kind="text")
    data = ctx.scratch / "coverage.data"
    if suite.coverage and not data.is_file():
        words: list[str | Path] = [ready.environment.python, "-m", "coverage", "combine"]
        here = ready.environment.base / options.folder
        ctx.run_tool(words, cwd=here, env=variables(ctx, ready.environment, ctx.scratch / "unused.jsonl"), timeout=300)
    if data.is_file():
        ctx.artifact(data)


def gather(ctx: Context, options: ShardOptions) -> Result:
    """Puts the shares together and judges the whole as if it had run as one."""
    names = [f"{options.parent}:shard-{number}" for number in range(1, options.of + 1)]
    ended = {name: ctx.upstream[name] for name in names if name in ctx.upstream}
    told = {name: part for name, part in ended.items() if "stream.jsonl" in part.artifacts}
    lost = [name for name in names if name not in told]
    if not told:
        why = next((part.summary for part in ended.values() if part.summary), "none of them came to an end")
        return unknown(f"no tests ran in any of the {options.of} shares: {why}")
    ready = prepared(ctx, options)
    if isinstance(ready, Result):
        return ready
    suite = _joined(ctx, options, ready, list(told.values()))
    if suite.junit is not None:
        ctx.artifact(suite.junit, "junit.xml", kind="junit")
    coverage = coverage_of(ctx, ready.environment, options, suite)
    work = sum(float(part.outputs.get("seconds", 0)) for part in told.values())
    notes = [f"in {len(told)} shares, {work:.0f} s of work"]
    tried = {name: one for part in told.values() for name, one in _tried(part).items()}
    result = finished(ctx, options, ready, suite, tried, coverage, notes)
    if lost and not result.summary.startswith("no tests ran"):
        words = f"{', '.join(lost)} came to no end ({', '.join(ended[n].state for n in lost if n in ended)})"
        if str(result.verdict) == "pass":
            return unknown(f"{words}; of the others: {result.summary}")
        return replace(result, summary=f"{result.summary}; {words}")
    return result


def _tried(part: Upstream) -> dict[str, Tried]:
    try:
        path = part.artifacts["tried.json"]
        found = load_json(path.read_text("utf-8", "replace"), path)
        return {name: Tried(**entry) for name, entry in found.items()}
    except (KeyError, CallboardError, OSError, TypeError, AttributeError):
        return {}


def _joined(ctx: Context, options: ShardOptions, ready: Prepared, parts: Sequence[Upstream]) -> SuiteRun:
    base = str(ready.environment.base)
    streams, reports, pairs = [], [], []
    for number, part in enumerate(parts, 1):
        there = str(part.outputs.get("base") or base)
        stream = ctx.scratch / f"stream-part-{number}.jsonl"
        data = part.artifacts["stream.jsonl"].read_bytes()
        stream.write_bytes(data.replace(json.dumps(there)[1:-1].encode(), json.dumps(base)[1:-1].encode()))
        streams.append(stream)
        if "junit.xml" in part.artifacts:
            reports.append(part.artifacts["junit.xml"])
        if "coverage.data" in part.artifacts:
            pairs.append([str(part.artifacts["coverage.data"]), there, base])
    whole = story(*streams)
    report, junit, fault = None, None, ""
    if len(reports) == len(parts):
        try:
            junit = _one_junit(reports, ctx.scratch / "junit-all.xml")
            report = read_junit(junit)
        except CallboardError as error:
            junit, fault = None, str(error)
    measured, left_out = _one_coverage(ctx, options, ready, pairs, len(parts))
    seconds = max(float(part.outputs.get("seconds", 0)) for part in parts)
    late = any(part.outputs.get("timed_out") for part in parts)
    run = ToolRun(("pytest",), 0, "", "", seconds, late)
    whole.left = 0  # what a share leaves out, another one runs
    return SuiteRun("pytest", run, whole, report, junit, fault, measured, left_out)


def _one_junit(paths: Sequence[Path], out: Path) -> Path:
    """One report with the suites of all; raises `CallboardError` for one that is no XML."""
    from xml.etree.ElementTree import Element, ElementTree, ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    root = Element("testsuites")
    for path in paths:
        try:
            found = parse(path).getroot()
            root.extend(found.iter("testsuite") if found is not None else [])
        except (ParseError, DefusedXmlException, OSError) as error:
            raise CallboardError(f"{path.name} is not valid XML: {error}") from error
    ElementTree(root).write(out, "utf-8", xml_declaration=True)
    return out


def _one_coverage(
    ctx: Context, options: ShardOptions, ready: Prepared, pairs: list[list[str]], parts: int
) -> tuple[str, str]:
    """How the joined coverage is read ('run'), or why there is none."""
    if not options.coverage:
        return "", ""
    if len(pairs) < parts:
        return "", "not every share measured it"
    given = variables(ctx, ready.environment, ctx.scratch / "unused.jsonl")
    listed = ctx.scratch / "pairs.json"
    listed.write_text(json.dumps(pairs), "utf-8")
    script = ctx.scratch / "inside" / "callboard_contexts.py"
    words: list[str | Path] = [ready.environment.python, script, "merge", ctx.scratch / "coverage.data", listed]
    done = ctx.run_tool(words, cwd=ready.environment.base / options.folder, env=given, timeout=300)
    return ("run", "") if done.code == 0 else ("", f"the shares' coverage cannot be put together: {done.trouble}")
