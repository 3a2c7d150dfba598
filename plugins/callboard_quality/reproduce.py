"""The action `quality.reproduce`: reruns that tell broken, flaky, gone and environment apart."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.api import Context, Result
from callboard_quality.blamed import blame
from callboard_quality.changes import git, head
from callboard_quality.grounds import Ground, NotHere
from callboard_quality.history import History, slot
from callboard_quality.investigated import told
from callboard_quality.odds import Kind, Rule, Tally, interval, rate_words
from callboard_quality.options import ReproduceOptions
from callboard_quality.signs import is_environment
from callboard_quality.steady import Moved, Still, still
from callboard_quality.target import Target, listed, target
from callboard_quality.trying import WHOLE, PythonRunner, Runner, Went, worst

IN_SUITE = 3  # a test that passes alone must fail so often in its suite, without a pass, to be told as order-dependent
MOST_SHUFFLED = 5_000
WEIGHT: tuple[Kind, ...] = ("gone", "unknown", "flaky", "environment", "broken")


@dataclass(slots=True)
class Tried:
    """All that is known of one test: its runs alone, and what its suite and another environment told."""

    tally: Tally = Tally()
    bad: Went | None = None
    odd: Went | None = None
    kind: Kind = "unknown"
    order: str = ""
    notes: list[str] = field(default_factory=list)

    def add(self, went: Went) -> None:
        """One run more; what neither passed nor failed is only remembered."""
        if went.is_bad:
            self.bad, self.tally = went, self.tally.plus(True)
        elif went.way == "passed":
            self.tally = self.tally.plus(False)
        else:
            self.odd = went


class Reproduction:
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
        self._rule = Rule.of(options.times)
        self._seen = _seen(ctx, options)
        self.tests: dict[str, Tried] = {name: Tried() for name in what.tests or (WHOLE,)}
        self.runs = 0
        self.notes: list[str] = []

    @property
    def _left(self) -> float:
        return self._until - time.monotonic()

    def _limit(self) -> float:
        usual = self._what.python.timeout if not self._longest else 3 * self._longest + 60
        return max(5.0, min(usual, self._left))

    def _run(self, names: Sequence[str], runner: Runner | None = None) -> dict[str, Went]:
        self._place.check()
        begun = time.monotonic()
        self.runs += 1
        done = max((one.tally.runs for one in self.tests.values()), default=0)
        self._ctx.progress(min(0.95, done / self._rule.times), f"run {self.runs} of {self._what.words}")
        given = [name for name in names if name != WHOLE]
        went = (runner or self._runner).alone(given, self._limit())
        self._longest = max(self._longest, time.monotonic() - begun)
        return went

    def go(self) -> None:
        """All runs."""
        self._alone()
        if len(self.tests) > 1:
            self._each()
        if self._options.suite and isinstance(self._runner, PythonRunner) and self._what.tests:
            self._in_suite(self._runner)
        self._elsewhere()
        self._place.check()
        for one in self.tests.values():
            one.kind = self._kind(one)

    def _alone(self) -> None:
        """The named tests together, and nothing else, until each of them is told."""
        while self._left > 0:
            names = [name for name, one in self.tests.items() if not one.tally.is_told(self._rule)]
            names = [name for name in names if self.tests[name].odd is None]
            if not names:
                return
            if names == [WHOLE] and isinstance(self._runner, PythonRunner):
                self._everything(self._runner)
                continue
            for name, went in self._run(names).items():
                self.tests[name].add(went)

    def _everything(self, runner: PythonRunner) -> None:
        """One run of the whole suite; each test that ever fails in it is told of its own."""
        self._place.check()
        whole = self.tests[WHOLE]
        self.runs += 1
        self._ctx.progress(min(0.95, whole.tally.runs / self._rule.times), f"run {self.runs} of the whole suite")
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
                tally = tally.plus(self._run([name])[name].is_bad)
            if tally.passed == IN_SUITE:
                one.order = f"fails beside {listed([n for n in self.tests if n != name], 2)} and passes alone"

    def _in_suite(self, runner: PythonRunner) -> None:
        """What passes alone is run among the others, in their own order and then in random ones; what fails alone, too."""
        known = History(self._ctx.memory, slot("tests", self._what.folder)).total()
        if known * (IN_SUITE + 1) > self._left:
            self.notes.append(f"its suite was not run, as that takes about {known:.0f} s each time")
            return
        passing = [name for name, one in self.tests.items() if one.tally.runs and not one.tally.failed]
        failing = [n for n, one in self.tests.items() if one.tally.failed and not one.tally.passed and not one.order]
        went = self._suites(runner, [*passing, *failing])
        for name in passing:
            outcomes = went.get(name, [])
            if outcomes and all(outcomes):
                if len(outcomes) >= IN_SUITE:
                    self.tests[
                        name
                    ].order = f"passes alone and fails in its suite ({len(outcomes)} of {len(outcomes)} runs)"
            elif outcomes and not any(outcomes) and runner.framework == "pytest":
                self._shuffled(runner, name)
        for name in failing:
            outcomes = went.get(name, [])
            if len(outcomes) >= 2 and not any(outcomes):
                self.tests[
                    name
                ].order = f"fails alone and passes in its suite ({len(outcomes)} of {len(outcomes)} runs)"

    def _suites(self, runner: PythonRunner, names: Sequence[str]) -> dict[str, list[bool]]:
        """Whether each failed, run by run, until all are told; what came out otherwise than alone is added to its runs."""
        found: dict[str, list[bool]] = {}
        wanted = set(names)
        while wanted and self._left > self._longest:
            self._place.check()
            self.runs += 1
            self._ctx.progress(0.9, f"run {self.runs}: its suite")
            begun = time.monotonic()
            went = runner.everything(max(5.0, min(self._what.python.timeout, self._left)))
            self._longest = max(self._longest, time.monotonic() - begun)
            for name in list(wanted):
                own = went.get(name)
                if own is None or not (own.is_bad or own.way == "passed"):
                    wanted.discard(name)
                    continue
                outcomes = found.setdefault(name, [])
                outcomes.append(own.is_bad)
                one = self.tests[name]
                one.bad = own if own.is_bad else one.bad
                is_as_alone = own.is_bad == bool(one.tally.failed)
                if is_as_alone or len(outcomes) >= IN_SUITE or len(set(outcomes)) > 1:
                    wanted.discard(name)
        for name, outcomes in found.items():
            if len(set(outcomes)) > 1:
                for is_bad in outcomes:
                    self.tests[name].tally = self.tests[name].tally.plus(is_bad)
        return found

    def _shuffled(self, runner: PythonRunner, name: str) -> None:
        everything = list(runner.listed(self._limit()))
        if name not in everything or len(everything) > MOST_SHUFFLED:
            return
        for seed in range(1, IN_SUITE + 1):
            order = list(everything)
            random.Random(seed).shuffle(order)  # noqa: S311  # an order that can be had again
            outcomes: list[bool] = []
            while len(outcomes) < IN_SUITE and self._left > self._longest and (not outcomes or outcomes[-1]):
                self._place.check()
                self.runs += 1
                self._ctx.progress(0.92, f"run {self.runs}: its suite in random order")
                own = runner.ordered(order, max(5.0, min(self._what.python.timeout, self._left)))[name]
                outcomes.append(own.is_bad)
                self.tests[name].bad = own if own.is_bad else self.tests[name].bad
            if len(outcomes) == IN_SUITE and all(outcomes):
                self.tests[
                    name
                ].order = f"passes in the usual order and fails in another one (random order, seed {seed})"
                return
            if any(outcomes):
                for is_bad in outcomes:
                    self.tests[name].tally = self.tests[name].tally.plus(is_bad)
                return

    def _elsewhere(self) -> None:
        """What is broken in the workspace's own environment is run in a fresh one."""
        broken = [n for n, one in self.tests.items() if one.tally.failed >= self._rule.sure and not one.tally.passed]
        broken = [name for name in broken if not self.tests[name].order]
        if not broken or not self._options.other_environment or self._left < 30 or self.tests.keys() == {WHOLE}:
            return
        try:
            other = self._ground.fresh(self._ctx)
        except NotHere as error:
            self.notes.append(f"no other environment could be made to compare with: {error.reason[:200]}")
            return
        if other is None:
            return
        passes = dict.fromkeys(broken, 0)
        for _ in range(IN_SUITE):
            went = self._run(broken, other)
            for name in broken:
                passes[name] += went[name].way == "passed"
        for name in broken:
            if passes[name] == IN_SUITE:
                self.tests[name].kind = "environment"
                self.tests[name].notes.append(
                    f"passes {IN_SUITE} of {IN_SUITE} times in {other.words}, with the same files: what is installed differs"
                )
        other.close()

    def _kind(self, one: Tried) -> Kind:
        if one.kind == "environment" or one.order:
            return one.kind if not one.order else "broken"
        kind = one.tally.kind(self._rule, self._seen)
        if one.bad is not None and one.tally.failed and not one.tally.passed:
            sign = is_environment(self._ctx.workspace, one.bad)
            if sign:
                one.notes.append(sign)
                return "environment"
        return kind

    def case(self) -> dict[str, Any]:
        """What was found, as the case keeps it."""
        names = [name for name in self.tests if name != WHOLE] or list(self.tests)
        first = max(names, key=lambda name: (WEIGHT.index(self.tests[name].kind), self.tests[name].tally.failed))
        if WHOLE in self.tests and not any(self.tests[name].tally.failed for name in names):
            first = WHOLE
        one = self.tests[first]
        low, high = interval(one.tally.failed, one.tally.runs)
        needs = 0 if one.kind == "environment" or one.order else one.tally.needed(self._rule, self._seen)
        rate = one.tally.rate
        return {
            "verdict": one.kind,
            "failed": one.tally.failed,
            "runs": one.tally.runs,
            "rate": None if rate is None else round(rate, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "order": bool(one.order),
            "enough": needs == 0 and one.kind != "unknown",
            "needs": needs,
            "words": self._words(first, one),
            "rule": self._rule.words,
            "tests": {
                name: {"failed": t.tally.failed, "runs": t.tally.runs, "verdict": t.kind, "order": bool(t.order)}
                for name, t in self.tests.items()
            },
            "symptom": one.bad.symptom if one.bad else "",
            "message": one.bad.message if one.bad else "",
            "blame": {"lines": blame(self._ctx.workspace.path, one.bad.places) if one.bad else []},
            "ran": self._place.words,
        }

    def _words(self, name: str, one: Tried) -> str:
        what = self._what.words if name == WHOLE else name
        tally, rate = one.tally, rate_words(one.tally.failed, one.tally.runs)
        match one.kind:
            case "broken" if one.order:
                words = f"{what} depends on the order: it {one.order}; quality.narrow names the test behind it"
            case "broken":
                words = f"{what} is broken: {rate}"
            case "flaky" if tally.failed:
                words = f"{what} is flaky: {rate}"
            case "flaky":
                count = f"{self._seen} times" if self._seen > 1 else "once"
                words = f"{what} is flaky: it failed {count} with just these files, and now {rate}"
            case "gone":
                words = f"{what} does not fail any more: it {rate}"
                if needs := tally.needed(self._rule, self._seen):
                    words += f"; {needs} more passes would rule out that it fails once in 50 runs"
            case "environment":
                words = f"{what} fails because of where it runs"
            case _:
                why = one.odd.words if one.odd is not None else "there was no time for more"
                words = f"nothing can be told of {what}: it {rate}; {why}"
        if one.bad is not None and one.kind != "gone":
            words += f"; {one.bad.message or one.bad.way}"
        others = [n for n, t in self.tests.items() if n not in (name, WHOLE) and t.kind == one.kind]
        words += f"; so are {listed(others)}" if others else ""
        return "; ".join([words, *one.notes, *self.notes])


def _seen(ctx: Context, options: ReproduceOptions) -> int:
    if options.seen >= 0:
        return options.seen
    if not options.bad or options.bad.startswith("-"):
        return 1
    found = git(ctx.workspace.path, "rev-parse", "--verify", "-q", f"{options.bad}^{{commit}}")
    return 1 if found is not None and found.strip() == head(ctx.workspace.path) else 0


def reproduce(ctx: Context, options: ReproduceOptions) -> Result:
    """Runs the tests again by the rule and says what they are."""
    what = target(ctx, options)
    if isinstance(what, Result):
        return what
    ground = Ground(ctx, what, options.interpreter, options.install_limit)
    try:
        runner = ground.here()
    except NotHere as error:
        words = f"{what.words} cannot be run here: {error.reason}"
        case = _nothing("environment", words)
        return told(ctx, "reproduce", what.words, case, is_told=False, state="environment")
    try:
        with still(ctx, runner) as place:
            done = Reproduction(options, what, ground, place)
            done.go()
            case = done.case()
    except Moved as moved:
        case = _nothing("unknown", f"nothing can be told of {what.words}: {moved}")
        return told(ctx, "reproduce", what.words, case, is_told=False, state="unknown")
    bad = next((one.bad for one in done.tests.values() if one.bad is not None and one.bad.text), None)
    if bad is not None:
        _keep(ctx, ctx.scratch / "failure.txt", bad.text)
    kind = str(case["verdict"])
    return told(ctx, "reproduce", what.words, case, is_told=kind != "unknown", state=kind)


def _nothing(verdict: Kind, words: str) -> dict[str, Any]:
    counts = {
        "failed": 0,
        "runs": 0,
        "rate": None,
        "low": 0.0,
        "high": 1.0,
        "order": False,
        "enough": False,
        "needs": 1,
    }
    return {"verdict": verdict, **counts, "words": words, "tests": {}}


def _keep(ctx: Context, path: Path, text: str) -> None:
    path.write_text(text[:200_000], "utf-8", "replace")
    ctx.artifact(path, kind="text")
