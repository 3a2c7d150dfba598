"""What cases are made of: symptoms, what causes them, the states of a case, and who has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from callboard.core.task import NO_OPTIONS

LEVELS = ("critical", "high", "medium", "low", "info")
KINDS = ("finding", "test", "task", "alert", "slow", "ingested")
CAUSES = ("single", "file", "dependency", "setting", "commit", "setup", "host", "upstream", "family", "person")
OF_THE_WORLD = ("alert", "slow")  # kinds that say nothing of code: they are gone when they are not seen any more
NOTES = (
    "reproduced", "narrowed", "bisected", "blamed", "fix-proposed", "fix-tried", "verified", "taken-back", "frozen", "comment",
    "known-fix", "flaky", "asks",
)  # fmt: skip
BETWEEN = "\x1f"
LONGEST_TITLE = 300
LONGEST_WORDS = 2_000
MOST_WITNESSES = 20


class CaseState(StrEnum):
    """Where a case stands on its way."""

    NEW = "new"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    REPRODUCING = "reproducing"
    FIX_PROPOSED = "fix-proposed"
    VERIFYING = "verifying"
    CLOSED = "closed"
    ACCEPTED = "accepted"
    CANNOT_REPRODUCE = "cannot-reproduce"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that one check saw.

    `check` is the job that can tell whether it is there. `code` names the code and settings on which it was seen last: a
    commit, with a digest of what differs from it; '' when nobody can tell. `witnesses` are tools with their versions; `run`,
    `task` ('12.3') and `attempt` say where it was seen last. `gone` is when its check looked and it was not there, 0 when it
    is there; `quiet` counts looks at the same code that did not see it.
    """

    check: str
    fingerprint: str
    kind: str
    rule: str
    severity: str
    title: str
    path: str = ""
    line: int = 0
    message: str = ""
    family: str = ""
    witnesses: tuple[tuple[str, str], ...] = ()
    agent: str = ""
    run: int = 0
    task: str = ""
    attempt: int = 0
    first: float = 0.0
    seen: float = 0.0
    times: int = 1
    gone: float = 0.0
    gone_words: str = ""
    flaky: float | None = None
    code: str = ""
    quiet: int = 0
    why: str = ""

    @property
    def key(self) -> str:
        """What it is known by in its workspace."""
        return key_of(self.check, self.fingerprint)

    @property
    def place(self) -> str:
        """'check\x1fpath', for what persons taught about pairs of places."""
        return f"{self.check}{BETWEEN}{self.path}"

    def seen_again(self, now: "Symptom") -> "Symptom":
        """What is known of it after another sighting."""
        merged = tuple(dict.fromkeys((*now.witnesses, *self.witnesses)))[:MOST_WITNESSES]
        return replace(
            now, first=min(self.first or now.first, now.first or self.first), seen=max(self.seen, now.seen),
            times=self.times + max(1, now.times), witnesses=merged, flaky=now.flaky if now.flaky is not None else self.flaky,
            why=now.why or self.why, gone=0.0, gone_words="", quiet=0,
        )  # fmt: skip


def key_of(check: str, fingerprint: str) -> str:
    """The key of a symptom."""
    return f"{check}{BETWEEN}{fingerprint}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why symptoms are one case: the kind, what it is about (the file, the package …), and the reason in words."""

    kind: str
    about: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who has a case: an agent or a person, why, and who said so."""

    kind: str
    name: str
    why: str = ""
    by: str = ""

    @property
    def words(self) -> str:
        """'quality' or '@ann'."""
        return f"@{self.name}" if self.kind == "person" else self.name


@dataclass(frozen=True, slots=True)
class Noted:
    """The newest note of a kind."""

    at: float
    words: str
    facts: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    run: int = 0


_QUOTED = re.compile(r"'[^'\n]{1,300}'|\"[^\"\n]{1,300}\"|`[^`\n]{1,300}`")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://\S+")
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\w.@~+-]*[/\\])+[\w.@~+-]*|\b[\w-]+\.[A-Za-z]{1,5}(?=[:\s]|$)")
_NUMBER = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{7,64}\b|\d+(?:\.\d+)*")
_SPACE = re.compile(r"\s+")
LONGEST_FAMILY = 200


def family_of(rule: str, tool: str, message: str) -> str:
    """What a symptom shares with others of its kind: rule, tool and its message without quoted names, paths and numbers."""
    text = message[:LONGEST_WORDS].split("\n", 1)[0].lower()
    for pattern, sign in ((_URL, "‹url›"), (_QUOTED, "‹name›"), (_PATH, "‹path›"), (_NUMBER, "‹n›")):
        text = pattern.sub(sign, text)
    return f"{rule}{BETWEEN}{tool}{BETWEEN}{_SPACE.sub(' ', text).strip()[:LONGEST_FAMILY]}"


def worse(one: str, other: str) -> bool:
    """Whether the severity `one` is worse than `other`."""
    return LEVELS.index(one) < LEVELS.index(other)
