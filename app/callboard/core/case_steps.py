"""What comes next for a case that is looked into: a written order, by value. Nothing is started here.

reproduce → narrow or bisect → propose a fix → try it in a copy → a person accepts it → verify → closed by the closing rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callboard.core.case_facts import CaseState, Noted
from callboard.core.cases import Case

GONE = ("gone",)
UNTOLD = ("environment", "unknown")


class Step(StrEnum):
    """What is done for a case; each is an ordinary run."""

    REPRODUCE = "reproduce"
    NARROW = "narrow"
    BISECT = "bisect"
    FIX = "fix"
    TRY = "try"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Able:
    """What could be done for a case now.

    `reruns` says why its failure cannot be run again, '' when it can. `narrows` and `bisects` are '' or why not. `done` are the
    steps for which a run was started since the case was opened, those of fixes counted in `tries`. `patch` is the state of the
    patch that was proposed ('' for none). `offers` are fixes that were not tried yet, None while nobody was asked.
    """

    reruns: str = ""
    narrows: str = ""
    bisects: str = ""
    done: frozenset[Step] = frozenset()
    patch: str = ""
    tries: int = 0
    most_tries: int = 3
    fixes: bool = True
    offers: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """The next step, or with None why there is none; `person` says that somebody must decide, `ask` that offers are wanted."""

    step: Step | None
    words: str
    person: bool = False
    ask: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


def fresh(case: Case, kind: str) -> Noted | None:
    """The newest note of a kind since the case was opened the last time."""
    note = case.known.get(kind)
    return note if note is not None and note.at >= case.opened else None


def next_step(case: Case, able: Able) -> Next:
    """What follows for an open case."""
    if case.state is CaseState.ACCEPTED:
        return Next(None, f"{case.accepted_by} accepted it")
    seen = fresh(case, "verified")
    looked = seen.facts.get("where") if seen is not None and seen.facts.get("patch") == _patch(case) else ""
    if able.patch == "accepted":
        if Step.VERIFY not in able.done and looked != "workspace":
            return Next(Step.VERIFY, "its fix was accepted: every check that saw it looks again")
        if looked == "workspace" and seen is not None and seen.facts.get("ok") is False:
            return _mend_the_rest(case, able)
        return Next(None, "its fix was accepted and is watched")
    if case.assignee is not None and case.assignee.kind == "person":
        return Next(None, f"{case.assignee.words} has it", person=True)
    proposed = fresh(case, "fix-proposed")
    if proposed is not None and able.patch == "proposed":
        patch = proposed.facts.get("patch")
        if Step.TRY not in able.done and not looked:
            return Next(Step.TRY, f"patch {patch} is tried in a copy before it is offered", facts=proposed.facts)
        if seen is None or not looked or seen.facts.get("ok") is not False:
            return Next(None, f"patch {patch} waits for a person", person=True)
    return _looked_into(case, able) or _mend(case, able)


def _mend_the_rest(case: Case, able: Able) -> Next:
    """The accepted fix did not mend all of it: another one is looked for, on top of it."""
    if case.assignee is not None and case.assignee.kind == "person":
        return Next(None, f"{case.assignee.words} has it", person=True)
    following = _mend(case, able)
    if following.step is not None or following.ask:
        return following
    words = f"patch {_patch(case)} is in the workspace and did not mend all of it; {following.words}"
    return Next(None, words, person=True)


def _patch(case: Case) -> object:
    proposed = fresh(case, "fix-proposed")
    return proposed.facts.get("patch") if proposed is not None else None


def _looked_into(case: Case, able: Able) -> Next | None:
    """Reproducing, narrowing and bisecting; None when that is over and a fix may be looked for."""
    found = fresh(case, "reproduced")
    if found is None or (found.facts.get("cut") and Step.REPRODUCE not in able.done):
        if able.reruns or Step.REPRODUCE in able.done:
            return None
        return Next(Step.REPRODUCE, "it is run again, to tell broken from flaky")
    verdict = str(found.facts.get("verdict", ""))
    if verdict in GONE:
        return Next(None, "it did not happen again; it closes when its checks look at other code and do not see it")
    if verdict in UNTOLD:
        return Next(None, f"a person must look: {found.words}", person=True)
    if verdict != "broken":
        return None
    if not able.narrows and Step.NARROW not in able.done and fresh(case, "narrowed") is None:
        return Next(Step.NARROW, "the smallest that fails is looked for")
    if not able.bisects and Step.BISECT not in able.done and fresh(case, "bisected") is None:
        return Next(Step.BISECT, "the commit that broke it is looked for")
    return None


def _mend(case: Case, able: Able) -> Next:
    if not able.fixes:
        return Next(None, "fixes are proposed when they are asked for: [cases] fixes is false", person=True)
    if able.tries >= able.most_tries:
        return Next(None, f"{able.tries} fixes were tried", person=True)
    if able.offers is None:
        return Next(None, "the plugins are asked for fixes", ask=True)
    if not able.offers:
        more = "no other fix is known" if able.tries else "no plugin knows a fix"
        return Next(None, f"{more}; somebody must mend it", person=True)
    return Next(Step.FIX, f"a fix is made as a patch: {able.offers[0]['words']}", facts=able.offers[0])
