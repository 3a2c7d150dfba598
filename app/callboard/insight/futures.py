"""Many futures of the work under way: the real planner, with durations and ends drawn from what was learned."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from callboard.core.admit import Policy
from callboard.core.ahead import Ahead, Course
from callboard.core.copied import copied
from callboard.core.facts import How
from callboard.core.resources import Capacity
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import GOOD, TaskKey, Verdict
from callboard.learn.distributions import FEW, LEAST_S, OWN, Job, Model

UNSURE = 0.7
REDRAWS = 25
TAIL = 3.0
SHORTEST_S = 0.02
GOLDEN = 0.6180339887498949
NORMAL = NormalDist()


class Draws:
    """One future's luck: the script of an `Ahead`. All its tasks share `common`, how many deviations slow the machine is.

    A task that has run for a while is drawn until it is longer than that; one that outlasts all that was seen goes on for a
    third as long again on average. One that has yet to begin takes a moment for that, as others did. Jobs with fewer than FEW
    tries go by their estimate, which may be wrong by a factor of two where there
    is none.
    With a `seed` the luck of a try depends on nothing but its task, so that two futures can be held side by side.
    """

    def __init__(
        self, models: Mapping[str, Model], common: Mapping[str, float], dice: random.Random, *, seed: int | None = None
    ) -> None:
        self._models = models
        self._common = common
        self._dice = dice
        self._seed = seed
        self._centres: dict[tuple[str, str], float] = {}

    def __call__(self, task: Task, passed: float) -> Course:
        model = self._models[task.run.workspace]
        course = self._course(task, passed, model)
        if passed or not model.leads:
            return course
        lead = model.leads[int(self._dice.random() * len(model.leads))]
        return Course(course.seconds + lead, course.how, course.verdict, course.dice)

    def _course(self, task: Task, passed: float, model: Model) -> Course:
        job = model.jobs.get(task.spec.name)
        dice = self._dice
        if self._seed is not None:
            dice.seed(f"{self._seed} {task.spec.name} {task.attempt}")
        end = self._end(task, job, model)
        if end is not None and end is not Verdict.FAIL and job is not None:  # it breaks off somewhere
            whole = self._whole(task, job, model, passed) * dice.random()
            return Course(max(SHORTEST_S, whole - passed), How.CRASHED, None, dice.random())
        failing = end is Verdict.FAIL
        whole = self._whole(task, job, model, passed, failing)
        limit = task.spec.limits.time_s
        if limit and whole > limit:
            return Course(max(SHORTEST_S, limit - passed), How.TIME, None, dice.random())
        return Course(max(SHORTEST_S, whole - passed), How.EXITED, Verdict.FAIL if failing else None)

    def _end(self, task: Task, job: Job | None, model: Model) -> Verdict | None:
        """FAIL for an orderly bad end, UNKNOWN for one that breaks off, None for a good one."""
        if job is None:
            bad, crashes = model.bad, 0.2
        else:
            bad, crashes = job.bad_after[task.attempt > 1 or job.was_bad], job.crashes
        if self._dice.random() >= bad:
            return None
        return Verdict.UNKNOWN if job is not None and self._dice.random() < crashes else Verdict.FAIL

    def _whole(self, task: Task, job: Job | None, model: Model, passed: float, failing: bool = False) -> float:
        centre = self._centre(task, job, model, failing)
        least = math.log(passed) if passed > LEAST_S else -math.inf
        as_others = (
            failing and job is not None and job.bad_centre is not None
        )  # its own are about the centre of good tries
        for _ in range(REDRAWS):
            log = centre + self._own(job, model, as_others)
            if log > least:
                return math.exp(min(log, 18.0))
        return passed * (1.0 + self._dice.expovariate(TAIL))

    def _centre(self, task: Task, job: Job | None, model: Model, failing: bool) -> float:
        name = task.spec.name
        known = self._centres.get((task.run.workspace, name))
        if known is None:
            gauss = self._dice.gauss
            if job is None or job.n < FEW:
                known = math.log(max(task.spec.estimate, LEAST_S))
                known += gauss(0.0, UNSURE / math.sqrt(1.0 + (job.n if job is not None else 0)))
            else:
                known = job.centre + gauss(0.0, job.doubt)
            known += self._common[task.run.workspace]
            self._centres[task.run.workspace, name] = known
        if failing and job is not None and job.bad_centre is not None:
            return known + job.bad_centre - job.centre
        return known

    def _own(self, job: Job | None, model: Model, as_others: bool) -> float:
        """What is this try's own: one of the job's former ones, or of any job's while it has few; never exactly the same."""
        dice = self._dice
        spread = job.spread if job is not None else model.own_sigma
        if job is not None and job.own and not as_others and dice.random() < len(job.own) / (len(job.own) + OWN):
            return job.own[int(dice.random() * len(job.own))] + dice.gauss(0.0, 0.2 * spread)
        return spread * (model.pooled[int(dice.random() * len(model.pooled))] + dice.gauss(0.0, 0.2))


@dataclass(slots=True)
class Futures:
    """What happened in the futures that were tried: when the run ended, whether well, when each task began and ended."""

    ends: list[float] = field(default_factory=list)
    ok: list[bool] = field(default_factory=list)
    begins: dict[int, list[float]] = field(default_factory=dict)
    finishes: dict[int, list[float]] = field(default_factory=dict)
    persons: int = 0
    stuck: str = ""
    sigma: float = 0.1


def forecast(
    state: State,
    models: Mapping[str, Model],
    capacity: Capacity,
    number: int,
    now: float,
    *,
    more: Callable[[int], bool],
    seed: int = 0,
    policy: Policy = Policy(),
    tasks: Sequence[int] = (),
    into: Futures | None = None,
) -> Futures:
    """Futures of a run while `more(how many there are)`; of its `tasks` begins and ends are kept. The state is left alone.

    What the jobs of a run have in common is drawn evenly over its spread, so that few futures say much.
    """
    found = into if into is not None else Futures()
    run = state.runs[number]
    own = common_of(models[run.workspace], run, now)
    found.sigma = own[1]
    start = random.Random(seed).random()  # noqa: S311
    while more(len(found.ends)):
        nth = len(found.ends)
        dice = random.Random(seed * 7919 + nth)  # noqa: S311
        z = NORMAL.inv_cdf(min(0.999, max(0.001, (start * 0.1 + 0.45 + GOLDEN * nth) % 1.0)))
        ahead = Ahead(
            copied(state), capacity, Draws(models, commons(models, run, own, z, now), dice), now=now, policy=policy
        )
        ahead.play()
        twin = ahead.state.runs[number]
        if twin.unfinished:
            found.stuck = next(iter(ahead.stuck(number).values()))
            _note(found, ahead, twin, tasks, now)
            return found
        found.ends.append(twin.ended if twin.ended is not None else now)
        found.ok.append(all(task.state in GOOD for task in twin.tasks))
        found.persons += bool(ahead.persons)
        _note(found, ahead, twin, tasks, now)
    return found


def _note(found: Futures, ahead: Ahead, twin: Run, tasks: Sequence[int], now: float) -> None:
    for place in tasks:
        task = twin.tasks[place]
        begun = ahead.begun.get(TaskKey(twin.id, place))
        if begun is not None:
            found.begins.setdefault(place, []).append(begun)
        if task.ended is not None and task.final and task.ended >= now:
            found.finishes.setdefault(place, []).append(task.ended)


def commons(models: Mapping[str, Model], run: Run, own: tuple[float, float], z: float, now: float) -> dict[str, float]:
    """By workspace what all its tasks have in common in this future: the same machine, so the same luck."""
    drawn = {}
    for workspace, model in models.items():
        mean, spread = own if workspace == run.workspace else model.common(now)
        drawn[workspace] = mean + z * spread
    return drawn


def common_of(model: Model, run: Run, now: float) -> tuple[float, float]:
    """Mean and spread of what the run's tasks have in common, by the past and by those of its tasks that have ended."""
    mean, spread = model.common(now)
    seen = []
    for task in run.tasks:
        job = model.jobs.get(task.spec.name)
        if (
            task.state in GOOD
            and job is not None
            and job.n >= FEW
            and task.started is not None
            and task.ended is not None
        ):
            seen.append(math.log(max(LEAST_S, task.ended - task.started)) - job.centre)
    if not seen:
        return mean, spread
    seen.sort()
    middle = seen[len(seen) // 2]
    noise = 1.57 * model.own_sigma**2 / len(seen) + 1e-6
    prior = spread * spread + 1e-9
    weight = prior / (prior + noise)
    return mean + weight * (middle - mean), math.sqrt(prior * noise / (prior + noise))
