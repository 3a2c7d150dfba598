"""What a schema of a document allows, in one plain form: references followed, `allOf` joined, null set apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard_api_test.openapi import resolved

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
UNJUDGED = (
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "contains",
    "prefixItems",
    "dependentSchemas",
)
DEEPEST_JOIN = 12


@dataclass(slots=True)
class Shape:
    """What a value must be. `types` None for any; `values` None for no enumeration; `variants` are those of oneOf and anyOf.

    `key` names it where it is a reference, so that circles are seen. `closed` when other properties are forbidden;
    `others` is the schema of other properties. `odd` holds the keywords that are compared as a whole only.
    """

    key: str = ""
    types: frozenset[str] | None = None
    nullable: bool = False
    values: tuple[Any, ...] | None = None
    format: str = ""
    pattern: str = ""
    lower: dict[str, float] = field(default_factory=dict)
    upper: dict[str, float] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    closed: bool = False
    others: Any = None
    items: Any = None
    variants: tuple[Any, ...] = ()
    read_only: bool = False
    write_only: bool = False
    odd: dict[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """Its types in words."""
        return " or ".join(sorted(self.types)) if self.types else "any type"


def shape_of(document: Mapping[str, Any], schema: Any) -> Shape:
    """The plain form; what is no schema allows everything."""
    if schema is False:
        return Shape(odd={"not": {}})
    key = schema["$ref"] if isinstance(schema, dict) and isinstance(schema.get("$ref"), str) else ""
    joined = _joined(document, schema, 0)
    shape = Shape(key=key)
    variants = [v for word in ("oneOf", "anyOf") for v in _list(joined.get(word))]
    rest = [v for v in variants if not _is_null(document, v)]
    shape.nullable = len(rest) < len(variants)
    if len(rest) == 1:  # `anyOf: [X, null]` is how a nullable X is written today
        inner = shape_of(document, rest[0])
        inner.nullable |= shape.nullable
        plain = {k: v for k, v in joined.items() if k not in ("oneOf", "anyOf", "title", "description", "default")}
        if not plain:
            return inner
        joined = _merged(
            {k: v for k, v in joined.items() if k not in ("oneOf", "anyOf")}, _joined(document, rest[0], 0)
        )
        rest = []
    shape.variants = tuple(rest)
    _types(shape, joined)
    values = joined.get("enum") if isinstance(joined.get("enum"), list) else None
    if "const" in joined:
        values = [joined["const"]]
    if values is not None:
        shape.nullable |= None in values
        shape.values = tuple(value for value in values if value is not None)
    shape.format, shape.pattern = str(joined.get("format") or ""), str(joined.get("pattern") or "")
    shape.lower, shape.upper = _bounds(joined, LOWER), _bounds(joined, UPPER)
    properties = joined.get("properties")
    shape.properties = dict(properties) if isinstance(properties, dict) else {}
    shape.required = frozenset(str(name) for name in _list(joined.get("required")))
    others = joined.get("additionalProperties", joined.get("unevaluatedProperties"))
    shape.closed, shape.others = others is False, others if isinstance(others, dict) and others else None
    shape.items = joined.get("items")
    shape.read_only, shape.write_only = joined.get("readOnly") is True, joined.get("writeOnly") is True
    shape.odd = {word: joined[word] for word in UNJUDGED if word in joined}
    return shape


def _types(shape: Shape, joined: Mapping[str, Any]) -> None:
    given = joined.get("type")
    names = [given] if isinstance(given, str) else [name for name in _list(given) if isinstance(name, str)]
    shape.nullable |= "null" in names or joined.get("nullable") is True or joined.get("x-nullable") is True
    plain = frozenset(name for name in names if name != "null")
    if plain:
        shape.types = plain
    elif not names and isinstance(joined.get("properties"), dict):
        shape.types = frozenset({"object"})


def _bounds(joined: Mapping[str, Any], words: Iterable[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words:
        value = joined.get(word)
        if value is True and word.startswith("exclusive"):  # OpenAPI 3.0 says it beside the bound
            value = joined.get(word.removeprefix("exclusive").lower())
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            found[word] = float(value)
    return found


def _joined(document: Mapping[str, Any], schema: Any, depth: int) -> dict[str, Any]:
    """The schema itself with its reference followed and the parts of `allOf` laid over each other."""
    own = dict(resolved(document, schema))
    if isinstance(schema, dict) and "$ref" in schema:  # words beside a reference count since 3.1
        own = _merged(own, {k: v for k, v in schema.items() if k != "$ref"})
    parts = own.pop("allOf", None)
    if depth < DEEPEST_JOIN:
        for part in _list(parts):
            own = _merged(own, _joined(document, part, depth + 1))
    return own


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both at once: properties and required names of either; of other words the first says."""
    made = {**other, **one}
    if isinstance(one.get("properties"), dict) and isinstance(other.get("properties"), dict):
        made["properties"] = {**other["properties"], **one["properties"]}
    required = [*_list(one.get("required")), *_list(other.get("required"))]
    if required:
        made["required"] = required
    return made


def _is_null(document: Mapping[str, Any], schema: Any) -> bool:
    return resolved(document, schema).get("type") == "null"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
