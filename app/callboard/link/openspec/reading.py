"""Reads the folder of a workspace, and again only what changed in it."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.link.openspec import reach
from callboard.link.openspec.model import Archived, Change, Check, OddLine, Roadmap, Section, Spec
from callboard.link.openspec.nesting import nested_in
from callboard.link.openspec.proposal import title_and_why
from callboard.link.openspec.reach import Entry, Unreadable
from callboard.link.openspec.schemas import METADATA, Schemas, schemas_of
from callboard.link.openspec.spec_files import deltas_in, deltas_of, spec_of, spec_paths
from callboard.link.openspec.tasks import MOST_TASKS, odd_lines_of, sections_of
from callboard.work.finding import clean

MOST_CHANGES = 500
MOST_SPECS = 2_000
MOST_ARCHIVED = 5_000


@dataclass(frozen=True, slots=True)
class _Folder:
    """A change's folder as it lies there."""

    name: str
    identity: str
    entries: tuple[Entry, ...]
    own: int
    whole: bool

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.name, self.identity, self.whole, self.own, tuple(entry.stamp for entry in self.entries))

    @property
    def last(self) -> int:
        moments = [entry.moment for entry in self.entries if entry.kind != "folder" and entry.moment is not None]
        return max(moments, default=self.own)


def read(workspace: Path | str, folder: str = "openspec") -> Roadmap:
    """One reading of `workspace/folder`; never raises for what lies there, what cannot be read is in `trouble`."""
    return Reader(workspace, folder).read()


class Reader:
    """Reads again and again: what did not change since is not read a second time. For one thread at a time."""

    def __init__(self, workspace: Path | str, folder: str = "openspec") -> None:
        self._workspace = os.path.realpath(workspace)
        self._folder = folder.strip("/") or "openspec"
        self._changes: dict[str, tuple[tuple[Any, ...], Change]] = {}
        self._specs: dict[str, tuple[tuple[Any, ...], Spec | Check]] = {}
        self._schemas: Schemas | None = None
        self._last = Roadmap(folder=self._folder)

    def read(self) -> Roadmap:
        """The folder as it is now; the very same object as before when nothing changed."""
        base = os.path.join(self._workspace, self._folder)
        why = self._why_not(base)
        if why:
            self._last = Roadmap(folder=self._folder, why=why, signature=why)
            return self._last
        changes, trouble = self._listed(base)
        specs = _specs_listed(base, trouble)
        archived = _archived(base, trouble)
        schemas = self._schemas = schemas_of(base, self._folder, self._schemas)
        signature = _digest(
            [folder.key for folder in changes], [entry.stamp for entry in specs], archived, schemas.key, trouble
        )
        if signature == self._last.signature:
            return self._last
        read = [self._change(base, folder, schemas) for folder in changes]
        order = sorted(range(len(read)), key=lambda at: -changes[at].last)
        found, wrong = self._read_specs(base, specs)
        self._last = Roadmap(
            folder=self._folder,
            there=True,
            changes=tuple(read[at] for at in order),
            specs=tuple(found),
            archived=archived,
            trouble=(*trouble, *schemas.trouble, *wrong, *(t for at in order for t in read[at].trouble)),
            signature=signature,
        )
        self._changes = {name: kept for name, kept in self._changes.items() if name in {f.name for f in changes}}
        return self._last

    def _why_not(self, base: str) -> str:
        if not reach.is_folder(base):
            return f"there is no folder {self._folder}/ in the workspace"
        try:
            reach.inside(base, self._workspace)
        except Unreadable as error:
            return f"the folder {self._folder}/ {error}"
        parts = [os.path.join(base, name) for name in ("changes", "specs", "config.yaml", "config.yml")]
        if not any(os.path.exists(part) for part in parts):
            return f"the folder {self._folder}/ holds neither changes/ nor specs/"
        return ""

    def _listed(self, base: str) -> tuple[list[_Folder], list[Check]]:
        """The changes as they lie there: every real folder below `changes/` but `archive`, hidden ones too, links not."""
        trouble: list[Check] = []
        around = os.path.join(base, "changes")
        try:
            if not os.path.lexists(around):
                return [], trouble
            reach.inside(around, self._workspace)
            with os.scandir(around) as listed:
                inside = [item for item in listed if item.is_dir(follow_symlinks=False) and item.name != "archive"]
        except (OSError, Unreadable) as error:
            words = str(error) if isinstance(error, Unreadable) else f"cannot be read: {error.strerror}"
            trouble.append(
                Check("unreadable", "high", f"{self._folder}/changes {words}", path=f"{self._folder}/changes")
            )
            return [], trouble
        inside.sort(key=lambda item: os.fsencode(item.name))
        if len(inside) > MOST_CHANGES:
            words = f"{len(inside):,} folders below {self._folder}/changes; the first {MOST_CHANGES} are read"
            trouble.append(Check("too-many", "high", words, "archive what is done", path=f"{self._folder}/changes"))
        found = []
        room = reach.MOST_ENTRIES
        ids = _unique([clean(item.name, 200) for item in inside[:MOST_CHANGES]])
        for item, identity in zip(inside[:MOST_CHANGES], ids, strict=True):
            try:
                entries = tuple(reach.walk(item.path, room))
                own = reach.moment(item.path)
            except OSError as error:
                words = f"change '{clean(item.name, 100)}' cannot be read: {error.strerror or type(error).__name__}"
                trouble.append(
                    Check("unreadable", "high", words, "give yourself the right to read it", clean(item.name))
                )
                entries, own = (), 0
            whole = len(entries) < room
            room = max(0, room - len(entries))
            if not whole:
                words = (
                    f"there are more than {reach.MOST_ENTRIES:,} files below {self._folder}/changes; not all are read"
                )
                trouble.append(Check("too-many", "high", words, "keep only OpenSpec's files there", clean(item.name)))
            found.append(_Folder(item.name, identity, entries, own, whole))
        return found, trouble

    def _change(self, base: str, folder: _Folder, schemas: Schemas) -> Change:
        key = (*folder.key, schemas.key)
        kept = self._changes.get(folder.name)
        if kept and kept[0] == key:
            return kept[1]
        change = _read_change(os.path.join(base, "changes", folder.name), self._folder, folder, schemas)
        self._changes[folder.name] = (key, change)
        return change

    def _read_specs(self, base: str, entries: list[Entry]) -> tuple[list[Spec], list[Check]]:
        found, wrong = list[Spec](), list[Check]()
        fresh: dict[str, tuple[tuple[Any, ...], Spec | Check]] = {}
        for entry in entries:
            kept = self._specs.get(entry.name)
            if kept is None or kept[0] != entry.stamp:
                kept = (entry.stamp, _read_spec(base, self._folder, entry))
            fresh[entry.name] = kept
            if isinstance(kept[1], Spec):
                found.append(kept[1])
            else:
                wrong.append(kept[1])
        self._specs = fresh
        return found, wrong


def _read_change(path: str, around: str, folder: _Folder, schemas: Schemas) -> Change:
    identity = folder.identity
    shown = f"{around}/changes/{identity}"
    trouble: list[Check] = []

    names = {entry.name: entry.kind for entry in folder.entries}

    def text_of(name: str) -> str:
        try:
            return reach.text(os.path.join(path, name), path, plain=names[name] == "file")
        except Unreadable as error:
            trouble.append(_unreadable(shown, name, identity, str(error)))
            return ""

    meta = schemas.of_change(path, shown, identity, names.get(METADATA, ""))
    trouble.extend(meta.trouble)
    names_of_tasks = schemas.task_files(path, meta, folder.entries, shown, identity, trouble)
    sections, task_files, odd = _sections(path, shown, identity, names_of_tasks, names, trouble)
    schema = schemas.of(meta.schema)
    title, why = title_and_why(text_of("proposal.md")) if "proposal.md" in names else ("", "")
    plans, wrong, unread = deltas_of(path, shown, identity, folder.entries)
    trouble.extend(wrong)
    return Change(
        id=identity,
        path=shown,
        title=title or identity,
        why=why,
        sections=tuple(sections),
        deltas=tuple(deltas_in(plans)),
        plans=tuple(plans),
        unread=tuple(unread),
        root_spec=names.get("specs/spec.md") in ("file", "link"),
        odd_lines=tuple(odd),
        files=tuple(f"{shown}/{clean(entry.name, 500)}" for entry in folder.entries if entry.kind in ("file", "link"))[
            :500
        ],
        task_files=tuple(task_files),
        has_proposal="proposal.md" in names,
        has_design="design.md" in names,
        last=folder.last / 1_000,
        schema=meta.schema,
        keys=meta.keys,
        depends_on=meta.depends_on,
        nested=nested_in(path, folder.name, folder.entries, schema.generates if schema else ()),
        trouble=tuple(trouble),
    )


def _sections(
    path: str, shown: str, identity: str, wanted: list[str], names: Mapping[str, str], trouble: list[Check]
) -> tuple[list[Section], list[str], list[OddLine]]:
    sections, files, odd = list[Section](), list[str](), list[OddLine]()
    taken: dict[str, int] = {}
    for name in wanted:
        where = f"{shown}/{clean(name, 500)}"
        if not os.path.lexists(os.path.join(path, name)):
            continue
        try:
            data = reach.content(os.path.join(path, name), path, plain=names.get(name) == "file")
        except Unreadable as error:
            trouble.append(_unreadable(shown, name, identity, str(error)))
            continue
        files.append(where)
        own = sections_of(data, identity, where, taken)
        sections.extend(own)
        odd.extend(odd_lines_of(data, where, boxless=not any(section.tasks for section in own)))
        if len(taken) >= MOST_TASKS:
            words = f"change '{identity}' has more than {MOST_TASKS:,} tasks in one file; the rest is not read"
            trouble.append(Check("too-many", "high", words, "make several changes of it", identity, where))
    return sections, files, odd


def _unreadable(shown: str, name: str, identity: str, words: str) -> Check:
    where = f"{shown}/{clean(name, 500)}"
    return Check("unreadable", "high", f"{clean(name, 200)} of '{identity}' {words}", "", identity, where)


def _read_spec(base: str, around: str, entry: Entry) -> Spec | Check:
    name = entry.name
    shown = f"{around}/specs/{clean(name, 500)}"
    folder = os.path.join(base, "specs")
    try:
        text = reach.text(os.path.join(folder, name), folder, plain=entry.kind == "file")
        return spec_of(text, clean(os.path.dirname(name), 300), shown)
    except Unreadable as error:
        return Check("unreadable", "medium", f"{shown} {error}", "", "", shown)


def _specs_listed(base: str, trouble: list[Check]) -> list[Entry]:
    folder = os.path.join(base, "specs")
    if not os.path.lexists(folder):
        return []
    try:
        reach.inside(folder, base)
        found = spec_paths(reach.walk(folder))
    except (OSError, Unreadable) as error:
        words = str(error) if isinstance(error, Unreadable) else f"cannot be read: {error.strerror}"
        trouble.append(Check("unreadable", "medium", f"specs {words}"))
        return []
    return found[:MOST_SPECS]


def _archived(base: str, trouble: list[Check]) -> tuple[Archived, ...]:
    folder = os.path.join(base, "changes", "archive")
    try:
        if not os.path.lexists(folder):
            return ()
        reach.inside(folder, base)
        with os.scandir(folder) as listed:
            names = sorted(
                clean(item.name, 200) for item in listed if item.is_dir(follow_symlinks=False) and item.name[0] != "."
            )
    except (OSError, Unreadable) as error:
        words = str(error) if isinstance(error, Unreadable) else f"cannot be read: {error.strerror}"
        trouble.append(Check("unreadable", "low", f"changes/archive {words}"))
        return ()
    return tuple(_archived_as(name) for name in names[-MOST_ARCHIVED:])


def _archived_as(name: str) -> Archived:
    date = name[:10]
    dated = len(name) > 11 and name[10] == "-" and [len(part) for part in date.split("-")] == [4, 2, 2]
    if dated and date.replace("-", "").isdecimal():
        return Archived(name[11:], date)
    return Archived(name, "")


def _unique(names: list[str]) -> list[str]:
    taken: set[str] = set()
    found = []
    for name in names:
        again, own = 1, name
        while own in taken:
            again += 1
            own = f"{name}~{again}"
        taken.add(own)
        found.append(own)
    return found


def _digest(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
