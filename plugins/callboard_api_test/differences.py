"""What of an API a caller would notice between two of its documents, and which of it breaks them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callboard_api_test.described import (
    Body,
    keyed,
    parameters,
    plain_path,
    request_body,
    responses,
    security,
)
from callboard_api_test.narrowing import BREAKS, MAY_BREAK, SLIGHT, Change, Narrowing
from callboard_api_test.openapi import Operation, operations

MOST_CHANGES = 20_000


@dataclass(frozen=True, slots=True)
class Differences:
    """All changes, and the operations that were added; `same` is how many are unchanged, `cut` when not all was compared."""

    changes: tuple[Change, ...]
    added: tuple[str, ...]
    same: int
    cut: bool = False

    @property
    def breaking(self) -> int:
        """How many of the changes break callers for sure."""
        return sum(change.severity is BREAKS for change in self.changes)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """What the second document changes of the first. Names of path parameters, words and examples do not count."""
    old, new = keyed(before, operations(before)), keyed(after, operations(after))
    found: list[Change] = []
    gone_paths = {path for _, path in old} - {path for _, path in new}
    told: set[str] = set()
    narrowing = Narrowing(before, after)
    same = 0
    for key, operation in old.items():
        if key[1] in gone_paths:
            if key[1] not in told:
                told.add(key[1])
                found.append(_gone(operation, [o for k, o in old.items() if k[1] == key[1]]))
        elif key not in new:
            found.append(_gone(operation, []))
        else:
            inner = [replace(change, operation=new[key].label) for change in _operation(narrowing, operation, new[key])]
            found += dict.fromkeys(inner)
            same += not inner
        if len(found) > MOST_CHANGES:
            break
    found = _joined(found)
    added = tuple(new[key].label for key in new if key not in old)
    return Differences(tuple(found[:MOST_CHANGES]), added, same, narrowing.cut or len(found) > MOST_CHANGES)


def _joined(found: Sequence[Change]) -> list[Change]:
    """Changes that come from one spot of a shared schema as one, at the first operation that shows it."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for number, change in enumerate(found):
        groups.setdefault((change.rule, change.origin or f"#{number}"), []).append(change)
    made: list[Change] = []
    for group in groups.values():
        others = list(dict.fromkeys(change.operation for change in group if change.operation != group[0].operation))
        shared = group[0].origin.partition(" ")[0].rsplit("/", 1)[-1]
        words = f" (so are {others[0]} and {len(others) - 1} more that use {shared})" if len(others) > 1 else ""
        words = f" (so is {others[0]}, which uses {shared} too)" if len(others) == 1 else words
        made.append(replace(group[0], message=group[0].message + words))
    return made


def _gone(operation: Operation, others: list[Operation]) -> Change:
    whole = bool(others)
    methods = ", ".join(other.method.upper() for other in others)
    words = f"{operation.path} ({methods})" if whole else operation.label
    if all(other.item.get("deprecated") is True for other in others or [operation]):
        return Change("deprecated-removed", MAY_BREAK, f"{words}, which was deprecated, is gone", operation.label)
    return Change("path-removed" if whole else "operation-removed", BREAKS, f"{words} is gone", operation.label)


def _operation(narrowing: Narrowing, old: Operation, new: Operation) -> Iterator[Change]:
    yield from _parameters(narrowing, old, new)
    yield from _request(narrowing, request_body(narrowing.before, old), request_body(narrowing.after, new))
    yield from _responses(narrowing, responses(narrowing.before, old), responses(narrowing.after, new))
    yield from _security(security(narrowing.before, old), security(narrowing.after, new))
    if old.name and new.name and old.name != new.name and plain_path(old.path) == plain_path(new.path):
        words = f"the operationId was {old.name} and is {new.name}; generated clients call it otherwise"
        yield Change("operation-id-changed", SLIGHT, words)
    if new.item.get("deprecated") is True and old.item.get("deprecated") is not True:
        yield Change("operation-deprecated", SLIGHT, "it is deprecated now")


def _parameters(narrowing: Narrowing, old: Operation, new: Operation) -> Iterator[Change]:
    was, now = parameters(narrowing.before, old), parameters(narrowing.after, new)
    for key, parameter in now.items():
        if key not in was:
            if parameter.required and parameter.place != "path":
                yield Change("parameter-required", BREAKS, f"{parameter.shown} is new and required")
            continue
        if parameter.required and not was[key].required:
            yield Change("parameter-required", BREAKS, f"{parameter.shown} is required now")
        yield from narrowing.changes(was[key].schema, parameter.schema, "request", parameter.shown)
    for key, parameter in was.items():
        if key not in now and parameter.place != "path":
            yield Change("parameter-removed", MAY_BREAK, f"{parameter.shown} is no longer read")


def _request(narrowing: Narrowing, was: Body | None, now: Body | None) -> Iterator[Change]:
    if was is None or now is None:
        if now is not None and now.required:
            yield Change("body-required", BREAKS, "a body is required now")
        elif was is not None and now is None:
            yield Change("body-removed", MAY_BREAK, "the body is no longer read")
        return
    if now.required and not was.required:
        yield Change("body-required", BREAKS, "the body is required now")
    for kind, schema in was.contents.items():
        if kind in now.contents:
            yield from narrowing.changes(schema, now.contents[kind], "request", "the body")
        elif not _covers(now.contents, kind):
            yield Change("request-content-type-removed", BREAKS, f"the body may no longer be {kind}")


def _responses(narrowing: Narrowing, was: Mapping[str, Body], now: Mapping[str, Body]) -> Iterator[Change]:
    for status, old in was.items():
        new = now.get(status) or now.get(f"{status[0]}XX")
        if new is None:
            success = status.startswith("2") or (status == "default" and len(was) == 1)
            severity = BREAKS if success else SLIGHT
            yield Change("response-removed", severity, f"the answer {status} is no longer declared")
            continue
        for kind, schema in old.contents.items():
            if kind in new.contents:
                words = f"the answer {status}" if status[0] != "d" else "the default answer"
                yield from narrowing.changes(schema, new.contents[kind], "response", words)
            elif not _covers(new.contents, kind):
                severity = BREAKS if status.startswith("2") else SLIGHT
                yield Change("response-content-type-removed", severity, f"the answer {status} is no longer {kind}")
    for status in now:
        if (
            re.fullmatch(r"2\d\d", status)
            and status not in was
            and "2XX" not in was
            and any(s.startswith("2") for s in was)
        ):
            yield Change("response-added", MAY_BREAK, f"the answer may be {status} now")


def _covers(contents: Mapping[str, Any], kind: str) -> bool:
    return "*/*" in contents or f"{kind.split('/')[0]}/*" in contents


def _security(was: list[dict[str, list[str]]], now: list[dict[str, list[str]]]) -> Iterator[Change]:
    if not was and now:
        yield Change("security-added", BREAKS, f"it needs credentials now ({_ways(now)})")
    elif was and not now:
        yield Change("security-removed", MAY_BREAK, f"it no longer needs credentials ({_ways(was)}); is that meant?")
    else:
        for way in was:
            fitting = [other for other in now if set(other) <= set(way)]
            if not fitting:
                yield Change("security-changed", BREAKS, f"{_ways([way])} no longer lets anybody in; {_ways(now)} does")
            elif not any(set(scopes) <= set(way[name]) for other in fitting for name, scopes in other.items()):
                yield Change("security-scope-added", BREAKS, f"{_ways(fitting)} needs more scopes than {_ways([way])}")


def _ways(ways: list[dict[str, list[str]]]) -> str:
    said = [
        " and ".join(name + (f" with {', '.join(scopes)}" if scopes else "") for name, scopes in way.items())
        for way in ways
    ]
    return " or ".join(said)
