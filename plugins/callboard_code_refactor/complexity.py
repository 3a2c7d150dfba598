"""How tangled each Python function is, measured by complexipy."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from callboard.api import Context, Finding, Result, Severity, counted, unknown
from callboard_code_refactor.health import note
from callboard_code_refactor.measures import Measured, measure_python
from callboard_code_refactor.sources import broken, fault, judge, large_note, python_files, sized

GUIDE = "https://complexipy.com/understanding-scores/"


def check_complexity(ctx: Context, threshold: int, folder: str, fail_on: str) -> Result:
    """Findings are low above the threshold and medium above twice of it; a file that cannot be parsed is a finding."""
    if ctx.program("complexipy") is None:
        return unknown("complexipy is not installed; pip install 'callboard[tools]'")
    files, large = sized(ctx.workspace, python_files(ctx.workspace, folder))
    if not files:
        return unknown("; ".join(["there are no Python files to measure", *large_note(large)]))
    measured = measure_python(ctx, files, ctx.workspace.path, threshold=threshold, sarif=True)
    if measured.trouble:
        return unknown(measured.trouble)
    lines: dict[tuple[str, str], tuple[int, int]] = {}
    for number, sarif in enumerate(measured.reports, start=1):
        lines |= _lines(sarif)
        ctx.artifact(sarif, f"complexity-{number}.sarif", kind="sarif")
    _report(ctx, measured, lines, threshold)
    for name in measured.broken:
        line, words = fault(ctx.workspace.path / name) or (1, "newer than the Python of Callboard")
        ctx.finding(broken(name, f"no Python that can be parsed ({words}), so it was not measured", "complexipy", line))
    if len(measured.broken) >= len(files):
        return unknown(f"none of {counted(len(files), 'Python file')} could be parsed")
    return _judge(ctx, measured, len(files), threshold, folder, fail_on, large_note(large))


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


def _report(ctx: Context, measured: Measured, lines: dict[tuple[str, str], tuple[int, int]], threshold: int) -> None:
    twins: Counter[tuple[str, str]] = Counter()
    for function in measured.functions:
        twin = (function.path, function.name)
        twins[twin] += 1
        if function.complexity <= threshold:
            continue
        first, last = lines.get((function.path, function.name), (0, 0))
        ctx.finding(
            Finding(
                rule="cognitive-complexity",
                severity=Severity.MEDIUM if function.complexity > 2 * threshold else Severity.LOW,
                message=f"'{function.name.replace('::', '.')}' has a cognitive complexity of {function.complexity}, "
                f"{threshold} is allowed; move its inner branches into functions of their own",
                path=function.path,
                line=first,
                end_line=last,
                help=GUIDE,
                tool="complexipy",
                fingerprint=_print(*twin, twins[twin]),
            )
        )


def _print(path: str, name: str, nth: int) -> str:
    """A function stays the same one when its lines change, so its name stands for it."""
    return hashlib.sha256(f"cognitive-complexity\x1f{path}\x1f{name}\x1f{nth}".encode("utf-8", "replace")).hexdigest()[
        :16
    ]


def _judge(
    ctx: Context, measured: Measured, files: int, threshold: int, folder: str, fail_on: str, notes: Sequence[str]
) -> Result:
    scores = [function.complexity for function in measured.functions]
    above = sum(score > threshold for score in scores)
    worst, total = max(scores, default=0), sum(scores)
    mean = total / len(scores) if scores else 0.0
    ctx.metric("refactor.complexity.functions", len(scores))
    ctx.metric("refactor.complexity.above", above)
    ctx.metric("refactor.complexity.max", worst)
    ctx.metric("refactor.complexity.mean", round(mean, 3))
    ctx.metric("refactor.unparsable", len(measured.broken))
    note(ctx, folder, functions=len(scores), complexity_total=total, complexity_max=worst, complexity_mean=mean)
    parsed = files - len(measured.broken)
    looked_at = f"{counted(len(scores), 'function')} of {counted(parsed, 'file')}"
    words = [f"{above} above {threshold}, worst {worst}, mean {mean:.1f}"]
    return judge(ctx, fail_on, looked_at, notes=[*words, *notes])
