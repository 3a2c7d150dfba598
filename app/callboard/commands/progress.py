"""A run while it works: a block that is redrawn in a terminal, a line for each change in a pipe."""

import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any

from callboard.commands.show import duration, mark, paint, plain

BAR = 20
MOST_HELD = 6
REDRAW_S = 0.1
ENDED = frozenset({"succeeded", "unchanged", "failed", "timed out", "cancelled", "lost", "skipped"})


class Progress:
    """Takes live messages about one run. `fancy` redraws; otherwise lines are only added."""

    def __init__(self, run: int, tasks: Iterable[dict[str, Any]], *, fancy: bool) -> None:
        self.run = run
        self.tasks: dict[str, dict[str, Any]] = {row["id"]: row for row in tasks}
        self._fancy = fancy
        self._drawn = 0
        self._last = 0.0
        self._said: dict[str, tuple[str, int]] = {}
        self._row: dict[str, Any] = {}
        self._began = time.time()

    def take(self, message: dict[str, Any]) -> None:
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

    def _tell(self, row: dict[str, Any]) -> None:
        """One line when a task came to another state."""
        state = (row["state"], row["attempt"])
        if self._said.get(row["id"]) == state or row["state"] in ("starting",):
            return
        if row["state"] == "waiting" and not row["attempt"]:
            return
        self._said[row["id"]] = state
        words = f"{mark(row['state'], row['verdict']):<12} {row['name']}"
        if row["reason"] and row["state"] != "running":
            words += f": {plain(row['reason'], 300)}"
        if row["state"] in ENDED and row["started"]:
            words += f" ({duration(row['ended'] - row['started'])})"
        sys.stderr.write(words + "\n")
        sys.stderr.flush()

    def draw(self, *, final: bool = False) -> None:
        """Draws the block anew over the former one."""
        self._last = time.monotonic()
        room = shutil.get_terminal_size((100, 30))
        lines = self._lines(room.columns, room.lines - 2, final)
        if self._drawn:
            sys.stderr.write(f"\x1b[{self._drawn}F\x1b[J")
        sys.stderr.write("".join(line + "\x1b[K\n" for line in lines))
        sys.stderr.flush()
        self._drawn = len(lines)

    def _lines(self, width: int, height: int, final: bool) -> list[str]:
        tasks = sorted(self.tasks.values(), key=lambda row: int(row["id"].partition(".")[2]))
        ended = [row for row in tasks if row["state"] in ENDED]
        busy = [row for row in tasks if row["state"] in ("running", "starting")]
        held = [row for row in tasks if row["state"] in ("waiting", "needs decision")]
        share = len(ended) / len(tasks) if tasks else 1.0
        passed = duration(time.time() - (self._row.get("started") or self._began))
        expected = self._row.get("expected_end")
        left = f", about {duration(max(0.0, expected - time.time()))} left" if expected and busy else ""
        head = f"run {self.run}  {bar(share)}  {len(ended)} of {len(tasks)} tasks, {passed}{left}"
        lines = [paint(head[:width], "1", True)]
        space = height - 1 - len(busy) * 1 - min(len(held), MOST_HELD) - 2
        shown = ended if final or len(ended) <= space else ended[-max(3, space) :]
        if len(shown) < len(ended):
            lines.append(paint(f"  … {len(ended) - len(shown)} ended before", "2", True))
        lines += [self._ended_line(row, width) for row in shown]
        lines += [self._busy_line(row, width) for row in busy]
        for row in held[:MOST_HELD]:
            why = row["hold"]["reason"] if row["hold"] else ""
            lines.append(paint(f"  · {row['name']}: {plain(why)}"[:width], "2", True))
        if len(held) > MOST_HELD:
            lines.append(paint(f"  · {len(held) - MOST_HELD} more wait", "2", True))
        return lines[: height + 1] if not final else lines

    def _ended_line(self, row: dict[str, Any], width: int) -> str:
        lasted = duration(row["ended"] - row["started"]) if row["started"] and row["ended"] else ""
        words = f"{row['name']}  {lasted}  {plain(row['reason'])}"
        sign = mark(row["state"], row["verdict"], True)
        return f"  {sign} {words[: max(10, width - 16)]}"

    def _busy_line(self, row: dict[str, Any], width: int) -> str:
        fraction = row["progress"]
        if fraction is None and row["started"] and row["estimate"]:
            guess = min(0.95, (time.time() - row["started"]) / row["estimate"])
            drawn = bar(guess, "░")
        else:
            drawn = bar(fraction or 0.0)
        passed = duration(time.time() - row["started"]) if row["started"] else "starting"
        words = f"{drawn} {row['name']}  {passed}  {plain(row['note'])}"
        return f"  {paint('▶', '36', True)} {words[: max(10, width - 4)]}"


def bar(share: float, sign: str = "█") -> str:
    """A bar of BAR cells."""
    full = round(max(0.0, min(1.0, share)) * BAR)
    return sign * full + "·" * (BAR - full)
