"""Rows of the desk and of the record as facts for advice."""

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.core.alerts import Alert
from callboard.core.holds import cpus, gib
from callboard.insight.advice_facts import (
    AlertFact,
    CaseFact,
    Cause,
    ChangeFact,
    DriftFact,
    ExpiryFact,
    FlakyFact,
    NeedFact,
    RepeatFact,
    ScheduleFact,
    Waiting,
)
from callboard.insight.bottlenecks import about
from callboard.learn.drift import drift
from callboard.learn.symptoms_world import alert_mark
from callboard.rows import Row

DAY = 86_400.0
MOST_CAUSES, MOST_NAMES = 8, 10
ON_PURPOSE = ("yields", "agent paused", "halted", "backoff")  # told otherwise, or wanted so
FAILED = ("failed", "unknown")
MOST_SERIES = 60
LEAST_LOG_S = 0.001


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
        static=bool(row["kinds"]) and set(row["kinds"]) <= {"finding", "ingested"},
        accepted_by=str(row.get("accepted_by") or ""), looked=bool(row.get("run")), next=str(row.get("next", "")),
        tools=tuple(dict.fromkeys(one["tool"] for one in row["witnesses"]))[:MOST_NAMES], run=int(row.get("run") or 0),
        stops=tuple(check for check in row["checks"] if check != row["cause"]["about"])
        if row["cause"]["kind"] == "upstream" and row["state"] != "accepted" else (),
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


def alert_fact(alert: Alert) -> AlertFact:
    """An alert that stands, with the job that it is about, without the workspace."""
    about = alert.job or (alert.key.partition(":")[2] if alert.kind.startswith("task-") else "")
    job = about.removeprefix(f"{alert.workspace}:")
    return AlertFact(
        alert.id, alert.kind, alert.severity, alert.state.value, alert.title, alert.text, alert.href, job, alert.agent,
        alert.opened, alert.seen, alert.times, alert_mark(alert.key),
    )  # fmt: skip


def cause_facts(row: Mapping[str, Any], limits: Mapping[str, int]) -> tuple[Cause, ...]:
    """What work of the last week waited for, as `callboard.desk.bottlenecks` has it, the costliest first; nothing while it says
    itself that there is too little data."""
    if not row["enough"]:
        return ()
    causes = []
    for cause in row["causes"][:MOST_CAUSES]:
        if cause["kind"] in ON_PURPOSE:
            continue
        agent = about(cause["cause"]) if cause["kind"] == "agent busy" else ""
        causes.append(
            Cause(
                cause["cause"], f"waits for {cause['cause']}", cause["seconds"], cause["share"] or 0.0, cause["tasks"],
                tuple(cause["agents"][:MOST_NAMES]), tuple(cause["trend"]), cause["since"], cause["href"], cause["relief"],
                cause["words"], agent, limits.get(agent, 0),
            )
        )  # fmt: skip
    return tuple(causes)


def flaky_facts(row: Mapping[str, Any]) -> tuple[FlakyFact, ...]:
    """What further tries of unsteady work cost, by job."""
    return tuple(
        FlakyFact(
            one["name"], one["seconds"], one["tries"],
            f"{one['tries']} tries that failed before the same task passed cost {one['seconds']:.0f} s", one["href"],
        )
        for one in (row["flaky"] or {}).get("by", ())
    )  # fmt: skip


def need_facts(row: Mapping[str, Any]) -> tuple[NeedFact, ...]:
    """Jobs whose declared needs are far from what they use, and are planned with nevertheless."""
    found = []
    for one in row["jobs"]:
        used, declared, planned = one["used"], one["declared"], one["planned"]
        if used is None:
            continue
        found.append(
            NeedFact(
                one["job"], f"{cpus(declared['cpus'])} and {gib(declared['memory_mb'])}",
                f"{used['cpus']:.2g} cores and {gib(used['memory_mb'])}", one["n"], declared["cpus"], used["cpus"],
                declared["memory_mb"], used["memory_mb"], fixed=planned == declared, killed="memory limit ended" in one["words"],
            )
        )  # fmt: skip
    return tuple(found)


def is_lack(cause: str) -> bool:
    """Whether a cause of waiting is a lack of something: other tasks that come first and pauses between tries are none."""
    return cause.startswith("waits for a decision") or not cause.startswith(("waits for ", "backs off"))


def drift_facts(series: Mapping[str, Sequence[tuple[float, float, int, int]]]) -> tuple[DriftFact, ...]:
    """Jobs that take longer than they did, by the test of `callboard.learn.drift`."""
    found = []
    for job, newest_first in series.items():
        known = newest_first[:MOST_SERIES][::-1]
        change = drift([math.log(max(seconds, LEAST_LOG_S)) for _, seconds, _, _ in known])
        if change is None or change.share <= 0:
            continue
        at, _, run, place = known[change.at]
        words = f"{job} {change.words}"
        found.append(DriftFact(job, change.before, change.after, change.tries, at, words, f"/tasks/{run}.{place}"))
    return tuple(found)


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
