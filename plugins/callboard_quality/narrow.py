"""The action `quality.narrow`: the fewest tests that fail together, or the changed files that it takes."""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context, Result, Worktree
from callboard_quality.commits import Repository
from callboard_quality.grounds import Ground, NotHere
from callboard_quality.halving import smallest
from callboard_quality.investigated import told
from callboard_quality.options import NarrowOptions
from callboard_quality.runners import CommandRunner, NpmRunner
from callboard_quality.steady import Still, still
from callboard_quality.target import Target, listed, target
from callboard_quality.trying import PythonRunner, Runner, Went, worst

MOST_CHANGED = 5_000
SEEDS = (1, 2, 3)


class Narrowing:
    """Counts and bounds the runs that both ways of narrowing take."""

    def __init__(self, ctx: Context, options: NarrowOptions, what: Target) -> None:
        self.ctx = ctx
        self.options = options
        self.what = what
        self.steps = 0
        self.place: Still | None = None
        self._longest = 0.0
        self._until = time.monotonic() + options.limit

    @property
    def is_over(self) -> bool:
        """Whether there is no time, or no run, for more."""
        return self.steps >= self.options.most or time.monotonic() + self._longest > self._until

    def run(self, what: Callable[[float], dict[str, Went]], words: str) -> dict[str, Went]:
        """One run within the limits; raises `Moved` when files of the workspace changed since the first."""
        if self.place is not None:
            self.place.check()
        self.steps += 1
        self.ctx.progress(min(0.95, self.steps / (self.steps + 8)), f"run {self.steps}: {words}")
        usual = self.what.python.timeout if not self._longest else 3 * self._longest + 60
        begun = time.monotonic()
        went = what(max(5.0, min(usual, self._until - time.monotonic())))
        self._longest = max(self._longest, time.monotonic() - begun)
        return went


class Order:
    """Finds after which tests one fails that passes alone, or without which one fails that passes behind them."""

    def __init__(self, narrowing: Narrowing, runner: PythonRunner) -> None:
        self._n = narrowing
        self._runner = runner
        self._times = narrowing.options.times
        self._is_steady = True

    def case(self) -> dict[str, Any]:
        """The smallest set, with words."""
        names = self._n.what.tests or self._failing()
        if not names:
            return _none("no test of the suite fails, so there is nothing to make smaller", self._n.steps)
        alone: list[str] = []
        dependent: list[str] = []
        left: list[str] = []
        for name in names:
            if self._n.is_over:
                left.append(name)
                continue
            went = self._alone(name)
            if went is None or went.way == "missing":
                left.append(name)
            else:
                (alone if went.is_bad else dependent).append(name)
        if dependent and self._runner.framework == "pytest":
            return self._polluted(dependent[0], alone)
        if not alone:
            why = (
                f"only pytest can be told an order, and {self._runner.framework} runs them"
                if dependent
                else "there is no such test"
            )
            return _none(
                f"{listed(names)} passes alone; {why}" if dependent else f"{listed(names)}: {why}", self._n.steps
            )
        enabled = self._enabled(alone[0]) if len(names) == 1 and self._runner.framework == "pytest" else None
        if enabled is not None:
            return enabled
        words = f"{listed(alone)} {'fails' if len(alone) == 1 else 'fail, each'} alone: no other test is needed"
        words += f"; {len(left)} were not looked at" if left else ""
        return {"tests": alone, "files": [], "order": False, "words": words, "steps": self._n.steps}

    def _failing(self) -> Sequence[str]:
        went = self._n.run(self._runner.everything, "the whole suite")
        return [name for name, one in went.items() if one.is_bad][:20]

    def _alone(self, name: str) -> Went | None:
        """How it goes alone: failed only when it fails every time, so that one that wavers counts as passing."""
        last = None
        for _ in range(min(self._times, 3)):
            if last is not None and (not last.is_bad or self._n.is_over):
                break
            last = self._n.run(lambda timeout: self._runner.alone([name], timeout), f"{name.rpartition('/')[2]} alone")[
                name
            ]
        return last

    def _listed(self, name: str) -> tuple[list[str], str]:
        """All tests in their own order, and what the runner calls the one."""
        everything = list(self._runner.listed(self._n.what.python.timeout))
        self._n.steps += 1
        own = next((one for one in everything if one == name), None)
        own = own or next((one for one in everything if one.endswith(f"/{name}") or name.endswith(f"/{one}")), None)
        own = own or next((one for one in everything if one.startswith((f"{name}[", f"{name}::"))), "")
        return everything, own or ""

    def _behind(self, before: Sequence[str], name: str) -> Went:
        order = [*before, name]
        return self._n.run(lambda timeout: self._runner.ordered(order, timeout), f"behind {len(before)} others")[name]

    def _fails(self, before: Sequence[str], name: str, *, wanted: bool = True) -> bool | None:
        """Whether it goes as wanted behind the others, in one of a few tries; None when there is no time."""
        for _ in range(self._times):
            if self._n.is_over:
                return None
            went = self._behind(before, name)
            if went.is_bad == wanted and went.way != "missing":
                return True
            if self._is_steady:
                return False
        return False

    def _polluted(self, name: str, alone: Sequence[str]) -> dict[str, Any]:
        everything, own = self._listed(name)
        if not own:
            return _none(f"{name} is not among the tests that pytest collects", self._n.steps)
        place = everything.index(own)
        before, how = everything[:place], ""
        found = bool(before) and self._often(before, own)
        if not found:
            others = [one for one in everything if one != own]
            found = len(others) > len(before) and self._often(others, own)
            before = others
        for seed in SEEDS if not found else ():
            order = [one for one in everything if one != own]
            random.Random(seed).shuffle(order)  # noqa: S311  # an order that can be had again
            if self._often(order, own):
                before, how, found = order, f" (in random order, seed {seed})", True
                break
        if not found:
            return _none(
                f"{name} passes alone and behind the others, in their own order and in {len(SEEDS)} random ones: it is flaky, "
                "or mended; quality.reproduce tells which",
                self._n.steps,
            )
        files = list(dict.fromkeys(one.split("::")[0] for one in before))
        kept, _ = smallest(files, lambda part: self._fails([t for t in before if t.split("::")[0] in part], own))
        within = [one for one in before if one.split("::")[0] in kept]
        small, is_small = smallest(within, lambda part: self._fails(part, own))
        sure = self._fails(small, own)
        words = f"{own} passes alone and fails behind {listed(small)}{how}"
        words += ": it shares global state, files or the environment with " + ("it" if len(small) == 1 else "them")
        words += "" if is_small and sure is not None else "; there was no time to make it smaller"
        words += f"; {listed(alone)} fails alone" if alone else ""
        return {"tests": [*small, own], "files": [], "order": True, "words": words, "steps": self._n.steps}

    def _often(self, before: Sequence[str], name: str) -> bool:
        """Whether it fails behind them; a failure that does not come again makes every later step try more often."""
        outcomes = []
        for _ in range(max(2, self._times)):
            if self._n.is_over:
                break
            went = self._behind(before, name)
            outcomes.append(went.is_bad)
            if len(outcomes) == 2 and (all(outcomes) or not any(outcomes)):
                break
        if any(outcomes) and not all(outcomes):
            self._is_steady = False
        return any(outcomes)

    def _enabled(self, name: str) -> dict[str, Any] | None:
        """The tests that it needs before it, where it passes behind them; None when it fails there as well."""
        everything, own = self._listed(name)
        before = everything[: everything.index(own)] if own else []
        if not before or self._fails(before, own, wanted=False) is not True:
            return None
        small, _ = smallest(before, lambda part: self._fails(part, own, wanted=False))
        words = f"{own} fails alone and passes only behind {listed(small)}: it needs what they leave behind"
        return {"tests": [*small, own], "files": [], "order": True, "words": words, "steps": self._n.steps}


class Files:
    """Finds which of the changed files make the target fail, on top of a commit at which it passes."""

    def __init__(self, narrowing: Narrowing, ground: Ground, tree: Worktree) -> None:
        self._n = narrowing
        self._ground = ground
        self._tree = tree
        self._repository = Repository(narrowing.ctx.workspace.path)
        self._new: dict[str, bytes | None] = {}
        self._old: dict[str, bytes | None] = {}

    def case(self) -> dict[str, Any]:
        """The smallest set of files, with words."""
        options, repository = self._n.options, self._repository
        good = repository.commit(options.good) if options.good else repository.commit(self._n.what.green)
        good = good or (
            "" if options.good else repository.commit("HEAD") if repository.changed else repository.commit("HEAD~1")
        )
        if not good:
            return _none(f"there is no commit '{options.good}' to count changes from; name one with good = '…'", 0)
        changed = repository.differing(good, repository.commit(options.bad) if options.bad else "")
        if not changed:
            return _none(f"nothing is changed since {good[:8]}", 0)
        if len(changed) > MOST_CHANGED:
            return _none(
                f"{len(changed)} files are changed since {good[:8]}, at most {MOST_CHANGED} are looked through", 0
            )
        bad = repository.commit(options.bad) if options.bad else ""
        self._old = {path: repository.blob(good, path) for path in changed}
        self._new = {path: repository.blob(bad, path) if bad else _read(repository.top / path) for path in changed}
        runner = self._ground.settle(self._tree.path / repository.prefix)
        try:
            return self._case(runner, base_of(runner, self._tree.path / repository.prefix), good, changed)
        finally:
            runner.close()
            self._ground.close()

    def _case(self, runner: Runner, base: Path, good: str, changed: list[str]) -> dict[str, Any]:
        tests = {name.partition("::")[0] for name in self._n.what.tests}
        folder = self._n.what.folder
        tests |= {f"{folder}/{path}" for path in tests if folder}
        fixed = [path for path in changed if path in tests]
        free = [path for path in changed if path not in tests]
        names = list(self._n.what.tests)
        self._lay(base, changed, changed)
        there = self._worst(runner, names)
        if not there.is_bad:
            return _none(
                f"{self._n.what.words} does not fail with all {len(changed)} changed files: {there.words}",
                self._n.steps,
            )
        self._lay(base, fixed, changed)
        without = self._worst(runner, names)
        if without.is_bad and without.symptom == there.symptom:
            if fixed:
                words = f"{self._n.what.words} fails at {good[:8]} too, as soon as its own file {listed(fixed)} is as it is now"
                return {"tests": names, "files": fixed, "order": False, "words": words, "steps": self._n.steps}
            why = f"so the {len(changed)} changed files are not what makes it fail"
            return _none(f"{self._n.what.words} fails at {good[:8]} too, {why}", self._n.steps)

        def fails(part: list[str]) -> bool | None:
            if self._n.is_over:
                return None
            self._lay(base, [*fixed, *part], changed)
            for _ in range(self._n.options.times):
                went = self._worst(runner, names)
                if went.is_bad or self._n.is_over:
                    return bool(went.is_bad) and went.symptom == there.symptom
                if self._n.options.times <= 3:
                    return False
            return False

        small, is_small = smallest(free, fails)
        count = f"of {len(changed)} files changed since {good[:8]} it takes {len(small)}"
        words = f"{count} to make {self._n.what.words} fail: {listed(small, 5)}"
        words += "" if is_small else "; there was no time to make it smaller"
        return {"tests": names, "files": small, "order": False, "words": words, "steps": self._n.steps, "good": good}

    def _worst(self, runner: Runner, names: Sequence[str]) -> Went:
        return worst(self._n.run(lambda timeout: runner.alone(names, timeout), "with some of the changed files"))

    def _lay(self, base: Path, new: Sequence[str], changed: Sequence[str]) -> None:
        """Makes these files as they are now, and the other changed ones as they were."""
        chosen = set(new)
        for path in changed:
            text = self._new[path] if path in chosen else self._old[path]
            spot = base / path
            if spot.is_symlink() or not spot.parent.resolve().is_relative_to(base.resolve()):
                continue
            if text is None:
                spot.unlink(missing_ok=True)
            elif not spot.is_file() or spot.read_bytes() != text:
                spot.parent.mkdir(parents=True, exist_ok=True)
                spot.write_bytes(text)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def base_of(runner: Runner, tree: Path) -> Path:
    """Where the files lie that a runner runs."""
    match runner:
        case PythonRunner() if runner.environment.is_throw_away:
            return runner.environment.base
        case CommandRunner() if runner.environment is not None:
            return runner.environment.base
        case NpmRunner():
            return runner.tree
        case _:
            return tree


def _none(words: str, steps: int) -> dict[str, Any]:
    return {"tests": [], "files": [], "order": False, "words": words, "steps": steps}


def narrow(ctx: Context, options: NarrowOptions) -> Result:
    """Makes the failure small, and says how small."""
    what = target(ctx, options)
    if isinstance(what, Result):
        return what
    ground = Ground(ctx, what, options.interpreter, options.install_limit)
    narrowing = Narrowing(ctx, options, what)
    try:
        if options.files:
            with Worktree(ctx.workspace.path, ctx.scratch, with_changes=not options.bad) as tree:
                case = Files(narrowing, ground, tree).case()
        else:
            runner = ground.here()
            if not isinstance(runner, PythonRunner):
                case = _none(f"{what.words} cannot be made smaller: the order of tests is known of pytest alone", 0)
            else:
                with still(ctx, runner) as place:
                    narrowing.place = place
                    case = Order(narrowing, place.runner).case()  # type: ignore[arg-type]  # as it was given
                    place.check()
    except NotHere as error:
        case = _none(f"{what.words} cannot be run: {error.reason}", narrowing.steps)
    except CallboardError as error:
        case = _none(str(error), narrowing.steps)
    found = bool(case["tests"] or case["files"])
    return told(ctx, "narrow", what.words, case, is_told=found, state="named" if found else "unknown")
