"""What happens to advice: it is given, taken, overruled, snoozed, judged; and what rules do by themselves, and take back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.task import NO_OPTIONS


@dataclass(frozen=True, slots=True)
class AdviceGiven:
    """An advice stands on the list from now on: `kind` says by which written rule, `about` what it is about."""

    at: float
    id: str
    workspace: str
    kind: str
    about: str
    title: str
    words: str = ""
    score: int = 0
    href: str = ""


@dataclass(frozen=True, slots=True)
class AdviceGone:
    """What an advice was given for is not so any more."""

    at: float
    id: str
    why: str


@dataclass(frozen=True, slots=True)
class AdviceTaken:
    """Somebody followed an advice, or the rule of this name did; `taking` names this one time.

    `act` is the call that was made, `measure` by what it is judged later, with what was measured before.
    """

    at: float
    id: str
    workspace: str
    kind: str
    about: str
    title: str
    taking: str
    by: str
    rule: str = ""
    act: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    measure: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class AdviceOverruled:
    """Somebody does not want this advice: the same kind about the same thing stays away from now on."""

    at: float
    id: str
    workspace: str
    kind: str
    about: str
    title: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AdviceSnoozed:
    """Nobody wants to hear of it until then."""

    at: float
    id: str
    workspace: str
    kind: str
    about: str
    title: str
    by: str
    until: float


@dataclass(frozen=True, slots=True)
class AdviceReopened:
    """An overrule, a snooze or a taking was taken back, and why."""

    at: float
    id: str
    workspace: str
    kind: str
    about: str
    title: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AdviceJudged:
    """Whether a taken advice helped, by the measure that is written down for its kind, from `n` observations after it."""

    at: float
    id: str
    taking: str
    helped: bool
    words: str
    before: float | None = None
    after: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class RuleFired:
    """The rule of this name found an advice that fits: with mode 'dry-run' it says what it would do, with 'act' it does it."""

    at: float
    id: str
    rule: str
    workspace: str
    advice: str
    kind: str
    about: str
    title: str
    mode: str
    act: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    taking: str = ""


@dataclass(frozen=True, slots=True)
class RuleDone:
    """How the act of a firing went, and the call that undoes it ({} for none)."""

    at: float
    id: str
    ok: bool
    words: str
    undo: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class RuleUndone:
    """Somebody took back what a rule had done."""

    at: float
    id: str
    by: str
    words: str = ""


AdviceEvent = AdviceGiven | AdviceGone | AdviceTaken | AdviceOverruled | AdviceSnoozed | AdviceReopened | AdviceJudged
RuleEvent = RuleFired | RuleDone | RuleUndone
