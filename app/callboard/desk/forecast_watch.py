"""Has forecasts made beside the engine: one at the start of each run, which is kept, and new ones while somebody looks.

One thread. What it asks of the other process is bounded: a new forecast of a run comes after RESTS times what the last one
took, and no sooner than EVERY_S; without anybody looking there is only the one at the start.
"""

import logging
import threading
import time
from pathlib import Path

from callboard.core.events import AgentSet, AttemptEnded, PrioritySet, RunSubmitted, TasksAdded
from callboard.core.forecast_events import ForecastKept, KeepForecast
from callboard.core.run import Run
from callboard.core.state import State
from callboard.desk.forecasts import REFINED_CPU_S, Forecasts
from callboard.engine import Engine, Published
from callboard.errors import CallboardError
from callboard.learn.durations import ENOUGH
from callboard.live import LiveFeed
from callboard.rows import Row

logger = logging.getLogger(__name__)

EVERY_S = 3.0
RESTS = 8.0
STALE_S = 15.0
START_CPU_S = 1.0
RENEW_CPU_S = 1.5
KEEP_WITHIN_S = 30.0
MOST_RUNS = 30
STIRS = (AttemptEnded, RunSubmitted, TasksAdded, PrioritySet, AgentSet)


class ForecastWatch:
    """Works from `start` to `stop`."""

    def __init__(self, engine: Engine, desk: Forecasts, feed: LiveFeed) -> None:
        self._engine = engine
        self._desk = desk
        self._feed = feed
        self._woken = threading.Event()
        self._closing = False
        self._wanted: dict[int, None] = {}
        self._stirred = False
        self._news = False
        self._asked: dict[int, float] = {}
        self._next: dict[int, float] = {}
        self._ends: dict[int, Row] = {}
        self._kept: set[int] = set()
        self._thread = threading.Thread(target=self._work, name="forecasts", daemon=True)

    def start(self) -> None:
        """Begins; the engine runs already."""
        self._desk.forecast_wanted = self._want
        self._engine.watchers.append(self._note)
        self._thread.start()

    def stop(self) -> None:
        """Ends, whatever is being worked out."""
        self._closing = True
        self._woken.set()
        self._desk.seer.close()
        self._thread.join(10.0)

    def _want(self, run: int) -> None:
        """Somebody asks for the forecast of a run."""
        self._wanted[run] = None
        self._woken.set()

    def _note(self, published: Published) -> None:
        """On the engine's thread."""
        for _, event in published.events:
            if isinstance(event, RunSubmitted):
                self._news = True
                self._woken.set()
            elif isinstance(event, STIRS):
                self._stirred = True

    def _work(self) -> None:
        while not self._closing:
            busy = self._feed.watched and (self._stirred or bool(self._ends))
            self._woken.wait(EVERY_S if busy or self._wanted else STALE_S if self._feed.watched else None)
            self._woken.clear()
            try:
                self.step()
            except CallboardError as error:
                logger.debug("No forecast: %s", error)
            except Exception:
                logger.exception("The forecasts stumbled")

    def step(self) -> None:
        """Asks for what is due."""
        stirred, self._stirred = self._stirred, False
        news, self._news = self._news, False
        wanted, self._wanted = self._wanted, {}
        if not (news or wanted or self._feed.watched):
            return
        open_runs = self._engine.inspect(_open)
        now = time.monotonic()
        for number, (workspace, submitted, fresh) in open_runs.items():
            if self._closing:
                return
            first = number not in self._asked
            due = first or number in wanted or (self._feed.watched and (stirred or now - self._asked[number] > STALE_S))
            if not due or (not first and now < self._next.get(number, 0.0)):
                continue
            if not self._known(workspace, number):
                continue
            keep = first and fresh and number not in self._kept and time.time() - submitted < KEEP_WITHIN_S
            self._ask(
                number, REFINED_CPU_S if number in wanted and first else START_CPU_S if first else RENEW_CPU_S, keep
            )
        for number in [number for number in self._asked if number not in open_runs]:
            self._asked.pop(number)
            self._next.pop(number, None)
            if self._ends.pop(number, None) is not None:
                self._tell()

    def _known(self, workspace: str, number: int) -> bool:
        """Whether any job that is left was tried often enough; asked before the other process is."""
        known = self._desk.learned(Path(workspace))

        def look(state: State) -> bool:
            run = state.runs.get(number)
            names = {task.spec.name for task in run.tasks if not task.final} if run is not None else set()
            return any(name in known and known[name].n >= ENOUGH for name in names)

        return self._engine.inspect(look)

    def _ask(self, number: int, cpu_s: float, keep: bool) -> None:
        began = time.monotonic()
        self._asked[number] = began
        answers: list[Row] = []

        def heard(answer: Row) -> None:
            answers.append(answer)
            if answer["end"]:
                span = ("p50", "p80", "p95")
                self._ends[number] = {**dict(zip(span, answer["end"], strict=True)), "n": answer["runs"]}
            else:
                self._ends.pop(number, None)
            self._tell()

        try:
            self._desk.foresee_run(number, cpu_s, heard)
        except CallboardError as error:
            logger.debug("No forecast of run %s: %s", number, error)
        now = time.monotonic()
        self._next[number] = now + max(EVERY_S, RESTS * min(now - began, cpu_s))
        if keep and answers:
            self._keep(answers[-1])

    def _keep(self, answer: Row) -> None:
        """Keeps it, unless most of it is guessed."""
        if not answer["end"] or 2 * answer["few"] > answer["left"] or answer["persons"] * 2 > answer["samples"]:
            return
        self._kept.add(answer["run"])
        of_tasks = {place: tuple(values) for place, values in answer["parts"].items()}
        p50, p80, p95 = answer["end"]
        event = ForecastKept(
            answer["at"], answer["run"], answer["workspace"], answer["pipeline"], p50, p80, p95, tuple(answer["logs"]),
            answer["samples"], of_tasks,
        )  # fmt: skip
        self._engine.ask_from(KeepForecast(event))

    def _tell(self) -> None:
        self._feed.note("forecast", {str(number): dict(row) for number, row in self._ends.items()})


def _open(state: State) -> dict[int, tuple[str, float, bool]]:
    """The runs that have not ended, oldest first, bounded: workspace, when it came, and whether nothing of it has ended yet."""
    found: dict[int, tuple[str, float, bool]] = {}
    for run in state.runs.values():
        if run.unfinished:
            found[run.id] = (run.workspace, run.submitted, _is_fresh(run))
            if len(found) >= MOST_RUNS:
                break
    return found


def _is_fresh(run: Run) -> bool:
    return all(not task.attempt or task.ended is None for task in run.tasks[:2_000])
