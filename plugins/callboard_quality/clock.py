"""Whether a failure depends on when it happens: the same code where the clock says another hour, and tries that lie apart."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from callboard_quality.trying import PythonRunner, Went

# 26 hours lie between them, so that at any moment the day or the hour is another one than here; POSIX counts to the west.
ZONES = {"UTC-14": 14 * 3600, "UTC+12": -12 * 3600}
READS = re.compile(
    r"\btime\b|datetime|\bdate\b|sleep|timeout|deadline|monotonic|perf_counter|clock|elapsed|\bnow\b|schedule|thread|asyncio|await\b"
)
LARGEST = 300_000


def at_zone(runner: PythonRunner, zone: str) -> PythonRunner:
    """The same runner where the local time is that of the zone."""
    return replace(runner, zone=zone, holds=False)


def clock_of(zone: str) -> str:
    """'2027-01-31 01:20', what the clock says there now."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + ZONES[zone]))


def reads_clock(went: Went, top: Path, names: list[str]) -> bool:
    """Whether the failure, a file that it names, or one of the named files (of tests, of a command) has to do with time."""
    return any(READS.search(text) for text in (went.text, *_sources(went, top, names)))


def _sources(went: Went, top: Path, names: list[str]) -> Iterator[str]:
    for name in dict.fromkeys([*(path for path, _ in went.places), *(name.partition("::")[0] for name in names)]):
        spot = top / name
        try:
            if spot.is_file() and spot.stat().st_size <= LARGEST:
                yield spot.read_text("utf-8", "replace")
        except OSError:
            continue


def pause(passed: float, done: int, sure: int, spread: float) -> float:
    """Seconds to wait before the next try, `passed` seconds after the first began, so that `sure` tries take `spread` seconds."""
    if sure < 2 or done < 1:
        return 0.0
    return max(0.0, spread * min(done, sure - 1) / (sure - 1) - passed)
