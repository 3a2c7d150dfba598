"""The reruns of `quality.reproduce`: what is known of each test, and the runs of the named tests alone, within their time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from callboard_quality.clock import pause, reads_clock
from callboard_quality.grounds import Ground
from callboard_quality.history import History, slot
from callboard_quality.known_before import Seen, seen_before
from callboard_quality.odds import Kind, Rule, Tally
from callboard_quality.options import ReproduceOptions
from callboard_quality.steady import Still
from callboard_quality.target import Target, listed
from callboard_quality.trying import WHOLE, PythonRunner, Runner, Went, worst

IN_SUITE = 3  # a test that passes alone must fail so often in its suite, without a pass, to be told as order-dependent


@dataclass(slots=True)
class Tried:
    """All that is known of one test: its runs alone, and what its suite, another environment and another hour told."""

    tally: Tally = Tally()
    bad: Went | None = None
    odd: Went | None = None
    kind: Kind = "unknown"
    order: str = ""
    clock: str = ""
    notes: list[str] = field(default_factory=list)

    def add(self, went: Went) -> None:
        """One run more; what neither passed nor failed is only remembered."""
        if went.is_bad:
            self.bad, self.tally = went, self.tally.plus(True)
        elif went.way == "passed":
            self.tally = self.tally.plus(False)
        else:
            self.odd = went


class Reruns:
    """Runs a target by the rule, within the options' time."""

    def __init__(self, options: ReproduceOptions, what: Target, ground: Ground, place: Still) -> None:
        self._ctx = ctx = place.ctx
        self._options = options
        self._what = what
        self._ground = ground
        self._place = place
        self._runner = place.runner
        self._until = time.monotonic() + options.limit
        self._longest = 0.0
        self.rule = Rule.of(options.times)
        self._seen = seen_before(ctx, options, what)
        self._begun = 0.0
        self._apart = False
        self.tests: dict[str, Tried] = {name: Tried() for name in what.tests or (WHOLE,)}
        self.runs = 0
        self.notes: list[str] = []

    @property
    def _left(self) -> float:
        return self._until - time.monotonic()

    @property
    def ran(self) -> str:
        """What ran them, and on which files."""
        return self._place.words

    def seen_of(self, name: str) -> Seen:
        """How often a test was seen to fail on just these files before."""
        return self._seen.get(name, Seen(0))

    def _usual(self) -> float:
        """Seconds that the named tests took so far in the suite, 0.0 where that is not known of all of them."""
        tests = History(self._ctx.memory, slot("tests", self._what.folder)).tests
        if self._what.kind != "python" or not all(name in tests for name in self.tests):
            return 0.0
        return sum(tests[name].seconds for name in self.tests)

    def _limit(self) -> float:
        usual, known = self._what.python.timeout, 0.0 if self._longest else self._usual()
        if self._longest:
            usual = 3 * self._longest + 60
        elif known:
            usual = min(usual, 10 * known + 60)
        return max(5.0, min(usual, self._left))

    def _plan(self) -> str:
        """What is going to be done, before the first run."""
        each = self._usual() + (1.0 if isinstance(self._runner, PythonRunner) else 0.0)
        about = f", about {_span(each * self.rule.times)} by what it took so far" if self._usual() else ""
        return f"at most {self.rule.times} runs{about}, {_span(self._options.limit)} in any case: {self._what.words}"

    def _say(self, fraction: float, what: str, left: int = 0) -> None:
        """Which run it is, what came of those before, and how long the rest may take."""
        more = f"; at most {_span(min(self._left, left * self._longest))} more" if left and self._longest else ""
        self._ctx.progress(min(0.95, fraction), f"run {self.runs}{what}{more}")

    def _run(self, names: Sequence[str], runner: Runner | None = None, why: str = "") -> dict[str, Went]:
        self._place.check()
        begun = time.monotonic()
        self._begun = self._begun or begun
        self.runs += 1
        most = self.rule.times
        failed = max((one.tally.failed for one in self.tests.values()), default=0)
        done = max((one.tally.runs for one in self.tests.values()), default=0)
        how = why or f" of at most {most}, {failed} of {done} failed so far"
        self._say(done / most, f"{how}: {self._what.words}", 0 if why else most - done)
        given = [name for name in names if name != WHOLE]
        went = (runner or self._runner).alone(given, self._limit())
        self._longest = max(self._longest, time.monotonic() - begun)
        return went

    def _alone(self) -> None:
        """The named tests together, and nothing else, until each of them is told; apart when one takes the others down."""
        while self._left > 0:
            names = [name for name, one in self.tests.items() if not one.tally.is_told(self.rule)]
            names = [name for name in names if self.tests[name].odd is None]
            if not names:
                return
            if names == [WHOLE] and isinstance(self._runner, PythonRunner):
                self._everything(self._runner)
                continue
            self._wait(names)
            for group in [[name] for name in names] if self._apart else [names]:
                self._add(self._run(group))
                if self._left <= 0:
                    return

    def _add(self, told: dict[str, Went]) -> None:
        """The outcomes of one run. What did not run, as another one ended the process, is tried again apart from it."""
        if len(told) > 1 and any(went.way in ("crash", "timeout") for went in told.values()):
            self._apart = True
        for name, went in told.items():
            if not (self._apart and len(told) > 1 and (went.way == "missing" or went.way == "timeout")):
                self.tests[name].add(went)

    def _wait(self, names: Sequence[str]) -> None:
        """What has to do with time and failed each time is not tried within one moment: a busy one, or half a minute."""
        one = self.tests[names[0]]
        if one.bad is None or any(self.tests[name].tally.passed for name in names):
            return
        spread = min(self._options.spread, self._options.limit / 4)
        seconds = min(pause(time.monotonic() - self._begun, one.tally.runs, self.rule.sure, spread), self._left - 5)
        if seconds <= 0 or not reads_clock(one.bad, self._ctx.workspace.path, [*names, *self._what.command]):
            return
        done = one.tally.runs
        self._say(
            done / self.rule.times, f" failed as those before: waits {seconds:.0f} s, so that the tries lie apart"
        )
        time.sleep(seconds)

    def _everything(self, runner: PythonRunner) -> None:
        """One run of the whole suite; each test that ever fails in it is told of its own."""
        self._place.check()
        whole = self.tests[WHOLE]
        self.runs += 1
        most = self.rule.times
        self._say(whole.tally.runs / most, f" of at most {most} of the whole suite", most - whole.tally.runs)
        begun = time.monotonic()
        went = runner.everything(self._limit())
        self._longest = max(self._longest, time.monotonic() - begun)
        bad = {name: one for name, one in went.items() if one.is_bad}
        before = whole.tally.runs
        ran = {name: one for name, one in went.items() if one.way == "passed" or one.is_bad}
        whole.add(worst(bad or ran) if ran else worst(runner.alone([], self._limit())))
        for name in [*bad, *(known for known in self.tests if known not in (WHOLE, *bad))]:
            if name not in self.tests and len(self.tests) < 50:
                self.tests[name] = Tried(Tally(0, before))
            if name in self.tests and name in ran:
                self.tests[name].add(ran[name])

    def _each(self) -> None:
        """Those that always failed together, one by one: what passes then fails only beside the others."""
        for name, one in self.tests.items():
            if name == WHOLE or one.tally.passed or not one.tally.failed or self._what.tests == ():
                continue
            tally = Tally()
            while tally.runs < IN_SUITE and not tally.failed and self._left > 0:
                tally = tally.plus(self._run([name], why=f", {name} without the others")[name].is_bad)
            if tally.passed == IN_SUITE:
                one.order = f"fails beside {listed([n for n in self.tests if n != name], 2)} and passes alone"
            elif tally.passed:
                one.tally = Tally(one.tally.failed + tally.failed, one.tally.runs + tally.runs)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
