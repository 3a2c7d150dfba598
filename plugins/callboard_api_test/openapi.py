"""Faults of an OpenAPI document that break those who read it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from callboard.api import CallboardError, Severity

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
LARGEST_SCHEMA = 10_000_000
LARGEST_YAML = 3_000_000
MOST_ALIASES = 1_000
DEEPEST = 200


class Unparsable(CallboardError):
    """A text that is neither JSON nor YAML: `why` in the parser's words, `line` where it stopped, 0 when it does not say."""

    def __init__(self, name: str, why: str, line: int = 0) -> None:
        self.why = why
        self.line = line
        super().__init__(f"{name} cannot be parsed: {why}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and at which operation ('GET /items') or JSON pointer."""

    rule: str
    severity: Severity
    message: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with what it says of itself."""

    method: str
    path: str
    item: Mapping[str, Any]
    shared: tuple[Any, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def name(self) -> str:
        """Its operationId, '' when it has none."""
        value = self.item.get("operationId")
        return value if isinstance(value, str) else ""


def parsed(text: str, name: str) -> dict[str, Any]:
    """The document of a JSON or YAML text. Raises `CallboardError` for what is neither, too large, or no OpenAPI."""
    if len(text) > LARGEST_SCHEMA:
        raise CallboardError(f"{name} has more than {LARGEST_SCHEMA // 1_000_000} MB; it is not read")
    try:
        is_yaml = name.endswith((".yaml", ".yml")) or not text.lstrip("\ufeff \t\r\n").startswith(("{", "["))
        value = _yaml(text) if is_yaml and not name.endswith(".json") else json.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise CallboardError(f"{name} is nested too deep; it is not read") from error
    except (ValueError, yaml.YAMLError) as error:
        raise Unparsable(name, " ".join(str(error).split())[:200], _line(error)) from error
    if not isinstance(value, dict) or not ("openapi" in value or "swagger" in value):
        raise CallboardError(f"{name} is no OpenAPI document: it has neither 'openapi' nor 'swagger'")
    return value


def _line(error: Exception) -> int:
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    mark = getattr(error, "problem_mark", None)
    return int(mark.line) + 1 if mark is not None else 0


def _yaml(text: str) -> Any:
    if len(text) > LARGEST_YAML:
        raise ValueError(f"it has more than {LARGEST_YAML // 1_000_000} MB of YAML; write it as JSON")
    depth = 0
    for mark in re.finditer(r"[\[{]|[\]}]", text):  # the parser takes quadratic time for deep brackets
        depth = depth + 1 if mark[0] in "[{" else max(0, depth - 1)
        if depth > DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    aliases = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        aliases += isinstance(event, yaml.AliasEvent)
        if aliases > MOST_ALIASES:
            raise ValueError(f"it has more than {MOST_ALIASES} aliases")
    return yaml.safe_load(text)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of the document, in its order; what is not an object is passed over."""
    for path, item in _items(document.get("paths")):
        shared = item.get("parameters")
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield Operation(method, path, item[method], tuple(shared) if isinstance(shared, list) else ())


def _items(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, dict):
        return []
    return [(str(key), inner) for key, inner in value.items() if isinstance(inner, dict)]


def faults(document: Mapping[str, Any]) -> list[Fault]:
    """All faults, those of the whole document first."""
    found = list(_of_document(document))
    seen: dict[str, str] = {}
    for operation in operations(document):
        found += _of_operation(document, operation)
        if operation.name and operation.name in seen:
            words = f"operationId '{operation.name}' is also that of {seen[operation.name]}; generated clients lose one of them"
            found.append(Fault("duplicate-operation-id", Severity.MEDIUM, words, operation.label))
        seen.setdefault(operation.name, operation.label)
    found += _references(document)
    return found


def _of_document(document: Mapping[str, Any]) -> Iterator[Fault]:
    version = str(document.get("openapi", document.get("swagger", "")))
    if not re.match(r"(3\.[0-2]\.\d+|2\.0)", version):
        yield Fault(
            "unknown-version", Severity.MEDIUM, f"the version '{version}' is none of OpenAPI 2.0, 3.0, 3.1 and 3.2"
        )
    info = document.get("info")
    for name in ("title", "version"):
        if not isinstance(info, dict) or not isinstance(info.get(name), str):
            yield Fault("no-info", Severity.LOW, f"'info.{name}' is missing; every OpenAPI document needs it")
    if not isinstance(document.get("paths"), dict):
        if version.startswith("3.1") and ("components" in document or "webhooks" in document):
            return
        yield Fault("no-paths", Severity.HIGH, "'paths' is missing, so the document describes no operation")
        return
    for path in document["paths"]:
        if not str(path).startswith(("/", "x-")):
            yield Fault("bad-path", Severity.MEDIUM, f"the path '{path}' does not begin with a slash", str(path))


def _of_operation(document: Mapping[str, Any], operation: Operation) -> Iterator[Fault]:
    label = operation.label
    responses = operation.item.get("responses")
    if not isinstance(responses, dict) or not responses:
        yield Fault(
            "no-responses", Severity.MEDIUM, f"{label} declares no response; say at least what success is", label
        )
    else:
        for code in responses:
            if not re.fullmatch(r"[1-5](\d\d|XX)|default|x-.*", str(code)):
                yield Fault(
                    "bad-status", Severity.MEDIUM, f"{label} declares the status '{code}', which is none", label
                )
    declared: dict[tuple[str, str], Mapping[str, Any]] = {}
    own = operation.item.get("parameters")
    twice: set[tuple[str, str]] = set()
    for number, given in enumerate([*operation.shared, *(own if isinstance(own, list) else [])]):
        parameter = resolved(document, given)
        key = (str(parameter.get("in", "")), str(parameter.get("name", "")))
        if not all(key):
            if parameter or not isinstance(given, dict) or "$ref" not in given:
                yield Fault("bad-parameter", Severity.MEDIUM, f"{label} has a parameter without name or place", label)
            continue
        if key in declared and number >= len(operation.shared) and key in twice:
            yield Fault(
                "duplicate-parameter", Severity.MEDIUM, f"{label} declares the parameter '{key[1]}' twice", label
            )
        declared[key] = parameter
        if number >= len(operation.shared):
            twice.add(key)
    yield from _path_parameters(operation, declared)


def _path_parameters(operation: Operation, declared: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[Fault]:
    label = operation.label
    named = {name.split(":")[0] for name in re.findall(r"{([^{}]+)}", operation.path)}
    given = {name: parameter for (place, name), parameter in declared.items() if place == "path"}
    for name in sorted(named - set(given)):
        words = f"{label} has '{{{name}}}' in its path but declares no such path parameter"
        yield Fault("undeclared-path-parameter", Severity.MEDIUM, words, label)
    for name in sorted(set(given) - named):
        words = f"{label} declares the path parameter '{name}', which its path does not have"
        yield Fault("unused-path-parameter", Severity.MEDIUM, words, label)
    for name in sorted(set(given) & named):
        if given[name].get("required") is not True:
            words = f"{label} does not say that its path parameter '{name}' is required"
            yield Fault("optional-path-parameter", Severity.LOW, words, label)


def resolved(document: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """The object that a local reference leads to, or the object itself; {} when it leads nowhere."""
    for _ in range(20):
        if not isinstance(value, dict):
            return {}
        if not isinstance(value.get("$ref"), str):
            return value
        found, value = pointed(document, value["$ref"])
        if not found:
            return {}
    return {}


def pointed(document: Any, reference: str) -> tuple[bool, Any]:
    """Whether a local reference such as '#/components/schemas/Item' leads somewhere, and to what."""
    if reference in ("#", "#/"):
        return True, document
    here = document
    for part in reference.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}").replace("%20", " ")
        if isinstance(here, dict) and key in here:
            here = here[key]
        elif isinstance(here, list) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        else:
            return False, None
    return True, here


def _references(document: Mapping[str, Any]) -> Iterator[Fault]:
    """Local references that lead nowhere, each once. Objects that are shared are looked at once, however often they appear."""
    waiting: list[tuple[Any, int, bool]] = [(document, 0, False)]
    looked: set[int] = set()
    told: set[str] = set()
    while waiting:
        value, depth, literal = waiting.pop()
        if id(value) in looked or depth > DEEPEST:
            continue
        looked.add(id(value))
        if isinstance(value, list):
            waiting += [(inner, depth + 1, literal) for inner in value]
        elif isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and not literal and reference not in told:
                told.add(reference)
                if reference.startswith("#/") and not pointed(document, reference)[0]:
                    words = f"'$ref: {reference}' leads nowhere; add what it names or mend its spelling"
                    yield Fault("broken-reference", Severity.HIGH, words, reference)
            # what stands under these words is data that may look like anything
            waiting += [
                (inner, depth + 1, literal or key in ("example", "default", "const")) for key, inner in value.items()
            ]
