"""What an operation takes and gives, the same for OpenAPI 2 and 3."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard_api_test.openapi import Operation, resolved


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter outside of the body; `shown` is how a person calls it."""

    place: str
    name: str
    required: bool
    schema: Any

    @property
    def shown(self) -> str:
        return f"the {self.place} parameter '{self.name}'"


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request, or of one response: its schema by content type. `required` has no meaning for a response."""

    required: bool
    contents: Mapping[str, Any]


def parameters(document: Mapping[str, Any], operation: Operation) -> dict[tuple[str, str], Parameter]:
    """By place and name; those of the path by their position, for their names mean nothing to a caller."""
    own = operation.item.get("parameters")
    spots = {name: str(n) for n, name in enumerate(re.findall(r"{([^{}]+)}", operation.path))}
    found: dict[tuple[str, str], Parameter] = {}
    for given in [*operation.shared, *(own if isinstance(own, list) else [])]:
        value = resolved(document, given)
        place, name = str(value.get("in", "")), str(value.get("name", ""))
        if not place or not name or place in ("body", "formData"):
            continue
        key = spots.get(name, name) if place == "path" else name.lower() if place == "header" else name
        schema = value.get("schema", _first(value.get("content")))
        found[place, key] = Parameter(place, name, value.get("required") is True, value if schema is None else schema)
    return found


def request_body(document: Mapping[str, Any], operation: Operation) -> Body | None:
    """What is sent; None when nothing is."""
    given = operation.item.get("requestBody")
    if given is not None:
        value = resolved(document, given)
        return Body(value.get("required") is True, _contents(value.get("content")))
    own = operation.item.get("parameters")
    fields: dict[str, Any] = {}
    must: list[str] = []
    for parameter in [*operation.shared, *(own if isinstance(own, list) else [])]:
        value = resolved(document, parameter)
        kinds = operation.item.get("consumes", document.get("consumes"))
        kinds = [str(kind) for kind in kinds] if isinstance(kinds, list) and kinds else ["application/json"]
        if value.get("in") == "body":
            return Body(value.get("required") is True, dict.fromkeys(kinds, value.get("schema")))
        if value.get("in") == "formData":
            fields[str(value.get("name"))] = value
            must += [str(value.get("name"))] if value.get("required") is True else []
    form = {"type": "object", "properties": fields, "required": must}
    return Body(bool(must), {"application/x-www-form-urlencoded": form}) if fields else None


def responses(document: Mapping[str, Any], operation: Operation) -> dict[str, Body]:
    """By status as it is written ('200', '2XX', 'default')."""
    given = operation.item.get("responses")
    found: dict[str, Body] = {}
    for status, response in given.items() if isinstance(given, dict) else ():
        value = resolved(document, response)
        contents = _contents(value.get("content"))
        if "schema" in value:
            kinds = operation.item.get("produces", document.get("produces"))
            kinds = [str(kind) for kind in kinds] if isinstance(kinds, list) and kinds else ["application/json"]
            contents = dict.fromkeys(kinds, value["schema"])
        found[str(status)] = Body(False, contents)
    return found


def security(document: Mapping[str, Any], operation: Operation) -> list[dict[str, list[str]]]:
    """The ways to be let in, each a set of schemes with their scopes; empty when nobody asks, also when asking is optional."""
    given = operation.item.get("security", document.get("security"))
    ways = [way for way in given if isinstance(way, dict)] if isinstance(given, list) else []
    if any(not way for way in ways):
        return []
    return [
        {str(name): [str(s) for s in scopes or [] if isinstance(s, str)] for name, scopes in way.items()}
        for way in ways
    ]


def schemes(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The security schemes of the document by name."""
    components = document.get("components")
    given = components.get("securitySchemes") if isinstance(components, dict) else document.get("securityDefinitions")
    return {str(name): resolved(document, value) for name, value in given.items()} if isinstance(given, dict) else {}


def plain_path(path: str) -> str:
    """A path without the names of its parameters: '/items/{}'."""
    return re.sub(r"{[^{}]*}", "{}", path)


def keyed(document: Mapping[str, Any], found: Iterator[Operation]) -> dict[tuple[str, str], Operation]:
    """Operations by method and plain path."""
    base = str(document.get("basePath") or "").rstrip("/")
    return {(operation.method, plain_path(base + operation.path)): operation for operation in found}


def _contents(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {
        str(kind).split(";")[0].strip().lower(): inner.get("schema") if isinstance(inner, dict) else None
        for kind, inner in value.items()
    }


def _first(value: Any) -> Any:
    return next(iter(_contents(value).values()), None)
