"""Coverage of a test run, as the coverage module itself reports it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import CallboardError, Context, CoverageReport, Environment, load_json, read_coverage_xml
from callboard_quality.options import TestOptions
from callboard_quality.suite import SuiteRun, variables

Lines = Mapping[str, tuple[frozenset[int], frozenset[int]]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """`percent` is the total that `coverage report` gives (with branches where the project measures them), None for none.

    `ran` are, by path in the workspace, the lines that ran and those that did not.
    """

    percent: float | None
    lines: int = 0
    fault: str = ""
    ran: Lines = field(default_factory=dict)


def coverage_of(ctx: Context, environment: Environment, options: TestOptions, suite: SuiteRun) -> Coverage:
    """Makes the reports, keeps the XML one and returns the total; a report that fails is told, never raised."""
    if not suite.coverage:
        return Coverage(None, fault=suite.left_out)
    xml, json = ctx.scratch / "coverage.xml", ctx.scratch / "coverage.json"
    here = environment.base / options.folder
    if suite.coverage == "run":
        given = variables(ctx, environment, ctx.scratch / "unused.jsonl")
        coverage: list[str | Path] = [environment.python, "-m", "coverage"]
        if not (ctx.scratch / "coverage.data").is_file():
            ctx.run_tool([*coverage, "combine"], cwd=here, env=given, timeout=300)
        ctx.run_tool([*coverage, "xml", "-q", "-o", xml], cwd=here, env=given, timeout=300)
        ctx.run_tool([*coverage, "json", "-q", "-o", json], cwd=here, env=given, timeout=300)
    if not (xml.is_file() and json.is_file()):
        return Coverage(None, fault="the coverage module wrote no report")
    try:
        report = read_coverage_xml(xml)
        totals = load_json(_totals(json.read_text("utf-8", "replace")), json)
    except (CallboardError, OSError) as error:
        return Coverage(None, fault=str(error))
    ctx.artifact(xml, kind="coverage")
    percent = totals.get("percent_covered") if isinstance(totals, dict) else None
    if not isinstance(percent, (int, float)) or not 0 <= percent <= 100 or not report.valid:
        return Coverage(None, fault="no line was measured")
    return Coverage(float(percent), report.valid, ran=lines_of(report, environment.base, here))


def lines_of(report: CoverageReport, base: Path, here: Path) -> Lines:
    """The lines by path as the workspace calls the files."""
    found: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
    sources = [Path(source) for source in report.sources if source] or [here]
    top = base.resolve()
    for file in report.files:
        for source in (*sources, here):
            place = (here / source / file.path).resolve()
            if place.is_file() and place.is_relative_to(top):
                good = frozenset(number for number, hits in file.hits.items() if hits > 0)
                found[place.relative_to(top).as_posix()] = (good, frozenset(file.hits) - good)
                break
    return found


def _totals(text: str) -> str:
    """The last object of the report, its totals: the rest may be large, and is in the XML report too."""
    return text[text.rfind('"totals":') + len('"totals":') :].rsplit("}", 1)[0]
