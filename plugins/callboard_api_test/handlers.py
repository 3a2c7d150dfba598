"""Where the function behind an operation stands in the source, by its decorator."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from callboard.api import Workspace

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
HINT = re.compile(
    r"@\w[\w.]*\.(?:get|post|put|patch|delete|head|options|trace|route|api_route|websocket|websocket_route)\("
)


@dataclass(frozen=True, slots=True)
class Handler:
    """A decorated function: the method, the path as the decorator says it, and its place."""

    method: str
    route: str
    path: str
    line: int
    name: str


def find_handlers(workspace: Workspace, folder: str) -> list[Handler]:
    """The handlers in a folder of the workspace, tests left out."""
    found: list[Handler] = []
    for path in workspace.matching("*.py"):
        if folder and not path.startswith(f"{folder}/"):
            continue
        if "/tests/" in f"/{path}" or path.rsplit("/", 1)[-1].startswith("test_"):
            continue
        text = workspace.text(path, 500_000)
        if HINT.search(text):
            found += _in_module(path, text)
    return found


def _in_module(path: str, text: str) -> Iterator[Handler]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                for method, route in _routes(decorator):
                    yield Handler(method, route, path, decorator.lineno, node.name)


def _routes(decorator: ast.expr) -> Iterator[tuple[str, str]]:
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
        return
    first = decorator.args[0] if decorator.args else None
    given = {word.arg: word.value for word in decorator.keywords}
    first = first or given.get("path") or given.get("rule")
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return
    route = re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"{\1}", first.value)
    name = decorator.func.attr
    if name in METHODS:
        yield name.upper(), route
    elif name in ("websocket", "websocket_route"):
        yield "WEBSOCKET", route
    elif name in ("route", "api_route"):
        methods = given.get("methods")
        listed = methods.elts if isinstance(methods, (ast.List, ast.Tuple, ast.Set)) else []
        words = [word.value for word in listed if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        for word in words or ["GET"]:
            yield word.upper(), route


def place_of(handlers: Iterable[Handler], operation: str, names: Mapping[str, str]) -> tuple[str, int]:
    """The file and line of an operation such as 'GET /items/{id}'; ('', 0) when it is not found or not clear.

    `names` maps operations to their operationId, whose beginning is by custom the function's name.
    """
    method, _, route = operation.partition(" ")
    plain = re.sub(r":[^}]*}", "}", route).rstrip("/")
    fitting = [
        h for h in handlers if h.method == method and plain.endswith(re.sub(r":[^}]*}", "}", h.route).rstrip("/"))
    ]
    if not fitting:
        return "", 0
    called = names.get(operation, "")
    named = [h for h in fitting if called == h.name or called.startswith(f"{h.name}_")]
    longest = max(len(h.route) for h in named or fitting)
    best = [h for h in named or fitting if len(h.route) == longest]
    return (best[0].path, best[0].line) if len(best) == 1 else ("", 0)
