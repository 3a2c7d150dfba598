"""An advice before it is ranked, the kinds that there are, and how the parts of one are said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callboard.core.task import NO_OPTIONS
from callboard.insight.advice_facts import Act, Gain
from callboard.insight.advice_measures import Measure

SEVERITIES = ("critical", "high", "medium", "low", "info")
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
NO_GAIN = "What it would save cannot be said: nothing was counted or simulated for it."


@dataclass(frozen=True, slots=True)
class Risk:
    """How much could go wrong by following an advice, and what."""

    level: str
    words: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What one written rule says about one thing.

    `weights` are the factors that the rule itself gives, (name, value, words); the ranking adds those that hold for all.
    `acts` are what can be done about it with one click, the best first. `waits_since` is since when somebody or something waits.
    `spread` is how many checks saw it; of those with the same `alike` only the first few are shown one by one.
    """

    kind: str
    about: str
    title: str
    words: str
    severity: str
    reasons: tuple[str, ...]
    evidence: tuple[tuple[str, str], ...]
    href: str
    risk: Risk
    measure: Measure
    acts: tuple[Act, ...] = ()
    gain: Gain | None = None
    no_gain: str = NO_GAIN
    weights: tuple[tuple[str, float, str], ...] = ()
    waits_since: float | None = None
    blocks: int = 0
    blocks_words: str = ""
    case: int | None = None
    state: str = ""
    agents: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    spread: int = 0
    alike: str = ""
    more: Mapping[str, object] = field(default_factory=lambda: NO_OPTIONS)


NO_RISK = Risk("none", "Nothing is changed by looking.")


def count(number: int, one: str, many: str = "") -> str:
    """'1 task', '2 tasks'."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def lasting(seconds: float) -> str:
    """'40 s', '4 min', '3 h 10 min', '2 days'."""
    seconds = max(0.0, seconds)
    if seconds < 10 and seconds != round(seconds):
        return f"{seconds:.1f} s"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        minutes = round(seconds / MINUTE)
        rest = minutes % 60
        return f"{minutes // 60} h" + (f" {rest} min" if rest and seconds < DAY else "")
    return f"{seconds / DAY:.0f} days"


def percent(share: float) -> str:
    """'20 %'."""
    return f"{share * 100:.0f} %"
