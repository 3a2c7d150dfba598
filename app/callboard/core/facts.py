"""What the launcher tells the engine about attempts; the core turns these into events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callboard.core.task import AttemptKey, Process, Usage, Verdict


class How(StrEnum):
    """How an attempt came to its end."""

    EXITED = "exited"
    CRASHED = "crashed"
    TIME = "time limit"
    MEMORY = "memory limit"
    OUTPUT = "output limit"
    PROCESSES = "process limit"
    STOPPED = "stopped"
    NOT_STARTED = "not started"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Began:
    """The attempt's process runs."""

    key: AttemptKey
    at: float
    process: Process
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt is over and its process tree is gone.

    EXITED is an orderly end: of an action that returned (with its verdict), or of a command with its exit `code`.
    CRASHED is an exception, a signal or an exit without a result. STOPPED follows a wish of the engine.
    `reason` is one sentence. `never_ran` is set when it is certain that nothing of the work was begun.
    `jobs` are to join the run if the task has succeeded, each a mapping of the fields of `callboard.work.jobs.Job`, already
    checked; `unfit` says why what was to be added cannot be.
    """

    key: AttemptKey
    at: float
    how: How
    reason: str = ""
    code: int | None = None
    verdict: Verdict | None = None
    data_age_days: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage = Usage()
    never_ran: bool = False
    jobs: tuple[Mapping[str, Any], ...] = ()
    unfit: str = ""


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far it is, 0 to 1 or None; kept in memory alone."""

    key: AttemptKey
    at: float
    fraction: float | None
    note: str


@dataclass(frozen=True, slots=True)
class Found:
    """Findings, each a mapping of the fields of `callboard.work.finding.Finding`, already checked."""

    key: AttemptKey
    at: float
    findings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers: (name, value, unit)."""

    key: AttemptKey
    at: float
    metrics: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the attempt's spool folder that is kept; `path` is relative to that folder.

    `patch` is None, or for a patch: base (commit), files, proof.
    """

    key: AttemptKey
    at: float
    name: str
    path: str
    size: int
    format: str = ""
    patch: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The attempt asks a person and waits."""

    key: AttemptKey
    at: float
    question: str
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Blocks for a section of the agent's page, already checked; `nth` counts what the attempt put into sections, from 1."""

    key: AttemptKey
    at: float
    nth: int
    name: str
    blocks: tuple[Mapping[str, Any], ...]


Fact = Began | Ended | Progressed | Found | Measured | Kept | Asked | Shown
