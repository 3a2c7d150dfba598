"""What waits for a person, and what happened since they looked."""

import argparse
import re
import sys
import time
from datetime import datetime
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import ensure_trust, reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError, Refused
from callboard.guard.trust import Trust, user_name

SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(m|h|d|w)")
SECONDS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


def inbox(given: argparse.Namespace) -> int:
    """All that waits for a person."""
    rows = reading_desk(settings_of(given)).inbox()
    if given.json:
        print_json(rows)
    elif not rows:
        sys.stdout.write("nothing waits for you\n")
    else:
        table(
            [(r["task"] or r["id"], r["title"], r["text"], " / ".join(r["choices"]), ago(r["since"])) for r in rows],
            ("WHAT", "TITLE", "WHY", "CHOICES", "SINCE"),
        )
    return DONE


def catchup(given: argparse.Namespace) -> int:
    """What happened since you last looked, or since another moment; `--seen` moves the mark."""
    settings = settings_of(given)
    since = when(given.since, time.time()) if given.since else None
    if given.seen and remote_desk(settings) is None:
        raise Refused("the mark is kept by the server; start it with `callboard up`")
    desk = reading_desk(settings)
    news = desk.catchup(user_name(), since)
    if given.seen:
        desk.seen(user_name(), news["until"])
    if given.json:
        print_json(news)
        return DONE
    _print(news, since is None and news["mark"] is None)
    return DONE


def _print(news: dict[str, Any], first: bool) -> None:
    begin = datetime.fromtimestamp(news["since"]).strftime("%A %H:%M")
    note = " (the last day; no mark of yours yet)" if first else ""
    sys.stdout.write(f"since {begin}{note}: {paint(plain(news['words'], 400), '1')}\n")
    for group in news["groups"]:
        sys.stdout.write(f"\n{plain(group['title'])}\n")
        for row in group["rows"]:
            text = f": {plain(row['text'], 160)}" if row["text"] else ""
            sys.stdout.write(
                f"  {ago(row['at']):>12}  {plain(row['title'], 160)}{text}  {paint(plain(row['href']), '2')}\n"
            )
        if group["count"] > len(group["rows"]):
            sys.stdout.write(f"  and {group['count'] - len(group['rows'])} more\n")


def trust(given: argparse.Namespace) -> int:
    """The workspace's code may run from now on."""
    settings = settings_of(given)
    given.trust = given.yes
    if not Trust(settings.data).why_not(settings.workspace):
        words = f"{settings.workspace} is trusted already"
    else:
        ensure_trust(settings, given)
        words = f"{settings.workspace} is trusted as it is now"
    if given.json:
        print_json({"ok": True, "workspace": str(settings.workspace)})
    else:
        sys.stdout.write(f"{words}\n")
    return DONE


def when(text: str, now: float) -> float:
    """The moment that '90m', '3h', '2d', '1w', '17:10', '2026-11-27' or '2026-11-27T17:10' names; raises `ConfigError`."""
    said = text.strip()
    span = SPAN.fullmatch(said.lower())
    if span is not None:
        return now - float(span[1]) * SECONDS[span[2]]
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", said):
            hour, minute = (int(part) for part in said.split(":"))
            today = datetime.fromtimestamp(now).replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp()
            return today if today <= now else today - SECONDS["d"]
        found = datetime.fromisoformat(said).timestamp()
    except (ValueError, OverflowError, OSError):
        found = -1.0
    if not 0 <= found <= now:
        raise ConfigError(
            f"'{text[:60]}' is no moment of the past; write 3h, 2d, 17:10, 2026-11-27 or 2026-11-27T17:10"
        )
    return found
