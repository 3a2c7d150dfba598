"""Figures over the roadmap: when it would be done, the path that decides, the burn-up, the milestones, how forecasts held."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from callboard.config.roadmap import MilestoneTable
from callboard.core.roadmap import LAYERS
from callboard.desk.roadmap_book import Arranged, Reading
from callboard.learn.pace import Pace, burn_up, joined, pace
from callboard.learn.pace import Reading as Count
from callboard.learn.pace_forecast import Forecast, Work, forecast
from callboard.learn.pace_git import GitHistory
from callboard.learn.pace_held import Kept, calibration
from callboard.learn.pace_path import critical_path
from callboard.link.openspec import Change, late
from callboard.record.roadmap import Moments
from callboard.rows import Row

NOT_YET = "not worked out yet"
UNASKED = "git's history is not read, as the workspace is not trusted (`callboard trust`)"
MOST_POINTS = 400
SEED = 20_261
GONE = -1


@dataclass(frozen=True, slots=True)
class Milestone:
    """What the team wants by a day: its active changes, and how many of those that it names are archived by now."""

    table: MilestoneTable
    changes: tuple[str, ...]
    archived: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Forecasts by name (a change, 'layer:NAME', 'milestone:NAME') as a range or why there is none, and what goes with them."""

    etas: Mapping[str, tuple[Row | None, str]] = field(default_factory=dict)
    on_path: frozenset[str] = frozenset()
    path: Row = field(default_factory=lambda: {"changes": [], "left": 0, "words": NOT_YET})
    pace: Row = field(default_factory=lambda: {"per_day": None, "days": 0, "n": 0, "words": NOT_YET})
    calibration: Row = field(default_factory=lambda: {"held": None, "n": 0, "words": NOT_YET})
    burnup: Sequence[Any] = ()
    milestones: tuple[Milestone, ...] = ()
    touched: Mapping[str, float] = field(default_factory=dict)
    at: float = 0.0

    def eta(self, name: str) -> tuple[Row | None, str]:
        """The range and '', or None and why."""
        return self.etas.get(name, (None, NOT_YET))

    def last(self, change: Change) -> float:
        """When its files were changed last: by the commit, unless they were written since git was asked; 0 where nobody knows."""
        committed = self.touched.get(change.id)
        return change.last if committed is None or change.last > self.at else committed

    def milestones_of(self, change: str) -> list[str]:
        """Those that need the change."""
        return [one.table.name for one in self.milestones if change in one.changes]

    def milestone_rows(self, changes: Mapping[str, Row], now: float) -> list[Row]:
        """Each with the counts of the tasks behind it; late when its day has passed or is forecast to."""
        return [self._milestone_row(one, changes, now) for one in self.milestones]

    def _milestone_row(self, one: Milestone, changes: Mapping[str, Row], now: float) -> Row:
        mine = [changes[id] for id in one.changes if id in changes]
        done, total = sum(row["done"] for row in mine), sum(row["total"] for row in mine)
        complete = bool(mine or one.archived) and all(row["status"] == "complete" for row in mine)
        eta, why = self.eta(f"milestone:{one.table.name}")
        if not mine:
            eta, why = None, "all its changes are archived" if one.archived else "no change fits what it names"
        due = one.table.due
        slow = eta is not None and due and eta["p80"] > _end_of(due)
        said = (
            "its day has passed"
            if due and not complete and late(due, now)
            else "it is forecast to come later"
            if slow
            else ""
        )
        return {
            "name": one.table.name, "title": one.table.title or one.table.name, "due": due, "changes": list(one.changes),
            "archived": one.archived, "done": done, "total": total,
            "percent": 100 if complete else _percent(done, total), "eta": None if complete else eta,
            "eta_why": "it is done" if complete else why, "late": bool(said) and not complete,
            "late_why": said if not complete else "",
        }  # fmt: skip


def _percent(done: int, total: int) -> int:
    return max(0, min(99, round(100 * done / total))) if total else 0


def _end_of(day: str) -> float:
    """The last moment of the day '2026-12-24' on this machine's clock."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time()).timestamp()
    except (ValueError, OverflowError, OSError):
        return float("inf")


def milestones_of(reading: Reading) -> tuple[Milestone, ...]:
    """The declared milestones with the changes that fit what they name."""
    found = []
    for table in reading.config.roadmap.milestones.values():
        active = [c.id for c in reading.roadmap.changes if any(fnmatchcase(c.id, pattern) for pattern in table.changes)]
        old = sum(any(fnmatchcase(one.id, pattern) for pattern in table.changes) for one in reading.roadmap.archived)
        found.append(Milestone(table, tuple(active), old))
    return tuple(found)


def work_out(
    reading: Reading,
    laid: Arranged,
    kept: Mapping[str, Sequence[Count]],
    forecasts: Sequence[tuple[str, str, float, Moments]],
    git: GitHistory | None,
    now: float,
) -> Figures:
    """All figures, from the counts that were kept, those that git knows of before, and the files as they are now. `git` is None
    where it is not asked, which is said.

    Takes its time: a simulation, and git when its commit is another one.
    """
    begun = time.time()
    counts = _with_now(joined(git.readings() if git is not None else {}, kept), reading, now)
    speed = pace(counts, now)
    if git is None and not speed.enough:
        speed = replace(speed, words=f"{speed.words}; {UNASKED}")
    milestones = milestones_of(reading)
    groups: dict[str, Sequence[str]] = {
        f"layer:{layer}": [c.id for c in laid.order if laid.places[c.id].layer == layer] for layer in LAYERS
    }
    groups |= {f"milestone:{one.table.name}": one.changes for one in milestones}
    works = [Work(c.id, c.total - c.done, laid.places[c.id].after) for c in laid.order]
    seen = forecast(works, groups, speed, now, at_once=reading.config.roadmap.roadmap.at_once, seed=SEED)
    path = critical_path({work.name: work.left for work in works}, laid.waiting)
    held = calibration([Kept(name, at, *moments) for _, name, at, moments in forecasts], came(counts), now)
    return Figures(
        etas={name: _eta(seen, name) for name in (*(work.name for work in works), *groups)},
        on_path=frozenset(path.changes),
        path={"changes": list(path.changes), "left": path.left, "words": path.words},
        pace=_pace_row(speed),
        calibration={"held": held.held, "n": held.n, "p50": held.p50, "p95": held.p95, "words": held.words},
        burnup=burn_up(counts, MOST_POINTS),
        milestones=milestones,
        touched=git.touched() if git is not None else {},
        at=begun,
    )


def _with_now(counts: dict[str, list[Count]], reading: Reading, now: float) -> dict[str, list[Count]]:
    """With the counts as they are now, where they are others than those kept last."""
    for change in reading.roadmap.changes:
        rows = counts.setdefault(change.id, [])
        if not rows or tuple(rows[-1][1:]) != (change.done, change.total):
            rows.append((max(now, rows[-1][0] if rows else now), change.done, change.total))
    return {name: rows for name, rows in counts.items() if name}


def _eta(seen: Forecast, name: str) -> tuple[Row | None, str]:
    found, why = seen.of(name)
    if found is None:
        return None, why
    return {"p50": round(found.p50), "p80": round(found.p80), "p95": round(found.p95), "n": found.n}, ""


def _pace_row(speed: Pace) -> Row:
    return {
        "per_day": speed.per_day, "days": speed.days, "n": speed.n, "words": speed.words, "at_once": speed.at_once,
        "free": sorted(speed.free),
    }  # fmt: skip


def came(counts: Mapping[str, Sequence[Count]]) -> dict[str, float]:
    """When each change was done: since when all its tasks have been, or when it went away."""
    found: dict[str, float] = {}
    for name, rows in counts.items():
        since: float | None = None
        for at, done, total in rows:
            over = total == GONE or (total > 0 and done >= total)
            since = (at if since is None else since) if over else None
        if since is not None:
            found[name] = since
    return found


def moments(figures: Figures, changes: Sequence[str]) -> dict[str, list[float]]:
    """The forecasts of the changes, to be kept and held against what happens."""
    known = {change: figures.eta(change)[0] for change in changes}
    return {change: [row["p50"], row["p80"], row["p95"]] for change, row in known.items() if row is not None}
