"""Which application or schema file an action is about, and what an instance of it is made with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from callboard.api import CallboardError, Context, Workspace
from callboard_api_test.apps import App, find_apps, find_django
from callboard_api_test.instance import Instance, NotStarted
from callboard_api_test.interpreters import choose
from callboard_api_test.openapi import parsed

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
    def schema(self) -> str: ...

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
    apps = [
        app for app in find_apps(workspace) if not folder or app.folder == folder or app.path.startswith(f"{folder}/")
    ]
    return apps[0] if apps else None


def named_app(workspace: Workspace, wanted: str, folder: str) -> App:
    """The application that an option names. Raises `CallboardError` for words that name none."""
    target = wanted.removesuffix("()")
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", target):
        raise CallboardError(f"the option app is '{wanted}'; it looks like 'package.module:app'")
    for app in [*find_apps(workspace, everywhere=True), *find_django(workspace)]:
        if app.target == target and (not folder or app.folder == folder or app.path.startswith(f"{folder}/")):
            factory = app.factory or wanted.endswith("()")
            return App(target, folder or app.folder, app.root, app.path, app.line, app.kind, factory)
    return App(target, folder, folder, "", 0, "asgi", wanted.endswith("()"))


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


def instance_of(ctx: Context, app: App, options: Wanted, *, serve: bool, **more: Any) -> Instance:
    """An instance that is not yet started. Raises `NotStarted` when no interpreter can run it."""
    choice = choose(ctx, app, options.interpreter, serve=serve)
    if choice.interpreter is None:
        raise NotStarted(f"{app.shown} cannot be run: {choice.reason}")
    return Instance(ctx, app, choice.interpreter, env=options.env, serve=serve, **more)


def served_instance(ctx: Context, options: Served) -> tuple[App, Instance]:
    """The application of the options and an instance of it. Raises `CallboardError` when there is none."""
    app = chosen_app(ctx.workspace, options.app, options.folder)
    if app is None:
        raise CallboardError("no FastAPI, Starlette or Flask application is found; name one with the option app")
    more = {"allow": options.allow, "start_timeout": options.start_timeout}
    return app, instance_of(ctx, app, options, serve=True, **more)


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
