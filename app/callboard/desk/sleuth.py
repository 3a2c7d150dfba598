"""The sleuth: brings cases forward by ordinary runs, one at a time, and watches fixes after they were accepted.

One thread beside the engine. What is next is decided by `callboard.core.case_steps`; all that it wishes are submissions with a
key and words at the case, so a program that is killed anywhere goes on from the log and doubles nothing. It never accepts a
patch; the one thing that it does to the workspace is to take back a fix of a case that makes things worse.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from callboard.config.cases import CasesTable
from callboard.core.case_commands import CALLBOARD
from callboard.core.case_facts import CaseState
from callboard.core.case_steps import Next, Step, fresh
from callboard.core.cases import Case
from callboard.core.events import AgentSet, AgentsFound, PatchDecided
from callboard.core.state import State
from callboard.desk.case_scene import Again, is_run
from callboard.desk.case_work import CaseWork
from callboard.engine import Engine, Published
from callboard.errors import CallboardError, ConfigError
from callboard.record.case_work import CaseRun
from callboard.record.patches import KeptPatch

logger = logging.getLogger(__name__)

IDLE_S = 30.0
READY_S = 0.2
HOUR_S = 3_600.0
MOST_LOOKED_AT = 200
TRY_AGAIN_S = 60.0
GRAVE = ("critical", "high")
MOST_ASKED = 30  # cases for which plugins are asked for fixes in an hour
STIRS = (PatchDecided, AgentSet, AgentsFound)
RANK = ("critical", "high", "medium", "low", "info")


def _is_begun(case: Case) -> bool:
    """Whether it was run again already, or a fix of it was tried."""
    return any(fresh(case, kind) is not None for kind in ("reproduced", "fix-proposed", "fix-tried"))


class Sleuth:
    """Works for one workspace, from `start` to `stop`."""

    def __init__(self, engine: Engine, desk: CaseWork) -> None:
        self._engine = engine
        self._desk = desk
        self._where = str(desk.workspace)
        self._woken = threading.Event()
        self._closing = False
        self._stuck: dict[int, float] = {}
        self._rested: dict[int, object] = {}
        self._asked: deque[float] = deque(maxlen=MOST_ASKED)
        self._watched: dict[int, int] = {}
        self._moves = -1
        self._thread = threading.Thread(target=self._work, name="sleuth", daemon=True)

    def start(self) -> None:
        """Begins; the engine runs already."""
        self._engine.watchers.append(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way."""
        self._closing = True
        self._woken.set()
        self._thread.join(10.0)

    def _note(self, published: Published) -> None:
        """On the engine's thread: a case moved, a run is over, or somebody decided about a patch or an agent."""
        moves = self._engine.state.cases.moves
        if moves != self._moves:
            self._moves = moves
            self._woken.set()
        if any(isinstance(event, STIRS) for _, event in published.events):
            self._rested.clear()
            self._woken.set()
        elif len(self._engine.state.cases) and any(not task.run.unfinished for task in published.tasks):
            self._woken.set()

    def _work(self) -> None:
        while not self._closing:
            try:
                self.step()
            except CallboardError as error:
                logger.debug("Cases wait: %s", error)
            except Exception:
                logger.exception("The sleuth stumbled")
            if not self._woken.wait(IDLE_S):
                continue
            time.sleep(READY_S)  # what comes in a burst is looked at once
            self._woken.clear()

    def step(self) -> None:
        """One look at all cases: what is over is written down, what was accepted is watched, and one step is started."""
        cases = self._engine.inspect(self._chosen)
        if not cases or not self._desk.case_trusted():
            return
        config = self._desk.case_config()
        if config is None:
            return
        runs = self._desk.case_work.case_runs()
        told = False
        for case in cases:
            if self._closing:
                return
            told |= self._told(case, runs.get(case.id, ()), config.cases)
        if told:
            self._woken.set()  # the cases are others now
            return
        busy = any(not one.over for found in runs.values() for one in found)
        if busy:
            return
        for case in cases:
            begun = time.monotonic()
            if self._closing or (case.is_open and self._begun(case, runs.get(case.id, ()), config.cases)):
                return
            if self._woken.is_set() and time.monotonic() - begun > READY_S:
                return  # plugins were asked meanwhile, and something happened: what matters more now goes first

    def _chosen(self, state: State) -> list[Case]:
        """The cases of the workspace that could move, those that were run again already and then the gravest first; closed ones
        while their fix may be watched."""
        still = (CaseState.ACCEPTED,)
        found = [case for case in state.cases.open(self._where) if case.state not in still]
        found.sort(key=lambda case: (not _is_begun(case), RANK.index(case.severity), case.opened))
        closed = [
            case for case in state.cases.closed()
            if case.workspace == self._where and "fix-tried" in case.known and not case.into
        ]  # fmt: skip
        return [case.copy() for case in (*found[:MOST_LOOKED_AT], *closed[-MOST_LOOKED_AT:])]

    def _told(self, case: Case, runs: Sequence[CaseRun], table: CasesTable) -> bool:
        """Writes down what is over, and what became of its patch; whether that changed something."""
        patch = self._desk.case_patch(case)
        if patch is not None and patch.choice == "accepted" and case.is_open:
            note = fresh(case, "fix-tried")
            if note is None or note.facts.get("patch") != patch.number:
                self._desk.case_accepted(case, patch)
                return True
        if any(self._desk.case_taken_back_before(case, one) for one in self._desk.case_fixes_in(runs, "undone")[:1]):
            return True
        if runs and self._desk.case_collect(case, runs):
            return True
        if case.is_open and self._desk.case_settled(case, runs):
            return True
        accepted = [patch] if patch is not None and patch.choice == "accepted" else []
        accepted += [one for one in self._desk.case_fixes_in(runs) if not accepted or one.number != accepted[0].number]
        return any(self._watch(case, runs, one, table.watch_hours * HOUR_S) for one in accepted)

    def _watch(self, case: Case, runs: Sequence[CaseRun], patch: KeptPatch, seconds: float) -> bool:
        """Looks at runs since a fix was accepted; whether the fix was taken back."""
        if patch.decided is None or time.time() > patch.decided + seconds:
            return False
        ours = {one.run for one in runs}
        first = next((one.run for one in runs if one.step == "verify" and one.submitted >= patch.decided), 0)
        after = self._watched.get(patch.number, 0)
        for run in self._desk.case_work.runs_since(case.workspace, patch.decided, after):
            self._watched[patch.number] = run
            if run in ours:
                continue
            at_once = self._desk.case_work.is_check_of(run, patch.number)
            judged = self._desk.case_judged(case, patch, run, case.workspace, like=0 if at_once else first or run)
            if judged.worse and not self._desk.case_edited(patch):
                self._desk.case_take_back(case, patch, judged, run)
                return True
        return False

    def _begun(self, case: Case, runs: Sequence[CaseRun], table: CasesTable) -> bool:
        """Starts what is next of a case, if it may be started by itself; whether something was started."""
        patch = self._desk.case_patch(case)
        mark = (case.turn, case.notes, self._desk.state_of_patch(patch), table)
        if self._rested.get(case.id) == mark or time.monotonic() - self._stuck.get(case.id, -HOUR_S) < TRY_AGAIN_S:
            return False
        mine = [one for one in runs if one.submitted >= case.opened]
        wished = any(one.goes_on for one in mine)
        accepted = patch is not None and patch.choice == "accepted"
        if not (wished or accepted):
            if not table.automatic or not begins(case):
                self._rested[case.id] = mark
                self._desk.case_left(case, "nothing more is looked into by itself")
                self._desk.case_untried(case)
                return False
            if self._desk.case_work.started_since(CALLBOARD, time.time() - HOUR_S) >= table.an_hour:
                return False
        following, again = self._next(case, mine)
        if following is None:
            return False
        if (
            accepted and not wished and following.step not in (None, Step.VERIFY)
        ):  # beyond looking, it goes on as any other case
            if not table.automatic or not begins(case):
                self._rested[case.id] = mark
                return False
            if self._desk.case_work.started_since(CALLBOARD, time.time() - HOUR_S) >= table.an_hour:
                return False
        if following.step is None:
            self._rested[case.id] = mark
            self._desk.case_left(case, following.words)
            return False
        try:
            self._desk.case_start(case, following, again, CALLBOARD, goes_on=wished)
        except CallboardError as error:
            self._stuck[case.id] = time.monotonic()
            logger.info("%s: %s was not started: %s", case.name, following.step, error)
            if following.step in (Step.TRY, Step.VERIFY):
                self._desk.case_not_looked(case, following.step, str(error))
            else:
                self._desk.case_left(case, f"the next step ({following.step}) was not started: {error}")
                if isinstance(error, ConfigError):
                    self._rested[case.id] = mark
            return False
        return True

    def _next(self, case: Case, runs: Sequence[CaseRun]) -> tuple[Next | None, Again | str]:
        """What follows; None when plugins would have to be asked for a case that nobody looked into, and were asked often enough in
        this hour."""
        following, again, _ = self._desk.case_next(case, runs, ask=False)
        if not following.ask:
            return following, again
        now = time.monotonic()
        if fresh(case, "reproduced") is None:
            if len(self._asked) == MOST_ASKED and now - self._asked[0] < HOUR_S:
                return None, again
            self._asked.append(now)
        following, again, _ = self._desk.case_next(case, runs)
        return following, again


def begins(case: Case) -> bool:
    """Whether a case is looked into by itself: failing tests, commands that failed, and what is grave."""
    return case.severity in GRAVE or any(is_run(symptom) and not symptom.gone for symptom in case.symptoms.values())
