"""That a forecast was kept, to be held against what happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

NO_TASKS: Mapping[str, tuple[float, ...]] = {}


@dataclass(frozen=True, slots=True)
class ForecastKept:
    """When a run would end, as it was foreseen at its start: moments with 50, 80 and 95 of 100 as shown, `logs` what the futures
    alone said, from `samples` of them. `of_tasks` are some of its tasks by place: (p50, p80, p95, raw middle, raw spread) of
    its end, and where it is to begin later the same of its start.
    """

    at: float
    in_run: int
    workspace: str
    pipeline: str
    p50: float
    p80: float
    p95: float
    logs: tuple[float, ...]
    samples: int
    of_tasks: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: NO_TASKS)


@dataclass(frozen=True, slots=True)
class KeepForecast:
    """The wish for it; one run has one kept forecast, the first."""

    kept: ForecastKept


def forecast_sentence(event: ForecastKept) -> str:
    """What the log says of it."""
    lasts = [f"{max(0.0, moment - event.at):.0f} s" for moment in (event.p50, event.p80)]
    return f"Run {event.in_run} was foreseen to take {lasts[0]}, at most {lasts[1]} with 80 of 100."
