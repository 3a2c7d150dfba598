"""Moves literals of Python code into settings, at the places that the syntax tree gives."""

import ast
import sys
import warnings

from callboard_config.assignments import Assignment
from callboard_config.moves import Edit, Move, Names
from callboard_config.settings_class import field_name, last_name, settings_classes

READERS = frozenset({"config", "env", "str", "Env"})


def parsed(source: str) -> ast.Module:
    """The tree; raises SyntaxError, whose words must not be shown: they may quote the line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


class PythonMoves:
    """The moves in one file. `source` is without a byte order mark; its lines end with line feeds, with or without a return."""

    def __init__(self, source: str, path: str, names: Names) -> None:
        self.source = source
        self.path = path
        self.names = names
        self.tree = parsed(source)
        self.starts = [0]
        for line in source.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.lines = source.split("\n")
        self.parents: dict[ast.AST, ast.AST] = {}
        self.constants: dict[tuple[int, int], ast.Constant] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                self.constants[(node.lineno, node.col_offset)] = node
        self.classes = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}
        self.settings = settings_classes(self.classes)
        self.os_name = self._os_name()
        self.needs_import = False

    def move(self, item: Assignment) -> Move | str:
        """The edit that moves it, or why that cannot be done."""
        node = self.constants.get((item.line, item.column))
        if node is None:
            return "its place in the code is not clear"
        start, end = self._span(node)
        literal = self.source[start:end]
        if "\n" in literal or item.value not in literal:
            return "it is written in pieces or with escapes"
        try:
            if ast.literal_eval(literal) != node.value:
                return "its place in the code is not clear"
        except (SyntaxError, ValueError):
            return "it stands inside a formatted text"
        parent = self.parents.get(node)
        if self.os_name is None:
            return "the name 'os' means something else in this file"
        return self._in_settings_class(item, node) or self._as_default(item, node, parent) or self._plain(item, node)

    def _plain(self, item: Assignment, node: ast.Constant) -> Move:
        name = self.names.give(item.name, item.value, self.path, self._around(node, item.name))
        self.needs_import = True
        text = f'{self.os_name}.environ["{name}"]' + (".encode()" if isinstance(node.value, bytes) else "")
        start, end = self._span(node)
        return Move(item.line, name, item.value, Edit(start, end, text))

    def _in_settings_class(self, item: Assignment, node: ast.Constant) -> Move | str | None:
        """A field of pydantic's settings: it loses its default, and pydantic asks for it."""
        inner: ast.AST = node
        parent = self.parents.get(node)
        wrapped = isinstance(parent, ast.Call) and last_name(parent.func) in ("SecretStr", "SecretBytes")
        if wrapped and parent is not None:
            inner, parent = parent, self.parents.get(parent)
        keyword = isinstance(parent, ast.keyword)
        if keyword and parent is not None:
            parent = self.parents.get(parent)
        in_field = isinstance(parent, ast.Call) and last_name(parent.func) == "Field"
        holder = self.parents.get(parent) if in_field and parent is not None else parent
        owner = self.parents.get(holder) if holder is not None else None
        if not isinstance(owner, ast.ClassDef) or self.settings.get(owner.name) is not owner:
            return None
        if not isinstance(holder, ast.AnnAssign) or not isinstance(holder.target, ast.Name) or holder.value is None:
            return "a setting without a type cannot go without its default"
        name = field_name(owner, self.classes, holder.target.id, holder.value)
        if not self.names.keep(name, item.value):
            return f"'{name}' stands for another secret elsewhere"
        if in_field and isinstance(inner, ast.expr):
            return Move(item.line, name, item.value, Edit(*self._span(inner), "..."))
        after = self._offset(holder.annotation.end_lineno or 0, holder.annotation.end_col_offset or 0)
        return Move(item.line, name, item.value, Edit(after, self._span(holder.value)[1], ""))

    def _as_default(self, item: Assignment, node: ast.Constant, parent: ast.AST | None) -> Move | str | None:
        """What stands in for a setting that is read already: the setting becomes required."""
        call = self.parents.get(parent) if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call) or not call.args or call.args[0] is node:
            return None
        named = call.args[0]
        if not isinstance(named, ast.Constant) or named.value != item.name or not isinstance(named.value, str):
            return None
        called, name = last_name(call.func), named.value
        environ = isinstance(call.func, ast.Attribute) and last_name(call.func.value) == "environ"
        if called == "setdefault":
            return "the code sets this variable itself" if environ else None
        if not ((called == "get" and environ) or called == "getenv" or called in READERS):
            return None
        if not self.names.keep(name, item.value):
            return f"'{name}' stands for another secret elsewhere"
        if called in READERS and not environ:
            arguments = sorted([*call.args, *(k.value for k in call.keywords)], key=lambda n: (n.lineno, n.col_offset))
            before = arguments[arguments.index(node) - 1]
            return Move(item.line, name, item.value, Edit(self._span(before)[1], self._span(node)[1], ""))
        self.needs_import = True
        return Move(item.line, name, item.value, Edit(*self._span(call), f'{self.os_name}.environ["{name}"]'))

    def _around(self, node: ast.AST, own: str) -> str:
        """What the value is part of: the name that the whole is assigned to, or the class."""
        parent = self.parents.get(node)
        while parent is not None:
            if isinstance(parent, (ast.Assign, ast.AnnAssign)):
                target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
                name = last_name(target)
                if name and name != own:
                    return name
            if isinstance(parent, ast.ClassDef):
                return parent.name
            parent = self.parents.get(parent)
        return ""

    def with_import(self, source: str) -> str:
        """The changed source with `import os`, if the edits need it and it is not there above the first use."""
        if not self.needs_import:
            return source
        tree = parsed(source)
        uses = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "environ"]
        above = [node for node in tree.body if isinstance(node, ast.Import) and node.lineno <= min(uses, default=0)]
        if any((each.name, each.asname or "os") == ("os", self.os_name) for node in above for each in node.names):
            return source
        lines = source.split("\n")
        end = "\r" if lines and lines[0].endswith("\r") else ""
        at, blank = _import_place(tree, lines)
        lines[at:at] = [f"import os{end}", *([end] if blank else [])]
        return "\n".join(lines)

    def _os_name(self) -> str | None:
        """What the module `os` is called; None when the name is something else's."""
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "os":
                        return alias.asname or "os"
        stored = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored |= {n.arg for n in ast.walk(self.tree) if isinstance(n, ast.arg)}
        imports = [n for n in ast.walk(self.tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
        stored |= {alias.asname or alias.name for n in imports for alias in n.names if alias.name != "os"}
        return None if "os" in stored else "os"

    def _span(self, node: ast.expr) -> tuple[int, int]:
        return self._offset(node.lineno, node.col_offset), self._offset(
            node.end_lineno or node.lineno, node.end_col_offset or 0
        )

    def _offset(self, line: int, column: int) -> int:
        text = self.lines[line - 1]
        characters = column if text.isascii() else len(text.encode("utf-8")[:column].decode("utf-8", "ignore"))
        return self.starts[line - 1] + characters


def _import_place(tree: ast.Module, lines: list[str]) -> tuple[int, bool]:
    """(0-based line before which `import os` goes, whether an empty line follows it): sorted into the first block of imports."""
    body = list(tree.body)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        first_free, body = body[0].end_lineno or 0, body[1:]
    else:
        first_free = 0
    while body and isinstance(body[0], ast.ImportFrom) and body[0].module == "__future__":
        first_free, body = body[0].end_lineno or 0, body[1:]
    if not body:
        return first_free, False
    first = body[0]
    start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))]) - 1
    if not isinstance(first, (ast.Import, ast.ImportFrom)) or not _is_standard(first):
        return start, True
    for node in body:
        if not isinstance(node, ast.Import) or not _is_standard(node) or node.names[0].name > "os":
            gap = not isinstance(node, (ast.Import, ast.ImportFrom)) or not lines[node.lineno - 2].strip()
            return (node.lineno - 1, False) if not gap else (_last_of(body, node), False)
    return body[-1].end_lineno or 0, False


def _last_of(body: list[ast.stmt], node: ast.stmt) -> int:
    at = body.index(node)
    return (body[at - 1].end_lineno or 0) if at else node.lineno - 1


def _is_standard(node: ast.Import | ast.ImportFrom) -> bool:
    name = node.names[0].name if isinstance(node, ast.Import) else (node.module or "")
    level = node.level if isinstance(node, ast.ImportFrom) else 0
    return level == 0 and name.split(".")[0] in sys.stdlib_module_names
