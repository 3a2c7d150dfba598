"""Imports that a module can do without."""

import ast

MISSES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def guarded_lines(text: str) -> frozenset[int]:
    """Lines with an import inside a `try` that expects it to miss, or only for the type checker."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            guarded = any(_expects(handler) for handler in node.handlers)
        else:
            guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if guarded and isinstance(node, (ast.Try, ast.If)):
            found |= _imports(node.body)
    return frozenset(found)


def _expects(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in MISSES for node in ast.walk(handler.type))


def _imports(body: list[ast.stmt]) -> set[int]:
    nodes = (node for statement in body for node in ast.walk(statement))
    return {node.lineno for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))}
