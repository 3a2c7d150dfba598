"""The tables `[[routes]]`: which of the roadmap's tasks go to which agent or person, the first that fits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from callboard.config.fields import Field, Source, checked, plain, shown

MOST_ROUTES = 500
GOALS = ("wants", "action", "person")
NAME = re.compile(r"@?[^\s@#/\\][^\n@#/\\]{0,59}")


def _wrong_words(value: Any) -> str:
    return (
        ""
        if value and all(word.strip() for word in value)
        else "it must be a list of words, such as ['test', 'coverage']"
    )


def _wrong_person(value: Any) -> str:
    return "" if NAME.fullmatch(str(value)) else "it must be a name, such as 'ann'"


ROUTE: Mapping[str, Field] = {
    "words": Field("texts", "words or phrases, of which the task must say one, in any case", check=_wrong_words),
    "section": Field("text", "a pattern of the heading above the task, such as '*frontend*'"),
    "change": Field("text", "a pattern of the change's name, such as 'add-*'"),
    "path": Field("text", "a pattern that a path in the task's text must fit, such as 'backend/*'"),
    "wants": Field("text", "the capability that does it, such as 'python-tests'"),
    "action": Field("text", "the action that does it, such as 'quality.tests'"),
    "person": Field("text", "the person who does it", check=_wrong_person),
    "options": Field("table", "options of the action"),
    "because": Field("text", "why; shown with the assignment"),
}
PATHS = re.compile(r"[\w.@-]+(?:/[\w.@*-]+)+/?|[\w-]+\.[A-Za-z][A-Za-z0-9]{0,4}\b")


@dataclass(frozen=True, slots=True)
class RouteTable:
    """`[[routes]]`: what is written of a task must all fit; exactly one of `wants`, `action` and `person` is set."""

    number: int
    words: tuple[str, ...] = ()
    section: str = ""
    change: str = ""
    path: str = ""
    wants: str = ""
    action: str = ""
    person: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    because: str = ""

    def fits(self, change: str, section: str, text: str) -> str:
        """Why it fits the task, as the end of a sentence; '' when it does not."""
        said: list[str] = []
        if self.words:
            word = next((word for word in self.words if says(text, word)), "")
            if not word:
                return ""
            said.append(f"the task says '{word}'")
        for name, pattern, value in (("change", self.change, change), ("section", self.section, section)):
            if pattern:
                if not fnmatchcase(value.casefold(), pattern.casefold()):
                    return ""
                said.append(f"its {name} fits '{pattern}'")
        if self.path:
            named = next((path for path in PATHS.findall(text) if fnmatchcase(path, self.path)), "")
            if not named:
                return ""
            said.append(f"it names {named}")
        return " and ".join(said)


def says(text: str, word: str) -> bool:
    """Whether the text has the word or phrase, in any case and not inside of another word."""
    return re.search(rf"(?<!\w){re.escape(word.strip().casefold())}(?!\w)", text.casefold()) is not None


def route_tables(source: Source, value: Any) -> tuple[RouteTable, ...]:
    """The tables, checked; raises `ConfigError` with the line for one that says too little or too much."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise source.fault(f"[routes] is {shown(value)}; write each one as [[routes]]", "routes")
    if len(value) > MOST_ROUTES:
        raise source.fault(f"there are more than {MOST_ROUTES} tables [[routes]]; bring some together", "routes")
    found = []
    for number, table in enumerate(value):
        place = ("routes", number)
        checked(source, table, ROUTE, *place)
        goals = [name for name in GOALS if str(table.get(name, "")).strip()]
        if len(goals) != 1:
            said = f"both {goals[0]} and {goals[1]}" if goals else "nobody"
            raise source.fault(f"[[routes]] names {said}; write exactly one of {', '.join(GOALS)}", *place)
        if not any(table.get(name) for name in ("words", "section", "change", "path")):
            raise source.fault("[[routes]] does not say which tasks; write words, section, change or path", *place)
        if table.get("options") and goals == ["person"]:
            raise source.fault("[[routes]] has options for a person, who takes none", *place, "options")
        given: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else plain(v) for key, v in table.items()}
        given["person"] = str(given.get("person", "")).strip().removeprefix("@")
        found.append(RouteTable(number + 1, **given))
    return tuple(found)
