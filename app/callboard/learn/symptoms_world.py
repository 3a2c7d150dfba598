"""Symptoms that are not of a look at code: alerts of the machine and the crew, and jobs that became slower."""

import hashlib
from collections.abc import Sequence

from callboard.core.case_facts import Symptom, family_of
from callboard.core.events import AlertRaised
from callboard.learn.spread import spread_of
from callboard.learn.symptoms import Look, check_of
from callboard.work.finding import clean

TELLING = (
    "crew-failed",
    "crew-slow",
    "crew-silent",
    "plugin-broken",
    "pressure",
    "disk-low",
    "task-lost",
    "schedule-missed",
)
IN_A_ROW = 2
LEAST_TIMES = 1.5
LEAST_MORE_S = 3.0
SLOWER = "slower"


def alert_check(kind: str) -> str:
    """Under which name the alerts of a kind are known as a check."""
    return f"alert {kind}"


def alert_mark(key: str) -> str:
    """The fingerprint of an alert."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]


def of_alert(event: AlertRaised) -> Symptom | None:
    """The symptom of an alert; None for one whose cause a task or a finding tells already."""
    if event.kind not in TELLING:
        return None
    message = clean(f"{event.title}: {event.text}" if event.text else event.title, 1_500)
    task = f"{event.run}.{event.task}" if event.run and event.task >= 0 else ""
    return Symptom(
        alert_check(event.kind), alert_mark(event.key), "alert", event.kind, event.severity, clean(event.title, 200),
        message=message, family=family_of(event.kind, "Callboard", message), agent=event.agent, run=event.run, task=task,
        attempt=event.attempt, first=event.at, seen=event.at,
    )  # fmt: skip


def slower(look: Look, seconds: float, before: Sequence[float]) -> Symptom | None:
    """A job that took longer than it is used to, and its last try too (`before` has the newest first); None for noise.

    Longer means by more than the noise of its earlier tries, by half of their median and by 3 s; told from five of them on.
    """
    recent, usual = [seconds, *before[: IN_A_ROW - 1]], list(before[IN_A_ROW - 1 :])
    if len(recent) < IN_A_ROW or not usual:
        return None
    spread = spread_of(usual)
    limit = max(spread.median + spread.noise, LEAST_TIMES * spread.median, spread.median + LEAST_MORE_S)
    if not spread.enough or min(recent) <= limit:
        return None
    message = (
        f"{look.check} took {seconds:.1f} s, used to take {spread.low:.1f} to {spread.high:.1f} s (n = {spread.n})"
    )
    return Symptom(
        check_of(look), alert_mark(f"slower {look.check}"), "slow", SLOWER, "medium",
        f"{look.check} became slower: {seconds:.1f} s instead of {spread.median:.1f} s", message=message,
        family=family_of(SLOWER, look.action or "command", message), agent=look.agent, run=look.run, task=look.task,
        attempt=look.attempt, first=look.at, seen=look.at, code=look.code,
    )  # fmt: skip
