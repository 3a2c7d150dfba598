"""The foreman of the roadmap: watches its files, starts what may start, ticks what is done, keeps counts and forecasts.

One thread beside the engine. What it decides is decided by `callboard.core.roadmap_order`; all that it wishes are commands,
so a program that is killed anywhere goes on from the log.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from callboard.core.roadmap import Assignment, Stage
from callboard.core.roadmap_commands import NoteRoadmap
from callboard.core.roadmap_events import (
    RoadmapAssigned,
    RoadmapDone,
    RoadmapPlaced,
    RoadmapStarted,
    RoadmapTicked,
    RoadmapWithdrawn,
)
from callboard.core.task import Priority
from callboard.desk.roadmap_acts import RoadmapActs
from callboard.desk.roadmap_view import Scene
from callboard.engine import Engine, Published
from callboard.errors import CallboardError
from callboard.live import LiveFeed
from callboard.record.roadmap_rows import WHOLE

logger = logging.getLogger(__name__)

LOOK_S = 1.0
IDLE_S = 2.0
TRY_AGAIN_S = 15.0
READY_S = 0.05
STIRS = (RoadmapAssigned, RoadmapStarted, RoadmapDone, RoadmapTicked, RoadmapWithdrawn, RoadmapPlaced)


class Foreman:
    """Works for one workspace, from `start` to `stop`."""

    def __init__(self, engine: Engine, desk: RoadmapActs, feed: LiveFeed) -> None:
        self._engine = engine
        self._desk = desk
        self._feed = feed
        self._woken = threading.Event()
        self._closing = False
        self._tried: dict[str, float] = {}
        self._ticked: dict[str, tuple[object, ...]] = {}
        self._counted: dict[str, tuple[int, int]] | None = None
        self._told: object = None
        self._thread = threading.Thread(target=self._work, name="foreman", daemon=True)

    def start(self) -> None:
        """Begins; the engine runs already."""
        self._desk.roadmap_watched = True
        self._engine.watchers.append(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way."""
        self._closing = True
        self._woken.set()
        self._thread.join(10.0)

    def _note(self, published: Published) -> None:
        """On the engine's thread: something of the roadmap happened, or a task of a run that carries out a part of it moved."""
        roadmaps = self._engine.state.roadmaps
        stirred = any(isinstance(event, STIRS) for _, event in published.events)
        if stirred or (len(roadmaps) and any(roadmaps.of_run(task.run.id) for task in published.tasks)):
            self._woken.set()

    def _work(self) -> None:
        while not self._closing:
            try:
                self.step()
            except CallboardError as error:
                logger.debug("The roadmap waits: %s", error)
            except Exception:
                logger.exception("The roadmap's foreman stumbled")
            if not self._woken.wait(LOOK_S if self._feed.watched else IDLE_S):
                continue
            self._woken.clear()
            time.sleep(READY_S)  # what comes in a burst is looked at once

    def step(self) -> None:
        """One look at the files and the state, and what follows from it."""
        reading = self._desk.book.look()
        if not reading.roadmap.there and not self._desk.roadmap_standing().assignments:
            self._tell((reading.stamp,))
            return
        scene = self._desk.roadmap_scene()
        self._count(scene)
        self._start_due(scene)
        self._tick_done(scene)
        self._desk.roadmap_work_out(scene)
        doing = tuple(sorted(scene.standing.doing.items()))
        self._tell(
            (reading.stamp, scene.standing.moves, str(doing), tuple(sorted(self._desk.roadmap_troubles.items())))
        )

    def _tell(self, mark: object) -> None:
        """Says to everybody who looks that the rows are others now."""
        mark = (mark, self._desk.roadmap_worked)
        if mark == self._told:
            return
        self._told = mark
        self._desk.roadmap_seq += 1
        self._feed.note("roadmap", self._desk.roadmap_seq)

    def _count(self, scene: Scene) -> None:
        """Keeps the counts that are others than those kept last."""
        found = scene.reading.roadmap
        where = str(self._desk.workspace)
        if self._counted is None:
            self._counted = self._desk.roadmap_record.counts(where)
        now = {change.id: (change.done, change.total) for change in found.changes}
        gone = dict.fromkeys(self._counted.keys() - now.keys() - {WHOLE}, (0, -1))
        fresh = {id: count for id, count in now.items() if self._counted.get(id) != count}
        whole = (found.done, found.total)
        if fresh or gone or self._counted.get(WHOLE, (0, 0)) != whole:
            counts: Mapping[str, list[int]] = {id: list(count) for id, count in (*fresh.items(), *gone.items())}
            self._engine.ask_from(NoteRoadmap(where, *whole, counts))
            self._counted = {**now, WHOLE: whole}

    def _start_due(self, scene: Scene) -> None:
        """Starts what may start; what cannot says why, and is tried again later."""
        now = time.monotonic()
        standing = {one.id for one in scene.standing.assignments if one.state is Stage.WAITS}
        troubles = self._desk.roadmap_troubles
        for id in [id for id in self._tried if id not in standing]:
            self._tried.pop(id)
            troubles.pop(id, None)
        for one in scene.order.due():
            if self._closing or now - self._tried.get(one.id, float("-inf")) < TRY_AGAIN_S:
                continue
            self._tried[one.id] = now
            try:
                self._start(scene, one)
            except CallboardError as error:
                troubles[one.id] = str(error)
            else:
                troubles.pop(one.id, None)

    def _start(self, scene: Scene, one: Assignment) -> None:
        """Submits the run of an assignment; the same one twice makes one run."""
        desk = self._desk
        desk.require_trust()
        prepared = desk.prepare_one(one.action, one.options)
        desk.name_agents()
        place = scene.arranged.places[one.change]
        command = desk.submission(
            prepared,
            by=one.by,
            trigger=f"roadmap {one.ref}",
            priority=Priority[place.layer.upper()],
            key=f"roadmap:{one.id}",
        )
        self._engine.ask_from(replace(command, assignment=one.id))

    def _tick_done(self, scene: Scene) -> None:
        """Ticks what has evidence; what was refused is looked at again when the files have changed."""
        write = scene.reading.config.roadmap.roadmap.write
        for one in scene.standing.assignments:
            if one.state is not Stage.DONE or self._closing:
                continue
            if one.tick == "off" and not write and not scene.order.ticked(one.ref):
                continue
            mark = (scene.reading.stamp, one.ended)
            if self._ticked.get(one.id) == mark:
                continue
            why = self._desk.roadmap_tick_one(one, "Callboard")
            self._ticked[one.id] = mark
            if not why:
                self._ticked.pop(one.id)
