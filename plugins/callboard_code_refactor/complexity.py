"""How tangled each function is, measured by complexipy."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from callboard.api import Context, Finding, Result, Severity, unknown
from callboard_code_refactor.sources import batches, broken_severity, counted, judged, python_files

UNREADABLE = re.compile(r"^error: Failed to process (.+?) - Please check", re.MULTILINE)
GUIDE = "https://complexipy.com/understanding-scores/"


def check_complexity(ctx: Context, threshold: int, folder: str, fail_on: str) -> Result:
    """Findings are low above the threshold and medium above twice of it; a file that cannot be parsed is a finding."""
    if ctx.program("complexipy") is None:
        return unknown("complexipy is not installed; pip install 'callboard[tools]'")
    files = python_files(ctx.workspace, folder)
    if not files:
        return unknown("there are no Python files to measure")
    scores: list[int] = []
    broken: list[str] = []
    done = 0
    for number, batch in enumerate(batches(files), start=1):
        place = ctx.scratch / f"complexity-{number}"
        place.mkdir()
        run = ctx.run_tool(_command(threshold, place, ctx.scratch / "cache", batch), env={"NO_COLOR": "1"}, timeout=300)
        try:
            functions = json.loads((place / "complexipy-results.json").read_text("utf-8"))
        except (OSError, ValueError):
            return unknown(f"complexipy gave no report (exit {run.code}): {run.trouble}")
        broken += [name.removeprefix("./") for name in UNREADABLE.findall(run.stdout + "\n" + run.stderr)]
        scores += [int(function["complexity"]) for function in functions]
        sarif = place / "complexipy-results.sarif"
        if sarif.exists():
            ctx.artifact(sarif, f"complexity-{number}.sarif", kind="sarif")
        _report(ctx, functions, _lines(sarif), threshold)
        done += len(batch)
        ctx.progress(done / len(files), f"{done} of {len(files)} files")
    for name in broken:
        _report_broken(ctx, name)
    if len(broken) >= len(files):
        return unknown(f"none of {counted(len(files), 'Python file')} could be parsed")
    return _judge(ctx, scores, len(files) - len(broken), len(broken), threshold, fail_on)


def _command(threshold: int, place: Path, cache: Path, batch: list[str]) -> list[str]:
    words = ["complexipy", "--isolated", "--color", "no", "--plain", "--max-complexity-allowed", str(threshold)]
    words += ["--output-format", "json", "--output-format", "sarif", "--output", f"{place}/", "--cache-dir", str(cache)]
    return [*words, "--", *batch]


def _lines(sarif: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """(path, function) -> first and last line, for the functions above the threshold."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    try:
        runs = json.loads(sarif.read_text("utf-8"))["runs"]
        for result in (result for run in runs for result in run["results"]):
            place = result["locations"][0]
            region = place["physicalLocation"]["region"]
            path = unquote(place["physicalLocation"]["artifactLocation"]["uri"])
            name = place["logicalLocations"][0]["name"]
            found[path, name] = (int(region["startLine"]), int(region["endLine"]))
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return found
    return found


def _report(
    ctx: Context, functions: list[dict[str, Any]], lines: dict[tuple[str, str], tuple[int, int]], threshold: int
) -> None:
    for function in functions:
        score = int(function["complexity"])
        if score <= threshold:
            continue
        path, name = str(function["path"]), str(function["function_name"])
        first, last = lines.get((path, name), (0, 0))
        shown = name.replace("::", ".")
        ctx.finding(
            Finding(
                rule="cognitive-complexity",
                severity=Severity.MEDIUM if score > 2 * threshold else Severity.LOW,
                message=f"'{shown}' has a cognitive complexity of {score}, {threshold} is allowed; "
                "move its inner branches into functions of their own",
                path=path,
                line=first,
                end_line=last,
                help=GUIDE,
                tool="complexipy",
            )
        )


def _report_broken(ctx: Context, name: str) -> None:
    ctx.finding(
        Finding(
            rule="unparsable",
            severity=broken_severity(name),
            message="this file cannot be parsed as Python, so it was not measured; mend its syntax",
            path=name,
            line=1,
            tool="complexipy",
        )
    )


def _judge(ctx: Context, scores: list[int], files: int, broken: int, threshold: int, fail_on: str) -> Result:
    above = sum(score > threshold for score in scores)
    worst = max(scores, default=0)
    mean = sum(scores) / len(scores) if scores else 0.0
    ctx.metric("functions", len(scores))
    ctx.metric("functions above the threshold", above)
    ctx.metric("worst complexity", worst)
    ctx.metric("mean complexity", round(mean, 3))
    summary = (
        f"{counted(len(scores), 'function')} in {counted(files, 'file')}: {above} above {threshold}, "
        f"worst {worst}, mean {mean:.1f}"
    )
    if broken:
        summary += f"; {counted(broken, 'file')} could not be parsed"
    return judged(ctx, fail_on, summary)
