"""Which files hold the tasks of a change: its schema, as OpenSpec 1.13 finds it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.link.openspec import reach
from callboard.link.openspec.globs import is_glob, matching
from callboard.link.openspec.metadata import METADATA, Meta, broken_meta, meta_of, wrong_metadata
from callboard.link.openspec.model import Check
from callboard.link.openspec.reach import Entry, Unreadable
from callboard.link.openspec.schema_file import SchemaFile, schema_file
from callboard.link.openspec.yaml12 import BadYaml, load
from callboard.work.finding import clean

__all__ = ["METADATA", "Meta", "Schemas", "schemas_of"]

DEFAULT = "spec-driven"
BUILT_IN: Mapping[str, SchemaFile] = {
    DEFAULT: SchemaFile("tasks.md", ("proposal.md", "specs/**/*.md", "design.md", "tasks.md"))
}
TRANSIENT = (".fork-backup-", ".init-backup-")
MOST_SCHEMAS = 100
TASKS = "tasks.md"


@dataclass(frozen=True, slots=True)
class Schemas:
    """The schemas that a workspace has besides the built-in one, and the one that its `config.yaml` names.

    `known` holds None for a schema that is there and cannot be used. `key` is equal while nothing changed.
    """

    key: tuple[Any, ...] = ()
    named: str = DEFAULT
    known: Mapping[str, SchemaFile | None] = field(default_factory=dict)
    trouble: tuple[Check, ...] = ()

    def of_change(self, path: str, shown: str, identity: str, kind: str) -> Meta:
        """What the change's `.openspec.yaml` says, and by which schema it goes (`''`: none can be told).

        `kind` is what a walk of its folder found there: 'file', 'link', … or ''.
        """
        if not kind:
            return Meta(schema=self.named)
        where = f"{shown}/{METADATA}"
        try:
            value = load(reach.text(os.path.join(path, METADATA), path, 400_000, kind == "file"))
        except Unreadable as error:
            if not os.path.exists(os.path.join(path, METADATA)):
                return Meta(schema=self.named)
            return broken_meta(f"{METADATA} of '{identity}' {error}", identity, where, 0)
        except BadYaml as error:
            return broken_meta(f"{METADATA} of '{identity}' {error}", identity, where, error.line)
        wrong = wrong_metadata(value)
        name = value.get("schema") if isinstance(value, dict) else None
        if not wrong and name not in self.known and name not in BUILT_IN:
            wrong = f"names the schema {str(name)[:60]!r}, which is not there"
        return meta_of(value, wrong, identity, where)

    def of(self, name: str) -> SchemaFile | None:
        """The schema of that name, None when it is not there or cannot be used."""
        for ending in (".yaml", ".yml"):
            if name.endswith(ending):
                name = name[: -len(ending)]
                break
        return self.known[name] if name in self.known else BUILT_IN.get(name)

    def task_files(
        self, path: str, meta: Meta, entries: Sequence[Entry], shown: str, identity: str, trouble: list[Check]
    ) -> list[str]:
        """The names of the files in the change's folder whose tasks count; `tasks.md` where nothing else is said or found."""
        schema = self.of(meta.schema)
        if schema is None or not schema.tasks:
            return [TASKS]
        if not is_glob(schema.tasks):
            wanted = os.path.normpath(schema.tasks)
            return [wanted] if os.path.isfile(os.path.join(path, wanted)) else [TASKS]
        try:
            found = matching(schema.tasks, path, entries)
        except ValueError as error:
            words = (
                f"the tasks of '{identity}' stand in {clean(schema.tasks, 100)!r}, {error}; tasks.md is read instead"
            )
            trouble.append(Check("schema", "medium", words, "use a plain path or a simple pattern", identity, shown))
            return [TASKS]
        return found or [TASKS]


def schemas_of(base: str, around: str, kept: Schemas | None = None) -> Schemas:
    """The schemas of `openspec/`, given as a path and as it is shown; `kept` again when nothing changed since."""
    folder = os.path.join(base, "schemas")
    names = _names(folder)
    paths = [os.path.join(base, "config.yaml"), os.path.join(base, "config.yml")]
    paths += [os.path.join(folder, name, "schema.yaml") for name in names]
    key = tuple(_stamp(path) for path in paths)
    if kept is not None and kept.key == key:
        return kept
    trouble: list[Check] = []
    known: dict[str, SchemaFile | None] = {}
    for name in names:
        where = f"{around}/schemas/{clean(name, 100)}/schema.yaml"
        path = os.path.join(folder, name, "schema.yaml")
        if not os.path.exists(path):
            continue
        try:
            reach.inside(os.path.join(folder, name), base)
            known[name] = schema_file(load(reach.text(path, os.path.join(folder, name), 400_000)))
        except (Unreadable, BadYaml, ValueError) as error:
            known[name] = None
            words = f"the schema '{clean(name, 100)}' cannot be used: {error}; tasks.md is read instead"
            trouble.append(
                Check("schema", "medium", words, "openspec schema validate", "", where, getattr(error, "line", 0))
            )
    return Schemas(key, _named(base, around, trouble), known, tuple(trouble))


def _named(base: str, around: str, trouble: list[Check]) -> str:
    for name in ("config.yaml", "config.yml"):
        path = os.path.join(base, name)
        if not os.path.exists(path):
            continue
        try:
            value = load(reach.text(path, base, 400_000))
        except (Unreadable, BadYaml) as error:
            words = f"{around}/{name} {error}; it is left out of account"
            trouble.append(Check("bad-yaml", "medium", words, "", "", f"{around}/{name}", getattr(error, "line", 0)))
            return DEFAULT
        said = value.get("schema") if isinstance(value, dict) else None
        return said if isinstance(said, str) and said else DEFAULT
    return DEFAULT


def _names(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as listed:
            names = [
                item.name
                for item in listed
                if item.is_dir()
                and not item.name.startswith((".fork-staging-", ".init-staging-"))
                and not any(word in item.name for word in TRANSIENT)
            ]
    except OSError:
        return []
    return sorted(names)[:MOST_SCHEMAS]


def _stamp(path: str) -> tuple[Any, ...]:
    try:
        about = os.stat(path)
    except (OSError, ValueError):
        return (path,)
    return (path, about.st_mtime_ns, about.st_ctime_ns, about.st_size, about.st_ino)
