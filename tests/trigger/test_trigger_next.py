"""Due times by value: zones, both changes of the clock, missed ones, quiet hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from callboard.config.model import ScheduleTable
from callboard.trigger.next import MOST_MISSED, due_between, is_quiet, newest_due, next_times, trigger_of

BERLIN = "Europe/Berlin"


def cron(line: str, zone: str = "UTC", quiet: str = "") -> ScheduleTable:
    return ScheduleTable("s", "default", cron=line, zone=zone, quiet=quiet)


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def told(moments: list[float]) -> list[str]:
    return [datetime.fromtimestamp(moment, UTC).strftime("%d %H:%M") for moment in moments]


def test_a_cron_line_means_its_own_zone() -> None:
    now = at("2026-01-10T00:00")
    assert told(next_times(cron("30 2 * * *"), now, 2)) == ["10 02:30", "11 02:30"]
    assert told(next_times(cron("30 2 * * *", BERLIN), now, 2)) == ["10 01:30", "11 01:30"]
    assert told(next_times(cron("30 2 * * *", "Asia/Kolkata"), now, 1)) == ["10 21:00"]


def test_in_spring_an_hour_that_does_not_exist_is_not_fired_twice_nor_does_a_day_vanish() -> None:
    """In Berlin 02:00 becomes 03:00 on 29 March 2026."""
    due = due_between(cron("30 2 * * *", BERLIN), at("2026-03-27T12:00"), at("2026-03-31T12:00"))
    days = [datetime.fromtimestamp(moment, ZoneInfo(BERLIN)).day for moment in due]
    assert days in ([28, 29, 30, 31], [28, 30, 31])
    assert len(set(due)) == len(due)
    hourly = due_between(cron("0 * * * *", BERLIN), at("2026-03-28T22:30"), at("2026-03-29T04:30"))
    assert told(hourly) == ["28 23:00", "29 00:00", "29 01:00", "29 02:00", "29 03:00", "29 04:00"]


def test_in_autumn_the_hour_that_comes_twice() -> None:
    """In Berlin 03:00 becomes 02:00 on 25 October 2026: hourly work goes on each hour, and a daily job outside is untouched."""
    hourly = due_between(cron("0 * * * *", BERLIN), at("2026-10-24T22:30"), at("2026-10-25T03:30"))
    assert told(hourly) == ["24 23:00", "25 00:00", "25 01:00", "25 02:00", "25 03:00"]
    daily = due_between(cron("30 4 * * *", BERLIN), at("2026-10-23T12:00"), at("2026-10-27T00:00"))
    assert told(daily) == ["24 02:30", "25 03:30", "26 03:30"]


def test_an_interval_counts_from_its_start() -> None:
    every = ScheduleTable("s", "default", every_s=90.0)
    assert due_between(every, 1000.0, 1360.0) == [1090.0, 1180.0, 1270.0, 1360.0]
    assert due_between(every, 1000.0, 1089.0) == []
    assert next_times(every, 1000.0, 2) == [1090.0, 1180.0]


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-05-01T10:00", BERLIN, at("2026-05-01T08:00")),
        ("2026-05-01T10:00+00:00", BERLIN, at("2026-05-01T10:00")),
        ("2026-05-01T10:00", "UTC", at("2026-05-01T10:00")),
    ],
)
def test_once(text: str, zone: str, moment: float) -> None:
    once = ScheduleTable("s", "default", at=text, zone=zone)
    assert due_between(once, moment - 9.0, moment + 9.0) == [moment]
    assert due_between(once, moment - 9.0, moment - 1.0) == []
    assert due_between(once, moment, moment + 9.0) == []
    assert next_times(once, moment - 9.0, 5) == [moment]
    assert next_times(once, moment, 5) == []


def test_by_files_or_commits_there_are_no_due_times() -> None:
    for schedule in (ScheduleTable("s", "p", files=("*.py",)), ScheduleTable("s", "p", on=("commit",))):
        assert trigger_of(schedule, 0.0) is None
        assert due_between(schedule, 0.0, 1e9) == next_times(schedule, 0.0, 3) == []


def test_missed_ones_are_counted_each_once() -> None:
    start = at("2026-01-01T00:00")
    assert len(due_between(cron("*/5 * * * *"), start, start + 3600.0)) == 12
    first = due_between(cron("*/5 * * * *"), start, start + 1800.0)
    rest = due_between(cron("*/5 * * * *"), first[-1], start + 3600.0)
    assert [*first, *rest] == due_between(cron("*/5 * * * *"), start, start + 3600.0)


def test_the_newest_of_all_that_are_due() -> None:
    start = at("2026-01-01T00:00")
    every = ScheduleTable("s", "default", every_s=90.0)
    assert newest_due(every, 1000.0, 1089.0) is None
    assert newest_due(every, 1000.0, 1360.0) == (1360.0, 3)
    assert newest_due(every, 1000.0, 1000.0 + 90.0 * 1e7 + 5.0) == (1000.0 + 90.0 * 1e7, 10**7 - 1)
    assert newest_due(cron("*/5 * * * *"), start, start + 299.0) is None
    assert newest_due(cron("*/5 * * * *"), start, start + 3600.0) == (start + 3600.0, 11)
    assert newest_due(cron("* * * * *"), start, start + 60.0 * 20_000 + 30.0) == (start + 60.0 * 20_000, MOST_MISSED)
    once = ScheduleTable("s", "default", at="2026-01-01T00:00")
    assert newest_due(once, start - 5.0, start + 5.0) == (start, 0)
    assert newest_due(once, start, start + 5.0) is None
    assert newest_due(ScheduleTable("s", "p", on=("commit",)), start, start + 1e6) is None


def test_ever_so_many_missed_ones_are_bounded() -> None:
    assert len(due_between(ScheduleTable("s", "p", every_s=1.0), 0.0, 1e9)) == MOST_MISSED


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York"])
@pytest.mark.parametrize(
    ("quiet", "times"),
    [
        ("22:00-06:00", {"21:59": False, "22:00": True, "23:59": True, "00:00": True, "05:59": True, "06:00": False}),
        ("09:00-17:30", {"08:59": False, "09:00": True, "17:29": True, "17:30": False, "23:00": False}),
        ("", {"12:00": False}),
    ],
)
def test_quiet_hours_also_over_midnight(quiet: str, times: dict[str, bool], zone: str) -> None:
    schedule = cron("0 0 * * *", zone, quiet)
    assert {time: is_quiet(schedule, at(f"2026-07-01T{time}", zone)) for time in times} == times
