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


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric: its full name ('http_seconds_bucket'), labels, value (may be infinite, never NaN) and `at`.

    `at` is wall time in seconds, None when the text gives none.
    """

    name: str
    labels: Mapping[str, str]
    value: float
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its samples: `kind` is counter, gauge, histogram, summary, untyped or one of OpenMetrics' kinds."""

    name: str
    kind: str = "untyped"
    help: str = ""
    unit: str = ""
    samples: tuple[Sample, ...] = ()

    def value(self, **labels: str) -> float | None:
        """The value of the only sample that has these labels; None when there is none, or more than one."""
        found = [s.value for s in self.samples if all(s.labels.get(key) == text for key, text in labels.items())]
        return found[0] if len(found) == 1 else None

    def histograms(self) -> tuple["Histogram", ...]:
        """The histograms of the family, one for each set of labels; those without a sound row of buckets are left out."""
        parts: dict[tuple[tuple[str, str], ...], tuple[dict[float, float], dict[str, float]]] = {}
        for sample in self.samples:
            rest = tuple(sorted((key, text) for key, text in sample.labels.items() if key != "le"))
            buckets, totals = parts.setdefault(rest, ({}, {}))
            kind = sample.name[len(self.name) :]
            if kind == "_bucket":
                try:
                    bound = float(sample.labels.get("le", ""))
                except ValueError:
                    continue
                if bound == bound:
                    buckets[bound] = sample.value
            elif kind in ("_sum", "_count"):
                totals[kind] = sample.value
        found = []
        for labels, (buckets, totals) in parts.items():
            row = tuple(sorted(buckets.items()))
            counts = [count for _, count in row]
            if row and row[-1][0] == float("inf") and counts == sorted(counts) and counts[0] >= 0:
                found.append(Histogram(dict(labels), row, totals.get("_sum", 0.0), totals.get("_count", counts[-1])))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Histogram:
    """`buckets` are pairs of upper bound and how many were at most that, the last one at infinity."""

    labels: Mapping[str, str]
    buckets: tuple[tuple[float, float], ...]
    sum: float
    count: float

    def quantile(self, share: float) -> float | None:
        """The value below which `share` (0 to 1) lies, by a straight line within the bucket; None when nothing was seen.

        As Prometheus' `histogram_quantile`: what lies in the last bucket counts as the bound before it.
        """
        total = self.buckets[-1][1]
        if total <= 0 or not 0 <= share <= 1:
            return None
        wanted, low, before = share * total, 0.0, 0.0
        for bound, count in self.buckets:
            if count >= wanted and count > before:
                if bound == float("inf"):
                    return low
                low = min(low, bound) if before == 0 and bound <= 0 else low
                return bound if bound <= 0 else low + (bound - low) * (wanted - before) / (count - before)
            low, before = bound, count
        return low


@dataclass(frozen=True, slots=True)
class Advisory:
    """A record of the OSV format: what is wrong in which versions of which packages. Times are ISO text, '' when not given."""

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    published: str = ""
    modified: str = ""
    withdrawn: str = ""
    scores: tuple[str, ...] = ()
    affected: tuple["Affected", ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Affected:
    """A package that an advisory is about: `versions` one by one, and `ranges` of events.

    Each range is its type (SEMVER, ECOSYSTEM, GIT) and its events in order: ('introduced', '0'), ('fixed', '1.2').
    `severity` is a word of the database's own ('HIGH'), '' when it has none.
    """

    ecosystem: str
    package: str
    purl: str = ""
    versions: tuple[str, ...] = ()
    ranges: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    severity: str = ""

    @property
    def fixed(self) -> tuple[str, ...]:
        """The versions in which it is mended."""
        return tuple(dict.fromkeys(v for _, events in self.ranges for kind, v in events if kind == "fixed"))
