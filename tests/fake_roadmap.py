"""A roadmap for the fake desk: twenty-eight changes in four layers, one of them with sixteen hundred tasks."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.errors import NotFound

DAY = 86_400.0
LAYERS = ("critical", "high", "medium", "low")
NAMES = (
    ("add-login", "Sign in with a passkey"), ("rotate-keys", "Keys rotate by themselves"),
    ("rate-limits", "Limits for each customer"), ("audit-trail", "Who did what, kept for a year"),
    ("journal-search", "Search the journal by meaning"), ("crew-retries", "A crew tries again with a pause"),
    ("export-csv", "Export of every table"), ("dark-theme", "A theme for the night"),
    ("faster-first-paint", "The first paint in under a second"), ("drop-python-310", "Python 3.10 is no longer served"),
    ("webhooks", "Webhooks with a signature"), ("billing-dunning", "Reminders for invoices that are late"),
    ("split-checkout", "The checkout as a service of its own"), ("openapi-31", "The description in OpenAPI 3.1"),
)  # fmt: skip
HUGE = "big-migration"
TEXTS = (
    "Write tests for the login form", "Scan the new dependency for known holes", "Describe the endpoint in OpenAPI",
    "Ask legal about the wording", "Move the table behind a feature flag", "Deploy to staging and watch it for a day",
)  # fmt: skip
OFFERS = (("quality", "quality.tests", "tests"), ("security", "security.dependencies", "holes"), None, None, None, None)


class FakeRoadmap:
    """The rows as a reading of an `openspec` folder would give them; nothing is written."""

    no_roadmap = False

    def roadmap(self) -> dict[str, Any]:
        now = time.time()
        changes = [] if self.no_roadmap else _changes(now)
        rows = [_layer(layer, changes, now) for layer in LAYERS]
        done, total = sum(row["done"] for row in rows), sum(row["total"] for row in rows)
        path = ["add-login", "rotate-keys", "audit-trail"] if changes else []
        return {
            "there": bool(changes), "folder": "openspec", "read_at": now, "write": False, "cli": "1.13.2",
            "why": "" if changes else "There is no folder 'openspec' in this workspace",
            "done": done, "total": total, "changes_done": sum(c["status"] == "complete" for c in changes),
            "layers": rows, "changes": changes, "milestones": _milestones(changes, now),
            "path": {"changes": path, "left": 47, "words": "add-login, then rotate-keys, then audit-trail: 47 tasks"},
            "burnup": [[now - (40 - n) * DAY, 300 + n * 9, 1700 + (n // 9) * 80] for n in range(41)] if changes else [],
            "checks": _checks() if changes else [], "trouble": [], "archived": 12, "specs": 9, "seq": 1,
            "pace": {"per_day": 9.0, "days": 31, "n": 279, "words": "9 tasks a day over the last 31 days"},
            "calibration": {"held": 7, "n": 9, "words": "7 of 9 forecasts held"},
        }  # fmt: skip

    def roadmap_change(self, change: str) -> dict[str, Any]:
        row = next((row for row in self.roadmap()["changes"] if row["id"] == change), None)
        if row is None:
            raise NotFound(f"There is no change '{change[:60]}' in openspec/changes")
        sections = [_section(row, number, time.time()) for number in range(1, max(1, row["total"] // 8) + 1)]
        deltas = [
            {"capability": "auth", "operation": operation, "requirement": f"Passkeys {n}", "scenarios": ["It works"],
             "path": f"openspec/changes/{change}/specs/auth/spec.md", "line": 3 + n}
            for n, operation in enumerate(("ADDED", "MODIFIED", "REMOVED"))
        ]  # fmt: skip
        history = [{"at": time.time() - 3600, "words": f"{change}#1.1 went to quality", "by": "ann", "href": "/runs/5"}]
        return {
            "change": row, "why": "Passwords are written on paper beside the screens.", "sections": sections,
            "deltas": deltas, "checks": [check for check in _checks() if check["change"] == change],
            "files": ["proposal.md", "tasks.md", "specs/auth/spec.md"], "history": history,
        }  # fmt: skip


def _changes(now: float) -> list[dict[str, Any]]:
    found = []
    for n in range(28):
        name, title = NAMES[n % len(NAMES)] if n < len(NAMES) else (f"later-{n}", f"Something for later, number {n}")
        name, title = (HUGE, "All data moves to the new store") if n == 5 else (name, title)
        total = 1600 if n == 5 else 0 if n == 20 else 8 * (1 + n % 5)
        done = total if n % 6 == 1 else total * (n * 13 % 90) // 100
        status = "no-tasks" if not total else "complete" if done == total else "in-progress"
        eta = {"p50": now + n * 2 * DAY, "p80": now + (n * 2 + 7) * DAY, "p95": now + (n * 2 + 15) * DAY, "n": 31}
        known = n % 7 != 3 and status == "in-progress"
        blocked = [{"words": "waits for add-login, 9 tasks left", "href": "/roadmap/add-login", "change": "add-login"}]
        found.append({
            "id": name, "title": title, "layer": LAYERS[min(3, n // 7)], "layer_why": "as callboard.toml says",
            "done": done, "total": total, "percent": round(100 * done / total) if total else 0, "status": status,
            "owner": ("ann", "", "bob")[n % 3], "agents": ["quality", "security"][: n % 3], "eta": eta if known else None,
            "eta_why": "" if known else "nothing was finished here yet, so there is no pace",
            "blockers": blocked if n in (1, 3, 9) else [], "after": ["add-login"] if n in (1, 3, 9) else [],
            "after_why": "", "last": now - n * 3 * DAY / 2 if n % 8 else None, "last_what": "1.2 was ticked",
            "critical": n in (0, 1, 3), "milestones": ["spring"] if n < 4 else [], "checks": n % 4,
            "worst": "high" if n % 4 == 3 else "low" if n % 4 else "", "assigned": n % 3, "running": int(n == 0),
            "rank": n, "href": f"/roadmap/{name}",
        })  # fmt: skip
    return found


def _layer(layer: str, changes: Sequence[Mapping[str, Any]], now: float) -> dict[str, Any]:
    mine = [change for change in changes if change["layer"] == layer]
    done, total = sum(c["done"] for c in mine), sum(c["total"] for c in mine)
    eta = {"p50": now + 15 * DAY, "p80": now + 22 * DAY, "p95": now + 30 * DAY, "n": 31}
    known = bool(mine) and layer != "low"
    return {
        "layer": layer, "changes": len(mine), "done": done, "total": total,
        "percent": round(100 * done / total) if total else 0, "eta": eta if known else None,
        "eta_why": "" if known else "too little was finished in this layer for a forecast",
    }  # fmt: skip


def _milestones(changes: Sequence[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
    mine = [change for change in changes if "spring" in change["milestones"]]
    if not mine:
        return []
    eta = {"p50": now + 15 * DAY, "p80": now + 22 * DAY, "p95": now + 30 * DAY, "n": 31}
    done, total = sum(c["done"] for c in mine), sum(c["total"] for c in mine)
    row = {"changes": [c["id"] for c in mine], "done": done, "total": total, "percent": round(100 * done / total)}
    return [{"name": "spring", "title": "Spring", "due": "2026-12-01", "eta": eta, "eta_why": "", "late": True, **row}]


def _checks() -> list[dict[str, Any]]:
    return [
        {"kind": "duplicate requirement", "severity": "high", "change": "add-login", "path": "specs/auth/spec.md",
         "line": 12, "words": "'Passkeys' is added here and in rotate-keys", "mend": "let one of them modify it"},
        {"kind": "stale", "severity": "low", "change": "webhooks", "path": "tasks.md", "line": None,
         "words": "nothing happened for 41 days", "mend": "go on with it, or put it off"},
    ]  # fmt: skip


def _section(row: Mapping[str, Any], number: int, now: float) -> dict[str, Any]:
    count = min(8, row["total"] - (number - 1) * 8)
    tasks = [_task(row, number, place, now) for place in range(1, count + 1)]
    done = sum(task["done"] for task in tasks)
    return {"title": f"{number}. Part {number}", "done": done, "total": len(tasks), "tasks": tasks}


def _task(row: Mapping[str, Any], section: int, place: int, now: float) -> dict[str, Any]:
    ref = f"{row['id']}#{section}.{place}"
    done = (section - 1) * 8 + place <= row["done"]
    offer = OFFERS[place % 6]
    evidence = {
        "words": "41 of 41 tests pass",
        "run": 5,
        "task": "5.9",
        "by": "quality",
        "at": now - 3600,
        "commit": "",
    }
    suggested = offer and {"to": offer[0], "kind": "agent", "action": offer[1], "why": f"the task says '{offer[2]}'"}
    states = {3: "waits", 5: "running", 7: "failed"}
    assigned = None if done or section % 2 == 0 or place not in states else {
        "id": section * 100 + place, "ref": ref, "to": "quality", "kind": "agent", "action": "quality.tests",
        "why": "the task says 'tests'", "by": "ann", "at": now - 600, "state": states[place],
        "hold": "waits for lock 'staging', held by infra.deploy (run 5)" if place == 3 else "", "href": "/runs/5",
        "run": 5, "task": "5.9", "evidence": None, "tick": "off", "tick_why": "ticking is switched off",
    }  # fmt: skip
    return {
        "ref": ref, "number": f"{section}.{place}", "text": TEXTS[place % 6], "section": f"{section}. Part {section}",
        "line": section * 10 + place, "mark": "x" if done else " ", "done": done, "indent": int(place == 4),
        "assignment": assigned, "evidence": evidence if done and place % 2 else None, "suggested": None if done else suggested,
    }  # fmt: skip
