"""What rows of the roadmap are made of: the newest reading, the engine's side, checks and forecasts, kept until they are stale."""

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from callboard.agents.bounded import run_bounded
from callboard.config import Config
from callboard.core.roadmap import Assignment, Stage
from callboard.core.roadmap_commands import NoteRoadmap
from callboard.core.roadmap_order import Order
from callboard.core.state import State
from callboard.desk.roadmap_book import Arranged, Book, Reading, arranged
from callboard.desk.roadmap_figures import Figures, milestones_of, moments, work_out
from callboard.desk.roadmap_matching import Matching
from callboard.desk.roadmap_view import Doing, Scene, Standing
from callboard.desk.wishes import Wishes
from callboard.learn.pace_git import GitHistory
from callboard.link.openspec import Check, checks, ranked, untested
from callboard.link.openspec.tasks import done_of
from callboard.record.roadmap import RoadmapRecord

NO_SERVER = "starts when `callboard up` runs"
SOON = "starts in a moment"
MOST_ASKS = 3
HOUR_S = 3600.0
REST = 20.0  # the forecasts are worked out in at most a twentieth of the time
UNTESTED_S = 5.0
CLI = {"OPENSPEC_TELEMETRY": "0", "DO_NOT_TRACK": "1", "OPENSPEC_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
CLI_S = 20.0


class RoadmapSources(Wishes):
    """Keeps them for one workspace."""

    @cached_property
    def book(self) -> Book:
        """The newest reading of the workspace's folder."""
        return Book(self.workspace)

    @cached_property
    def roadmap_record(self) -> RoadmapRecord:
        """What the tables keep of it."""
        return RoadmapRecord(self._history.database)

    @cached_property
    def roadmap_troubles(self) -> dict[str, str]:
        """By assignment, why the last try to start it came to nothing; kept by whoever starts them."""
        return {}

    @cached_property
    def _matchings(self) -> dict[str, tuple[Any, Matching]]:
        return {}

    @cached_property
    def _roadmap_checked(self) -> dict[str, tuple[Any, tuple[Check, ...]]]:
        return {}

    @cached_property
    def _roadmap_worked_out(self) -> dict[str, tuple[Any, Figures]]:
        return {}

    @cached_property
    def _roadmap_beside(self) -> dict[str, tuple[Check, ...]]:
        return {}

    @cached_property
    def _git_histories(self) -> dict[str, GitHistory]:
        return {}

    roadmap_seq = 0
    roadmap_watched = False
    roadmap_cli = ""
    roadmap_worked = 0
    _roadmap_rest_until = 0.0

    # -- what rows are made of ------------------------------------------------------------------------------------

    def roadmap_scene(self, *, anew: bool = False) -> Scene:
        """The newest reading with the assignments and what their runs do."""
        reading = self.book.last() if self.roadmap_watched and not anew else self.book.look(anew=anew)
        standing = self.roadmap_standing()
        where = str(self.workspace)
        laid = arranged(reading, standing.placed)
        known = self.roadmap_record.assignments(where)
        known.update({one.ref: one for one in standing.assignments})
        figures = self._roadmap_figures(reading, laid)
        found = self._roadmap_checks(reading, standing, known, figures)
        return Scene(
            reading=reading,
            arranged=laid,
            standing=standing,
            known=known,
            order=Order(laid.sheet, standing.assignments),
            figures=figures,
            checks=found,
            troubles=dict(self.roadmap_troubles),
            idle=SOON if self.roadmap_watched else NO_SERVER,
        )

    def roadmap_standing(self) -> Standing:
        """The engine's side, taken at one moment."""
        where = str(self.workspace)

        def look(state: State) -> Standing:
            mine = tuple(state.roadmaps.standing(where))
            doing = {one.run: found for one in mine if one.run and (found := _doing(state, one, self._engine.now()))}
            return Standing(mine, state.roadmaps.places(where), doing, state.roadmaps.moves)

        return self._engine.inspect(look)

    def _roadmap_figures(self, reading: Reading, laid: Arranged) -> Figures:
        """The forecasts as they were worked out last; where nobody does that beside, they are worked out now."""
        kept = self._roadmap_worked_out.get("")
        if kept is not None and (self.roadmap_watched or kept[0] == _figures_mark(reading, laid, self._engine.now())):
            return kept[1]
        if self.roadmap_watched:
            return Figures(milestones=milestones_of(reading))
        return self._work_out(reading, laid)

    def _work_out(self, reading: Reading, laid: Arranged) -> Figures:
        where, now = str(self.workspace), self._engine.now()
        record = self.roadmap_record
        trusted = not self._trust.why_not(self.workspace)
        folder = reading.roadmap.folder
        git = self._git_histories.setdefault(folder, GitHistory(self.workspace, folder, done_of)) if trusted else None
        found = work_out(reading, laid, record.all_readings(where), record.forecasts(where), git, now)
        self._roadmap_worked_out[""] = (_figures_mark(reading, laid, now), found)
        return found

    def roadmap_work_out(self, scene: Scene) -> None:
        """Works the forecasts out anew when what they rest on has changed, and keeps them once a day; takes its time, and is
        never done on a page's load. A tree that changes all the time is looked at only so often."""
        mark = _figures_mark(scene.reading, scene.arranged, self._engine.now())
        kept = self._roadmap_worked_out.get("")
        if (kept is not None and kept[0] == mark) or time.monotonic() < self._roadmap_rest_until:
            return
        begun = time.monotonic()
        found = self._work_out(scene.reading, scene.arranged)
        self.roadmap_worked += 1
        self._roadmap_beside[""] = tuple(self._look_beside(scene.reading))
        self._roadmap_rest_until = time.monotonic() + REST * (time.monotonic() - begun)
        where, day = str(self.workspace), datetime.fromtimestamp(self._engine.now()).strftime("%Y-%m-%d")
        foreseen = moments(found, [change.id for change in scene.arranged.order])
        if foreseen and self.roadmap_record.last_day(where) < day:
            self._do(NoteRoadmap(where, day=day, moments=foreseen))

    def _look_beside(self, reading: Reading) -> list[Check]:
        """What takes longer: requirements that no test names; and once, which OpenSpec is installed."""
        if not self.roadmap_cli:
            self.roadmap_cli = _cli_version()
        return untested(self.workspace, reading.roadmap, reading.config.roadmap.roadmap.tests, seconds=UNTESTED_S)

    def _roadmap_checks(
        self, reading: Reading, standing: Standing, known: Mapping[str, Assignment], figures: Figures
    ) -> tuple[Check, ...]:
        """What is odd; looked for anew when the files, the assignments or the day are others."""
        now = self._engine.now()
        mark = (reading.stamp, standing.moves, int(now // HOUR_S), self.roadmap_worked, figures.at)
        kept = self._roadmap_checked.get("")
        if kept is None or kept[0] != mark:
            proven = {one.ref for one in known.values() if one.state is Stage.DONE}
            after = {change: place.after for change, place in standing.placed.items() if place.after}
            roadmap = replace(
                reading.roadmap, changes=tuple(replace(c, last=figures.last(c)) for c in reading.roadmap.changes)
            )
            found = checks(roadmap, reading.config.roadmap, now=now, proven=proven, kept=after)
            told = {(one.kind, one.change) for one in reading.roadmap.trouble}
            found = [one for one in found if (one.kind, one.change) not in told]
            found = ranked([*found, *self._roadmap_beside.get("", ())])
            kept = self._roadmap_checked[""] = (mark, tuple(found))
        return kept[1]

    def roadmap_matching(self, config: Config) -> Matching:
        """Who could do what; made anew when agents or routes changed."""
        off = frozenset(name for name, agent in config.agents.items() if not agent.enabled)
        mark = (id(self._catalogue), config.routes, off)
        kept = self._matchings.get("")
        if kept is None or kept[0] != mark:
            kept = self._matchings[""] = (mark, Matching(self._catalogue, config.routes, off))
        return kept[1]


def _figures_mark(reading: Reading, laid: Arranged, now: float) -> tuple[Any, ...]:
    """What the forecasts rest on; with the hour, as time passes too."""
    return (reading.stamp, tuple(change.id for change in laid.order), tuple(laid.waiting.items()), int(now // HOUR_S))


def _doing(state: State, one: Assignment, now: float) -> Doing | None:
    """What the run of an assignment does; None when it has ended, or is not in memory."""
    run = state.runs.get(one.run)
    if run is None or not run.unfinished:
        return None
    task = next((task for task in run.tasks if not task.final), run.tasks[0])
    hold = state.hold_of(task, now)
    culprit = f"/tasks/{hold.culprit}" if hold is not None and hold.culprit is not None else ""
    asks = [
        (f"{each.spec.name} asks: {text}", f"/tasks/{each.key}")
        for each in run.tasks
        if each.questions
        for text, _, _ in each.questions.values()
    ]
    if hold is not None and hold.kind in ("decision", "person", "nobody", "too large", "agent paused"):
        asks.append((hold.words(), culprit or f"/tasks/{task.key}"))
    return Doing(
        task.state.value, hold.words() if hold else "", culprit or f"/tasks/{task.key}", tuple(asks[:MOST_ASKS])
    )


def _cli_version() -> str:
    """The version of the OpenSpec CLI on the path, '' where there is none."""
    program = shutil.which("openspec")
    if program is None:
        return ""
    ran = run_bounded([program, "--version"], seconds=CLI_S, most_bytes=1_000, env=CLI)
    said = re.search(r"\d+\.\d+\.\d+", ran.output.decode("utf-8", "replace"))
    return said[0] if said and ran.code == 0 else ""
