"""What a look of a check saw, as symptoms: its findings, else how it failed; and what is no case, with the reason.

A finding that is accepted, or that only informs, is none. A check that knows nothing for want of a tool is none either: it is
said. A failed task whose findings tell why is told by them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.core.case_facts import Symptom, family_of
from callboard.core.correlate_clues import clues_of
from callboard.core.correlate_scene import SKIPPED, UNKNOWN
from callboard.core.run import SEVERITIES
from callboard.learn.symptoms_trace import Trace
from callboard.work.finding import clean

MOST_SYMPTOMS = 2_000
LONGEST_TITLE = 200
LONGEST_MESSAGE = 1_500
INGESTING = ("quality.report", "security.report")
ASIDE = ("test-quarantined",)
HOW = {
    "time limit": "task-timeout", "memory limit": "task-memory", "crashed": "task-crashed", "not started": "task-not-started",
    "lost": "task-lost", "output limit": "task-output", "process limit": "task-processes",
}  # fmt: skip
_RATE = re.compile(r"fails \d+ of \d+ tries \((\d{1,3}) %\)")
_NEEDS = re.compile(r"^needs (.+?), which (?:failed|timed out|was lost|was skipped)")


@dataclass(frozen=True, slots=True)
class Look:
    """One attempt that came to its end, or a task that was skipped: what it is, how it ended, what it found.

    `code` names the code and settings that it looked at; `trace` is what its output says of a failure. `waits_for` is the check
    that it needed in vain; `argv` are the words of a command, `folder` is where it ran.
    """

    workspace: str
    run: int
    place: int
    check: str
    agent: str
    action: str
    state: str
    verdict: str
    how: str
    reason: str
    attempt: int
    at: float
    code: str = ""
    commit: str = ""
    subject: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Mapping[str, Any]] = ()
    trace: Trace = Trace()
    waits_for: str = ""
    argv: tuple[str, ...] = ()
    folder: str = ""

    @property
    def task(self) -> str:
        """'12.3'."""
        return f"{self.run}.{self.place}"

    @property
    def is_whole(self) -> bool:
        """Whether what it does not report is not there: an orderly end with a verdict."""
        if self.state not in ("succeeded", "failed") or self.how != "exited":
            return False
        return self.verdict in ("pass", "fail") if self.action else self.state == "succeeded" or bool(self.trace.words)


@dataclass(frozen=True, slots=True)
class Seen:
    """The symptoms of a look, and what is no case: in words, '' for nothing; `left_out` are symptoms beyond what is followed."""

    symptoms: tuple[Symptom, ...]
    said: str = ""
    left_out: int = 0


def check_of(look: Look) -> str:
    """The name under which a check is known; reports from elsewhere by who sent them."""
    if look.action in INGESTING:
        source = clean(str(look.options.get("source") or look.options.get("name") or ""), 100)
        return f"{look.action} {source}".strip()
    return look.check


def seen_by(look: Look) -> Seen:
    """What the look saw."""
    if look.state == "skipped":
        return Seen((_of_task(look, SKIPPED, "medium", look.reason),) if look.waits_for else ())
    found = {symptom.key: symptom for symptom in _of_findings(look)}
    symptoms = sorted(found.values(), key=lambda symptom: SEVERITIES.index(symptom.severity))
    grave = any(SEVERITIES.index(symptom.severity) <= 2 for symptom in symptoms)
    if look.state in ("failed", "timed out", "lost") and not (grave and look.how == "exited"):
        rule = HOW.get(look.how, "task-failed")
        return _bounded([_of_task(look, rule, "high", look.reason), *symptoms])
    if look.state == "succeeded" and look.verdict == "unknown" and not grave:
        symptom = _of_task(look, UNKNOWN, "info", look.reason)
        clues = clues_of(symptom)
        said = f"{look.check} knows nothing: {clean(look.reason, 300)}"
        return _bounded([*symptoms, symptom] if clues.strong or clues.decodes else symptoms, said)
    return _bounded(symptoms)


def _bounded(symptoms: Sequence[Symptom], said: str = "") -> Seen:
    return Seen(tuple(symptoms[:MOST_SYMPTOMS]), said, max(0, len(symptoms) - MOST_SYMPTOMS))


def _of_findings(look: Look) -> Iterable[Symptom]:
    for row in look.findings:
        severity, rule = str(row["severity"]), str(row["rule"])
        if row.get("accepted") or severity not in SEVERITIES or severity == "info" or rule in ASIDE:
            continue
        message = clean(str(row["message"]), LONGEST_MESSAGE)
        tool = str(row.get("tool") or "")
        rate = _RATE.search(message) if rule == "test-flaky" else None
        yield Symptom(
            check_of(look), str(row["fingerprint"] or _mark(rule, row["path"], message)), _kind(look, rule), rule, severity,
            clean(message.split("\n", 1)[0], LONGEST_TITLE), str(row["path"] or ""), int(row["line"] or 0), message,
            family_of(rule, tool or look.agent, message), ((tool, str(row.get("tool_version") or "")),) if tool else (),
            look.agent, look.run, look.task, look.attempt, first=_first(row, look.at), seen=look.at, code=look.code,
            flaky=int(rate[1]) / 100 if rate else None,
        )  # fmt: skip


def _first(row: Mapping[str, Any], at: float) -> float:
    since = row.get("since")
    return float(since) if isinstance(since, int | float) and 0 < since <= at else at


def _kind(look: Look, rule: str) -> str:
    if look.action in INGESTING:
        return "ingested"
    return "test" if rule.startswith("test-") and rule != "test-duration" else "finding"


def _of_task(look: Look, rule: str, severity: str, reason: str) -> Symptom:
    """How a task came to a bad end; it is another symptom when its own words are others."""
    trace = look.trace
    message = clean(reason or look.state, LONGEST_MESSAGE)
    if trace.words and trace.words not in message:
        message = f"{message}: {trace.words}"
    if trace.path and f"({trace.path}:" not in message:
        message += f" (in {trace.path}:{trace.line})"
    family = family_of(rule, look.action or "command", trace.words or reason)
    mark = _mark(rule, look.check, look.waits_for if rule == SKIPPED else family)
    title = clean(f"{look.check} {_ended(look, rule)}: {trace.words or reason}", LONGEST_TITLE).rstrip(": ")
    return Symptom(
        check_of(look), mark, "task", rule, severity, title, trace.path, trace.line, message, family, (), look.agent, look.run,
        look.task, look.attempt, first=look.at, seen=look.at, code=look.code,
    )  # fmt: skip


def _ended(look: Look, rule: str) -> str:
    return {SKIPPED: "was not started", UNKNOWN: "knows nothing"}.get(rule, look.state)


def _mark(*words: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, words)).encode("utf-8", "replace")).hexdigest()[:16]


def needed_in_vain(reason: str) -> str:
    """The check that a skipped task names as the one that failed, '' for another reason."""
    match = _NEEDS.match(reason)
    return match[1] if match else ""
