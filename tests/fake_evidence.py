"""What stands behind the failures of the fake desk: lines of source, a diff, and searches in its logs."""

from typing import Any

from callboard.desk.hunks import numbered
from callboard.record.searching import level_of

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

    def log_search(
        self, task_id: str, attempt: int | None = None, text: str = "", level: str = "", start: int = 0
    ) -> dict[str, Any]:
        whole: Any = self.log(task_id, attempt, 0, 1 << 30)  # type: ignore[attr-defined]
        lines = whole["text"].splitlines()
        found = [
            number
            for number, line in enumerate(lines)
            if number >= start and text.lower() in line.lower() and (not level or level_of(line) == "error")
        ]
        return {
            "attempt": whole["attempt"], "numbers": found, "count": len(found), "lines": len(lines),
            "size": whole["size"], "whole": True, "most": 50_000,
        }  # fmt: skip

    def log_index(self, task_id: str, attempt: int | None = None, offset: int = 0, first: int = 0) -> dict[str, Any]:
        whole: Any = self.log(task_id, attempt, offset, 1 << 30)  # type: ignore[attr-defined]
        text = whole["text"][: whole["text"].rfind("\n") + 1]
        end = offset + len(text.encode())
        chunks = [[offset, end, first, text.count("\n"), ""]] if text else []
        return {"attempt": whole["attempt"], "chunks": chunks, "size": whole["size"]}

    def log_diff(self, task_id: str, before: int, after: int) -> dict[str, Any]:
        return {"before": before, "after": after, "lines": numbered(PATCH), "left": 0, "words": ""}
