"""YAML from outside, read within bounds."""

from collections.abc import Iterator
from typing import Any

import yaml

MOST_ALIASES = 200
DEEPEST = 100


class Unbounded(yaml.YAMLError):
    """A document with too many aliases, or nested too deep."""


class _Bounded(yaml.SafeLoader):
    """The safe loader, with an end to aliases and depth."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.aliases = 0
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                raise Unbounded(f"more than {MOST_ALIASES} aliases")
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unbounded(f"nested deeper than {DEEPEST}")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def load_bounded(text: str) -> Any:
    """The first document as plain values; None when it cannot be read."""
    loader = _Bounded(text)
    try:
        return loader.get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError):
        return None
    finally:
        loader.dispose()


def scalars(text: str) -> Iterator[tuple[str, str, int]]:
    """(key, scalar text, line) for each scalar value of a mapping, in all documents; list items keep their list's key.

    Ends early and quietly at what cannot be parsed.
    """
    loader = _Bounded(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield from _below(node)
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError):
        return
    finally:
        loader.dispose()


def _below(root: yaml.Node) -> Iterator[tuple[str, str, int]]:
    pending: list[tuple[str, yaml.Node]] = [("", root)]
    seen: set[int] = set()
    while pending:
        key, node = pending.pop()
        if isinstance(node, yaml.ScalarNode):
            if key:
                yield key, str(node.value), node.start_mark.line + 1
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for name, value in reversed(node.value):
                pending.append((str(name.value) if isinstance(name, yaml.ScalarNode) else "", value))
        elif isinstance(node, yaml.SequenceNode):
            pending += [(key, value) for value in reversed(node.value)]
