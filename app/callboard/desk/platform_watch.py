"""Brings what is known of the platform to the engine once a second, and what the engine decides to those who watch."""

import threading
import time
from collections.abc import Callable

from callboard.core.events import AttemptEnded
from callboard.core.task import GOOD, Verdict
from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen, YieldSet
from callboard.core.yielding import Surroundings
from callboard.desk.coordination import Coordination
from callboard.desk.handoffs import DEPLOY
from callboard.engine import Engine, Published
from callboard.errors import CallboardError
from callboard.link.probing import Prober, kept_sample
from callboard.live import LiveFeed
from callboard.record.samples import Sample

SAMPLE_S = 30.0
NEWS_S = 5.0
OURS = (YieldSet, DrainSet, DrainSeen, HandoffMade, HandoffSeen)


class PlatformWatch:
    """`look` and `heard` are called on the engine's thread; `samples` keeps what was measured."""

    def __init__(
        self,
        engine: Engine,
        desk: Coordination,
        feed: LiveFeed,
        prober: Prober,
        samples: Callable[[list[Sample]], None],
    ) -> None:
        self._engine = engine
        self._desk = desk
        self._feed = feed
        self._prober = prober
        self._samples = samples
        self._sampled = 0.0
        self._told = 0.0
        self._count = 0
        self._shown: object = None
        self._drained_until = desk.drained_until()
        engine.surroundings = prober.surroundings()
        engine.measured.append(self.look)
        engine.watchers.append(self.heard)

    def look(self) -> None:
        """Takes what is known now for the next decision."""
        now = time.time()
        around = self._prober.surroundings()
        self._engine.surroundings = around
        if self._drained_until is not None and now >= self._drained_until:
            self._drained_until = None
            threading.Thread(target=self._desk.write_drain, name="drain", daemon=True).start()
            self._tell(now)
        if now - self._sampled >= SAMPLE_S:
            self._sampled = now
            kept = [kept_sample(now, target, figures) for target, figures, _ in self._prober.looks() if figures.n]
            if kept:
                self._samples(kept)
        if now - self._told >= NEWS_S and self._feed.watched:
            shown = _shown(around)
            if shown != self._shown:
                self._shown = shown
                self._tell(now)

    def heard(self, published: Published) -> None:
        """Tells those who watch, and hands a green deploy over where the team wants that."""
        for _, event in published.events:
            if isinstance(event, OURS):
                self._tell(time.time())
                if isinstance(event, DrainSet):
                    self._drained_until = event.until if event.wanted else None
            elif isinstance(event, AttemptEnded) and self._prober.rule.handoff and self._is_green_deploy(event):
                threading.Thread(target=self._hand_over, args=[event.run], name="handoff", daemon=True).start()

    def _is_green_deploy(self, event: AttemptEnded) -> bool:
        run = self._engine.state.runs.get(event.run)
        good = event.outcome in GOOD and event.verdict is Verdict.PASS
        return good and run is not None and run.tasks[event.task].spec.action == DEPLOY

    def _hand_over(self, run: int) -> None:
        try:
            self._desk.handoff(by="callboard.toml", run=run)
        except CallboardError:
            return  # what it lacks is said to whoever asks for it by hand

    def _tell(self, now: float) -> None:
        self._told = now
        self._count += 1
        self._feed.note("coordination", self._count)


def _shown(around: Surroundings) -> object:
    """What differs for whoever looks."""
    return (
        around.rule,
        tuple((r.endpoint, round(r.p95 or 0), round(r.success or 0)) for r in around.readings),
    )
