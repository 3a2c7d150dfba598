"""What all advice about cases has in common: its acts, where the case is, why it comes first, and the parts of a draft."""

from urllib.parse import quote

from callboard.insight.advice_drafts import NO_GAIN, Draft, Risk, count
from callboard.insight.advice_facts import Act, CaseFact
from callboard.insight.advice_measures import Measure

TITLES = {
    "auto": "Investigate {}",
    "reproduce": "Run {} again",
    "fix": "Have a fix of {} proposed",
}
GATE, MOST_SPREAD = 14.0, 14.0


def investigate(case: CaseFact, what: str) -> Act:
    """A run for the case."""
    return Act(
        TITLES[what].format(case.name), "POST", f"/cases/{case.id}/investigate", {"what": what},
        f"callboard case investigate {case.id} {what}", "investigate",
    )  # fmt: skip


def assign(case: CaseFact) -> Act:
    """Gives it to who can act on it, by the rule of cases."""
    undo = None
    if case.assignee:
        to = f"@{case.assignee}" if case.assignee_kind == "person" else case.assignee
        undo = Act(
            f"Give {case.name} back to {case.assignee}", "POST", f"/cases/{case.id}/assign", {"to": to, "reason": "taken back"},
            f"callboard case assign {case.id} --to {to}", "assign",
        )  # fmt: skip
    return Act(
        f"Assign {case.name}", "POST", f"/cases/{case.id}/assign", {"to": "auto", "reason": "advised"},
        f"callboard case assign {case.id} --to auto", "assign", undo,
    )  # fmt: skip


def take_over(case: CaseFact) -> Act:
    """Gives it to the person who is known to have broken it, else to who takes the advice."""
    if case.owner_kind == "person" and case.owner:
        to, title = f"@{case.owner}", f"Give {case.name} to {case.owner}"
    else:
        to, title = "me", f"Take {case.name}"
    command = f"callboard case assign {case.id} --to {quote(to, safe='@') if ' ' not in to else repr(to)}"
    return Act(title, "POST", f"/cases/{case.id}/assign", {"to": to, "reason": "advised"}, command, "take")


def about_case(case: CaseFact) -> tuple[str, str]:
    """The words and the page of a case."""
    return f"{case.name}: {case.title}", f"/cases/{case.id}"


def place_words(case: CaseFact) -> tuple[str, ...]:
    """Where it is, who saw it, and who should have it."""
    place = (f"It is in {case.place}.",) if case.place else ()
    seen = (
        (f"Seen by {', '.join(case.checks[:4])}{' and more' if len(case.checks) > 4 else ''}.",) if case.checks else ()
    )
    who = (f"Who: {case.owner_why}.",) if case.owner_why else ()
    return (*place, *seen, *who)


def why_first(case: CaseFact) -> str:
    """Why it comes where it does, in words."""
    parts = [f"it is {case.severity}"]
    if case.blocks and case.blocks_words:
        parts.insert(0, f"it {case.blocks_words}" if case.blocks_words.startswith("blocks") else case.blocks_words)
    if len(case.checks) > 1:
        parts.append(f"{count(len(case.checks), 'check')} saw it")
    if case.reopened:
        parts.append("it came back")
    return ", ".join(parts)


def draft_of(
    case: CaseFact,
    kind: str,
    title: str,
    words: str,
    acts: tuple[Act, ...],
    risk: Risk,
    *,
    about: str = "",
    href: str = "",
    reasons: tuple[str, ...] = (),
    evidence: tuple[tuple[str, str], ...] = (),
    weights: tuple[tuple[str, float, str], ...] = (),
    measure: Measure | None = None,
    severity: str = "",
    blocker: CaseFact | None = None,
    fold: bool = False,
) -> Draft:
    """All that holds for advice about any case; with `fold`, many alike become one. `blocker` is the case that holds up most."""
    holds = blocker or case
    said = [*reasons, f"{cap(case.severity)} severity, priority {case.priority:.0f} of 100."]
    if case.cause:
        said.append(f"{cap(case.cause)}.")
    if case.symptoms > 1 or case.times > 1:
        said.append(f"{count(case.symptoms, 'symptom')}, seen in {count(case.times, 'run')}.")
    if holds.blocks and holds.blocks_words:
        said.append(f"{cap(holds.blocks_words)}.")
    if case.reopened:
        said.append(f"It came back {count(case.reopened, 'time')} after it had been closed.")
    freed = f"It would free what waits: {holds.blocks_words}. In seconds that is not known."
    factors = [("case", round(case.priority * 0.25, 1), f"priority {case.priority:.0f} of the case"), *weights]
    if holds.stopped:
        factors.append(("stops", GATE, f"{holds.stopped} cannot go on"))
    checks = len(case.checks)
    if checks > 1:
        factors.append(("spread", min(MOST_SPREAD, 4.0 * (checks.bit_length() - 1)), f"{checks} checks saw it"))
    alike = (
        f"{kind}\n{case.severity}\n{case.agents[0] if case.agents else ''}"
        if fold and not (holds.blocks or holds.stopped)
        else ""
    )
    return Draft(
        kind=kind, about=about or case.about, title=title, words=words, severity=severity or case.severity, reasons=tuple(said),
        evidence=(*evidence, about_case(case)), href=href or f"/cases/{case.id}", risk=risk,
        measure=measure or Measure("case", str(case.id)), acts=acts,
        no_gain=freed if holds.blocks and holds.blocks_words else NO_GAIN, weights=tuple(factors),
        waits_since=case.opened, blocks=holds.blocks, blocks_words=holds.blocks_words, case=case.id, state=case.state,
        agents=case.agents, jobs=case.checks, spread=checks, alike=alike,
    )  # fmt: skip


def cap(words: str) -> str:
    """With a capital letter and no full stop; an address stays as it is."""
    said = words.strip().rstrip(". ")
    return said if "://" in said.partition(" ")[0] else f"{said[:1].upper()}{said[1:]}"
