"""Facts about a crew made safe: known keys of the right kinds, bounded texts, times by our clock."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from callboard.core.crew_events import Fact

MOST_FACTS = 500
LONGEST_TEXT = 200
MOST_LISTED = 200
HIGHEST = 10**12
SKEW_S = 2.0
OLDEST_S = 30 * 86_400.0

TEXTS = ("workflow", "task", "name", "role", "error", "process", "parent", "title", "words", "state")
COUNTS = ("calls", "failed", "input", "output", "total", "done")
WHATS = frozenset({
    "crew", "workflow-started", "workflow-ended", "task-started", "task-ended", "task-retried", "agent-started", "agent-ended",
    "llm", "tool", "waits", "progress", "seen", "source", "dropped",
})  # fmt: skip
OF_NO_WORKFLOW = frozenset({"crew", "source", "dropped"})
PROCESSES = ("sequential", "hierarchical", "flow")
SOURCE_STATES = ("fresh", "stale", "off", "error")


def checked_facts(raw: Iterable[Any], now: float, sent: float | None = None) -> tuple[Fact, ...]:
    """The facts that fit, in the order of their times; `sent` is the sender's clock when it sent them, which corrects theirs."""
    shift = now - sent if sent is not None and math.isfinite(sent) and abs(now - sent) > SKEW_S else 0.0
    found = []
    for number, fact in enumerate(raw):
        if number >= MOST_FACTS:
            break
        checked = _checked(fact, now, shift)
        if checked is not None:
            found.append(checked)
    found.sort(key=lambda fact: float(fact["at"]))
    return tuple(found)


def _checked(raw: Any, now: float, shift: float) -> dict[str, Any] | None:
    if not isinstance(raw, Mapping) or raw.get("what") not in WHATS:
        return None
    what = str(raw["what"])
    fact: dict[str, Any] = {"what": what, "at": _time(raw.get("at"), now, shift)}
    for key in TEXTS:
        text = _text(raw.get(key))
        if text:
            fact[key] = text
    for key in COUNTS:
        value = raw.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST:
            fact[key] = value
    seconds = raw.get("seconds")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= OLDEST_S:
        fact["seconds"] = float(seconds)
    for key in ("ok", "on"):
        if isinstance(raw.get(key), bool):
            fact[key] = raw[key]
    if what == "workflow-started" and isinstance(raw.get("tasks"), list | tuple):
        fact["tasks"] = [_texts(row, 3) for row in raw["tasks"][:MOST_LISTED] if isinstance(row, list | tuple)]
    if what == "crew" and isinstance(raw.get("roles"), list | tuple):
        fact["roles"] = [role for role in _texts(raw["roles"], MOST_LISTED) if role]
    if fact.get("process", PROCESSES[0]) not in PROCESSES:
        del fact["process"]
    if what == "source" and fact.get("state") not in SOURCE_STATES:
        return None
    if what not in OF_NO_WORKFLOW and "workflow" not in fact:
        return None
    return fact


def _time(value: Any, now: float, shift: float) -> float:
    """By our clock, never later than now."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return now
    at = float(value) + shift
    return round(at, 4) if now - OLDEST_S <= at <= now else now


def _texts(values: Sequence[Any], most: int) -> list[str]:
    return [_text(value) for value in values[:most]]


def _text(value: Any) -> str:
    """One line of printable signs."""
    if not isinstance(value, str):
        return ""
    text = value[: 4 * LONGEST_TEXT].encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()[:LONGEST_TEXT]
