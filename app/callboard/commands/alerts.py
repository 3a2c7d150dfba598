"""Alerts at the terminal: listed, shown, acknowledged, snoozed, reopened."""

import argparse
import re
import sys
import time
from datetime import datetime, timedelta
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError
from callboard.guard.trust import user_name
from callboard.settings import Settings

CHOICES = {"ack": "acknowledged", "snooze": "snoozed", "reopen": "reopened"}
COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "low": "34"}
UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
MORNING = 9


def alerts(given: argparse.Namespace) -> int:
    """What stands, or with a name one of them; or a word about one."""
    settings = settings_of(given)
    if given.act in CHOICES:
        return _marked(settings, given)
    if given.act == "show":
        return _shown(settings, given)
    state = "" if given.all else given.state or "standing"
    rows = reading_desk(settings).alerts(state, given.severity, given.agent)
    if given.json:
        print_json(rows)
        return DONE
    if not rows:
        sys.stdout.write("no alert stands\n" if state == "standing" else "no alert fits\n")
        return DONE
    table(
        [
            (row["id"], paint(row["severity"], COLOURS.get(row["severity"], "")), _state(row), row["title"], row["text"],
             str(row["times"]), ago(row["opened"]))
            for row in rows
        ],
        ("ALERT", "SEVERITY", "STATE", "WHAT", "WHY", "RUNS", "OPENED"),
    )  # fmt: skip
    return DONE


def _shown(settings: Settings, given: argparse.Namespace) -> int:
    row = reading_desk(settings).alert(_name(given))
    if given.json:
        print_json(row)
        return DONE
    _say(row)
    for step in row["history"]:
        sys.stdout.write(f"{ago(step['at']):>14}  {plain(step['sentence'], 1000)}{_until(step['until'])}\n")
    return DONE


def _marked(settings: Settings, given: argparse.Namespace) -> int:
    until = until_moment(given.until or "30m", time.time()) if given.act == "snooze" else None
    if given.name == "all" and given.act != "ack":
        raise ConfigError(f"'all' can be acknowledged; {given.act} them one by one")
    remote = remote_desk(settings)
    if remote is not None:
        return _act(remote, given, until)
    from callboard.wiring import House

    with House(settings, quiet=True) as house:
        return _act(house.desk, given, until)


def _act(desk: Any, given: argparse.Namespace, until: float | None) -> int:
    if _name(given) == "all":
        count = desk.acknowledge_alerts(user_name(), given.severity, given.agent, given.reason)
        if given.json:
            print_json({"acknowledged": count})
        else:
            sys.stdout.write(f"acknowledged {count} alert{'' if count == 1 else 's'}\n")
        return DONE
    row = desk.mark_alert(_name(given), CHOICES[given.act], user_name(), until, given.reason)
    if given.json:
        print_json(row)
    else:
        _say(row)
    return DONE


def _name(given: argparse.Namespace) -> str:
    if not given.name:
        raise ConfigError(f"name the alert: `callboard alerts {given.act} ID`; `callboard alerts` lists them")
    return str(given.name)


def until_moment(words: str, now: float) -> float:
    """'30m', '2h', '1d', 'tomorrow' (9:00), or a time such as 2027-01-31T09:00 of this machine's clock; raises `ConfigError`."""
    length = re.fullmatch(r"(\d{1,5})([mhd])", words)
    if length:
        return now + float(length[1]) * UNITS[length[2]]
    if words == "tomorrow":
        day = datetime.fromtimestamp(now).astimezone() + timedelta(days=1)
        return day.replace(hour=MORNING, minute=0, second=0, microsecond=0).timestamp()
    try:
        return datetime.fromisoformat(words).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"'{words[:40]}' is no time to snooze until; say 30m, 2h, 1d, tomorrow, or a time such as 2027-01-31T09:00"
        ) from error


def _say(row: Any) -> None:
    severity = paint(row["severity"], COLOURS.get(row["severity"], ""))
    why = f": {plain(row['text'], 1000)}" if row["text"] else ""
    sys.stdout.write(f"{row['id']} {severity} {plain(row['title'])}{why}\n{_state(row)}\n")


def _state(row: Any) -> str:
    if row["state"] == "open":
        return "open"
    by = f" by {plain(row['by'])}" if row["by"] else ""
    why = f": {plain(row['why'], 300)}" if row["why"] and row["state"] == "resolved" else ""
    return f"{row['state']}{by}{_until(row['until'])}{why}"


def _until(until: float | None) -> str:
    return f" until {datetime.fromtimestamp(until).strftime('%Y-%m-%d %H:%M')}" if until else ""
