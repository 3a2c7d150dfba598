"""The boundary of the fake desk: the defaults, and one refusal with a payload in every text."""

from pathlib import Path
from typing import Any

from callboard.desk.sparing import boundary_row
from callboard.errors import BoundaryError

HOSTILE = '<img src=x onerror="window.pwned=1">{{ window.pwned=1 }}'


class FakeSparing:
    """Keeps what was refused in memory."""

    def boundary(self) -> dict[str, Any]:
        refused = {"at": 1_000.0, "rule": "boundary.protected_ports", "words": HOSTILE, "who": HOSTILE, "times": 2}
        return {**boundary_row(Path("/nowhere"), Path("/nowhere")), "refused": [refused, *self._refused]}

    def note_refusal(self, error: BoundaryError, who: str) -> None:
        self._refused.insert(0, {"at": 1_001.0, "rule": error.rule, "words": str(error), "who": who, "times": 1})

    @property
    def _refused(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = self.__dict__.setdefault("_refusals", [])
        return kept
