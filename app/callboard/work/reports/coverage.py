"""Reading coverage: Cobertura XML and LCOV."""

from collections.abc import Mapping
from pathlib import Path

from callboard.work.reports.bounds import ReportError, read_report
from callboard.work.reports.shapes import CoverageReport, FileCoverage

MOST_LINES = 1_000_000
HIGHEST_LINE = 10_000_000


def read_coverage_xml(path: Path) -> CoverageReport:
    """The lines of a Cobertura file (of coverage.py, gcovr, istanbul); classes of the same file are laid together.

    Raises `CallboardError` for a file that is no Cobertura XML, or a bomb.
    """
    from callboard.work.reports.markup import walk

    collected = _Classes(path)
    walk(path, collected)
    files = tuple(FileCoverage(name, hits) for name, hits in collected.files.items())
    return CoverageReport(files, tuple(collected.sources))


class _Classes:
    def __init__(self, path: Path) -> None:
        self.files: dict[str, dict[int, int]] = {}
        self.sources: list[str] = []
        self._path = path
        self._first = True
        self._hits: dict[int, int] | None = None
        self._source: list[str] | None = None

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._first and name != "coverage":
            raise ReportError(self._path, f"its root is <{name[:50]}>, not <coverage>", "name a Cobertura XML file")
        self._first = False
        if name == "class":
            self._hits = self.files.setdefault(attributes.get("filename", "")[:1_024], {})
        elif name == "line" and self._hits is not None:
            _count(self._hits, attributes.get("number", ""), attributes.get("hits", ""))
        elif name == "source":
            self._source = []

    def text(self, piece: str) -> None:
        if self._source is not None and len(self._source) < 100:
            self._source.append(piece[:4_096])

    def leave(self, name: str) -> None:
        if name == "class":
            self._hits = None
        elif name == "source" and self._source is not None:
            self.sources.append("".join(self._source).strip())
            self._source = None


def read_lcov(path: Path) -> CoverageReport:
    """The lines of an LCOV tracefile; records of the same file are laid together.

    Raises `CallboardError` for a file without any record, or one that is too large.
    """
    text = read_report(path).decode("utf-8", "replace")
    files: dict[str, dict[int, int]] = {}
    hits: dict[int, int] | None = None
    for seen, line in enumerate(text.splitlines()):
        if seen > MOST_LINES:
            raise ReportError(path, f"it has more than {MOST_LINES:,} lines", "split the report")
        if line.startswith("DA:") and hits is not None:
            number, _, rest = line[3:].partition(",")
            _count(hits, number, rest.partition(",")[0])
        elif line.startswith("SF:"):
            hits = files.setdefault(line[3:].strip()[:1_024], {})
        elif line.startswith("end_of_record"):
            hits = None
    if not files:
        raise ReportError(path, "it has no record that begins with 'SF:'", "name an LCOV tracefile")
    return CoverageReport(tuple(FileCoverage(name, lines) for name, lines in files.items()))


def _count(hits: dict[int, int], number: str, times: str) -> None:
    number, times = number.strip(), times.strip()
    if not (number.isascii() and number.isdigit() and len(number) < 10) or not 0 < int(number) <= HIGHEST_LINE:
        return
    ran = int(times) if times.isascii() and times.isdigit() and len(times) < 19 else 0
    hits[int(number)] = max(hits.get(int(number), 0), ran)
