"""The keeper of cases: turns what checks saw into symptoms, groups them by cause, and asks the engine to open and clear cases.

One thread beside the engine, woken by what happens. What it has looked at goes into the log together with what it found, so
that a program that is killed anywhere neither loses a symptom nor tells it twice.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from callboard.core.case_batch import Opening, Sighting
from callboard.core.case_commands import CALLBOARD, MergeCases, TellCases
from callboard.core.case_facts import Symptom, worse
from callboard.core.correlate import correlate
from callboard.core.correlate_scene import MILD, UNKNOWN, Group, Join
from callboard.core.events import AlertRaised, AlertResolved, AttemptEnded
from callboard.desk.case_look import CaseLooking, Taken
from callboard.desk.case_standing import Standing, standing_of
from callboard.engine import Engine, Published
from callboard.errors import CallboardError, NotFound, Refused

logger = logging.getLogger(__name__)

IDLE_S = 30.0
TRY_AGAIN_S = 1.0
READY_S = 0.02
LAST_S = 5.0
MOST_UNTOLD = 5_000
KNOWN_S = 6 * 3_600.0
STIRS = (AttemptEnded, AlertRaised, AlertResolved)


class CaseKeeper:
    """Works from `start` to `stop`."""

    def __init__(self, engine: Engine, looking: CaseLooking) -> None:
        self._engine = engine
        self._looking = looking
        self._woken = threading.Event()
        self._closing = False
        self._cursor: int | None = None
        self._thread = threading.Thread(target=self._work, name="case keeper", daemon=True)

    def start(self) -> None:
        """Begins; the engine runs already."""
        self._engine.watchers.append(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Ends when all that happened was looked at, or it takes too long; what is left is looked at by the next one."""
        self._closing = True
        self._woken.set()
        self._thread.join(10.0)

    def _note(self, published: Published) -> None:
        if any(isinstance(event, STIRS) for _, event in published.events):
            self._woken.set()

    def _work(self) -> None:
        while True:
            wait = IDLE_S
            try:
                self.step()
            except CallboardError as error:
                logger.debug("Cases wait: %s", error)
                wait = TRY_AGAIN_S
            except Exception:
                logger.exception("The keeper of cases stumbled")
                wait = TRY_AGAIN_S
            if self._closing:
                return
            if self._woken.wait(wait):
                time.sleep(READY_S)  # what comes in a burst is looked at once
            self._woken.clear()

    def step(self) -> None:
        """Looks at all that was not looked at yet."""
        looked = self._engine.inspect(lambda state: dict(state.cases.looked))
        begin = self._looking.record.begin()
        if self._cursor is None:
            self._cursor = min([*looked.values(), begin])
        until = time.monotonic() + LAST_S
        while not (self._closing and time.monotonic() > until):
            now = self._engine.inspect(lambda state: self._engine.now())
            events = self._looking.record.told(self._cursor)
            if not events:
                self._looking.desk.case_watch.told(now)
                return
            by_place: dict[str, list[tuple[int, object]]] = defaultdict(list)
            for seq, event in events:
                place = self._looking.place_of(event)
                if place and seq > looked.get(place, begin):
                    by_place[place].append((seq, event))
            for place, told in by_place.items():
                self._tell(place, told)
            self._cursor = events[-1][0]

    def _tell(self, workspace: str, events: Sequence[tuple[int, object]]) -> None:
        upto = events[-1][0]
        taken = self._looking.taken(workspace, [event for _, event in events])
        standing = self._standing(workspace, taken)
        groups = self._grouped(workspace, taken, standing)
        joins = [join for group in groups for join in group.joins]
        if joins and self._join(joins):
            standing = self._standing(workspace, taken)
            groups = self._grouped(workspace, taken, standing)
        partings = self._looking.partings(taken, standing)
        opened = [Opening(g.title, g.severity, g.cause, g.symptoms) for g in groups if not g.case]
        seen = [self._sighting(g, standing) for g in groups if g.case]
        missing = self._looking.missing(workspace, standing, taken)
        looked = self._engine.inspect(lambda state: state.cases.looked.get(workspace, 0))
        if not (opened or seen or partings or missing) and upto - looked < MOST_UNTOLD:
            return  # nothing to tell; should it be looked at again, it tells nothing again
        try:
            self._engine.ask_from(
                TellCases(workspace, upto, tuple(opened), tuple(seen), tuple(partings), tuple(missing))
            )
        except Refused:
            looked = self._engine.inspect(lambda state: state.cases.looked.get(workspace, 0))
            if looked < upto:
                raise

    def _join(self, joins: Sequence[Join]) -> int:
        """Makes one of cases that news show to be one; how many could be. Done again after a crash, it finds them joined."""
        done = 0
        for join in joins:
            try:
                self._engine.ask_from(MergeCases(join.case, join.into, CALLBOARD, join.why, by_rule=True))
                done += 1
            except (Refused, NotFound) as error:
                logger.debug("C%d and C%d stay two: %s", join.case, join.into, error)
        return done

    def _standing(self, workspace: str, taken: Taken) -> Standing:
        """The cases that stand, and the closed ones that have any of these symptoms."""
        keys = [symptom.key for symptom in taken.symptoms]
        desk = self._looking.desk
        holders = desk.case_record.having(workspace, keys) if keys else {}
        numbers = sorted(set(holders.values()))
        if numbers:
            desk.remember_cases(numbers)
        wanted, closed = frozenset(keys), frozenset(numbers)
        return self._engine.inspect(lambda state: standing_of(state, workspace, wanted, closed))

    def _grouped(self, workspace: str, taken: Taken, standing: Standing) -> list[Group]:
        symptoms = [symptom for symptom in taken.symptoms if not self._is_known(symptom, standing)]
        if not symptoms:
            return []
        scene = self._looking.scene(Path(workspace), taken, standing)
        return correlate(symptoms, scene, standing.known, standing.taught)

    @staticmethod
    def _is_known(symptom: Symptom, standing: Standing) -> bool:
        """Whether it is told already, or a mild finding that stands and was told of lately: the log does not grow by what
        everybody knows."""
        if symptom.rule == UNKNOWN:
            told = standing.symptom(symptom.key)
            return told is not None and (told.task, told.attempt) == (symptom.task, symptom.attempt)
        known = standing.symptom(symptom.key) if symptom.kind == "finding" and symptom.severity in MILD else None
        return known is not None and not known.gone and symptom.seen - known.seen < KNOWN_S

    @staticmethod
    def _sighting(group: Group, standing: Standing) -> Sighting:
        """What is new of a case: its cause where another one explains more of it, its severity when it became worse."""
        title, severity, cause = standing.of_case[group.case]
        changed = group.cause != cause and group.cause.kind != "single"
        severity = group.severity if worse(group.severity, severity) else ""
        return Sighting(
            group.case, group.symptoms, group.cause if changed else None, group.title if changed and group.title != title else "",
            severity,
        )  # fmt: skip
