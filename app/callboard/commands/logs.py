"""`logs`: the output of a task, now or as it comes."""

import argparse
import sys
import time

from callboard.cli import DONE
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.evidence import print_hits, print_lines
from callboard.commands.looks import task_id
from callboard.commands.show import CONTROL
from callboard.errors import Refused

PIECE = 262_144
LOOK_S = 0.2


def logs(given: argparse.Namespace) -> int:
    """Prints the log of a task, with --follow until it ends; with --all those of all."""
    if given.all:
        if given.task or given.attempt:
            raise Refused("say either a task or --all")
        if given.level == "failure":
            raise Refused("--level failure is for one task; with --all say error")
        from callboard.commands.console import console

        return console(given)
    if not given.task:
        raise Refused("name a task, such as 12.3, or say --all")
    if given.agent:
        raise Refused("--agent goes with --all")
    desk = reading_desk(settings_of(given), again=given.follow)
    task = task_id(desk, given.task)
    if given.compare:
        number = given.attempt or desk.task(task)["task"]["attempt"]
        diff = desk.log_diff(task, given.compare, number)
        sys.stdout.write(f"{diff['words']}\n" if diff["words"] else "")
        print_lines(diff["lines"])
        return DONE
    if given.level or given.text:
        if given.follow:
            raise Refused("--follow shows every line; leave --level and --text out, or leave --follow out")
        print_hits(desk, task, given.attempt or None, given.text, given.level)
        return DONE
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
