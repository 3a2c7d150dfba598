"""Which application or schema file an action is about, and what an instance of it is made with."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from callboard.api import CallboardError, Context, Workspace
from callboard_api_test.apps import App, find_apps, find_django, several
from callboard_api_test.credentials import Credentials, signed_in
from callboard_api_test.importing import NotImportable, NotRunnable, told_before
from callboard_api_test.instance import Instance
from callboard_api_test.interpreters import Choice, is_own, project_with
from callboard_api_test.openapi import parsed
from callboard_api_test.recipe import account_of, recipe_of, setup_of

SCHEMA_NAMES = ("openapi*.json", "openapi*.yaml", "openapi*.yml", "swagger*.json", "swagger*.yaml", "swagger*.yml")


class Wanted(Protocol):
    """What the options of all actions have in common."""

    @property
    def app(self) -> str: ...

    @property
    def folder(self) -> str: ...

    @property
    def interpreter(self) -> str: ...

    @property
    def env(self) -> list[str]: ...


class Served(Wanted, Protocol):
    """What the options of actions with a running instance have in common."""

    @property
    def allow(self) -> list[str]: ...

    @property
    def headers(self) -> list[str]: ...

    @property
    def start_timeout(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Described:
    """A schema and where it comes from; `file` is '' for one that the application makes."""

    document: dict[str, Any]
    file: str = ""


def chosen_app(workspace: Workspace, wanted: str, folder: str) -> App | None:
    """The application that the options name, or the likeliest that is found; None when there is none."""
    if wanted:
        return named_app(workspace, wanted, folder)
    every = [*find_apps(workspace), *find_django(workspace)]
    for app in every:
        if not folder or app.folder == folder or app.path.startswith(f"{folder}/"):
            return replace(app, alone=not several(every))
    return None


def named_app(workspace: Workspace, wanted: str, folder: str) -> App:
    """The application that an option names. Raises `CallboardError` for words that name none."""
    target = wanted.removesuffix("()")
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", target):
        raise CallboardError(f"the option app is '{wanted}'; it looks like 'package.module:app'")
    every = [*find_apps(workspace, everywhere=True), *find_django(workspace)]
    alone = not several(every)
    for app in every:
        if app.target == target and (not folder or app.folder == folder or app.path.startswith(f"{folder}/")):
            factory = app.factory or wanted.endswith("()")
            return replace(app, folder=folder or app.folder, factory=factory, alone=alone)
    return App(target, folder, folder, "", 0, "asgi", wanted.endswith("()"), alone)


def schema_files(workspace: Workspace, folder: str = "") -> list[str]:
    """Files that are named like schemas, those of tests and examples left out."""
    apart = {"tests", "test", "examples", "fixtures"}
    files = [path for path in workspace.matching(*SCHEMA_NAMES) if not apart & set(path.split("/")[:-1])]
    return [path for path in files if not folder or path.startswith(f"{folder}/")]


def read_schema(workspace: Workspace, path: str) -> Described:
    """The schema in a file of the workspace. Raises `CallboardError` for one that cannot be used."""
    text = workspace.text(path, 10_000_001)
    if not text:
        raise CallboardError(f"the schema {path} is empty or cannot be read")
    return Described(parsed(text, path), path)


@contextmanager
def opened(ctx: Context, app: App, options: Wanted, *, serve: bool, **more: Any) -> Iterator[Instance]:
    """An instance that runs, on the first interpreter that can: where a module is missing the next one is tried.

    Raises `NotImportable` with the root cause, and `NotRunnable` when no interpreter can run it.
    """
    told_before(ctx, app, serve=serve)
    choice = Choice(ctx, app, options.interpreter, serve)
    failure: NotImportable | None = None
    for interpreter in choice.candidates():
        instance = Instance(ctx, app, interpreter, env=options.env, serve=serve, **more)
        try:
            instance.__enter__()
        except NotImportable as error:
            failure = error
            if not error.cause.missing or is_own(ctx, app, error.cause.missing):
                break
            continue
        try:
            choice.chosen(interpreter)
            yield instance
        finally:
            instance.__exit__(None, None, None)
        return
    reasons = "; ".join(choice.reasons)
    if failure is not None and not choice.own_has(failure.cause.missing):
        missing = failure.cause.missing
        lies = project_with(ctx.workspace, app, missing) if missing else ""
        note = "; ".join([*([f"{missing} lies in {lies}"] if lies else []), *choice.reasons]) if missing else ""
        raise NotImportable(app, failure.cause, failure.owner, note, lies) from failure
    mend = choice.mend or "install what is missing into the workspace's virtual environment"
    raise NotRunnable(app, f"{app.shown} cannot be run: {reasons}; {mend}", served=serve)


@contextmanager
def let_in(ctx: Context, app: App, options: Served) -> Iterator[tuple[Instance, Credentials]]:
    """An instance that serves, and the headers of the account in `[agents.api.auth]`; those of the option come on top."""
    given = request_headers(options.headers)
    recipe = recipe_of(ctx, app)
    more: dict[str, Any] = {"allow": options.allow, "start_timeout": options.start_timeout}
    if recipe is None:
        with opened(ctx, app, options, serve=True, setup=setup_of(ctx), **more) as instance:
            yield instance, Credentials(given)
        return
    account = account_of(recipe)
    more |= {"setup": recipe.setup or setup_of(ctx), "account": account.variables}
    with opened(ctx, app, options, serve=True, **more) as instance:
        instance.hide((account.password, account.token, account.expired))
        credentials = signed_in(recipe, account, instance)
        instance.hide(credentials.secrets)
        yield instance, replace(credentials, headers={**credentials.headers, **given})


def the_app(ctx: Context, options: Wanted) -> App:
    """The application of the options. Raises `CallboardError` when there is none."""
    app = chosen_app(ctx.workspace, options.app, options.folder)
    if app is None:
        raise CallboardError(
            "no FastAPI, Starlette, Flask or Django application is found; name one with the option app"
        )
    return app


def schema_for(ctx: Context, instance: Instance, app: App, wanted: str) -> Described:
    """The schema to test by: the file that is wanted, else the application's own, else one that lies beside it."""
    if wanted:
        return read_schema(ctx.workspace, wanted)
    if instance.told.schema is not None:
        return Described(instance.told.schema)
    files = schema_files(ctx.workspace, app.folder) or schema_files(ctx.workspace)
    if not files:
        raise CallboardError(f"{app.shown} makes no schema itself, and no openapi or swagger file is found")
    return read_schema(ctx.workspace, files[0])


def request_headers(given: list[str]) -> dict[str, str]:
    """The option `headers` as a mapping. Raises `CallboardError` for a word that is no header."""
    made: dict[str, str] = {}
    for word in given:
        name, sign, value = word.partition(":")
        if not sign or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\0]", value):
            raise CallboardError(f"the option headers has '{word}'; it looks like 'Name: value'")
        made[name] = value.strip()
    return made


def made_with(versions: Mapping[str, str]) -> str:
    """'fastapi 0.115, uvicorn 0.34' for a summary."""
    return ", ".join(f"{name} {version}" for name, version in versions.items() if name != "python")
