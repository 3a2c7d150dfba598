"""Which faults the sample is planted with, and how each is taken out again."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit that belongs to a fault's clean variant: `find`, which stands once in the file, becomes `replace`.

    With `remove` the file is left out altogether.
    """

    path: str
    find: str = ""
    replace: str = ""
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: the agent and its action that find it, the rule and the path of the finding, and what it is.

    `path` is '' for a finding without a file. `options` are those that the action needs to see it; `needs_service` names a
    service that must run, `says` words of the message that tell it from others of its rule and path.
    """

    id: str
    agent: str
    action: str
    rule: str
    path: str
    what: str
    clean: tuple[Edit, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    needs_service: str = ""
    says: str = ""


def faults() -> tuple[Fault, ...]:
    """All planted faults, in the order in which they teach best."""
    with open(SAMPLE / "FAULTS.toml", "rb") as file:
        entries = tomllib.load(file)["fault"]
    return tuple(Fault(**{**entry, "clean": tuple(Edit(**edit) for edit in entry["clean"])}) for entry in entries)
