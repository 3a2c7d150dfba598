"""The report of a week as one file, in the style of the report of a run."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard import __version__
from callboard.rows import Row
from callboard.show.report.markup import DASH, count, duration, e, moment, section
from callboard.show.report.page import TOKENS, hash_of

HERE = Path(__file__).parent
MOST = 60


def week_page(facts: Mapping[str, Any]) -> bytes:
    """A whole page, UTF-8, from what `insights_report` of the desk gives; nothing but its own style is let in."""
    style = TOKENS.read_text("utf-8") + (HERE / "report.css").read_text("utf-8")
    policy = f"default-src 'none'; style-src '{hash_of(style)}'; base-uri 'none'; form-action 'none'"
    title = f"Week {facts['week']} · {facts.get('workspace_name', '')}"
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="Callboard {e(__version__)}">\n<title>{e(title, 200)}</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n<main>\n{_head(facts)}{_body(facts)}{_foot(facts)}</main>\n</body>\n</html>\n"
    )
    return page.encode("utf-8", "replace")


def _head(facts: Mapping[str, Any]) -> str:
    first = _day(facts["from"])
    last = _day(facts["to"] - 43_200.0)
    numbers = facts["numbers"]
    told = (
        ("advised", str(numbers["advised"])), ("taken", str(numbers["taken"])), ("overruled", str(numbers["overruled"])),
        ("helped", f"{numbers['helped']} of {numbers['judged']} judged" if numbers["judged"] else "not known yet"),
        ("runs", str(facts["runs"]["total"])),
    )  # fmt: skip
    line = "".join(f"<span><em>{name}</em>{e(value)}</span>" for name, value in told)
    said = " ".join(facts["lines"]) or "Nothing happened that week."
    return (
        '<header class="head"><p class="brand"><span>Callboard</span> week report</p>'
        f'<div class="title"><h1>{e(facts["week"])} · {e(facts.get("workspace_name", ""), 200)}</h1></div>'
        f'<p class="sum">{first} to {last}. {e(said)}</p><div class="line">{line}</div></header>\n'
    )


def _body(facts: Mapping[str, Any]) -> str:
    advised = {row["id"] for row in facts["taken"]} | {row["id"] for row in facts["overruled"]}
    left = [row for row in facts["advised"] if row["id"] not in advised]
    return "".join(
        (
            section("taken", "Taken, and did it help", _taken(facts["taken"]), count(len(facts["taken"]), "time")),
            section("overruled", "Overruled", _overruled(facts["overruled"]), count(len(facts["overruled"]), "time")),
            section("advised", "Advised, and left as it is", _advised(left), str(len(left))),
            section("cases", "Cases", _cases(facts["cases"])),
            section("runs", "Runs", _runs(facts["runs"])),
            section("waits", "What work waited for", _waits(facts["waits"])),
            section("forecasts", "How forecasts held", _calibration(facts["calibration"])),
        )
    )


def _taken(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    yield from _table("Taken", ("When", "What", "By", "Did it help", "Before", "After", "n"))
    for row in rows[:MOST]:
        helped = row["helped"] or {"words": "not known yet", "yes": None, "before": None, "after": None, "n": 0}
        word = {True: "yes: ", False: "no: ", None: ""}[helped.get("yes")]
        tone = {True: "t-good", False: "t-bad", None: "t-odd"}[helped.get("yes")]
        yield f"<tr><td>{moment(row['at'])}</td><td>{e(row['title'], 300)}</td><td>{e(row['by'], 100)}</td>"
        yield f'<td><b class="{tone}">{word}</b>{e(helped["words"], 300)}</td>'
        yield f"<td>{_number(helped['before'])}</td><td>{_number(helped['after'])}</td><td>{helped['n'] or DASH}</td></tr>"
    yield "</tbody></table></div>"


def _overruled(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    yield from _table("Overruled", ("When", "What", "By", "Why"))
    for row in rows[:MOST]:
        yield f"<tr><td>{moment(row['at'])}</td><td>{e(row['title'], 300)}</td><td>{e(row['by'], 100)}</td>"
        yield f"<td>{e(row['reason'], 500) or DASH}</td></tr>"
    yield "</tbody></table></div>"


def _advised(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    yield '<ul class="panel list">'
    for row in rows[:MOST]:
        yield f"<li><div><b>{e(row['title'], 300)}</b><p class='quiet'>{e(row['words'], 500)}</p></div></li>"
    yield "</ul>"


def _cases(cases: Row) -> Iterator[str]:
    took = DASH if cases["median_hours"] is None else duration(cases["median_hours"] * 3600)
    facts = (
        ("Opened", cases["opened"]), ("Closed", cases["closed"]), ("Reopened", cases["reopened"]),
        ("Half closed within", took),
    )  # fmt: skip
    yield from _facts(facts)


def _runs(runs: Row) -> Iterator[str]:
    states = [(word.capitalize(), runs.get(word, 0)) for word in ("succeeded", "failed", "unknown", "cancelled")]
    more = (("Half took up to", duration(runs.get("median_s"))), ("More, for cases", runs.get("for_cases", 0)))
    yield from _facts((("In all", runs["total"]), *states, *more))


def _waits(waits: Row) -> Iterator[str]:
    yield from _table("Waits", ("Cause", "This week", "The week before"))
    for cause in waits["causes"][:MOST]:
        yield f"<tr><td>{e(cause['cause'], 300)}</td><td>{duration(cause['seconds'])}</td>"
        yield f"<td>{duration(cause.get('before_s'))}</td></tr>"
    yield f"<tr><td><b>In all</b></td><td>{duration(waits['total_s'])}</td><td>{duration(waits['before_s'])}</td></tr>"
    yield "</tbody></table></div>"


def _calibration(row: Row) -> Iterator[str]:
    yield f'<p class="panel">{e(row["words"], 500)}' + (f" (n = {row['n']})" if row["n"] else "") + "</p>"


def _facts(rows: Sequence[tuple[str, Any]]) -> Iterator[str]:
    yield '<dl class="panel facts">'
    yield from (f"<dt>{e(name)}</dt><dd>{e(value)}</dd>" for name, value in rows)
    yield "</dl>"


def _table(label: str, heads: Sequence[str]) -> Iterator[str]:
    cells = "".join(f'<th scope="col">{e(head)}</th>' for head in heads)
    yield f'<div class="scroll panel" tabindex="0" role="region" aria-label="{e(label)}"><table><thead><tr>'
    yield f"{cells}</tr></thead><tbody>"


def _number(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2f}"


def _day(at: float) -> str:
    return datetime.datetime.fromtimestamp(at).strftime("%d %B %Y")


def _foot(facts: Mapping[str, Any]) -> str:
    made = f"Made by Callboard {e(__version__)} on {moment(facts.get('at'))}."
    return f"<footer>{made} This file needs no server and no network.</footer>\n"
