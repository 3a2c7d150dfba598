"""How one literal is replaced by a setting: what is edited, and why some cannot be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

GENERIC = frozenset(
    "PASSWORD PASSWD PWD SECRET TOKEN KEY API_KEY APIKEY ACCESS_KEY PRIVATE_KEY PASSPHRASE AUTH_TOKEN CLIENT_SECRET".split()
)
PLAIN_STEMS = frozenset("settings config conf main app init index base constants const env server utils".split())


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of a text that are replaced."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Move:
    """A literal that becomes the setting `name`; `value` stays in memory and is never shown or kept."""

    line: int
    name: str
    value: str
    edit: Edit


@dataclass(slots=True)
class Names:
    """Which settings were given out, with their values; the same secret gets the same name."""

    given: dict[str, str] = field(default_factory=dict)

    def give(self, wanted: str, value: str, path: str, around: str = "") -> str:
        """A name for a secret: the wanted one, with more before it when that says too little or is another secret's."""
        name = environment_name(wanted)
        stem = environment_name(path.rsplit("/", 1)[-1].split(".", 1)[0].strip("_"))
        if name in GENERIC:
            before = environment_name(around) or ("" if stem.lower() in PLAIN_STEMS else stem)
            name = name if not before or before == name else f"{before}_{name}"
        longer = [f"{stem}_{name}"] if stem and not name.startswith(stem) else []
        tries = [name, *longer, *(f"{name}_{number}" for number in range(2, 1_000))]
        for attempt in tries:
            if self.given.setdefault(attempt, value) == value:
                return attempt
        return name

    def keep(self, name: str, value: str) -> bool:
        """Takes a name that the code has already; False when it stands for another secret."""
        return self.given.setdefault(name, value) == value


def environment_name(name: str) -> str:
    """'dbPassword', 'db-password' and 'db.password' as DB_PASSWORD; '' when nothing is left."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    plain = re.sub(r"[^A-Za-z0-9]+", "_", spaced).strip("_").upper()
    return f"N{plain}" if plain[:1].isdigit() else plain


def applied(text: str, edits: list[Edit]) -> str:
    """The text with all edits, which do not overlap."""
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


Refused = Mapping[int, str]
