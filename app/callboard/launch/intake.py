"""What one attempt said, checked, and gathered into facts."""

import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from callboard.core.facts import Asked, Fact, Found, Kept, Measured, Progressed, Shown
from callboard.core.task import AttemptKey, Verdict
from callboard.launch.added import Added
from callboard.launch.shown import section_blocks, section_name
from callboard.launch.values import BadMessage, finding, inner_path, number, regular, text, whole

FINDINGS_AT_ONCE = 200
METRICS_AT_ONCE = 500
LARGEST_OUTPUTS = 65_536
MOST = {
    "finding": 5_000,
    "metric": 20_000,
    "artifact": 1_000,
    "patch": 100,
    "ask": 100,
    "result": 10,
    "section": 10_000,
    "tasks": 2_000,
}
MOST_SECTIONS = 20
SHOWN_AT_ONCE = 100


class Intake:
    """Takes lines, hands out facts. A line that is no proper message is counted in `bad`, what is too much in `left_out`.

    `added` is what it wants to add to its run.
    `result` is the last one that could be used, `trouble` says what is wrong with one that could not. `told` counts what was
    told of the attempt before, by a former engine: 'findings', 'metrics', 'kept', 'asked', 'shown'; so many of each are left out.
    Of what is put into a section the newest counts: after SHOWN_AT_ONCE it waits for the end of the attempt.
    """

    def __init__(
        self, key: AttemptKey, folder: str, wall: Callable[[], float], told: Mapping[str, int] | None = None
    ) -> None:
        self._key = key
        self._folder = folder
        self._wall = wall
        self._told = Counter(told or {})
        self._count: Counter[str] = Counter()
        self._findings: list[Mapping[str, Any]] = []
        self._metrics: list[tuple[str, float, str]] = []
        self._progress: Progressed | None = None
        self._facts: list[Fact] = []
        self._held: Kept | None = None
        self._sections: dict[str, Shown | None] = {}
        self._shown = 0
        self.added = Added()
        self.bad = 0
        self.left_out = 0
        self.result: Mapping[str, Any] | None = None
        self.trouble = ""

    def take(self, line: bytes) -> None:
        """One line as it stands in the file."""
        kind = ""
        try:
            message = _object(line)
            kind = str(message.get("t"))
            self._count[kind] += 1
            if self._count[kind] > MOST.get(kind, 1 << 60):
                self.left_out += 1
            else:
                self._heard(kind, message, len(line))
        except (ValueError, RecursionError) as error:
            self.bad += 1
            if kind == "result" or (not kind and line.startswith(b'{"t": "result"')):
                self.trouble = str(error) or "it is no JSON"

    def flush(self, *, is_last: bool = False) -> list[Fact]:
        """The facts since the last call; a patch may be held back for its proof until the next call."""
        at = self._wall()
        if is_last and self._held is not None:
            self._facts.append(self._held)
            self._held = None
        facts = [fact for fact in self._facts if not self._is_told("asked" if isinstance(fact, Asked) else "kept")]
        if self._progress is not None:
            facts.append(self._progress)
        findings = [fields for fields in self._findings if not self._is_told("findings")]
        for first in range(0, len(findings), FINDINGS_AT_ONCE):
            facts.append(Found(self._key, at, tuple(findings[first : first + FINDINGS_AT_ONCE])))
        metrics = [metric for metric in self._metrics if not self._is_told("metrics")]
        for first in range(0, len(metrics), METRICS_AT_ONCE):
            facts.append(Measured(self._key, at, tuple(metrics[first : first + METRICS_AT_ONCE])))
        facts += self._sections_now(is_last=is_last)
        self._facts, self._findings, self._metrics, self._progress = [], [], [], None
        return facts

    def _sections_now(self, *, is_last: bool) -> list[Fact]:
        if self._shown >= SHOWN_AT_ONCE and not is_last:
            return []
        shown = sorted((fact for fact in self._sections.values() if fact is not None), key=lambda fact: fact.nth)
        self._sections = dict.fromkeys(self._sections)
        self._shown += len(shown)
        return list(shown)

    def _is_told(self, kind: str) -> bool:
        if self._told[kind] <= 0:
            return False
        self._told[kind] -= 1
        return True

    def _heard(self, kind: str, message: Mapping[str, Any], size: int) -> None:
        match kind:
            case "progress":
                fraction = None if message.get("fraction") is None else min(1.0, max(0.0, number(message, "fraction")))
                self._progress = Progressed(self._key, self._at(message), fraction, text(message, "note", 200, ""))
            case "finding":
                self._findings.append(finding(message))
            case "metric":
                name = text(message, "name", 200)
                self._metrics.append((name, number(message, "value"), text(message, "unit", 20, "")))
            case "artifact":
                self._kept(message)
            case "patch":
                self._patch(message)
            case "ask":
                self._asked(message)
            case "section":
                self._section(message)
            case "tasks":
                self.added.take(message, size)
            case "result":
                self.result, self.trouble = _result(message), ""
            case "log":
                return
            case _:
                raise BadMessage("unknown kind")

    def _kept(self, message: Mapping[str, Any]) -> None:
        path, size = self._file(message)
        kept = Kept(
            self._key, self._at(message), text(message, "name", 200), path, size, text(message, "format", 40, "")
        )
        if self._held is not None:
            self._facts.append(self._held)
            self._held = None
        if kept.format == "patch":
            self._held = kept
        else:
            self._facts.append(kept)

    def _patch(self, message: Mapping[str, Any]) -> None:
        path, size = self._file(message)
        files = message.get("files")
        proof = message.get("proof", {})
        if not isinstance(files, list) or not isinstance(proof, dict) or len(files) > 10_000:
            raise BadMessage("'files' or 'proof' of a patch is wrong")
        about = {
            "base": text(message, "base", 64),
            "files": [inner_path(file) for file in files],
            "proof": regular(proof),
        }
        if self._held is not None and self._held.path != path:
            self._facts.append(self._held)
        self._held = None
        self._facts.append(Kept(self._key, self._at(message), text(message, "name", 200), path, size, "patch", about))

    def _asked(self, message: Mapping[str, Any]) -> None:
        choices = message.get("choices")
        if not isinstance(choices, list) or not 0 < len(choices) <= 20 or not all(isinstance(c, str) for c in choices):
            raise BadMessage("'choices' are wrong")
        # The attempt waits for its own words: what cleaning would change can never be answered, so it is refused.
        if any(regular(choice) != choice for choice in choices) or text(message, "id", 100) != message["id"]:
            raise BadMessage("'id' or 'choices' hold control characters")
        question = text(message, "question", 2_000)
        self._facts.append(Asked(self._key, self._at(message), message["id"], question, tuple(choices)))

    def _section(self, message: Mapping[str, Any]) -> None:
        nth = self._count["section"]
        if nth <= self._told["shown"]:
            return
        name = section_name(message)
        if name not in self._sections and len(self._sections) >= MOST_SECTIONS:
            raise BadMessage("too many sections")
        self._sections[name] = Shown(self._key, self._at(message), nth, name, section_blocks(message))

    def _file(self, message: Mapping[str, Any]) -> tuple[str, int]:
        """A plain file below the spool folder that is no link, and its true size."""
        path = inner_path(message.get("path"))
        whole(message, "size")
        place = os.path.join(self._folder, path)
        top = os.path.realpath(self._folder)
        if "\0" in path or os.path.dirname(os.path.realpath(place)) != os.path.normpath(
            os.path.join(top, os.path.dirname(path))
        ):
            raise BadMessage("an artefact lies outside of the spool folder")
        try:
            status = os.lstat(place)
        except OSError as error:
            raise BadMessage("an artefact is not there") from error
        if not stat.S_ISREG(status.st_mode):
            raise BadMessage("an artefact is no plain file")
        return path, status.st_size

    def _at(self, message: Mapping[str, Any]) -> float:
        now = self._wall()
        at = message.get("at")
        return float(at) if isinstance(at, (int, float)) and 0 < at <= now else now


def _object(line: bytes) -> dict[str, Any]:
    value = json.loads(line.decode("utf-8", "replace"), parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise BadMessage("no object")
    return value


def _no_constant(name: str) -> float:
    raise BadMessage(f"{name} is no number")


def _result(message: Mapping[str, Any]) -> dict[str, Any]:
    verdict = message.get("verdict")
    if verdict is not None and verdict not in list(Verdict):
        raise BadMessage("'verdict' is none of pass, fail, unknown")
    age = message.get("data_age_days")
    if age is not None:
        age = number(message, "data_age_days")
    outputs = message.get("outputs", {})
    if not isinstance(outputs, dict):
        raise BadMessage("'outputs' is no table")
    if len(json.dumps(outputs)) > LARGEST_OUTPUTS:
        raise BadMessage(f"'outputs' is larger than {LARGEST_OUTPUTS} bytes; keep an artefact instead")
    return {
        "verdict": None if verdict is None else Verdict(verdict),
        "summary": text(message, "summary", 2_000, ""),
        "data_age_days": age,
        "outputs": regular(outputs),
    }
