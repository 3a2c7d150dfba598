"""The adviser: a thread that makes the list of what to do next anew when something happened, and says later what helped.

It is woken by what the engine publishes, not by looking again and again; what bears on the list at once wakes it at once, the
rest within LAZY_S. What it decides is decided by the rules of `callboard.insight`; all that it wishes are commands.
"""

import logging
import threading
import time

from callboard.core.advice_events import AdviceOverruled, AdviceReopened, AdviceSnoozed, AdviceTaken, RuleUndone
from callboard.core.alerts import AlertEvent
from callboard.core.case_events import CaseEvent, CasesLooked
from callboard.core.events import (
    AgentDrained,
    AgentDraining,
    AgentSet,
    AgentsFound,
    AgentStopped,
    ArtifactKept,
    AttemptEnded,
    DecisionMade,
    Event,
    PatchDecided,
    QuestionAnswered,
    QuestionAsked,
    RunSubmitted,
    ScheduleFired,
    TaskReleased,
    TaskTaken,
)
from callboard.core.roadmap_events import RoadmapEvent
from callboard.core.task import GOOD, Verdict
from callboard.core.yield_events import DrainSet, HandoffMade
from callboard.desk.advice import Advices
from callboard.engine import Engine, Published
from callboard.errors import CallboardError

logger = logging.getLogger(__name__)

READY_S = 0.05
LAZY_S = 3.0
IDLE_S = 60.0
REST = 4.0  # it works at most a fifth of the time, and rests no longer than MOST_REST_S for it
MOST_REST_S = 0.6
JUDGE_S = 60.0
CASE_S = (
    1.0  # for which it waits for the case of what has just gone wrong, without which the list would say little of it
)
AT_ONCE = (
    AgentSet, AgentDraining, AgentDrained, AgentStopped, AgentsFound, DecisionMade, PatchDecided, QuestionAsked, QuestionAnswered,
    ScheduleFired, TaskTaken, TaskReleased, DrainSet, HandoffMade, RoadmapEvent, AlertEvent, CaseEvent, AdviceTaken,
    AdviceOverruled, AdviceSnoozed, AdviceReopened, RuleUndone,
)  # fmt: skip
OF_CASES = (AttemptEnded, AlertEvent)  # of which cases are made
SOON = (AttemptEnded, RunSubmitted, ArtifactKept)


class Adviser:
    """Works for one workspace, from `start` to `stop`."""

    def __init__(self, engine: Engine, desk: Advices) -> None:
        self._engine = engine
        self._desk = desk
        self._woken = threading.Event()
        self._settled = threading.Event()
        self._wrong = False
        self._soon = False
        self._closing = False
        self._judged = float("-inf")
        self._trying: threading.Thread | None = None
        self._thread = threading.Thread(target=self._work, name="adviser", daemon=True)

    def start(self) -> None:
        """Begins; the engine runs already."""
        self._desk.advice_watched = True
        self._engine.watchers.append(self.heard)
        self._desk.case_watch.listeners.append(self._looked)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way."""
        self._closing = True
        self._settled.set()
        self._woken.set()
        self._thread.join(10.0)

    def heard(self, published: Published) -> None:
        """On the engine's thread: notes whether something bears on the list, now or soon."""
        for _, event in published.events:
            if at_once(event):
                if isinstance(event, CaseEvent):
                    self._settled.set()
                elif isinstance(event, OF_CASES):
                    self._settled.clear()
                    self._wrong = True
                self._woken.set()
                return
            self._soon = self._soon or isinstance(event, SOON)

    def _looked(self) -> None:
        """On the keeper's thread: all that went wrong until now has its case, if it has one."""
        self._settled.set()
        if self._desk.advice_pending:
            self._woken.set()

    def _work(self) -> None:
        try:
            self._desk.finish_firings()
        except Exception:
            logger.exception("What rules had begun was not ended")
        while not self._closing:
            begun = time.monotonic()
            self._soon = False
            looked = self._desk.case_watch.looked
            try:
                self.step()
            except CallboardError as error:
                logger.debug("Advice waits: %s", error)
            except Exception:
                logger.exception("The adviser stumbled")
            self._soon = self._soon or self._desk.advice_pending
            if self._desk.advice_pending and self._desk.case_watch.looked > looked:
                self._woken.set()  # the case was made during the step
            self._rest(min(MOST_REST_S, max(READY_S, REST * (time.monotonic() - begun))))
            self._wait()
            self._woken.clear()
            if self._wrong and self._desk.case_watch.looked:
                self._settled.wait(CASE_S)
            self._wrong = False
            self._rest(READY_S)  # what comes in a burst is looked at once

    def _wait(self) -> None:
        """Until something happened: at once for what is grave, soon for the rest, and now and then as time passes."""
        end = time.monotonic() + IDLE_S
        while not self._closing and time.monotonic() < end:
            if self._woken.wait(LAZY_S) or self._soon:
                return

    def _rest(self, seconds: float) -> None:
        if not self._closing:
            time.sleep(seconds)

    def step(self) -> None:
        """One look at everything, and what follows from it."""
        self._desk.advise_anew()
        if self._trying is None or not self._trying.is_alive():
            self._trying = threading.Thread(target=self._simulate, name="adviser what if", daemon=True)
            self._trying.start()
        now = time.monotonic()
        if now - self._judged >= JUDGE_S:
            self._judged = now
            if self._desk.judge_advice():
                self._desk.advise_anew()

    def _simulate(self) -> None:
        """What agents offer for cases, and what an advice would gain where that can be tried; the list is made anew when one of
        them is known."""
        try:
            if self._desk.ask_for_advice() or self._desk.simulate_advice():
                self._woken.set()
        except CallboardError as error:
            logger.debug("Nothing is simulated for advice: %s", error)
        except Exception:
            logger.exception("Trying what advice would gain stumbled")


def at_once(event: Event) -> bool:
    """Whether an event may change what is to be done first."""
    if isinstance(event, AttemptEnded):
        return event.outcome not in GOOD or event.verdict not in (None, Verdict.PASS)
    if isinstance(event, CasesLooked):
        return False
    return isinstance(event, AT_ONCE) or (isinstance(event, ArtifactKept) and event.patch is not None)
