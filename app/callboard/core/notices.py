"""Who is told what, when: which news a channel wants, when it may be sent, what one message holds, when it is tried again.

Delivery is at least once: a program that is killed between sending and writing that down sends again.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, assert_never

from callboard.core.notice_events import NoticeRenewed, NoticesMade, NoticesTried
from callboard.errors import Refused

KINDS = ("alert", "case", "question", "run")
SEVERITIES = ("critical", "high", "medium", "low", "info")
BACKOFF_S = (30.0, 120.0, 600.0, 3600.0, 4 * 3600.0)
HOUR_S = 3600.0
MOST_AT_ONCE = 3
MOST_LINES = 20
LONGEST_TITLE = 200
LONGEST_BODY = 2_000
ID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class News:
    """Something worth telling: `about` names it for good, so that it is told once; `link` is a path of the dashboard."""

    kind: str
    about: str
    severity: str
    title: str
    body: str
    link: str
    at: float


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notices go, and which: of these kinds, as bad as `level` or worse, at most `per_hour` messages.

    `quiet` is 'HH:MM-HH:MM' in the zone of the times that are given, or ''; what is critical is told then too.
    """

    name: str
    kinds: frozenset[str] = frozenset(KINDS)
    level: str = "high"
    per_hour: int = 20
    quiet: str = ""

    def wants(self, news: News) -> bool:
        """Whether it is told of this."""
        return news.kind in self.kinds and SEVERITIES.index(news.severity) <= SEVERITIES.index(self.level)


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of news for one channel. `state` is waiting, sent or failed; a waiting one is due at `due`."""

    id: str
    channel: str
    kind: str
    severity: str
    title: str
    body: str
    link: str
    made: float
    due: float
    state: str = "waiting"
    tries: int = 0
    tried: float | None = None
    words: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once: one notice, or several in one."""

    channel: str
    title: str
    body: str
    severity: str
    notices: tuple[Notice, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class TellNotices:
    """News for channels; see `NoticesMade`."""

    notices: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class NoteTried:
    """What became of a message."""

    ids: tuple[str, ...]
    ok: bool
    words: str
    again: float | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class RenewNotice:
    """Tries a notice again now; whoever wishes it has looked whether it is there."""

    id: str
    by: str


NoticeCommand = TellNotices | NoteTried | RenewNotice


def grant_notice(command: NoticeCommand, now: float) -> list[NoticesMade | NoticesTried | NoticeRenewed]:
    """The events that carry the command out; raises `Refused`."""
    match command:
        case TellNotices(notices=notices):
            return [NoticesMade(now, notices)] if notices else []
        case NoteTried(ids=ids):
            if not ids:
                raise Refused("a message holds at least one notice")
            return [NoticesTried(now, ids, command.ok, command.words, command.again, command.by)]
        case RenewNotice(id=id, by=by):
            return [NoticeRenewed(now, id, by)]
        case _:
            assert_never(command)


def notice_of(channel: Channel, news: News, now: datetime.datetime) -> dict[str, Any]:
    """The notice of that news for the channel, as `NoticesMade` keeps it; `now` is in the zone of the channel's quiet hours."""
    mark = "\x1f".join((channel.name, news.kind, news.about))
    due = news.at if news.severity == "critical" else max(news.at, quiet_until(channel.quiet, now))
    return {
        "id": sha256(mark.encode("utf-8", "replace")).hexdigest()[:ID_DIGITS], "channel": channel.name, "kind": news.kind,
        "severity": news.severity, "title": news.title[:LONGEST_TITLE], "body": news.body[:LONGEST_BODY],
        "link": news.link, "made": news.at, "due": due,
    }  # fmt: skip


def quiet_until(quiet: str, now: datetime.datetime) -> float:
    """When the hours of quiet that `now` lies in are over (seconds since the epoch), 0 when it lies in none."""
    if not quiet:
        return 0.0
    begin, end = (datetime.time.fromisoformat(word) for word in quiet.split("-"))
    clock = now.time().replace(tzinfo=None)
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not inside or begin == end:
        return 0.0
    day = now.date() if clock < end else now.date() + datetime.timedelta(1)
    return datetime.datetime.combine(day, end, now.tzinfo).timestamp()


def messages(due: Sequence[Notice], sent: int, channel: Channel, base: str) -> list[Message]:
    """What is sent of a channel's notices that are due now, when `sent` messages went out in the last hour.

    More than MOST_AT_ONCE go as one; what comes when the hour is full waits for the next one. `base` is the dashboard's address.
    """
    room = channel.per_hour - sent
    if not due or room <= 0:
        return []
    ordered = sorted(due, key=lambda one: (SEVERITIES.index(one.severity), one.made))
    if len(ordered) > min(MOST_AT_ONCE, room):
        return [_several(channel.name, ordered, base)]
    return [
        Message(channel.name, f"[{one.severity}] {one.title}", _body(one, base), one.severity, (one,))
        for one in ordered
    ]


def _several(channel: str, ordered: Sequence[Notice], base: str) -> Message:
    lines = [f"[{one.severity}] {one.title}" for one in ordered[:MOST_LINES]]
    if len(ordered) > MOST_LINES:
        lines.append(f"and {len(ordered) - MOST_LINES} more")
    worst = ordered[0].severity
    return Message(
        channel,
        f"[{worst}] {len(ordered)} things on the callboard",
        "\n".join([*lines, "", base]),
        worst,
        tuple(ordered),
    )


def _body(one: Notice, base: str) -> str:
    return "\n".join(part for part in (one.body, f"{base}{one.link}" if base and one.link else one.link) if part)


def again_at(tries: int, now: float) -> float | None:
    """When a notice that failed for the `tries`-th time is tried again; None when it is given up."""
    return now + BACKOFF_S[tries - 1] if tries <= len(BACKOFF_S) else None


def notice_words(event: NoticesMade | NoticesTried | NoticeRenewed) -> str:
    """What happened, as a sentence for a person."""
    match event:
        case NoticesMade():
            channels = ", ".join(sorted({str(one.get("channel", "")) for one in event.notices}))
            count = len(event.notices)
            return f"{count} {'notice is' if count == 1 else 'notices are'} to be sent to {channels}."
        case NoticesTried():
            what = "1 notice" if len(event.ids) == 1 else f"{len(event.ids)} notices"
            if event.ok:
                return f"{what} went out."
            later = "it is tried again" if event.again is not None else "it is given up"
            return f"{what} could not be sent: {event.words.rstrip('.')}; {later}."
        case NoticeRenewed():
            return f"{event.by} had notice {event.id} tried again."
        case _:
            assert_never(event)
