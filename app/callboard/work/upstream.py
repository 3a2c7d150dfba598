"""What the tasks before this one left behind: their verdict, their outputs, their artefacts and their findings."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.core.task import Verdict
from callboard.work.finding import Finding, Severity, clean
from callboard.work.messages import LONGEST_LINE, MESSAGES

LARGEST_SPOOL = 64_000_000
MOST_FINDINGS = 2_000
READ = (b'{"t": "result"', b'{"t": "artifact"', b'{"t": "finding"')
_TEXTS = frozenset({"rule", "message", "path", "help", "tool", "tool_version", "fingerprint", "accepted"})
_NUMBERS = frozenset({"line", "column", "end_line"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """A task of the same run that this one needs or comes after, at its newest attempt.

    `state` as on the pages ('succeeded', 'failed', …), `verdict` None when it gave none. `artifacts` are its kept files by name.
    `findings` are those that it reported, the worst MOST_FINDINGS of them, in its own order; `more_findings` how many are left out.
    """

    name: str
    action: str
    state: str
    verdict: Verdict | None = None
    summary: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    more_findings: int = 0


def upstream_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Upstream]:
    """By task name, from the entries of an order: name, action, state and spool folder of each task before this one."""
    found: dict[str, Upstream] = {}
    for entry in entries:
        spool = Path(entry["spool"])
        result: Mapping[str, Any] = {}
        artifacts: dict[str, Path] = {}
        findings: list[Finding] = []
        for message in _messages(spool / MESSAGES):
            if message.get("t") == "result":
                result = message
            elif message.get("t") == "artifact" and isinstance(message.get("name"), str):
                kept = spool / "artifacts" / message["name"].replace("/", "_")
                if kept.is_file() and not kept.is_symlink():
                    artifacts[message["name"]] = kept
            elif message.get("t") == "finding" and (reported := _finding(message)) is not None:
                findings.append(reported)
        verdict = result.get("verdict")
        outputs = result.get("outputs")
        found[entry["name"]] = Upstream(
            name=entry["name"],
            action=entry["action"],
            state=entry["state"],
            verdict=Verdict(verdict) if verdict in list(Verdict) else None,
            summary=str(result.get("summary", "")),
            outputs=outputs if isinstance(outputs, dict) else {},
            artifacts=artifacts,
            findings=_worst(findings),
            more_findings=max(0, len(findings) - MOST_FINDINGS),
        )
    return found


def _worst(findings: list[Finding]) -> tuple[Finding, ...]:
    if len(findings) <= MOST_FINDINGS:
        return tuple(findings)
    ranked = sorted(range(len(findings)), key=lambda place: (findings[place].severity.rank, place))
    return tuple(findings[place] for place in sorted(ranked[:MOST_FINDINGS]))


def _finding(message: Mapping[str, Any]) -> Finding | None:
    """The finding of a message, None for one that cannot be."""
    if message.get("severity") not in list(Severity) or not isinstance(message.get("rule"), str):
        return None
    texts = {name: clean(value) for name in _TEXTS if isinstance(value := message.get(name), str)}
    numbers = {name: value for name in _NUMBERS if type(value := message.get(name)) is int and value >= 0}
    since = message.get("since")
    known = float(since) if isinstance(since, (int, float)) and 0 <= since < 1e12 else 0.0
    fields: dict[str, Any] = {"message": "", **texts, **numbers}
    return Finding(severity=Severity(message["severity"]), since=known, is_new=message.get("is_new") is True, **fields)


def _messages(path: Path) -> Iterable[dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            text = file.read(LARGEST_SPOOL)
    except OSError:
        return
    for line in text.splitlines():
        if len(line) > LONGEST_LINE or not line.startswith(READ):
            continue
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict):
            yield message
