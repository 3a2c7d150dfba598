"""What can be taken away at the terminal: a table as CSV or JSON, a run as one page."""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.desk.columns import TABLES
from callboard.desk.writing import csv_pieces, json_pieces
from callboard.errors import ConfigError, NotFound

FORMATS = ("csv", "json", "html", "sarif")


def export(given: argparse.Namespace) -> int:
    """Writes a table, or with `run` a whole run, to a file or to stdout."""
    number = given.number or given.run or None
    if given.table == "run":
        return _export_run(given, number)
    if given.table not in TABLES:
        raise NotFound(f"there is no table '{given.table[:50]}'; the tables: {', '.join(TABLES)}, and run RUN")
    form = given.format or _form_of(given.output, "csv")
    if form not in ("csv", "json"):
        raise ConfigError(f"a table is written as csv or json, not as {form}; a run as html: `callboard export run 12`")
    wants: dict[str, Any] = {
        "run": number,
        "task": given.task,
        "agent": given.agent,
        "severity": given.severity,
        "state": given.state,
    }
    wants |= {
        "with": given.against,
        "pipeline": given.pipeline,
        "branch": given.branch,
        "person": given.person,
        "text": given.text,
    }
    settings = settings_of(given)
    remote = remote_desk(settings)
    if remote is not None:
        bom = "1" if given.bom else None
        pieces = remote.download(f"/export/{given.table}.{form}", **wants, bom=bom)
    else:
        rows = reading_desk(settings).export(given.table, wants)
        pieces = csv_pieces(TABLES[given.table], rows, bom=given.bom) if form == "csv" else json_pieces(rows)
    write_pieces(pieces, given.output or "-")
    return DONE


def _export_run(given: argparse.Namespace, number: int | None) -> int:
    if not number:
        raise ConfigError("name the run: `callboard export run 12`")
    form = given.format or _form_of(given.output, "html")
    settings = settings_of(given)
    remote = remote_desk(settings)
    if form == "html":
        write_pieces(_report(settings, remote, number), given.output or f"run-{number}.html")
    elif form in ("json", "sarif"):
        desk = reading_desk(settings)
        row = desk.run_sarif(number) if form == "sarif" else desk.run(number)
        write_pieces(json_pieces_of(row), given.output or "-")
    else:
        raise ConfigError(
            f"a run is written as html, json or sarif; its tasks as csv: `callboard export tasks {number}`"
        )
    return DONE


def _report(settings: Any, remote: Any, number: int) -> Iterator[bytes]:
    if remote is not None:
        yield from remote.download(f"/runs/{number}/report.html")
        return
    from callboard.show.report.page import report_of

    yield report_of(reading_desk(settings).run_facts(number))


def json_pieces_of(row: Any) -> Iterator[bytes]:
    """One object."""
    from callboard.desk.writing import encoded

    yield encoded(row) + b"\n"


def _form_of(output: str, else_: str) -> str:
    """The format that the ending of the file names."""
    ending = Path(output).suffix.removeprefix(".").lower() if output not in ("", "-") else ""
    return {"htm": "html"}.get(ending, ending) if ending in (*FORMATS, "htm") else else_


def write_pieces(pieces: Iterable[bytes], output: str) -> None:
    """To stdout for '-', else into the file: all of it or nothing."""
    if output == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    place = Path(output)
    if place.is_dir():
        raise ConfigError(f"{place} is a folder; name a file with --output")
    handle, name = tempfile.mkstemp(prefix=f".{place.name[:100]}.", dir=place.parent)
    size = 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                size += file.write(piece)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, place)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    sys.stderr.write(f"{place}: {size:,} bytes\n")


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now
