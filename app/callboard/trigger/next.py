"""Due times of a schedule, by APScheduler's own arithmetic."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from callboard.config.model import ScheduleTable

MOST_MISSED = 10_000


def trigger_of(schedule: ScheduleTable, start: float) -> BaseTrigger | None:
    """The trigger of a schedule by time, None for one by files or commits. Intervals count from `start`."""
    zone = ZoneInfo(schedule.zone)
    if schedule.cron:
        return CronTrigger.from_crontab(schedule.cron, timezone=zone)
    if schedule.every_s:
        return IntervalTrigger(
            seconds=int(max(1, schedule.every_s)), start_date=datetime.fromtimestamp(start, UTC), timezone=UTC
        )
    if schedule.at:
        moment = datetime.fromisoformat(schedule.at)
        return DateTrigger(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    return None


def due_between(schedule: ScheduleTable, after: float, until: float) -> list[float]:
    """The due times later than `after`, up to `until`, at most MOST_MISSED of them, the first ones."""
    trigger = trigger_of(schedule, after)
    found: list[float] = []
    if trigger is None:
        return found
    last: datetime | None = None
    moment = datetime.fromtimestamp(after + 0.001, UTC)
    while len(found) < MOST_MISSED:
        following = trigger.get_next_fire_time(last, moment)
        if following is None or following.timestamp() > until:
            break
        if following.timestamp() > after:
            found.append(following.timestamp())
        if isinstance(trigger, DateTrigger):
            break
        last = following
        moment = datetime.fromtimestamp(following.timestamp() + 0.001, UTC)
    return found


def newest_due(schedule: ScheduleTable, after: float, until: float) -> tuple[float, int] | None:
    """The newest due time later than `after`, up to `until`, and how many come before it; None when none is due.

    However many there are, the newest is right; of a cron line at most MOST_MISSED are counted.
    """
    if schedule.every_s and not schedule.cron:
        step = int(max(1, schedule.every_s))
        count = int((until - after) // step)
        return (after + count * step, count - 1) if count > 0 else None
    due = due_between(schedule, after, until)
    if not due:
        return None
    if len(due) < MOST_MISSED:
        return due[-1], len(due) - 1
    back = 60.0
    while not (late := due_between(schedule, max(after, until - back), until)):
        back *= 2
    return late[-1], MOST_MISSED


def next_times(schedule: ScheduleTable, now: float, count: int) -> list[float]:
    """The next `count` due times, fewer when there are no more; none for a schedule by files or commits."""
    found: list[float] = []
    trigger = trigger_of(schedule, now)
    last: datetime | None = None
    moment = datetime.fromtimestamp(now, UTC)
    while trigger is not None and len(found) < count:
        following = trigger.get_next_fire_time(last, moment)
        if following is None or (isinstance(trigger, DateTrigger) and following.timestamp() <= now):
            break
        if following.timestamp() > now:
            found.append(following.timestamp())
        if isinstance(trigger, DateTrigger):
            break
        last = following
        moment = datetime.fromtimestamp(following.timestamp() + 0.001, UTC)
    return found


def is_quiet(schedule: ScheduleTable, now: float) -> bool:
    """Whether `now` lies in the schedule's quiet hours, which may go over midnight."""
    if not schedule.quiet:
        return False
    begin, end = (time.fromisoformat(part.strip()) for part in schedule.quiet.split("-"))
    here = datetime.fromtimestamp(now, ZoneInfo(schedule.zone)).time()
    return begin <= here < end if begin <= end else here >= begin or here < end
