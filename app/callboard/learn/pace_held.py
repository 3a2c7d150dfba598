"""How often forecasts came true: kept ranges against what happened. Numbers in, numbers out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ENOUGH = 10
WANTED = {"p50": 0.5, "p80": 0.8, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Kept:
    """A forecast as it was made at `at`: it would be done by these moments with 50, 80 and 95 of 100."""

    name: str
    at: float
    p50: float
    p80: float
    p95: float


@dataclass(frozen=True, slots=True)
class Held:
    """The share of the 80 % ranges that held, or None while fewer than ENOUGH are decided; `n` of them are.

    `p50` and `p95` are the same of the others, over their own decided ones. `words` say it.
    """

    held: float | None
    n: int
    p50: float | None
    p95: float | None
    words: str


def calibration(kept: Iterable[Kept], came: Mapping[str, float], now: float) -> Held:
    """How the forecasts held. `came` holds when each name was done; what is not in it is not done yet.

    A range is decided once its moment has passed, not when the thing is done: else those that came early would be counted
    before those that come late. A forecast made after the thing was done is none. All in epoch seconds.
    """
    listed = [one for one in kept if came.get(one.name, float("inf")) > one.at]
    shares: dict[str, tuple[float | None, int]] = {}
    for part in WANTED:
        decided = [
            (getattr(one, part), came.get(one.name, float("inf"))) for one in listed if getattr(one, part) <= now
        ]
        good = sum(done <= moment for moment, done in decided)
        shares[part] = (good / len(decided) if len(decided) >= ENOUGH else None, len(decided))
    held, n = shares["p80"]
    if held is None:
        words = f"too little data: {n} forecast{'' if n == 1 else 's'} of the past can be judged, {ENOUGH} are needed"
    else:
        words = f"80 % ranges held {held * 100:.0f} % of the time, n = {n}"
        if n >= 2 * ENOUGH and held < 0.65:
            words += ": they are too narrow, expect it later"
        elif n >= 2 * ENOUGH and held > 0.95:
            words += ": they are too wide, expect it sooner"
    return Held(held, n, shares["p50"][0], shares["p95"][0], words)
