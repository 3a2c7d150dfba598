"""Who must do what next for a case, in words that are true of it as it stands; by value, from its notes alone."""

from callboard.core.case_facts import CaseState, Noted
from callboard.core.case_steps import fresh
from callboard.core.cases import Case

WORKED = ("reproduced", "narrowed", "bisected", "known-fix", "fix-proposed", "verified")
MOST_FILES = 3


def what_next(case: Case) -> str:
    """What happens next with an open case that was not accepted."""
    if case.asks:
        return f"a person is asked: {case.asks}"
    who = case.assignee
    match case.state:
        case CaseState.ASSIGNED if who is not None:
            if who.kind == "agent":
                return f"{who.words} works on it"
            return f"{who.words} sees to it; it closes when its checks pass"
        case CaseState.REPRODUCING:
            return case.words or "its checks run again to tell whether it is broken or flaky"
        case CaseState.FIX_PROPOSED:
            return _proposed(case)
        case CaseState.VERIFYING:
            return _verifying(case)
        case CaseState.CANNOT_REPRODUCE:
            return _not_again(case)
        case CaseState.TRIAGED | CaseState.ASSIGNED:
            return _triaged(case)
        case _:
            known = any(fresh(case, kind) for kind in WORKED)
            return _triaged(case) if known else "somebody looks at it, or an agent investigates it"


def _proposed(case: Case) -> str:
    """A fix is there: it is decided about, or it was and its checks have to look."""
    proposed, tried = fresh(case, "fix-proposed"), fresh(case, "fix-tried")
    patch = proposed.facts.get("patch") if proposed is not None else None
    what = f"patch {patch}" if patch else "the fix"
    if tried is not None and patch and tried.facts.get("patch") == patch and tried.facts.get("ok"):
        return f"{what} was accepted: the checks that saw it look again at the code with it"
    return f"a person accepts or rejects {what}"


def _verifying(case: Case) -> str:
    seen = fresh(case, "verified")
    if seen is not None and seen.run == case.run and seen.facts.get("where") == "workspace":
        return f"it closes when the looks are counted: {seen.words}"
    return "the checks that saw it look again at the code with the fix" + (f" (run {case.run})" if case.run else "")


def _not_again(case: Case) -> str:
    found = fresh(case, "reproduced")
    verdict = str(found.facts.get("verdict", "")) if found is not None else ""
    if verdict == "gone":
        return "it closes by itself once its checks look at other code and do not see it; a person may close it before"
    if verdict == "environment":
        return "a person mends where it runs (what is installed, the disk, the network), not the code; then its checks look again"
    return "a person decides: close it, accept it until a day, or hand it on"


def _triaged(case: Case) -> str:
    """What was found out about it, and what that leaves to do."""
    offer, proposed, tried = fresh(case, "known-fix"), fresh(case, "fix-proposed"), fresh(case, "fix-tried")
    done = max((note.at for note in (proposed, tried) if note is not None), default=0.0)
    if offer is not None and offer.run and offer.at >= done and offer.run >= case.run:
        return f"{offer.words} (run {offer.run})"
    seen = fresh(case, "verified")
    untried = proposed is not None and all(one is None or one.at < proposed.at for one in (seen, tried))
    if (
        proposed is not None and untried and proposed.at >= case.moved
    ):  # since then it was neither rejected nor handed on
        return f"patch {proposed.facts.get('patch')} is tried in a copy before it is offered"
    return _after_looks(case, fresh(case, "reproduced"))


def _after_looks(case: Case, found: Noted | None) -> str:
    look_again = f"callboard case investigate {case.id}"
    who = case.assignee.words if case.assignee is not None else "somebody"
    if found is None:
        return "somebody takes it, or gives it to an agent" if case.assignee is None else f"{who} has it"
    match found.facts.get("verdict"):
        case "broken":
            return _broken(case, who, look_again)
        case "flaky":
            return f"{who} mends the flaky test, or sets it aside for a while ({look_again} fix offers that as a patch)"
        case "gone" | "environment":
            return _not_again(case)
        case _:
            return f"nothing is known yet: {who} has it run again ({look_again} reproduce), or takes it"


def _broken(case: Case, who: str, look_again: str) -> str:
    bisected, narrowed = fresh(case, "bisected"), fresh(case, "narrowed")
    if bisected is not None and bisected.facts.get("commit"):
        commit, author = str(bisected.facts["commit"])[:10], str(bisected.facts.get("author") or "")
        by = f" by {author}" if author else ""
        return f"{who} mends what commit {commit}{by} broke, or takes that commit back"
    files = narrowed.facts.get("files") if narrowed is not None else None
    if isinstance(files, list | tuple) and files:
        more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
        return f"{who} mends {', '.join(map(str, files[:MOST_FILES]))}{more}: with these as they are it fails"
    if bisected is not None:
        return f"{who} mends it; which commit broke it could not be told: {bisected.words}"
    return f"{who} mends it, or looks for the commit that broke it ({look_again} bisect)"


def found_words(case: Case) -> str:
    """What running it again found, short enough for one line; '' while nobody did."""
    found = fresh(case, "reproduced")
    return found.words if found is not None else ""
