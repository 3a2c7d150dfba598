"""What each person chose for themselves: theme, density, panels, notifications; and when they last looked."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from callboard.core.commands import SetPerson
from callboard.core.person import over
from callboard.desk.room import Room
from callboard.errors import ConfigError
from callboard.rows import Row

ROLE = "administrator"  # whoever holds the launch token may do everything
LEVELS = ("critical", "high", "medium", "low")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("auto", "light", "dark"),
    "density": ("comfortable", "compact"),
    "motion": ("auto", "less"),
    "clock": ("relative", "absolute"),
}
SWITCHES = ("tour.off", "notify.desktop", "notify.sound", *(f"notify.levels.{level}" for level in LEVELS))
LISTS = ("panels.order", "panels.hidden", "roadmap.closed", "tour.done")
GROUPS = ("panels", "roadmap", "tour", "notify", "notify.levels")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
MOST_NAMES = 40
LONGEST = 8_192


def default_settings() -> dict[str, Any]:
    """The settings of a person who never chose anything."""
    levels = {level: level in ("critical", "high") for level in LEVELS}
    first: dict[str, Any] = {name: choices[0] for name, choices in CHOICES.items()}
    return {
        **first,
        "panels": {"order": [], "hidden": []},
        "roadmap": {"closed": []},
        "tour": {"off": False, "done": []},
        "notify": {"desktop": False, "sound": False, "levels": levels},
    }


class People(Room):
    """Every person by the name under which they ask; nobody sees or changes what another one chose."""

    def person(self, by: str) -> Row:
        """{"name", "role", "settings", "looked"}; `looked` is null for one who never said so."""
        kept = self._history.person(by)
        settings = over(default_settings(), _known(kept.get("settings")))
        return {"name": by, "role": ROLE, "settings": settings, "looked": kept.get("looked")}

    def set_person(self, by: str, values: Mapping[str, Any]) -> Row:
        """Puts `values` over what is kept of the person: any of `settings`, itself key by key, and `looked`.

        Gives the person as it is then. Raises `ConfigError` for an unknown key or value, with the ones that are known.
        """
        for key in values.keys() - {"settings", "looked"}:
            raise ConfigError(f"'{str(key)[:40]}' is not kept of a person; known are settings, looked")
        looked = values.get("looked")
        if "looked" in values and not _is_time(looked):
            raise ConfigError("looked is a time in seconds since the epoch")
        settings = values.get("settings", {})
        if not isinstance(settings, Mapping):
            raise ConfigError("settings is an object, such as {'theme': 'dark'}")
        if len(json.dumps(settings)) > LONGEST:
            raise ConfigError(f"settings may have {LONGEST} bytes")
        for path, value in leaves(settings):
            check(path, value)
        if settings or looked is not None:
            news: dict[str, Any] = {"settings": settings} if settings else {}
            self._do(SetPerson(by, news if looked is None else {**news, "looked": float(looked)}))
        return self.person(by)


def leaves(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Every setting by its path: ('notify.levels.high', True)."""
    found: list[tuple[str, Any]] = []
    for key, value in settings.items():
        path = f"{before}{key}"
        group = path in GROUPS and isinstance(value, Mapping)
        found += leaves(value, f"{path}.") if group else [(path, value)]
    return found


def check(path: str, value: Any) -> None:
    """Raises `ConfigError` for a setting that is not known, or a value that it cannot have."""
    if path in CHOICES:
        if value not in CHOICES[path]:
            raise ConfigError(f"setting {path} is one of {', '.join(CHOICES[path])}")
    elif path in SWITCHES:
        if not isinstance(value, bool):
            raise ConfigError(f"setting {path} is true or false")
    elif path in LISTS:
        names = value if isinstance(value, list) and len(value) <= MOST_NAMES else [None]
        if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
            raise ConfigError(f"setting {path} is a list of at most {MOST_NAMES} names, such as names of panels")
    else:
        known = ", ".join((*CHOICES, *LISTS, *SWITCHES))
        raise ConfigError(f"there is no setting '{path[:60]}'; the settings: {known}")


def _known(kept: Any) -> dict[str, Any]:
    """What is kept, without what an older or newer program knew and this one does not."""
    found: dict[str, Any] = {}
    for path, value in leaves(kept if isinstance(kept, Mapping) else {}):
        try:
            check(path, value)
        except ConfigError:
            continue
        step: Any = value
        for key in reversed(path.split(".")):
            step = {key: step}
        found = over(found, step)
    return found


def _is_time(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value < 1e11
