"""Notices: what people are told outside of the board, through which channels, and what became of each."""

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property

from callboard.config import Config, default_config, read_config
from callboard.config.fields import near
from callboard.config.notifying import NotifyTable
from callboard.core.notices import (
    KINDS,
    SEVERITIES,
    Channel,
    Message,
    News,
    NoteTried,
    Notice,
    RenewNotice,
    TellNotices,
    notice_of,
)
from callboard.desk.room import Room
from callboard.errors import ConfigError, NotFound, Refused
from callboard.link.notifying import Sender
from callboard.record.notice_rows import NoticeRecord
from callboard.rows import Row

STATES = ("waiting", "sent", "failed")
MOST = 500
HOW = (
    "Nobody is told outside of this board. Write a table [notify.NAME] into callboard.toml: its address, or with url_env the "
    "variable that holds it, and what it is told of."
)


class Notices(Room):
    """Channels and their delivery log."""

    @cached_property
    def notice_record(self) -> NoticeRecord:
        """What is kept of notices."""
        return NoticeRecord(self._history.database)

    @cached_property
    def sender(self) -> Sender:
        """Delivers."""
        return Sender()

    def notices(self, channel: str = "", state: str = "", limit: int = 100) -> Row:
        """{"channels", "notices" (the newest first), "why", "how"}; raises `ConfigError` for a state that is none.

        `why` says what is wrong with `callboard.toml`, `how` how a channel is made where there is none.
        """
        if state and state not in STATES:
            raise ConfigError(f"'{state[:40]}' is none of {', '.join(STATES)}")
        config, why = self._notify_config()
        counts = self.notice_record.counts()
        return {
            "channels": [self._channel_row(table, config, counts) for table in config.notify.values()],
            "notices": [
                notice_row(one) for one in self.notice_record.notices(channel, state, max(1, min(limit, MOST)))
            ],
            "why": why,
            "how": "" if config.notify else HOW,
        }

    def channels(self) -> tuple[Config, Mapping[str, NotifyTable]]:
        """The configuration, and the channels that are written down and switched on; none while the file is broken, or
        nobody trusts the workspace."""
        config, why = self._notify_config()
        if why or self._trust.why_not(self.workspace):
            return config, {}
        return config, {name: table for name, table in config.notify.items() if table.enabled}

    def tell_news(self, news: Sequence[News]) -> int:
        """Makes the notices of these news for every channel that wants them; returns how many. The same again makes none."""
        _, channels = self.channels()
        now = datetime.datetime.now().astimezone()
        made = tuple(
            notice_of(table.channel, one, now)
            for table in channels.values()
            for one in news
            if table.channel.wants(one)
        )
        if made:
            self._do(TellNotices(made))
        return len(made)

    def deliver(self, table: NotifyTable, message: Message, config: Config, again: float | None, by: str = "") -> str:
        """Sends a message and keeps what became of it; returns why it was not taken, '' if it was."""
        why = self.sender.send(table, config.boundary, message)
        ids = tuple(one.id for one in message.notices)
        self._do(NoteTried(ids, not why, why, again if why else None, by))
        return why

    def test_notice(self, channel: str, by: str) -> Row:
        """Sends a test message now; gives its notice as it is then. Raises `NotFound`, `Refused`."""
        table = self._table_named(channel)
        self._trust.require(self.workspace)
        now = time.time()
        news = News(
            "alert", f"test:{now:.3f}", "info", f"Test of channel {channel}", f"{by} asks whether this arrives.", "/settings",
            now,
        )  # fmt: skip
        made = notice_of(Channel(channel), news, datetime.datetime.now().astimezone())
        self._do(TellNotices(({**made, "kind": "test", "due": now + 3600.0},)))
        notice = self._notice_named(made["id"])
        config, _ = self._notify_config()
        self.deliver(table, Message(channel, notice.title, notice.body, "info", (notice,)), config, None, by)
        return notice_row(self._notice_named(made["id"]))

    def renew_notice(self, id: str, by: str) -> Row:
        """Has one that was given up tried again. Raises `NotFound`, `Refused`."""
        notice = self._notice_named(id)
        if notice.state != "failed":
            raise Refused(f"notice {id} is {notice.state}; only one that was given up is tried again")
        self._do(RenewNotice(id, by))
        return notice_row(self._notice_named(id))

    def _notify_config(self) -> tuple[Config, str]:
        try:
            return read_config(self.workspace), ""
        except ConfigError as error:
            return default_config(self.workspace), str(error)

    def _table_named(self, channel: str) -> NotifyTable:
        config, why = self._notify_config()
        if why:
            raise Refused(f"callboard.toml cannot be read: {why}")
        table = config.notify.get(channel)
        if table is None:
            known = ", ".join(config.notify) or "none"
            raise NotFound(f"there is no channel '{channel[:60]}'.{near(channel, config.notify)} Channels: {known}")
        return table

    def _notice_named(self, id: str) -> Notice:
        found = self.notice_record.notice(id)
        if found is None:
            raise NotFound(f"there is no notice '{id[:40]}'; see `callboard notices`")
        return found

    def _channel_row(self, table: NotifyTable, config: Config, counts: Mapping[str, Mapping[str, object]]) -> Row:
        channel = table.channel
        known = counts.get(channel.name, {})
        why = self.sender.address(table, config.boundary)[1] or self._trust.why_not(self.workspace)
        trouble = str(known.get("trouble") or "")
        state = "off" if not table.enabled else "unset" if why else "failing" if trouble else "ready"
        return {
            "name": channel.name,
            "where": self.sender.shown(table),
            "kinds": [kind for kind in KINDS if kind in channel.kinds],
            "level": channel.level,
            "levels": list(SEVERITIES[: SEVERITIES.index(channel.level) + 1]),
            "quiet": channel.quiet,
            "per_hour": channel.per_hour,
            "state": state,
            "why": why or trouble,
            **{name: known.get(name, 0) for name in ("waiting", "sent", "failed")},
            "last": known.get("last"),
        }


def notice_row(notice: Notice) -> Row:
    """A notice as a surface shows it."""
    return asdict(notice)
