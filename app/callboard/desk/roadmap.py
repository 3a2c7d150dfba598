"""The roadmap for the surfaces: its changes and tasks from the files, with who has them, why they wait, and what came of them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from callboard.config import Config
from callboard.config.fields import near
from callboard.core.roadmap import Assignment, Stage
from callboard.core.roadmap_commands import NoteRoadmap
from callboard.core.roadmap_events import RoadmapPlaced
from callboard.core.roadmap_order import Order
from callboard.core.state import State
from callboard.core.words import sentence
from callboard.desk.roadmap_book import Arranged, Book, Reading, arranged
from callboard.desk.roadmap_figures import Figures, milestones_of, moments, work_out
from callboard.desk.roadmap_matching import Matching
from callboard.desk.roadmap_view import (
    Doing,
    Scene,
    Standing,
    assignment_row,
    change_row,
    checks_about,
    delta_rows,
    overview,
    task_row,
)
from callboard.desk.wishes import Wishes
from callboard.errors import NotFound, Refused
from callboard.learn.pace_git import GitHistory
from callboard.link.openspec import Change, Check, Task, checks
from callboard.link.openspec.tasks import done_of
from callboard.record.roadmap import RoadmapRecord
from callboard.rows import Row
from callboard.work.finding import clean

NO_SERVER = "starts when `callboard up` runs"
SOON = "starts in a moment"
MOST_ASKS = 3
HOUR_S = 3600.0
REST = 20.0  # the forecasts are worked out in at most a twentieth of the time


class RoadmapDesk(Wishes):
    """Reads the roadmap. Nothing of it is worked out on the engine's loop but a short look at the state."""

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
    def _git_histories(self) -> dict[str, GitHistory]:
        return {}

    @cached_property
    def _overviews(self) -> dict[str, tuple[Any, Row]]:
        return {}

    roadmap_seq = 0
    roadmap_watched = False
    roadmap_cli = ""
    roadmap_worked = 0
    _roadmap_rest_until = 0.0

    def roadmap(self) -> Row:
        """All layers and changes, without the tasks; made anew only when something of it changed."""
        scene = self.roadmap_scene()
        mark = (
            scene.reading.stamp, scene.standing.moves, scene.standing.doing, scene.figures, scene.checks,
            dict(self.roadmap_troubles), scene.reading.at,
        )  # fmt: skip
        kept = self._overviews.get("")
        row = kept[1] if kept is not None and kept[0] == mark else overview(scene)
        self._overviews[""] = (mark, row)
        return {**row, "cli": self.roadmap_cli, "seq": self.roadmap_seq}

    def roadmap_change(self, change: str) -> Row:
        """One change with its tasks, deltas and history. Raises `NotFound` with near names."""
        scene = self.roadmap_scene()
        found = self._roadmap_change_named(scene.reading, change)
        matching = self.roadmap_matching(scene.reading.config)
        steps = self.roadmap_record.steps(str(self.workspace), found.id)
        return {
            "change": self._roadmap_row(scene, found),
            "why": clean(found.why, 4_000),
            "sections": [
                {
                    "title": section.title, "done": section.done, "total": section.total, "path": section.path,
                    "line": section.line,
                    "tasks": [
                        task_row(
                            scene,
                            task,
                            None if task.done else matching.suggest(found.id, section.title, task.text),
                        )
                        for task in section.tasks
                    ],
                }
                for section in found.sections
            ],
            "deltas": delta_rows(found),
            "checks": checks_about(scene.checks, found.id),
            "files": list(found.files),
            "history": [_step(event, ref, scene.known) for event, ref in steps],
            "write": scene.reading.config.roadmap.roadmap.write,
            "seq": self.roadmap_seq,
        }  # fmt: skip

    def roadmap_tasks(self) -> Iterator[Row]:
        """Every task of every change, in order, with its change's layer; for taking the table away."""
        scene = self.roadmap_scene()
        for change in scene.arranged.order:
            place = scene.arranged.places[change.id]
            for task in change.tasks:
                row = task_row(scene, task, None)
                yield {**row, "change": change.id, "title": change.title, "layer": place.layer}

    def _roadmap_row(self, scene: Scene, change: Change) -> Row:
        return change_row(
            scene,
            change,
            [one for one in scene.standing.assignments if one.change == change.id],
            [one for one in scene.known.values() if one.change == change.id],
            [check for check in scene.checks if change.id in (check.change, *check.others)],
        )

    # -- what rows are made of ------------------------------------------------------------------------------------

    def roadmap_scene(self, *, anew: bool = False) -> Scene:
        """The newest reading with the assignments and what their runs do."""
        reading = self.book.last() if self.roadmap_watched and not anew else self.book.look(anew=anew)
        standing = self.roadmap_standing()
        where = str(self.workspace)
        laid = arranged(reading, standing.placed)
        known = self.roadmap_record.assignments(where)
        known.update({one.ref: one for one in standing.assignments})
        found = self._roadmap_checks(reading, standing, known)
        return Scene(
            reading=reading,
            arranged=laid,
            standing=standing,
            known=known,
            order=Order(laid.sheet, standing.assignments),
            figures=self._roadmap_figures(reading, laid),
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
        self._roadmap_rest_until = time.monotonic() + REST * (time.monotonic() - begun)
        self.roadmap_worked += 1
        where, day = str(self.workspace), datetime.fromtimestamp(self._engine.now()).strftime("%Y-%m-%d")
        foreseen = moments(found, [change.id for change in scene.arranged.order])
        if foreseen and self.roadmap_record.last_day(where) < day:
            self._do(NoteRoadmap(where, day=day, moments=foreseen))

    def _roadmap_checks(
        self, reading: Reading, standing: Standing, known: Mapping[str, Assignment]
    ) -> tuple[Check, ...]:
        """What is odd; looked for anew when the files, the assignments or the day are others."""
        now = self._engine.now()
        mark = (reading.stamp, standing.moves, int(now // HOUR_S))
        kept = self._roadmap_checked.get("")
        if kept is None or kept[0] != mark:
            proven = {one.ref for one in known.values() if one.state is Stage.DONE}
            after = {change: place.after for change, place in standing.placed.items() if place.after}
            found = checks(reading.roadmap, reading.config.roadmap, now=now, proven=proven, kept=after)
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

    def _roadmap_change_named(self, reading: Reading, name: str) -> Change:
        found = reading.roadmap.change(name)
        if found is None:
            if not reading.roadmap.there:
                raise NotFound(f"there is no change '{clean(name, 80)}': {reading.roadmap.why}")
            old = next((one for one in reading.roadmap.archived if one.id == name), None)
            if old is not None:
                raise NotFound(f"change '{name}' was archived" + (f" on {old.date}" if old.date else ""))
            hint = near(clean(name, 80), [change.id for change in reading.roadmap.changes])
            raise NotFound(f"there is no change '{clean(name, 80)}'.{hint} See `callboard roadmap`")
        return found

    def roadmap_task_named(self, reading: Reading, ref: str) -> Task:
        """The task of that ref; raises `NotFound` with near names."""
        change = self._roadmap_change_named(reading, ref.partition("#")[0])
        found = next((task for task in change.tasks if task.ref == ref), None)
        if found is None:
            hint = near(clean(ref, 120), [task.ref for task in change.tasks])
            raise NotFound(f"there is no task '{clean(ref, 120)}'.{hint} See `callboard roadmap {change.id}`")
        return found

    def roadmap_inbox(self) -> list[Row]:
        """The tasks that wait for a person, as rows of the inbox; without those that still wait for others."""
        standing = self.roadmap_standing()
        if not any(one.kind == "person" and one.state is Stage.WAITS for one in standing.assignments):
            return []
        scene = self.roadmap_scene()
        rows = []
        for one in scene.standing.assignments:
            if one.kind != "person" or one.state is not Stage.WAITS or scene.order.wait_of(one) is not None:
                continue
            change = scene.reading.roadmap.change(one.change)
            about = f"{change.title}, {change.done} of {change.total} tasks done" if change else one.change
            said = f" {one.by} says: {one.reason.rstrip('.')}." if one.reason else ""
            rows.append({
                "ref": one.ref, "to": one.to, "at": one.at, "title": f"{one.to}: {one.text or one.ref}",
                "text": f"{one.ref} of {about}.{said} Say that it is done with a note; that note is the evidence.",
                "href": f"/roadmap/{one.change}", "id": one.id,
            })  # fmt: skip
        return rows

    def roadmap_assignment(self, id: str) -> Row:
        """An assignment as a row, also one that is history."""
        scene = self.roadmap_scene()
        one = next((one for one in scene.standing.assignments if one.id == id), None) or self.roadmap_record.assignment(
            id
        )
        if one is None:
            raise NotFound(f"there is no assignment '{id[:60]}'; see `callboard roadmap`")
        return assignment_row(scene, one)

    def _standing_of(self, ref: str) -> Assignment:
        """The standing assignment of a task, or the one of this id."""
        for one in self.roadmap_standing().assignments:
            if ref in (one.ref, one.id):
                return one
        raise Refused(f"nobody has {clean(ref, 120)}; `callboard roadmap` lists who has what")


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


def _step(event: Any, ref: str, known: Mapping[str, Assignment]) -> Row:
    """One line of a change's history."""
    words = sentence(event)
    if ref and ref not in words:
        words = f"{ref}: {words}"
    run = getattr(event, "in_run", 0)
    by = getattr(event, "by", "") or (known[ref].by if ref in known else "")
    if isinstance(event, RoadmapPlaced):
        ref = ""
    return {"at": event.at, "words": clean(words, 1_000), "by": by, "href": f"/runs/{run}" if run else "", "ref": ref}


def split_refs(refs: Sequence[str]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(ref.strip() for ref in refs if ref.strip()))
