"""Forecasts, what-if and bottlenecks at the terminal."""

import argparse
import sys
import time
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError

DAY = 86_400.0
Row = dict[str, Any]


def forecast(given: argparse.Namespace) -> int:
    """When a run ends, or how long a pipeline would take."""
    desk = reading_desk(settings_of(given))
    try:
        if given.what.isdecimal():
            row = desk.run_forecast(int(given.what))
            print_json(row) if given.json else _print_run(row)
            return DONE
        row = desk.whatif({"pipeline": given.what, "changes": {}})
        told = {
            "pipeline": given.what,
            **(row["base"] or {}),
            "notes": row["notes"],
            "calibration": desk.calibration()["kinds"][0],
        }
    finally:
        _close(desk)
    if given.json:
        print_json(told)
        return DONE
    if row["base"]:
        end = row["base"]["end"]
        sys.stdout.write(f"{plain(given.what)} would take {_span(end)}\n")
        sys.stdout.write(f"all goes well with {row['base']['chance_ok'] * 100:.0f} of 100\n")
    for note in (*row["notes"], told["calibration"]["words"]):
        sys.stdout.write(f"{paint(plain(note, 500), '2')}\n")
    return DONE


def whatif(given: argparse.Namespace) -> int:
    """The same futures with and without the changes."""
    changes: Row = {}
    if given.cpus is not None:
        changes["cpus"] = given.cpus
    if given.memory is not None:
        changes["memory_mb"] = given.memory
    if given.machines is not None:
        changes["machines"] = given.machines
    if given.concurrency:
        limits = _pairs(given.concurrency, "--concurrency", "quality=3")
        if not all(value.isdecimal() for value in limits.values()):
            raise ConfigError("--concurrency takes AGENT=N, such as quality=3")
        changes["concurrency"] = {name: int(value) for name, value in limits.items()}
    if given.priority:
        changes["priority"] = _pairs(given.priority, "--priority", "quality.tests=high")
    if given.without:
        changes["without"] = given.without
    if given.order:
        changes["order"] = given.order
    if given.cache:
        changes["cache"] = True
    about: Row = {"run": int(given.what)} if given.what.isdecimal() else {"pipeline": given.what}
    desk = reading_desk(settings_of(given))
    try:
        row = desk.whatif({**about, "changes": changes})
    finally:
        _close(desk)
    if given.json:
        print_json(row)
        return DONE
    for name, side in (("as it is", row["base"]), ("changed", row["other"])):
        if side:
            waits = (
                ", ".join(f"{plain(wait['cause'])} {_s(wait['seconds'])}" for wait in side["waits"][:3]) or "nothing"
            )
            sys.stdout.write(
                f"{name:<9} {_span(side['end'])}; cores {side['busy'] * 100:.0f} % booked; waits: {waits}\n"
            )
        else:
            sys.stdout.write(f"{name:<9} does not end by itself\n")
    sys.stdout.write(f"{paint(plain(row['difference']['words'], 500), '1')}\n")
    for words in row["takes"]:
        sys.stdout.write(f"takes: {plain(words, 500)}\n")
    for words in row["notes"]:
        sys.stdout.write(f"{paint(plain(words, 500), '2')}\n")
    return DONE


def bottlenecks(given: argparse.Namespace) -> int:
    """What waiting cost."""
    if not 0 < given.days <= 90:
        raise ConfigError("--days must be above 0 and at most 90")
    row = reading_desk(settings_of(given)).bottlenecks(time.time() - given.days * DAY)
    if given.json:
        print_json(row)
        return DONE
    if row["why"]:
        sys.stdout.write(f"{plain(row['why'], 300)}\n")
    if row["causes"]:
        rows = [
            (cause["cause"], _s(cause["seconds"]), f"{(cause['share'] or 0) * 100:.0f} %", str(cause["tasks"]),
             ", ".join(cause["agents"][:3]), ago(cause["since"]), cause["culprit"] or "", cause["relief"])
            for cause in row["causes"]
        ]  # fmt: skip
        table(rows, ("CAUSE", "WAITED", "SHARE", "TASKS", "WHO", "SINCE", "CULPRIT", "RELIEF"))
    else:
        sys.stdout.write("nothing that was ready had to wait\n")
    if row["path"] and row["path"]["blame"]:
        sys.stdout.write(f"run {row['path']['run']} was long for:\n")
        for part in sorted(row["path"]["blame"], key=lambda part: -part["seconds"])[:8]:
            sys.stdout.write(
                f"  {_s(part['seconds']):>8} {part['share'] * 100:3.0f} %  {plain(part['name'])}: {plain(part['why'])}\n"
            )
    for words in (row["flaky"] and row["flaky"]["words"], row["idle"] and row["idle"]["words"], row["load"]["words"]):
        if words:
            sys.stdout.write(f"{plain(words, 300)}\n")
    return DONE


def _print_run(row: Row) -> None:
    if row["end"]:
        left = {name: row["end"][name] - time.time() for name in ("p50", "p80", "p95")}
        sys.stdout.write(f"run {row['run']} ends in {_span({name: max(0.0, value) for name, value in left.items()})}\n")
        if row["chance_ok"] is not None:
            sys.stdout.write(f"all goes well with {row['chance_ok'] * 100:.0f} of 100, by {row['samples']} futures\n")
    if row["why"]:
        sys.stdout.write(f"{plain(row['why'], 500)}\n")
    for drift in row["drift"]:
        sys.stdout.write(f"{plain(drift['job'])} {plain(drift['words'])}, since {ago(drift['since'])}\n")
    sys.stdout.write(f"{paint(plain(row['calibration']['words']), '2')}\n")


def _span(end: Row) -> str:
    return f"{_s(end['p50'])}, at most {_s(end['p80'])} with 80 of 100, {_s(end['p95'])} with 95"


def _s(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


def _pairs(words: list[str], option: str, example: str) -> dict[str, str]:
    found = {}
    for word in words:
        name, sign, value = word.rpartition("=")
        if not sign or not name or not value:
            raise ConfigError(f"{option} takes pairs such as {example}")
        found[name] = value
    return found


def _close(desk: Any) -> None:
    close = getattr(desk, "close_forecasts", None)
    if close is not None:
        close()
