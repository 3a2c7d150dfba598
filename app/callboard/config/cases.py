"""The table `[cases]`: what Callboard does about cases by itself, how much of it, and how long it watches an accepted fix."""

from collections.abc import Mapping
from dataclasses import dataclass

from callboard.config.fields import Field

CASES: Mapping[str, Field] = {
    "automatic": Field(
        "flag", "false: nothing is investigated before a person or a rule asks for it; left out: true, once trusted"
    ),
    "fixes": Field("flag", "false: fixes are only proposed when they are asked for; left out: true"),
    "an_hour": Field(
        "whole", "runs that are started by themselves for cases in an hour, at most; left out: 10", 1, 100
    ),
    "tries": Field("whole", "fixes that are tried by themselves for one case, at most; left out: 3", 1, 20),
    "watch_hours": Field(
        "number", "how long the checks are watched after a fix of a case was accepted; left out: 24", 0, 720
    ),
    "take_back": Field(
        "flag",
        "false: a person is asked when an accepted fix of a case makes things worse; left out: true, it is undone as a whole",
    ),
}


@dataclass(frozen=True, slots=True)
class CasesTable:
    """`[cases]`; `an_hour` and `tries` bound what starts by itself, not what people ask for."""

    automatic: bool = True
    fixes: bool = True
    an_hour: int = 10
    tries: int = 3
    watch_hours: float = 24.0
    take_back: bool = True
