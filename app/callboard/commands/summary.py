"""How a run went, as text and as the object that `callboard run --json` prints."""

import shutil
import sys
import textwrap
from typing import Any

from callboard.commands.cells import cut, pad, width
from callboard.commands.show import MARKS, SEVERITY_COLOURS, duration, found_words, mark, paint, plain

MOST_FINDINGS = 20
MOST_COUNTED = 9_000
MOST_CAUSES = 5
LONGEST_NAME = 60
INDENT = 4
BAD = frozenset({"failed", "timed out", "lost"})
FINDING_KEYS = (
    "id", "rule", "severity", "path", "line", "message", "fingerprint", "witnesses", "agent", "task", "help",
    "tasks", "agents",
)  # fmt: skip
Row = dict[str, Any]


def summary_of(run: Row, findings: list[Row]) -> Row:
    """The object that `callboard run --json` prints."""
    return {
        "run": run["run"]["id"],
        "outcome": run["run"]["state"],
        "tasks": [
            {
                "id": row["id"],
                "name": row["name"],
                "agent": row["agent"],
                "action": row["action"],
                "state": row["state"],
                "verdict": row["verdict"],
                "reason": row["reason"],
                "attempts": row["attempt"],
                "started": row["started"],
                "ended": row["ended"],
                "cpu_s": row["cpu_s"],
                "peak_mb": row["peak_mb"],
                "holds": row["holds"],
            }
            for row in run["tasks"]
        ],
        "causes": run["causes"],
        "findings": [{name: row[name] for name in FINDING_KEYS} for row in findings],
    }


def print_summary(run: Row, findings: list[Row]) -> None:
    """What stands behind several failures, a line for each task, the worst findings, and the run in one sentence; in a
    terminal no line wraps."""
    out = sys.stdout
    room = shutil.get_terminal_size((100, 24)).columns if out.isatty() else 100_000
    names = min(max((width(plain(row["name"])) for row in run["tasks"]), default=10), LONGEST_NAME, max(10, room - 30))
    out.write("\n")
    print_causes(run["causes"], room)
    marks = marks_of(run["causes"])
    for row in run["tasks"]:
        lasted = duration(row["ended"] - row["started"]) if row["started"] and row["ended"] else "–"
        sign = pad(mark(row["state"], row["verdict"], False), 12)
        start = f"{pad(cut(plain(row['name']), names), names)}  {lasted:>10}"
        reason = f"{marks.get(row['id'], '')}{plain(row['reason'], 1000)}"
        left = room - width(sign) - 1 - width(start) - 2
        below = width(reason) > left and (row["state"] in BAD or row["verdict"] == "unknown")
        words = start if below else f"{start}  {cut(reason, left)}".rstrip()
        out.write(f"{paint(sign, _colour(row))} {cut(words, room - width(sign) - 1)}\n")
        for line in textwrap.wrap(reason, max(20, room - INDENT)) if below else ():
            out.write(" " * INDENT + cut(line, room - INDENT) + "\n")
    if findings:
        out.write("\n")
    for row in findings[:MOST_FINDINGS]:
        place = f"{row['path']}:{row['line']}" if row["line"] else row["path"] or row["agent"]
        severity = paint(f"{row['severity']:<8}", SEVERITY_COLOURS.get(row["severity"], ""))
        words = f"{plain(place)}  {plain(row['rule'])}: {plain(row['message'], 200)}"
        out.write(f"{severity} {cut(words, room - 9)}\n")
    number = run["run"]["id"]
    if len(findings) > MOST_FINDINGS:
        out.write(f"… and {len(findings) - MOST_FINDINGS} more: `callboard findings {number}`\n")
    row = {**run["run"], "findings": counts_of(run["run"]["findings"], findings)}
    took = f", {duration(row['ended'] - row['submitted'])}" if row["ended"] else ""
    found = f"; {found_words(row['findings'])}" if found_words(row["findings"]) else ""
    words = f"run {number} {mark(row['state'], on=False)}: {row['summary']}{took}{found}"
    first, *more = textwrap.wrap(words, room)
    sign = mark(row["state"], on=False)
    out.write("\n" + first.replace(sign, mark(row["state"]), 1) + "\n" + "".join(f"{line}\n" for line in more))


def print_causes(causes: list[Row], room: int) -> None:
    """The widest causes, each with its number, its place, and the tasks that it is behind."""
    for number, row in enumerate(causes[:MOST_CAUSES], 1):
        line = f":{row['line']}" if row["line"] else ""
        place = f"{plain(row['path'])}{line}  " if row["path"] and not row["message"].startswith(row["path"]) else ""
        tasks = ", ".join(plain(name) for name in row["names"])
        words = f"[{number}] {place}{plain(row['message'], 500)} – behind {len(row['tasks'])} tasks: {tasks}"
        first, *more = textwrap.wrap(words, max(20, room), subsequent_indent=" " * INDENT)
        sys.stdout.write(paint(first, "1") + "\n" + "".join(f"{rest}\n" for rest in more))
    if len(causes) > MOST_CAUSES:
        sys.stdout.write(f"… and {len(causes) - MOST_CAUSES} more findings that several tasks share\n")
    if causes:
        sys.stdout.write("\n")


def marks_of(causes: list[Row]) -> dict[str, str]:
    """For each task the numbers of the printed causes behind it: '[1] '."""
    found: dict[str, str] = {}
    for number, row in enumerate(causes[:MOST_CAUSES], 1):
        for task in row["tasks"]:
            found[task] = f"{found.get(task, '')}[{number}] "
    return found


def counts_of(told: dict[str, int], findings: list[Row]) -> dict[str, int]:
    """How many different findings there are by severity, without the accepted; those of the tasks when not all are at hand."""
    if len(findings) >= MOST_COUNTED:
        return told
    counts = dict.fromkeys(told, 0)
    for row in findings:
        if not row["accepted"]:
            counts[row["severity"]] += 1
    return counts


def _colour(row: Row) -> str:
    return MARKS["unknown" if row["state"] == "succeeded" and row["verdict"] == "unknown" else row["state"]][1]
