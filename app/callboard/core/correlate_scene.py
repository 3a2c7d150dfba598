"""What symptoms are grouped with, and what comes of it: the scene, the cases that stand, the groups, cases that become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callboard.core.case_facts import Cause, Symptom

SKIPPED, UNKNOWN = "task-skipped", "task-unknown"
TYPE_CHECKERS = ("mypy", "pyright", "tsc", "pyre", "ty", "basedpyright")
MILD = ("medium", "low", "info")


@dataclass(frozen=True, slots=True)
class Region:
    """Lines of a file that a commit changed, and the function or class around them."""

    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known beside the symptoms.

    `changed` are by path the changes since each check looked before, `gone` are words that they took out, with the file;
    `reaches` are by path of a test the changed files that it imports, `mentions` by symptom the names of changed functions that
    its test uses. `starts` are by check the files of the workspace that its command starts. `nearest` is by
    path the changed file that it goes through first, where one alone is the nearest.
    `needs` is by symptom the check that failed before its own. `backlog` are checks that look for the first time,
    `fresh` the symptoms that are new since those changes.
    """

    changed: Mapping[str, Sequence[Region]] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    reaches: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mentions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    starts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    nearest: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    backlog: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """A case that stands: its number, cause and symptoms.

    `may_join` says that a rule may make it one with another such case: it is open, not accepted, and no person merged or split
    it. `busy` says that somebody works on it: two of these stay two.
    """

    case: int
    cause: Cause
    symptoms: Sequence[Symptom]
    title: str = ""
    may_join: bool = False
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """New evidence shows that `case` has the cause of `into`; `why` in words."""

    case: int
    into: int
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """Symptoms that are one case; `case` is the number of the one that has some of them, 0 for a new one.

    `joins` are cases that stand and become one with it first, in this order.
    """

    symptoms: tuple[Symptom, ...]
    cause: Cause
    title: str
    severity: str
    case: int = 0
    joins: tuple[Join, ...] = ()
