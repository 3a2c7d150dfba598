"""Options as a person types them, made into the values that an action's JSON schema asks for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.config.fields import near
from callboard.errors import ConfigError
from callboard.work.options import check_options

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
NOTHING = frozenset({"null", "none"})
LONGEST = 100_000


def typed_options(schema: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values, each text read as what the schema asks for; other values stay as they are.

    Lists are typed 'a,b', as JSON, or as a list of texts. Raises `ConfigError` for an option that is not there or does not fit.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in properties:
            known = ", ".join(properties) or "none"
            raise ConfigError(f"{where} has no option '{name}'.{near(name, properties)} Its options: {known}")
        found[name] = _typed(properties[name], value)
        check_options({"properties": {name: properties[name]}}, {name: found[name]}, where)
    return found


def _typed(entry: Mapping[str, Any], value: Any) -> Any:
    if "anyOf" in entry:
        if isinstance(value, str) and value.lower() in NOTHING:
            return None
        entry = entry["anyOf"][0]
    kind = entry.get("type")
    if kind == "array":
        return _list(entry.get("items", {}), value)
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str) or len(value) > LONGEST:
        return value
    if "enum" in entry:
        return next((choice for choice in entry["enum"] if str(choice) == value), value)
    if kind == "boolean":
        word = value.lower()
        return word in TRUE if word in TRUE | FALSE else value
    if kind in ("integer", "number"):
        return _number(kind, value)
    if kind == "object" or kind is None:
        return _json(value)
    return value


def _list(items: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            told = _json(value)
            return told if isinstance(told, list) else value
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    return [_typed(items, item) for item in value] if isinstance(value, list | tuple) else value


def _number(kind: str, text: str) -> Any:
    try:
        return int(text) if kind == "integer" or text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
