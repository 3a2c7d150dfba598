"""What is wished for about advice and by rules, and the events that grant it: whoever is first counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from callboard.core.advice import ACT, Advised, Firing, Stand, Standing
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
from callboard.core.task import NO_OPTIONS
from callboard.errors import NotFound, Refused

LONGEST_SNOOZE_S = 30 * 86_400.0
PERSON, CALLBOARD = "person", "Callboard"


@dataclass(frozen=True, slots=True)
class Said:
    """What an advice says, as far as the log keeps it."""

    id: str
    workspace: str
    kind: str
    about: str
    title: str
    words: str = ""
    score: int = 0
    href: str = ""


@dataclass(frozen=True, slots=True)
class NoteAdvice:
    """These advices stand now, and these (id, why) do not any more. What a person has a word about is left alone."""

    given: tuple[Said, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TakeAdvice:
    """A person follows an advice; see `AdviceTaken`."""

    said: Said
    taking: str
    by: str
    act: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    measure: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class OverruleAdvice:
    """A person does not want an advice."""

    said: Said
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SnoozeAdvice:
    """A person does not want to hear of an advice until then."""

    said: Said
    by: str
    until: float


@dataclass(frozen=True, slots=True)
class ReopenAdvice:
    """A word about an advice is taken back."""

    said: Said
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JudgeTaking:
    """Whether a taken advice helped; see `AdviceJudged`."""

    id: str
    taking: str
    helped: bool
    words: str
    before: float | None = None
    after: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class FireRule:
    """A rule found an advice that fits; it fires at most `per_hour` times, and once for what was given at `since`."""

    id: str
    rule: str
    said: Said
    mode: str
    per_hour: int
    since: float = 0.0
    act: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    taking: str = ""
    measure: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class EndFiring:
    """How the act of a firing went."""

    id: str
    ok: bool
    words: str
    undo: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class UndoFiring:
    """A person takes back what a rule has done."""

    id: str
    by: str
    words: str = ""


AdviceCommand = (
    NoteAdvice
    | TakeAdvice
    | OverruleAdvice
    | SnoozeAdvice
    | ReopenAdvice
    | JudgeTaking
    | FireRule
    | EndFiring
    | UndoFiring
)


def grant_advice(advised: Advised, command: AdviceCommand, now: float) -> list[AdviceEvent | RuleEvent]:
    """The events that carry the command out; raises `Refused` and `NotFound`."""
    match command:
        case NoteAdvice(given=given, gone=gone):
            fresh = [_given(said, now) for said in given if _may_be_given(advised.get(said.id), now)]
            over = [
                AdviceGone(now, id, why)
                for id, why in gone
                if (stands := advised.get(id)) is not None and stands.state is not Stand.OVERRULED
            ]
            return [*fresh, *over]
        case TakeAdvice(said=said, taking=taking, by=by):
            before = _named(advised, said, now)
            _check_takable(advised.get(said.id), by)
            return [*before, AdviceTaken(now, *_who(said), taking, by, "", command.act, command.measure)]
        case OverruleAdvice(said=said, by=by, reason=reason):
            known = advised.get(said.id)
            if known is not None and known.state is Stand.OVERRULED:
                if known.by == by:
                    return []
                raise Refused(f"{known.by} has overruled it already{_why(known.reason)}")
            return [*_named(advised, said, now), AdviceOverruled(now, *_who(said), by, reason)]
        case SnoozeAdvice(said=said, by=by, until=until):
            if not now < until <= now + LONGEST_SNOOZE_S:
                raise Refused("an advice is snoozed until a time to come, in the next 30 days")
            _check_first(advised.get(said.id), by)
            return [*_named(advised, said, now), AdviceSnoozed(now, *_who(said), by, until)]
        case ReopenAdvice(said=said, by=by, reason=reason):
            known = advised.get(said.id)
            if known is None:
                raise NotFound(f"nothing was said about advice {said.id}")
            if known.state is Stand.OPEN:
                raise Refused(f"advice {said.id} is open already")
            return [AdviceReopened(now, *_who(said), by, reason)]
        case JudgeTaking():
            return [
                AdviceJudged(
                    now, command.id, command.taking, command.helped, command.words, command.before, command.after, command.n
                )
            ]  # fmt: skip
        case FireRule():
            return _fire(advised, command, now)
        case EndFiring(id=id, ok=ok, words=words, undo=undo):
            _known_firing(advised, id)
            return [RuleDone(now, id, ok, words, undo)]
        case UndoFiring(id=id, by=by, words=words):
            firing = _known_firing(advised, id)
            if firing.mode != ACT:
                raise Refused(f"rule '{firing.rule}' only said what it would do; there is nothing to undo")
            if firing.undone is not None:
                raise Refused(f"{firing.by} has undone it already")
            if not firing.ok or not firing.undo:
                raise Refused(f"what rule '{firing.rule}' did there cannot be undone by itself")
            return [RuleUndone(now, id, by, words)]
        case _:
            assert_never(command)


def _fire(advised: Advised, command: FireRule, now: float) -> list[AdviceEvent | RuleEvent]:
    said, rule = command.said, command.rule
    who = advised.taken_back(rule, said.id) if command.mode == ACT else ""
    if who:
        raise Refused(f"{who} took back what rule '{rule}' had done about '{said.title}', so it is left to a person")
    if advised.has_fired(rule, command.mode, said.id, command.since):
        raise Refused(f"rule '{rule}' has dealt with advice {said.id} already")
    if advised.fired(rule, command.mode, now) >= command.per_hour:
        raise Refused(f"rule '{rule}' has fired {command.per_hour} times in this hour: that is its limit")
    what = (said.id, said.kind, said.about, said.title)
    fired = RuleFired(now, command.id, rule, said.workspace, *what, command.mode, command.act, command.taking)
    if command.mode != ACT:
        return [fired]
    before = _named(advised, said, now)
    _check_takable(advised.get(said.id), f"rule {rule}")
    taken = AdviceTaken(now, *_who(said), command.taking, f"rule {rule}", rule, command.act, command.measure)
    return [*before, fired, taken]


def _who(said: Said) -> tuple[str, str, str, str, str]:
    return said.id, said.workspace, said.kind, said.about, said.title


def _given(said: Said, now: float) -> AdviceGiven:
    return AdviceGiven(now, *_who(said), said.words, said.score, said.href)


def _named(advised: Advised, said: Said, now: float) -> list[AdviceEvent | RuleEvent]:
    """That it was given, where nobody has said so yet: without a server nobody watches."""
    return [] if advised.get(said.id) is not None else [_given(said, now)]


def _may_be_given(known: Standing | None, now: float) -> bool:
    """An overruled one stays away, a snoozed one until its time; a taken one that did not make it go away comes back."""
    if known is None or known.state is Stand.TAKEN:
        return True
    return known.state is Stand.SNOOZED and known.until is not None and known.until <= now


def _check_takable(known: Standing | None, by: str) -> None:
    if known is not None and known.state is Stand.TAKEN:
        raise Refused(f"{'you have' if known.by == by else f'{known.by} has'} taken it already")
    if known is not None and known.state is Stand.OVERRULED:
        raise Refused(f"{known.by} has overruled it{_why(known.reason)}; reopen it first")


def _check_first(known: Standing | None, by: str) -> None:
    if (
        known is not None
        and known.by
        and known.by != by
        and known.state in (Stand.SNOOZED, Stand.OVERRULED, Stand.TAKEN)
    ):
        raise Refused(f"{known.by} has {known.state} it already{_why(known.reason)}")


def _known_firing(advised: Advised, id: str) -> Firing:
    firing = advised.firing(id)
    if firing is None:
        raise NotFound(f"there is no firing '{id[:40]}' that is remembered; see `callboard insights rules`")
    return firing


def _why(reason: str) -> str:
    return f": {reason}" if reason else ""
