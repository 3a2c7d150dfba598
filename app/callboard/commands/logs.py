"""`logs`: the output of a task, now or as it comes."""

import argparse
import sys
import time

from callboard.cli import DONE
from callboard.commands.console import CONTROL, console
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.looks import task_id
from callboard.errors import Refused

PIECE = 262_144
LOOK_S = 0.2


def logs(given: argparse.Namespace) -> int:
    """Prints the log of a task, with --follow until it ends; with --all those of all."""
    if given.all:
        if given.task or given.attempt:
            raise Refused("say either a task or --all")
        return console(given)
    if not given.task:
        raise Refused("name a task, such as 12.3, or say --all")
    if given.agent or given.level or given.text:
        raise Refused("--agent, --level and --text go with --all")
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
