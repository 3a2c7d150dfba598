"""Seeded worlds of teams at work: the truth is played by the real core, forecasts know only what had ended by then."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from callboard.core.ahead import Ahead, Course
from callboard.core.events import RunSubmitted
from callboard.core.facts import How
from callboard.core.resources import Capacity, Lock, Needs
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import Priority, Retry, TaskSpec, Verdict
from callboard.insight.calibration import Correction, Judged, Raw, raw
from callboard.insight.futures import forecast
from callboard.learn.distributions import BAD, CRASH, GOOD, Model, Tried, model

DAY, HOUR, WEEK = 86_400.0, 3_600.0, 604_800.0
MOST_TRIES = 1_500


@dataclass(frozen=True)
class Kind:
    """What is odd about a world."""

    name: str
    tails: float = 0.03
    tail_size: float = 0.7
    slow_days: float = 0.15
    slow_runs: float = 0.08
    drifts: float = 0.0
    creeps: float = 0.0
    fails: float = 0.04
    stays_bad: float = 0.5
    crashes: float = 0.02
    bursts: float = 0.2
    runs_a_day: int = 6
    cpus: float = 4.0
    own: tuple[float, float] = (0.05, 0.35)


WORLDS = (
    Kind("calm", tails=0.01, slow_days=0.05, bursts=0.05, fails=0.02),
    Kind("busy", bursts=0.6, runs_a_day=12, cpus=2.0),
    Kind("drifting", drifts=0.35, creeps=0.004),
    Kind("heavy tails", tails=0.12, tail_size=1.0, own=(0.2, 0.6)),
    Kind("flaky", fails=0.12, stays_bad=0.3, crashes=0.1),
    Kind("slow days", slow_days=0.35, slow_runs=0.15),
)


@dataclass
class Job:
    name: str
    centre: float
    own: float
    fails: float
    crashes: float
    needs: Needs
    above: tuple[int, ...]
    agent: str
    was_bad: bool = False


@dataclass
class Outcome:
    """What came of a forecast."""

    name: str
    at: float
    shown: tuple[float, float, float]
    raw: Raw
    actual: float = math.nan
    plain80: float = 0.0

    def judged(self) -> Judged:
        return Judged(self.name, self.raw.score(self.actual), tuple(self.actual <= p for p in self.shown))  # type: ignore[arg-type]


@dataclass
class World:
    kind: Kind
    seed: int
    trials: int = 40
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.kind.name} {self.seed}")
        self.capacity = Capacity(self.kind.cpus, 16_000.0, self.kind.cpus, 16_000.0)
        self.pipelines = {"quick": self._pipeline(4), "full": self._pipeline(10)}
        self.tries: list[Tried] = []
        self.today = self.slow_run = 0.0
        state = State()
        state.epoch = 1
        self.truth = Ahead(state, self.capacity, self._course)
        self.runs = 0
        self.of_run: dict[int, float] = {}
        self.open: dict[int, Outcome] = {}
        self.done: list[Outcome] = []

    def _pipeline(self, count: int) -> list[Job]:
        dice, kind = self.dice, self.kind
        jobs = []
        for place in range(count):
            above = tuple(sorted({dice.randrange(place) for _ in range(dice.randrange(3))})) if place else ()
            locks = (Lock("db"),) if dice.random() < 0.15 else ()
            jobs.append(
                Job(
                    f"job{count}.{place}", dice.gauss(3.5, 0.9), dice.uniform(*kind.own), kind.fails * dice.uniform(0.2, 2.0),
                    kind.crashes * dice.uniform(0.2, 2.0), Needs(dice.choice([0.5, 1.0, 1.0, 2.0]), 500.0, locks), above,
                    f"agent{dice.randrange(3)}",
                )
            )  # fmt: skip
        return jobs

    def _course(self, task: Task, passed: float) -> Course:
        """What really happens."""
        dice, kind = self.dice, self.kind
        job = self.pipelines[task.run.name][task.index]
        factor = self.of_run[task.run.id]
        log = job.centre + factor + dice.gauss(0.0, job.own)
        if dice.random() < kind.tails:
            log += dice.expovariate(1.0 / kind.tail_size)
        seconds, end, course = math.exp(log), GOOD, Course(math.exp(log))
        if dice.random() < job.crashes:
            seconds *= dice.random()
            end, course = CRASH, Course(seconds, How.CRASHED, None, dice.random())
        elif dice.random() < (kind.stays_bad if job.was_bad else job.fails):
            seconds *= dice.uniform(0.3, 1.0)
            end, course = BAD, Course(seconds, How.EXITED, Verdict.FAIL)
        job.was_bad = end == BAD
        self.tries.append(Tried(job.name, task.run.id, self.truth.now + seconds, seconds, end, attempt=task.attempt))
        return course

    def week(self, nth: int) -> None:
        """Five days of work."""
        dice, kind = self.dice, self.kind
        for day in range(5):
            start = nth * WEEK + day * DAY + 9 * HOUR
            self.today = abs(dice.gauss(0.0, kind.slow_days)) if dice.random() < 0.5 else 0.0
            for jobs in self.pipelines.values():
                for job in jobs:
                    job.centre += kind.creeps if kind.creeps else 0.0
                    if dice.random() < kind.drifts / 25.0:
                        job.centre += dice.choice([-0.4, 0.4, 0.6])
            times = sorted(
                start + dice.uniform(0.0, 9 * HOUR)
                for _ in range(dice.randrange(kind.runs_a_day // 2, kind.runs_a_day + 2))
            )
            moments = [(at, 1 + (dice.randrange(1, 4) if dice.random() < kind.bursts else 0)) for at in times]
            for at, count in moments:
                for _ in range(count):
                    self._submit(max(at, self.truth.now) + dice.uniform(0.0, 60.0))

    def _submit(self, at: float) -> None:
        truth = self.truth
        truth.play(at)
        self._judge()
        self.runs += 1
        name = "full" if self.dice.random() < 0.4 else "quick"
        self.of_run[self.runs] = self.today + self.dice.gauss(0.0, self.kind.slow_runs)
        known = self._known(truth.now)
        specs = [
            TaskSpec(
                job.name, agent=job.agent, action="a.b", depends=job.above, needs=job.needs, retry=Retry(attempts=2, first_s=5.0),
                estimate=math.exp(known.jobs[job.name].centre) if job.name in known.jobs else 30.0,
            )
            for job in self.pipelines[name]
        ]  # fmt: skip
        priority = self.dice.choice([Priority.MEDIUM, Priority.MEDIUM, Priority.HIGH])
        truth.submit(RunSubmitted(truth.now, self.runs, name, "/w", "", "", priority, tuple(specs)))
        futures = forecast(
            truth.state,
            {"/w": known},
            self.capacity,
            self.runs,
            truth.now,
            more=lambda n: n < self.trials,
            seed=self.runs,
        )
        found = raw([end - truth.now for end in futures.ends], futures.sigma)
        correction = Correction([one.judged() for one in reversed(self.done[-400:])], name)
        plain80 = math.exp(found.middle + found.spread)
        self.open[self.runs] = Outcome(name, truth.now, correction.seconds(found), found, plain80=plain80)

    def _known(self, now: float) -> Model:
        self.tries = self.tries[-MOST_TRIES:]
        return model(sorted((one for one in self.tries if one.ended <= now), key=lambda one: -one.ended))

    def _judge(self) -> None:
        runs = self.truth.state.runs
        for number in [number for number in self.open if runs[number].ended is not None]:
            outcome = self.open.pop(number)
            ended = runs[number].ended
            assert ended is not None
            outcome.actual = ended - outcome.at
            self.done.append(outcome)
            self.truth.state.forget([number])

    def live(self, weeks: int, after: Callable[[int], None] = lambda nth: None) -> list[Outcome]:
        """Lives for so many weeks; the forecasts that came due after the first one."""
        first = 0
        for nth in range(weeks):
            self.week(nth)
            if nth == 0:
                first = len(self.done)
            after(nth)
        self.truth.play()
        self._judge()
        return self.done[first:]


def held(outcomes: list[Outcome], which: int = 1) -> float:
    """The share of ranges that held: 0, 1, 2 for P50, P80, P95."""
    return sum(one.actual <= one.shown[which] for one in outcomes) / len(outcomes)


def calm(seed: int = 0, **changes: float) -> World:
    return World(replace(WORLDS[0], **changes), seed)  # type: ignore[arg-type]
