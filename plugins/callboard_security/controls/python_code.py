"""What one walk through a Python file tells about security."""

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Note = Callable[[str, int, str], None]

SQL = re.compile(
    r"\b(select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|drop\s+table|alter\s+table|union\s+select)\b",
    re.I | re.S,
)
EXECUTES = frozenset({"execute", "executemany", "executescript", "raw", "text"})
UNSAFE_LOADS = re.compile(
    r"(?:c?[pP]ickle|_pickle|dill|cloudpickle|marshal|joblib)\.(?:loads?|Unpickler)|shelve\.open|jsonpickle\.decode|"
    r"yaml\.(?:unsafe_load|unsafe_load_all)|pandas\.read_pickle|pd\.read_pickle"
)
SAFE_LOADS = re.compile(r"json\.loads?|yaml\.safe_load(?:_all)?|tomllib\.loads?|orjson\.loads")
STRONG = re.compile(
    r"(?:argon2|bcrypt|passlib|pwdlib)\b.*|.*\bgenerate_password_hash|hashlib\.(?:scrypt|pbkdf2_hmac)|.*\bmake_password|.*\bset_password"
)
WEAK = re.compile(r"hashlib\.(?:md5|sha1|sha224|sha256|sha384|sha512|new)|.*\b(?:MD5|SHA1)\.new")
PASSWORD = re.compile(r"passw(?:or)?d|passphrase|\bpwd\b", re.I)
LOG_METHODS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
LOGGER = re.compile(r"(?:^|[._])(?:log|logger|logging|LOG|LOGGER)$")
PERSONAL = re.compile(
    r"passw(?:or)?d|passphrase|secret|api_?key|access_?token|auth_?token|refresh_?token|^token$|authorization|ssn|social_security|"
    r"credit_?card|card_?number|cvv|iban|date_of_birth|birth_?date|e_?mail|phone|address_line|passport",
    re.I,
)
NOT_PERSONAL = re.compile(
    r"_(?:count|len|length|id|ids|type|name|expires\w*|valid|at|url|field|form|template|backend|sent|exists|hash|path|file)$|^(?:is|has|num)_",
    re.I,
)
MASKS = re.compile(r"^(?:len|bool|type|id|mask\w*|redact\w*|hash\w*|anonymi\w*|pseudonymi\w*|sanit\w*|scrub\w*)$")
ANSWERS = frozenset(
    "HTTPException JSONResponse PlainTextResponse HTMLResponse Response jsonify make_response HttpResponse JsonResponse "
    "abort".split()
)
HEADERS = frozenset("content-security-policy x-content-type-options strict-transport-security x-frame-options".split())
AUTH = re.compile(
    r"auth|user|login|permission|role|scope|api_?key|session|principal|credential|verify|require|secur|admin|jwt|account|owner|staff|caller|identity",
    re.I,
)
OPEN = re.compile(
    r"login|log_in|token|register|sign_?-?(?:up|in)|webhook|callback|health|reset|forgot|logout|refresh|csrf|ping|oauth",
    re.I,
)
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "route", "api_route", "websocket"})
CHANGING = frozenset({"post", "put", "patch", "delete"})
FRAMEWORKS = {
    "fastapi.FastAPI": "fastapi",
    "flask.Flask": "flask",
    "starlette.applications.Starlette": "starlette",
    "quart.Quart": "flask",
    "aiohttp.web.Application": "aiohttp",
    "litestar.Litestar": "litestar",
    "sanic.Sanic": "sanic",
}
SETTINGS = frozenset({"INSTALLED_APPS", "ROOT_URLCONF"})
HINTS = frozenset("ALLOWED_HOSTS DEBUG MIDDLEWARE DATABASES SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS SESSION_COOKIE_SECURE "
                  "CSRF_COOKIE_SECURE STATIC_URL PASSWORD_HASHERS CORS_ALLOWED_ORIGINS CORS_ALLOW_ALL_ORIGINS".split())  # fmt: skip


def python_facts(text: str, note: Note) -> Mapping[str, tuple[Any, int]] | None:
    """Notes what is seen; the assigned names when it is a Django settings module. Raises SyntaxError for no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    note("python", 0, "parsed")
    _Walk(text, note).visit(tree)
    settings = {name: (_value(node), line) for name, node, line in _assigned(tree)}
    return settings if SETTINGS & set(settings) or len(HINTS & set(settings)) > 1 else None


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr, int]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value, node.lineno
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value, node.lineno


def _value(node: ast.expr) -> Any:
    """The literal, else None in a tuple with the source: ('worked out', text)."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ("worked out", ast.unparse(node)[:200])


class _Walk(ast.NodeVisitor):
    def __init__(self, text: str, note: Note) -> None:
        self.lines = text.splitlines()
        self._note = note
        self.names: dict[str, str] = {}
        self.built: list[dict[str, int]] = [{}]
        self.caught: list[str] = []
        self.guarded: set[str] = set()

    def note(self, kind: str, node: ast.AST, text: str = "") -> None:
        line = getattr(node, "lineno", 0)
        self._note(kind, line, text or (self.lines[line - 1] if 0 < line <= len(self.lines) else ""))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name.split(".")[0]] = (
                alias.name if alias.asname else alias.name.split(".")[0]
            )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}" if node.module else alias.name

    def dotted(self, node: ast.AST) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(self.names.get(node.id, node.id))
        elif isinstance(node, ast.Call):
            parts.append(self.dotted(node.func))
        return ".".join(reversed(parts))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._routes(node)
        self.built.append({})
        self.generic_visit(node)
        self.built.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                if _is_built_sql(node.value):
                    self.built[-1][target.id] = node.lineno
                else:
                    self.built[-1].pop(target.id, None)
                if isinstance(node.value, ast.Call) and self._depends(node.value.keywords):
                    self.guarded.add(target.id)
            if isinstance(target, ast.Attribute) and target.attr == "debug" and _is(node.value, True):
                self.note("debug.on", node)
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                self._flask_setting(str(target.slice.value), node)
        self.generic_visit(node)

    def _flask_setting(self, key: str, node: ast.Assign) -> None:
        if key in ("SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"):
            self.note("cookie.good" if not _is(node.value, False) else "cookie.bad", node)
        elif key == "DEBUG" and _is(node.value, True):
            self.note("debug.on", node)
        elif key == "WTF_CSRF_ENABLED" and _is(node.value, False):
            self.note("csrf.off", node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        broad = node.type is None or self.dotted(node.type) in ("Exception", "BaseException")
        self.caught.append(node.name if broad and node.name else "")
        self.generic_visit(node)
        self.caught.pop()

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and node.value.lower() in HEADERS:
            self.note(f"header.{node.value.lower()}", node)

    def visit_Call(self, node: ast.Call) -> None:
        name = self.dotted(node.func)
        last = name.rsplit(".", 1)[-1]
        keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        self._data(node, name, last, keywords)
        self._web(node, name, last, keywords)
        if last in LOG_METHODS and "." in name and LOGGER.search(name.rsplit(".", 1)[0]):
            self.note("log.call", node)
            if any(_personal(argument) for argument in [*node.args, *keywords.values()]):
                self.note("log.personal", node)
        if last in ANSWERS and any(self._leaks(argument) for argument in [*node.args, *keywords.values()]):
            self.note("error.leak", node)
        self.generic_visit(node)

    def _data(self, node: ast.Call, name: str, last: str, keywords: Mapping[str, ast.expr]) -> None:
        if last in EXECUTES and node.args and (last != "text" or name.startswith("sqlalchemy")):
            first = node.args[0]
            if _is_built_sql(first) or (isinstance(first, ast.Name) and any(first.id in scope for scope in self.built)):
                self.note("sql.built", node)
            elif isinstance(first, ast.Constant) and isinstance(first.value, str):
                self.note("sql.bound", node)
        if UNSAFE_LOADS.fullmatch(name) or self._unsafe(node, name, keywords):
            self.note("load.unsafe", node)
        elif SAFE_LOADS.fullmatch(name):
            self.note("load.safe", node)
        if STRONG.fullmatch(name):
            self.note("hash.strong", node)
        elif WEAK.fullmatch(name) and any(PASSWORD.search(ast.unparse(argument)) for argument in node.args):
            self.note("hash.weak", node)
        if _is(keywords.get("verify"), False) or name == "ssl._create_unverified_context":
            self.note("tls.off", node)

    def _unsafe(self, node: ast.Call, name: str, keywords: Mapping[str, ast.expr]) -> bool:
        if name in ("yaml.load", "yaml.load_all"):
            loader = keywords.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
            return loader is None or not re.search(r"Safe|BaseLoader", self.dotted(loader))
        if name == "torch.load":
            return not _is(keywords.get("weights_only"), True)
        return name in ("numpy.load", "np.load") and _is(keywords.get("allow_pickle"), True)

    def _web(self, node: ast.Call, name: str, last: str, keywords: Mapping[str, ast.expr]) -> None:
        if name in FRAMEWORKS:
            self.note(f"app.{FRAMEWORKS[name]}", node)
        if _is(keywords.get("debug"), True) and (name in FRAMEWORKS or last == "run"):
            self.note("debug.on", node)
        if "allow_origins" in keywords or "allow_origin_regex" in keywords:
            every = '"*"' in _double(keywords.get("allow_origins")) or _is(keywords.get("allow_origin_regex"), ".*")
            credentials = _is(keywords.get("allow_credentials"), True)
            self.note("cors.bad" if every and credentials else "cors.open" if every else "cors.named", node)
        elif name in ("flask_cors.CORS", "flask_cors.cross_origin"):
            origins = _double(keywords.get("origins")) or _double(keywords.get("resources"))
            every = not origins or '"*"' in origins
            credentials = _is(keywords.get("supports_credentials"), True)
            self.note("cors.bad" if every and credentials else "cors.open" if every else "cors.named", node)
        named = (
            len(node.args) + len({"key", "value"} & keywords.keys()) > 1
        )  # a client's cookie jar takes one made cookie
        if last == "set_cookie" and named and not any(_is_zero(keywords.get(key)) for key in ("max_age", "expires")):
            good = all(key in keywords and not _is(keywords[key], False) for key in ("secure", "httponly"))
            self.note("cookie.good" if good else "cookie.bad", node)
        for argument in node.args if last == "add_middleware" else ():
            kind = self.dotted(argument).rsplit(".", 1)[-1]
            if kind == "SessionMiddleware":
                self.note(
                    "cookie.good"
                    if "https_only" in keywords and not _is(keywords["https_only"], False)
                    else "cookie.bad",
                    node,
                )
            elif kind == "HTTPSRedirectMiddleware":
                self.note("tls.on", node)
            elif "csrf" in kind.lower():
                self.note("csrf.on", node)
            elif AUTH.search(kind):
                self.note("access.middleware", node)
        if last == "Talisman":
            self.note("headers.on", node)
            self.note("tls.on", node)
        if last in ("CSRFProtect", "CsrfProtect"):
            self.note("csrf.on", node)
        if last in ("add_exception_handler", "register_error_handler"):
            self.note("error.handler", node)
        if last in ("include_router", "APIRouter", "FastAPI") and any(
            word.arg == "dependencies" for word in node.keywords
        ):
            self.note("access.middleware", node)

    def _leaks(self, argument: ast.expr) -> bool:
        for part in ast.walk(argument):
            if isinstance(part, ast.Call):
                name = self.dotted(part.func)
                if name in ("traceback.format_exc", "traceback.format_exception"):
                    return True
                if (
                    name in ("str", "repr")
                    and part.args
                    and isinstance(part.args[0], ast.Name)
                    and part.args[0].id in self._names()
                ):
                    return True
            if (
                isinstance(part, ast.FormattedValue)
                and isinstance(part.value, ast.Name)
                and part.value.id in self._names()
            ):
                return True
        return False

    def _names(self) -> set[str]:
        return {name for name in self.caught if name}

    def _depends(self, keywords: list[ast.keyword]) -> bool:
        given = [keyword.value for keyword in keywords if keyword.arg == "dependencies"]
        return any(AUTH.search(ast.unparse(value)) for value in given)

    def _routes(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names = [self.dotted(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list]
        lasts = [name.rsplit(".", 1)[-1] for name in names]
        if any(last == "csrf_exempt" for last in lasts):
            self.note("csrf.off", node, f"csrf_exempt on {node.name}")
        if any(last in ("exception_handler", "errorhandler", "app_errorhandler") for last in lasts):
            self.note("error.handler", node, f"{node.name} handles errors")
        if any(last in ("before_request", "before_app_request", "middleware") for last in lasts) and AUTH.search(
            ast.unparse(node)[:4_000]
        ):
            self.note("access.middleware", node, f"{node.name} looks at every request")
        for decorator, last in zip(node.decorator_list, lasts, strict=True):
            if (
                isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Attribute)
                and last in METHODS
                and _path_of(decorator) is not None
            ):
                self._route(node, decorator, last, [n for n in lasts if n not in METHODS])

    def _route(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, decorator: ast.Call, method: str, others: list[str]
    ) -> None:
        methods = {method}
        for keyword in decorator.keywords:
            if keyword.arg == "methods":
                methods |= {word.lower() for word in re.findall(r"\w+", ast.unparse(keyword.value))}
        path = _path_of(decorator) or ""
        if not methods & CHANGING:
            self.note("route.reading", node, f"{method} {path}")
            return
        owner = decorator.func.value if isinstance(decorator.func, ast.Attribute) else decorator
        arguments = node.args
        defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
        annotations = [a.annotation for a in (*arguments.args, *arguments.kwonlyargs) if a.annotation is not None]
        said = " ".join(ast.unparse(part) for part in (*defaults, *annotations))
        injected = re.findall(r"(?:Depends|Security)\(([^()]*)", said)
        protected = (
            any(AUTH.search(word) for word in injected)
            or any(AUTH.search(word) for word in others)
            or any(
                re.search(r"Current|Auth|Principal|Caller|Identity", ast.unparse(annotation))
                for annotation in annotations
            )
            or self._depends(decorator.keywords)
            or (isinstance(owner, ast.Name) and owner.id in self.guarded)
        )
        kind = "route.protected" if protected else "route.meant" if OPEN.search(f"{path} {node.name}") else "route.bare"
        self.note(kind, node, f"{sorted(methods & CHANGING)[0].upper()} {path} ({node.name})")


def _path_of(decorator: ast.Call) -> str | None:
    """The path of a route, None when the call has none as its first word."""
    first = (
        decorator.args[0]
        if decorator.args
        else next((k.value for k in decorator.keywords if k.arg in ("path", "rule")), None)
    )
    if (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and (first.value == "" or first.value.startswith(("/", "<")))
    ):
        return first.value
    return None


def _is(node: ast.expr | None, value: Any) -> bool:
    return (
        isinstance(node, ast.Constant) and node.value is value
        if isinstance(value, bool)
        else isinstance(node, ast.Constant) and node.value == value
    )


def _is_zero(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def _double(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node).replace("'", '"')


def _is_built_sql(node: ast.expr) -> bool:
    """Whether a text with the form of SQL is put together with what is no constant."""
    if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr == "format"
            and isinstance(node.func.value, ast.Constant)
        ):
            return SQL.search(str(node.func.value.value)) is not None and any(
                _varies(a) for a in [*node.args, *(k.value for k in node.keywords)]
            )
        return (
            getattr(node.func, "attr", getattr(node.func, "id", "")) == "text"
            and bool(node.args)
            and _is_built_sql(node.args[0])
        )
    if isinstance(node, ast.JoinedStr):
        words = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        return SQL.search(words) is not None and any(
            isinstance(part, ast.FormattedValue) and _varies(part.value) for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        words = "".join(str(part.value) for part in ast.walk(node) if isinstance(part, ast.Constant))
        right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return SQL.search(words + " x") is not None and (any(_varies(part) for part in right) or _varies(node.left))
    return False


def _varies(node: ast.expr) -> bool:
    """Whether a part may come from outside: not a literal, not a constant by its name, not placeholders for values."""
    if isinstance(node, ast.Constant):
        return False
    if isinstance(node, ast.BinOp):
        return _varies(node.left) or _varies(node.right)
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and _varies(part.value) for part in node.values)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name and (name.isupper() or re.search(r"place_?holders?|q?marks|params?_sql", name, re.I)):
        return False
    return not re.fullmatch(
        r"""(['"])[,\s]*\1\.join\((['"])[?%s,]*\2 \* .*|', '\.join\(\['\?'\].*""", ast.unparse(node)
    )


def _personal(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if MASKS.match(name):
            return False
        return any(_personal(part) for part in [*node.args, *(k.value for k in node.keywords)])
    if isinstance(node, (ast.Name, ast.Attribute)):
        word = node.attr if isinstance(node, ast.Attribute) else node.id
        return PERSONAL.search(word) is not None and NOT_PERSONAL.search(word) is None
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str) and _word(node.slice.value)
    return any(_personal(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))


def _word(text: str) -> bool:
    return len(text) < 40 and PERSONAL.search(text) is not None and NOT_PERSONAL.search(text) is None
