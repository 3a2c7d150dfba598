"""What the tasks before this one left behind: their verdict, their outputs and their artefacts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.core.task import Verdict
from callboard.work.messages import LONGEST_LINE, MESSAGES

LARGEST_SPOOL = 64_000_000


@dataclass(frozen=True, slots=True)
class Upstream:
    """A task of the same run that this one needs or comes after, at its newest attempt.

    `state` as on the pages ('succeeded', 'failed', …), `verdict` None when it gave none. `artifacts` are its kept files by name.
    """

    name: str
    action: str
    state: str
    verdict: Verdict | None = None
    summary: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Path] = field(default_factory=dict)


def upstream_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Upstream]:
    """By task name, from the entries of an order: name, action, state and spool folder of each task before this one."""
    found: dict[str, Upstream] = {}
    for entry in entries:
        spool = Path(entry["spool"])
        result: Mapping[str, Any] = {}
        artifacts: dict[str, Path] = {}
        for message in _messages(spool / MESSAGES):
            if message.get("t") == "result":
                result = message
            elif message.get("t") == "artifact" and isinstance(message.get("name"), str):
                kept = spool / "artifacts" / message["name"].replace("/", "_")
                if kept.is_file() and not kept.is_symlink():
                    artifacts[message["name"]] = kept
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
        )
    return found


def _messages(path: Path) -> Iterable[dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            text = file.read(LARGEST_SPOOL)
    except OSError:
        return
    for line in text.splitlines():
        if len(line) > LONGEST_LINE or not line.startswith((b'{"t": "result"', b'{"t": "artifact"')):
            continue
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict):
            yield message
