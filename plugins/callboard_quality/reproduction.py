"""All that `quality.reproduce` tries, in its order: alone, among the others, elsewhere, at another hour; and what it tells."""

import time

from callboard_quality.among import AmongOthers
from callboard_quality.clock import ZONES, at_zone, clock_of
from callboard_quality.grounds import NotHere
from callboard_quality.odds import Kind, Tally
from callboard_quality.reruns import IN_SUITE, Tried
from callboard_quality.signs import is_environment
from callboard_quality.trying import WHOLE, PythonRunner


class Reproduction(AmongOthers):
    """Runs a target by the rule, within the options' time; `tests` are told afterwards."""

    def go(self) -> None:
        """All runs."""
        plan = self._plan()
        self._ctx.progress(0.0, plan)
        self._ctx.log(f"{plan}; {self.rule.words}")
        self._alone()
        if len(self.tests) > 1:
            self._each()
        if self._options.suite and isinstance(self._runner, PythonRunner) and self._what.tests:
            self._in_suite(self._runner)
        self._elsewhere()
        self._at_other_hours()
        self._place.check()
        for name, one in self.tests.items():
            one.kind = self._kind(name, one)

    def _elsewhere(self) -> None:
        """What is broken in the workspace's own environment is run in a fresh one."""
        broken = [n for n, one in self.tests.items() if one.tally.failed >= self.rule.sure and not one.tally.passed]
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
            went = self._run(broken, other, why=" in a fresh environment")
            for name in broken:
                passes[name] += went[name].way == "passed"
        for name in broken:
            if passes[name] == IN_SUITE:
                self.tests[name].kind = "environment"
                self.tests[name].notes.append(
                    f"passes {IN_SUITE} of {IN_SUITE} times in {other.words}, with the same files: what is installed differs"
                )
        other.close()

    def _at_other_hours(self) -> None:
        """What is broken is run where the clock says another hour or day, with the same files."""
        if not isinstance(self._place.runner, PythonRunner):
            return
        for zone in ZONES:
            names = [name for name, one in self.tests.items() if name != WHOLE and self._is_broken(one)]
            passes = dict.fromkeys(names, 0)
            there, clock = at_zone(self._place.runner, zone), clock_of(zone)
            for count in range(1, IN_SUITE + 1):
                names = [name for name in names if passes[name] == count - 1]
                if not names or self._left < self._longest:
                    break
                for group in [[name] for name in names] if self._apart else [names]:
                    for name, went in self._run(group, there, why=f", where the clock says {clock}").items():
                        passes[name] += went.way == "passed"
            for name, count in passes.items():
                one = self.tests[name]
                if count == IN_SUITE:
                    here = time.strftime("%Y-%m-%d %H:%M")
                    one.clock = (
                        f"failed {one.tally.failed} of {one.tally.runs} runs at {here}, and passed {count} of {count} where it is "
                        f"{clock} (TZ={zone}): the time of day, the date or the time zone"
                    )
                elif count:
                    one.tally = Tally(one.tally.failed + 1, one.tally.runs + count + 1)

    def _is_broken(self, one: Tried) -> bool:
        return one.tally.failed >= self.rule.sure and not one.tally.passed and not one.order and one.kind == "unknown"

    def _kind(self, name: str, one: Tried) -> Kind:
        if one.order:
            return "broken"
        if one.kind == "environment" or one.clock:
            return "flaky" if one.clock else one.kind
        bad = one.bad if one.tally.failed else one.odd
        sign = is_environment(self._ctx.workspace, bad) if bad is not None and not one.tally.passed else ""
        if sign:
            one.notes.append(sign)
            return "environment"
        return one.tally.kind(self.rule, self.seen_of(name).times)
