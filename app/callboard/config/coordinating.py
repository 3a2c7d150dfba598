"""The table `[coordination]`: when heavy tasks wait for the platform, and whether a green deploy is handed over by itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from callboard.config.fields import Field, Source, near
from callboard.config.times import seconds
from callboard.core.yielding import Rule

LONGEST_S = 30 * 86_400.0


def span_of(value: Any) -> float:
    """Seconds of '90s', '15m', '1h', or of a plain number; raises ValueError for another form, below 0.05 s and beyond 30 days."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("write it as '90s', '15m' or '1h', or as seconds")
    found = seconds(value) if isinstance(value, str) else float(value)
    if not 0.05 <= found <= LONGEST_S:
        raise ValueError("it must be from 0.05 s to 30 days")
    return found


def wrong_span(value: Any) -> str:
    """What is wrong with a length of time, '' if nothing."""
    try:
        span_of(value)
    except ValueError as error:
        return str(error)
    return ""


def _wrong_names(value: Any) -> str:
    return "" if all(name.strip() for name in value) else "a name in it is empty"


COORDINATION: Mapping[str, Field] = {
    "quiet": Field("flag", "true: heavy tasks wait while a crew of the platform is at work; left out: they do not"),
    "quiet_workflows": Field("whole", "from how many workflows in flight of one crew; left out: 1", 1, 1_000),
    "quiet_crews": Field("texts", "of which crews; left out: of any", check=_wrong_names),
    "yield_endpoints": Field(
        "texts",
        "names in [endpoints] by whose answers heavy tasks wait for users; left out: they do not",
        check=_wrong_names,
    ),
    "yield_p95_ms": Field("number", "they wait while the p95 of one of them is above so many milliseconds", 1, 3.6e6),
    "yield_success": Field("number", "they wait while fewer than so many per cent of its answers are good", 0.1, 100),
    "yield_window": Field("any", "of which time the answers count: '60s' if left out", check=wrong_span),
    "resume_after": Field(
        "any", "how long it must have been fine before heavy tasks go on: '30s' if left out", check=wrong_span
    ),
    "at_most": Field(
        "any", "how long a task waits for the platform in all; then it goes on: '1h' if left out", check=wrong_span
    ),
    "heavy_cpus": Field("number", "a task is heavy from so many cores on; left out: 1", 0.01, 4_096),
    "heavy_memory_mb": Field("number", "or from so many MiB on; left out: 1024", 1, 1e9),
    "heavy_jobs": Field("texts", "patterns of jobs and actions that are heavy anyway", check=_wrong_names),
    "light_jobs": Field("texts", "patterns of jobs and actions that never are", check=_wrong_names),
    "handoff": Field(
        "flag",
        "true: a deploy that is green with all that gated it is handed over by itself; left out: by "
        "`callboard platform handoff`",
    ),
}
SPANS = {"yield_window": "yield_window_s", "resume_after": "resume_after_s", "at_most": "at_most_s"}


def rule_of(
    source: Source, table: Mapping[str, Any], endpoints: Mapping[str, Mapping[str, Any]], crews: Iterable[str]
) -> Rule:
    """The rule of a checked table; raises `ConfigError` for a name that is none, and a yield that could never hold."""
    for key, known, what in (
        ("yield_endpoints", list(endpoints), "endpoint"),
        ("quiet_crews", list(crews), "crew"),
    ):
        for name in table.get(key, ()):
            if name not in known and (known or key == "yield_endpoints"):
                listed = ", ".join(known[:20]) or f"none; write [endpoints.{name}]"
                raise source.fault(
                    f"there is no {what} '{name}'.{near(name, known)} Known: {listed}", "coordination", key
                )
    for name in table.get("yield_endpoints", ()):
        method = endpoints[name].get("method", "GET")
        if method not in ("GET", "HEAD"):
            raise source.fault(
                f"endpoint '{name}' is asked with {method}; heavy tasks can wait by GET and HEAD only",
                "coordination", "yield_endpoints",
            )  # fmt: skip
    limits = [key for key in ("yield_p95_ms", "yield_success") if key in table]
    if limits and not table.get("yield_endpoints"):
        raise source.fault(
            f"[coordination] has {limits[0]} and does not say of what; write yield_endpoints = ['NAME']",
            "coordination", limits[0],
        )  # fmt: skip
    if table.get("yield_endpoints") and not limits:
        raise source.fault(
            "[coordination] has yield_endpoints and no limit; write yield_p95_ms = 500, or yield_success = 99",
            "coordination", "yield_endpoints",
        )  # fmt: skip
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key in SPANS:
            given[SPANS[key]] = span_of(value)
        else:
            given[key] = tuple(value) if isinstance(value, list) else value
    return Rule(**given)
