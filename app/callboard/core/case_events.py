"""What happened to cases: opened, seen, gone, moved, merged, split, noted; what persons taught; how far the keeper has looked.

No event of a case is one of a run, though it may name one (`in_run`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.case_facts import Cause, Symptom
from callboard.core.task import NO_OPTIONS


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """Symptoms with one cause became a case; `more` counts those that were too many to be told at once."""

    at: float
    case: int
    workspace: str
    title: str
    severity: str
    cause: Cause
    symptoms: tuple[Symptom, ...]
    by: str = "Callboard"
    more: int = 0


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """Symptoms of an open case were seen, for the first time or again; what is given besides takes the place of what was so.

    `more` counts new ones that were too many to be told at once.
    """

    at: float
    case: int
    symptoms: tuple[Symptom, ...]
    cause: Cause | None = None
    title: str = ""
    severity: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class CaseGone:
    """Their check looked again, at other code or with a fix, and did not report these symptoms (by key)."""

    at: float
    case: int
    symptoms: tuple[str, ...]
    words: str
    in_run: int = 0
    in_task: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class CaseMoved:
    """A case came to another state, or into other hands: `words` say why it is known, `reason` is what a person said.

    `to_kind` and `to` name the agent or person of an assigned one, `until` when an accepted one comes back. `resolution`
    says of a closed one how it came to that: 'kind' (patch, commit, by hand, gone by itself, merged), 'words', 'what'.
    """

    at: float
    case: int
    state: str
    by: str
    words: str
    reason: str = ""
    to_kind: str = ""
    to: str = ""
    until: float | None = None
    in_run: int = 0
    resolution: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class CaseMerged:
    """A person said that `case` is the same as `into`, which has its symptoms from now on."""

    at: float
    case: int
    into: int
    by: str
    reason: str
    symptoms: tuple[Symptom, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseSplit:
    """A person said that these symptoms (by key) have another cause; they are `new_case`, which is opened in the same step."""

    at: float
    case: int
    symptoms: tuple[str, ...]
    new_case: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class CaseNoted:
    """Something became known of a case: by an investigation, a fix, or a person's comment; see `NOTES`.

    `facts` of 'flaky' name under "keys" the symptoms that the same code did not show; 'asks' waits for a person's word.
    """

    at: float
    case: int
    kind: str
    words: str
    facts: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    in_run: int = 0
    by: str = "Callboard"


@dataclass(frozen=True, slots=True)
class CaseTaught:
    """What a person's merge (`joins`) or split (`parts`) says of such pairs from now on; sorted pairs of families or places."""

    at: float
    workspace: str
    by: str
    joins: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CasesLooked:
    """The keeper has looked at all events up to this number."""

    at: float
    workspace: str
    upto: int


OneCaseEvent = CaseOpened | CaseSeen | CaseGone | CaseMoved | CaseMerged | CaseSplit | CaseNoted
CaseEvent = OneCaseEvent | CaseTaught | CasesLooked
