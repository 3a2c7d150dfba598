"""Whether what the modules of a workspace import from each other is there; told from their text, nothing is run."""

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from callboard_code_refactor.sources import LARGEST_SOURCE, package_roots


@dataclass(frozen=True, slots=True)
class Module:
    """The names that a module binds, and what it takes from others: (module, name). `open` when it may bind any name."""

    bound: frozenset[str]
    taken: frozenset[tuple[str, str]]
    open: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """An import of a name that its module does not bind."""

    path: str
    module: str
    name: str


class Modules:
    """All modules of a tree, by their dotted names. A file that cannot be parsed, or is very large, may bind any name."""

    def __init__(self, where: Path, files: Iterable[str]) -> None:
        self._where = where
        self._files = list(files)
        self._names = module_names(self._files)
        self._modules: dict[str, Module] = {}
        self.read(self._files)

    def read(self, files: Iterable[str]) -> None:
        """Reads these files anew."""
        for path in files:
            self._modules[path] = _module(self._where / path, self._names.get(path, ""), path.endswith("__init__.py"))

    def missing(self) -> set[Missing]:
        """Imports from a module of the tree of something that it does not bind and that is no module below it."""
        by_name = {name: path for path, name in self._names.items()}
        packages = {name.rpartition(".")[0] for name in by_name} - {""}
        found: set[Missing] = set()
        for path, module in self._modules.items():
            for source, name in module.taken:
                target = self._modules.get(by_name.get(source, ""))
                if target is None or target.open or name in target.bound:
                    continue
                below = f"{source}.{name}"
                if below not in by_name and below not in packages:
                    found.add(Missing(path, source, name))
        return found

    def path_of(self, module: str) -> str:
        """The file of a module, '' when it is none of the tree."""
        return next((path for path, name in self._names.items() if name == module), "")

    def imports(self) -> int:
        """How many imports point from one module of the tree to another."""
        known = set(self._names.values())
        return sum(source in known for module in self._modules.values() for source, _ in module.taken)


def module_names(files: Iterable[str]) -> dict[str, str]:
    """Path -> dotted name; the first of two files of the same name has it."""
    listed = sorted(files)
    roots = package_roots(listed)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for path in listed:
        for root in sorted(set(roots.values()), key=len, reverse=True):
            inner = path.removeprefix(f"{root}/") if root else path
            if root and inner == path:
                continue
            name = inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if roots.get(name.partition(".")[0]) == root and name not in taken:
                found[path] = name
                taken.add(name)
                break
    return found


def _module(path: Path, name: str, package: bool) -> Module:
    try:
        if path.stat().st_size > LARGEST_SOURCE:
            return Module(frozenset(), frozenset(), open=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return Module(frozenset(), frozenset(), open=True)
    bound: set[str] = set()
    for node in _outer(tree):
        bound |= set(_bound(node))
    taken: set[tuple[str, str]] = set()
    star = False
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Global):
            bound |= set(inner.names)
        if isinstance(inner, ast.ImportFrom):
            source = _source(inner, name, package)
            star |= any(alias.name == "*" for alias in inner.names)
            taken |= {(source, alias.name) for alias in inner.names if source and alias.name != "*"}
    dynamic = "__getattr__" in bound or any(_writes_globals(node) for node in ast.walk(tree))
    return Module(frozenset(bound), frozenset(taken), open=star or dynamic)


def _outer(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported, without the bodies of functions and classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case _:
            return


def _writes_globals(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("globals", "vars", "setattr")
    )


def _source(node: ast.ImportFrom, name: str, package: bool) -> str:
    """The dotted name that is imported from; '' for a relative import that leads out."""
    if not node.level:
        return node.module or ""
    parts = name.split(".") if name else []
    drop = node.level - (1 if package else 0)
    if drop > len(parts) or not parts:
        return ""
    base = parts[: len(parts) - drop] if drop else parts
    return ".".join([*base, *([node.module] if node.module else [])])


def found_in(missing: Iterable[Missing]) -> Mapping[str, str]:
    """Path -> what is missing there, in words."""
    words: dict[str, str] = {}
    for item in sorted(missing, key=lambda one: (one.path, one.module, one.name)):
        words.setdefault(item.path, f"it imports '{item.name}' from {item.module}, where it no longer is")
    return words
