"""A run held against an earlier one, at the terminal."""

import argparse
import sys
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import ago, commit_words, duration, mark, paint, plain, print_json, table

Row = dict[str, Any]
COLOURS = {
    "newly broken": "31", "still broken": "31", "no longer known": "33", "cured": "32", "slower": "33", "faster": "32", "new": "36",
    "gone": "2", "too little known": "2", "still": "2", "not looked for": "33",
}  # fmt: skip
MOST = 20
MOST_STILL = 5  # what is as bad as it was is no news
LONGEST = 160
MOST_PLACES = 5


def compare(given: argparse.Namespace) -> int:
    """What became better and what worse."""
    settings = settings_of(given)
    desk = reading_desk(settings)
    other = given.other or None
    if given.green and not other:
        other = desk.compare(given.run, None)["green"]
        if other is None:
            sys.stderr.write("no earlier run of this pipeline was green\n")
    row = desk.compare(given.run, other)
    if given.json:
        print_json(row)
    else:
        print_comparison(row)
    return DONE


def print_comparison(row: Row) -> None:
    """The comparison in words and tables."""
    if row["with"] is None:
        sys.stdout.write(f"{plain(row['words'], 1000)}\n")
        return
    for name, run in (("run", row["run"]), ("against", row["with"])):
        words = f"{mark(run['state'])}  {ago(run['submitted'])}  {commit_words(run['git'])}  {run['summary']}"
        sys.stdout.write(f"{name:<8}{run['id']}  {plain(words, 300)}\n")
    sys.stdout.write(f"\n{paint(plain(row['words'], 1000), '1')}\n")
    for words in (row["note"], _unjudged(row["rest"])):
        if words:
            sys.stdout.write(f"{plain(words, 500)}\n")
    for group in row["tasks"]:
        _print_tasks(group)
    for group in row["findings"]:
        _print_findings(group)
    _print_between(row)
    table(
        [(one["what"], _amount(one["then"], one["unit"]), _amount(one["now"], one["unit"])) for one in row["totals"]],
        ("", f"RUN {row['with']['id']}", f"RUN {row['run']['id']}"),
    )


def _unjudged(rest: Row) -> str:
    count = rest["unjudged"]
    return f"the times of {count} tasks are not judged: fewer than 5 earlier tries are on record" if count else ""


def _print_tasks(group: Row) -> None:
    if not group["count"]:
        return
    sys.stdout.write(f"\n{paint(group['change'], COLOURS[group['change']])} ({group['count']})\n")
    most = MOST_STILL if group["change"] == "still broken" else MOST
    for one in group["of"][:most]:
        place = (one["now"] or one["then"])["id"]
        why = (one["now"] or {}).get("reason") if group["change"] in ("newly broken", "still broken") else ""
        tail = f": {plain(why, LONGEST)}" if why else ""
        sys.stdout.write(f"  {place:<8}{plain(one['name'])}  {paint(plain(one['words']), '2')}{tail}\n")
    if group["count"] > most:
        sys.stdout.write(f"  … and {group['count'] - most} more: see --json\n")


def _print_findings(group: Row) -> None:
    if not group["count"] or group["change"] == "still":
        return
    words = paint(f"findings {group['change']}", COLOURS[group["change"]])
    sys.stdout.write(f"\n{words} ({group['count']})\n")
    for rule in group["rules"][:MOST]:
        sys.stdout.write(f"  {rule['severity']:<9}{plain(rule['rule'])} ({rule['count']})\n")
        for one in rule["of"][:MOST_PLACES]:
            where = f"{one['path']}:{one['line']}" if one["line"] else one["path"]
            sys.stdout.write(f"           {plain(where)}  {paint(plain(one['message']), '2')}\n")
        if rule["count"] > MOST_PLACES:
            sys.stdout.write(f"           … and {rule['count'] - MOST_PLACES} more\n")


def _print_between(row: Row) -> None:
    sys.stdout.write(f"\n{plain(row['commits_words'], 500)}\n")
    for commit in row["commits"]:
        who = f"({plain(commit['author'])}, {ago(commit['at'])})"
        sys.stdout.write(f"  {commit['commit'][:7]}  {plain(commit['subject'])}  {paint(who, '2')}\n")
    if row["settings"]:
        sys.stdout.write(f"\nsettings that changed ({len(row['settings'])})\n")
    for one in row["settings"][:MOST]:
        sys.stdout.write(
            f"  {plain(one['job'])}  {plain(one['what'])}: {plain(one['then']) or '–'} → {plain(one['now']) or '–'}\n"
        )
    sys.stdout.write("\n")


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "s":
        return duration(value)
    return f"{value:,.0f} {unit}".strip()
