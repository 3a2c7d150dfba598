"""What the section "Tests" shows: the newest figures of every project, what newly fails, what is flaky, what is slow."""

import datetime
import time
from collections.abc import Sequence
from typing import Any

from callboard.api import Act, Block, CallboardError, Cell, Context, Figure, Figures, Table, Words
from callboard_quality.history import History
from callboard_quality.quarantine import Quarantine

SECTION = "tests"
MOST_PROJECTS = 12
MOST_ROWS = 15


def show(ctx: Context, name: str, title: str, figures: dict[str, Any]) -> None:
    """Keeps a project's newest figures and fills the section with those of all projects.

    `figures`: passed, failed, skipped, flaky, aside, seconds, coverage, diff, verdict, fresh (ids that newly fail).
    """
    entry = {**figures, "title": title, "at": time.time()}

    def changed(former: Any) -> dict[str, Any]:
        kept = former if isinstance(former, dict) else {}
        return dict(
            sorted({**kept, name: entry}.items(), key=lambda pair: -float(pair[1].get("at", 0)))[:MOST_PROJECTS]
        )

    try:
        projects = ctx.memory.update("board", changed, {})
        ctx.show(SECTION, *_blocks(ctx, projects))
    except (CallboardError, OSError, TypeError, ValueError, AttributeError) as error:
        ctx.log(f"the section of the tests cannot be shown: {error}", "warning")


def _blocks(ctx: Context, projects: dict[str, Any]) -> Sequence[Block]:
    blocks: list[Block] = [Table(COLUMNS, [_row(entry) for entry in projects.values()], "Newest run of each project")]
    newest = next(iter(projects.values()))
    blocks.insert(0, Figures(list(_figures(newest))))
    fresh, flaky, slow = [], [], []
    for name, entry in projects.items():
        tests = History(ctx.memory, name).tests
        title = str(entry["title"])
        fresh += [[test, title] for test in entry.get("fresh", [])]
        for test, record in tests.items():
            bad, tries = record.tries
            if bad:
                act = Act("Set aside", "quality.quarantine", {"test": test})
                flaky.append((bad / tries, [test, title, f"{100 * bad / tries:.0f} %", tries, Cell("", act=act)]))
            if record.is_failing and record.since and test not in entry.get("fresh", []):
                since = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.since[0]))
                fresh.append([test, f"{title}, since {since} {record.since[1][:8]}".strip()])
        slow += [(record.seconds, [test, title, round(record.seconds, 2)]) for test, record in tests.items()]
    if fresh:
        blocks.append(Table(["test", "project"], fresh[:MOST_ROWS], "Failing", max(0, len(fresh) - MOST_ROWS)))
    if flaky:
        rows = [row for _, row in sorted(flaky, key=lambda pair: -pair[0])]
        columns = ["test", "project", "fails at first", "runs", ""]
        blocks.append(Table(columns, rows[:MOST_ROWS], "Flaky", max(0, len(rows) - MOST_ROWS)))
    slowest = [row for seconds, row in sorted(slow, key=lambda pair: -pair[0])[:MOST_ROWS] if seconds >= 0.01]
    if slowest:
        blocks.append(Table(["test", "project", "seconds"], slowest, "Slowest"))
    aside = _aside(ctx, list(projects))
    if aside:
        columns = ["test", "until", "days left", "newest results", "reason", "owner"]
        blocks.append(Table(columns, aside[:MOST_ROWS], "Set aside", max(0, len(aside) - MOST_ROWS)))
    if newest.get("words"):
        blocks.append(Words(str(newest["words"])))
    return blocks


def _aside(ctx: Context, names: Sequence[str]) -> list[list[str | float | int | Cell | None]]:
    """A row for each entry of the quarantine, what is over first; a test that passed for long may come back before its day."""
    quarantine = Quarantine(ctx.settings, datetime.datetime.now().astimezone().date())
    rows: list[list[str | float | int | Cell | None]] = []
    histories = [History(ctx.memory, name).tests for name in names] if quarantine.listed else []
    for entry, left in quarantine.listed:
        fitting = [record for tests in histories for name, record in tests.items() if entry.covers(name)]
        results = "".join(record.results for record in fitting)[-20:]
        bad = sum(results.count(letter) for letter in "fek")
        state = Cell("over: it counts again", "bad") if left < 0 else Cell(str(left), "unsure" if left < 7 else "")
        newest: str | Cell = f"{bad} of {len(results)} failed" if results else "not seen yet"
        if left >= 0 and len(results) >= 10 and not bad:
            newest = Cell(f"passed {len(results)} times: it can come back", "good")
        rows.append([entry.test, str(entry.until), state, newest, entry.reason, entry.owner])
    return rows


COLUMNS = ["project", "passed", "failed", "flaky", "set aside", "skipped", "seconds", "coverage"]


def _row(entry: dict[str, Any]) -> list[str | float | int | Cell | None]:
    failed = int(entry.get("failed", 0))
    good = entry.get("verdict") == "pass"
    coverage = entry.get("coverage")
    state = "good" if good else "bad" if entry.get("verdict") == "fail" else "unsure"
    return [
        Cell(str(entry["title"]), state),  # type: ignore[arg-type]  # one of the states, by the line above
        entry.get("passed", 0),
        Cell(str(failed), "bad" if failed else ""),
        entry.get("flaky", 0),
        entry.get("aside", 0),
        entry.get("skipped", 0),
        round(float(entry.get("seconds", 0)), 1),
        f"{coverage:.1f} %" if isinstance(coverage, (int, float)) else None,
    ]


def _figures(entry: dict[str, Any]) -> Sequence[Figure]:
    note = str(entry["title"])
    failed, flaky = int(entry.get("failed", 0)), int(entry.get("flaky", 0))
    shown = [
        Figure("passed", entry.get("passed", 0), state="good" if entry.get("passed") else "unsure", note=note),
        Figure("failed", failed, state="bad" if failed else "good"),
        Figure("flaky", flaky, state="unsure" if flaky else ""),
        Figure("set aside", entry.get("aside", 0)),
        Figure("skipped", entry.get("skipped", 0)),
        Figure("duration", round(float(entry.get("seconds", 0)), 1), "s"),
    ]
    for key, label in (("coverage", "coverage"), ("diff", "coverage of the change")):
        if isinstance(entry.get(key), (int, float)):
            shown.append(Figure(label, round(float(entry[key]), 1), "%"))
    return shown
