"""Forgetting what was usual, after a change that is meant to stay."""

from typing import Any

from callboard.api import Context, Result, passed, unknown
from callboard_monitor.history import history_of, kept_form
from callboard_monitor.words import plural

GROUPS = ("endpoints", "host", "logs", "metrics", "processes")


def forget_series(ctx: Context, series: str) -> Result:
    """Drops the values of one series, or of all whose names begin so; UNKNOWN when there is none of that name."""
    gone: list[str] = []
    known: list[str] = []

    def changed(former: object) -> dict[str, Any]:
        kept = history_of(former)
        for name in list(kept.series):
            known.append(name)
            fits = name.startswith(series[:-1]) if series.endswith("*") else name == series
            if fits:
                gone.append(name)
                del kept.series[name]
        return kept_form(kept)

    for group in GROUPS:
        if f"history-{group}" in ctx.memory.keys():  # noqa: SIM118
            ctx.memory.update(f"history-{group}", changed, {})
    if not gone:
        some = ", ".join(sorted(known)[:10]) or "none yet"
        return unknown(f"no series is named '{series}'; known: {some}")
    return passed(f"{plural(len(gone), 'series', 'series')} forgotten; what is usual is learned from now on")
