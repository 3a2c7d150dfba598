"""What is remembered of each test from run to run: its last results, how long it takes, since when it fails."""

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.api import CallboardError, Memory

NEWEST = 20
MOST_TESTS = 20_000
MOST_RUNS = 100

# one letter for each result: passed, failed, error, skipped, expected to fail, failed at first and passed when run again
LETTERS = {"passed": "p", "failed": "f", "error": "e", "skipped": "s", "xfailed": "x", "flaky": "k"}
BROKEN = "fe"


def slot(kind: str, folder: str) -> str:
    """The end of the keys under which a project's memory is kept."""
    return f"{kind}-{hashlib.sha256(folder.encode('utf-8', 'replace')).hexdigest()[:10]}" if folder else kind


@dataclass(frozen=True, slots=True)
class Record:
    """One test: its newest results (letters, oldest first), seconds (the newest count most), since when it fails (at, commit)."""

    results: str = ""
    seconds: float = 0.0
    since: tuple[float, str] | None = None
    seen: float = 0.0

    @property
    def is_failing(self) -> bool:
        return self.results[-1:] in tuple(BROKEN)

    @property
    def tries(self) -> tuple[int, int]:
        """How often it failed for a while and how often it was tried, leaving out times in which it was broken."""
        return self.results.count("k"), self.results.count("k") + self.results.count("p")


@dataclass(frozen=True, slots=True)
class Result:
    """How a test went this time: a key of LETTERS, and its seconds."""

    outcome: str
    seconds: float


class History:
    """The memory of one project's tests. What is damaged or strange in it is passed over."""

    def __init__(self, memory: Memory, name: str) -> None:
        self._memory = memory
        self._key = f"history.{name}"
        kept = memory.get(self._key)
        kept = kept if isinstance(kept, dict) else {}
        tests = kept.get("tests")
        self.tests = {n: record for n, e in tests.items() if (record := _record(e))} if isinstance(tests, dict) else {}
        runs = kept.get("runs")
        self.runs: list[dict[str, Any]] = [r for r in runs if isinstance(r, dict)] if isinstance(runs, list) else []

    @property
    def green(self) -> str:
        """The commit of the newest run in which no test failed, '' when there is none."""
        return next((str(run.get("commit", "")) for run in reversed(self.runs) if run.get("green")), "")

    def total(self, names: Iterable[str] | None = None) -> float:
        """The learned seconds of the tests, all that are known by default; an unknown one takes as long as they do on average."""
        known = [record.seconds for record in self.tests.values()]
        usual = sum(known) / len(known) if known else 0.0
        if names is None:
            return sum(known)
        return sum(self.tests[name].seconds if name in self.tests else usual for name in names)

    def add(
        self, results: Mapping[str, Result], commit: str, seconds: float, *, is_green: bool, is_whole: bool
    ) -> list[str]:
        """Keeps the results of a run and returns the tests that fail now and did not before, at most MOST_TESTS stay.

        A whole run forgets the tests that it did not find.
        """
        now = round(time.time(), 3)
        fresh: list[str] = []

        def changed(_: Any) -> dict[str, Any]:
            tests = {} if is_whole else dict(self.tests)
            for name, result in results.items():
                old = self.tests.get(name, Record())
                letter = LETTERS.get(result.outcome, "e")
                since = None
                if letter in BROKEN:
                    since = old.since if old.is_failing and old.since else (now, commit)
                    if not old.is_failing:
                        fresh.append(name)
                ran = letter not in "sx"
                usual = result.seconds if not old.seconds else 0.6 * result.seconds + 0.4 * old.seconds
                usual = usual if ran else old.seconds
                tests[name] = Record((old.results + letter)[-NEWEST:], round(usual, 4), since, now)
            newest = sorted(tests.items(), key=lambda pair: -pair[1].seen)[:MOST_TESTS]
            self.tests = dict(newest)
            counts = {word: sum(r.outcome == word for r in results.values()) for word in LETTERS}
            run = {"at": now, "commit": commit, "seconds": round(seconds, 2), "green": is_green, **counts}
            self.runs = [*self.runs, run][-MOST_RUNS:]
            return {
                "tests": {n: [r.results, r.seconds, r.since, r.seen] for n, r in self.tests.items()},
                "runs": self.runs,
            }

        try:
            self._memory.update(self._key, changed)
        except (CallboardError, OSError) as error:
            print(f"WARNING: the history of the tests cannot be kept: {error}", flush=True)
        return fresh


def _record(entry: Any) -> Record | None:
    match entry:
        case [str(results), int() | float() as seconds, since, int() | float() as seen]:
            pair = (float(since[0]), str(since[1])) if isinstance(since, list) and len(since) == 2 else None
            return Record(results[-NEWEST:], float(seconds), pair, float(seen))
        case _:
            return None
