"""Advice as it stands: what a person said about each, and what rules have done that can still be taken back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from callboard.core.advice_events import (
    AdviceEvent,
    AdviceGiven,
    AdviceGone,
    AdviceJudged,
    AdviceOverruled,
    AdviceReopened,
    AdviceSnoozed,
    AdviceTaken,
    RuleDone,
    RuleEvent,
    RuleFired,
    RuleUndone,
)

ID_DIGITS = 10
MOST_STANDING = 5_000
MOST_FIRINGS = 500
HOUR_S = 3_600.0
DRY_RUN, ACT = "dry-run", "act"


class Stand(StrEnum):
    """What became of an advice; a taken one stands until what it was given for is gone."""

    OPEN = "open"
    TAKEN = "taken"
    OVERRULED = "overruled"
    SNOOZED = "snoozed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Standing:
    """An advice that is not gone: `state`, and the last word about it."""

    id: str
    kind: str
    about: str
    title: str
    state: Stand
    at: float
    workspace: str = ""
    by: str = ""
    reason: str = ""
    until: float | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that a rule found something: `done` once its act is over, `undone` once it was taken back."""

    id: str
    rule: str
    advice: str
    mode: str
    at: float
    title: str = ""
    done: float | None = None
    ok: bool = False
    undone: float | None = None
    by: str = ""
    undo: Mapping[str, Any] = field(default_factory=dict)


def advice_id(workspace: str, kind: str, about: str) -> str:
    """Ten hexadecimal digits that stand for a kind of advice about a thing in a workspace; the same in every data folder."""
    return sha256(f"{workspace}\x1f{kind}\x1f{about}".encode("utf-8", "replace")).hexdigest()[:ID_DIGITS]


def standing_after(event: AdviceEvent) -> Standing | None:
    """How the advice stands after the event, None when nothing about it is to be remembered."""
    match event:
        case AdviceGiven():
            return Standing(event.id, event.kind, event.about, event.title, Stand.OPEN, event.at, event.workspace)
        case AdviceTaken():
            return Standing(
                event.id, event.kind, event.about, event.title, Stand.TAKEN, event.at, event.workspace, event.by, "", None,
                event.rule,
            )  # fmt: skip
        case AdviceOverruled():
            return Standing(
                event.id, event.kind, event.about, event.title, Stand.OVERRULED, event.at, event.workspace, event.by, event.reason,
            )  # fmt: skip
        case AdviceSnoozed():
            return Standing(
                event.id, event.kind, event.about, event.title, Stand.SNOOZED, event.at, event.workspace, event.by, "",
                event.until,
            )  # fmt: skip
        case AdviceReopened():
            return Standing(
                event.id, event.kind, event.about, event.title, Stand.OPEN, event.at, event.workspace, event.by, event.reason,
            )  # fmt: skip
        case _:
            return None


class Advised:
    """The advice that is not gone and the newest firings, within bounds; `take` alone changes them."""

    def __init__(self) -> None:
        self._by_id: dict[str, Standing] = {}
        self._firings: dict[str, Firing] = {}

    def get(self, id: str) -> Standing | None:
        """How the advice stands, None when it was never given or is gone."""
        return self._by_id.get(id)

    def firing(self, id: str) -> Firing | None:
        """The firing of that name, None when it is unknown or long ago."""
        return self._firings.get(id)

    def __iter__(self) -> Iterator[Standing]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def firings(self) -> list[Firing]:
        """Those that are remembered, oldest first."""
        return list(self._firings.values())

    def fired(self, rule: str, mode: str, now: float) -> int:
        """How often a rule fired in this mode in the last hour. O(firings that are remembered)."""
        return sum(
            firing.rule == rule and firing.mode == mode and now - firing.at < HOUR_S
            for firing in self._firings.values()
        )

    def has_fired(self, rule: str, mode: str, advice: str, since: float) -> bool:
        """Whether a rule has dealt with this advice since then, or somebody took back what it had done about it at any time."""
        return any(
            firing.rule == rule
            and firing.mode == mode
            and firing.advice == advice
            and (firing.at >= since or firing.undone is not None)
            for firing in self._firings.values()
        )

    def taken_back(self, rule: str, advice: str) -> str:
        """Who took back what the rule had done about this advice; '' for nobody."""
        found = (
            one
            for one in self._firings.values()
            if one.rule == rule and one.advice == advice and one.undone is not None
        )
        return next((firing.by for firing in found), "")

    def take(self, event: AdviceEvent | RuleEvent) -> None:
        """Puts an event in; the events of `callboard.core.advice_commands` fit what was there before them."""
        match event:
            case RuleFired():
                self._firings[event.id] = Firing(event.id, event.rule, event.advice, event.mode, event.at, event.title)
                while len(self._firings) > MOST_FIRINGS:
                    del self._firings[next(iter(self._firings))]
            case RuleDone():
                firing = self._firings.get(event.id)
                if firing is not None:
                    self._firings[event.id] = replace(firing, done=event.at, ok=event.ok, undo=event.undo)
            case RuleUndone():
                firing = self._firings.get(event.id)
                if firing is not None:
                    self._firings[event.id] = replace(firing, undone=event.at, by=event.by)
            case AdviceGone():
                self._by_id.pop(event.id, None)
            case AdviceJudged():
                pass  # it is about a taking, which the record keeps
            case _:
                standing = standing_after(event)
                if standing is not None:
                    self._by_id.pop(event.id, None)
                    self._by_id[event.id] = standing
                    self._shrink()

    def _shrink(self) -> None:
        while len(self._by_id) > MOST_STANDING:
            del self._by_id[next(iter(self._by_id))]
