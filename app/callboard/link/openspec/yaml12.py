"""YAML as OpenSpec's parser understands it (1.2: `yes` is a text, a date is a text, keys are unique), within bounds."""

import re
from typing import Any

import yaml

LARGEST = 200_000
MOST_ALIASES = 100
DEEPEST = 40
SIMPLE = re.compile(r"([a-z_]+): ([A-Za-z][A-Za-z0-9_.-]*|[0-9]{4}-[0-9]{2}-[0-9]{2})")
WORDS = frozenset("true True TRUE false False FALSE null Null NULL".split())


class BadYaml(Exception):
    """It is no YAML that is read here; `line` is 1-based, 0 when it is not known."""

    def __init__(self, words: str, line: int = 0) -> None:
        self.line = line
        super().__init__(words)


class _Loader(yaml.SafeLoader):
    """The safe loader with the scalars of YAML 1.2; refuses what grows by its aliases, nests deeply or repeats a key."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._aliases = 0
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node; counts aliases and depth."""
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > MOST_ALIASES:
                raise BadYaml(f"has more than {MOST_ALIASES} aliases", self._line())
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadYaml("is nested too deeply", self._line())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _line(self) -> int:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        return int(event.start_mark.line) + 1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A table with unique keys."""
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (dict, list)):
                key = str(key)
            if key in found:
                raise BadYaml(f"has the key {str(key)[:60]!r} twice", key_node.start_mark.line + 1)
            found[key] = self.construct_object(value_node, deep=deep)
        return found


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


def _integer(loader: Any, node: Any) -> int:
    return int(str(loader.construct_scalar(node))[:4_000])


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def _simple(text: str) -> dict[str, str] | None:
    """The table of a text that holds nothing but lines such as `schema: spec-driven`; None for any other."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        if not line:
            continue
        match = SIMPLE.fullmatch(line)
        if match is None or match[1] in found or match[1] in WORDS or match[2] in WORDS:
            return None
        found[match[1]] = match[2]
    return found or None


def load(text: str) -> Any:
    """The plain value of one document; raises `BadYaml`."""
    simple = _simple(text) if len(text) < 1_000 else None
    if simple is not None:
        return simple
    if len(text) > LARGEST:
        raise BadYaml(f"is larger than {LARGEST // 1_000} kB")
    loader: _Loader | None = None
    try:
        loader = _Loader(text.removeprefix("\ufeff"))
        return loader.get_single_data()
    except BadYaml:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = error.problem or error.context or "is no valid YAML"
        raise BadYaml(f"is no valid YAML: {words}"[:300], mark.line + 1 if mark else 0) from error
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError) as error:
        raise BadYaml(
            f"is no valid YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}"[:300]
        ) from error
    finally:
        if loader is not None:
            loader.dispose()
