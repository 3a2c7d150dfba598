"""Files that are both tangled and often changed: where a mistake is most likely, and tidying pays most."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from callboard.api import Cell, Context, Finding, Result, Severity, Table, Words, counted, unknown
from callboard_code_refactor.churn import Churn, History, churn
from callboard_code_refactor.git import GitTrouble, whole_history
from callboard_code_refactor.health import note
from callboard_code_refactor.measures import indentation, measure_python
from callboard_code_refactor.sources import TESTS, judge, large_note, python_files, script_files, sized

MOST_COMMITS = 2_000
FEWEST_COMMITS = 10
FEWEST_FILES = 4
MOST_FINDINGS = 10
SHOWN = 50
COGNITIVE, INDENTATION = "cognitive complexity", "indentation"
# below these nothing is called high, however quiet the rest is
LEAST_COMMITS = 5
LEAST = {COGNITIVE: 30, INDENTATION: 300}


@dataclass(frozen=True, slots=True)
class Spot:
    """One file with its churn and its measure; `score` is 100 for the most changed of the most tangled."""

    path: str
    churn: Churn
    measure: str
    complexity: int
    score: float


def check_hotspots(ctx: Context, days: int, folder: str, fail_on: str) -> Result:
    """UNKNOWN without a history; a finding only where both figures stand out from those of the other files."""
    python, large = sized(ctx.workspace, python_files(ctx.workspace, folder))
    scripts, large_scripts = sized(ctx.workspace, script_files(ctx.workspace, folder))
    if not python and not scripts:
        return unknown("there are no Python, JavaScript or TypeScript files to measure")
    try:
        whole_history(ctx.workspace.path)
        history = churn(ctx.workspace.path, days, MOST_COMMITS)
    except GitTrouble as trouble:
        return unknown(f"what changed often cannot be told: {trouble}")
    if history.commits < FEWEST_COMMITS:
        told = counted(history.commits, "commit")
        return unknown(
            f"{told} in the last {days} days; hotspots need {FEWEST_COMMITS}, the option 'days' goes further back"
        )
    measured, notes = _measured(ctx, python, scripts)
    if not measured:
        return unknown("; ".join(["no file could be measured", *notes]))
    spots = ranked(history, measured)
    hot = standing_out(history, measured, spots)
    for spot, severity in hot:
        ctx.finding(_finding(spot, severity, days))
    _show(ctx, spots, {spot.path for spot, _ in hot}, history, days)
    ctx.metric("refactor.hotspots", len(hot))
    note(ctx, folder, hotspots=len(hot))
    looked_at = f"{counted(len(measured), 'file')} and {counted(history.commits, 'commit')} of the last {days} days"
    return judge(ctx, fail_on, looked_at, notes=[*notes, *large_note([*large, *large_scripts])])


def _measured(
    ctx: Context, python: Sequence[str], scripts: Sequence[str]
) -> tuple[dict[str, tuple[str, int]], list[str]]:
    """Path -> (measure, amount), and what could not be measured."""
    found: dict[str, tuple[str, int]] = {}
    notes: list[str] = []
    if python and ctx.program("complexipy") is None:
        notes.append(f"{counted(len(python), 'Python file')} not measured, complexipy is not installed")
    elif python:
        measured = measure_python(ctx, python, ctx.workspace.path)
        sums = {} if measured.trouble else measured.by_file()
        broken = set(measured.broken)
        found |= {
            path: (COGNITIVE, sums.get(path, 0)) for path in python if path not in broken and not measured.trouble
        }
        notes += [measured.trouble] if measured.trouble else []
        notes += [f"{counted(len(broken), 'file')} could not be parsed"] if broken else []
    for path in scripts:
        amount = indentation(ctx.workspace.text(path))
        if amount is not None:
            found[path] = (INDENTATION, amount)
    return found, notes


def ranked(history: History, measured: dict[str, tuple[str, int]]) -> list[Spot]:
    """The files that changed, the hottest first; each measure has its own scale."""
    most = max((history.files[path].commits for path in measured if path in history.files), default=1)
    largest = {name: max((n for kind, n in measured.values() if kind == name), default=1) or 1 for name in LEAST}
    spots = [
        Spot(path, item, kind, amount, round(100 * (item.commits / most) * (amount / largest[kind]), 1))
        for path, (kind, amount) in measured.items()
        if (item := history.files.get(path)) is not None
    ]
    return sorted(spots, key=lambda spot: (-spot.score, -spot.churn.commits, spot.path))


def standing_out(
    history: History, measured: dict[str, tuple[str, int]], spots: Sequence[Spot]
) -> list[tuple[Spot, Severity]]:
    """At most MOST_FINDINGS: low where both figures lie beyond Tukey's fence (upper quartile and 1.5 times the range
    between the quartiles), info where both lie in the upper quarter, and for tests; never below the least amounts."""
    found: list[tuple[Spot, Severity]] = []
    for name, least in LEAST.items():
        paths = [path for path, (kind, _) in measured.items() if kind == name]
        if len(paths) < FEWEST_FILES:
            continue
        commits = _limits([history.files[path].commits if path in history.files else 0 for path in paths])
        amounts = _limits([measured[path][1] for path in paths])
        for spot in (spot for spot in spots if spot.measure == name):
            pair = (spot.churn.commits, spot.complexity)
            if pair[0] < LEAST_COMMITS or pair[1] < least:
                continue
            if pair[0] > commits[1] and pair[1] > amounts[1] and not TESTS.search(spot.path):
                found.append((spot, Severity.LOW))
            elif pair[0] > commits[0] and pair[1] > amounts[0]:
                found.append((spot, Severity.INFO))
    found.sort(key=lambda item: (item[1].rank, -item[0].score, item[0].path))
    return found[:MOST_FINDINGS]


def _limits(values: Sequence[int]) -> tuple[float, float]:
    """The upper quartile, and Tukey's upper fence."""
    low, _, high = quantiles(values, n=4, method="inclusive")
    return high, high + 1.5 * (high - low)


def _finding(spot: Spot, severity: Severity, days: int) -> Finding:
    changes = f"{counted(spot.churn.commits, 'commit')} of {counted(len(spot.churn.authors), 'author')}"
    return Finding(
        rule="hotspot",
        severity=severity,
        message=f"changed often ({changes}, {spot.churn.lines:,} lines in {days} days) and tangled "
        f"({spot.measure} {spot.complexity:,}); split it where its changes part ways, and test it well before",
        path=spot.path,
        line=1,
        help="https://understandlegacycode.com/blog/focus-refactoring-with-hotspots-analysis/",
        tool="git",
    )


def _show(ctx: Context, spots: Sequence[Spot], hot: set[str], history: History, days: int) -> None:
    rows: list[list[str | float | int | Cell | None]] = [
        [
            Cell(spot.path, state="bad" if spot.path in hot else "", path=spot.path, line=1),
            spot.churn.commits,
            spot.churn.lines,
            len(spot.churn.authors),
            spot.complexity,
            spot.measure,
            spot.score,
        ]
        for spot in spots[:SHOWN]
    ]
    words = f"{counted(history.commits, 'commit')} of the last {days} days, merges left out"
    if history.wholesale:
        words += f"; {counted(history.wholesale, 'commit')} that touched very many files left out too"
    words += (
        ". The score is the share of the most commits times the share of the largest complexity of the same measure: "
        "cognitive complexity of all functions for Python, summed indentation for JavaScript and TypeScript."
    )
    columns = ["file", "commits", "lines changed", "authors", "complexity", "measure", "score"]
    ctx.show("hotspots", Table(columns, rows, title="Hotspots", more=max(0, len(spots) - SHOWN)), Words(words))
