"""All that the page of a case shows beside its row: what helped before, what is like it, what can be done next."""

from collections.abc import Sequence

from callboard.core.case_facts import CaseState
from callboard.core.case_steps import fresh
from callboard.core.cases import Case
from callboard.desk.case_rows import act, may_of
from callboard.record.cases import Remedy
from callboard.rows import Row
from callboard.work.finding import clean

MOST_SUGGESTIONS = 8
SAYS = {
    "patch": "This was mended by a patch: {}",
    "commit": "This went with {}",
    "by hand": "This was closed by a person's word: {}",
    "gone by itself": "This went by itself: {}",
}


def suggestions(case: Case, remedies: Sequence[Remedy]) -> list[Row]:
    """What could be done, what worked most often first; each says how often it was tried here and how often it worked."""
    if not case.is_open:
        return []
    path = f"/cases/{case.id}"
    rows: list[Row] = []
    fix = case.known.get("fix-proposed")
    tried = fresh(case, "fix-tried")
    decided = tried is not None and fix is not None and tried.facts.get("patch") == fix.facts.get("patch")
    if case.state is CaseState.FIX_PROPOSED and fix is not None and fix.facts.get("patch") and not decided:
        number = int(fix.facts["patch"])
        accept = act(f"Accept patch {number}", f"/patches/{number}/accept", {}, f"callboard patch accept {number}")
        rows.append(
            _suggestion(f"Look at patch {number} and accept it: {fix.words}", "fix", 0, 0, f"/patches/{number}", accept)
        )
    for (kind, what), (times, worked, words, cases) in _together(remedies).items():
        said = SAYS.get(kind, "{}").format(words or what)
        again = None
        if kind == "patch":
            again = act(
                "Let an agent propose a fix",
                f"{path}/investigate",
                {"what": "fix"},
                f"callboard case investigate {case.id} fix",
            )
        rows.append(_suggestion(said, "known-fix", worked, times, f"/cases/{cases[0]}" if cases else "", again))
    if case.assignee is None and case.state in (CaseState.NEW, CaseState.TRIAGED):
        give = act(
            "Give it to who can act", f"{path}/assign", {"to": "auto"}, f"callboard case assign {case.id} --to auto"
        )
        rows.append(
            _suggestion("Give it to the agent that can act, or to a person; the reason is shown", "act", 0, 0, "", give)
        )
    rows += _looks(case)
    return rows[:MOST_SUGGESTIONS]


def _looks(case: Case) -> list[Row]:
    """What running it again has left to find out."""
    if case.state in (CaseState.REPRODUCING, CaseState.FIX_PROPOSED, CaseState.VERIFYING):
        return []
    found, proposed = fresh(case, "reproduced"), fresh(case, "fix-proposed")
    verdict = found.facts.get("verdict") if found is not None else None
    what, title, said = "", "", ""
    if found is None or found.facts.get("cut"):
        if any(one.kind in ("test", "task") and not one.gone for one in case.symptoms.values()):
            what, title = "reproduce", "Find out whether it is broken or flaky"
            before = "Nobody has run it again yet" if found is None else "It was cut off when it was run again"
            said = f"{before}: reruns tell whether it is broken or flaky"
    elif verdict == "broken" and fresh(case, "bisected") is None:
        what, title, said = (
            "bisect",
            "Look for the commit that broke it",
            "It is broken, and nobody knows since which commit",
        )
    elif verdict == "flaky" and proposed is None:
        what, title, said = (
            "fix",
            "Propose to set it aside",
            "It is flaky: it can be set aside for a while, as a patch to accept",
        )
    if not what:
        return []
    deed = act(title, f"/cases/{case.id}/investigate", {"what": what}, f"callboard case investigate {case.id} {what}")
    return [_suggestion(said, "act", 0, 0, "", deed)]


def _together(remedies: Sequence[Remedy]) -> dict[tuple[str, str], tuple[int, int, str, list[int]]]:
    """The remedies of all families of a case; of one that served several of them the best count, as it was one case."""
    found: dict[tuple[str, str], tuple[int, int, str, list[int]]] = {}
    for one in remedies:
        tried, worked, words, cases = found.get((one.kind, one.what), (0, 0, one.words, []))
        merged = [*cases, *(number for number in one.cases if number not in cases)]
        found[one.kind, one.what] = (max(tried, one.tried), max(worked, one.worked), words, merged)
    return found


def _suggestion(words: str, kind: str, worked: int, tried: int, href: str, deed: Row | None) -> Row:
    return {"words": clean(words, 1_000), "kind": kind, "worked": worked, "tried": tried, "href": href, "act": deed}


def remedy_row(one: Remedy) -> Row:
    """A resolution of a family."""
    return {"words": one.words or one.what, "what": one.what, "kind": one.kind, "tried": one.tried, "worked": one.worked,
            "last": one.last, "cases": list(one.cases)}  # fmt: skip


def may(case: Case) -> Row:
    """What can be done with it."""
    return dict(may_of(case))
