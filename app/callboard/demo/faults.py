"""Which faults the sample is planted with, what else is found because of them, and how each is taken out again."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit that belongs to a fault's clean variant: `find`, which stands once in the file, becomes `replace`.

    With `remove` the file is left out altogether, from all commits; `add` is the text of a file that the faulty variant lacks.
    """

    path: str
    find: str = ""
    replace: str = ""
    remove: bool = False
    add: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: the agent and its action that find it, the rule and the path of the finding, and what it is.

    `path` is '' for a finding without a file; `at` is a piece of the line that the finding names, '' for any line. `says` are
    words of the message that tell it from others of its rule and path. Without a `rule` it is no finding: the task `task` is
    unknown, and says so in these words. `why` and `mend` are for people; `clean` is empty where other faults bring it along.
    """

    id: str
    agent: str
    action: str
    rule: str
    path: str
    why: str
    mend: str
    clean: tuple[Edit, ...]
    at: str = ""
    says: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class Companion:
    """A finding of medium or worse that is no fault of its own: it is there because of the faults named in `of`."""

    rule: str
    path: str
    of: tuple[str, ...]
    why: str


def faults() -> tuple[Fault, ...]:
    """All planted faults, in the order in which they teach best."""
    return tuple(
        Fault(**{**entry, "clean": tuple(Edit(**edit) for edit in entry["clean"])}) for entry in _written()["fault"]
    )


def companions() -> tuple[Companion, ...]:
    """What else is found in the sample, and because of which faults."""
    return tuple(Companion(**{**entry, "of": tuple(entry["of"])}) for entry in _written()["companion"])


def _written() -> dict[str, Any]:
    with open(SAMPLE / "FAULTS.toml", "rb") as file:
        return tomllib.load(file)
