"""What differs between two runs: tasks by name, findings by fingerprint, settings by job."""

import re
from collections.abc import Iterable, Mapping, Sequence

from callboard.core.run import SEVERITIES
from callboard.core.task import TaskSpec
from callboard.learn.spread import ENOUGH, Spread
from callboard.rows import Row

CHANGES = (
    "newly broken", "no longer known", "cured", "slower", "faster", "new", "gone", "still broken", "too little known",
)  # fmt: skip
FAILED = frozenset({"failed", "timed out", "lost"})
OPEN = frozenset({"waiting", "starting", "running", "needs decision"})
MOST_ROWS = 500
WORKED = 0.2  # of the seconds that are more, the share of CPU time below which it did not work more
MOST_OF_RULE = 50
SECRET = re.compile(r"(?i)token|secret|passw|credential|api_?key")
NONE: Mapping[str, Spread] = {}


def result(task: Row) -> str:
    """'pass', 'fail', 'unknown', 'none' for what was not done, 'open' for what has not ended."""
    state = task["state"]
    if state in OPEN:
        return "open"
    if state in FAILED or (state == "succeeded" and task["verdict"] == "fail"):
        return "fail"
    if state == "succeeded" and task["verdict"] == "unknown":
        return "unknown"
    return "pass" if state in ("succeeded", "unchanged") else "none"


def task_changes(
    now: Sequence[Row], then: Sequence[Row], run: int, spreads: Mapping[str, Spread] = NONE
) -> tuple[list[Row], Row]:
    """The tasks by kind of change, and how many are the same, not ended, and not judged by their time.

    `run` is the number of the earlier run, for the words.
    """
    groups: dict[str, list[Row]] = {name: [] for name in CHANGES}
    rest = {"same": 0, "open": 0, "unjudged": 0}
    old = {task["name"]: task for task in then}
    for task in now:
        before = old.pop(task["name"], None)
        change, words = _change(task, before, run, spreads.get(task["name"]))
        if change in groups:
            groups[change].append(_row(task, before, words))
        if change in rest:
            rest[change] += 1
        if before is not None and _timed(task, before) and not _known(spreads.get(task["name"])):
            rest["unjudged"] += 1
    groups["gone"] = [_row(None, task, f"{_shown(task)} in run {run}") for task in old.values()]
    for name in ("slower", "faster", "too little known"):
        groups[name].sort(key=lambda row: -abs(row["by_s"] or 0.0))
    kept = [
        {"change": name, "count": len(rows), "of": rows[:MOST_ROWS], "more": max(0, len(rows) - MOST_ROWS)}
        for name, rows in groups.items()
    ]
    return kept, rest


def _change(task: Row, before: Row | None, run: int, spread: Spread | None) -> tuple[str, str]:
    now = result(task)
    if before is None:
        return "new", f"not in run {run}; {_shown(task)} now"
    was = result(before)
    if now == "open" or was == "open":
        return "open", ""
    if now == "fail":
        return ("still broken", f"{_shown(before)} in run {run} too") if was == "fail" else (
            "newly broken", f"{_shown(before)} in run {run}"
        )  # fmt: skip
    if now == "pass" and was in ("fail", "unknown"):
        return "cured", f"{_shown(before)} in run {run}"
    if now in ("unknown", "none") and was != now:
        return "no longer known", f"{_shown(before)} in run {run}, {_shown(task)} now"
    if now == was == "pass" and _timed(task, before):
        return _time_change(task, before, run, spread)
    return "same", ""


def _time_change(task: Row, before: Row, run: int, spread: Spread | None) -> tuple[str, str]:
    now, then = _seconds(task), _seconds(before)
    words = f"{_s(now)}, {_s(then)} in run {run}"
    if spread is None or not spread.enough:
        n = spread.n if spread is not None else 0
        if abs(now - then) > max(1.0, 0.25 * then):
            return (
                "too little known",
                f"{words}; {n} earlier tries are too few to tell that from noise, {ENOUGH} are needed",
            )
        return "same", ""
    if abs(now - then) <= spread.noise:
        return "same", ""
    usual = f"usually {_s(spread.low)} to {_s(spread.high)} ({spread.n} tries)"
    if now < then:
        return "faster", f"{words}; {usual}"
    worked = float(task["cpu_s"]) - float(before["cpu_s"])
    idle = f"; {_s(task['cpu_s'])} of CPU, hardly more than before: it waited" if worked < WORKED * (now - then) else ""
    return "slower", f"{words}; {usual}{idle}"


def _timed(task: Row, before: Row) -> bool:
    """Whether both really ran, and passed: what fails early is not fast."""
    both = (task, before)
    return all(
        one["state"] == "succeeded" and result(one) == "pass" and one["started"] and one["ended"] for one in both
    )


def _known(spread: Spread | None) -> bool:
    return spread is not None and spread.enough


def _seconds(task: Row) -> float:
    return float(task["ended"]) - float(task["started"])


def _s(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _shown(task: Row) -> str:
    if task["state"] == "succeeded" and task["verdict"] in ("fail", "unknown"):
        return "failed" if task["verdict"] == "fail" else "unknown"
    return str(task["state"])


def _row(now: Row | None, then: Row | None, words: str) -> Row:
    name = (now or then or {})["name"]
    side = {"now": _side(now), "then": _side(then)}
    both = [part["seconds"] for part in side.values() if part and part["seconds"] is not None]
    return {"name": name, "words": words, **side, "by_s": round(both[0] - both[1], 3) if len(both) == 2 else None}


def _side(task: Row | None) -> Row | None:
    if task is None:
        return None
    return {
        "id": task["id"],
        "state": _shown(task),
        "reason": task["reason"],
        "agent": task["agent"],
        "seconds": round(_seconds(task), 3) if task["started"] and task["ended"] else None,
        "cpu_s": task["cpu_s"],
        "peak_mb": task["peak_mb"],
    }


def finding_changes(now: Sequence[Row], then: Sequence[Row], unseen: Iterable[str]) -> list[Row]:
    """The `merged` findings as new, gone, still and not looked for, each by rule, the worst and the most first.

    `unseen` are the tasks of the earlier run whose work was not done again: what only they saw is not gone.
    """
    blind = set(unseen)
    new = {_identity(row): row for row in now}
    old = {_identity(row): row for row in then}
    lost = [row for key, row in old.items() if key not in new]
    parts = {
        "new": [row for key, row in new.items() if key not in old],
        "gone": [row for row in lost if not blind.issuperset(row["tasks"])],
        "still": [row for key, row in new.items() if key in old],
        "not looked for": [row for row in lost if blind.issuperset(row["tasks"])],
    }
    return [{"change": name, "count": len(rows), "rules": _by_rule(rows)} for name, rows in parts.items()]


def _identity(row: Row) -> object:
    return row["fingerprint"] or (row["rule"], row["path"], row["message"])


def _by_rule(rows: Iterable[Row]) -> list[Row]:
    rules: dict[str, list[Row]] = {}
    for row in rows:
        rules.setdefault(row["rule"], []).append(row)
    found = []
    for rule, of in rules.items():
        of.sort(key=lambda row: (SEVERITIES.index(row["severity"]), row["path"], row["line"]))
        shown = [{name: row[name] for name in _SHOWN} for row in of[:MOST_OF_RULE]]
        found.append({"rule": rule, "severity": of[0]["severity"], "count": len(of), "of": shown})
    return sorted(found, key=lambda row: (SEVERITIES.index(row["severity"]), -row["count"], row["rule"]))


_SHOWN = ("id", "run", "severity", "rule", "path", "line", "message", "tasks", "agents", "accepted", "fingerprint")


def setting_changes(now: Sequence[TaskSpec], then: Sequence[TaskSpec]) -> list[Row]:
    """What is asked for otherwise, of the jobs that both runs have: job, what, then, now."""
    old = {spec.name: settings_of(spec, then) for spec in then}
    found = []
    for spec in now:
        before = old.get(spec.name)
        if before is None:
            continue
        after = settings_of(spec, now)
        for what in sorted(before.keys() | after.keys()):
            if before.get(what, "") != after.get(what, ""):
                told = ("(hidden)", "(hidden)") if SECRET.search(what) else (before.get(what, ""), after.get(what, ""))
                found.append({"job": spec.name, "what": what, "then": told[0], "now": told[1]})
    return found[:MOST_ROWS]


def settings_of(spec: TaskSpec, specs: Sequence[TaskSpec]) -> dict[str, str]:
    """What a team writes down of a job, in words; needs as declared, not as learned."""
    declared = spec.learned.get("declared") or {"cpus": spec.needs.cpus, "memory_mb": spec.needs.memory_mb}
    return {
        "action": spec.action,
        "command": " ".join(spec.argv)[:500],
        "agent": "" if spec.wants or len(spec.candidates) > 1 else spec.agent,
        "wants": spec.wants,
        "folder": spec.folder,
        "stage": spec.stage,
        "cores needed": f"{declared.get('cpus', 0):g}",
        "memory needed (MiB)": f"{declared.get('memory_mb', 0):g}",
        "locks": ", ".join(lock.name + (" (shared)" if lock.shared else "") for lock in spec.needs.locks),
        "time limit (s)": f"{spec.limits.time_s:g}",
        "memory limit (MiB)": f"{spec.limits.memory_mb:g}",
        "attempts": str(spec.retry.attempts),
        "strict": "yes" if spec.strict else "no",
        "depends on": ", ".join(specs[place].name for place in spec.depends if place < len(specs)),
        "after": ", ".join(specs[place].name for place in spec.after if place < len(specs)),
        **{f"options.{name}": str(value)[:500] for name, value in spec.options.items()},
    }


def totals(now: Row, then: Row) -> list[Row]:
    """Both runs side by side: what, unit, then, now."""

    def wall(run: Row) -> float | None:
        return round(run["ended"] - run["started"], 3) if run["started"] and run["ended"] else None

    def summed(tasks: Sequence[Row], name: str) -> float:
        return round(sum(float(task[name]) for task in tasks), 3)

    def waited(tasks: Sequence[Row]) -> float:
        return round(sum(float(hold["seconds"]) for task in tasks for hold in task["holds"]), 3)

    sides = (then, now)
    return [
        {"what": what, "unit": unit, "then": measure(sides[0]), "now": measure(sides[1])}
        for what, unit, measure in (
            ("wall time", "s", lambda side: wall(side["run"])),
            ("CPU time", "s", lambda side: summed(side["tasks"], "cpu_s")),
            ("largest peak of memory", "MiB", lambda side: max((t["peak_mb"] for t in side["tasks"]), default=0.0)),
            ("read", "MiB", lambda side: summed(side["tasks"], "read_mb")),
            ("written", "MiB", lambda side: summed(side["tasks"], "written_mb")),
            ("waited, all tasks", "s", lambda side: waited(side["tasks"])),
            ("tasks", "", lambda side: len(side["tasks"])),
            ("findings", "", lambda side: sum(side["run"]["findings"].values())),
        )
    ]
