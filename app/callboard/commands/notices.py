"""Notices at the terminal: the channels, what became of each notice, a test, another try."""

import argparse
import sys
from typing import Any

from callboard.cli import DONE, FAILED
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import ConfigError
from callboard.guard.trust import user_name
from callboard.settings import Settings

COLOURS = {"ready": "32", "sent": "32", "waiting": "33", "failing": "31", "failed": "31", "unset": "31", "off": "2"}


def notices(given: argparse.Namespace) -> int:
    """The channels and the newest notices; or a word about one."""
    settings = settings_of(given)
    if given.act == "list":
        return _list(settings, given)
    if not given.name:
        what = "the channel, such as `callboard notices test chat`" if given.act == "test" else "the notice's id"
        raise ConfigError(f"name {what}")
    remote = remote_desk(settings)
    if remote is not None:
        return _act(remote, given)
    from callboard.wiring import House

    with House(settings, quiet=True) as house:
        return _act(house.desk, given)


def _act(desk: Any, given: argparse.Namespace) -> int:
    by = user_name()
    notice = desk.test_notice(given.name, by) if given.act == "test" else desk.renew_notice(given.name, by)
    if given.json:
        print_json(notice)
    elif notice["state"] == "failed":
        sys.stdout.write(f"{plain(notice['channel'])} did not take it: {plain(notice['words'], 400)}\n")
    else:
        sys.stdout.write(f"{plain(notice['channel'])}: {notice['state']}\n")
    return FAILED if notice["state"] == "failed" else DONE


def _list(settings: Settings, given: argparse.Namespace) -> int:
    page: Any = reading_desk(settings).notices(given.channel, given.state, given.limit)
    if given.json:
        print_json(page)
        return DONE
    for words in (page["why"], page["how"]):
        if words:
            sys.stdout.write(f"{plain(words, 500)}\n")
    if page["channels"]:
        rows = [
            (row["name"], row["where"], _coloured(row["state"]), f"{row['level']} and worse: {', '.join(row['kinds'])}",
             str(row["sent"]), str(row["waiting"]), ago(row["last"]) if row["last"] else "never", row["why"])
            for row in page["channels"]
        ]  # fmt: skip
        table(rows, ("CHANNEL", "WHERE", "STATE", "TOLD OF", "SENT", "WAIT", "LAST", "WHY"))
    if page["notices"]:
        sys.stdout.write("\n")
        table(
            [
                (one["id"], ago(one["made"]), one["channel"], _coloured(one["state"]), one["title"], str(one["tries"]),
                 one["words"])
                for one in page["notices"]
            ],
            ("NOTICE", "MADE", "CHANNEL", "STATE", "WHAT", "TRIES", "WHY"),
        )  # fmt: skip
    return DONE


def _coloured(state: str) -> str:
    return paint(state, COLOURS.get(state, ""))
