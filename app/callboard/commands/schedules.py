"""`schedules`: when work starts by itself, and starting what waits for a webhook."""

import argparse
import sys
import time

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import plain, print_json, table
from callboard.errors import Refused
from callboard.guard.trust import user_name


def schedules(given: argparse.Namespace) -> int:
    """When work starts by itself, or starts it now."""
    if given.act == "fire":
        return _fire(given)
    rows = reading_desk(settings_of(given)).schedules()
    if given.json:
        print_json(rows)
    elif not rows:
        sys.stdout.write('no schedule; write one into callboard.toml: [schedules.nightly] cron = "0 2 * * *"\n')
    else:
        table(
            [
                (r["name"], r["when"], r["pipeline"], ", ".join(_moment(m) for m in r["next"]),
                 r["last"]["note"] if r["last"] else "", str(r["missed"]))
                for r in rows
            ],
            ("SCHEDULE", "WHEN", "PIPELINE", "NEXT", "LAST", "MISSED"),
        )  # fmt: skip
    return DONE


def _fire(given: argparse.Namespace) -> int:
    if not given.name:
        raise Refused("name the schedule: `callboard schedules fire NAME`; `callboard schedules` lists them")
    desk = remote_desk(settings_of(given))
    if desk is None:
        raise Refused("schedules run with the server alone; start it with `callboard up`")
    desk.fire_schedule(given.name, user_name())
    if given.json:
        print_json({"ok": True})
    else:
        sys.stdout.write(f"schedule '{plain(given.name)}' starts its pipeline; see `callboard runs`\n")
    return DONE


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
