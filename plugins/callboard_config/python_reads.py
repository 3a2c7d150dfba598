"""Where Python code reads settings, by its syntax tree."""

import ast
import warnings
from collections.abc import Sequence

from callboard_config.python_helpers import Helper, Shared, dynaconf_of, helpers_of
from callboard_config.read import Read, Reads
from callboard_config.settings_class import class_reads, last_name, settings_classes

MODULES = frozenset({"decouple", "environs", "environ", "starlette.config", "dotenv"})
CLASSES = frozenset({"Env", "FileAwareEnv", "Config", "AutoConfig", "dotenv_values"})
SECOND_IS_DEFAULT = frozenset({"decouple", "environs"})  # elsewhere the second argument says the type
METHODS = frozenset(
    "str int float bool list dict json url path decimal date datetime timedelta uuid enum log_level db db_url cache "
    "cache_url email email_url search_url tuple bytes time".split()
)
NAMED_BY_METHOD = {"db": "DATABASE_URL", "cache": "CACHE_URL", "email_url": "EMAIL_URL", "search_url": "SEARCH_URL"}
COPIES = frozenset({"dict", "copy"})


def python_reads(source: str, path: str, known: Sequence[Shared] = ()) -> Reads:
    """The reads of one file; `known` are helpers of other modules. Raises SyntaxError or ValueError for what cannot be parsed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source.removeprefix("\ufeff"))
    walker = _Walker(path, tree)
    walker.look_at_names(tree, known)
    for node in ast.walk(tree):
        walker.look_at(node)
    return Reads(tuple(walker.reads), tuple(walker.sets), tuple(sorted(walker.dynamic)))


class _Walker:
    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.os_names: set[str] = set()
        self.environ_names: set[str] = set()
        self.getenv_names: set[str] = set()
        self.readers: dict[str, str] = {}  # a name by which settings are read, with the module that it is from
        self.prefixes: dict[str, str] = {}
        self.schemes: dict[str, set[str]] = {}
        self.env_classes: dict[str, str] = {}
        self.env_modules: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.helpers: dict[str, Helper] = helpers_of(tree)
        self.dynaconf: dict[str, str] = dynaconf_of(tree)
        self.own_parameters = {
            line: helper.parameter
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (helper := self.helpers.get(node.name))
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        self.classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        self.settings = settings_classes(self.classes)
        self.prefixed: list[tuple[range, str, str]] = []
        self.reads: list[Read] = []
        self.sets: list[str] = []
        self.dynamic: set[int] = set()
        self.guarded: set[int] = set()

    def look_at_names(self, tree: ast.Module, known: Sequence[Shared]) -> None:
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "os":
                        self.os_names.add(alias.asname or "os")
                    if alias.name in MODULES:
                        self.env_modules[alias.asname or alias.name] = alias.name
            elif isinstance(node, ast.ImportFrom):
                self._imported(node, known)
        for node in nodes:
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                self._assigned(node)
            elif isinstance(node, ast.Try) and any(_catches_key_error(handler) for handler in node.handlers):
                self.guarded.update(range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1))
            elif isinstance(node, ast.With):
                self._with_prefix(node)

    def _imported(self, node: ast.ImportFrom, known: Sequence[Shared]) -> None:
        last = (node.module or "").rsplit(".", 1)[-1]
        for alias in node.names:
            name = alias.asname or alias.name
            if node.module == "os" and alias.name == "environ":
                self.environ_names.add(name)
            elif node.module == "os" and alias.name == "getenv":
                self.getenv_names.add(name)
            elif node.module in MODULES:
                if alias.name == "config":
                    self.readers[name] = node.module
                elif alias.name in CLASSES:
                    self.env_classes[name] = node.module
            for module in known:
                if module.module == last:
                    if alias.name in module.helpers:
                        self.helpers.setdefault(name, module.helpers[alias.name])
                    if alias.name in module.dynaconf:
                        self.dynaconf.setdefault(name, module.dynaconf[alias.name])
                elif module.module == alias.name:  # from package import module
                    for helper, what in module.helpers.items():
                        self.helpers.setdefault(helper, what)

    def _assigned(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        value = node.value
        if value is None or not names:
            return
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            self.constants.update({name: value.value for name in names if name.isupper()})
        if isinstance(value, ast.Call):
            self._made(value, names)
        if self._is_environ(value) or self._is_copy(value):
            self.environ_names.update(names)
        if (
            isinstance(value, ast.Attribute) and value.attr == "getenv" and last_name(value.value) in self.os_names
        ) or (isinstance(value, ast.Attribute) and value.attr == "get" and self._is_environ(value.value)):
            self.getenv_names.update(names)

    def _made(self, value: ast.Call, names: Sequence[str]) -> None:
        called = value.func
        module = self.env_classes.get(called.id) if isinstance(called, ast.Name) else None
        if isinstance(called, ast.Attribute) and called.attr in CLASSES:
            module = module or self.env_modules.get(ast.unparse(called.value))
        if module is None:
            return
        if module == "dotenv":
            self.environ_names.update(names)
            return
        for name in names:
            self.readers[name] = module
            for keyword in value.keywords:
                if keyword.arg == "env_prefix" and isinstance(keyword.value, ast.Constant):
                    self.prefixes[name] = str(keyword.value.value)
                elif keyword.arg and isinstance(keyword.value, ast.Tuple) and len(keyword.value.elts) > 1:
                    self.schemes.setdefault(name, set()).add(keyword.arg)

    def _with_prefix(self, node: ast.With) -> None:
        for item in node.items:
            call = item.context_expr
            if not (
                isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "prefixed"
            ):
                continue
            prefix = self._name(call.args[0]) if call.args else None
            if prefix is not None:
                lines = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
                self.prefixed.append((lines, last_name(call.func.value), prefix))

    def _is_environ(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self.environ_names
        return isinstance(node, ast.Attribute) and node.attr == "environ" and last_name(node.value) in self.os_names

    def _is_copy(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in COPIES:
                return self._is_environ(node.func.value)
            return last_name(node.func) == "dict" and any(self._is_environ(argument) for argument in node.args)
        if isinstance(node, ast.Dict):
            return any(
                key is None and self._is_environ(value) for key, value in zip(node.keys, node.values, strict=True)
            )
        return False

    def look_at(self, node: ast.AST) -> None:
        if isinstance(node, ast.Subscript):
            if self._is_environ(node.value):
                if isinstance(node.ctx, ast.Load):
                    guarded = node.lineno in self.guarded
                    self._read(node.slice, node.lineno, "os.environ[…]", not guarded, guarded)
                else:
                    self._set(node.slice)
            elif isinstance(node.ctx, ast.Load) and last_name(node.value) in self.dynaconf:
                self._read_dynaconf(last_name(node.value), self._name(node.slice), node.lineno)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and self._is_environ(node.comparators[0]):
            self._read(node.left, node.lineno, "in os.environ", default=True)
        elif isinstance(node, ast.Call):
            self._called(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.dynaconf:
            if isinstance(node.ctx, ast.Load) and node.attr.isupper():
                self._read_dynaconf(node.value.id, node.attr, node.lineno)
        elif isinstance(node, ast.ClassDef) and node.name in self.settings and self.settings[node.name] is node:
            self.reads += class_reads(node, self.classes, self.path)

    def _called(self, node: ast.Call) -> None:
        called = node.func
        for keyword in node.keywords:
            if keyword.arg == "envvar":
                for name in keyword.value.elts if isinstance(keyword.value, (ast.List, ast.Tuple)) else [keyword.value]:
                    self._read(name, node.lineno, "envvar=", default=True)
        if not node.args and isinstance(called, ast.Attribute) and last_name(called.value) in self.readers:
            usual = NAMED_BY_METHOD.get(called.attr)
            if usual:
                given = any(k.arg == "default" for k in node.keywords)
                how = f"{last_name(called.value)}.{called.attr}()"
                self.reads.append(Read(usual, self.path, node.lineno, how, not given, given))
        if self._by_helper(node) or not node.args:
            return
        has_default = len(node.args) > 1 or any(k.arg in ("default", "cast_default") for k in node.keywords)
        if isinstance(called, ast.Attribute):
            self._method_called(node, called, has_default)
        elif isinstance(called, ast.Name):
            if called.id in self.getenv_names:
                self._read(node.args[0], node.lineno, "os.getenv", default=has_default)
            elif called.id in self.readers:
                self._by_reader(node, called.id, f"{called.id}(…)", self.readers[called.id])

    def _method_called(self, node: ast.Call, called: ast.Attribute, has_default: bool) -> None:
        owner = last_name(called.value)
        if self._is_environ(called.value):
            if called.attr in ("get", "pop"):
                required = called.attr == "pop" and not has_default
                self._read(node.args[0], node.lineno, f"os.environ.{called.attr}", required, has_default)
            elif called.attr == "setdefault":
                self._set(node.args[0])
        elif called.attr == "from_envvar":
            silent = any(k.arg == "silent" for k in node.keywords)
            self._read(node.args[0], node.lineno, "config.from_envvar", not silent, silent)
        elif owner in self.dynaconf and called.attr == "get":
            self._read_dynaconf(owner, self._name(node.args[0]), node.lineno, default=True)
        elif isinstance(called.value, ast.Name):
            if owner in self.os_names and called.attr in ("getenv", "getenvb"):
                self._read(node.args[0], node.lineno, "os.getenv", default=has_default)
            elif owner in self.os_names and called.attr == "putenv":
                self._set(node.args[0])
            elif owner in self.readers and called.attr in METHODS:
                self._by_reader(node, owner, f"{owner}.{called.attr}", "environs")
            elif called.attr == "config" and self.env_modules.get(owner) == "decouple":
                self._by_reader(node, owner, "decouple.config", "decouple")

    def _by_reader(self, node: ast.Call, reader: str, how: str, module: str) -> None:
        """`config("X", default=…)`, `env("X")`, `env.int("X", 3)`."""
        default = any(k.arg == "default" for k in node.keywords)
        default = default or len(node.args) > (1 if module in SECOND_IS_DEFAULT else 2)
        name = self._name(node.args[0])
        if name is not None:
            default = default or name in self.schemes.get(reader, ())
            within = [p for lines, owner, p in self.prefixed if node.lineno in lines and owner == reader]
            name = self.prefixes.get(reader, "") + "".join(within) + name
        kind = how.rpartition(".")[2]
        for keyword in node.keywords:
            if keyword.arg == "cast":
                kind = last_name(keyword.value)
        kind = kind if kind in ("int", "float", "bool") else ""
        self._read(
            ast.Constant(name) if name is not None else node.args[0], node.lineno, how, not default, default, kind
        )

    def _by_helper(self, node: ast.Call) -> bool:
        """Whether a helper of the workspace is called; its read is taken."""
        name = last_name(node.func)
        helper = self.helpers.get(name)
        if helper is None:
            return False
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name):
            return False
        if name in ("get", "config") and isinstance(node.func, ast.Attribute) and node.func.value.id not in ("self", "cls"):  # type: ignore[attr-defined]  # fmt: skip
            return False
        given: ast.expr | None = node.args[helper.name_at] if len(node.args) > helper.name_at else None
        for keyword in node.keywords:
            if keyword.arg == helper.parameter:
                given = keyword.value
        if given is None or isinstance(given, ast.Starred):
            return False
        default = helper.own_default or (helper.default_at >= 0 and len(node.args) > helper.default_at)
        default = default or any(k.arg == helper.default_parameter and k.arg for k in node.keywords)
        self._read(given, node.lineno, f"{name}(…)", helper.required and not default, default)
        return True

    def _read_dynaconf(self, owner: str, name: str | None, line: int, default: bool = False) -> None:
        if name is not None and name.replace("_", "a").isalnum() and not name.startswith("_"):
            prefix = self.dynaconf[owner]
            full = f"{prefix}_{name}".upper() if prefix else name.upper()
            self.reads.append(Read(full, self.path, line, f"dynaconf {owner}", False, default, (name.upper(),)))

    def _name(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            return node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        return None

    def _read(
        self, node: ast.expr, line: int, how: str, required: bool = False, default: bool = False, kind: str = ""
    ) -> None:
        name = self._name(node)
        if name is None:
            if not (isinstance(node, ast.Name) and self.own_parameters.get(line) == node.id):
                self.dynamic.add(line)
        elif name.replace("_", "a").isalnum():
            self.reads.append(Read(name, self.path, line, how, required, default, (), kind))

    def _set(self, node: ast.expr) -> None:
        name = self._name(node)
        if name is not None:
            self.sets.append(name)


def _catches_key_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {last_name(node) for node in ast.walk(handler.type) if isinstance(node, ast.expr)}
    return bool(
        names & {"KeyError", "LookupError", "Exception", "UndefinedValueError", "ImproperlyConfigured", "EnvError"}
    )
