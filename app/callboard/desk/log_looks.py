"""Questions about the log of an attempt that the whole of it answers, and not a page that holds a piece."""

from pathlib import Path

from callboard.desk.hunks import numbered
from callboard.desk.runs import Runs
from callboard.errors import NotFound
from callboard.learn.versions import logs_apart
from callboard.record.outputs import size_of
from callboard.record.searching import MOST_LINES, chunks_of, search
from callboard.rows import Row

LARGEST_COMPARED = 64_000_000
MOST_COMPARED = 4_000


class LogLooks(Runs):
    """Reads the file in pieces, so that a log of any length takes the same memory."""

    def log_search(
        self, task_id: str, attempt: int | None = None, text: str = "", level: str = "", start: int = 0
    ) -> Row:
        """`numbers` of the lines from 0 that fit, at most MOST_LINES of `count`; see `callboard.record.searching.search`."""
        number, path = self._output(task_id, attempt)
        size = size_of(path)
        found = search(path, text, level, start)
        return {
            "attempt": number, "numbers": found.numbers, "count": found.count, "lines": found.lines, "size": size,
            "whole": found.whole, "most": MOST_LINES,
        }  # fmt: skip

    def log_index(self, task_id: str, attempt: int | None = None, offset: int = 0, first: int = 0) -> Row:
        """Where the lines are: `chunks` of [start, end, first line, lines, colours], from a byte that begins a line on."""
        number, path = self._output(task_id, attempt)
        size = size_of(path)
        chunks, style = chunks_of(path, offset, first)
        told = [[c.start, c.end, c.first, c.lines, c.style] for c in chunks]
        return {"attempt": number, "chunks": told, "style": style, "size": size}

    def log_file(self, task_id: str, attempt: int | None = None) -> Path:
        """The file itself; raises `NotFound` when nothing is kept."""
        number, path = self._output(task_id, attempt)
        if not size_of(path):
            raise NotFound(f"attempt {number} of task {task_id} printed nothing, or its log is not there any more")
        return path

    def log_diff(self, task_id: str, before: int, after: int) -> Row:
        """How the output of two attempts differs: `lines` as in a diff of files, `words`, and `left`, how many are not shown."""
        (_, old), (_, new) = self._output(task_id, before), self._output(task_id, after)
        answer: Row = {"before": before, "after": after, "lines": [], "left": 0, "words": ""}
        if max(size_of(old), size_of(new)) > LARGEST_COMPARED:
            return {**answer, "words": f"logs larger than {LARGEST_COMPARED // 1_000_000} MB are not compared"}
        missing = [number for number, path in ((before, old), (after, new)) if not size_of(path)]
        if missing:
            return {**answer, "words": f"attempt {missing[0]} printed nothing, or its log is not there any more"}
        lines, trouble = logs_apart(old, new)
        rows = numbered(lines, hide=False)
        if trouble:
            return {**answer, "words": f"they cannot be compared: {trouble}"}
        words = "" if rows else f"attempts {before} and {after} printed the same"
        return {**answer, "lines": rows[:MOST_COMPARED], "left": max(0, len(rows) - MOST_COMPARED), "words": words}

    def _output(self, task_id: str, attempt: int | None) -> tuple[int, Path]:
        key = self.key(task_id)
        newest = self.task_brief(key)["attempt"]
        number = newest if attempt is None else attempt
        if number and not 0 < number <= newest:
            raise NotFound(f"task {key} has no attempt {number}; it has {newest}")
        return number, self._log_path(key, number)
