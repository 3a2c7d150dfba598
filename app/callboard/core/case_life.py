"""When a symptom is gone, when a case closes, and how it came to that: written rules, by value.

A case closes only when every check that saw a symptom looked again, at other code or settings than when it was seen last or
with an accepted fix, and did not report it. The same code without it is evidence that it is flaky, and closes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callboard.core.case_facts import OF_THE_WORLD, Symptom
from callboard.core.cases import Case
from callboard.core.task import NO_OPTIONS


class Sign(StrEnum):
    """What a look that did not report a symptom says of it."""

    GONE = "gone"
    FLAKY = "flaky"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Parting:
    """A check looked again and did not report these symptoms (keys) of a case.

    `code` names the code and settings that it looked at, '' when nobody can tell; `fixed` says that a fix was accepted since.
    `commit` and `subject` are what git said there.
    """

    case: int
    symptoms: tuple[str, ...]
    words: str
    code: str = ""
    fixed: bool = False
    in_run: int = 0
    in_task: str = ""
    commit: str = ""
    subject: str = ""


def sign_of(symptom: Symptom, code: str, fixed: bool) -> Sign:
    """What it means that a look at this code did not report the symptom."""
    if fixed or symptom.kind in OF_THE_WORLD:
        return Sign.GONE
    if not code or not symptom.code:
        return Sign.UNSURE
    return Sign.FLAKY if code == symptom.code else Sign.GONE


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a case came to be closed: 'patch', 'commit', 'by hand', 'gone by itself'; `what` is the same for the same remedy."""

    kind: str
    words: str
    what: str = ""
    facts: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)

    @property
    def row(self) -> dict[str, Any]:
        """As an event carries it."""
        return {"kind": self.kind, "words": self.words, "what": self.what or self.words, **self.facts}


def resolution_of(case: Case, last: Parting) -> Resolution:
    """What made the last symptom of a case go: a fix that stands, else a new commit or change, else nothing that anybody knows."""
    tried = case.known.get("fix-tried")
    back = case.known.get("taken-back")
    if tried is not None and (back is None or back.at < tried.at) and tried.facts.get("ok", True):
        what = str(tried.facts.get("what") or tried.words)
        facts = {name: tried.facts[name] for name in ("patch", "href") if tried.facts.get(name)}
        return Resolution("patch", tried.words, what, facts)
    kinds = {symptom.kind for symptom in case.symptoms.values()}
    if last.commit and last.commit not in _commits(case, last) and not kinds <= set(OF_THE_WORLD):
        subject = f": {last.subject}" if last.subject else ""
        return Resolution("commit", f"commit {last.commit[:10]}{subject}", "a commit", {"commit": last.commit})
    if last.code and not kinds <= set(OF_THE_WORLD):
        return Resolution("commit", "a change that was not committed", "a change")
    return Resolution("gone by itself", "it went without anything that Callboard knows of", "gone by itself")


def _commits(case: Case, last: Parting) -> set[str]:
    """The commits at which what went had been seen last: a look at one of them owes nothing to that commit."""
    return {case.symptoms[key].code.partition(" ")[0] for key in last.symptoms if key in case.symptoms}


def closing_words(case: Case, last: Parting) -> str:
    """Why it is closed, with the checks that looked."""
    checks = case.checks
    shown = ", ".join(checks[:4]) + (f" and {len(checks) - 4} more" if len(checks) > 4 else "")
    return f"each check that saw it looked again and did not report it ({shown}); the last: {last.words.rstrip('.')}"
