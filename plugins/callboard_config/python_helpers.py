"""Functions of a workspace that read a setting whose name they are given: `def env(name, default=None): …`."""

import ast
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WORTH_PARSING = re.compile(r"environ\b|getenv\b|\bDynaconf\(")


@dataclass(frozen=True, slots=True)
class Helper:
    """`name_at` is the position of the name among the arguments, `parameter` what it is called; likewise for the default.

    A position is -1 for none. `required` when it raises without the setting; `own_default` when it brings a default.
    """

    parameter: str
    name_at: int
    default_at: int
    default_parameter: str
    required: bool
    own_default: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """What one module offers to the others; `dynaconf` are settings objects with the prefix of their variables."""

    module: str
    helpers: Mapping[str, Helper]
    dynaconf: Mapping[str, str]


def shared(source: str, path: str) -> Shared | None:
    """The helpers and settings objects of a file, None when it has none; raises SyntaxError for what cannot be parsed."""
    if WORTH_PARSING.search(source) is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    helpers, objects = helpers_of(tree), dynaconf_of(tree)
    if not helpers and not objects:
        return None
    stem = path.rsplit("/", 1)[-1].removesuffix(".py")
    module = path.rsplit("/", 2)[-2] if stem == "__init__" and "/" in path else stem
    return Shared(module, helpers, objects)


def helpers_of(tree: ast.Module) -> dict[str, Helper]:
    """By name; methods count without their first argument."""
    found: dict[str, Helper] = {}
    methods = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for inner in node.body}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
            helper = _helper(node, skip=1 if id(node) in methods and not static else 0)
            if helper is not None:
                found[node.name] = helper
    return found


def dynaconf_of(tree: ast.Module) -> dict[str, str]:
    """`settings = Dynaconf(envvar_prefix="APP")` of the module, with the prefix."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _last(node.value.func) == "Dynaconf":
            prefix = "DYNACONF"
            for keyword in node.value.keywords:
                if keyword.arg == "envvar_prefix" and isinstance(keyword.value, ast.Constant):
                    prefix = keyword.value.value if isinstance(keyword.value.value, str) else ""
            found.update({target.id: prefix.upper() for target in node.targets if isinstance(target, ast.Name)})
    return found


def _helper(node: ast.FunctionDef | ast.AsyncFunctionDef, skip: int) -> Helper | None:
    parameters = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]][skip:]
    keyword_only = [argument.arg for argument in node.args.kwonlyargs]
    if not parameters:
        return None
    guarded = any(isinstance(inner, (ast.Try, ast.Compare)) for inner in ast.walk(node))
    for inner in ast.walk(node):
        name, default, stops = _environ_read(inner)
        if not isinstance(name, ast.Name) or name.id not in parameters:
            continue
        given = _default_parameter(default, [*parameters, *keyword_only])
        if not given:
            given = next((p for p in [*parameters, *keyword_only] if p in ("default", "fallback", "default_value")), "")
        own = default is not None and not given and not (isinstance(default, ast.Constant) and default.value is None)
        at = parameters.index(given) if given in parameters else -1
        raises = any(isinstance(part, ast.Raise) for part in ast.walk(node))
        required = raises or (stops and not guarded)
        return Helper(name.id, parameters.index(name.id), at, given, required, own)
    return None


def _default_parameter(default: ast.expr | None, parameters: Iterable[str]) -> str:
    return default.id if isinstance(default, ast.Name) and default.id in set(parameters) else ""


def _environ_read(node: ast.AST) -> tuple[ast.expr | None, ast.expr | None, bool]:
    """(name, default, whether it stops without the setting) of `os.environ[…]`, `os.environ.get(…)` and `os.getenv(…)`."""
    if isinstance(node, ast.Subscript) and _last(node.value) == "environ" and isinstance(node.ctx, ast.Load):
        return node.slice, None, True
    if isinstance(node, ast.Call) and node.args:
        called = node.func
        reads = _last(called) == "getenv" or (
            isinstance(called, ast.Attribute) and called.attr == "get" and _last(called.value) == "environ"
        )
        if reads:
            return node.args[0], node.args[1] if len(node.args) > 1 else None, False
    return None, None, False


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
