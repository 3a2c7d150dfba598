"""Accepting a finding at the terminal."""

import argparse
import sys
from datetime import date, timedelta

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import plain, print_json
from callboard.config.accepted import accept as write_accepted
from callboard.config.reading import CONFIG_NAME
from callboard.errors import NotFound
from callboard.guard.trust import Trust, user_name

USUAL_DAYS = 90


def accept(given: argparse.Namespace) -> int:
    """Adds what accepts the finding to the workspace's `callboard.toml`."""
    settings = settings_of(given)
    rows = reading_desk(settings).findings()
    name = given.finding
    found = next(
        (row for row in rows if name in (*row["ids"], *(number[1:] for number in row["ids"]), row["fingerprint"])), None
    )
    if found is None:
        raise NotFound(f"there is no finding '{plain(name)}'; `callboard findings` lists them with their ids")
    file = settings.workspace / CONFIG_NAME
    trust = Trust(settings.data)
    was_trusted = not trust.why_not(settings.workspace)
    until = given.until or (date.today() + timedelta(days=USUAL_DAYS)).isoformat()
    accepted = write_accepted(file, found, given.reason, until, given.owner)
    if was_trusted:
        trust.grant(settings.workspace, user_name())
    if given.json:
        print_json(
            {"finding": found["id"], "fingerprint": found["fingerprint"], "accepted": accepted.words, "file": str(file)}
        )
    else:
        place = f"{found['path']}:{found['line']}" if found["line"] else found["path"]
        sys.stdout.write(plain(f"{found['rule']} at {place or 'no place'} is accepted {accepted.words}", 600) + "\n")
        sys.stdout.write(f"written to {file}; it counts from the next run on\n")
    return DONE
