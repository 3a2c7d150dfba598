"""Where Python code reads settings, by its syntax tree."""

import ast
import warnings

from callboard_config.read import Read, Reads

ENV_READERS = {"decouple": {"config"}, "environs": set[str](), "environ": set[str](), "starlette.config": set[str]()}
ENV_CLASSES = {"Env", "FileAwareEnv", "Config", "AutoConfig"}
ENV_METHODS = frozenset(
    [
        "str",
        "int",
        "float",
        "bool",
        "list",
        "dict",
        "json",
        "url",
        "path",
        "decimal",
        "date",
        "datetime",
        "timedelta",
        "uuid",
        "enum",
        "log_level",
        "db",
        "db_url",
        "cache",
        "email_url",
        "tuple",
        "bytes",
        "time",
    ]
)


def python_reads(source: str, path: str) -> Reads:
    """The reads of one file; raises SyntaxError or ValueError for a source that cannot be parsed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    walker = _Walker(path)
    walker.look_at_names(tree)
    for node in ast.walk(tree):
        walker.look_at(node)
    return Reads(tuple(walker.reads), tuple(walker.sets), tuple(sorted(walker.dynamic)))


class _Walker:
    def __init__(self, path: str) -> None:
        self.path = path
        self.os_names: set[str] = set()
        self.environ_names: set[str] = set()
        self.getenv_names: set[str] = set()
        self.reader_names: set[str] = set()
        self.env_classes: set[str] = set()
        self.env_modules: set[str] = set()
        self.constants: dict[str, str] = {}
        self.settings_bases = {"BaseSettings"}
        self.reads: list[Read] = []
        self.sets: list[str] = []
        self.dynamic: set[int] = set()
        self.guarded: set[int] = set()

    def look_at_names(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "os":
                        self.os_names.add(alias.asname or "os")
                    if alias.name in ENV_READERS:
                        self.env_modules.add(alias.asname or alias.name)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                self._imported(node)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                self._assigned(node)
            elif isinstance(node, ast.Try) and any(_catches_key_error(handler) for handler in node.handlers):
                self.guarded.update(range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1))
        known = True
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        while known:
            fresh = {c.name for c in classes if any(_last(b) in self.settings_bases for b in c.bases)}
            known = bool(fresh - self.settings_bases)
            self.settings_bases |= fresh

    def _imported(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            if node.module == "os" and alias.name == "environ":
                self.environ_names.add(name)
            elif node.module == "os" and alias.name == "getenv":
                self.getenv_names.add(name)
            elif node.module in ENV_READERS:
                if alias.name in ENV_READERS[node.module]:
                    self.reader_names.add(name)
                elif alias.name in ENV_CLASSES:
                    self.env_classes.add(name)
            elif node.module == "dotenv" and alias.name == "dotenv_values":
                self.env_classes.add(name)

    def _assigned(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            self.constants.update({name: value.value for name in names if name.isupper()})
        if isinstance(value, ast.Call):
            called = value.func
            made = isinstance(called, ast.Name) and called.id in self.env_classes
            made = made or (
                isinstance(called, ast.Attribute)
                and called.attr in ENV_CLASSES
                and isinstance(called.value, ast.Name)
                and called.value.id in self.env_modules
            )
            if made and _last(called) == "dotenv_values":
                self.environ_names.update(names)
            elif made:
                self.reader_names.update(names)
        if value is not None and self._is_environ(value):
            self.environ_names.update(names)

    def _is_environ(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self.environ_names
        return (
            isinstance(node, ast.Attribute)
            and node.attr == "environ"
            and isinstance(node.value, ast.Name)
            and node.value.id in self.os_names
        )

    def look_at(self, node: ast.AST) -> None:
        if isinstance(node, ast.Subscript) and self._is_environ(node.value):
            if isinstance(node.ctx, ast.Load):
                guarded = node.lineno in self.guarded
                self._read(node.slice, node.lineno, "os.environ[…]", not guarded, guarded)
            else:
                self._set(node.slice)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and self._is_environ(node.comparators[0]):
            self._read(node.left, node.lineno, "in os.environ", default=True)
        elif isinstance(node, ast.Call):
            self._called(node)
        elif isinstance(node, ast.ClassDef) and any(_last(base) in self.settings_bases for base in node.bases):
            self._settings_class(node)

    def _called(self, node: ast.Call) -> None:
        called = node.func
        for keyword in node.keywords:
            if keyword.arg == "envvar":
                self._read(keyword.value, node.lineno, "envvar=", default=True)
        if not node.args:
            return
        has_default = len(node.args) > 1 or any(k.arg in ("default", "cast_default") for k in node.keywords)
        if isinstance(called, ast.Attribute):
            if self._is_environ(called.value):
                if called.attr in ("get", "pop"):
                    required = called.attr == "pop" and not has_default
                    self._read(node.args[0], node.lineno, f"os.environ.{called.attr}", required, has_default)
                elif called.attr == "setdefault":
                    self._set(node.args[0])
            elif isinstance(called.value, ast.Name):
                self._attribute_called(node, called.attr, called.value.id, has_default)
        elif isinstance(called, ast.Name):
            if called.id in self.getenv_names:
                self._read(node.args[0], node.lineno, "os.getenv", default=has_default)
            elif called.id in self.reader_names:
                named = any(k.arg == "default" for k in node.keywords)
                self._read(node.args[0], node.lineno, f"{called.id}(…)", not named, named)

    def _attribute_called(self, node: ast.Call, method: str, owner: str, has_default: bool) -> None:
        if owner in self.os_names and method == "getenv":
            self._read(node.args[0], node.lineno, "os.getenv", default=has_default)
        elif owner in self.os_names and method == "putenv":
            self._set(node.args[0])
        elif owner in self.reader_names and method in ENV_METHODS:
            self._read(node.args[0], node.lineno, f"{owner}.{method}", not has_default, has_default)

    def _name(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        return None

    def _read(self, node: ast.expr, line: int, how: str, required: bool = False, default: bool = False) -> None:
        name = self._name(node)
        if name is None:
            self.dynamic.add(line)
        elif name.replace("_", "a").isalnum():
            self.reads.append(Read(name, self.path, line, how, required, default))

    def _set(self, node: ast.expr) -> None:
        name = self._name(node)
        if name is not None:
            self.sets.append(name)

    def _settings_class(self, node: ast.ClassDef) -> None:
        prefix = _prefix(node)
        for statement in node.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            field = statement.target.id
            if field.startswith("_") or field == "model_config" or "ClassVar" in ast.dump(statement.annotation):
                continue
            names = _aliases(statement.value) or [(prefix + field).upper()]
            has_default = _has_default(statement.value)
            how = f"field of {node.name}"
            self.reads.append(
                Read(names[0], self.path, statement.lineno, how, not has_default, has_default, tuple(names[1:]))
            )


def _catches_key_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {_last(node) for node in ast.walk(handler.type) if isinstance(node, ast.expr)}
    return bool(names & {"KeyError", "LookupError", "Exception"})


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _prefix(node: ast.ClassDef) -> str:
    for inner in ast.walk(node):
        if isinstance(inner, ast.keyword) and inner.arg == "env_prefix" and isinstance(inner.value, ast.Constant):
            return str(inner.value.value)
        if isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "env_prefix" and isinstance(value, ast.Constant):
                    return str(value.value)
        if (
            isinstance(inner, ast.Assign)
            and isinstance(inner.value, ast.Constant)
            and any(_last(target) == "env_prefix" for target in inner.targets)
        ):
            return str(inner.value.value)
    return ""


def _aliases(value: ast.expr | None) -> list[str]:
    """The names that Field(alias=…), validation_alias or env give it."""
    if not isinstance(value, ast.Call):
        return []
    for keyword in value.keywords:
        if keyword.arg in ("validation_alias", "alias", "env"):
            texts = [
                n.value for n in ast.walk(keyword.value) if isinstance(n, ast.Constant) and isinstance(n.value, str)
            ]
            if texts:
                return texts
    return []


def _has_default(value: ast.expr | None) -> bool:
    if value is None or (isinstance(value, ast.Constant) and value.value is Ellipsis):
        return False
    if isinstance(value, ast.Call) and _last(value.func) == "Field":
        if value.args:
            return not (isinstance(value.args[0], ast.Constant) and value.args[0].value is Ellipsis)
        return any(keyword.arg in ("default", "default_factory") for keyword in value.keywords)
    return True
