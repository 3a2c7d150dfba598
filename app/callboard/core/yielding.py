"""When heavy tasks wait for the platform: by the workflows of its crews and the answers that its users get.

Only the admission of new attempts is touched: what runs is left alone, light tasks pass, and a task waits for at most
`Rule.at_most_s` seconds in all. What is not known, or was heard too long ago, holds nothing.
"""

import fnmatch
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from callboard.core.crew import LOST, CrewState
from callboard.core.task import TaskSpec
from callboard.core.yield_events import YieldSet

QUIET = "quiet"
YIELD = "yield"
KINDS = (QUIET, YIELD)
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """`[coordination]` as far as tasks wait for it.

    `quiet` holds while `quiet_workflows` or more are in flight in one of `quiet_crews` (none named: any). The yield holds
    while one of `yield_endpoints` has a p95 above `yield_p95_ms`, or less than `yield_success` per cent of good answers. Either
    goes on holding until it has been fine for `resume_after_s`; what was last measured `stale_after_s` ago holds no more.
    With `handoff` a green deploy is handed over by itself.
    """

    quiet: bool = False
    quiet_workflows: int = 1
    quiet_crews: tuple[str, ...] = ()
    yield_endpoints: tuple[str, ...] = ()
    yield_p95_ms: float | None = None
    yield_success: float | None = None
    yield_window_s: float = 60.0
    resume_after_s: float = 30.0
    stale_after_s: float = 300.0
    at_most_s: float = 3600.0
    heavy_cpus: float = 1.0
    heavy_memory_mb: float = 1024.0
    heavy_jobs: tuple[str, ...] = ()
    light_jobs: tuple[str, ...] = ()
    handoff: bool = False

    @property
    def yields(self) -> bool:
        """Whether the yield is on: somebody said by whose answers, and how good they have to be."""
        return bool(self.yield_endpoints) and (self.yield_p95_ms is not None or self.yield_success is not None)

    def on(self, kind: str) -> bool:
        """Whether this kind of hold is switched on."""
        return self.quiet if kind == QUIET else self.yields

    def is_heavy(self, spec: TaskSpec) -> bool:
        """Whether such a task would be felt by the platform; what takes work back never waits for it."""
        names = (spec.name, spec.action)
        if spec.undoes or any(_fits(name, self.light_jobs) for name in names):
            return False
        needs = spec.needs
        large = needs.cpus >= self.heavy_cpus or needs.memory_mb >= self.heavy_memory_mb
        return large or any(_fits(name, self.heavy_jobs) for name in names)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return bool(name) and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def weighed(specs: Iterable[TaskSpec], rule: Rule) -> tuple[TaskSpec, ...]:
    """The specs with `heavy` as the rule says."""
    return tuple(spec if spec.heavy == (heavy := rule.is_heavy(spec)) else replace(spec, heavy=heavy) for spec in specs)


@dataclass(frozen=True, slots=True)
class Flight:
    """The workflows of a crew that are in flight; they are given up at `silent_at` if nothing more is heard.

    `note` says what became of those that are not, where that matters: that they were lost.
    """

    crew: str
    in_flight: int
    silent_at: float = math.inf
    note: str = ""


def flights_of(crews: Mapping[str, CrewState]) -> list[Flight]:
    """What each crew has in flight. O(workflows that are kept)."""
    found = []
    for name, crew in crews.items():
        lost = "" if crew.in_flight or not any(w.state == LOST for w in crew.workflows.values()) else name
        note = f"crew '{lost}' was lost in the middle of a workflow: nothing is heard of it any more" if lost else ""
        found.append(Flight(name, crew.in_flight, crew.silent_at, note))
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """How an endpoint answered lately: milliseconds, per cent of good answers, by `n` answers of which the last came at `at`."""

    endpoint: str
    p95: float | None
    success: float | None
    n: int
    at: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The rule and what is known of the platform besides what the log says."""

    rule: Rule = Rule()
    readings: tuple[Reading, ...] = ()


@dataclass(slots=True)
class Active:
    """A rule that holds: since when, and by which facts, which are those of now."""

    since: float
    words: str
    at_most_s: float = 0.0
    fine_since: float = math.inf


@dataclass(slots=True)
class Yields:
    """Which rules hold now, and for how many seconds in all any of them ever held, but for the present time."""

    active: dict[str, Active] = field(default_factory=dict)
    _total: float = 0.0
    _since: float = 0.0

    @property
    def at_most_s(self) -> float:
        """For how long a task waits in all by what holds now, 0 for without an end."""
        return max((active.at_most_s for active in self.active.values()), default=0.0)

    def total(self, now: float) -> float:
        """Seconds until now during which heavy tasks had to wait."""
        return self._total + (max(0.0, now - self._since) if self.active else 0.0)

    def take(self, event: YieldSet) -> None:
        """Puts the event into it; one that changes nothing is taken too."""
        total = self.total(event.at)
        if event.active:
            self.active[event.kind] = Active(event.since or event.at, event.words, event.at_most_s)
        else:
            self.active.pop(event.kind, None)
        self._total, self._since = total, event.at

    def spent(self, mark: float, now: float) -> bool:
        """Whether a task that is ready since the total was `mark` has waited for as long as it has to."""
        return self.at_most_s > 0 and self.total(now) - mark >= self.at_most_s - 1e-6

    def left(self, mark: float, now: float) -> float:
        """Seconds that such a task still has to wait at most, infinite without an end."""
        return max(0.0, self.at_most_s - (self.total(now) - mark)) if self.at_most_s > 0 else math.inf

    def facts(self) -> tuple[object, ...]:
        """All that the log decides about it, for comparing two."""
        return tuple(sorted((kind, active.since, active.at_most_s) for kind, active in self.active.items()))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule says of now: `trouble` with the facts when it is to hold, else `fine` with the facts.

    Both are '' while nothing is known that is young enough to judge by and old enough to be given up.
    """

    trouble: str = ""
    fine: str = ""


def judged(kind: str, around: Surroundings, flights: Sequence[Flight], now: float) -> Judged:
    """What the rule of this kind says of what is known now."""
    if not around.rule.on(kind):
        return Judged(fine="the rule is switched off in callboard.toml")
    return _quiet(around.rule, flights, now) if kind == QUIET else _users(around, now)


def _quiet(rule: Rule, flights: Sequence[Flight], now: float) -> Judged:
    stale = ""
    for flight in flights:
        if rule.quiet_crews and flight.crew not in rule.quiet_crews:
            continue
        if flight.in_flight < rule.quiet_workflows:
            continue
        count = f"{flight.in_flight} workflow{'s' if flight.in_flight != 1 else ''} in flight"
        if now < flight.silent_at:
            return Judged(trouble=f"crew '{flight.crew}' has {count}")
        stale = (
            stale or f"crew '{flight.crew}' had {count} when it was last heard of, which is too long ago to wait for"
        )
    if stale:
        return Judged(fine=stale)
    some = [flight for flight in flights if flight.in_flight and _named(rule, flight.crew)]
    if some:
        first = some[0]
        return Judged(fine=f"crew '{first.crew}' has {first.in_flight} in flight, fewer than {rule.quiet_workflows}")
    which = ", ".join(f"'{crew}'" for crew in rule.quiet_crews)
    note = next((f"; {flight.note}" for flight in flights if flight.note and _named(rule, flight.crew)), "")
    return Judged(fine=(f"no workflow of {which} is in flight" if which else "no crew has a workflow in flight") + note)


def _named(rule: Rule, crew: str) -> bool:
    return not rule.quiet_crews or crew in rule.quiet_crews


def _users(around: Surroundings, now: float) -> Judged:
    rule = around.rule
    known = {reading.endpoint: reading for reading in around.readings}
    fine: list[str] = []
    unknown: list[str] = []
    young = False
    for name in rule.yield_endpoints:
        reading = known.get(name)
        if reading is None or now - reading.at >= rule.stale_after_s:
            age = f" for {lasting(now - reading.at)}" if reading is not None else " yet"
            unknown.append(f"'{name}' was not measured{age}")
            continue
        if reading.n < ENOUGH:
            young = True
            unknown.append(f"'{name}' was measured {reading.n} times only")
            continue
        wrong = _wrong(rule, reading)
        if wrong:
            return Judged(trouble=wrong)
        fine.append(_good(rule, reading))
    if unknown and young:
        return Judged()
    return Judged(fine="; ".join([*fine, *unknown]))


def _wrong(rule: Rule, reading: Reading) -> str:
    limit, least = rule.yield_p95_ms, rule.yield_success
    if limit is not None and reading.p95 is not None and reading.p95 > limit:
        return f"the platform's p95 is {reading.p95:.0f} ms ('{reading.endpoint}'), above {limit:g}: heavy tasks wait for users"
    if least is not None and reading.success is not None and reading.success < least:
        said = f"{reading.success:.0f} % of the platform's answers are good ('{reading.endpoint}'), below {least:g} %"
        return f"{said}: heavy tasks wait for users"
    return ""


def _good(rule: Rule, reading: Reading) -> str:
    words = []
    if rule.yield_p95_ms is not None and reading.p95 is not None:
        words.append(f"the p95 of '{reading.endpoint}' is {reading.p95:.0f} ms, at most {rule.yield_p95_ms:g}")
    if rule.yield_success is not None and reading.success is not None:
        words.append(f"{reading.success:.0f} % of the answers of '{reading.endpoint}' are good")
    return " and ".join(words) or f"'{reading.endpoint}' answers"


def lasting(seconds: float) -> str:
    """'40 s', '4 min', '2 h'."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0.0, seconds) // 1:.0f} s"


def following(
    yields: Yields, around: Surroundings, flights: Sequence[Flight], now: float
) -> tuple[list[YieldSet], float]:
    """The events by which rules begin or end to hold now, and when to look again though nothing happens.

    The words of a rule that goes on to hold are those of now; that needs no event. Nothing is folded.
    """
    events: list[YieldSet] = []
    wake = math.inf
    for kind in KINDS:
        found, active = judged(kind, around, flights, now), yields.active.get(kind)
        at_most = around.rule.at_most_s
        if found.trouble:
            if active is None or active.at_most_s != at_most:
                events.append(YieldSet(now, kind, True, found.trouble, at_most, active.since if active else now))
            else:
                active.words, active.fine_since = found.trouble, math.inf
        elif active is not None and found.fine:
            active.fine_since = min(active.fine_since, now)
            after = around.rule.resume_after_s if around.rule.on(kind) else 0.0
            if now - active.fine_since >= after - 1e-9:
                events.append(YieldSet(now, kind, False, found.fine))
            else:
                left = after - (now - active.fine_since)
                active.words = f"{found.fine}, and has to stay so for {lasting(math.ceil(left))} more"
                wake = min(wake, active.fine_since + after)
    return events, wake
