"""What the readers hand back: test reports, coverage and bills of materials in one form each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TestOutcome(StrEnum):
    """How a test case ended."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test: `file` and `line` as the report says them ('' and 0 when it does not), `seconds` of wall time.

    `message` is the short reason of a failure, an error or a skip, `text` the long one; both are cut at a length.
    """

    __test__ = False

    name: str
    classname: str
    file: str
    line: int
    seconds: float
    outcome: TestOutcome
    message: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """All test cases of a report, in its order."""

    __test__ = False

    cases: tuple[TestCase, ...]

    def count(self, outcome: TestOutcome) -> int:
        """How many cases ended so."""
        return sum(case.outcome is outcome for case in self.cases)

    @property
    def passed(self) -> int:
        return self.count(TestOutcome.PASSED)

    @property
    def failed(self) -> int:
        return self.count(TestOutcome.FAILED)

    @property
    def errors(self) -> int:
        return self.count(TestOutcome.ERROR)

    @property
    def skipped(self) -> int:
        return self.count(TestOutcome.SKIPPED)

    @property
    def seconds(self) -> float:
        """The sum of the cases' times."""
        return sum(case.seconds for case in self.cases)


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """The lines of a file that could run, by number from 1, with how often each did; `path` as the report says it."""

    path: str
    hits: Mapping[int, int]

    @property
    def valid(self) -> int:
        """How many lines could run."""
        return len(self.hits)

    @property
    def covered(self) -> int:
        """How many lines ran."""
        return sum(1 for hits in self.hits.values() if hits > 0)

    @property
    def missed(self) -> tuple[int, ...]:
        """The lines that did not run, sorted."""
        return tuple(sorted(line for line, hits in self.hits.items() if hits <= 0))


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Coverage by file; `sources` are the folders that the paths are relative to, as the report says them."""

    files: tuple[FileCoverage, ...]
    sources: tuple[str, ...] = ()

    @property
    def valid(self) -> int:
        return sum(file.valid for file in self.files)

    @property
    def covered(self) -> int:
        return sum(file.covered for file in self.files)

    @property
    def percent(self) -> float | None:
        """Covered lines of those that could run, 0 to 100; None when there are none."""
        valid = self.valid
        return 100.0 * self.covered / valid if valid else None


@dataclass(frozen=True, slots=True)
class Component:
    """One entry of a bill of materials; `licenses` are SPDX ids, names or expressions."""

    name: str
    version: str = ""
    kind: str = ""
    purl: str = ""
    licenses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sbom:
    """A bill of materials: all components, the nested ones too."""

    spec_version: str
    components: tuple[Component, ...] = field(default=())

    @property
    def count(self) -> int:
        return len(self.components)
