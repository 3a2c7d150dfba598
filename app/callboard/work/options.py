"""Typed options of an action: a dataclass, from which the form, the flags and the JSON schema are made."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from callboard.errors import ConfigError

JSON_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclasses.dataclass(frozen=True, slots=True)
class NoOptions:
    """An action without options."""


def option(
    default: Any,
    *,
    help: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """A field of an options dataclass with its help text and bounds; lists and dicts are copied for each use."""
    metadata = {"help": help, "minimum": minimum, "maximum": maximum}
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=lambda: default.copy(), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def options_schema(options: type) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of an options dataclass, or of a pydantic model.

    Raises `ConfigError` for a field whose type has no form on a page.
    """
    if hasattr(options, "model_json_schema"):
        schema: dict[str, Any] = options.model_json_schema()
        return schema
    hints = get_type_hints(options)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in dataclasses.fields(options):
        entry = _type_schema(hints[field.name], f"{options.__name__}.{field.name}")
        if field.metadata.get("help"):
            entry["description"] = field.metadata["help"]
        for bound in ("minimum", "maximum"):
            if field.metadata.get(bound) is not None:
                entry[bound] = field.metadata[bound]
        if field.default is not dataclasses.MISSING:
            entry["default"] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            entry["default"] = field.default_factory()
        else:
            required.append(field.name)
        properties[field.name] = entry
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return schema


def _type_schema(hint: Any, where: str) -> dict[str, Any]:
    if hint in JSON_TYPES:
        return {"type": JSON_TYPES[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (list, tuple, Sequence):
        inner = next((a for a in arguments if a is not Ellipsis), str)
        return {"type": "array", "items": _type_schema(inner, where)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type_schema(arguments[1], where)}
    if origin in (Union, types.UnionType) and type(None) in arguments:
        inner_hints = [a for a in arguments if a is not type(None)]
        if len(inner_hints) == 1:
            entry = _type_schema(inner_hints[0], where)
            return {"anyOf": [entry, {"type": "null"}]}
    raise ConfigError(
        f"option {where} has the type {hint!r}, which has no form; "
        "use bool, int, float, str, Literal, list, dict of these, or one of them or None"
    )


def check_options(schema: Mapping[str, Any], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values with defaults filled in, checked against the schema.

    Raises `ConfigError` that names `where`, the option, what is wrong and what is allowed.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in values:
        if name not in properties:
            known = ", ".join(properties) or "none"
            raise ConfigError(f"{where} has no option '{name}'; its options: {known}")
    checked: dict[str, Any] = {}
    for name, entry in properties.items():
        if name in values:
            checked[name] = _checked(entry, values[name], f"option '{name}' of {where}")
        elif "default" in entry:
            checked[name] = entry["default"]
        elif name in schema.get("required", ()):
            raise ConfigError(f"{where} needs the option '{name}'")
    return checked


def _checked(entry: Mapping[str, Any], value: Any, where: str) -> Any:
    if "anyOf" in entry:
        return None if value is None else _checked(entry["anyOf"][0], value, where)
    if "enum" in entry:
        if value not in entry["enum"]:
            raise ConfigError(f"{where} is {value!r}; allowed: {', '.join(map(str, entry['enum']))}")
        return value
    kind = entry.get("type")
    if kind == "array" and isinstance(value, (list, tuple)):
        return [_checked(entry["items"], item, where) for item in value]
    if kind == "object" and isinstance(value, Mapping):
        return {str(k): _checked(entry.get("additionalProperties", {}), v, where) for k, v in value.items()}
    fits = {
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "string": isinstance(value, str),
        None: True,
    }.get(kind, False)
    if not fits:
        raise ConfigError(f"{where} is {value!r}; it must be of type {kind}")
    if "minimum" in entry and value < entry["minimum"]:
        raise ConfigError(f"{where} is {value!r}; its minimum is {entry['minimum']}")
    if "maximum" in entry and value > entry["maximum"]:
        raise ConfigError(f"{where} is {value!r}; its maximum is {entry['maximum']}")
    return value


def make_options(options: type, values: Mapping[str, Any], where: str) -> Any:
    """An instance of the options dataclass (or pydantic model) from checked values."""
    if hasattr(options, "model_validate"):
        return options.model_validate(dict(values))
    return options(**check_options(options_schema(options), values, where))
