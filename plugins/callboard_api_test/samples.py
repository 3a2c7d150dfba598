"""A request to an operation as its schema asks for it, by examples and defaults, else the smallest that fits."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from callboard_api_test.described import Parameter, parameters, request_body
from callboard_api_test.openapi import Operation, resolved
from callboard_api_test.shapes import Shape, shape_of

DEEPEST = 6
FORMATS = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "callboard@example.org",
    "uri": "http://127.0.0.1/",
    "ipv4": "127.0.0.1",
    "byte": "eA==",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What is sent: the path with its query, headers, and the body."""

    target: str
    headers: Mapping[str, str]
    body: bytes | None = None


def sample_of(document: Mapping[str, Any], operation: Operation) -> Sample:
    """A request that should be accepted, as far as the schema says."""
    path = operation.path
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    for parameter in parameters(document, operation).values():
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(_said(document, parameter), safe="") or "1")
        elif parameter.required and parameter.place == "query":
            query.append((parameter.name, _said(document, parameter)))
        elif parameter.required and parameter.place == "header":
            headers[parameter.name] = re.sub(r"[^\x20-\x7e]", "", _said(document, parameter))
    path = str(document.get("basePath") or "").rstrip("/") + re.sub(r"{[^{}]*}", "1", path)
    target = path + (f"?{urlencode(query)}" if query else "")
    body = request_body(document, operation)
    if body is None or not body.contents:
        return Sample(target, headers)
    kinds = list(body.contents)
    kind = next((k for k in kinds if "json" in k), kinds[0])
    value = example(document, body.contents[kind])
    if kind == "application/x-www-form-urlencoded" and isinstance(value, dict):
        text = urlencode(
            {name: inner if isinstance(inner, str) else json.dumps(inner) for name, inner in value.items()}
        )
        return Sample(target, {**headers, "Content-Type": kind}, text.encode())
    return Sample(target, {**headers, "Content-Type": kind}, json.dumps(value).encode())


def _said(document: Mapping[str, Any], parameter: Parameter) -> str:
    value = example(document, parameter.schema)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ",".join(map(str, value)) if isinstance(value, list) else str(value)


def example(document: Mapping[str, Any], schema: Any, depth: int = 0) -> Any:
    """A value that fits the schema, small and always the same."""
    given = resolved(document, schema)
    for word in ("example", "default", "const"):
        if word in given:
            return given[word]
    listed = given.get("examples")
    if isinstance(listed, list) and listed:
        return listed[0]
    shape = shape_of(document, schema)
    if shape.values:
        return shape.values[0]
    if shape.variants and not shape.properties:
        return example(document, shape.variants[0], depth + 1) if depth < DEEPEST else None
    kind = next(iter(sorted(shape.types or ())), "string")
    if kind == "object":
        must = [name for name in shape.properties if name in shape.required]
        return {name: example(document, shape.properties[name], depth + 1) for name in must} if depth < DEEPEST else {}
    if kind == "array":
        least = int(shape.lower.get("minItems", 0))
        return [example(document, shape.items, depth + 1)] * min(least, 5) if depth < DEEPEST else []
    return _plain(shape, kind)


def _plain(shape: Shape, kind: str) -> Any:
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        low = shape.lower.get(
            "minimum", shape.lower.get("exclusiveMinimum", 0) + 1 if "exclusiveMinimum" in shape.lower else 1
        )
        high = shape.upper.get("maximum", low)
        value = min(low, high)
        return int(value) if kind == "integer" or value == int(value) else value
    if shape.format in FORMATS:
        return FORMATS[shape.format]
    return "x" * max(1, min(200, int(shape.lower.get("minLength", 1))))
