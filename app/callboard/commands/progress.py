"""A run while it works: a block that is redrawn in a terminal, a line for each change in a pipe."""

import math
import os
import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any

from callboard.commands.cells import cut, pad, width
from callboard.commands.show import MARKS, colours_wanted, duration, mark, paint, plain

BAR = 20
SMALL_BAR = 10
REDRAW_S = 0.1
MOST_HOLDS = 5
LONGEST_NAME = 40
ENDED = frozenset({"succeeded", "unchanged", "failed", "timed out", "cancelled", "lost", "skipped"})
BAD = frozenset({"failed", "timed out", "lost"})
Row = dict[str, Any]


class Progress:
    """Takes live messages about one run. In a terminal a block is redrawn in place; otherwise lines are only added."""

    def __init__(self, run: int, tasks: Iterable[Row]) -> None:
        self.run = run
        self.tasks: dict[str, Row] = {row["id"]: row for row in tasks}
        self._fancy = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._colours = colours_wanted(sys.stderr)
        self._drawn: list[int] = []
        self._last = 0.0
        self._said: dict[str, tuple[str, int]] = {}
        self._row: Row = {}
        self._began = time.time()
        self._notice = ""

    def take(self, message: Row) -> None:
        """Notes what changed, and shows it."""
        for row in message.get("runs", ()):
            if row["id"] == self.run:
                self._row = row
        news = [row for row in message.get("tasks", ()) if row["run"] == self.run]
        for row in news:
            self.tasks[row["id"]] = row
        if self._fancy:
            if time.monotonic() - self._last > REDRAW_S:
                self.draw()
            return
        for row in news:
            self._tell(row)

    def end(self, message: Row) -> None:
        """Shows the last rows of the run."""
        self.take(message)

    def typed(self) -> None:
        """The person has ended a line, which has moved the cursor."""
        if self._drawn:
            self._drawn.append(0)

    def say(self, words: str) -> None:
        """A sentence for the person who waits; in a terminal it stays below the block until there is another."""
        if self._fancy:
            self._notice = words
            self.draw()
        elif words:
            sys.stderr.write(words + "\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Takes the block away; the summary says all of it."""
        if self._drawn:
            sys.stderr.write(self._back(shutil.get_terminal_size((100, 30)).columns) + "\x1b[J")
            sys.stderr.flush()
            self._drawn = []

    # -- lines of a pipe ---------------------------------------------------------------------------------------

    def _tell(self, row: Row) -> None:
        """One line when a task came to another state."""
        state = (row["state"], row["attempt"])
        if self._said.get(row["id"]) == state or row["state"] == "starting":
            return
        if row["state"] == "waiting" and not row["attempt"]:
            return
        self._said[row["id"]] = state
        sign = mark(row["state"], row["verdict"], False)
        words = paint(f"{sign:<12}", self._colour(row), self._colours) + f" {plain(row['name'])}"
        if row["state"] == "waiting" and row["hold"]:
            words += f": {plain(row['hold']['reason'], 300)}"
        elif row["reason"] and row["state"] != "running":
            words += f": {plain(row['reason'], 300)}"
        if row["state"] in ENDED and row["started"]:
            words += f" ({duration(row['ended'] - row['started'])})"
        sys.stderr.write(words + "\n")
        sys.stderr.flush()

    def _colour(self, row: Row) -> str:
        unknown = row["state"] == "succeeded" and row["verdict"] == "unknown"
        return MARKS["unknown" if unknown else row["state"]][1]

    # -- the block ---------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Writes the block over the former one, line by line and in one piece, so that nothing flickers."""
        self._last = time.monotonic()
        room = shutil.get_terminal_size((100, 30))
        lines = self._lines(room.columns - 1, max(4, room.lines - 1))
        text = self._back(room.columns) + "".join(line + "\x1b[K\n" for line in lines) + "\x1b[J"
        sys.stderr.write(text)
        sys.stderr.flush()
        self._drawn = [width(line) for line in lines]

    def _back(self, columns: int) -> str:
        """To the first line of the former block; a window that was made narrower has wrapped its lines."""
        rows = sum(max(1, math.ceil(cells / max(1, columns))) for cells in self._drawn)
        return f"\x1b[{rows}F" if rows else ""

    def _lines(self, room: int, height: int) -> list[str]:
        tasks = sorted(self.tasks.values(), key=lambda row: int(row["id"].partition(".")[2]))
        busy = [row for row in tasks if row["state"] in ("running", "starting")]
        held = self._held([row for row in tasks if row["state"] in ("waiting", "needs decision")], room)
        ended = sorted((row for row in tasks if row["state"] in ENDED), key=lambda row: row["ended"] or 0.0)
        head = self._head(len(tasks), ended, bool(busy), room)
        foot = [cut(self._notice, room)] if self._notice else []
        names = max((width(plain(row["name"])) for row in busy), default=0)
        names = min(names, LONGEST_NAME, max(8, room - SMALL_BAR - 20))
        working = [self._busy_line(row, names, room) for row in busy]
        space = height - 1 - len(foot)
        if len(working) > space - 1:
            rest = len(working) - max(1, space - 2)
            working = [*working[: max(1, space - 2)], self._dim(f"  ▶ {rest} more run", room)]
        held = held[: max(0, space - len(working))]
        space -= len(working) + len(held)
        shown = ended[-space:] if space > 0 else []
        if len(shown) < len(ended) and shown:
            shown = shown[1:]
            past = [self._dim(f"  … {len(ended) - len(shown)} ended before", room)]
        else:
            past = []
        return [head, *past, *(self._ended_line(row, room) for row in shown), *working, *held, *foot]

    def _head(self, total: int, ended: list[Row], busy: bool, room: int) -> str:
        share = len(ended) / total if total else 1.0
        parts = [f"{len(ended)} of {total}", duration(time.time() - (self._row.get("started") or self._began))]
        expected = self._row.get("expected_end")
        if expected and busy:
            parts.append(f"about {duration(max(0.0, expected - time.time()))} left")
        bad = sum(row["state"] in BAD for row in ended)
        if bad:
            parts.append(f"{bad} failed")
        cells = BAR if room >= 60 else SMALL_BAR
        return paint(cut(f"run {self.run}  {bar(share, cells)}  {' · '.join(parts)}", room), "1", self._colours)

    def _ended_line(self, row: Row, room: int) -> str:
        lasted = f"  {duration(row['ended'] - row['started'])}" if row["started"] and row["ended"] else ""
        sign = mark(row["state"], row["verdict"], False)
        reason = f"  {plain(row['reason'])}" if row["reason"] else ""
        words = cut(f"{plain(row['name'])}{lasted}{reason}", max(1, room - 3 - max(12, width(sign))))
        return f"  {paint(pad(sign, 12), self._colour(row), self._colours)} {words}"

    def _busy_line(self, row: Row, names: int, room: int) -> str:
        fraction = row["progress"]
        if fraction is None and row["started"] and row["estimate"]:
            drawn = bar(min(0.95, (time.time() - row["started"]) / row["estimate"]), SMALL_BAR, "░")
        else:
            drawn = bar(fraction or 0.0, SMALL_BAR)
        passed = duration(time.time() - row["started"]) if row["started"] else "starts"
        name = pad(cut(plain(row["name"]), names), names)
        again = f"attempt {row['attempt']}  " if row["attempt"] > 1 else ""
        words = cut(f"{name} {drawn} {passed:>6}  {again}{plain(row['note'])}".rstrip(), max(1, room - 4))
        return f"  {paint('▶', '36', self._colours)} {words}"

    def _held(self, rows: list[Row], room: int) -> list[str]:
        """One line for each reason, the one that holds most tasks first."""
        reasons: dict[str, list[Row]] = {}
        for row in rows:
            reasons.setdefault(plain(row["hold"]["reason"]) if row["hold"] else "the next decision is due", []).append(
                row
            )
        ordered = sorted(reasons.items(), key=lambda item: -len(item[1]))
        lines = []
        for reason, waiting in ordered[:MOST_HOLDS]:
            name = cut(plain(waiting[0]["name"]), max(8, room // 2))
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            lines.append(self._dim(f"  · {name}{more}: {reason}", room))
        rest = sum(len(waiting) for _, waiting in ordered[MOST_HOLDS:])
        if rest:
            lines.append(self._dim(f"  · {rest} more wait", room))
        return lines

    def _dim(self, text: str, room: int) -> str:
        return paint(cut(text, room), "2", self._colours)


def bar(share: float, cells: int = BAR, sign: str = "█") -> str:
    """A bar of so many cells."""
    full = round(max(0.0, min(1.0, share)) * cells)
    return sign * full + "·" * (cells - full)
