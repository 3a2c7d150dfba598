"""Coverage of a test run, as the coverage module itself reports it."""

from dataclasses import dataclass
from pathlib import Path

from callboard.api import CallboardError, Context, Environment, load_json, read_coverage_xml
from callboard_quality.options import TestOptions
from callboard_quality.suite import SuiteRun, variables


@dataclass(frozen=True, slots=True)
class Coverage:
    """`percent` is the total that `coverage report` gives (with branches where the project measures them), None for none."""

    percent: float | None
    lines: int = 0
    fault: str = ""


def coverage_of(ctx: Context, environment: Environment, options: TestOptions, suite: SuiteRun) -> Coverage:
    """Makes the reports, keeps the XML one and returns the total; a report that fails is told, never raised."""
    if not suite.coverage:
        return Coverage(None, fault=suite.left_out)
    xml, json = ctx.scratch / "coverage.xml", ctx.scratch / "coverage.json"
    if suite.coverage == "run":
        given = variables(ctx, environment, ctx.scratch / "unused.jsonl")
        here = environment.base / options.folder
        coverage: list[str | Path] = [environment.python, "-m", "coverage"]
        if not (ctx.scratch / "coverage.data").is_file():
            ctx.run_tool([*coverage, "combine"], cwd=here, env=given, timeout=300)
        ctx.run_tool([*coverage, "xml", "-q", "-o", xml], cwd=here, env=given, timeout=300)
        ctx.run_tool([*coverage, "json", "-q", "-o", json], cwd=here, env=given, timeout=300)
    if not (xml.is_file() and json.is_file()):
        return Coverage(None, fault="the coverage module wrote no report")
    try:
        lines = read_coverage_xml(xml).valid
        totals = load_json(_totals(json.read_text("utf-8", "replace")), json)
    except (CallboardError, OSError) as error:
        return Coverage(None, fault=str(error))
    ctx.artifact(xml, kind="coverage")
    percent = totals.get("percent_covered") if isinstance(totals, dict) else None
    if not isinstance(percent, (int, float)) or not 0 <= percent <= 100 or not lines:
        return Coverage(None, fault="no line was measured")
    return Coverage(float(percent), lines)


def _totals(text: str) -> str:
    """The last object of the report, its totals: the rest may be large, and is in the XML report too."""
    return text[text.rfind('"totals":') + len('"totals":') :].rsplit("}", 1)[0]
