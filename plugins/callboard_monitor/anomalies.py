"""Measured values against what is usual for them, said in words."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from callboard.api import Act, Cell, Context, Finding, Severity
from callboard_monitor import history
from callboard_monitor.robust import LEAST, Kind, Side, Unusual, judge
from callboard_monitor.words import amount, plural

MOST_KEPT = 500


@dataclass(frozen=True, slots=True)
class Observation:
    """A value of now. `series` names it over time, `words` for people ('p95 of GET /x').

    `kind` says how its noise grows, `side` which way is worse, `least` the smallest deviation of a share that matters.
    `change` is the least difference to the usual range, in the value's unit, that is worth a word;
    `span` the seconds of history below which nothing is called unusual (a day, for what goes up and down with it).
    """

    series: str
    words: str
    value: float
    unit: str = ""
    kind: Kind = "size"
    side: Side = "high"
    least: float = 2.0
    change: float = 0.0
    path: str = ""
    line: int = 0
    span: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation with what came of it: how many values are known before, and what is unusual, if anything."""

    observation: Observation
    known: int
    unusual: Unusual | None

    @property
    def words(self) -> str:
        """'p95 of GET /x is 410 ms; usual 90–130 ms (median 104, n = 240)'."""
        here = self.observation
        if self.unusual is None:
            few = f"; {plural(self.known, 'earlier value')}, {LEAST} are needed to know what is usual"
            return f"{here.words} is {amount(here.value, here.unit)}{few if self.known < LEAST else ''}"
        usual = self.unusual.usual
        low, high = amount(usual.low), amount(usual.high, here.unit)
        between = high if low == amount(usual.high) else f"{low}–{high}"
        when = f" on {usual.season}" if usual.season else ""
        lasting = f", the last {amount(self.unusual.value, here.unit)} in the middle," if self.unusual.lasting else ""
        return (
            f"{here.words} is {amount(here.value, here.unit)}{lasting}"[:400].rstrip(",")
            + f"; usual{when} {between} (median {amount(usual.middle)}, n = {usual.count})"
        )

    @property
    def usual_cell(self) -> Cell:
        """For a table: 'as usual', 'unusual', or how much is known yet."""
        if self.unusual is not None:
            act = Act("Learn anew", "monitor.relearn", {"series": self.observation.series}, danger=True)
            return Cell("unusual", "bad", act=act)
        return Cell("as usual", "good") if self.known >= LEAST else Cell(f"learning ({self.known} of {LEAST})", "quiet")


def observe(ctx: Context, group: str, observations: Sequence[Observation], now: float | None = None) -> list[Seen]:
    """Compares each value with its history, keeps it there, and reports what is unusual as findings.

    Three times the usual spread and more is medium; a lasting small shift is low. It is noted for the daily report.
    """
    at = time.time() if now is None else now
    before = history.record(ctx, group, at, {o.series: o.value for o in observations})
    seen = []
    for here in observations:
        points = [point for point in before.points(here.series) if point[0] < at]
        unusual = judge(points, (at, here.value), here.kind, here.side, here.least)
        if points and at - points[0][0] < here.span:
            unusual = None
        if unusual and here.change and not _differs(here, unusual):
            unusual = None
        seen.append(Seen(here, len(points), unusual))
    odd = [one for one in seen if one.unusual is not None]
    for one in odd:
        ctx.finding(anomaly(one))
    if odd:
        _note(ctx, at, odd)
    return seen


def _differs(here: Observation, unusual: Unusual) -> bool:
    value, usual = unusual.value, unusual.usual
    return value - usual.high >= here.change or usual.low - value >= here.change


def anomaly(seen: Seen) -> Finding:
    """The finding of an unusual value; its fingerprint is its series'."""
    here = seen.observation
    lasting = seen.unusual is not None and seen.unusual.lasting
    mark = hashlib.sha256(f"anomaly\x1f{here.series}".encode("utf-8", "replace")).hexdigest()[:16]
    return Finding(
        "anomaly-shift" if lasting else "anomaly",
        Severity.LOW if lasting else Severity.MEDIUM,
        seen.words,
        here.path,
        here.line,
        help="see what changed at that time; if it is to stay so, 'callboard do monitor.relearn -o series="
        f"{here.series}' forgets the old values",
        fingerprint=mark,
    )


def _note(ctx: Context, at: float, odd: Sequence[Seen]) -> None:
    def added(former: object) -> list[object]:
        kept = former if isinstance(former, list) else []
        return [*kept, *({"at": round(at), "series": o.observation.series, "words": o.words} for o in odd)][-MOST_KEPT:]

    ctx.memory.update("anomalies", added, [])
