"""Reading what schemathesis reports, one JSON event a line."""

import base64
import binascii
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard_api_test.instance import Refusal

LONGEST_LINE = 50_000_000
MOST_FAILURES = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """One check that failed at one operation; `curl` repeats the request.

    `refused` says what the instance was refused to do while it answered, '' for nothing.
    """

    check: str
    operation: str
    title: str
    detail: str
    status: int
    curl: str
    refused: str = ""


@dataclass(slots=True)
class Report:
    """What a run came to. Failures of the same check, operation and title are there once.

    `requests` counts answered requests, `tried` the operations that answered, `errors` one line for each operation
    that could not be tried to the end. `unavailable` holds the last requests before the instance stopped answering.
    `complete` when the run came to its end.
    """

    failures: list[Failure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    requests: int = 0
    selected: int = 0
    unavailable: str = ""
    complete: bool = False


class _Refusals:
    """Which refusal belongs to which request: requests go one after the other, so it lies between two answers."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self._refusals = refusals
        self._last = 0.0

    def by_case(self, interactions: Mapping[str, Any]) -> dict[str, str]:
        """Case -> what was refused while it was answered; to be called in the order of the report."""
        if not self._refusals:
            return {}
        ends = {case: _number(_mapping(inner).get("timestamp")) for case, inner in interactions.items()}
        found: dict[str, str] = {}
        for case, ended in sorted(ends.items(), key=lambda pair: pair[1]):
            during = [refusal.what for refusal in self._refusals if self._last < refusal.at <= ended]
            if during:
                found[case] = during[0]
            self._last = max(self._last, ended)
        return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def read_report(path: Path, refusals: Sequence[Refusal] = ()) -> Report:
    """What is in the file, as far as it was written; an empty report when there is none."""
    report = Report()
    seen: dict[tuple[str, str, str], Failure] = {}
    refused = _Refusals(refusals)
    errors: dict[str, str] = {}
    for kind, event in _events(path):
        if kind == "ScenarioFinished":
            _scenario(report, _mapping(event.get("recorder")), seen, refused)
        elif kind == "LoadingFinished":
            counts = _mapping(_mapping(event.get("statistic")).get("operations"))
            report.selected = int(counts.get("selected") or 0)
        elif kind in ("NonFatalError", "FatalError"):
            value = _mapping(event.get("value")) or _mapping(event.get("exception"))
            if value.get("type") == "ServerUnavailable":
                report.unavailable = str(value.get("message", ""))
            errors.setdefault(
                str(event.get("label", "")), f"{event.get('label', '')}: {value.get('message', 'an error')}"
            )
        elif kind == "EngineFinished":
            report.complete = event.get("stop_reason", "completed") == "completed"
    report.failures = list(seen.values())
    report.errors = list(errors.values())
    return report


def _events(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        while line := file.readline(LONGEST_LINE):
            try:
                told = json.loads(line)
            except (ValueError, RecursionError):
                continue
            for kind, event in _mapping(told).items():
                yield kind, _mapping(event)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _scenario(
    report: Report,
    recorder: Mapping[str, Any],
    seen: dict[tuple[str, str, str], Failure],
    refused: _Refusals,
) -> None:
    interactions = _mapping(recorder.get("interactions"))
    during = refused.by_case(interactions)
    cases = _mapping(recorder.get("cases"))
    for case, interaction in interactions.items():
        if _mapping(interaction).get("response"):
            report.requests += 1
            value = _mapping(_mapping(cases.get(case)).get("value"))
            if value:
                report.tried.add(f"{str(value.get('method', '')).upper()} {value.get('path', '')}")
    label = str(recorder.get("label", ""))
    if " /" in label and interactions:
        report.tried.add(label)
    for case, checks in _mapping(recorder.get("checks")).items():
        for check in checks if isinstance(checks, list) else ():
            _check(_mapping(check), _mapping(interactions.get(case)), seen, during.get(case, ""))


def _check(
    check: Mapping[str, Any],
    interaction: Mapping[str, Any],
    seen: dict[tuple[str, str, str], Failure],
    refused: str,
) -> None:
    failure = _mapping(_mapping(check.get("failure_info")).get("failure"))
    if check.get("status") != "failure" or not failure:
        return
    name, operation = str(check.get("name", "unnamed")), str(failure.get("operation", ""))
    key = (name, operation, str(failure.get("title", "")))
    known = seen.get(key)
    if (known is None and len(seen) < MOST_FAILURES) or (known is not None and known.refused and not refused):
        seen[key] = Failure(
            check=name,
            operation=operation,
            title=str(failure.get("title", "")),
            detail=str(failure.get("message", "")),
            status=int(_mapping(interaction.get("response")).get("status_code") or 0),
            curl=curl(_mapping(interaction.get("request"))),
            refused=refused,
        )


def curl(request: Mapping[str, Any]) -> str:
    """A command line that sends the request again."""
    words = ["curl", "-i", "-X", str(request.get("method", "GET"))]
    for name, values in _mapping(request.get("headers")).items():
        for value in values if isinstance(values, list) else [values]:
            if name.lower() not in (
                "user-agent",
                "accept-encoding",
                "connection",
                "content-length",
                "x-schemathesis-testcaseid",
            ):
                words += ["-H", f"{name}: {value}"]
    body = (
        _mapping(request.get("body")).get("$base64") if isinstance(request.get("body"), dict) else request.get("body")
    )
    if isinstance(body, str) and body:
        try:
            words += ["--data-raw", base64.b64decode(body, validate=True).decode("utf-8", "backslashreplace")[:600]]
        except (binascii.Error, ValueError):
            words += ["--data-raw", body[:600]]
    return shlex.join([*words, str(request.get("uri", ""))])
