"""Trying named tests again: how each of them went, by whatever runs them."""

import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from callboard.api import Context, Environment
from callboard_quality.causes import first_line
from callboard_quality.options import TestOptions
from callboard_quality.stream import Told
from callboard_quality.suite import Pick, SuiteRun, run_django, run_pytest, run_unittest

Way = Literal[
    "passed", "failed", "error", "collect", "start", "crash", "timeout", "exit", "skipped", "missing", "untold"
]
BAD: tuple[Way, ...] = ("failed", "error", "collect", "start", "crash", "timeout", "exit")
WORSE: tuple[Way, ...] = ("skipped", "passed", "failed", "error")
WHOLE = "the whole suite"
NOISE = (
    (re.compile(r"0x[0-9a-fA-F]+|/[^\s'\"]*|\d+(?:\.\d+)?"), "#"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "'…'"),
    (re.compile(r"\s+"), " "),
)
NOT_THERE = re.compile(r"not found:|no match in any of|file or directory not found")
NO_PART = re.compile(r"No module named '([\w.]+)'|has no attribute '(\w+)'")


@dataclass(frozen=True, slots=True)
class Went:
    """How a test went in one try. `symptom` says in what manner it failed, without numbers, names and paths; `text` is the whole.

    `places` are lines of the tree that the failure names, the innermost last.
    """

    way: Way
    symptom: str = ""
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    places: tuple[tuple[str, int], ...] = ()

    @property
    def is_bad(self) -> bool:
        return self.way in BAD

    @property
    def words(self) -> str:
        """'collect: No module named x', or only how it went."""
        return f"{self.way}: {self.message}" if self.message else self.way


class Runner(Protocol):
    """Runs tests of one tree in one environment."""

    @property
    def words(self) -> str:
        """What runs them, and where."""

    def alone(self, names: Sequence[str], timeout: float) -> dict[str, Went]:
        """How the tests go when only they run; of no names, how the whole goes, under WHOLE."""

    def close(self) -> None:
        """Gives back what it holds."""


def symptom_of(way: Way, message: str) -> str:
    """In what manner it failed, so that the same failure of another day or commit reads the same."""
    line = first_line(message)[:500]
    for pattern, instead in NOISE:
        line = pattern.sub(instead, line)
    return f"{way}: {line.strip()}"


def same_test(told: str, wanted: str) -> bool:
    """Whether what the runner calls `told` is meant: the same, a case or method of it, or the same from another folder."""
    if told == wanted or told.endswith(f"/{wanted}") or wanted.endswith(f"/{told}"):
        return True
    for one in (told, told[told.find(f"/{wanted}") + 1 :] if f"/{wanted}" in told else told):
        if one.startswith((f"{wanted}[", f"{wanted}::", f"{wanted}.", f"{wanted} > ")):
            return True
    return False


@dataclass(slots=True)
class PythonRunner:
    """Runs Python tests in an environment; its base is the tree. `paths` are put in front of where modules are looked for,
    `zone` is whose local time it is."""

    ctx: Context
    environment: Environment
    options: TestOptions
    framework: Literal["pytest", "unittest", "django"]
    paths: Sequence[str] = ()
    holds: bool = False
    root: str = ""
    zone: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def words(self) -> str:
        version = self.environment.has.get(self.framework) if self.framework == "pytest" else None
        tool = f"{self.framework} {version}" if version else self.framework
        return f"{tool}, Python {self.environment.has.get('python')}, {self.environment.words}"

    @property
    def here(self) -> Path:
        """The project's folder in the tree."""
        return self.environment.base / self.options.folder

    def alone(self, names: Sequence[str], timeout: float) -> dict[str, Went]:
        if not names:
            suite = self.suite(Pick(timeout=timeout))
            return {WHOLE: _whole(suite, self)}
        suite = self.suite(Pick(operands=[self._operand(name) for name in names], timeout=timeout))
        return {name: self.went(suite, name) for name in names}

    def ordered(self, names: Sequence[str], timeout: float) -> dict[str, Went]:
        """How the tests go in just this order, with nothing else; the names are as `listed` has them. pytest only."""
        files = dict.fromkeys(name.split("::")[0] for name in names)
        pick = Pick(
            operands=[os.path.join(self.root, name) for name in files],
            only=list(names),
            first={"order": list(names)},
            timeout=timeout,
        )
        suite = self.suite(pick)
        return {name: self.went(suite, name) for name in names}

    def among(self, names: Sequence[str], timeout: float, *, whole: bool) -> dict[str, Went]:
        """How tests go in a run of all of their files, or of the whole suite."""
        files = dict.fromkeys(self._file(name) for name in names) if not whole else {}
        suite = self.suite(Pick(operands=[self._operand(name) for name in files], timeout=timeout))
        return {name: self.went(suite, name) for name in names}

    def _file(self, name: str) -> str:
        """The file of a test, or its module where it is called by that."""
        if self.framework == "pytest":
            return name.partition("::")[0]
        parts = name.split(".")
        return ".".join(parts[:-2] if len(parts) > 2 else parts[:1])

    def everything(self, timeout: float) -> dict[str, Went]:
        """How each test goes in a run of all, in their own order."""
        suite = self.suite(Pick(timeout=timeout))
        return {name: self.went(suite, name) for name in suite.story.tests}

    def listed(self, timeout: float) -> tuple[str, ...]:
        """All tests in their own order; pytest only."""
        suite = self.suite(Pick(collect_only=True, timeout=timeout))
        self.root = suite.story.root or self.root
        return suite.collected

    def suite(self, pick: Pick) -> SuiteRun:
        """One run, in the tests' own order; what would run failed ones again by itself is switched off."""
        mark = f"try-{id(self)}-{next(self._numbers)}"
        words = ["-p", "no:randomly", "--maxfail=0"] if self.framework == "pytest" else []
        if self.framework == "pytest" and self.environment.has.get("pytest-rerunfailures"):
            words += ["--reruns", "0"]
        chosen = Pick(
            mark=mark,
            only=pick.only,
            operands=pick.operands,
            first=pick.first,
            collect_only=pick.collect_only,
            timeout=pick.timeout,
            words=[*words, *pick.words],
            paths=self.paths,
            zone=self.zone,
        )
        run = {"pytest": run_pytest, "unittest": run_unittest, "django": run_django}[self.framework]
        suite = run(self.ctx, self.environment, self.options, chosen)
        self.root = suite.story.root or self.root
        for place in (*self.ctx.scratch.glob(f"*-{mark}.xml"), *self.ctx.scratch.glob(f"*-{mark}.json*")):
            place.unlink(missing_ok=True)
        return suite

    def _operand(self, name: str) -> str:
        if self.framework != "pytest":
            return name
        path, colons, rest = name.partition("::")
        spots = [self.here / path, self.environment.base / path]
        if self.options.folder and path.startswith(f"{self.options.folder}/"):
            spots.insert(0, self.environment.base / path)
        if self.root:
            spots.append(Path(self.root) / path)
        found = next((spot for spot in spots if spot.exists()), spots[0])
        return f"{found}{colons}{rest}"

    def went(self, suite: SuiteRun, name: str) -> Went:
        """What the run tells of one test."""
        story = suite.story
        told = [one for known, one in story.tests.items() if same_test(known, name)]
        if told:
            worst = max(told, key=lambda one: WORSE.index(_way(one)))
            return self._of(_way(worst), worst, sum(one.seconds for one in told))
        if any(same_test(known, name) for known in story.running):
            way: Way = "timeout" if suite.run.timed_out else "crash"
            return Went(way, f"{way}:", f"exit code {suite.run.code}", suite.run.stderr[-5_000:], suite.run.seconds)
        path = name.partition("::")[0]
        for known, one in story.collect.items():
            part = known.rpartition("._FailedTest.")[2] if self.framework != "pytest" else ""
            if (
                same_test(known, path)
                or same_test(path, known)
                or f"{name}.".startswith(f"{part}.")
                or part in name.split(".")
            ):
                gone = self.framework != "pytest" and _is_lacking(f"{one.message}\n{one.text[-2_000:]}", name)
                return Went("missing") if gone else self._of("collect", one, 0.0)
        return self._untold(suite)

    def _untold(self, suite: SuiteRun) -> Went:
        run, story = suite.run, suite.story
        if run.timed_out:
            return Went("timeout", "timeout:", f"took longer than {run.seconds:.0f} s", "", run.seconds)
        words = f"{story.internal}\n{run.stderr}\n{run.stdout[-20_000:]}".strip()
        if NOT_THERE.search(words) and run.code == 4 and "conftest" not in words[:2_000]:
            return Went("missing")
        if not story.tests and (run.code not in (0, 1, 5) or not story.begun):
            line = next((line for line in reversed(words.splitlines()) if "Error" in line), first_line(words))
            return Went("start", symptom_of("start", line), line.strip()[:300], words[-5_000:], run.seconds)
        return Went("missing")

    def _of(self, way: Way, told: Told, seconds: float) -> Went:
        said = [line[1:].strip() for line in told.text.splitlines() if line.startswith("E ")]
        message = first_line(told.message, *(said[-1:] if way == "collect" else said[:1]), told.text)
        base = str(self.environment.base)
        message = message.replace(f"{base}/", "").replace(f"{os.path.realpath(base)}/", "")
        bad = way in BAD
        return Went(
            way,
            symptom_of(way, message) if bad else "",
            message[:300] if bad else "",
            told.text if bad else "",
            seconds,
            tuple(self._places(told)) if bad else (),
        )

    def _places(self, told: Told) -> Iterator[tuple[str, int]]:
        """Lines of the tree that the failure names, from pytest's own form and from Python's."""
        found = [(told.path, told.line)] if told.path else []
        found += [(path, int(line)) for path, line in PLACE.findall(told.text)]
        top = Path(os.path.realpath(self.environment.base))
        for path, line in dict.fromkeys(found[:200]):
            whole = Path(os.path.realpath(Path(self.root or self.here) / path))
            if whole.is_relative_to(top) and whole.is_file() and "site-packages" not in whole.parts:
                yield whole.relative_to(top).as_posix(), line

    def close(self) -> None:
        if self.holds:
            self.ctx.let_go(self.environment)


PLACE = re.compile(r"^(?:E?\s+File \")?([^\s:\"][^:\"\n]{0,500}\.py)(?:\", line |:)(\d{1,7})", re.MULTILINE)


def _is_lacking(text: str, name: str) -> bool:
    """Whether unittest says that it is the test itself, or its module, that is not there."""
    return any(
        (module and f"{name}.".startswith(f"{module}.")) or part in name.split(".")[1:]
        for module, part in NO_PART.findall(text)
    )


def _way(told: Told) -> Way:
    match told.outcome:
        case "passed":
            return "passed"
        case "failed":
            return "failed"
        case "error":
            return "error"
        case _:
            return "skipped"


def _whole(suite: SuiteRun, runner: PythonRunner) -> Went:
    """A run of everything as if it were one test."""
    story = suite.story
    bad = [one for one in story.tests.values() if one.outcome in ("failed", "error")]
    if bad:
        names = ", ".join(one.id for one in bad[:3])
        return Went("failed", f"failed: {len(bad)}", f"{len(bad)} failed: {names}", bad[0].text, suite.run.seconds)
    if story.collect:
        return runner._of("collect", next(iter(story.collect.values())), suite.run.seconds)
    if suite.run.timed_out or story.running:
        return Went("timeout" if suite.run.timed_out else "crash", "", "", "", suite.run.seconds)
    if story.count("passed"):
        return Went("passed", seconds=suite.run.seconds)
    return runner._untold(suite)


def worst(went: Mapping[str, Went]) -> Went:
    """One for all: the first that failed, else one that could not be told, else a pass."""
    found = list(went.values())
    bad = next((one for one in found if one.is_bad), None)
    if bad is not None:
        return bad
    odd = next((one for one in found if one.way != "passed"), None)
    return odd or (found[0] if found else Went("missing"))
