"""The roadmap for the surfaces: its changes and tasks from the files, with who has them, why they wait, and what came of them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from callboard.config.fields import near
from callboard.core.roadmap import Assignment, Stage
from callboard.core.roadmap_events import RoadmapPlaced
from callboard.core.words import sentence
from callboard.desk.roadmap_book import Reading
from callboard.desk.roadmap_sources import RoadmapSources
from callboard.desk.roadmap_view import (
    Scene,
    assignment_row,
    change_row,
    checks_about,
    delta_rows,
    overview,
    page_of,
    task_row,
)
from callboard.errors import NotFound, Refused
from callboard.link.openspec import Change, Task
from callboard.rows import Row
from callboard.work.finding import clean

NO_SERVER = "starts when `callboard up` runs"
SOON = "starts in a moment"
MOST_ASKS = 3
HOUR_S = 3600.0
REST = 20.0  # the forecasts are worked out in at most a twentieth of the time


class RoadmapDesk(RoadmapSources):
    """Reads the roadmap. Nothing of it is worked out on the engine's loop but a short look at the state."""

    @cached_property
    def _overviews(self) -> dict[str, tuple[Any, Row]]:
        return {}

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
                "href": page_of(one.change), "id": one.id,
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
        task = self.book.last().roadmap.task(ref)
        if task is not None and task.done:
            raise Refused(f"{clean(ref, 120)} is ticked already")
        raise Refused(f"nobody has {clean(ref, 120)}; `callboard roadmap` lists who has what")


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
