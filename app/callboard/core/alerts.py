"""Alerts as they stand: what each event about one makes of it, and which are not resolved.

An alert is known by its `key`, a kind and what it is about, such as 'task-broken:/home/ann/shop:quality.tests'. One cause
has one alert: seen again it is told again, with a cause that is gone it is resolved, and it opens anew when that returns.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from callboard.core.events import AlertMarked, AlertRaised, AlertResolved
from callboard.errors import NotFound, Refused

LEVELS = ("critical", "high", "medium", "low")
ID_DIGITS = 10
AlertEvent = AlertRaised | AlertResolved | AlertMarked


class AlertState(StrEnum):
    """Open until somebody acknowledges or snoozes it, or its cause is gone."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Choice(StrEnum):
    """What is done with an alert: by a person, or `WOKEN` by the clock."""

    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    REOPENED = "reopened"
    WOKEN = "woken"


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause and what became of it.

    `job` is whose attempts tell whether the cause is still there, `run`, `task` and `attempt` where it was seen last.
    `first` is when it was seen at all, `opened` when it opened the last time, `times` counts in how many runs it was seen.
    `by`, `marked`, `until` and `why` belong to the last word: who said it, when, until when it holds, and the reason.
    """

    key: str
    kind: str
    severity: str
    title: str
    text: str
    href: str
    workspace: str
    job: str
    agent: str
    run: int
    task: int
    attempt: int
    first: float
    opened: float
    seen: float
    times: int = 1
    state: AlertState = AlertState.OPEN
    by: str = ""
    marked: float | None = None
    until: float | None = None
    why: str = ""

    @property
    def id(self) -> str:
        """Its short name for people and addresses."""
        return alert_id(self.key)

    @property
    def place(self) -> tuple[int, int, int]:
        """The attempt that saw it last."""
        return self.run, self.task, self.attempt


def alert_id(key: str) -> str:
    """Ten hexadecimal digits that stand for a key; the same in every data folder."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()[:ID_DIGITS]


def told(alert: Alert | None, event: AlertEvent) -> Alert:
    """The alert after the event; raises `NotFound` and `Refused`."""
    if isinstance(event, AlertRaised):
        return _raised(alert, event)
    if alert is None:
        raise NotFound(f"there is no alert '{event.key}'")
    if alert.state is AlertState.RESOLVED:
        raise Refused(f"alert {alert.id} is resolved already: {alert.why}; it comes back by itself when its cause does")
    if isinstance(event, AlertResolved):
        return replace(alert, state=AlertState.RESOLVED, by="", marked=event.at, until=None, why=event.why)
    if event.choice not in list(Choice):
        raise Refused(f"'{event.choice}' is no choice for an alert; the choices: {', '.join(Choice)}")
    state = {Choice.ACKNOWLEDGED: AlertState.ACKNOWLEDGED, Choice.SNOOZED: AlertState.SNOOZED}.get(
        Choice(event.choice), AlertState.OPEN
    )
    until = event.until if state is AlertState.SNOOZED else None
    return replace(alert, state=state, by=event.by, marked=event.at, until=until, why=event.reason)


def _raised(alert: Alert | None, event: AlertRaised) -> Alert:
    """Anew, or once more; what became worse than what somebody acknowledged or snoozed is open again."""
    fresh = Alert(
        event.key, event.kind, event.severity, event.title, event.text, event.href, event.workspace, event.job,
        event.agent, event.run, event.task, event.attempt, first=event.at, opened=event.at, seen=event.at,
    )  # fmt: skip
    if alert is None:
        return fresh
    if alert.state is AlertState.RESOLVED:
        return replace(fresh, first=alert.first, times=alert.times + 1)
    again = replace(fresh, first=alert.first, times=alert.times + (alert.run != event.run))
    if alert.state is not AlertState.OPEN and LEVELS.index(event.severity) < LEVELS.index(alert.severity):
        return again
    return replace(
        again,
        opened=alert.opened,
        state=alert.state,
        by=alert.by,
        marked=alert.marked,
        until=alert.until,
        why=alert.why,
    )


class Alerts:
    """The alerts that are not resolved, by key; `take` alone changes them."""

    def __init__(self) -> None:
        self._by_key: dict[str, Alert] = {}
        self._by_job: dict[str, dict[str, None]] = {}
        self._asleep: list[tuple[float, str]] = []

    def get(self, key: str) -> Alert | None:
        """The alert of this key, None when there is none or it is resolved."""
        return self._by_key.get(key)

    def __iter__(self) -> Iterator[Alert]:
        return iter(list(self._by_key.values()))

    def __len__(self) -> int:
        return len(self._by_key)

    def of_job(self, job: str) -> list[Alert]:
        """Those about which attempts of this job tell."""
        return [self._by_key[key] for key in self._by_job.get(job, ())]

    def take(self, event: AlertEvent) -> None:
        """Puts an event in; raises `NotFound` and `Refused`, and then nothing has changed."""
        former = self._by_key.get(event.key)
        alert = told(former, event)
        if former is not None:
            self._forget(former)
        if alert.state is AlertState.RESOLVED:
            return
        self._by_key[alert.key] = alert
        if alert.job:
            self._by_job.setdefault(alert.job, {})[alert.key] = None
        if alert.state is AlertState.SNOOZED and alert.until is not None:
            heapq.heappush(self._asleep, (alert.until, alert.key))

    def _forget(self, alert: Alert) -> None:
        del self._by_key[alert.key]
        if alert.job:
            keys = self._by_job[alert.job]
            del keys[alert.key]
            if not keys:
                del self._by_job[alert.job]

    def due(self, now: float) -> list[AlertMarked]:
        """Those whose snooze is over, waking up; each is named once."""
        woken: dict[str, AlertMarked] = {}
        while self._asleep and self._asleep[0][0] <= now:
            _, key = heapq.heappop(self._asleep)
            alert = self._by_key.get(key)
            if alert is not None and alert.until is not None and alert.until <= now:
                woken[key] = AlertMarked(now, key, Choice.WOKEN, "Callboard", reason=f"{alert.by}'s snooze is over")
        return list(woken.values())
