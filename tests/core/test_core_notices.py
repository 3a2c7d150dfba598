"""Which news a channel is told, when, in how many messages, and when it is tried again."""

import datetime
from dataclasses import replace

import pytest

from callboard.core.notice_events import NoticeRenewed, NoticesMade, NoticesTried
from callboard.core.notices import (
    BACKOFF_S,
    Channel,
    News,
    NoteTried,
    Notice,
    RenewNotice,
    TellNotices,
    again_at,
    grant_notice,
    messages,
    notice_of,
    notice_words,
    quiet_until,
)
from callboard.errors import Refused

NEWS = News("alert", "task-broken:/shop:tests:7.000", "high", "tests is broken", "exit code 1", "/alerts#1", 7.0)
NIGHT = datetime.datetime(2026, 3, 4, 23, 30, tzinfo=datetime.UTC)
NOON = datetime.datetime(2026, 3, 4, 12, 0, tzinfo=datetime.UTC)


def notice(id: str, severity: str = "high", made: float = 1.0) -> Notice:
    return Notice(id, "chat", "alert", severity, f"title of {id}", "why", "/alerts", made, made)


def test_a_channel_is_told_of_its_kinds_from_its_level_on() -> None:
    assert Channel("chat").wants(NEWS)
    assert Channel("chat").wants(replace(NEWS, severity="critical"))
    assert not Channel("chat").wants(replace(NEWS, severity="medium"))
    assert not Channel("chat", frozenset({"case"})).wants(NEWS)


def test_the_same_news_is_the_same_notice_for_a_channel_and_another_for_the_next() -> None:
    first, again = (notice_of(Channel("chat"), NEWS, NOON) for _ in range(2))
    assert first == again
    assert notice_of(Channel("mail"), NEWS, NOON)["id"] != first["id"]
    assert notice_of(Channel("chat"), replace(NEWS, about="x"), NOON)["id"] != first["id"]


def test_quiet_hours_hold_what_is_not_critical_until_they_are_over() -> None:
    over = datetime.datetime(2026, 3, 5, 6, 0, tzinfo=datetime.UTC).timestamp()
    quiet = Channel("chat", quiet="22:00-06:00")
    late = replace(NEWS, at=NIGHT.timestamp())
    assert notice_of(quiet, late, NIGHT)["due"] == over
    assert notice_of(quiet, replace(late, severity="critical"), NIGHT)["due"] == late.at
    assert quiet_until("22:00-06:00", NIGHT.replace(hour=5)) == over - 86_400
    assert quiet_until("22:00-06:00", NOON) == 0.0
    assert quiet_until("09:00-17:00", NOON) == NOON.replace(hour=17).timestamp()


def test_a_few_are_sent_one_by_one_the_worst_first_and_a_burst_as_one_message() -> None:
    few = messages([notice("a", "low"), notice("b", "critical")], 0, Channel("chat"), "http://127.0.0.1:6771")
    assert [one.title for one in few] == ["[critical] title of b", "[low] title of a"]
    assert few[0].body == "why\nhttp://127.0.0.1:6771/alerts"
    burst = messages([notice(f"n{n}") for n in range(30)], 0, Channel("chat"), "http://127.0.0.1:6771")
    assert len(burst) == 1
    assert len(burst[0].notices) == 30
    assert "and 10 more" in burst[0].body


def test_a_full_hour_sends_nothing_and_the_last_room_in_it_takes_all_as_one() -> None:
    channel = Channel("chat", per_hour=2)
    assert messages([notice("a")], 2, channel, "") == []
    assert len(messages([notice("a"), notice("b")], 1, channel, "")) == 1


def test_tries_are_further_and_further_apart_and_end() -> None:
    assert [again_at(tries, 100.0) for tries in range(1, len(BACKOFF_S) + 1)] == [100.0 + wait for wait in BACKOFF_S]
    assert again_at(len(BACKOFF_S) + 1, 100.0) is None


def test_commands_become_events_with_a_sentence_each() -> None:
    made = notice_of(Channel("chat"), NEWS, NOON)
    assert grant_notice(TellNotices((made,)), 9.0) == [NoticesMade(9.0, (made,))]
    assert grant_notice(TellNotices(()), 9.0) == []
    assert notice_words(NoticesMade(9.0, (made,))) == "1 notice is to be sent to chat."
    [tried] = grant_notice(NoteTried(("a",), False, "no answer", 20.0), 9.0)
    assert isinstance(tried, NoticesTried)
    assert notice_words(tried) == "1 notice could not be sent: no answer; it is tried again."
    assert grant_notice(RenewNotice("a", "ann"), 9.0) == [NoticeRenewed(9.0, "a", "ann")]
    with pytest.raises(Refused):
        grant_notice(NoteTried((), True, ""), 9.0)
