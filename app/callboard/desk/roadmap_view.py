"""Rows of the roadmap, from one reading, the assignments, and what their runs do just now."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from callboard.core.roadmap import LAYERS, Assignment, Placing, Stage
from callboard.core.roadmap_order import Order
from callboard.desk.roadmap_book import Arranged, Reading
from callboard.desk.roadmap_figures import Figures
from callboard.desk.roadmap_matching import Suggestion
from callboard.link.openspec import Change, Check, Task
from callboard.rows import Row
from callboard.work.finding import clean

EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.{1,500}?)(?<=\S)\1")
MOST_CHECKS = 500
MOST_BLOCKERS = 20
MOST_FILES = 500
LONGEST_WHY = 4_000
SEVERITIES = ("critical", "high", "medium", "low", "info")
SCENARIOS = 50


@dataclass(frozen=True, slots=True)
class Doing:
    """What a run of an assignment does now: its task's state, why it waits and on whom, and what it asks."""

    state: str
    hold: str = ""
    href: str = ""
    asks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """The engine's side at one moment: assignments that stand, places that persons chose, runs that carry assignments out."""

    assignments: tuple[Assignment, ...] = ()
    placed: Mapping[str, Placing] = field(default_factory=dict)
    doing: Mapping[int, Doing] = field(default_factory=dict)
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """All that rows are made of. `known` has the newest assignment of each task, also such as are history."""

    reading: Reading
    arranged: Arranged
    standing: Standing
    known: Mapping[str, Assignment]
    order: Order
    figures: Figures
    checks: tuple[Check, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    idle: str = ""


def overview(scene: Scene) -> Row:
    """The whole roadmap, without its tasks."""
    found, figures = scene.reading.roadmap, scene.figures
    standing = _by_change(scene.standing.assignments)
    known = _by_change(scene.known.values())
    checks = _checks_of(scene.checks)
    rows = [
        change_row(scene, change, standing.get(change.id, []), known.get(change.id, []), checks.get(change.id, []))
        for change in scene.arranged.order
    ]
    tables = scene.reading.config.roadmap
    return {
        "there": found.there,
        "folder": found.folder,
        "why": found.why,
        "read_at": scene.reading.at,
        "trouble_of_config": scene.reading.trouble,
        "write": tables.roadmap.write,
        "done": found.done,
        "total": found.total,
        "changes_done": sum(change.status == "complete" for change in found.changes),
        "layers": [_layer_row(layer, rows, figures) for layer in LAYERS],
        "changes": rows,
        "circle": scene.arranged.circle,
        "milestones": figures.milestone_rows({row["id"]: row for row in rows}, scene.reading.at),
        "path": figures.path,
        "burnup": figures.burnup,
        "checks": [check_row(check) for check in scene.checks[:MOST_CHECKS]],
        "trouble": [check_row(check) for check in found.trouble[:MOST_CHECKS]],
        "archived": len(found.archived),
        "specs": len(found.specs),
        "pace": figures.pace,
        "calibration": figures.calibration,
    }


def _layer_row(layer: str, rows: Sequence[Row], figures: Figures) -> Row:
    mine = [row for row in rows if row["layer"] == layer]
    done, total = sum(row["done"] for row in mine), sum(row["total"] for row in mine)
    eta, why = figures.eta(f"layer:{layer}")
    return {
        "layer": layer, "changes": len(mine), "done": done, "total": total, "percent": percent(done, total),
        "eta": eta if mine else None, "eta_why": why if mine else "there is no change in this layer",
    }  # fmt: skip


def percent(done: int, total: int) -> int:
    """Whole percent, 100 only when all is done, 0 only when nothing is."""
    if not total or done == total:
        return 100 if total else 0
    return max(1, min(99, round(100 * done / total))) if done else 0


def change_row(
    scene: Scene, change: Change, standing: Sequence[Assignment], known: Sequence[Assignment], checks: Sequence[Check]
) -> Row:
    """One change as it stands."""
    place = scene.arranged.places[change.id]
    done, total, status = change.done, change.total, change.status
    eta, why = scene.figures.eta(change.id)
    tables = scene.reading.config.roadmap
    own = tables.changes.get(change.id)
    said = change.keys.get("owner")
    last, what = _last(change, scene.figures, known)
    if status != "in-progress":
        eta, why = None, "all its tasks are done" if status == "complete" else "it has no tasks yet"
    worst = min((SEVERITIES.index(check.severity) for check in checks if check.severity in SEVERITIES), default=None)
    return {
        "id": change.id, "title": clean(change.title, 300), "layer": place.layer, "layer_why": place.layer_why, "rank": place.rank,
        "done": done, "total": total, "percent": percent(done, total), "status": status,
        "owner": (own.owner if own else "") or (clean(said, 100) if isinstance(said, str) else ""),
        "agents": list(dict.fromkeys(one.to for one in (*standing, *known) if one.kind == "agent" and one.state != "withdrawn")),
        "eta": eta, "eta_why": why, "blockers": _blockers(scene, change, standing),
        "after": list(place.after), "after_why": place.after_why, "last": last, "last_what": what,
        "critical": change.id in scene.figures.on_path,
        "milestones": scene.figures.milestones_of(change.id), "checks": len(checks),
        "worst": SEVERITIES[worst] if worst is not None else "",
        "assigned": sum(one.state is not Stage.DONE for one in standing),
        "running": sum(one.state is Stage.RUNNING for one in standing), "href": page_of(change.id),
    }  # fmt: skip


def page_of(change: str) -> str:
    """Where the change is shown."""
    return f"/roadmap/{quote(change, safe='')}"


def _last(change: Change, figures: Figures, known: Sequence[Assignment]) -> tuple[float | None, str]:
    """What happened to it last: a file, or an assignment."""
    last = figures.last(change) or None
    what = (
        "" if last is None else "one of its files was written" if last == change.last else "a commit touched its files"
    )
    for one in known:
        number = one.ref.partition("#")[2]
        for at, words in (
            (one.at, f"{number} was assigned to {one.to}"), (one.ended, f"{number} {_came_to(one)}"),
            (one.ticked if one.tick == "ticked" else None, f"{number} was ticked"),
        ):  # fmt: skip
            if at is not None and (last is None or at > last):
                last, what = at, words
    return last, what


def _came_to(one: Assignment) -> str:
    return {Stage.DONE: "was done", Stage.FAILED: "failed", Stage.WITHDRAWN: "was withdrawn"}.get(one.state, "goes on")


def _blockers(scene: Scene, change: Change, standing: Sequence[Assignment]) -> list[Row]:
    """What it waits for, the failed ones, and what asks."""
    found: list[Row] = []
    if change.status != "complete":
        for before in scene.arranged.places[change.id].after:
            wait = scene.order.change_wait(change.id, before)
            if wait is not None:
                found.append({"words": wait.words, "href": wait.href, "change": wait.change})
    for one in standing:
        if one.state is Stage.FAILED:
            found.append(
                {"words": f"{one.ref}: {clean(one.words, 300)}", "href": f"/runs/{one.run}", "change": change.id}
            )
        doing = scene.standing.doing.get(one.run)
        if doing is not None and one.state is Stage.RUNNING:
            found += [{"words": f"{one.ref}: {words}", "href": href, "change": change.id} for words, href in doing.asks]
        if one.id in scene.troubles:
            found.append(
                {"words": f"{one.ref}: {scene.troubles[one.id]}", "href": page_of(change.id), "change": change.id}
            )
        if one.tick == "refused":
            words = f"{one.ref} could not be ticked: {one.tick_why}"
            found.append({"words": words, "href": page_of(change.id), "change": change.id})
    return found[:MOST_BLOCKERS]


def assignment_row(scene: Scene, one: Assignment) -> Row:
    """An assignment with why it does not go on, if so."""
    hold, href, state = "", "", one.state.value
    if one.state is Stage.WAITS:
        wait = scene.order.wait_of(one)
        if wait is not None:
            hold, href = wait.words, wait.href
        elif one.kind == "agent":
            hold = scene.troubles.get(one.id, "") or scene.idle
    elif one.run:
        doing = scene.standing.doing.get(one.run)
        href = f"/runs/{one.run}"
        if doing is not None:
            hold, href = doing.hold, doing.href or href
            if one.state is Stage.FAILED:
                state = Stage.RUNNING.value  # somebody tries its run again
    return {
        "id": one.id, "ref": one.ref, "to": one.to, "kind": one.kind, "action": one.action, "options": dict(one.options),
        "why": one.why, "reason": one.reason, "by": one.by, "at": one.at, "state": state, "hold": hold, "href": href,
        "run": one.run or None, "task": one.task or (f"{one.run}.0" if one.run else ""), "evidence": evidence_row(one),
        "words": one.words, "tick": one.tick, "tick_why": one.tick_why,
    }  # fmt: skip


def evidence_row(one: Assignment) -> Row | None:
    """What shows that it is done; None when nothing does."""
    if one.state is not Stage.DONE:
        return None
    return {
        "words": one.words, "run": one.run or None, "task": one.task, "by": one.who, "at": one.ended, "commit": one.commit,
    }  # fmt: skip


def task_row(scene: Scene, task: Task, suggestion: Suggestion | None) -> Row:
    """A task line with who has it and what shows that it is done."""
    one = scene.known.get(task.ref)
    shown = one if one is not None and one.state is not Stage.WITHDRAWN else None
    suggested = None
    if suggestion is not None:
        suggested = {
            "to": suggestion.to, "kind": suggestion.kind if suggestion.to else "", "action": suggestion.action,
            "why": suggestion.why,
        }  # fmt: skip
    return {
        "ref": task.ref, "number": task.number, "text": EMPHASIS.sub(r"\2", task.text), "section": task.section,
        "path": task.path, "line": task.line,
        "mark": task.mark, "done": task.done, "indent": task.indent,
        "assignment": assignment_row(scene, shown) if shown else None, "evidence": evidence_row(shown) if shown else None,
        "suggested": suggested,
    }  # fmt: skip


def check_row(check: Check) -> Row:
    """Something odd."""
    return {
        "kind": check.kind, "severity": check.severity, "change": check.change, "path": check.path, "line": check.line or None,
        "words": check.words, "mend": check.mend, "others": list(check.others),
    }  # fmt: skip


def delta_rows(change: Change) -> list[Row]:
    """What the change does to the requirements."""
    return [
        {"capability": d.capability, "operation": d.operation, "requirement": d.requirement, "becomes": d.becomes,
         "scenarios": list(d.scenarios[:SCENARIOS]), "path": d.path, "line": d.line}
        for d in change.deltas
    ]  # fmt: skip


def _by_change(assignments: Iterable[Assignment]) -> dict[str, list[Assignment]]:
    found: dict[str, list[Assignment]] = {}
    for one in assignments:
        found.setdefault(one.change, []).append(one)
    return found


def _checks_of(checks: Iterable[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        for change in {check.change, *check.others} - {""}:
            found.setdefault(change, []).append(check)
    return found


def checks_about(checks: Iterable[Check], change: str) -> list[Any]:
    """The rows of those about one change."""
    return [check_row(check) for check in _checks_of(checks).get(change, [])[:MOST_CHECKS]]
