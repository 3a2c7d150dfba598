"""What an OpenSpec folder says, as values: changes with their tasks and deltas, specs with their requirements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from callboard.link.openspec.requirements import Plan

NOTHING: Mapping[str, Any] = MappingProxyType({})
SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is odd, as a sentence, with the mend; `change` is '' when it is about no single one.

    `path` is relative to the workspace, `line` 1-based or 0; `others` are further changes that it is about.
    """

    kind: str
    severity: str
    words: str
    mend: str = ""
    change: str = ""
    path: str = ""
    line: int = 0
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One task line.

    `ref` is its identity in the roadmap: the change with its number, `add-login#1.2`, or with a hash of its text where there
    is no number, `add-login#t5f0c…`; a second one of the same name ends with `~` and more. `mark` is what stands between the
    brackets (' ', 'x', '~', …; '' for `[]`); only x and X are `done`. `indent` counts columns. `seen` says how the whole line
    read: `tick` asks for it.
    """

    ref: str
    number: str
    text: str
    section: str
    path: str
    line: int
    mark: str
    done: bool
    indent: int
    seen: str


@dataclass(frozen=True, slots=True)
class Section:
    """The tasks below one heading, in the order of the file; `title` is '' for those above the first."""

    title: str
    path: str
    line: int
    tasks: tuple[Task, ...] = ()

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(task.done for task in self.tasks)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.tasks)


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line of a tasks file that looks like a task and is not counted; `boxed` tells whether it has something like a box."""

    text: str
    path: str
    line: int
    boxed: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of a spec, or of a delta, with the titles of its scenarios and its own words (bounded)."""

    name: str
    line: int
    scenarios: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a change does to one requirement of a capability. `operation`: ADDED, MODIFIED, REMOVED or RENAMED.

    `becomes` is the new name of a renamed one. `path` is relative to the workspace.
    """

    capability: str
    operation: str
    requirement: str
    path: str
    line: int
    scenarios: tuple[str, ...] = ()
    text: str = ""
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """A capability as it is now: `openspec/specs/<id>/spec.md`; `text` is the whole file, for the checks."""

    id: str
    path: str
    requirements: tuple[Requirement, ...] = ()
    purpose: str = ""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """An active change, a folder below `changes/`.

    `id` is the folder's name (cleaned for showing). `last` is the newest modification of any of its files, in epoch seconds,
    as `openspec list` says it. `keys` is what its `.openspec.yaml` holds (plain values; {} when it has none or it is broken);
    `depends_on` is read from it. `files` are paths relative to the workspace. `nested` are the real changes inside of a folder
    that only wraps others. `plans` are its delta files as the checks need them, `unread` those with deltas that OpenSpec does not
    read for their name, `root_spec` tells of a `specs/spec.md`, which it refuses. `odd_lines` look like tasks and are none.
    `trouble` is what of it could not be read.
    """

    id: str
    path: str
    title: str = ""
    why: str = ""
    sections: tuple[Section, ...] = ()
    deltas: tuple[Delta, ...] = ()
    files: tuple[str, ...] = ()
    task_files: tuple[str, ...] = ()
    has_proposal: bool = False
    has_design: bool = False
    last: float = 0.0
    schema: str = "spec-driven"
    keys: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    depends_on: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = field(default=(), repr=False)
    unread: tuple[str, ...] = ()
    root_spec: bool = False
    odd_lines: tuple[OddLine, ...] = ()
    trouble: tuple[Check, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks in the order of the files."""
        return tuple(task for section in self.sections for task in section.tasks)

    @property
    def done(self) -> int:
        """How many tasks are done; equals `completedTasks` of `openspec list --json`."""
        return sum(section.done for section in self.sections)

    @property
    def total(self) -> int:
        """How many tasks there are; equals `totalTasks`."""
        return sum(section.total for section in self.sections)

    @property
    def status(self) -> str:
        """`no-tasks`, `in-progress` or `complete`, exactly as `openspec list --json` says it."""
        total = self.total
        return "no-tasks" if total == 0 else "complete" if self.done == total else "in-progress"


@dataclass(frozen=True, slots=True)
class Archived:
    """A change that was archived: its id without the date, and the date '2026-01-31' or ''."""

    id: str
    date: str


@dataclass(frozen=True, slots=True)
class Roadmap:
    """All that one reading of the folder found.

    `there` is False when there is no such folder; then `why` says so in words. `changes` come in the order of `openspec list`
    (newest first). `signature` is equal as long as nothing changed. `trouble` is what could not be read as it should.
    """

    folder: str = "openspec"
    there: bool = False
    why: str = ""
    changes: tuple[Change, ...] = ()
    specs: tuple[Spec, ...] = ()
    archived: tuple[Archived, ...] = ()
    trouble: tuple[Check, ...] = ()
    signature: str = ""

    def change(self, name: str) -> Change | None:
        """The active change of that id."""
        return next((change for change in self.changes if change.id == name), None)

    def task(self, ref: str) -> Task | None:
        """The task of that ref, as it reads now."""
        change = self.change(ref.rpartition("#")[0])
        return next((task for task in change.tasks if task.ref == ref), None) if change else None

    @property
    def done(self) -> int:
        """Tasks done in all active changes."""
        return sum(change.done for change in self.changes)

    @property
    def total(self) -> int:
        """Tasks of all active changes."""
        return sum(change.total for change in self.changes)
