"""Names and the literal texts that files assign to them, in the languages that configuration is written in."""

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard_config.scripts import blanked
from callboard_config.secrecy import is_secret_name
from callboard_config.yaml_text import scalars

MOST_LINES = 200_000
LONGEST_LINE = 5_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """`value` stays in memory and is never shown or kept. `form` is code, default, file or env.

    `column` is where a literal of Python begins in its line, in bytes; `start` and `end` are the characters of the file that
    a literal of JavaScript takes, quotes included. -1 where that is not known.
    """

    name: str
    value: str
    line: int
    form: str
    column: int = -1
    start: int = -1
    end: int = -1


def python_assignments(source: str) -> Iterator[Assignment]:
    """Assignments, keyword arguments, dict entries, parameters' defaults, and defaults of settings that are read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source.removeprefix("\ufeff"))
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _python(_target_name(target), value, "code")
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _python(_target_name(target), value, "code")
            case ast.Call():
                yield from _python_call(node)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield from _python(key.value, value, "code")
            case ast.arguments():
                positional = [*node.posonlyargs, *node.args]
                for argument, default in zip(positional[::-1], node.defaults[::-1], strict=False):
                    yield from _python(argument.arg, default, "default")
                for argument, given in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                    if given is not None:
                        yield from _python(argument.arg, given, "default")
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                yield from _python(_target_name(left), right, "code")
            case _:
                pass


def _python_call(node: ast.Call) -> Iterator[Assignment]:
    for keyword in node.keywords:
        if keyword.arg is not None:
            yield from _python(keyword.arg, keyword.value, "code")
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in ("get", "getenv", "config", "setdefault", "str", "env") and node.args:
        name = node.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            defaults = [keyword.value for keyword in node.keywords if keyword.arg == "default"]
            for value in [*node.args[1:2], *defaults]:
                yield from _python(name.value, value, "default")


def _python(name: str, value: ast.expr, form: str) -> Iterator[Assignment]:
    if isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _python(name, part, "default")
        return
    if isinstance(value, ast.Call) and value.args and _target_name(value.func) in ("SecretStr", "Field", "SecretBytes"):
        yield from _python(name, value.args[0], form)
        return
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            yield Assignment(name, value.value, value.lineno, form, value.col_offset)
        elif isinstance(value.value, bytes):
            yield Assignment(name, value.value.decode("latin-1"), value.lineno, form, value.col_offset)


def _target_name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case _:
            return ""


_SCRIPT = re.compile(
    r"""(?<![\w$.])(?:[\w$]+\.)*([A-Za-z_$][\w$]*|(['"])([A-Za-z_][\w.-]*)\2)\s*(?::\s*string\s*)?([:=]|\|\||\?\?)\s*(['"`])"""
)
_SCRIPT_DEFAULT = re.compile(r"""\benv\.([A-Za-z_]\w*)\s*(?:\|\||\?\?)\s*(['"`])""")


def script_assignments(source: str) -> Iterator[Assignment]:
    """`name = "…"`, `name: "…"` and `process.env.NAME || "…"` of JavaScript and TypeScript, outside of comments."""
    plain = blanked(source)
    for match in _SCRIPT_DEFAULT.finditer(source):
        yield from _script(source, plain, match, match[1], "default")
    for match in _SCRIPT.finditer(source):
        if match[4] in (":", "="):
            yield from _script(source, plain, match, match[3] or match[1], "code")


def _script(source: str, plain: str, match: re.Match[str], name: str, form: str) -> Iterator[Assignment]:
    start = match.end() - 1
    if plain[start] != source[start] or plain[match.start()] == " ":
        return
    end = plain.find(source[start], start + 1)
    value = source[start + 1 : end] if 0 < end - start < 4_100 else ""
    if value and "${" not in value:
        yield Assignment(name, value, source.count("\n", 0, start) + 1, form, -1, start, end + 1)


def yaml_assignments(text: str) -> Iterator[Assignment]:
    """Scalars under their keys, and NAME=value in lists (as compose has them)."""
    for key, value, line in scalars(text):
        yield Assignment(key, value, line, "file")
        name, found, rest = value.partition("=")
        if found and re.fullmatch(r"[A-Za-z_]\w*", name):
            yield Assignment(name, rest, line, "file")


def toml_assignments(text: str) -> Iterator[Assignment]:
    """Texts under their keys."""
    yield from _walked(tomllib.loads(text), text)


def json_assignments(text: str) -> Iterator[Assignment]:
    """Texts under their keys."""
    yield from _walked(json.loads(text.removeprefix("\ufeff")), text)


def _walked(tables: Any, text: str) -> Iterator[Assignment]:
    pending: list[tuple[str, Any]] = [("", tables)]
    while pending:
        key, node = pending.pop()
        if isinstance(node, Mapping):
            pending += [(str(name), value) for name, value in node.items()]
        elif isinstance(node, list):
            pending += [(key, value) for value in node]
        elif isinstance(node, str) and key:
            # Finding the line costs a look through the file: only for what may be a secret.
            line = _line(text, key, node) if is_secret_name(key) or "://" in node else 0
            yield Assignment(key, node, line, "file")


def _line(text: str, key: str, value: str) -> int:
    """The first line that holds both, 0 for none."""
    for number, line in enumerate(text.splitlines(), 1):
        if key in line and value[:40] in line:
            return number
    return 0


_INI = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.+?)\s*$")


def ini_assignments(text: str) -> Iterator[Assignment]:
    """`name = value` and `name: value` of ini, conf and properties files."""
    for number, line in enumerate(text.splitlines()[:MOST_LINES], 1):
        match = None if len(line) > LONGEST_LINE or line.lstrip()[:1] in ("#", ";", "!") else _INI.match(line)
        if match is not None:
            yield Assignment(match[1], match[2].strip("\"'"), number, "file")


_LINE = re.compile(
    r"^[\s{,-]*[\"']?([A-Za-z_][\w.-]{1,80})[\"']?\s*[:=]\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'#,;{}()\[\]]+)\s*$)"
)


def line_assignments(text: str) -> Iterator[Assignment]:
    """What looks like `name = value` or `"name": "value"` in a file of any format that its parser refuses."""
    for number, line in enumerate(text.splitlines()[:MOST_LINES], 1):
        match = None if len(line) > LONGEST_LINE or line.lstrip()[:1] in ("#", ";", "/") else _LINE.match(line)
        if match is not None:
            yield Assignment(match[1], match[2] or match[3] or match[4] or "", number, "file")


_DOCKER = re.compile(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S+)")


def docker_assignments(text: str) -> Iterator[Assignment]:
    """NAME=value of ENV and ARG, and the old form `ENV NAME value`."""
    inside = False
    for number, line in enumerate(text.splitlines()[:MOST_LINES], 1):
        starts = re.match(r"\s*(ENV|ARG)\s+", line, re.IGNORECASE)
        if len(line) <= LONGEST_LINE and (starts or inside):
            pairs = _DOCKER.findall(line)
            for name, value in pairs:
                yield Assignment(name, value.strip("\"'"), number, "file")
            words = line.split()
            if starts and not pairs and len(words) == 3:
                yield Assignment(words[1], words[2].strip("\"'"), number, "file")
        inside = bool(starts or inside) and line.rstrip().endswith("\\")
