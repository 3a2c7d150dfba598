"""Carries out the acts of advice: each is an ordinary call of the REST interface, and only those written down here are made."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from callboard.errors import Refused
from callboard.insight.advice_facts import PREFIX, Act, part, typed

Body = Mapping[str, Any]
Call = Callable[[Any, tuple[str, ...], Body, str], tuple[str, Act | None]]
TASK = r"(\d{1,15}\.\d{1,9})"
NUMBER = r"(\d{1,15})"
NAME = r"([^/]{1,600})"
WORD = r"([0-9a-zA-Z_.:-]{1,300})"


def perform(desk: Any, act: Mapping[str, Any], by: str) -> tuple[str, dict[str, Any]]:
    """Makes the call of an act's row in the name of `by`; what came of it in words, and the row of the call that undoes it
    ({} for none). Raises what the desk raises, and `Refused` for a call that no advice makes."""
    method, path = str(act.get("method", "")), str(act.get("path", "")).removeprefix(PREFIX)
    for pattern, call in CALLS:
        found = re.fullmatch(pattern, path)
        if method == "POST" and found is not None:
            names = tuple(unquote(name) for name in found.groups())
            body = act.get("body")
            words, undo = call(desk, names, body if isinstance(body, Mapping) else {}, by)
            return words, undo.row() if undo is not None else {}
    raise Refused(f"no advice makes the call {method} {path[:200]}")


def _concurrency(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    agent, limit = names[0], int(body["limit"])
    before = int(desk.agent_limit(agent))
    desk.set_concurrency(agent, limit, by)
    back = Act(
        f"Back to {before or 'no limit of its own'}", "POST", f"/agents/{part(agent)}/concurrency", {"limit": before},
        typed("callboard", "concurrency", agent, str(before)), "concurrency",
    )  # fmt: skip
    return f"{agent} may do {limit or 'any number'} at once; it was {before or 'without a limit of its own'}", back


def _resume(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.resume(names[0], by)
    undo = Act(
        f"Pause {names[0]} again", "POST", f"/agents/{part(names[0])}/pause", {"reason": "taken back"},
        typed("callboard", "pause", names[0]), "pause",
    )  # fmt: skip
    return f"{names[0]} works again", undo


def _pause(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.pause(names[0], str(body.get("reason", ""))[:1_000], by)
    return f"{names[0]} is paused", None


def _rescan(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.rescan()
    return "the agents were looked for again", None


def _retry(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.retry_task(names[0], by)
    undo = Act(
        f"Cancel {names[0]}", "POST", f"/tasks/{names[0]}/cancel", {"reason": "the retry is taken back"},
        f"callboard cancel {names[0]}", "cancel",
    )  # fmt: skip
    return f"task {names[0]} is tried again", undo


def _cancel(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.cancel_task(names[0], str(body.get("reason", ""))[:1_000], by)
    return f"task {names[0]} is cancelled", None


def _cancel_run(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.cancel_run(int(names[0]), str(body.get("reason", ""))[:1_000], by)
    return f"run {names[0]} is cancelled", None


def _move(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.move_task(names[0], str(body["agent"]), by)
    return f"task {names[0]} is with {body['agent']} now", None


def _retry_run(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.retry_run(int(names[0]), by)
    return f"run {names[0]} is tried again", _undo_of_run(int(names[0]))


def _run(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    run = desk.submit(str(body.get("pipeline", "")), by=by, affected=bool(body.get("affected", False)))
    return f"run {run} was started", _undo_of_run(int(run))


def _undo_of_run(run: int) -> Act:
    return Act(
        f"Cancel run {run}",
        "POST",
        f"/runs/{run}/cancel",
        {"reason": "taken back"},
        f"callboard cancel {run}",
        "cancel",
    )


def _acknowledge(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    row = desk.mark_alert(names[0], "acknowledged", by, None, str(body.get("reason", ""))[:1_000])
    undo = Act(
        "Open the alert again", "POST", f"/alerts/{row['id']}/reopen", {"reason": "taken back"},
        f"callboard alerts reopen {row['id']}", "reopen",
    )  # fmt: skip
    return f"{by} sees to '{row['title']}'", undo


def _reopen(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    row = desk.mark_alert(names[0], "reopened", by, None, str(body.get("reason", ""))[:1_000])
    return f"'{row['title']}' is open again", None


def _accept_patch(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.accept_patch(int(names[0]), by)
    undo = Act(
        f"Undo patch {names[0]}",
        "POST",
        f"/patches/{names[0]}/undo",
        {},
        f"callboard patch undo {names[0]}",
        "undo-patch",
    )
    return f"patch {names[0]} is in the working tree", undo


def _undo_patch(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.undo_patch(int(names[0]), by)
    return f"patch {names[0]} is taken out again", None


def _investigate(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    row = desk.investigate_case(int(names[0]), str(body.get("what", "auto")), by)
    run = row.get("run") if isinstance(row, Mapping) else None
    return f"C{names[0]} is being looked at" + (f" in run {run}" if run else ""), _undo_of_run(
        int(run)
    ) if run else None


def _assign_case(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    case = int(names[0])
    before = _assignee(desk, case)
    desk.assign_case(case, str(body.get("to", "auto")), by, str(body.get("reason", ""))[:1_000], instead=True)
    now = _assignee(desk, case)
    if not before:
        return f"C{case} is with {now or 'nobody'}", None
    undo = Act(
        f"Give C{case} back to {before}", "POST", f"/cases/{case}/assign", {"to": before, "reason": "taken back"},
        typed("callboard", "case", "assign", str(case), "--to", before), "assign",
    )  # fmt: skip
    return f"C{case} is with {now or 'nobody'}; it was with {before}", undo


def _assignee(desk: Any, case: int) -> str:
    """'quality', '@ann', '' for nobody."""
    given = desk.case(case)["case"]["assignee"]
    return "" if not given else f"@{given['name']}" if given["kind"] == "person" else str(given["name"])


def _place(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.roadmap_place(str(body["change"]), layer=str(body["layer"]), reason=str(body.get("reason", "")), by=by)
    return f"{body['change']} is in layer {body['layer']}", None


def _assign_task(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    made = desk.roadmap_assign([str(ref) for ref in body["refs"]], str(body.get("to", "auto")), reason="advised", by=by)
    rows = made.get("assigned", ()) if isinstance(made, Mapping) else ()
    id = str(rows[0]["id"]) if rows else ""
    undo = Act(
        "Take the assignment back", "POST", "/roadmap/withdraw", {"id": id, "reason": "taken back"}, "", "withdraw"
    )
    return f"{', '.join(map(str, body['refs']))} is assigned", undo if id else None


def _withdraw(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    desk.roadmap_withdraw(str(body["id"]), str(body.get("reason", "")), by)
    return "the assignment is taken back", None


def _drain(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    wanted = bool(body["wanted"])
    desk.set_drain(wanted, by, str(body.get("reason", ""))[:500])
    return "the platform is asked to take no new work" if wanted else "the platform may take work again", None


def _handoff(desk: Any, names: tuple[str, ...], body: Body, by: str) -> tuple[str, Act | None]:
    row = desk.handoff(str(body.get("environment", "")), str(body.get("version", "")), "", by)
    return f"handoff {row['id']} was made", None


CALLS: tuple[tuple[str, Call], ...] = (
    (rf"/agents/{NAME}/concurrency", _concurrency),
    (rf"/agents/{NAME}/resume", _resume),
    (rf"/agents/{NAME}/pause", _pause),
    (r"/agents/rescan", _rescan),
    (rf"/tasks/{TASK}/retry", _retry),
    (rf"/tasks/{TASK}/cancel", _cancel),
    (rf"/tasks/{TASK}/move", _move),
    (r"/runs", _run),
    (rf"/runs/{NUMBER}/retry", _retry_run),
    (rf"/runs/{NUMBER}/cancel", _cancel_run),
    (rf"/alerts/{WORD}/acknowledge", _acknowledge),
    (rf"/alerts/{WORD}/reopen", _reopen),
    (rf"/patches/{NUMBER}/accept", _accept_patch),
    (rf"/patches/{NUMBER}/undo", _undo_patch),
    (rf"/cases/{NUMBER}/investigate", _investigate),
    (rf"/cases/{NUMBER}/assign", _assign_case),
    (r"/roadmap/place", _place),
    (r"/roadmap/assign", _assign_task),
    (r"/roadmap/withdraw", _withdraw),
    (r"/coordination/drain", _drain),
    (r"/coordination/handoff", _handoff),
)
