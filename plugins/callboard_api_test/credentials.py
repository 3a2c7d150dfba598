"""The headers that let one in, and those that must not."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from callboard.api import CallboardError
from callboard_api_test.asking import ask
from callboard_api_test.instance import Instance
from callboard_api_test.recipe import TABLE, Account, Login, Recipe

WRONG = "callboard-not-a-real-one"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers of an account, and what of them is never shown. `carrier` is the header that holds them."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    token: str = field(default="", repr=False)
    expired: str = field(default="", repr=False)

    def wrong(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Headers that must not let anybody in, each with what is wrong with them."""
        for name, value in self.headers.items():
            if name == "Authorization" and value.startswith("Basic "):
                yield "with a wrong password", {name: basic("callboard", WRONG)}
                return
            yield "with a wrong token", {name: value.replace(self.token, WRONG) if self.token else WRONG}
            if self.expired:
                yield "with an expired token", {name: value.replace(self.token, self.expired)}
            for what, forged in forgeries(self.token):
                yield what, {name: value.replace(self.token, forged)}
            return


def forgeries(token: str) -> Iterator[tuple[str, str]]:
    """What could be made of a JSON web token by anybody: one without a signature, and one with a signature of something else."""
    parts = token.split(".")
    if len(parts) != 3 or not parts[2]:
        return
    try:
        head = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
        body = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return
    if not isinstance(head, dict) or not isinstance(body, dict):
        return
    unsigned = _packed({**head, "alg": "none"})
    yield "with an unsigned token", f"{unsigned}.{parts[1]}."
    yield "with a changed token", f"{parts[0]}.{_packed({**body, 'callboard': True})}.{parts[2]}"


def _packed(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def basic(user: str, password: str) -> str:
    """The header's value for a name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def signed_in(recipe: Recipe, account: Account, instance: Instance) -> Credentials:
    """What the account is let in with; for 'login' the instance is asked for it. Raises `CallboardError`."""
    secret = [value for value in (account.password, account.token, account.expired) if value]
    if recipe.kind == "basic":
        value = basic(account.user, account.password)
        return Credentials({"Authorization": value}, (*secret, value.removeprefix("Basic ")))
    if recipe.login is None:
        headers = {
            "bearer": {"Authorization": f"Bearer {account.token}"},
            "header": {recipe.name: account.token},
            "cookie": {"Cookie": f"{recipe.name}={account.token}"},
        }[recipe.kind]
        return Credentials(headers, tuple(secret), account.token, account.expired)
    token, header = _logged_in(recipe.login, account, instance)
    return Credentials(header, (*secret, token), token, account.expired)


def _logged_in(login: Login, account: Account, instance: Instance) -> tuple[str, dict[str, str]]:
    filled = {
        name: value.replace("{user}", account.user).replace("{password}", account.password)
        for name, value in (login.form or login.json).items()
    }
    kind = "application/x-www-form-urlencoded" if login.form else "application/json"
    body = (urlencode(filled) if login.form else json.dumps(filled)).encode()
    reply = ask(instance, login.method, login.path, {"Content-Type": kind}, body)
    if not (200 <= reply.status < 400):
        mend = "let `setup` make the account of CALLBOARD_USER and CALLBOARD_PASSWORD, or name one with user_env and password_env"
        raise CallboardError(f"{TABLE} login: {login.method} {login.path} answers {reply.status}; {mend}")
    if login.sends == "cookie":
        name = login.token or next(iter(reply.cookies), "")
        if name not in reply.cookies:
            raise CallboardError(f"{TABLE} login: {login.path} sets no cookie{f' {name}' if name else ''}")
        jar = "; ".join(f"{key}={value}" for key, value in reply.cookies.items())
        return reply.cookies[name], {"Cookie": jar}
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise CallboardError(f"{TABLE} login: {login.path} answers no JSON") from error
    for part in login.token.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value or "\n" in value or "\r" in value:
        raise CallboardError(f"{TABLE} login: the answer of {login.path} has no text at '{login.token}'")
    if login.sends == "bearer":
        return value, {"Authorization": f"Bearer {value}"}
    return value, {login.name: f"{login.prefix}{value}"}
