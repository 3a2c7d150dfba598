"""Cases and their symptoms as a surface shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from callboard.core.case_facts import LEVELS, CaseState, Symptom
from callboard.core.case_next import what_next
from callboard.core.case_priority import Blocks, priority_of
from callboard.core.cases import Case
from callboard.rows import Row

MOST_SHOWN = 20  # of names in the row of a case


def case_row(case: Case, blocks: Blocks, now: float, total: int | None = None, checks: Sequence[str] = ()) -> Row:
    """A case; only one that is open and not accepted has a priority. `total` and `checks` are of all its symptoms, when it holds
    only some."""
    total = len(case.symptoms) if total is None else total
    priority, factors = priority_of(case, blocks, now)
    symptoms = case.symptoms.values()
    place = _place(case)
    witnesses = dict.fromkeys(witness for symptom in symptoms for witness in symptom.witnesses)
    return {
        "id": case.id,
        "name": case.name,
        "title": case.title,
        "state": case.state.value,
        "severity": case.severity,
        "priority": priority if case.is_open and case.state is not CaseState.ACCEPTED else 0,
        "factors": [{"name": one.name, "value": one.value, "words": one.words} for one in factors],
        "cause": {"kind": case.cause.kind, "about": case.cause.about, "words": case.cause.words},
        "symptoms": total + case.left_out,
        "gone": max(0, total - case.present),
        "checks": list(checks or case.checks)[:MOST_SHOWN],
        "agents": list(dict.fromkeys(symptom.agent for symptom in symptoms if symptom.agent))[:MOST_SHOWN],
        "witnesses": [{"tool": tool, "version": version} for tool, version in list(witnesses)[:MOST_SHOWN]],
        "kinds": list(dict.fromkeys(symptom.kind for symptom in symptoms)),
        "path": place.path if place else "",
        "line": place.line if place else 0,
        "first": case.first,
        "seen": case.seen,
        "opened": case.opened,
        "moved": case.moved,
        "times": case.times,
        "reopened": case.reopened,
        "assignee": _assignee(case),
        "blocks": {
            "tasks": blocks.tasks, "critical": blocks.critical, "gates": list(blocks.gates), "agents": list(blocks.agents),
            "words": blocks.words,
        },
        "flaky": _flaky(case),
        "broken_by": _broken_by(case),
        "fix": _fix(case),
        "until": case.until,
        "accepted_by": case.accepted_by,
        "accepted_why": case.accepted_why,
        "resolution": dict(case.resolution) or None,
        "words": case.words,
        "last_by": case.last_by,
        "turn": case.turn,
        "notes": case.notes,
        "into": case.into or None,
        "joined": list(case.joined),
        "run": case.run or None,
        "asks": case.asks,
        "workspace": case.workspace,
        "workspace_name": case.workspace.rstrip("/").rsplit("/", 1)[-1],
        "href": f"/cases/{case.id}",
        "next": next_of(case),
    }  # fmt: skip


def rank_of(case: Case, blocks: Blocks, now: float) -> int:
    """The priority of a case, 0 for one that is closed or accepted."""
    return priority_of(case, blocks, now)[0] if case.is_open and case.state is not CaseState.ACCEPTED else 0


def _place(case: Case) -> Symptom | None:
    """The symptom that names the place of the case: of its cause if that is a file, else the worst with a path."""
    with_path = [symptom for symptom in case.symptoms.values() if symptom.path]
    about = [symptom for symptom in with_path if symptom.path == case.cause.about]
    return min(
        about or with_path, key=lambda symptom: (bool(symptom.gone), LEVELS.index(symptom.severity)), default=None
    )


def _assignee(case: Case) -> Row | None:
    held = case.assignee
    return {"kind": held.kind, "name": held.name, "why": held.why, "by": held.by} if held is not None else None


def _flaky(case: Case) -> Row | None:
    noted = case.known.get("reproduced")
    if noted is None or noted.facts.get("verdict") != "flaky":
        return None
    return {"rate": noted.facts.get("rate"), "failed": noted.facts.get("failed"), "runs": noted.facts.get("runs"),
            "words": noted.words}  # fmt: skip


def _broken_by(case: Case) -> Row | None:
    noted = case.known.get("bisected")
    if noted is None or not noted.facts.get("commit"):
        return None
    return {name: noted.facts.get(name) for name in ("commit", "subject", "author", "at")} | {"words": noted.words}


def _fix(case: Case) -> Row | None:
    """The newest fix that was proposed or tried, unless it was taken back since."""
    found = [case.known[kind] for kind in ("fix-proposed", "fix-tried") if kind in case.known]
    back = case.known.get("taken-back")
    newest = max(found, key=lambda noted: noted.at, default=None)
    if newest is None or (back is not None and back.at >= newest.at):
        return None
    patch = newest.facts.get("patch")
    href = newest.facts.get("href") or (f"/patches/{patch}" if patch else "")
    return {"patch": patch, "words": newest.words, "href": href}


def next_of(case: Case) -> str:
    """What happens next, in words."""
    if case.state is CaseState.CLOSED:
        return (
            f"nothing: it is part of C{case.into}"
            if case.into
            else "nothing, unless it is seen again: then it is reopened"
        )
    if case.state is CaseState.ACCEPTED and not case.asks:
        day = _day(case.until)
        return f"it comes back by itself on {day}, and before if it gets worse" if day else "it is left as it is"
    return what_next(case)


def _day(until: float | None) -> str:
    return datetime.fromtimestamp(until).astimezone().strftime("%Y-%m-%d") if until else ""


def symptom_row(symptom: Symptom) -> Row:
    """A symptom of a case."""
    return {
        "key": symptom.key,
        "check": symptom.check,
        "kind": symptom.kind,
        "rule": symptom.rule,
        "severity": symptom.severity,
        "title": symptom.title,
        "message": symptom.message,
        "path": symptom.path,
        "line": symptom.line,
        "witnesses": [{"tool": tool, "version": version} for tool, version in symptom.witnesses],
        "agent": symptom.agent,
        "first": symptom.first,
        "seen": symptom.seen,
        "times": symptom.times,
        "gone": symptom.gone or None,
        "gone_words": symptom.gone_words,
        "flaky": symptom.flaky,
        "quiet": symptom.quiet,
        "family": symptom.family,
        "task": symptom.task or None,
        "href": f"/tasks/{symptom.task}" if symptom.task else "",
        "why": symptom.why,
    }


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Open ones first, by priority, then the newest."""
    return sorted(rows, key=lambda row: (row["state"] == CaseState.CLOSED, -row["priority"], -row["moved"], -row["id"]))


def may_of(case: Case) -> Mapping[str, str]:
    """What can be done with a case: '' or why not."""
    closed = "" if case.is_open else f"it is closed ({case.words}); reopen it first"
    part = f"it is part of C{case.into}" if case.into else ""
    return {
        "join": part or closed,
        "split": part or closed or ("" if len(case.symptoms) > 1 else "it has one symptom only"),
        "accept": part or closed,
        "assign": part or closed,
        "triage": part or closed or ("" if case.state is CaseState.NEW else f"it is {case.state} already"),
        "investigate": part or closed,
        "incident": "",
        "close": part or closed,
        "reopen": part or ("it is open" if case.is_open and case.state is not CaseState.ACCEPTED else ""),
        "comment": "",
    }


def act(title: str, path: str, body: Mapping[str, Any], command: str) -> Row:
    """A call with its command."""
    return {"title": title, "method": "POST", "path": path, "body": dict(body), "command": command}
