"""What is advised about cases: look at a proposed fix, find out, hand over, put aside what is flaky, decide anew."""

from collections.abc import Iterator

from callboard.insight.advice_drafts import DAY, NO_GAIN, Draft, Risk, count, lasting, percent
from callboard.insight.advice_facts import Act, CaseFact, Facts
from callboard.insight.advice_measures import Measure

STUCK_S = DAY
SOON_S = 3 * DAY
FLAKY_LEAST, FLAKY_MOST, FLAKY_RUNS = 0.02, 0.9, 5
WORKED_ON = ("assigned", "reproducing", "verifying")


def of_cases(facts: Facts) -> Iterator[Draft]:
    """At most one advice for each case: what is next for it."""
    for case in facts.cases:
        draft = _of_case(case, facts.now)
        if draft is not None:
            yield draft


def _of_case(case: CaseFact, now: float) -> Draft | None:
    if case.state == "accepted":
        return _expiring(case, now) if case.until is not None and case.until - now <= SOON_S else None
    if case.patch is not None and case.state == "fix-proposed":
        return _fix(case)
    if _is_flaky(case):
        return _flaky(case)
    if case.state == "cannot-reproduce":
        return _unclear(case, now)
    if case.state in ("new", "triaged") and not case.looked and not case.assignee:
        return _mend(case) if case.static else _find_out(case)
    if case.state in ("new", "triaged") and not case.assignee:
        return _hand_over(case)
    if case.state in WORKED_ON and now - max(case.moved, case.opened) >= STUCK_S:
        return _stuck(case, now)
    return None


def _is_flaky(case: CaseFact) -> bool:
    known = case.flaky is not None and case.flaky_runs >= FLAKY_RUNS
    return (
        known and FLAKY_LEAST <= (case.flaky or 0.0) <= FLAKY_MOST and case.state not in ("fix-proposed", "verifying")
    )


def _fix(case: CaseFact) -> Draft:
    act = Act(
        f"Accept patch {case.patch}", "POST", f"/patches/{case.patch}/accept", {}, f"callboard patch accept {case.patch}",
        "accept-patch", Act(f"Undo patch {case.patch}", "POST", f"/patches/{case.patch}/undo", {},
                            f"callboard patch undo {case.patch}", "undo-patch"),
    )  # fmt: skip
    words = case.fix_words or "a patch is proposed for it"
    return _draft(
        case, "case-fix", f"Look at the fix for {case.name}: {case.title}",
        f"{_cap(words)}. It changes nothing until you accept it.",
        (act,), Risk("medium", "The patch changes files of the workspace; it can be undone, and is taken back if it makes things "
                               "worse."), weights=(("ready", 8.0, "a fix lies ready"),),
        evidence=((f"Patch {case.patch}", f"/patches/{case.patch}"),),
    )  # fmt: skip


def _flaky(case: CaseFact) -> Draft:
    rate = case.flaky or 0.0
    act = Act(
        f"Propose to quarantine it ({case.name})", "POST", f"/cases/{case.id}/investigate", {"what": "fix"},
        f"callboard case investigate {case.id} fix", "quarantine",
    )  # fmt: skip
    said = case.flaky_words or f"it came out bad in {percent(rate)} of {case.flaky_runs} runs of the same code"
    return _draft(
        case, "case-flaky", f"Put the flaky {case.title} aside",
        "It blocks work though nothing is broken for sure: in quarantine it is still run and counted, and blocks nothing.",
        (act, _investigate(case, "reproduce")),
        Risk("low", "While it is quarantined, a real break of it is shown and stops nothing."),
        reasons=(f"{_cap(said)}.",), measure=Measure("case-quiet", case.checks[0] if case.checks else case.name),
    )  # fmt: skip


def _find_out(case: CaseFact) -> Draft:
    return _draft(
        case, "case-investigate", f"Find out about {case.name}: {case.title}",
        "Nobody has looked at it yet: it is reproduced, narrowed down and bisected in a worktree of its own.",
        (_investigate(case, "auto"), _assign(case)),
        Risk("none", "It runs in worktrees at low priority and changes no file of yours."),
    )  # fmt: skip


def _mend(case: CaseFact) -> Draft:
    return _draft(
        case, "case-mend", f"Have {case.name} mended: {case.title}",
        "Tools saw it in a file: nothing has to be run again. An agent proposes a patch if one can, or somebody takes it.",
        (_investigate(case, "fix"), _assign(case)),
        Risk("none", "A patch is only proposed: nothing changes until a person accepts it."),
    )  # fmt: skip


def _hand_over(case: CaseFact) -> Draft:
    known = (f"{_cap(case.broken_by)}.",) if case.broken_by else ()
    return _draft(
        case, "case-assign", f"Give {case.name} to somebody: {case.title}",
        "It was looked at and nobody has it: it goes to the agent that can act on it, or else to a person.",
        (_assign(case), _investigate(case, "fix")), Risk("low", "It can be given to somebody else at any time."), reasons=known,
    )  # fmt: skip


def _stuck(case: CaseFact, now: float) -> Draft:
    since = lasting(now - max(case.moved, case.opened))
    who = f" with {case.assignee}" if case.assignee else ""
    acts = (
        (_assign(case), _investigate(case, "auto")) if case.assignee_kind != "person" else (_investigate(case, "auto"),)
    )
    return _draft(
        case, "case-stuck", f"{case.name} has not moved for {since}{who}: {case.title}",
        f"It is {case.state}, and nothing has happened since. Ask{who or ' around'}, or give it to somebody else.", acts,
        Risk("low", "It can be given back at any time."), reasons=(f"It is {case.state} since {since}{who}.",),
    )  # fmt: skip


def _unclear(case: CaseFact, now: float) -> Draft:
    return _draft(
        case, "case-unclear", f"Decide about {case.name}, which could not be reproduced: {case.title}",
        "It was run again and did not fail. Run it more often, or accept it until a day: it should not stand open for nothing.",
        (_investigate(case, "reproduce"),), Risk("none", "It is only run again, in a worktree of its own."),
        reasons=(f"It could not be reproduced; it was seen {count(case.times, 'time')}, last {lasting(now - case.seen)} ago.",),
    )  # fmt: skip


def _expiring(case: CaseFact, now: float) -> Draft:
    left = (case.until or now) - now
    when = f"in {lasting(left)}" if left > 0 else f"since {lasting(-left)}"
    who = f" by {case.accepted_by}" if case.accepted_by else ""
    return _draft(
        case, "case-expiring", f"{case.name} was accepted{who} and counts again {when}: {case.title}",
        "Its day comes: have it mended before, or accept it anew with a reason.",
        (_investigate(case, "fix"), _assign(case)), Risk("low", "Nothing is changed without a person's word."),
        reasons=(f"It counts again {when}.",), severity="low",
    )  # fmt: skip


def _investigate(case: CaseFact, what: str) -> Act:
    title = {
        "auto": "Investigate",
        "reproduce": "Run it again to tell flaky from broken",
        "fix": "Have a fix proposed",
    }[what]
    return Act(
        f"{title} ({case.name})", "POST", f"/cases/{case.id}/investigate", {"what": what},
        f"callboard case investigate {case.id} {what}", "investigate",
    )  # fmt: skip


def _assign(case: CaseFact) -> Act:
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


def _draft(
    case: CaseFact,
    kind: str,
    title: str,
    words: str,
    acts: tuple[Act, ...],
    risk: Risk,
    *,
    reasons: tuple[str, ...] = (),
    evidence: tuple[tuple[str, str], ...] = (),
    weights: tuple[tuple[str, float, str], ...] = (),
    measure: Measure | None = None,
    severity: str = "",
) -> Draft:
    """All that holds for advice about any case."""
    said = [*reasons, f"{_cap(case.severity)} severity, priority {case.priority:.0f} of 100."]
    if case.cause:
        said.append(f"{_cap(case.cause)}.")
    if case.symptoms > 1 or case.times > 1:
        said.append(f"{count(case.symptoms, 'symptom')} seen {count(case.times, 'time')}.")
    if case.blocks_words:
        said.append(f"{_cap(case.blocks_words)}.")
    if case.reopened:
        said.append(f"It came back {count(case.reopened, 'time')} after it had been closed.")
    freed = f"It would free what waits: {case.blocks_words}. In seconds that is not known."
    places = (*evidence, (f"{case.name}: {case.title}", f"/cases/{case.id}"))
    return Draft(
        kind=kind, about=case.about, title=title, words=words, severity=severity or case.severity, reasons=tuple(said),
        evidence=places, href=f"/cases/{case.id}", risk=risk, measure=measure or Measure("case", str(case.id)), acts=acts,
        no_gain=freed if case.blocks and case.blocks_words else NO_GAIN,
        weights=(("case", round(case.priority * 0.25, 1), f"priority {case.priority:.0f} of the case"), *weights),
        waits_since=case.opened, blocks=case.blocks, blocks_words=case.blocks_words, case=case.id, state=case.state,
        agents=case.agents, jobs=case.checks,
    )  # fmt: skip


def _cap(words: str) -> str:
    said = words.rstrip(". ")
    return f"{said[:1].upper()}{said[1:]}"
