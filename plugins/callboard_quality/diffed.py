"""Coverage of the changed lines: which of them ran, as diff-cover counts it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from callboard.api import Finding, Severity
from callboard_quality.changes import Changed

MANY = 10


@dataclass(frozen=True, slots=True)
class FileLines:
    """Of a file's changed lines, those that can run: all of them, and those that did not."""

    able: int
    missed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DiffCoverage:
    """`percent` of the changed lines that can run ran, None when there is none of them; `since` says since when they changed."""

    percent: float | None
    files: Mapping[str, FileLines]
    since: str

    @property
    def words(self) -> str:
        """'80.0 % of 25 lines changed since …'."""
        able = sum(lines.able for lines in self.files.values())
        return f"{self.percent or 0:.1f} % of {able} lines changed since {self.since} ran"

    def findings(self) -> Iterator[Finding]:
        """One for each file with changed lines that did not run."""
        for path, lines in self.files.items():
            if not lines.missed:
                continue
            missed = len(lines.missed)
            bad = missed >= MANY and missed * 2 > lines.able
            yield Finding(
                "changed-uncovered",
                Severity.MEDIUM if bad else Severity.LOW,
                f"no test runs {missed} of the {lines.able} lines changed since {self.since}: {spans(lines.missed)}",
                path,
                lines.missed[0],
                help="add a test that runs them",
                tool="coverage",
            )


def spans(numbers: tuple[int, ...], most: int = 8) -> str:
    """'3-5, 9, 12-14 and 2 more'."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    words = [str(a) if a == b else f"{a}-{b}" for a, b in found[:most]]
    return ", ".join(words) + (f" and {len(found) - most} more" if len(found) > most else "")


def joined(changed: Changed, ran: Mapping[str, tuple[frozenset[int], frozenset[int]]]) -> DiffCoverage:
    """The changed lines with what coverage says: by path, the lines that ran and those that did not."""
    files = {}
    able = missed = 0
    for path, lines in sorted(changed.lines.items()):
        good, bad = ran.get(path, (frozenset(), frozenset()))
        mine = FileLines(len(lines & (good | bad)), tuple(sorted(lines & bad)))
        if mine.able:
            files[path] = mine
            able, missed = able + mine.able, missed + len(mine.missed)
    return DiffCoverage(100 * (able - missed) / able if able else None, files, changed.words)
