"""People of the fake desk: what they chose, kept in memory."""

from collections.abc import Mapping
from typing import Any

from callboard.core.person import over
from callboard.desk.people import default_settings


class FakePeople:
    """Everybody begins with the settings of one who never chose anything."""

    def __init__(self) -> None:
        super().__init__()
        self._people: dict[str, dict[str, Any]] = {}

    def person(self, by: str) -> dict[str, Any]:
        kept = self._people.get(by, {})
        settings = over(default_settings(), kept.get("settings", {}))
        return {"name": by, "role": "administrator", "settings": settings, "looked": kept.get("looked")}

    def search(self, text: str, limit: int = 8) -> list[dict[str, Any]]:
        said = {"kind": "task", "id": "5.9", "title": f"found {text}", "detail": "5.9", "state": "failed", "at": None}
        return [{**said, "href": "/tasks/5.9"}] if text.strip() else []

    def about(self) -> dict[str, Any]:
        return {"version": "0.1", "data": "/data", "workspace": "/shop", "python": "3.12.1", "executable": "/usr/bin/python3",
                "platform": "linux", "since": 1.0, "epoch": 1}  # fmt: skip

    def set_person(self, by: str, values: Mapping[str, Any]) -> dict[str, Any]:
        self._people[by] = over(self._people.get(by, {}), values)
        return self.person(by)
