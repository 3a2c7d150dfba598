"""What is advised about cases: accept what mends them, take what an agent offers, look, find out, hand over, decide anew."""

from collections.abc import Iterator, Mapping

from callboard.insight.advice_case_acts import (
    about_case,
    assign,
    cap,
    draft_of,
    investigate,
    place_words,
    take_over,
    why_first,
)
from callboard.insight.advice_drafts import DAY, Draft, Risk, count, lasting, percent
from callboard.insight.advice_facts import Act, CaseFact, Facts, PatchFact
from callboard.insight.advice_measures import Measure

STUCK_S = DAY
SOON_S = 3 * DAY
FLAKY_LEAST, FLAKY_MOST, FLAKY_RUNS = 0.02, 0.9, 5
WORKED_ON = ("assigned", "reproducing", "verifying")
LOOKED_INTO = ("reproducing", "verifying")
LONGEST_HELP, LEAST_WORD = 60, 4


def of_cases(facts: Facts) -> Iterator[Draft]:
    """One advice for each patch that mends cases, and at most one for each other case: what is next for it."""
    by_patch = patched(facts)
    mended = {case.id for _, cases in by_patch.values() for case in cases}
    for number, (patch, cases) in by_patch.items():
        yield _fix(number, patch, cases)
    for case in facts.cases:
        draft = _of_case(case, facts.now) if case.id not in mended else None
        if draft is not None:
            yield draft


def patched(facts: Facts) -> Mapping[int, tuple[PatchFact | None, list[CaseFact]]]:
    """The patches that wait for a word and mend cases, by number, each with these cases, the one that matters most first."""
    found: dict[int, tuple[PatchFact | None, list[CaseFact]]] = {}
    known = {case.id: case for case in facts.cases if case.state != "accepted"}
    for patch in facts.patches:
        cases = [known[case] for case in patch.cases if case in known]
        if cases:
            found[patch.number] = (patch, cases)
    for case in known.values():
        if case.patch is not None and case.state == "fix-proposed":
            _, cases = found.setdefault(case.patch, (None, []))
            if case not in cases:
                cases.append(case)
    for _, cases in found.values():
        cases.sort(key=lambda case: (-case.priority, case.id))
    return found


def _of_case(case: CaseFact, now: float) -> Draft | None:
    if case.state == "accepted":
        return _expiring(case, now) if case.until is not None and case.until - now <= SOON_S else None
    if _is_flaky(case):
        return _flaky(case)
    if case.state == "cannot-reproduce":
        return _unclear(case, now)
    if case.state in WORKED_ON and now - max(case.moved, case.opened) >= STUCK_S:
        return _stuck(case, now)
    if case.state in LOOKED_INTO and case.blocks and not case.assignee:
        return _look(case)
    if case.state not in ("new", "triaged") or case.assignee:
        return None
    if case.offers:
        return _mend(case)
    if case.static or case.not_again:
        return _look(case)
    return _hand_over(case) if case.looked else _find_out(case)


def _is_flaky(case: CaseFact) -> bool:
    known = case.flaky is not None and case.flaky_runs >= FLAKY_RUNS
    return (
        known and FLAKY_LEAST <= (case.flaky or 0.0) <= FLAKY_MOST and case.state not in ("fix-proposed", "verifying")
    )


def _fix(number: int, patch: PatchFact | None, cases: list[CaseFact]) -> Draft:
    first = cases[0]
    others = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
    mends = "it mends" if patch is None or patch.sure else "it changes the lines of"
    proof = (patch.words if patch is not None else "") or first.fix_words or "a patch is proposed for it"
    some = ", ".join(f"C{case}" for case in patch.part[:5]) if patch is not None else ""
    ready = (
        ("ready", 22.0 if patch is None or patch.sure else 12.0, "a patch lies ready"),
        ("mends", min(8.0, 2.0 * len(cases) - 2), f"for {count(len(cases), 'case')}"),
    )
    blocker = max(cases, key=lambda case: case.blocks)
    return draft_of(
        first, "case-fix", f"Accept patch {number}: {mends} {first.name}{others}",
        f"Look at the patch first. {cap(proof)}. It changes nothing until you accept it: `callboard patch accept {number}`.", (),
        Risk("medium", "The patch changes files of the workspace; it can be undone, and is taken back if it makes things worse."),
        about=f"patch {number}", href=f"/patches/{number}", reasons=(f"It changes a part of {some} too.",) if some else (),
        evidence=((f"Patch {number}", f"/patches/{number}"), *(about_case(case) for case in cases[1:10])),
        weights=ready, blocker=blocker,
    )  # fmt: skip


def _flaky(case: CaseFact) -> Draft:
    rate = case.flaky or 0.0
    act = Act(
        f"Propose to quarantine it ({case.name})", "POST", f"/cases/{case.id}/investigate", {"what": "fix"},
        f"callboard case investigate {case.id} fix", "quarantine",
    )  # fmt: skip
    said = case.flaky_words or f"it came out bad in {percent(rate)} of {case.flaky_runs} runs of the same code"
    return draft_of(
        case, "case-flaky", f"Put flaky {case.name} aside: {case.title}",
        "Nothing is broken for sure: in quarantine it is still run and counted, and blocks nothing.",
        (*((act,) if case.offers else ()), *(() if case.not_again else (investigate(case, "reproduce"),)), take_over(case)),
        Risk("low", "While it is quarantined, a real break of it is shown and stops nothing."),
        reasons=(f"{cap(said)}.",), measure=Measure("case-quiet", case.checks[0] if case.checks else case.name),
    )  # fmt: skip


def _find_out(case: CaseFact) -> Draft:
    stops = f"{case.name} stops {case.stopped}, find out why" if case.stopped else f"Find out about {case.name}"
    return draft_of(
        case, "case-investigate", f"{stops}: {case.title}",
        "Nobody has looked at it yet: it is reproduced, narrowed down and bisected in a worktree of its own.",
        (investigate(case, "auto"), assign(case)),
        Risk("none", "It runs in worktrees at low priority and changes no file of yours."), fold=True,
    )  # fmt: skip


def _mend(case: CaseFact) -> Draft:
    offer = case.offers[0]
    more = f" {count(len(case.offers) - 1, 'other fix', 'other fixes')} are offered." if len(case.offers) > 1 else ""
    return draft_of(
        case, "case-mend", f"Have {offer.agent} mend {case.name}: {offer.words}",
        f"{cap(case.title)}. {offer.agent} offers to {offer.words}, by {offer.action}.{more}",
        (investigate(case, "fix"), take_over(case)),
        Risk("none", "A patch is only proposed: nothing changes until a person accepts it."),
        reasons=(f"{offer.agent} was asked and offers it.", *place_words(case)),
        weights=(("offered", 4.0, f"{offer.agent} offers a fix"),), fold=True,
    )  # fmt: skip


def _clause(case: CaseFact) -> str:
    """What the tool says that helps, where that is short and speaks of what the title speaks of; else ''."""
    clause = case.help.partition(";")[0].partition(". ")[0].strip().rstrip(".")
    if len(clause) > LONGEST_HELP or "://" in clause or clause.lower() in case.title.lower():
        return ""
    said, named = ({word for word in text.lower().split() if len(word) >= LEAST_WORD} for text in (clause, case.title))
    return clause if said & named else ""


def _look(case: CaseFact) -> Draft:
    """What a person needs for a case that no agent mends and that running again tells nothing about."""
    clause = _clause(case)
    said = cap(case.help)
    by = case.tools[0] if case.tools else "the tool"
    helps = f"What {by} says of it stands at {said}. " if "://" in said and " " not in said else ""
    if said and not helps:
        helps = f"What helps, as {by} says: {said}. "
    if case.stopped:
        title = f"{case.name} stops {case.stopped}: {case.title}"
    elif len(case.checks) > 1 and case.cause:
        title = f"Look at {case.name}: {case.cause}"
    elif clause:
        title = f"{case.name}: {clause} ({case.title})"
    else:
        title = f"Look at {case.name}: {case.title}"
    if case.state in LOOKED_INTO:
        return draft_of(
            case, "case-look", title, f"{helps}{cap(case.next)}: what it says is at the case. First because {why_first(case)}.",
            (take_over(case),), Risk("none", "It says whose it is; it can be given to somebody else at any time."),
            reasons=place_words(case),
        )  # fmt: skip
    offered = "no agent offers a fix" if case.asked else "no fix is known"
    again = f" It cannot be run again: {case.not_again}." if case.not_again and not case.static else ""
    return draft_of(
        case, "case-look", title,
        f"{helps}{cap(offered)}, so somebody has to look.{again} First because {why_first(case)}.",
        (take_over(case), assign(case)), Risk("none", "It says whose it is; it can be given to somebody else at any time."),
        reasons=place_words(case), fold=True,
    )  # fmt: skip


def _hand_over(case: CaseFact) -> Draft:
    known = (f"{cap(case.broken_by)}.",) if case.broken_by else ()
    return draft_of(
        case, "case-assign", f"{case.name} stops {case.stopped}: {case.title}" if case.stopped
        else f"Give {case.name} to somebody: {case.title}",
        " ".join(f"{cap(said)}." for said in ("It was looked into and nobody has it", case.owner_why, case.next) if said),
        (take_over(case) if case.owner_kind == "person" else assign(case),),
        Risk("low", "It can be given to somebody else at any time."), reasons=(*known, *place_words(case)), fold=True,
    )  # fmt: skip


def _stuck(case: CaseFact, now: float) -> Draft:
    since = lasting(now - max(case.moved, case.opened))
    who = f" with {case.assignee}" if case.assignee else ""
    again = () if case.static or case.not_again else (investigate(case, "auto"),)
    acts = again if case.assignee_kind == "person" else (assign(case), *again)
    return draft_of(
        case, "case-stuck", f"{case.name} has not moved for {since}{who}: {case.title}",
        f"It is {case.state}, and nothing has happened since. Ask{who or ' around'}, or give it to somebody else.", acts,
        Risk("low", "It can be given back at any time."), reasons=(f"It is {case.state} since {since}{who}.",),
    )  # fmt: skip


def _unclear(case: CaseFact, now: float) -> Draft:
    return draft_of(
        case, "case-unclear", f"Decide about {case.name}, which could not be reproduced: {case.title}",
        "It was run again and did not fail. Run it more often, or accept it until a day: it should not stand open for nothing.",
        (investigate(case, "reproduce"),), Risk("none", "It is only run again, in a worktree of its own."),
        reasons=(f"It could not be reproduced; it was seen {count(case.times, 'time')}, last {lasting(now - case.seen)} ago.",),
    )  # fmt: skip


def _expiring(case: CaseFact, now: float) -> Draft:
    left = (case.until or now) - now
    when = f"in {lasting(left)}" if left > 0 else f"since {lasting(-left)}"
    who = f" by {case.accepted_by}" if case.accepted_by else ""
    acts = (investigate(case, "fix"), take_over(case)) if case.offers else (take_over(case),)
    return draft_of(
        case, "case-expiring", f"{case.name} was accepted{who} and counts again {when}: {case.title}",
        "Its day comes: have it mended before, or accept it anew with a reason.", acts,
        Risk("low", "Nothing is changed without a person's word."), reasons=(f"It counts again {when}.",), severity="low",
    )  # fmt: skip
