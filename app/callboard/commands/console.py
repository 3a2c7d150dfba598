"""`logs --all`: what every attempt prints, as one stream at the terminal."""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any, TextIO

from callboard.cli import DONE
from callboard.client import RemoteDesk
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import CONTROL, paint, plain
from callboard.errors import NotFound
from callboard.record.searching import level_of
from callboard.show.api.console import last_lines

FIRST = 500
LOOK_S = 0.5
PIECE = 262_144
LONGEST = 4_000
Part = dict[str, Any]


def console(given: argparse.Namespace) -> int:
    """Prints the last lines of all that runs and of what ended last; with --follow what comes, until Ctrl-C."""
    desk = reading_desk(settings_of(given), again=given.follow)
    stream = Stream(desk, sys.stdout, agent=given.agent, level=given.level, text=given.text, raw=given.raw)
    for part in _parts(desk, FIRST):
        stream.begin(part)
    while given.follow:
        time.sleep(LOOK_S)
        for part in _parts(desk, 1):
            stream.go_on(part)
    stream.end()
    return DONE


def _parts(desk: Any, limit: int) -> list[Part]:
    found = desk.console(limit) if isinstance(desk, RemoteDesk) else last_lines(desk, limit)
    return list(found["parts"])


@dataclass
class _Place:
    """How far the log of an attempt was printed, and its line that has no end yet."""

    name: str
    agent: str
    next: int = 0
    rest: str = ""


class Stream:
    """Whole lines of many attempts, each with the task that printed it; only those that were asked for."""

    def __init__(self, desk: Any, out: TextIO, *, agent: str, level: str, text: str, raw: bool) -> None:
        self._desk = desk
        self._out = out
        self._agent, self._level, self._text, self._raw = agent, level, text.casefold(), raw
        self._places: dict[tuple[str, int], _Place] = {}

    def begin(self, part: Part) -> None:
        """The last lines of an attempt, as they stand."""
        place = self._place(part)
        place.next = part["next"]
        self._take(part["task"], place, part["text"])

    def go_on(self, part: Part) -> None:
        """What the attempt printed since; all of it, when it was never heard of."""
        place = self._place(part)
        while place.next < part["next"]:
            try:
                found = self._desk.log(part["task"], part["attempt"], place.next, PIECE)
            except NotFound:  # nothing of it is kept any more
                return
            if found["next"] <= place.next:
                return
            place.next = found["next"]
            self._take(part["task"], place, found["text"])

    def end(self) -> None:
        """A line that has no end is a line too."""
        for (task, _), place in self._places.items():
            if place.rest:
                self._line(task, place, place.rest)
        self._out.flush()

    def _place(self, part: Part) -> _Place:
        return self._places.setdefault((part["task"], part["attempt"]), _Place(part["name"], part["agent"]))

    def _take(self, task: str, place: _Place, text: str) -> None:
        *lines, place.rest = (place.rest + text).split("\n")
        place.rest = place.rest[:LONGEST]
        for line in lines:
            self._line(task, place, line)
        self._out.flush()

    def _line(self, task: str, place: _Place, line: str) -> None:
        words = CONTROL.sub("", line)
        if self._agent and place.agent != self._agent:
            return
        if self._text and self._text not in words.casefold():
            return
        if self._level and level_of(words) not in ("error", self._level):
            return
        self._out.write(paint(f"{task} {plain(place.name)} | ", "2") + (line if self._raw else words) + "\n")
