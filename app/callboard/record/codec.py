"""Events as JSON and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, get_args

from callboard.core import events as e
from callboard.core.case_facts import Cause, Symptom
from callboard.core.facts import How
from callboard.core.resources import Lock, Needs
from callboard.core.task import Candidate, Hand, Limits, Priority, Process, Retry, TaskSpec, TaskState, Usage, Verdict
from callboard.errors import RecordError


def _reader(kind: type) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    names = tuple(field.name for field in fields(kind))
    return names, attrgetter(*names)


KINDS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(e.Event)}
_READERS = {
    kind: _reader(kind)
    for kind in (*KINDS.values(), TaskSpec, Needs, Lock, Limits, Retry, Usage, Process, Candidate, Hand, Symptom, Cause)
}


def _plain(value: Any) -> Any:
    reader = _READERS.get(type(value))
    if reader is not None:
        names, read = reader
        return dict(zip(names, read(value), strict=True))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no place in an event")
    return str(value)


_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"), allow_nan=False)


def to_json(value: Any) -> str:
    """JSON of a value that may hold what events hold; NaN and infinities are refused."""
    return _ENCODER.encode(value)


def encode(event: e.Event) -> str:
    """The fields of an event as a JSON object; its class name is kept beside it."""
    return to_json(_plain(event))


def decode(kind: str, body: str) -> e.Event:
    """The event again; raises `RecordError` for one that this program does not know."""
    found = KINDS.get(kind)
    if found is None:
        raise RecordError(f"the log holds an event of kind '{kind}', which this version does not know; use a newer one")
    values = json.loads(body)
    for name, convert in _CONVERT.items():
        if name in values and values[name] is not None:
            values[name] = convert(values[name])
    event: e.Event = found(**values)
    return event


def decode_spec(values: dict[str, Any]) -> TaskSpec:
    """A task's specification from its JSON object."""
    needs = values["needs"]
    return TaskSpec(
        **{
            **values,
            "argv": tuple(values["argv"]),
            "reads": tuple(values.get("reads", ())),
            "depends": tuple(values["depends"]),
            "after": tuple(values["after"]),
            "needs": Needs(
                cpus=needs["cpus"],
                memory_mb=needs["memory_mb"],
                locks=tuple(Lock(**lock) for lock in needs["locks"]),
                extra=tuple((name, amount) for name, amount in needs["extra"]),
            ),
            "limits": Limits(**values["limits"]),
            "retry": Retry(**values["retry"]),
            "candidates": tuple(Candidate(**candidate) for candidate in values.get("candidates", ())),
            "stands_for": tuple(values["stands_for"]) if values.get("stands_for") else None,
        }
    )


def decode_hand(text: str) -> Hand | None:
    """A person's hand on a task from its JSON, None for ''."""
    if not text:
        return None
    values = json.loads(text)
    verdict = Verdict(values["verdict"]) if values["verdict"] else None
    return Hand(**{**values, "state": TaskState(values["state"]), "verdict": verdict})


def decode_symptom(values: Mapping[str, Any]) -> Symptom:
    """A symptom of a case from its JSON object."""
    return Symptom(**{**values, "witnesses": _pairs(values["witnesses"])})


def _pairs(values: list[list[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(item) for item in values)


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "specs": lambda specs: tuple(decode_spec(spec) for spec in specs),
    "priority": Priority,
    "holds": _pairs,
    "metrics": _pairs,
    "process": lambda value: Process(**value),
    "usage": lambda value: Usage(**value),
    "how": How,
    "outcome": TaskState,
    "verdict": Verdict,
    "findings": tuple,
    "tasks": tuple,
    "choices": tuple,
    "agents": tuple,
    "facts": lambda value: value if isinstance(value, dict) else tuple(value),
    "symptoms": lambda values: tuple(value if isinstance(value, str) else decode_symptom(value) for value in values),
    "cause": lambda value: value if isinstance(value, str) else Cause(**value),
    "ids": tuple,
    "notices": tuple,
    "joins": _pairs,
    "workflows": tuple,
    "attempts": tuple,
    "waiting": tuple,
    "comes_after": tuple,
    "blocks": tuple,
    "logs": tuple,
    "of_tasks": lambda value: {name: tuple(of) for name, of in value.items()},
    "parts": _pairs,
}
