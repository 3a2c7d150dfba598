"""What stands behind a failure, at the terminal: lines of source, what differs since the last pass, lines of a log."""

import sys
from collections.abc import Iterator
from typing import Any

from callboard.commands.show import CONTROL, SEVERITY_COLOURS, paint, plain

Row = dict[str, Any]
MOST_SHOWN = 40
PIECE = 1 << 18


def print_sources(desk: Any, rows: list[Row], around: int = 3) -> None:
    """Each finding with the lines around its place; the worst MOST_SHOWN of them."""
    for row in rows[:MOST_SHOWN]:
        place = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
        severity = paint(row["severity"], SEVERITY_COLOURS.get(row["severity"], ""))
        sys.stdout.write(f"{row['id']} {severity} {paint(plain(place), '1')} {plain(row['message'], 1000)}\n")
        print_source(desk.source(row["id"], around))
        sys.stdout.write("\n")
    if len(rows) > MOST_SHOWN:
        sys.stdout.write(f"and {len(rows) - MOST_SHOWN:,} more; `--json` lists them all\n")


def print_source(source: Row) -> None:
    """The lines with their numbers; the place is marked, and the column has a caret."""
    if source["trouble"]:
        sys.stdout.write(paint(f"  no source: {plain(source['trouble'])}\n", "2"))
        return
    sys.stdout.write(paint(f"  {plain(source['words'])}\n", "2"))
    width = len(str(source["lines"][-1]["number"])) if source["lines"] else 1
    for line in source["lines"]:
        text = CONTROL.sub("", line["text"]).replace("\t", "    ")
        mark = ">" if line["here"] else " "
        sys.stdout.write(paint(f"{mark} {line['number']:>{width}} | ", "31" if line["here"] else "2") + text + "\n")
        column = source["column"]
        if line["here"] and 0 < column <= len(line["text"]) + 1:
            before = line["text"][: column - 1].replace("\t", "    ")
            sys.stdout.write(paint(f"  {' ' * width} | {' ' * len(before)}^\n", "31"))
    if source["veiled"]:
        sys.stdout.write(paint("  values that could be secrets are hidden\n", "2"))


def print_diff(diff: Row) -> None:
    """The files that differ, those that the task reads with their lines."""
    sys.stdout.write(f"{plain(diff['words'], 500)}\n")
    for file in diff["files"]:
        if file["reads"]:
            sys.stdout.write(paint(f"\n{plain(file['path'])}", "1") + f"  {_sums(file)}\n")
            print_lines(file["lines"])
            if file["left"]:
                sys.stdout.write(paint(f"  {plain(file['left'])}\n", "2"))
    others = [file for file in diff["files"] if not file["reads"]]
    if others:
        sys.stdout.write("\nfiles that it does not read:\n")
        for file in others:
            sys.stdout.write(f"  {plain(file['path'])}  {_sums(file)}\n")
    if diff["more"]:
        sys.stdout.write(f"and {diff['more']:,} more files\n")


def print_lines(lines: list[Row]) -> None:
    """Lines of a diff."""
    for line in lines:
        text = CONTROL.sub("", line["text"])
        match line["kind"]:
            case "at":
                sys.stdout.write(paint(f"@@ {text}\n", "36"))
            case "add":
                sys.stdout.write(paint(f"+{text}\n", "32"))
            case "del":
                sys.stdout.write(paint(f"-{text}\n", "31"))
            case "note":
                sys.stdout.write(paint(f"\\ {text}\n", "2"))
            case _:
                sys.stdout.write(f" {text}\n")


def print_hits(desk: Any, task: str, attempt: int | None, text: str, level: str) -> None:
    """The lines of the whole log that fit, each with its number."""
    found = desk.log_search(task, attempt, text, level, 0)
    wanted = set(found["numbers"])
    last = max(wanted, default=-1)
    for number, line in enumerate(_lines(desk, task, found["attempt"]) if wanted else ()):
        if number in wanted:
            sys.stdout.write(f"{paint(str(number + 1), '2')}: {CONTROL.sub('', line)}\n")
        if number >= last:
            break
    more = "" if found["count"] == len(wanted) else f"; the first {len(wanted):,} are shown"
    cut = "" if found["whole"] else ", and there was no time for the rest of it"
    sys.stderr.write(f"{found['count']:,} of {found['lines']:,} lines{more}{cut}\n")


def _lines(desk: Any, task: str, attempt: int) -> Iterator[str]:
    offset, torn = 0, ""
    while True:
        piece = desk.log(task, attempt, offset, PIECE)
        *whole, torn = (torn + piece["text"]).split("\n")
        yield from whole
        if piece["next"] <= offset or piece["next"] >= piece["size"]:
            yield from [torn] if torn else []
            return
        offset = piece["next"]


def _sums(file: Row) -> str:
    if file["added"] is None:
        return "binary"
    added, removed = f"+{file['added']:,}", f"-{file['removed']:,}"
    return f"{paint(added, '32')} {paint(removed, '31')}"
