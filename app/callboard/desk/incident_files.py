"""The folders of incidents in the data folder: one each, by its number, which nothing cleans up."""

import json
from collections.abc import Mapping
from pathlib import Path

from callboard.desk.packing import without_secrets
from callboard.errors import CallboardError
from callboard.guard.running import private_folder, read_private, write_private
from callboard.rows import Row

MOST_INCIDENTS = 1_000
LARGEST_FACTS = 1_000_000
FACTS, ARCHIVE = "incident.json", "evidence.zip"


class IncidentFiles:
    """Reads and writes them; an incident whose facts nobody can read is still one, and its number is never given again."""

    def __init__(self, data: Path) -> None:
        self._home = data / "incidents"

    def folder(self, number: int) -> Path:
        """Where everything of the incident lies."""
        return self._home / str(number)

    def numbers(self) -> list[int]:
        """All that were ever begun, the newest first."""
        if not self._home.is_dir():
            return []
        return sorted((int(path.name) for path in self._home.iterdir() if path.name.isdecimal()), reverse=True)

    def rows(self) -> list[Row]:
        """The newest MOST_INCIDENTS, the newest first."""
        return [row for number in self.numbers()[:MOST_INCIDENTS] if (row := self.row(number)) is not None]

    def row(self, number: int) -> Row | None:
        """The facts of one, None where there is none; one that cannot be read says so."""
        folder = self.folder(number)
        if number < 1 or not folder.is_dir():
            return None
        raw = read_private(folder / FACTS, LARGEST_FACTS)
        try:
            facts = json.loads(raw) if raw is not None else None
        except (ValueError, RecursionError):
            facts = None
        if isinstance(facts, dict) and facts.get("id") == number:
            return {"stop": False, "crew": False, "contained": False, **facts}
        return {
            "id": number, "case": None, "agents": [], "by": "", "at": folder.stat().st_mtime,
            "reason": f"nobody can tell: {FACTS} of it is not there, is not yours alone, or cannot be read", "state": "broken",
            "ended": None, "ended_by": "", "words_list": [f"look into {folder}"], "bundle": "", "sha256": "", "paused": [],
            "stop": False, "crew": False, "contained": False,
        }  # fmt: skip

    def keep(self, row: Mapping[str, object]) -> None:
        """Writes the facts down, without what looks like a secret; raises `CallboardError` where that is not possible."""
        try:
            private_folder(self._home)
            home = private_folder(self._home / str(row["id"]))
            write_private(
                home / FACTS, json.dumps(without_secrets(row), indent=1, ensure_ascii=False).encode("utf-8", "replace")
            )
        except OSError as error:
            raise CallboardError(f"incident {row['id']} cannot be written down: {error}") from error

    def archive(self, number: int) -> bytes | None:
        """The evidence as it was frozen, None where there is none."""
        try:
            return (self.folder(number) / ARCHIVE).read_bytes()
        except OSError:
            return None

    def freeze(self, number: int, content: bytes) -> None:
        """Keeps the evidence."""
        write_private(self.folder(number) / ARCHIVE, content)
