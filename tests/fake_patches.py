"""Patches of the fake desk: rows like the real ones, decided in memory."""

from collections.abc import Sequence
from typing import Any

from callboard.desk.patchwork import changes_row, diff_row
from callboard.errors import NotFound, Refused
from callboard.work.patchtext import read_patch

DIFF = """diff --git a/shop/cart.py b/shop/cart.py
--- a/shop/cart.py
+++ b/shop/cart.py
@@ -10,4 +10,4 @@ def total(items):
     found = 0
-    for item in items: found = found + item
+    for item in items: found += item  # <img src=x onerror="document.title='pwned'">
     return found
 # end
diff --git a/shop/new.py b/shop/new.py
new file mode 100644
--- /dev/null
+++ b/shop/new.py
@@ -0,0 +1,2 @@
+first = 1
+second = 2
"""
PROOF = [
    {"name": "findings of ruff", "before": "54", "after": "40"},
    {"name": "tests that pass", "before": "9", "after": "9"},
]
CONFLICT = "conflicts with patch 13 in shop/cart.py lines 10-13"
FINE = {
    "applies": True, "already": False, "refused": "", "rule": "", "troubles": [], "uncommitted": ["shop/cart.py"], "moved": 2,
    "conflicts": [{"patch": 13, "path": "shop/cart.py", "lines": "10-13", "words": CONFLICT}],
    "words": ["It applies cleanly to the files as they are now."],
}  # fmt: skip
STALE = {
    **FINE, "applies": False, "conflicts": [], "moved": None,
    "troubles": [{"path": "shop/cart.py", "why": "the lines around 10 are not those that the patch was made from"}],
    "words": ["It does not apply to the files as they are now:"],
}  # fmt: skip


class FakePatches:
    """Three patches: one to decide about, one rejected, one that no longer applies."""

    calls: list[tuple[str, tuple[Any, ...]]]

    def __init__(self) -> None:
        super().__init__()
        self._patch_rows = {number: _row(number) for number in (14, 13, 12)}
        self._patch_rows[13] |= {
            "state": "rejected",
            "decided": {"choice": "rejected", "by": "ben", "at": 1_000.0, "reason": "not our style"},
        }
        self._patch_rows[12] |= {"state": "stale", "reason": "It does not apply", "check": STALE, "conflicts": []}

    def patches(self, run: int | None = None, state: str | None = None) -> list[dict[str, Any]]:
        found = [row for row in self._patch_rows.values() if state in (None, row["state"])]
        return [row for row in found if run in (None, row["run"])]

    def patch(self, number: int) -> dict[str, Any]:
        if number not in self._patch_rows:
            raise NotFound(f"there is no patch {number}; see `callboard patches`")
        return self._patch_rows[number]

    def accept_patch(self, number: int, by: str) -> dict[str, Any]:
        return self._decided(number, "accepted", by, "", 7)

    def reject_patch(self, number: int, reason: str, by: str) -> dict[str, Any]:
        return self._decided(number, "rejected", by, reason, None)

    def undo_patch(self, number: int, by: str) -> dict[str, Any]:
        return self._decided(number, "undone", by, "", 7)

    def _decided(self, number: int, state: str, by: str, reason: str, run: int | None) -> dict[str, Any]:
        row = self.patch(number)
        if not row["check"]["applies"] and state == "accepted":
            raise Refused(f"patch {number} cannot be applied; nothing was changed")
        self.calls.append((state, (number, by, reason)))
        row |= {
            "state": state,
            "decided": {"choice": state, "by": by, "at": 2_000.0, "reason": reason},
            "checks_run": run,
        }
        return {"ok": True, "patch": row, "run": run, "note": ""}

    def ingest(
        self, uploads: Sequence[Any], by: str, source: str = "", commit: str = "", format: str = "auto",
        workspace: str | None = None,
    ) -> int:  # fmt: skip
        self.calls.append(("ingest", (tuple((name, data) for name, data in uploads), by, source, commit, format)))
        return 6


def _row(number: int) -> dict[str, Any]:
    text = DIFF.encode()
    return {
        "id": number, "name": "safe-fixes", "run": 5, "task": "5.9", "attempt": 1, "task_name": "refactor.fixes",
        "agent": "refactor",
        "action": "refactor.fixes", "workspace": "/home/ann/shop", "workspace_name": "shop", "at": 900.0, "size": len(text),
        "base": "1a2b3c", "files": ["shop/cart.py", "shop/new.py"], "proof": PROOF, "proof_words": "all 77 files still compile",
        "state": "proposed", "reason": "", "newer": None, "decided": None, "applies": True,
        "conflicts": [CONFLICT], "url": "/api/v1/tasks/5.9/artifacts/1/safe-fixes",
        "check": FINE, "changes": changes_row(read_patch(text)), **diff_row(text),
        "will_run": ["refactor.fixes"], "checks_run": None,
    }  # fmt: skip
