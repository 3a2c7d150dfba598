"""Runs inside the interpreter of the application: imports it, writes down its schema, and serves it on one port.

Only the standard library and what the application brings may be used here, and nothing newer than Python 3.8.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

MOST_ROUTES = 1000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
REMOVING = frozenset(
    {
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.truncate",
        "os.chmod",
        "os.link",
        "os.symlink",
        "shutil.rmtree",
        "shutil.move",
    }
)


def guard(plan: dict[str, Any]) -> None:
    """Refuses what would leave the throw-away instance: connections, databases and writes outside of its own places."""
    allowed = {(str(host), int(port)) for host, port in plan["allow"]}
    own = os.path.realpath(plan["scratch"])
    spared = os.path.realpath(plan["workspace"])
    notes = os.open(plan["refused"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def refuse(what: str) -> None:
        line = "{:.6f}\t{}\n".format(time.time(), what.replace("\n", " ")[:300])
        os.write(notes, line.encode("utf-8", "replace"))
        raise PermissionError("a throw-away instance may not " + what)

    def within(path: Any, place: str) -> bool:
        try:
            real = os.path.realpath(os.fsdecode(path))
        except (TypeError, ValueError):
            return False
        return real == place or real.startswith(place + os.sep)

    def connects(address: Any) -> None:
        if isinstance(address, tuple) and len(address) >= 2:
            host = "127.0.0.1" if address[0] in ("localhost", "::1", "::ffff:127.0.0.1") else str(address[0])
            if (host, address[1]) not in allowed:
                refuse(f"connect to {address[0]}:{address[1]}")
        elif isinstance(address, (str, bytes)) and not within(address, own):
            refuse("connect to the socket " + os.fsdecode(address))

    def opens_database(path: Any) -> None:
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        plain = text[5:].split("?", 1)[0] if text.startswith("file:") else text
        if plain in ("", ":memory:") or "mode=memory" in text or "mode=ro" in text:
            return
        if not within(plain, own):
            refuse("open the database " + plain)

    def outside(path: Any) -> bool:
        return not isinstance(path, int) and within(path, spared) and not within(path, own)

    def hook(event: str, arguments: Any) -> None:
        if event == "open":
            if isinstance(arguments[2], int) and arguments[2] & WRITING and outside(arguments[0]):
                refuse("write into the workspace: " + os.fsdecode(arguments[0]))
        elif event in ("socket.connect", "socket.sendto"):
            connects(arguments[1])
        elif event == "sqlite3.connect":
            opens_database(arguments[0])
        elif event in REMOVING and outside(arguments[0]):
            refuse("change the workspace: " + os.fsdecode(arguments[0]))

    sys.addaudithook(hook)


def load(plan: dict[str, Any]) -> Any:
    """The application that the plan names; a factory is called."""
    module, _, name = plan["target"].partition(":")
    if plan.get("kind") == "django":
        return load_django(module, plan["scratch"])
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found() if plan["factory"] else found


def load_django(settings_module: str, scratch: str) -> Any:
    """The project's application with a fresh SQLite file for each of its databases, and nothing that leads elsewhere."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    settings = importlib.import_module("django.conf").settings
    engine = "django.db.backends.sqlite3"
    settings.DATABASES = {
        alias: {"ENGINE": engine, "NAME": os.path.join(scratch, "django-" + alias + ".sqlite3")}
        for alias in settings.DATABASES
    }
    settings.CACHES = {alias: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"} for alias in settings.CACHES}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_SSL_REDIRECT = False
    importlib.import_module("django").setup()
    if settings.DATABASES:
        try:
            management = importlib.import_module("django.core.management")
            management.call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
        except Exception as error:
            raise RuntimeError("its migrations do not run on SQLite: " + str(error)) from error
    return importlib.import_module("django.core.wsgi").get_wsgi_application()


def kind_of(app: Any) -> str:
    """What the application is by its classes' names: fastapi, starlette, flask, django, asgi or unknown."""
    names = [cls.__name__ for cls in type(app).__mro__]
    named = (("FastAPI", "fastapi"), ("Starlette", "starlette"), ("Flask", "flask"), ("WSGIHandler", "django"))
    for name, kind in named:
        if name in names:
            return kind
    return "asgi" if callable(app) else "unknown"


def schema_of(app: Any, kind: str, routes: list[str]) -> dict[str, Any] | None:
    """The OpenAPI document that the application makes itself; None when it makes none."""
    if kind == "fastapi":
        return dict(app.openapi())
    if kind == "flask":
        return flask_schema(app)
    if kind == "django":
        return django_schema(routes)
    return None


def django_schema(routes: list[str]) -> dict[str, Any] | None:
    """The document of drf-spectacular, else one that the project serves under a name such as /api/openapi.json."""
    settings = importlib.import_module("django.conf").settings
    if any(str(name).startswith("drf_spectacular") for name in settings.INSTALLED_APPS):
        generators = importlib.import_module("drf_spectacular.generators")
        made = generators.SchemaGenerator().get_schema(request=None, public=True)
        plain = json.loads(json.dumps(made, default=str))
        return plain if isinstance(plain, dict) else None
    client = importlib.import_module("django.test").Client()
    for route in routes:
        if route.endswith(("openapi.json", "swagger.json")):
            answer = client.get(route)
            document = json.loads(answer.content) if answer.status_code == 200 else None
            if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
                return document
    return None


def routes_of(app: Any, kind: str) -> list[str]:
    """Paths that the application itself lists for GET and that need no parameters, in its own order."""
    if kind == "flask":
        rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
        found = [str(rule) for rule in rules if rule.arguments <= set(rule.defaults or ()) and "<" not in str(rule)]
    elif kind == "django":
        resolver = importlib.import_module("django.urls").get_resolver()
        found = list(django_routes(resolver.url_patterns, "/", 0))
    else:
        found = list(asgi_routes(app, "", 0))
    return [path for path in dict.fromkeys(found) if path.startswith("/")][:MOST_ROUTES]


def asgi_routes(app: Any, prefix: str, depth: int) -> Iterator[str]:
    """Of Starlette's routes those for GET without a parameter, also under mounts and routers."""
    for route in getattr(app, "routes", None) or []:
        path = prefix + str(getattr(route, "path", ""))
        endpoint = getattr(route, "endpoint", None)
        methods = getattr(route, "methods", None) or ({"GET"} if hasattr(endpoint, "get") else set())
        if getattr(route, "routes", None) and depth < 10:
            yield from asgi_routes(route, path, depth + 1)
        elif "GET" in methods and "{" not in path:
            yield path


def django_routes(patterns: Any, prefix: str, depth: int) -> Iterator[str]:
    """Of Django's patterns those without a parameter; regular expressions only where they are plain text."""
    for entry in patterns:
        text = str(entry.pattern)
        if type(entry.pattern).__name__ == "RegexPattern":
            text = text.lstrip("^").rstrip("$").replace("\\Z", "").replace("\\.", ".").replace("\\-", "-")
            if set(text) & set("\\()[]{}*+?|^$"):
                continue
        if "<" in text:
            continue
        inner = getattr(entry, "url_patterns", None)
        if inner is None:
            yield prefix + text
        elif depth < 10:
            yield from django_routes(inner, prefix + text, depth + 1)


def sockets_of(app: Any, kind: str) -> list[str]:
    """Paths that answer to a WebSocket handshake, as the application itself lists them."""
    if kind == "flask":
        return [str(rule) for rule in app.url_map.iter_rules() if getattr(rule, "websocket", False)]
    return list(dict.fromkeys(asgi_sockets(app, "", 0)))[:MOST_ROUTES] if kind != "django" else []


def asgi_sockets(app: Any, prefix: str, depth: int) -> Iterator[str]:
    """Of Starlette's routes those for WebSockets, also under mounts and routers."""
    for route in getattr(app, "routes", None) or []:
        path = prefix + str(getattr(route, "path", ""))
        if any("WebSocketRoute" in cls.__name__ for cls in type(route).__mro__):
            yield path
        elif getattr(route, "routes", None) and depth < 10:
            yield from asgi_sockets(route, path, depth + 1)


def flask_schema(app: Any) -> dict[str, Any] | None:
    """The document that an extension of Flask makes, or serves under a name such as /openapi.json or /apispec_1.json."""
    smorest = app.extensions.get("flask-smorest") or {}
    made = [getattr(app, "api_doc", None), getattr(app, "spec", None)]
    for entry in (smorest.get("apis") or {}).values() if isinstance(smorest, dict) else ():
        made.append(entry["ext_obj"].spec.to_dict())
    for document in made:
        if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
            return dict(json.loads(json.dumps(document, default=str)))
    client = app.test_client()
    rules = sorted(str(rule) for rule in app.url_map.iter_rules() if not rule.arguments)
    for rule in rules:
        if rule.endswith(".json") and any(
            word in rule for word in ("openapi", "swagger", "apispec", "api-docs", "spec")
        ):
            answer = client.get(rule)
            document = answer.get_json(silent=True) if answer.status_code == 200 else None
            if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
                return document
    return None


def serve(app: Any, kind: str, port: int) -> None:
    """Serves on 127.0.0.1 until the process is ended."""
    if kind == "django":
        serve_wsgi(app, port)
        return
    if kind == "flask":
        from werkzeug.serving import make_server

        make_server("127.0.0.1", port, app, threaded=True).serve_forever()
        return
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=port, loop="asyncio", log_level="warning", access_log=False)


def serve_wsgi(app: Any, port: int) -> None:
    """Serves with the standard library alone, each request on a thread of its own."""
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    make_server("127.0.0.1", port, app, Server).serve_forever()


def versions() -> dict[str, str]:
    """The versions of the web packages that were really imported."""
    found: dict[str, str] = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("fastapi", "starlette", "flask", "uvicorn", "werkzeug", "django"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found


def end_with_parent() -> None:
    """Ends this process and its children when whoever started it is gone: its end of the pipe on standard input closes."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: list[str]) -> int:
    """Works through the plan, a JSON file: 0 when done, 3 when the application could not be imported."""
    with open(arguments[1], encoding="utf-8") as file:
        plan: dict[str, Any] = json.load(file)
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    sys.path[:0] = plan["roots"]
    sys.argv[:] = [plan["target"]]
    end_with_parent()
    guard(plan)
    return _work(plan)


def _work(plan: dict[str, Any]) -> int:
    try:
        app = load(plan)
        kind = kind_of(app)
        routes = routes_of(app, kind)
        schema = schema_of(app, kind, routes)
        sockets = sockets_of(app, kind)
        if plan["setup"]:
            set_up(plan["setup"])
    except BaseException as error:
        traceback.print_exc()
        _write(plan["out"], {"error": cause_of(error, os.path.realpath(plan["copy"]))})
        return 3
    told = {"kind": kind, "schema": schema, "versions": versions(), "routes": routes, "sockets": sockets}
    _write(plan["out"], told)
    if plan["serve"]:
        serve(app, kind, plan["port"])
    return 0


def set_up(words: list[str]) -> None:
    """Runs the team's own preparation, a script or '-m module' with its arguments, in this process and its scratch database."""
    kept = sys.argv[:]
    try:
        if words[0] == "-m":
            sys.argv[:] = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv[:] = words
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise RuntimeError(f"the setup of the recipe ended with {ended.code}") from ended
    finally:
        sys.argv[:] = kept


def cause_of(error: BaseException, copy: str) -> dict[str, Any]:
    """What is at the root of it: the innermost import or syntax error of the chain, else the error; and where in the copy."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    deep = [one for one in chain if isinstance(one, (ImportError, SyntaxError))]
    root = deep[-1] if deep else error
    spots = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(root.__traceback__)]
    spots = spots or [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(root, SyntaxError) and root.filename:
        spots.append((root.filename, root.lineno or 0))
    inside = [(os.path.realpath(name), line) for name, line in spots]
    inside = [(name[len(copy) + 1 :], line) for name, line in inside if name.startswith(copy + os.sep)]
    name, line = inside[-1] if inside else ("", 0)
    own = (
        isinstance(root, SyntaxError)
        and bool(root.filename)
        and os.path.realpath(str(root.filename)) == os.path.join(copy, name)
    )
    words = f"{root.msg}" if isinstance(root, SyntaxError) else str(root)
    return {
        "kind": type(root).__name__,
        "words": words.replace(copy + os.sep, "").strip()[:800],
        "path": name,
        "line": line,
        "syntax": own,
        "missing": (root.name or "") if isinstance(root, ModuleNotFoundError) else "",
    }


def _write(path: str, told: dict[str, Any]) -> None:
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(told, file, default=str)
    os.replace(path + ".part", path)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
