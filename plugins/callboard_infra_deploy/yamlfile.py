"""YAML from outside, read within bounds, with the line of each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

LONGEST = 1_000_000
DEEPEST = 60
MOST_VALUES = 200_000
MERGE = "tag:yaml.org,2002:merge"

Path = tuple[str | int, ...]


class Unreadable(Exception):
    """The text is no YAML that is safe to read; `line` is 1-based, 0 when unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        self.line = line
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a file, and the line of each key and item by its path; keys are strings as written."""

    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The 1-based line of what lies at `path`, or of the nearest thing that encloses it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def read_yaml(text: str) -> Document:
    """The last document of the text. Raises `Unreadable` for a fault, or for one that unfolds beyond the bounds.

    Unknown tags (`!reference`, `!reset`) are left out and their plain value is kept.
    """
    if len(text) > LONGEST:
        raise Unreadable(f"is longer than {LONGEST:,} characters")
    try:
        _bounded(text)
        nodes = list(_nodes(text))
    except yaml.YAMLError as error:
        raise Unreadable(*_fault(error)) from error
    if not nodes:
        return Document(None)
    lines: dict[Path, int] = {}
    return Document(_plain(nodes[-1], (), lines), lines)


def _loader(text: str) -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)


def _nodes(text: str) -> Iterator[yaml.Node]:
    loader = _loader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _fault(error: yaml.YAMLError) -> tuple[str, int]:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return str(problem), mark.line + 1 if mark is not None else 0


def _bounded(text: str) -> None:
    """Refuses what nests or unfolds too far, by counting events: nothing is built."""
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in stack):
                raise Unreadable(f"the alias '*{event.anchor}' holds itself", line)
            total += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            stack.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = stack.pop()
            if anchor:
                sizes[anchor] = total - before
        if len(stack) > DEEPEST:
            raise Unreadable(f"nests deeper than {DEEPEST} levels", line)
        if total > MOST_VALUES:
            raise Unreadable(f"unfolds to more than {MOST_VALUES:,} values", line)


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        found = []
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            found.append(_plain(item, (*path, index), lines))
        return found
    return _scalar(node)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    own: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if key.tag == MERGE:
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in sources:
                if isinstance(source, yaml.MappingNode):
                    merged = {**_mapping(source, path, lines), **merged}
            continue
        if name in own:
            raise Unreadable(f"the key '{name}' stands twice", key.start_mark.line + 1)
        lines[(*path, name)] = key.start_mark.line + 1
        own[name] = _plain(value, (*path, name), lines)
    return {**merged, **own}


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    kind = node.tag.rsplit(":", 1)[-1]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int" and text.lstrip("+-").isdigit() and len(text) < 19:
        return int(text)
    return text
