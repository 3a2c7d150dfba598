"""`logs`: the output of a task, now or as it comes."""

import argparse
import re
import sys
import time

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.looks import task_id

PIECE = 262_144
LOOK_S = 0.2
CONTROL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def logs(given: argparse.Namespace) -> int:
    """Prints the log; with --follow until the task ends."""
    desk = reading_desk(settings_of(given), again=given.follow)
    task = task_id(desk, given.task)
    offset = 0
    while True:
        piece = desk.log(task, given.attempt or None, offset, PIECE)
        text = piece["text"] if given.raw else CONTROL.sub("", piece["text"])
        sys.stdout.write(text)
        sys.stdout.flush()
        offset = piece["next"]
        if offset < piece["size"]:
            continue
        if not given.follow or piece["ended"]:
            return DONE
        time.sleep(LOOK_S)
