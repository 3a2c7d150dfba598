"""What happened to a case, as rows for people: the timeline, and the runs that looked into it."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.core.case_events import CaseGone, CaseMerged, CaseMoved, CaseNoted, CaseOpened, CaseSeen, CaseSplit
from callboard.core.case_facts import CaseState
from callboard.core.case_words import case_sentence
from callboard.core.events import Event
from callboard.rows import Row
from callboard.work.finding import clean

SYSTEM = "Callboard"
LONGEST = 8_000
KIND_OF: Mapping[type, str] = {
    CaseOpened: "opened", CaseSeen: "seen", CaseGone: "gone", CaseMoved: "moved", CaseMerged: "merged", CaseSplit: "split",
}  # fmt: skip
STEP_OF = {"reproduced": "reproduce", "narrowed": "narrow", "bisected": "bisect", "blamed": "blame", "fix-proposed": "fix",
           "fix-tried": "try", "verified": "verify"}  # fmt: skip


def timeline(steps: Sequence[tuple[int, Event]]) -> list[Row]:
    """Rows, oldest first; sightings that follow each other are one row that says how many."""
    rows: list[Row] = []
    for seq, event in steps:
        row = _row(seq, event)
        if row is None:
            continue
        last = rows[-1] if rows else None
        if row["kind"] == "seen" and last is not None and last["kind"] == "seen":
            times = int(last["facts"]["times"]) + 1
            facts = {**row["facts"], "times": times, "since": last["facts"]["since"]}
            rows[-1] = {**row, "facts": facts, "words": f"Seen {times} times since then."}
            continue
        rows.append(row)
    return rows


def _row(seq: int, event: Event) -> Row | None:
    match event:
        case CaseMoved():
            kind = event.state if event.state != CaseState.NEW else "reopened"
            facts: Mapping[str, Any] = {
                name: value
                for name, value in (("reason", event.reason), ("to", event.to), ("to_kind", event.to_kind), ("until", event.until),
                                    ("run", event.in_run or None), ("resolution", dict(event.resolution) or None))
                if value
            }  # fmt: skip
            by, href = event.by, _run(event.in_run)
        case CaseNoted():
            kind, by, facts, href = event.kind, event.by, dict(event.facts), _run(event.in_run)
            href = str(facts.get("href") or "") or href
        case CaseOpened() | CaseSeen():
            kind, by, facts = (
                KIND_OF[type(event)],
                SYSTEM,
                {"symptoms": len(event.symptoms), "times": 1, "since": event.at},
            )
            task = next((symptom.task for symptom in event.symptoms if symptom.task), "")
            href = f"/tasks/{task}" if task else ""
        case CaseGone():
            kind, by, facts = "gone", SYSTEM, {"symptoms": len(event.symptoms), "code": event.code}
            href = f"/tasks/{event.in_task}" if event.in_task else _run(event.in_run)
        case CaseMerged():
            kind, by, facts, href = "merged", event.by, {"case": event.case, "into": event.into}, f"/cases/{event.case}"
        case CaseSplit():
            kind, by, facts, href = "split", event.by, {"new_case": event.new_case}, f"/cases/{event.new_case}"
        case _:
            return None
    words = event.words if isinstance(event, CaseNoted) else case_sentence(event)
    return {
        "seq": seq, "at": event.at, "kind": kind, "words": clean(words, LONGEST), "by": by, "href": _inside(href), "facts": facts,
    }  # fmt: skip


def _run(run: int) -> str:
    return f"/runs/{run}" if run else ""


def _inside(href: str) -> str:
    """A link that stays on these pages, '' for any other."""
    return href if href.startswith("/") and not href.startswith("//") else ""


def attempts(steps: Sequence[tuple[int, Event]], states: Mapping[int, str]) -> list[Row]:
    """The runs that looked into it, oldest first, each with what it is for and what came of it; `states` are those of runs."""
    found: dict[int, Row] = {}
    for _, event in steps:
        run = event.in_run if isinstance(event, CaseNoted | CaseMoved) else 0
        if not run:
            continue
        row = found.setdefault(
            run,
            {"kind": "", "run": run, "task": f"{run}.0", "state": states.get(run, "unknown"), "words": "", "at": event.at,
             "href": f"/runs/{run}"},
        )  # fmt: skip
        if isinstance(event, CaseNoted) and event.kind in STEP_OF:
            row |= {"kind": STEP_OF[event.kind], "words": clean(event.words, LONGEST)}
        elif isinstance(event, CaseMoved) and not row["kind"]:
            row |= {"kind": str(event.state), "words": clean(event.words, LONGEST)}
    return list(found.values())
