"""Whether a commit has the failure: its tests are run there, brought along where they do not exist yet, again where they waver."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from callboard.api import Context
from callboard_quality.commits import Repository
from callboard_quality.grounds import Ground, NotHere
from callboard_quality.odds import Tally, passes_for
from callboard_quality.runners import CommandRunner
from callboard_quality.target import Target
from callboard_quality.trying import WHOLE, PythonRunner, Runner, Way, Went, worst

Says = Literal["good", "bad", "otherwise", "skip"]
Scope = Literal["alone", "file", "suite"]
MOST_BROUGHT = 2_000
LOST = ("collect", "start", "missing", "error")
MOST_SINGLE = 20
MOST_ODD = 3  # failures in another manner until a commit is left out for them
AT_FIRST = 5  # runs at the bad commit, all of which fail for a failure that is always there


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of a commit and why. `is_lasting`: it would be said tomorrow too; `kind`: what a 'skip' depends on.

    `own_fault` is why it could not be run in an environment of its own and was in that of the failing commit, '' when it could.
    """

    says: Says
    words: str = ""
    symptom: str = ""
    brought: bool = False
    is_lasting: bool = True
    kind: Literal["", "install", "tests"] = ""
    runs: int = 0
    missed: float = 0.0
    own_fault: str = ""
    places: tuple[tuple[str, int], ...] = ()
    passing: tuple[str, ...] = ()


@dataclass(slots=True)
class Failure:
    """How it fails at the bad commit: its symptoms, and the share of runs that fail (1 for always)."""

    tests: tuple[str, ...]
    symptoms: set[str]
    ways: set[str]
    rate: float = 1.0
    runs: int = 0
    went: Went = Went("failed")
    each: Mapping[str, Went] = field(default_factory=dict)


class Judge:
    """Judges commits that are checked out before. `source` is the commit that tests are brought from, '' for the workspace."""

    def __init__(
        self, ctx: Context, what: Target, ground: Ground, repository: Repository, source: str, times: int, until: float
    ) -> None:
        self._ctx = ctx
        self._ground = ground
        self._repository = repository
        self._source = source
        self._times = times
        self._until = until
        self._given = until - time.monotonic()
        self._longest = 0.0
        self._former: dict[str, list[str]] = {}
        self._passing = 0.0
        self.bring = True
        self.again = 1  # failures in a row that are believed, where it always fails at the bad one; what is found is run more often
        self.scope: Scope = "alone"
        self.what = what
        self.failure = Failure(what.tests, set(), set())
        self.passing: dict[str, tuple[str, ...]] = {}

    def keep(self, names: Sequence[str]) -> None:
        """From now on only these of the tests count."""
        each = {name: self.failure.each[name] for name in names if name in self.failure.each}
        if each:
            first = next(iter(each.values()))
            symptoms, ways = {one.symptom for one in each.values()}, {str(one.way) for one in each.values()}
            self.failure = replace(self.failure, tests=tuple(each), symptoms=symptoms, ways=ways, went=first, each=each)

    def at_bad(self, tree: Path) -> Judgement:
        """The commit that is said to fail: in which manner, and whether always."""
        try:
            runner = self._ground.settle(tree)
        except NotHere as error:
            return Judgement("skip", error.reason, kind="install", is_lasting=error.is_lasting)
        try:
            return self._at_bad(runner)
        finally:
            runner.close()

    def _at_bad(self, runner: Runner) -> Judgement:
        names: Sequence[str] = self.what.tests
        if not names and isinstance(runner, PythonRunner):
            begun = time.monotonic()
            went = runner.everything(self._limit())
            self._longest = time.monotonic() - begun
            names = [name for name, one in went.items() if one.is_bad][:20]
            self.failure.tests = tuple(names)
        tally, brought, bad, last = Tally(), False, dict[str, Went](), Went("missing")
        while not self._is_enough(tally, last.way):
            went, moved = self._went(runner, names)
            brought = brought or moved
            last = worst(went)
            if not last.is_bad and last.way != "passed":
                return Judgement("skip", last.words, kind="tests", brought=brought)
            if tally.passed == 1 and not tally.failed and not last.is_bad and self._widen(runner, names):
                tally = Tally()
                continue
            bad |= {name: one for name, one in went.items() if one.is_bad}
            tally = tally.plus(last.is_bad)
        if not tally.failed:
            return Judgement("good", f"passed {tally.passed} of {tally.runs} runs", runs=tally.runs, brought=brought)
        if bad and WHOLE not in bad:
            self.failure.tests = tuple(name for name in names if name in bad)
        self.failure.symptoms = {one.symptom for one in bad.values()}
        self.failure.ways = {str(one.way) for one in bad.values()}
        self.failure.rate, self.failure.runs = tally.failed / tally.runs, tally.runs
        self.failure.went = next(iter(bad.values()))
        self.failure.each = bad
        first = self.failure.went
        return Judgement("bad", first.words, first.symptom, brought, runs=tally.runs, places=first.places)

    def _is_enough(self, tally: Tally, way: Way) -> bool:
        """Few runs for what always fails, all of them for what wavers: its rate decides how often the others are run."""
        if tally.runs and time.monotonic() + 2 * self._longest > self._until:
            return True
        if not tally.passed:
            quick = self._longest < 60 and way != "timeout"
            return tally.failed >= (AT_FIRST if quick else 2 if self._longest < 240 else 1)
        return tally.runs >= self._times

    def at(self, tree: Path, fault: str = "") -> Judgement:
        """Another commit; where it cannot be run in its own environment, or for a `fault` that is known, in that of the bad one."""
        lasting = True
        if not fault:
            try:
                runner = self._ground.at(tree)
            except NotHere as error:
                fault, lasting = error.reason, error.is_lasting
            else:
                try:
                    seen = self._judged(runner)
                finally:
                    runner.close()
                if not seen.own_fault:
                    return seen
                fault = seen.own_fault
        borrowed = self._ground.borrowed(tree)
        if borrowed is None:
            return Judgement("skip", fault, kind="install", is_lasting=lasting)
        seen = self._judged(borrowed)
        return replace(seen, own_fault=fault, is_lasting=lasting and seen.is_lasting)

    def counted(self, tree: Path, runs: int, fault: str = "") -> Tally:
        """How often it fails in so many runs at a commit that was judged before, fewer when time runs out."""
        runner: Runner | None = None
        if not fault:
            try:
                runner = self._ground.at(tree)
            except NotHere:
                runner = None
        runner = runner or self._ground.borrowed(tree)
        if runner is None:
            return Tally()
        try:
            tally = Tally()
            while tally.runs < runs and not self._is_late():
                last = worst(self._went(runner, self.failure.tests)[0])
                if not last.is_bad and last.way != "passed":
                    break
                tally = tally.plus(last.is_bad)
            return tally
        finally:
            runner.close()

    def _judged(self, runner: Runner) -> Judgement:
        rate = self.failure.rate
        wanted = 1 if rate >= 1 else min(self._times, passes_for(0.7 * rate, 0.99))
        tally, brought, last, odds = Tally(), False, Went("missing"), 0
        while True:
            went, moved = self._went(runner, self.failure.tests)
            brought = brought or moved
            went = self._telling(went) if moved else went
            last = worst(went)
            odd = self._odd(went, brought)
            if odd is not None:
                odds += 1
                if last.way in ("failed", "error") and odds < MOST_ODD and self._longest < 20 and not self._is_late():
                    continue  # it may be another failure that comes and goes
                return odd
            tally = tally.plus(last.is_bad)
            if rate >= 1:
                if tally.passed or tally.failed >= self.again or self._is_late():
                    break
            elif tally.failed or tally.passed >= wanted or self._is_late():
                break
        missed = 0.0 if rate >= 1 else (1 - rate) ** tally.passed
        if rate >= 1 and tally.passed and tally.failed:
            return Judgement("good", "fails now and then there, not always", runs=tally.runs, brought=brought)
        if not last.is_bad:
            return Judgement(
                "good", f"passed {tally.passed} of {tally.runs} runs", runs=tally.runs, brought=brought, missed=missed
            )
        bad = next(one for one in went.values() if one.is_bad)
        says: Says = (
            "bad" if any(one.symptom in self.failure.symptoms for one in went.values() if one.is_bad) else "otherwise"
        )
        passing = tuple(name for name, one in went.items() if one.way == "passed")
        return Judgement(says, bad.words, bad.symptom, brought, runs=tally.runs, places=bad.places, passing=passing)

    def _telling(self, went: dict[str, Went]) -> dict[str, Went]:
        """Of tests that were brought along those that pass or fail as they do at the bad commit, if any; else all."""
        told = {
            name: one
            for name, one in went.items()
            if one.way == "passed" or (one.is_bad and one.symptom in self.failure.symptoms)
        }
        return told or went

    def _odd(self, went: dict[str, Went], brought: bool) -> Judgement | None:
        """A commit of which this run can tell nothing; None when it can."""
        if any(one.is_bad and one.symptom in self.failure.symptoms for one in went.values()):
            return None
        for name, one in went.items():
            what = "" if name == WHOLE else f"{name.rpartition('/')[2]}: "
            if one.way == "missing" and any(other.way in ("passed", "failed") for other in went.values()):
                continue  # the others tell
            if one.way in ("missing", "untold", "skipped"):
                words = "the test does not exist there" if one.way == "missing" else one.words
                return Judgement("skip", what + words, kind="tests", brought=brought)
            if one.is_bad and brought:
                words = f"{what}did not exist there, and brought along it fails otherwise ({one.words})"
                return Judgement("skip", words, kind="tests", brought=True)
            if one.way in ("collect", "start", "timeout", "crash") and one.way not in self.failure.ways:
                fault = one.words if one.way == "start" else ""
                return Judgement(
                    "skip", what + one.words, kind="tests", is_lasting=one.way != "timeout", own_fault=fault
                )
            if one.way == "collect":
                return Judgement("skip", what + one.words, kind="tests")
        return None

    def _widen(self, runner: Runner, names: Sequence[str]) -> bool:
        """For tests that pass alone: whether they always fail among those of their files or in the suite, as they run then."""
        if not names or not isinstance(runner, PythonRunner):
            return False
        scopes: tuple[Scope, ...] = ("file", "suite")
        for scope in scopes:
            self.scope = scope
            if all(not self._is_late() and worst(self._run(runner, names)).is_bad for _ in range(2)):
                return True
        self.scope = "alone"
        return False

    @property
    def seconds(self) -> float:
        """How long the longest run took."""
        return self._longest

    @property
    def most_s(self) -> float:
        """The seconds that the next run may take: a share of all, less for few tests than for a suite, and not much over a pass."""
        if self._passing:
            return 10 * self._passing + 30
        share = 10 if self.what.tests and self.what.kind == "python" else 3
        first = min(self.what.python.timeout, self._given / share)
        return max(first, 3 * self._longest + 60) if self._longest else first

    def _is_late(self) -> bool:
        return time.monotonic() + min(self._longest, self.most_s) > self._until

    def _limit(self) -> float:
        return max(5.0, min(self.most_s, self._until - time.monotonic()))

    def _run(self, runner: Runner, names: Sequence[str]) -> dict[str, Went]:
        begun = time.monotonic()
        if self.scope != "alone" and names and isinstance(runner, PythonRunner):
            went = runner.among(names, self._limit(), whole=self.scope == "suite")
        else:
            went = runner.alone(names, self._limit())
        took = time.monotonic() - begun
        self._longest = max(self._longest, took)
        if went and all(one.way == "passed" for one in went.values()):
            self._passing = max(self._passing, took)
        return went

    def _went(self, runner: Runner, names: Sequence[str]) -> tuple[dict[str, Went], bool]:
        """How the tests went, and whether one had to be brought: first its file alone, then all that lies beside it."""
        if isinstance(runner, CommandRunner):
            lacking = self._lacking(runner)
            if lacking and not self.bring:
                return {WHOLE: Went("missing", "", f"there is no {lacking[0]}")}, False
            self._bring(runner.here, self.what.folder, lacking)
            went = self._run(runner, names)
            if lacking and went[WHOLE].is_bad and went[WHOLE].symptom not in self.failure.symptoms:
                self._bring(runner.here, self.what.folder, self._lacking_beside(runner, lacking))
                went = self._run(runner, names)
            return went, bool(lacking)
        went = self._run(runner, names)
        missing = [name for name, one in went.items() if one.way == "missing" and name != WHOLE]
        if not missing or not isinstance(runner, PythonRunner):
            return went, False
        if len(missing) == len(names) and 1 < len(names) <= MOST_SINGLE:
            went = {
                name: self._run(runner, [name])[name] for name in names
            }  # one that is missing keeps the others from running
            missing = [name for name in names if went[name].way == "missing"]
        went = {**went, **self._by_former_names(runner, missing)}
        missing = [name for name in missing if went[name].way == "missing"]
        if not missing or not self.bring or len(missing) < len(names):
            return went, False
        files = [path for name in missing if (path := self._file(name))]
        if not files:
            return went, False
        base = runner.environment.base
        self._bring(base, "", files)
        went = self._run(runner, names)
        if any(went[name].way in LOST for name in missing):
            folders = {path.rpartition("/")[0].partition("/")[0] for path in files} - {""}
            self._bring(base, "", [path for folder in folders for path in self._beside(folder)])
            went = self._run(runner, names)
        return went, True

    def _lacking(self, runner: CommandRunner) -> list[str]:
        """The files that a command names and that the failing tree has, but this one has not."""
        prefix = f"{self.what.folder}/" if self.what.folder else ""
        named = [
            word for word in runner.command if word and not word.startswith(("-", "/")) and ".." not in word.split("/")
        ]
        names = [os.path.normpath(word) for word in named]
        return [n for n in names if not (runner.here / n).exists() and self._text(f"{prefix}{n}") is not None]

    def _lacking_beside(self, runner: CommandRunner, files: Sequence[str]) -> list[str]:
        """What else the failing tree has in the folders of these files and this one has not, as a script may need it."""
        prefix = f"{self.what.folder}/" if self.what.folder else ""
        folders = {name.rpartition("/")[0] for name in files} - {""}
        found = [path.removeprefix(prefix) for folder in folders for path in self._beside(f"{prefix}{folder}")]
        return [path for path in found if not (runner.here / path).exists()]

    def _by_former_names(self, runner: PythonRunner, names: Sequence[str]) -> dict[str, Went]:
        """How tests go whose file has another name there, as git followed it."""
        found: dict[str, Went] = {}
        for name in names:
            here = self._file(name)
            if here not in self._former:
                self._former[here] = self._repository.former(self._source or "HEAD", here) if here else []
            for old in self._former[here]:
                if (runner.environment.base / old).is_file():
                    known = _renamed(name, here, old, self.what.folder)
                    went = self._run(runner, [known])[known]
                    if went.way != "missing":
                        found[name] = went
                    break
        return found

    def _file(self, name: str) -> str:
        """The file of a test, from the workspace's top; '' when the failing tree has none."""
        path, folder = name.partition("::")[0], self.what.folder
        if not path.endswith(".py"):
            path = "/".join(path.split(".")[:-2]) + ".py" if path.count(".") >= 2 else path
        spots = [f"{folder}/{path}", path] if folder else [path]
        return next((spot for spot in spots if self._text(spot) is not None), "")

    def _text(self, path: str) -> bytes | None:
        if self._source:
            return self._repository.blob(self._source, path)
        spot = self._repository.top / path
        return spot.read_bytes() if spot.is_file() and not spot.is_symlink() else None

    def _beside(self, folder: str) -> list[str]:
        if self._source:
            return self._repository.files(self._source, folder)[:MOST_BROUGHT]
        return [path for path in self._ctx.workspace.files if path.startswith(f"{folder}/")][:MOST_BROUGHT]

    def _bring(self, base: Path, folder: str, paths: Sequence[str]) -> None:
        """Lays files of the failing tree's `folder` into `base`."""
        for path in paths:
            text = self._text(f"{folder}/{path}" if folder else path)
            spot = base / path
            if text is None or spot.is_symlink() or not spot.resolve().is_relative_to(base.resolve()):
                continue
            spot.parent.mkdir(parents=True, exist_ok=True)
            spot.write_bytes(text)


def _renamed(name: str, here: str, old: str, folder: str) -> str:
    """The id of a test when its file is called otherwise."""
    here, old = (path.removeprefix(f"{folder}/") if folder else path for path in (here, old))
    if "::" in name:
        return f"{old}::{name.partition('::')[2]}"
    module, former = (path.removesuffix(".py").replace("/", ".") for path in (here, old))
    return former + name[name.find(module) + len(module) :] if module in name else name
