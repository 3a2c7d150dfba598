"""Worlds of other shapes than those of `worlds`: graphs, limits, luck and habits that the forecast was not made with in mind."""

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
from callboard.core.task import Priority, Retry, TaskKey, TaskSpec, Verdict
from callboard.insight.calibration import Correction, Judged, Past, Raw, raw
from callboard.insight.futures import forecast
from callboard.learn.distributions import BAD, CRASH, GOOD, Model, Tried, model

HOUR, DAY, WEEK = 3_600.0, 86_400.0, 604_800.0
Graph = Callable[[random.Random], list[tuple[int, ...]]]


def fan(wide: int) -> Graph:
    """One first, many beside each other, one last."""
    return lambda dice: [(), *([(0,)] * wide), tuple(range(1, wide + 1))]


def chains(count: int, length: int) -> Graph:
    """Several long ones beside each other."""
    return lambda dice: [(place - 1,) if place % length else () for place in range(count * length)]


def tangle(count: int, reach: int = 40, most: int = 3) -> Graph:
    """Each waits for some of the former ones."""

    def made(dice: random.Random) -> list[tuple[int, ...]]:
        return [
            tuple(sorted({dice.randrange(max(0, place - reach), place) for _ in range(dice.randrange(most + 1))}))
            if place
            else ()
            for place in range(count)
        ]

    return made


@dataclass(frozen=True)
class Habit:
    """What is odd about a world; `graphs` are its pipelines."""

    name: str
    graphs: tuple[Graph, ...]
    cpus: float = 4.0
    locks: float = 0.0
    limits: int = 0
    classes: tuple[Priority, ...] = (Priority.MEDIUM,)
    crowd: float = 0.1
    fails: float = 0.03
    crashes: float = 0.02
    tries: int = 2
    two_ways: float = 0.0
    unchanged: float = 0.0
    size: float = 0.0
    grows: float = 0.0
    lead: float = 0.0
    others: float = 0.0
    centre: float = 3.5
    runs_a_day: int = 4
    few: int = 0
    slow: float = 0.08


MIXED = (Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM, Priority.MEDIUM, Priority.LOW)
HABITS = (
    Habit("wide fan", (fan(24), fan(9))),
    Habit("long chains", (chains(2, 12), chains(1, 8))),
    Habit("tangles", (tangle(40), tangle(15))),
    Habit("many locks", (tangle(16), tangle(8)), locks=0.6),
    Habit("agents with limits", (tangle(20), fan(10)), limits=1, cpus=8.0),
    Habit("classes mixed, runs overlap", (tangle(14), chains(2, 4)), classes=MIXED, crowd=0.8, cpus=2.0),
    Habit("many retries", (tangle(14), fan(6)), crashes=0.15, tries=4, fails=0.05),
    Habit("two usual times", (tangle(12), chains(1, 5)), two_ways=0.5),
    Habit("often unchanged", (tangle(16), fan(8)), unchanged=0.6),
    Habit("by the size of the change", (tangle(14), chains(2, 4)), size=0.6),
    Habit("few tries", (tangle(10), chains(1, 4)), few=9),
    Habit("slower each week", (tangle(14), fan(6)), grows=0.12),
    Habit("short tasks, slow to begin", (tangle(12), chains(1, 6)), centre=-0.3, lead=0.25),
    Habit("a machine shared with others", (tangle(16), fan(8)), others=0.7),
)


@dataclass
class Job:
    """How one job behaves in truth."""

    name: str
    centre: float
    own: float
    above: tuple[int, ...]
    needs: Needs
    agent: str
    sized: bool
    split: float
    fails: float
    crashes: float
    was_bad: bool = False


@dataclass
class Foreseen:
    """A forecast, and what came of it."""

    name: str
    run: int
    at: float
    shown: tuple[float, float, float]
    found: Raw
    place: int = -1
    actual: float = math.nan

    @property
    def held(self) -> bool:
        return self.actual <= self.shown[1]

    def judged(self) -> Judged:
        held = tuple(self.actual <= part for part in self.shown)
        return Judged(self.name, self.found.score(self.actual), held, self.run)  # type: ignore[arg-type]


@dataclass
class Tally:
    """What came due, newest last."""

    runs: list[Foreseen] = field(default_factory=list)
    ends: list[Foreseen] = field(default_factory=list)
    starts: list[Foreseen] = field(default_factory=list)


class StrangeWorld:
    """Lives week by week; forecasts know only what had ended by then."""

    def __init__(self, habit: Habit, seed: int, trials: int = 10) -> None:
        self.habit, self.trials = habit, trials
        self.dice = random.Random(f"{habit.name} {seed}")
        self.capacity = Capacity(habit.cpus, 32_000.0, habit.cpus, 32_000.0)
        self.pipelines = {f"p{nth}": self._jobs(nth, graph) for nth, graph in enumerate(habit.graphs)}
        self.tally = Tally()
        self._anew()

    def _anew(self) -> None:
        state = State()
        state.epoch = 1
        for nth in range(3):
            state.agent(f"agent{nth}").limit = self.habit.limits
        self.truth = Ahead(state, self.capacity, self._course)
        self.tries: list[Tried] = []
        self.past = Tally()
        self.open: dict[int, list[Foreseen]] = {}
        self.of_run: dict[int, tuple[float, float]] = {}
        self.number = 0

    def _jobs(self, nth: int, graph: Graph) -> list[Job]:
        dice, habit = self.dice, self.habit
        jobs = []
        for place, above in enumerate(graph(dice)):
            locks = (
                (Lock(dice.choice(("db", "disk")), shared=dice.random() < 0.4),) if dice.random() < habit.locks else ()
            )
            jobs.append(
                Job(
                    f"p{nth}.j{place}", dice.gauss(habit.centre, 0.7), dice.uniform(0.05, 0.35), above,
                    Needs(dice.choice([0.5, 1.0, 1.0, 2.0]), 400.0, locks), f"agent{dice.randrange(3)}", dice.random() < 0.5,
                    dice.uniform(0.2, 0.5) if dice.random() < habit.two_ways else 0.0,
                    habit.fails * dice.uniform(0.2, 1.8), habit.crashes * dice.uniform(0.2, 1.8),
                )
            )  # fmt: skip
        return jobs

    def _course(self, task: Task, passed: float) -> Course:
        """What really happens."""
        dice, habit = self.dice, self.habit
        job = self.pipelines[task.run.name][task.index]
        factor, size = self.of_run[task.run.id]
        log = job.centre + factor + dice.gauss(0.0, job.own) + (size if job.sized else 0.0)
        log += 1.3 if dice.random() < job.split else 0.0
        seconds, end, how, verdict = math.exp(log), GOOD, How.EXITED, None
        lead = dice.expovariate(1.0 / habit.lead) if habit.lead else 0.0
        if task.attempt == 1 and dice.random() < habit.unchanged * (0.6 if size > 0 else 1.0):
            seconds = 0.05
        elif dice.random() < job.crashes:
            seconds, end, how = seconds * dice.random(), CRASH, How.CRASHED
        elif dice.random() < (0.5 if job.was_bad else job.fails):
            seconds, end, verdict = seconds * dice.uniform(0.3, 1.0), BAD, Verdict.FAIL
        job.was_bad = end == BAD
        ended = self.truth.now + lead + seconds
        self.tries.append(Tried(job.name, task.run.id, ended, seconds, end, attempt=task.attempt, lead=lead))
        return Course(lead + seconds, how, verdict, dice.random())

    def week(self, nth: int) -> None:
        """Five days of work."""
        dice, habit = self.dice, self.habit
        for day in range(5):
            morning = nth * WEEK + day * DAY + 9 * HOUR
            times = sorted(morning + dice.uniform(0.0, 8 * HOUR) for _ in range(habit.runs_a_day))
            for at in times:
                for _ in range(1 + (dice.randrange(1, 4) if dice.random() < habit.crowd else 0)):
                    self._submit(max(at, self.truth.now) + dice.uniform(0.0, 40.0))
                    if habit.few and self.number >= habit.few:
                        self.truth.play()
                        self._judge()
                        self._anew()
        for jobs in self.pipelines.values():
            for job in jobs:
                job.centre += habit.grows

    def _submit(self, at: float) -> None:
        dice, habit = self.dice, self.habit
        if habit.others:
            free = max(1.0, habit.cpus - habit.cpus * habit.others * dice.random())
            self.truth.capacity = replace(self.capacity, cpus=free)
        self.truth.play(at)
        self._judge()
        self.number += 1
        now, state = self.truth.now, self.truth.state
        name = f"p{0 if dice.random() < 0.5 else len(self.pipelines) - 1}"
        self.of_run[self.number] = (dice.gauss(0.0, habit.slow), dice.gauss(0.0, habit.size))
        self.tries = self.tries[-900:]
        known = model(sorted((one for one in self.tries if one.ended <= now), key=lambda one: -one.ended))
        specs = tuple(
            TaskSpec(
                job.name, agent=job.agent, action="a.b", depends=job.above, needs=job.needs,
                retry=Retry(attempts=habit.tries, first_s=5.0),
                estimate=math.exp(known.jobs[job.name].centre) if job.name in known.jobs else 30.0,
            )
            for job in self.pipelines[name]
        )  # fmt: skip
        self.truth.submit(RunSubmitted(now, self.number, name, "/w", "", "", dice.choice(habit.classes), specs))
        if any(spec.name in known.jobs for spec in specs):
            self._foresee(name, now, state, known)
        else:
            self.open[self.number] = []

    def _foresee(self, name: str, now: float, state: State, known: Model) -> None:
        tasks = range(0, len(self.pipelines[name]), -(-len(self.pipelines[name]) // 12))
        futures = forecast(
            state, {"/w": known}, self.truth.capacity, self.number, now, more=lambda n: n < self.trials, seed=self.number,
            tasks=tasks,
        )  # fmt: skip
        ends, starts = (self._former(part, 500) for part in (self.past.ends, self.past.starts))

        def of(moments: list[float], past: Past, of: str, place: int = -1) -> Foreseen:
            found = raw([moment - now for moment in moments], futures.sigma)
            return Foreseen(of, self.number, now, Correction(past, of).seconds(found), found, place)

        made = [of(futures.ends, self._former(self.past.runs, 200), name)]
        for place in tasks:
            job = self.pipelines[name][place].name
            if len(futures.finishes.get(place, ())) == len(futures.ends):
                made.append(of(futures.finishes[place], ends, job, place))
                if place in futures.begins:
                    made.append(of(futures.begins[place], starts, job, 10_000 + place))
        self.open[self.number] = made

    def _former(self, done: list[Foreseen], most: int) -> Past:
        return Past([one.judged() for one in reversed(done[-most:])], most)

    def _judge(self) -> None:
        runs = self.truth.state.runs
        for number in [number for number in self.open if runs[number].ended is not None]:
            run = runs[number]
            for one in self.open.pop(number):
                task = run.tasks[one.place % 10_000] if one.place >= 0 else None
                ended = task.ended if task is not None else run.ended
                if task is not None and not task.attempt:
                    continue
                if one.place >= 10_000:
                    if task is None or TaskKey(number, task.index) not in self.truth.begun:
                        continue
                    ended = self.truth.begun[TaskKey(number, task.index)]
                assert ended is not None
                one.actual = max(0.0, ended - one.at)
                kind = "runs" if one.place < 0 else "ends" if one.place < 10_000 else "starts"
                if kind == "starts" and one.actual < 0.01:
                    continue
                getattr(self.past, kind).append(one)
                getattr(self.tally, kind).append(one)
            self.truth.state.forget([number])

    def live(self, weeks: int) -> Tally:
        """Lives for so many weeks; what came due after the first one."""
        for nth in range(weeks):
            self.week(nth)
            if nth == 0 and not self.habit.few:
                self.tally = Tally()
        self.truth.play()
        self._judge()
        return self.tally


def share(found: list[Foreseen], which: int = 1) -> float:
    """Which part of the ranges held: 0, 1, 2 for P50, P80, P95."""
    return sum(one.actual <= one.shown[which] for one in found) / max(1, len(found))
