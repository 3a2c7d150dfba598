"""What a control is, and what it may say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from callboard.api import Severity
from callboard_security.controls.scene import Evidence, Scene


class State(StrEnum):
    """How a control stands. UNKNOWN is whatever could not be judged: it is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """State, the reason in one sentence, and what was seen; of an unknown one `settle` says what would settle it."""

    state: State
    why: str
    evidence: tuple[Evidence, ...] = ()
    settle: str = ""


def held(why: str, evidence: Sequence[Evidence]) -> Judgement:
    """It holds. Raises ValueError without evidence: nothing passes for nothing seen."""
    if not evidence:
        raise ValueError(f"a control passes without evidence: {why}")
    return Judgement(State.PASS, why, tuple(evidence))


def broken(why: str, evidence: Sequence[Evidence] = ()) -> Judgement:
    """It does not hold."""
    return Judgement(State.FAIL, why, tuple(evidence))


def open_(why: str, settle: str, evidence: Sequence[Evidence] = ()) -> Judgement:
    """It cannot be judged."""
    return Judgement(State.UNKNOWN, why, tuple(evidence), settle)


@dataclass(frozen=True, slots=True)
class Control:
    """One promise that a team makes. `owasp` are items of the Top 10 of 2021, `soc2` criteria, `gdpr` articles.

    `area` names files by which an owner is looked up when the evidence names none.
    """

    name: str
    title: str
    group: str
    judge: Callable[[Scene], Judgement]
    mend: str
    owasp: tuple[str, ...] = ()
    soc2: tuple[str, ...] = ()
    gdpr: tuple[str, ...] = ()
    severity: Severity = Severity.MEDIUM
    area: str = ""

    @property
    def mapping(self) -> str:
        """'A03:2021, CC8.1, GDPR Art. 32'."""
        return ", ".join([*self.owasp, *self.soc2, *(f"GDPR {article}" for article in self.gdpr)])
