"""The words around what-if: which changes there are, what they would take, and what the difference is."""

import math
from collections.abc import Mapping
from typing import Any

from callboard.core.holds import gib, number
from callboard.core.task import Priority
from callboard.errors import ConfigError
from callboard.insight.whatif import ORDERS
from callboard.learn.durations import ENOUGH as FEW

MOST_MACHINES = 16
MOST_CPUS = 1_024.0
MOST_MEMORY_MB = 16_777_216.0
MOST_LIMIT = 1_000
KNOWN = ("cpus", "memory_mb", "concurrency", "without", "priority", "order", "cache", "machines")
Row = dict[str, Any]


def checked(told: Mapping[str, Any]) -> Row:
    """The changes with all names; raises `ConfigError` for what is none."""
    strange = [name for name in told if name not in KNOWN]
    if strange:
        raise ConfigError(f"'{str(strange[0])[:60]}' is no change; the changes: {', '.join(KNOWN)}")
    found: Row = {
        "cpus": _amount(told, "cpus", MOST_CPUS), "memory_mb": _amount(told, "memory_mb", MOST_MEMORY_MB), "concurrency": {},
        "without": [], "priority": {}, "order": "", "cache": False, "machines": 1,
    }  # fmt: skip
    for agent, limit in _mapping(told, "concurrency").items():
        if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= MOST_LIMIT:
            raise ConfigError(f"concurrency of '{agent[:60]}' must be a whole number from 0 to {MOST_LIMIT}")
        found["concurrency"][agent] = limit
    without = told.get("without") or []
    if not isinstance(without, list) or not all(isinstance(name, str) for name in without):
        raise ConfigError("'without' must be a list of jobs")
    found["without"] = list(dict.fromkeys(without))
    for job, level in _mapping(told, "priority").items():
        if not isinstance(level, str) or level.upper() not in Priority.__members__:
            raise ConfigError(f"priority of '{job[:60]}' must be critical, high, medium or low")
        found["priority"][job] = level.lower()
    order = told.get("order") or ""
    if order and order not in ORDERS:
        raise ConfigError(f"'order' must be one of: {', '.join(ORDERS)}")
    found["order"] = order
    if not isinstance(told.get("cache", False), bool):
        raise ConfigError("'cache' must be true or false")
    found["cache"] = bool(told.get("cache"))
    machines = told.get("machines") or 1
    if not isinstance(machines, int) or isinstance(machines, bool) or not 1 <= machines <= MOST_MACHINES:
        raise ConfigError(f"'machines' must be a whole number from 1 to {MOST_MACHINES}")
    found["machines"] = machines
    return found


def _amount(told: Mapping[str, Any], name: str, most: float) -> float | None:
    value = told.get(name)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 < value <= most
        or not math.isfinite(value)
    ):
        raise ConfigError(f"'{name}' must be a number above 0 and at most {most:g}")
    return float(value)


def _mapping(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name) or {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"'{name}' must be a table")
    return value


def answer(told: Row, changes: Row, capacity: Row) -> Row:
    """The answer of the process as surfaces have it."""
    base, other = told["base"], told["other"]
    notes = [f"{told['futures']} futures of {told['jobs']} jobs, the same luck on both sides"]
    if told["few"]:
        notes.append(
            f"too little data for {told['few']} of {told['jobs']} jobs (fewer than {FEW} tries): their estimates are used"
        )
    if changes["machines"] > 1:
        notes.append("more machines are assumed to be like this one and to work as one; Callboard itself works on one")
    if changes["without"]:
        notes.append("what waits for a job that is left out begins as if that had passed")
    if changes["cache"]:
        known = [f"{name} {share * 100:.0f} % of {n}" for name, (share, n) in sorted(told["reused"].items()) if share]
        some = "; ".join(known[:8]) or "none: no job's inputs are known, or they changed every time"
        notes.append(f"an earlier pass would stand for these shares of tries: {some}")
    for side, words in zip(told["stuck"], ("as it is", "with the changes"), strict=True):
        if side:
            notes.append(f"{words} it does not end by itself: {side}")
    return {
        "base": base, "other": other, "difference": _difference(told, base, other), "takes": _takes(changes, capacity),
        "notes": notes,
    }  # fmt: skip


def _difference(told: Row, base: Row | None, other: Row | None) -> Row:
    if base is None or other is None:
        return {"words": "it cannot be said: one of the two does not end by itself", "p50_s": None, "p80_s": None}
    p50 = round(other["end"]["p50"] - base["end"]["p50"], 1)
    p80 = round(other["end"]["p80"] - base["end"]["p80"], 1)
    pairs = list(zip(*told["pairs"], strict=True))
    sooner = sum(b < a - 0.05 for a, b in pairs)
    later = sum(b > a + 0.05 for a, b in pairs)
    if max(abs(p50), abs(p80)) < 0.05 and not sooner and not later:
        return {"words": "no difference", "p50_s": p50, "p80_s": p80}
    way = "earlier" if p50 < 0 else "later"
    words = f"ends {_lasting(abs(p50))} {way} at P50; sooner in {sooner} of {len(pairs)} futures"
    if later:
        words += f", later in {later}"
    return {"words": words, "p50_s": p50, "p80_s": p80}


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


def _takes(changes: Row, capacity: Row) -> list[str]:
    """What it would take, in words."""
    words = []
    if changes["cpus"] is not None:
        words.append(
            f"{number(changes['cpus'])} cpus for tasks, where {number(capacity['cpus'])} are free for them now"
        )
    if changes["memory_mb"] is not None:
        words.append(
            f"{gib(changes['memory_mb'])} of memory for tasks, where {gib(capacity['memory_mb'])} are free for them now"
        )
    if changes["machines"] > 1:
        words.append(f"{changes['machines'] - 1} more machine{'s' if changes['machines'] > 2 else ''} like this one")
    for agent, limit in changes["concurrency"].items():
        words.append(f"callboard concurrency {agent} {limit}")
    if changes["without"]:
        words.append("callboard run " + " ".join(f"--skip {name}" for name in changes["without"]))
    for job, level in changes["priority"].items():
        words.append(f"job {job} goes as {level} within its run: a run of its own with --priority {level}")
    if changes["order"]:
        words.append(f"another order within the run ({changes['order']}): it cannot be set today")
    if changes["cache"]:
        words.append("callboard run --affected; commands have to say what they read (`reads`) to have a part in it")
    return words
