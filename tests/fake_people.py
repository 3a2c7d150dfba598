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

    def set_person(self, by: str, values: Mapping[str, Any]) -> dict[str, Any]:
        self._people[by] = over(self._people.get(by, {}), values)
        return self.person(by)
