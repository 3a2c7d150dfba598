"""Module names of paths, and what a module's text defines and imports."""

import ast
from collections.abc import Iterator

BINARY = (".so", ".pyd")


def module_name(path: str) -> str:
    """The dotted name of a path in a wheel: 'a/b.py' is 'a.b', 'a/__init__.py' is 'a'; '' for what is no module."""
    parts = path.split("/")
    if parts[-1].endswith(BINARY):
        parts[-1] = parts[-1].split(".")[0]
    elif parts[-1].endswith(".py"):
        parts[-1] = parts[-1].removesuffix(".py")
    else:
        return ""
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def defined_names(text: str) -> set[str] | None:
    """Names that a module has after its import; None when the text does not tell (`import *`, `__getattr__`, no Python)."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("globals", "setattr"):
            return None
    return None if names & {"*", "__getattr__"} else names


def imported_modules(text: str, path: str) -> Iterator[tuple[str, int, bool]]:
    """(dotted name, line, whether the code may live without it) for each import, relative ones resolved.

    `from a import b` gives 'a' and 'a.b', because b may be a module.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    package = path.rpartition("/")[0].split("/")
    for node, optional in _statements(tree.body, optional=False):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, optional) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base, node.lineno, optional
            yield from ((f"{base}.{alias.name}", node.lineno, optional) for alias in node.names)


def _statements(body: list[ast.stmt], *, optional: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """All statements; what stands in `if`, `try` or a function is optional."""
    for node in body:
        yield node, optional
        inner = optional or isinstance(node, (ast.If, ast.Try, ast.FunctionDef, ast.AsyncFunctionDef))
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, name, []) or [], optional=inner)
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body, optional=True)
