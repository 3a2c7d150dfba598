"""Rows of the desk and of the record as facts for advice."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.insight.advice_facts import (
    AlertFact,
    CaseFact,
    Cause,
    ChangeFact,
    ExpiryFact,
    RepeatFact,
    ScheduleFact,
    Waiting,
)
from callboard.record.advice import AdviceRecord
from callboard.rows import Row

DAY = 86_400.0
WEEK = 7 * DAY
MOST_CAUSES, MOST_NAMES = 8, 10
FAILED = ("failed", "unknown")
ON_PURPOSE = ("backs off",)  # the team's own pauses between tries are no lack of anything


def case_fact(row: Mapping[str, Any]) -> CaseFact:
    """A case as `callboard.desk.case_rows` has it."""
    given, flaky, blocks, broken, fix = (
        row.get(name) or {} for name in ("assignee", "flaky", "blocks", "broken_by", "fix")
    )
    place = row.get("path") or ""
    return CaseFact(
        id=row["id"], title=row["title"], severity=row["severity"], state=row["state"], priority=float(row["priority"]),
        seen=row["seen"], opened=row["opened"], moved=row["moved"], cause=row["cause"]["words"], symptoms=row["symptoms"],
        times=row["times"], reopened=row["reopened"], checks=tuple(row["checks"][:MOST_NAMES]),
        agents=tuple(row["agents"][:MOST_NAMES]), place=f"{place}:{row['line']}" if place and row.get("line") else place,
        assignee=str(given.get("name", "")), assignee_kind=str(given.get("kind", "")), blocks=int(blocks.get("tasks", 0)),
        critical=bool(blocks.get("critical")), gates=tuple(blocks.get("gates", ())), blocks_words=str(blocks.get("words", "")),
        flaky=flaky.get("rate"), flaky_runs=int(flaky.get("runs") or 0), flaky_words=str(flaky.get("words", "")),
        broken_by=_broken(broken), patch=fix.get("patch"), fix_words=str(fix.get("words", "")), until=row.get("until"),
        accepted_by=str(row.get("accepted_by") or ""), looked=bool(row.get("run")), next=str(row.get("next", "")),
    )  # fmt: skip


def _broken(broken: Mapping[str, Any]) -> str:
    if not broken.get("commit"):
        return ""
    by = f" by {broken['author']}" if broken.get("author") else ""
    return f"it broke with {str(broken['commit'])[:8]}{by}: {broken.get('subject', '')}".rstrip(": ")


def waiting_fact(row: Mapping[str, Any], behind: int) -> Waiting:
    """A row of the inbox, and how many tasks wait behind it."""
    acts = tuple((act["label"], act["post"]["path"], act["post"]["body"], bool(act["danger"])) for act in row["acts"])
    blocks = max(behind, len(row.get("tasks", ())) - 1)
    return Waiting(
        row["id"], row["kind"], row["title"], row["text"], row["since"], row["href"], acts, row["name"] or "", row["task"] or "",
        max(0, blocks),
    )  # fmt: skip


def alert_fact(row: Mapping[str, Any]) -> AlertFact:
    """An alert's row."""
    return AlertFact(
        row["id"], row["kind"], row["severity"], row["state"], row["title"], row["text"], row["href"],
        _job(row["key"], row["kind"]), row["agent"] or "", row["opened"], row["seen"], row["times"],
    )  # fmt: skip


def _job(key: str, kind: str) -> str:
    """'/w:quality.tests' of an alert about a job, '' of others."""
    return key.removeprefix(f"{kind}:") if kind == "task-broken" else ""


def cause_facts(record: AdviceRecord, workspace: str, now: float) -> tuple[Cause, ...]:
    """What work of the last week waited for, the costliest first."""
    found = {key: told for key, told in record.waited(workspace, now - WEEK, now).items() if not _own(key)}
    total = sum(seconds for seconds, _ in found.values())
    worked = record.days_worked(workspace, now - WEEK, now)
    causes = []
    for key, (seconds, tasks) in sorted(found.items(), key=lambda one: -one[1][0])[:MOST_CAUSES]:
        days = record.waited_by_day(workspace, "", key, now - WEEK, now)
        causes.append(
            Cause(key, f"waits for {key}", seconds, seconds / total if total else 0.0, tasks, (),
                  tuple(days.get(day, 0.0) for day in worked),
                  min(days, default=0) * DAY or now - WEEK, "/insights")
        )  # fmt: skip
    return tuple(causes)


def _own(key: str) -> bool:
    return any(key.startswith(word) for word in ON_PURPOSE)


def schedule_fact(name: str, runs: Sequence[Row]) -> ScheduleFact:
    """How often the newest runs of a schedule went wrong one after the other."""
    failed = 0
    for row in runs:
        if row["state"] not in FAILED:
            break
        failed += 1
    newest = runs[0]
    since = runs[failed - 1]["ended"] if failed else newest["ended"]
    words = f"the last {failed} runs of it came out {', '.join(dict.fromkeys(row['state'] for row in runs[:failed]))}"
    return ScheduleFact(name, newest["pipeline"], failed, since, newest["run"], None, words)


def repeat_fact(row: Mapping[str, Any], days: float) -> RepeatFact:
    """A job's repetition."""
    href = f"/tasks/{row['run']}.{row['place']}"
    return RepeatFact(row["job"], int(row["runs"]), int(row["good"] or 0), float(row["seconds"] or 0.0), days, href)


def expiry_facts(accepted: Any, aside: Any, today: datetime.date) -> tuple[ExpiryFact, ...]:
    """What `[[accepted]]` and the quarantine of tests put aside until a day."""
    found = []
    for what, rows, names in (
        ("accepted finding", accepted, ("rule", "path", "fingerprint")),
        ("quarantined test", aside, ("test", "id", "name")),
    ):
        for row in rows if isinstance(rows, list) else ():
            day = _day(row.get("until")) if isinstance(row, dict) else None
            if day is None:
                continue
            name = " ".join(str(row[key]) for key in names if row.get(key))[:200]
            moment = datetime.datetime.combine(day, datetime.time.max).astimezone().timestamp()
            if (today - day).days <= 30:  # what ended long ago is a matter of its own
                found.append(
                    ExpiryFact(name, what, moment, str(row.get("reason", "")), str(row.get("owner", "")), "/settings")
                )
    return tuple(found)


def _day(value: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def change_facts(row: Mapping[str, Any], tasks: Mapping[str, Row], now: float) -> tuple[ChangeFact, ...]:
    """Changes of the roadmap that have something open, with whom they hold up, and the day of their milestone."""
    behind: dict[str, list[str]] = {}
    blocked: dict[str, bool] = {}
    for change in row["changes"]:
        for blocker in change["blockers"]:
            if blocker["change"] and blocker["change"] != change["id"]:
                behind.setdefault(blocker["change"], []).append(change["id"])
                blocked[change["id"]] = True
    days: dict[str, tuple[str, float]] = {}
    for milestone in row["milestones"]:
        due = _moment(milestone.get("due"))
        for name in milestone.get("changes", ()):
            id = name if isinstance(name, str) else name.get("id", "")
            if due is not None and (id not in days or due < days[id][1]):
                days[id] = (str(milestone.get("title") or milestone.get("name") or ""), due)
    found = []
    for change in row["changes"]:
        if change["status"] == "complete" or change["total"] <= change["done"]:
            continue
        next_one = tasks.get(change["id"])
        eta = change.get("eta") or {}
        milestone, due = days.get(change["id"], ("", None))
        last = change.get("last")
        stale = (now - last) / DAY if last and now - last > 14 * DAY else None
        found.append(
            ChangeFact(
                change["id"], change["title"], change["layer"], change["total"] - change["done"],
                tuple(dict.fromkeys(behind.get(change["id"], ()))), blocked.get(change["id"], False), change["assigned"],
                next_one["ref"] if next_one else "", next_one["text"] if next_one else "", stale, due, milestone,
                eta.get("p80") if isinstance(eta, dict) else None, change["href"],
            )
        )  # fmt: skip
    return tuple(found)


def _moment(value: Any) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    day = _day(value) if value else None
    return datetime.datetime.combine(day, datetime.time.max).astimezone().timestamp() if day else None
