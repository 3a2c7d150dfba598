"""How one signs in to the API: the table `[agents.api.auth]`, checked, and the account that it is about."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.api import CallboardError, Context
from callboard_api_test.apps import App

KINDS = ("bearer", "basic", "header", "cookie", "login")
TABLE = "[agents.api.auth]"
KEYS = frozenset(
    "kind folder name token_env user_env password_env expired_env setup login open everywhere sockets".split(),
)
LOGIN_KEYS = frozenset("method path form json token sends name prefix".split())
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Login:
    """The request that gives a token or a cookie: `token` is where it stands in the answer ('data.access_token'),
    `sends` how it is sent then ('bearer', 'header', 'cookie'), `prefix` what a header has before it ('Token ')."""

    method: str
    path: str
    form: Mapping[str, str]
    json: Mapping[str, str]
    token: str
    sends: str
    name: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the team wrote down. Values of credentials are never in it: only the names of environment variables."""

    kind: str
    name: str = ""
    token_env: str = ""
    user_env: str = ""
    password_env: str = ""
    expired_env: str = ""
    setup: tuple[str, ...] = ()
    login: Login | None = None
    open: tuple[str, ...] = ()
    everywhere: bool = False
    sockets: bool = True

    def leaves_open(self, method: str, path: str) -> bool:
        """Whether the team says that everybody may use it: '/health', 'GET /docs', '/public/*'."""
        for word in self.open:
            wanted, _, place = word.rpartition(" ")
            plain = place.removesuffix("*")
            fits = path.startswith(plain) if place.endswith("*") else path.rstrip("/") == place.rstrip("/")
            if fits and wanted.upper() in ("", method.upper()):
                return True
        return self.login is not None and path.rstrip("/") == self.login.path.rstrip("/")


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in: from the environment variables that the recipe names, else made up for this instance alone."""

    user: str
    password: str = field(repr=False)
    token: str = field(default="", repr=False)
    expired: str = field(default="", repr=False)

    @property
    def variables(self) -> list[str]:
        """What the instance gets, so that `setup` can make this account."""
        return [f"CALLBOARD_USER={self.user}", f"CALLBOARD_PASSWORD={self.password}"]


def recipe_of(ctx: Context, app: App) -> Recipe | None:
    """The team's recipe for an application; None when there is none, or only for the one of another `folder`.

    Raises `CallboardError` that names what is wrong with it.
    """
    table = ctx.settings.get("auth")
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise CallboardError(f"{TABLE} is a table")
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise CallboardError(f"{TABLE} has '{unknown[0]}', which it does not know; known: {', '.join(sorted(KEYS))}")
    if "folder" in table and _text(table, "folder").strip("/") != app.folder:
        return None
    kind = table.get("kind")
    if kind not in KINDS:
        raise CallboardError(f"{TABLE} kind is '{kind}'; known: {', '.join(KINDS)}")
    for key in ("token_env", "user_env", "password_env", "expired_env"):
        if key in table and not (isinstance(table[key], str) and VARIABLE.fullmatch(table[key])):
            raise CallboardError(f"{TABLE} {key} is the name of an environment variable, not a value")
    name = _text(table, "name", {"header": "", "cookie": "session"}.get(str(kind), ""))
    if kind == "header" and not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise CallboardError(f"{TABLE} of kind 'header' needs the name of the header, such as 'X-API-Key'")
    if kind in ("bearer", "header", "cookie") and "token_env" not in table:
        raise CallboardError(f"{TABLE} of kind '{kind}' needs token_env, the environment variable that holds the value")
    login = _login(table.get("login")) if kind == "login" else None
    return Recipe(
        kind=str(kind),
        name=name,
        token_env=_text(table, "token_env"),
        user_env=_text(table, "user_env"),
        password_env=_text(table, "password_env"),
        expired_env=_text(table, "expired_env"),
        setup=_setup(table.get("setup", [])),
        login=login,
        open=tuple(_texts(table.get("open", []), "open")),
        everywhere=_flag(table, "everywhere", False),
        sockets=_flag(table, "sockets", True),
    )


def setup_of(ctx: Context) -> tuple[str, ...]:
    """What prepares the scratch database when there is no recipe: `setup` in `[agents.api]`. Raises `CallboardError`."""
    return _setup(ctx.settings.get("setup", []), "[agents.api]")


def account_of(recipe: Recipe) -> Account:
    """The account; a named variable that is not set is said by its name. Raises `CallboardError`."""
    values: dict[str, str] = {}
    for key in ("token_env", "user_env", "password_env", "expired_env"):
        variable = getattr(recipe, key)
        if variable and variable not in os.environ:
            raise CallboardError(f"{TABLE} {key} names {variable}, which is not set where Callboard runs")
        values[key] = os.environ.get(variable, "") if variable else ""
        if re.search(r"[\r\n\0]", values[key]):
            raise CallboardError(f"{TABLE} {key}: the value of {variable} has a line break")
    return Account(
        user=values["user_env"] or "callboard",
        password=values["password_env"] or secrets.token_urlsafe(18),
        token=values["token_env"],
        expired=values["expired_env"],
    )


def _login(value: Any) -> Login:
    where = f"{TABLE} login"
    if not isinstance(value, Mapping):
        raise CallboardError(
            f'{where} is a table such as {{path = "/token", form = {{username = "{{user}}", …}}, token = …}}'
        )
    unknown = sorted(set(value) - LOGIN_KEYS)
    if unknown:
        raise CallboardError(
            f"{where} has '{unknown[0]}', which it does not know; known: {', '.join(sorted(LOGIN_KEYS))}"
        )
    path = _text(value, "path")
    if not path.startswith("/") or path.startswith("//") or re.search(r"[\s\\]", path):
        raise CallboardError(f"{where} path is '{path}'; it begins with one slash, for only the instance is asked")
    sends = _text(value, "sends", "bearer")
    if sends not in ("bearer", "header", "cookie"):
        raise CallboardError(f"{where} sends is '{sends}'; known: bearer, header, cookie")
    form, body = value.get("form", {}), value.get("json", {})
    if not isinstance(form, Mapping) or not isinstance(body, Mapping) or bool(form) == bool(body):
        raise CallboardError(f"{where} needs either form or json, the fields that are sent")
    return Login(
        method=_text(value, "method", "POST").upper(),
        path=path,
        form={str(k): str(v) for k, v in form.items()},
        json={str(k): str(v) for k, v in body.items()},
        token=_text(value, "token", "" if sends == "cookie" else "access_token"),
        sends=sends,
        name=_text(value, "name", "Authorization"),
        prefix=_text(value, "prefix"),
    )


def _setup(value: Any, table: str = TABLE) -> tuple[str, ...]:
    words = list(_texts(value, "setup"))
    if words and words[0] in ("python", "python3"):
        words = words[1:]
    if words and words[0] != "-m" and not words[0].endswith(".py"):
        raise CallboardError(
            f"{table} setup is a Python script or '-m module' with its arguments, such as ['make_user.py']"
        )
    if words == ["-m"]:
        raise CallboardError(f"{table} setup names no module")
    return tuple(words)


def _text(table: Mapping[str, Any], key: str, default: str = "") -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or re.search(r"[\r\n\0]", value):
        raise CallboardError(f"{TABLE} {key} is a line of text")
    return value


def _texts(value: Any, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise CallboardError(f"{TABLE} {key} is a list of texts")
    return value


def _flag(table: Mapping[str, Any], key: str, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise CallboardError(f"{TABLE} {key} is true or false")
    return value
