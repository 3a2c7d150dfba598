"""Reruns among the others: a test in its whole suite, in the usual order and in other ones."""

import random
import time
from collections.abc import Sequence

from callboard_quality.history import History, slot
from callboard_quality.reruns import IN_SUITE, Reruns
from callboard_quality.trying import PythonRunner

MOST_SHUFFLED = 5_000


class AmongOthers(Reruns):
    """Looks whether it is the other tests that make a test fail, or pass."""

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
            self._say(0.9, f", {IN_SUITE} at most of its whole suite", IN_SUITE)
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
        if name not in everything or not 1 < len(everything) <= MOST_SHUFFLED:
            return
        for number in range(IN_SUITE):
            order, words = tried_order(everything, number)
            outcomes: list[bool] = []
            while len(outcomes) < IN_SUITE and self._left > self._longest and (not outcomes or outcomes[-1]):
                self._place.check()
                self.runs += 1
                self._say(0.92, f", its suite in {words}", IN_SUITE)
                own = runner.ordered(order, max(5.0, min(self._what.python.timeout, self._left)))[name]
                outcomes.append(own.is_bad)
                self.tests[name].bad = own if own.is_bad else self.tests[name].bad
            if len(outcomes) == IN_SUITE and all(outcomes):
                self.tests[name].order = f"passes in the usual order and fails in another one ({words})"
                return
            if any(outcomes):
                for is_bad in outcomes:
                    self.tests[name].tally = self.tests[name].tally.plus(is_bad)
                return


def tried_order(names: Sequence[str], number: int) -> tuple[list[str], str]:
    """The order that is tried: first the usual one from the end, in which each two of them change places, then random ones."""
    order = list(names)
    if number == 0:
        return order[::-1], "reverse order"
    random.Random(number).shuffle(order)  # noqa: S311  # an order that can be had again
    return order, f"random order, seed {number}"
