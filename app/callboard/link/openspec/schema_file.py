"""A `schema.yaml`, checked as OpenSpec 1.13 checks it, for the one thing that is of use here: where the tasks stand."""

import re
from dataclasses import dataclass
from typing import Any

MOST_ARTIFACTS = 1_000


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """`tasks` is the path or pattern of the files with the tasks ('' when none are tracked), `generates` all artifacts'."""

    tasks: str
    generates: tuple[str, ...] = ()


def schema_file(value: Any) -> SchemaFile:
    """The checked schema; raises `ValueError` with what is wrong."""
    if not isinstance(value, dict):
        raise ValueError("it is no table of keys")
    version = value.get("version")
    whole = isinstance(version, (int, float)) and not isinstance(version, bool) and float(version).is_integer()
    if not _text(value.get("name")) or not whole or version < 1:  # type: ignore[operator]
        raise ValueError("it needs a name and a version")
    if "description" in value and not isinstance(value["description"], str):
        raise ValueError("its description is no text")
    artifacts = value.get("artifacts")
    if not isinstance(artifacts, list) or not 1 <= len(artifacts) <= MOST_ARTIFACTS:
        raise ValueError("it has no list of artifacts")
    for artifact in artifacts:
        _check_artifact(artifact)
    ids = [artifact["id"] for artifact in artifacts]
    needs = {artifact["id"]: list(artifact.get("requires", [])) for artifact in artifacts}
    if len(set(ids)) != len(ids):
        raise ValueError("two artifacts have one id")
    if any(name not in needs for names in needs.values() for name in names):
        raise ValueError("an artifact requires one that is not there")
    if _has_cycle(needs):
        raise ValueError("its artifacts require each other in a circle")
    tracks = _tracks(value, ids)
    generates = {artifact["id"]: artifact["generates"] for artifact in artifacts}
    tasks = generates.get("tasks", "") if tracks is None else tracks if tracks in generates.values() else ""
    return SchemaFile(tasks, tuple(generates.values()))


def _tracks(value: dict[str, Any], ids: list[str]) -> str | None:
    if "apply" not in value:
        return None
    apply = value["apply"]
    requires = apply.get("requires") if isinstance(apply, dict) else None
    if not isinstance(requires, list) or not requires or not all(isinstance(name, str) for name in requires):
        raise ValueError("its 'apply' requires nothing")
    if any(name not in ids for name in requires):
        raise ValueError("its 'apply' requires an artifact that is not there")
    if "instruction" in apply and not isinstance(apply["instruction"], str):
        raise ValueError("the instruction of its 'apply' is no text")
    tracks = apply.get("tracks")
    if tracks is not None and not _relative(tracks):
        raise ValueError("its 'apply.tracks' is no path inside of the change")
    return str(tracks) if tracks is not None else None


def _check_artifact(artifact: Any) -> None:
    if not isinstance(artifact, dict) or not _text(artifact.get("id")):
        raise ValueError("an artifact has no id")
    if not _relative(artifact.get("generates")) or not _relative(artifact.get("template")):
        raise ValueError(
            f"artifact {artifact['id'][:60]!r} needs paths 'generates' and 'template' inside of the change"
        )
    if not isinstance(artifact.get("description"), str):
        raise ValueError(f"artifact {artifact['id'][:60]!r} has no description")
    if "instruction" in artifact and not isinstance(artifact["instruction"], str):
        raise ValueError(f"the instruction of artifact {artifact['id'][:60]!r} is no text")
    requires = artifact.get("requires", [])
    if not isinstance(requires, list) or not all(isinstance(name, str) for name in requires):
        raise ValueError(f"'requires' of artifact {artifact['id'][:60]!r} is no list of ids")


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _relative(value: Any) -> bool:
    if not _text(value) or "\0" in value or value.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", value):
        return False
    return ".." not in re.split(r"[\\/]+", value)


def _has_cycle(needs: dict[str, list[str]]) -> bool:
    left = {name: set(names) for name, names in needs.items()}
    while left:
        ready = [name for name, names in left.items() if not names]
        if not ready:
            return True
        for name in ready:
            del left[name]
        for names in left.values():
            names.difference_update(ready)
    return False
