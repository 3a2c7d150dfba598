"""What stands behind the failures of the fake desk: lines of source, a diff, and searches in its logs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callboard.desk.hunks import numbered
from callboard.errors import NotFound
from callboard.record.searching import MOST_LINES, chunks_of, search

PATCH = ["@@ -1,3 +1,3 @@ def total", " a", "-    return 41.98", "+    return 41.97 <img src=x onerror=alert(1)>", " b"]


class FakeEvidence:
    """Answers in the shapes of the desk."""

    def source(self, finding: str, around: int = 6) -> dict[str, Any]:
        lines = [{"number": n, "text": f"    line {n} <b>", "here": n == 12} for n in range(12 - around, 13 + around)]
        return {
            "finding": finding, "path": "shop/cart.py", "line": 12, "column": 5, "lines": lines, "origin": "commit",
            "commit": "1" * 40, "words": "as in commit 1111111", "trouble": "", "total": 60, "veiled": False,
        }  # fmt: skip

    def diff(self, task_id: str) -> dict[str, Any]:
        row = {"path": "shop/cart.py", "added": 1, "removed": 1, "reads": True, "loose": False, "left": ""}
        return {
            "since": {"run": 1, "commit": "0" * 40, "branch": "main"}, "commit": "1" * 40, "more": 0,
            "words": "1 file differs since it last passed (run 1, 0000000); it reads 1 of them",
            "files": [{**row, "lines": numbered(PATCH)}],
        }  # fmt: skip

    def ci(self, pipeline: str = "") -> dict[str, Any]:
        counts = {"same": 0, "like": 0, "none": 0, "unknown": 0, "only_here": 0}
        return {
            "there": False, "workspace": "/w", "pipeline": pipeline, "workflows": [], "differences": [], "counts": counts,
            "only_here": [], "trouble": [],
        }  # fmt: skip

    def log_search(
        self, task_id: str, attempt: int | None = None, text: str = "", level: str = "", start: int = 0
    ) -> dict[str, Any]:
        with self._file(task_id, attempt) as (number, path):
            found = search(path, text, level, start)
            return {
                "attempt": number, "numbers": found.numbers, "count": found.count, "lines": found.lines,
                "size": path.stat().st_size, "whole": found.whole, "most": MOST_LINES,
            }  # fmt: skip

    def log_index(self, task_id: str, attempt: int | None = None, offset: int = 0, first: int = 0) -> dict[str, Any]:
        with self._file(task_id, attempt) as (number, path):
            chunks, style = chunks_of(path, offset, first)
            told = [[c.start, c.end, c.first, c.lines, c.style] for c in chunks]
            return {"attempt": number, "chunks": told, "style": style, "size": path.stat().st_size}

    def log_file(self, task_id: str, attempt: int | None = None) -> Path:
        raise NotFound("the fake desk keeps no files")

    @contextmanager
    def _file(self, task_id: str, attempt: int | None) -> Iterator[tuple[int, Path]]:
        """The log as a file, so that the real search goes through it."""
        logs: Any = self._logs  # type: ignore[attr-defined]
        number = attempt or max((held for task, held in logs if task == task_id), default=0)
        with tempfile.NamedTemporaryFile() as file:
            file.write(logs.get((task_id, number), b""))
            file.flush()
            yield number, Path(file.name)

    def log_diff(self, task_id: str, before: int, after: int) -> dict[str, Any]:
        return {"before": before, "after": after, "lines": numbered(PATCH), "left": 0, "words": ""}
