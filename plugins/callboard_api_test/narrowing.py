"""Whether a schema allows less, or more, than it did; which of them hurts depends on who sends the value."""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from callboard.api import Severity
from callboard_api_test.shapes import LOWER, UPPER, Shape, shape_of

Direction = Literal["request", "response"]
HERE = "\0"
DEEPEST = 40
MOST_PAIRS = 40_000
BREAKS, MAY_BREAK, SLIGHT = Severity.HIGH, Severity.MEDIUM, Severity.LOW


@dataclass(frozen=True, slots=True)
class Change:
    """What became different, how bad it is for callers, and at which operation ('' for the document).

    `origin` is the same for changes that come from the same spot of a shared schema, '' for those of the operation alone.
    """

    rule: str
    severity: Severity
    message: str
    operation: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """A pair of references that is still to be compared, and where it was met."""

    old: Any
    new: Any
    where: str


Step = Change | Later


@dataclass(slots=True)
class Narrowing:
    """Compares schemas of two documents; each pair of references is looked into once, so that circles end.

    Not all was compared when `cut` is set: what is written out in one piece is too large or nested too deep.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    pairs: int = 0
    cut: bool = False
    known: dict[tuple[str, str, str], tuple[list[Change], list[Later]]] = field(default_factory=dict)

    def changes(self, old: Any, new: Any, direction: Direction, where: str) -> Iterator[Change]:
        """What a caller notices: of a request what is refused now, of a response what did not come before."""
        waiting = deque([Later(old, new, where)])
        met: set[tuple[str, str]] = set()
        while waiting:
            pair = waiting.popleft()
            key = (_reference(pair.old), _reference(pair.new))
            if all(key):
                if key in met:
                    continue
                met.add(key)
            found, later = self._looked_into(pair, key, direction)
            for change in found:
                origin = f"{key[1]} {change.message}" if all(key) else ""
                yield replace(change, message=change.message.replace(HERE, pair.where), origin=origin)
            waiting += [Later(one.old, one.new, one.where.replace(HERE, pair.where)) for one in later]

    def _looked_into(self, pair: Later, key: tuple[str, str], direction: Direction) -> tuple[list[Change], list[Later]]:
        """Its own changes and the references in it; HERE stands for where it is."""
        mark = (*key, direction)
        if all(key) and mark in self.known:
            return self.known[mark]
        steps = list(self._below(pair.old, pair.new, direction, HERE, 0))
        made = [s for s in steps if isinstance(s, Change)], [s for s in steps if isinstance(s, Later)]
        if all(key):
            self.known[mark] = made
        return made

    def _below(self, old: Any, new: Any, direction: Direction, where: str, depth: int) -> Iterator[Step]:
        self.pairs += 1
        if depth > DEEPEST or self.pairs > MOST_PAIRS:
            self.cut = True
        elif depth and _reference(old) and _reference(new):
            yield Later(old, new, where)
        else:
            was, now = shape_of(self.before, old), shape_of(self.after, new)
            yield from self._at(was, now, direction, where)
            yield from self._inside(was, now, direction, where, depth)

    def _at(self, was: Shape, now: Shape, direction: Direction, where: str) -> Iterator[Change]:
        sends = direction == "request"
        given, taken = (was, now) if sends else (now, was)
        if not _within(given.types, taken.types) and not (given.variants and given.types is None):
            words = f"{where} was {was.called} and is {now.called}"
            yield Change(f"{direction}-type-changed", BREAKS, words)
        elif given.nullable and not taken.nullable and (was.types or was.variants or was.values):
            words = f"{where} may no longer be null" if sends else f"{where} may be null now"
            yield Change(f"{direction}-null", BREAKS, words)
        yield from self._values(was, now, sends, where)
        yield from self._formats(was, now, sends, where)
        yield from self._limits(was, now, sends, where)
        if was.odd != now.odd:
            words = ", ".join(sorted({*was.odd, *now.odd}))
            yield Change(
                f"{direction}-schema-changed", SLIGHT, f"{where} changed in '{words}'; whether it breaks cannot be told"
            )

    def _values(self, was: Shape, now: Shape, sends: bool, where: str) -> Iterator[Change]:
        if was.values is None and now.values is None:
            return
        gone = [v for v in was.values or () if now.values is not None and v not in now.values]
        come = [v for v in now.values or () if was.values is not None and v not in was.values]
        if sends and was.values is None:
            yield Change("request-enum-narrowed", BREAKS, f"{where} must be one of {_shown(now.values or ())} now")
        elif sends and gone:
            yield Change("request-enum-narrowed", BREAKS, f"{where} no longer takes {_shown(gone)}")
        elif not sends and (come or now.values is None):
            words = f"may be {_shown(come)} now" if come else "is no longer limited to certain values"
            yield Change("response-enum-widened", MAY_BREAK, f"{where} {words}")

    def _formats(self, was: Shape, now: Shape, sends: bool, where: str) -> Iterator[Change]:
        if was.format != now.format:
            rule = "request-format-changed" if sends else "response-format-changed"
            if was.format and now.format:
                yield Change(rule, BREAKS, f"{where} had the format {was.format} and has {now.format}")
            elif sends and now.format:
                yield Change(rule, MAY_BREAK, f"{where} must have the format {now.format} now")
            elif not sends and was.format:
                yield Change(rule, MAY_BREAK, f"{where} no longer has the format {was.format}")
        if sends and now.pattern and was.pattern != now.pattern:
            yield Change("request-pattern-changed", MAY_BREAK, f"{where} must fit the pattern {now.pattern[:80]} now")

    def _limits(self, was: Shape, now: Shape, sends: bool, where: str) -> Iterator[Change]:
        for words, sign in ((LOWER, 1), (UPPER, -1)):
            for word in words:
                old = (was.lower if sign > 0 else was.upper).get(word)
                new = (now.lower if sign > 0 else now.upper).get(word)
                if old == new:
                    continue
                narrower = new is not None and (old is None or (new - old) * sign > 0)
                said = f"{where}: {word} was {_number(old)} and is {_number(new)}"
                if sends and narrower:
                    yield Change("request-bound-narrowed", BREAKS, said)
                elif not sends and not narrower:
                    yield Change("response-bound-widened", SLIGHT, said)

    def _inside(self, was: Shape, now: Shape, direction: Direction, where: str, depth: int) -> Iterator[Step]:
        yield from self._properties(was, now, direction, where, depth)
        if was.items is not None and now.items is not None:
            yield from self._below(was.items, now.items, direction, f"{where}[]", depth + 1)
        elif direction == "request" and now.items and was.types == frozenset({"array"}) and was.items is None:
            yield Change("request-type-changed", MAY_BREAK, f"the items of {where} are limited now")
        if was.others is not None and now.others is not None:
            yield from self._below(was.others, now.others, direction, f"{where}.*", depth + 1)
        if direction == "request" and now.closed and not was.closed and "object" in (now.types or ()):
            yield Change("request-closed", BREAKS, f"{where} refuses properties that it does not name now")
        if was.variants or now.variants:
            yield from self._variants(was, now, direction, where, depth)

    def _properties(self, was: Shape, now: Shape, direction: Direction, where: str, depth: int) -> Iterator[Step]:
        sends = direction == "request"
        for name in [*was.properties, *(name for name in now.properties if name not in was.properties)]:
            spot = f"{where}.{name}"
            old, new = was.properties.get(name), now.properties.get(name)
            hidden = [s.read_only if sends else s.write_only for s in self._both(old, new)]
            if hidden and all(hidden):
                continue
            must, had = name in now.required, name in was.required
            if new is None:
                yield from self._removed(was, now, name, sends, spot)
            elif old is None:
                if sends and must and not hidden[-1]:
                    yield Change("request-property-required", BREAKS, f"{spot} is new and required")
            else:
                if sends and must and not had:
                    yield Change("request-property-required", BREAKS, f"{spot} is required now")
                elif not sends and had and not must:
                    yield Change("response-property-optional", BREAKS, f"{spot} may be absent now")
                yield from self._below(old, new, direction, spot, depth + 1)

    def _both(self, old: Any, new: Any) -> Iterator[Shape]:
        if old is not None:
            yield shape_of(self.before, old)
        if new is not None:
            yield shape_of(self.after, new)

    def _removed(self, was: Shape, now: Shape, name: str, sends: bool, spot: str) -> Iterator[Step]:
        if now.variants and not now.properties:
            return  # told by the variants
        if not sends:
            severity = BREAKS if name in was.required else MAY_BREAK
            yield Change("response-property-removed", severity, f"{spot} is no longer there")
        elif now.closed:
            yield Change("request-property-removed", BREAKS, f"{spot} is refused now")
        else:
            yield Change("request-property-removed", SLIGHT, f"{spot} is no longer read")

    def _variants(self, was: Shape, now: Shape, direction: Direction, where: str, depth: int) -> Iterator[Step]:
        sends = direction == "request"
        old, new = list(was.variants), list(now.variants)
        if not old or not new:
            one, many = (was, new) if not old else (now, old)
            if (sends and old) or (not sends and new):
                rule = f"{direction}-variants-changed"
                yield Change(
                    rule,
                    MAY_BREAK,
                    f"{where} is one of {len(many)} kinds {'now' if new else 'no longer'} ({one.called})",
                )
            return
        pairs, gone, come = self._paired(old, new)
        for first, second in pairs:
            yield from self._below(first, second, direction, where, depth + 1)
        if sends and gone:
            yield Change("request-variant-removed", BREAKS, f"{where} no longer takes {_kinds(gone)}")
        if not sends and come:
            yield Change("response-variant-added", MAY_BREAK, f"{where} may be {_kinds(come)} now")

    def _paired(self, old: list[Any], new: list[Any]) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
        """Variants that are the same by name or by type, and those that only one side has."""
        pairs: list[tuple[Any, Any]] = []
        rest = list(new)
        gone: list[Any] = []
        for first in old:
            name = self._name(self.before, first)
            second = next((other for other in rest if self._name(self.after, other) == name), None)
            if second is None:
                gone.append(first)
            else:
                rest.remove(second)
                pairs.append((first, second))
        if len(gone) == len(rest) == 1 and _kind(self.before, gone[0]) == _kind(self.after, rest[0]):
            return [*pairs, (gone[0], rest[0])], [], []
        return pairs, gone, rest

    def _name(self, document: Mapping[str, Any], schema: Any) -> str:
        shape = shape_of(document, schema)
        return shape.key or f"{shape.called}{sorted(shape.properties)}{shape.format}{shape.values}"


def _kind(document: Mapping[str, Any], schema: Any) -> str:
    return shape_of(document, schema).called


def _reference(schema: Any) -> str:
    found = schema.get("$ref") if isinstance(schema, dict) else ""
    return found if isinstance(found, str) else ""


def _within(given: frozenset[str] | None, taken: frozenset[str] | None) -> bool:
    """Whether all that is given is taken; a number takes integers."""
    if taken is None:
        return True
    if given is None:
        return False
    return all(name in taken or (name == "integer" and "number" in taken) for name in given)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _shown(values: Any) -> str:
    return ", ".join(json.dumps(value, default=str)[:60] for value in list(values)[:6])


def _kinds(schemas: list[Any]) -> str:
    names = [
        str(s.get("$ref", "")).rsplit("/", 1)[-1] or str(s.get("title") or s.get("type") or "another kind")
        for s in schemas
    ]
    return ", ".join(names[:6])
