"""Whether a fix helped, and whether it made things worse: looks before and after it, compared by value."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from callboard.core.case_facts import LEVELS, Symptom

PASSED, FAILED, UNTOLD = "pass", "fail", "unknown"
UNSTEADY = ("test-flaky", "test-quarantined")
GRAVE = ("critical", "high", "medium")
MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of a look, as far as it counts here."""

    fingerprint: str
    rule: str
    severity: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a check: 'pass', 'fail' or 'unknown', what it found, and where ('12.3')."""

    check: str
    verdict: str
    found: Sequence[Seen] = ()
    task: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the looks after a fix say: symptoms (keys) that are gone or left, checks that could not tell, and what is worse."""

    gone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def mended(self) -> bool:
        """Every symptom was looked for, and none is there."""
        return bool(self.gone) and not self.left and not self.untold

    @property
    def words(self) -> str:
        """One sentence."""
        said = []
        if self.worse:
            said.append(f"it makes things worse: {'; '.join(self.worse[:MOST_WORDS])}")
        if self.left:
            said.append(f"{len(self.left)} of {len(self.left) + len(self.gone)} symptoms are still there")
        if self.untold:
            said.append(f"could not be told by {', '.join(self.untold[:MOST_WORDS])}")
        if self.maybe:
            said.append(f"also seen, perhaps for another reason: {'; '.join(self.maybe[:MOST_WORDS])}")
        if self.mended and not said:
            return f"{', '.join(self.looked[:MOST_WORDS])} looked again and did not see it"
        return "; ".join(said) or "no check looked"


def judge(
    before: Mapping[str, Look],
    after: Mapping[str, Look],
    symptoms: Collection[Symptom],
    touched: Collection[str],
    *,
    alone: bool,
) -> Judged:
    """Compares by check. `touched` are the paths that the fix changed; `alone` says that nothing else is different.

    Worse is a check that passed before and fails now, and more findings of a rule in a file than before, of medium severity or
    worse. Where something else is different too, only what lies in a touched file counts; the rest is `maybe`. A check that
    nobody saw before, and one that could not tell, say nothing.
    """
    gone, left, untold = [], [], []
    for symptom in symptoms:
        look = after.get(symptom.check)
        if look is None or look.verdict == UNTOLD:
            untold.append(symptom.check)
        elif _is_there(symptom, look):
            left.append(symptom.key)
        else:
            gone.append(symptom.key)
    worse: list[str] = []
    maybe: list[str] = []
    paths = set(touched)
    for check, look in after.items():
        known = before.get(check)
        if known is None or UNTOLD in (known.verdict, look.verdict):
            continue
        fresh = _more(known, look)
        for seen in fresh:
            words = f"{check} sees {seen.rule or 'a failure'} anew" + (f" in {seen.path}" if seen.path else "")
            (worse if alone or seen.path in paths else maybe).append(f"{words}: {seen.title[:200]}")
        if known.verdict == PASSED and look.verdict == FAILED and not fresh:
            said = f"{check} passed before and fails now" + (f" ({look.words[:200]})" if look.words else "")
            (worse if alone else maybe).append(said)
    return Judged(
        tuple(gone), tuple(left), tuple(dict.fromkeys(untold)), tuple(worse), tuple(maybe), tuple(after),
        {check: look.task for check, look in after.items()},
    )  # fmt: skip


def _is_there(symptom: Symptom, look: Look) -> bool:
    if symptom.kind == "task":
        return look.verdict == FAILED
    return any(seen.fingerprint == symptom.fingerprint for seen in look.found)


def _more(before: Look, after: Look) -> list[Seen]:
    """Findings of which there are more than before, by rule and file: a finding whose line was edited is not a new one."""
    had = Counter((seen.rule, seen.path) for seen in before.found)
    known = {seen.fingerprint for seen in before.found}
    found: list[Seen] = []
    for (rule, path), count in Counter((seen.rule, seen.path) for seen in after.found).items():
        if count <= had[rule, path] or rule in UNSTEADY:
            continue
        fresh = [s for s in after.found if (s.rule, s.path) == (rule, path) and s.fingerprint not in known]
        found += [seen for seen in fresh if seen.severity in GRAVE][: count - had[rule, path]]
    return sorted(found, key=lambda seen: LEVELS.index(seen.severity))
