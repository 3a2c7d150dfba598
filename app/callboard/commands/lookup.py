"""`search` and `settings`: what there is by words, and what the person at the terminal chose."""

import argparse
import json
import sys
from typing import Any

from callboard.cli import DONE, FAILED
from callboard.commands.doors import reading_desk, remote_desk, settings_of
from callboard.commands.show import ago, plain, print_json, table
from callboard.desk.people import LISTS
from callboard.errors import ConfigError
from callboard.guard.trust import user_name


def search(given: argparse.Namespace) -> int:
    """Everything that fits all the words; exit code 1 when nothing does."""
    rows = reading_desk(settings_of(given)).search(" ".join(given.words), given.limit)
    if given.json:
        print_json(rows)
    elif rows:
        table(
            [(row["kind"], row["id"], row["state"] or "", row["title"][:70], row["detail"][:50]) for row in rows],
            ("KIND", "ID", "STATE", "NAME", ""),
        )
    else:
        sys.stdout.write(f"nothing fits '{plain(' '.join(given.words))}'\n")
    return DONE if rows else FAILED


def settings(given: argparse.Namespace) -> int:
    """The settings of the person and what the server is; with a key one value, with a value that is set."""
    settings = settings_of(given)
    if given.value:
        return _set(given, settings)
    desk = reading_desk(settings)
    person = desk.person(user_name())
    if given.key:
        value = _at(person["settings"], given.key)
        print_json(value) if given.json else sys.stdout.write(f"{_words(value)}\n")
        return DONE
    about = desk.about()
    if given.json:
        print_json({**person, "about": about})
        return DONE
    for path, value in _leaves(person["settings"]):
        sys.stdout.write(f"{path:<24} {plain(_words(value))}\n")
    sys.stdout.write(f"\nCallboard {about['version']} on Python {about['python']}, since {ago(about['since'])}\n")
    sys.stdout.write(f"data {plain(about['data'])}\nworkspace {plain(about['workspace'])}\n")
    return DONE


def _set(given: argparse.Namespace, settings: Any) -> int:
    wish: Any = _read(given.key, " ".join(given.value))
    for key in reversed(given.key.split(".")):
        wish = {key: wish}
    remote = remote_desk(settings)
    if remote is not None:
        person = remote.set_person(user_name(), {"settings": wish})
    else:
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            person = house.desk.set_person(user_name(), {"settings": wish})
    value = _at(person["settings"], given.key)
    print_json(person) if given.json else sys.stdout.write(f"{given.key} is {_words(value)}\n")
    return DONE


def _read(key: str, text: str) -> Any:
    """Truth for a switch, names for a list, else the text."""
    if text in ("true", "on", "yes"):
        return True
    if text in ("false", "off", "no"):
        return False
    return [name for name in text.replace(",", " ").split() if name != "-"] if key in LISTS else text


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(values, dict) or key not in values:
            raise ConfigError(f"there is no setting '{path[:60]}'; `callboard settings` lists them")
        values = values[key]
    return values


def _leaves(values: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        found += _leaves(value, f"{before}{key}.") if isinstance(value, dict) else [(f"{before}{key}", value)]
    return found


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return json.dumps(value) if isinstance(value, dict) else str(value)
