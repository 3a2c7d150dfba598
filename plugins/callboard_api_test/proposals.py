"""Which jobs of APITestAgent fit a workspace."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from callboard.api import Job, Workspace
from callboard_api_test.apps import App, find_apps, find_django
from callboard_api_test.found import schema_files
from callboard_api_test.history import has_earlier

MOST_PROPOSED = 3
MOST_READ = 5_000
MADE = {"fastapi": "FastAPI", "starlette": "Starlette", "flask": "Flask", "django": "Django", "connexion": "Connexion"}
MAKES_SCHEMA = re.compile(
    r"^\s*(?:from|import)\s+(?:flasgger|apispec|flask_smorest|flask_restx|flask_openapi3|apiflask|spectree|flask_apispec"
    r"|drf_spectacular|ninja)\b|[\"']drf_spectacular[\"']",
    re.MULTILINE,
)
SECURED = re.compile(
    r"\b(?:HTTPBearer|HTTPBasic|OAuth2\w+|APIKey(?:Header|Cookie|Query)|securitySchemes|securityDefinitions|login_required|IsAuthenticated"
    r"|CORSMiddleware|flask_cors|corsheaders|jwt_required)\b"
)
SOCKETS = re.compile(r"@[\w.]+\.websocket\(|\bWebSocketRoute\(|\bflask_sock\b|\badd_(?:api_)?websocket_route\(")


def proposals(workspace: Workspace) -> Sequence[Job]:
    """For each application that can say its operations: schema, what changed, contract, access, WebSockets and response
    times; a smoke test for each other one; the schema files alone where there are just those."""
    files = schema_files(workspace)
    apps: list[App] = []
    for app in find_apps(workspace):
        if all(app.folder != other.folder or app.path != other.path for other in apps):
            apps.append(app)
    django = find_django(workspace)
    chosen = [*apps[:MOST_PROPOSED], *django[:MOST_PROPOSED]]
    left = [*apps[MOST_PROPOSED:], *django[MOST_PROPOSED:]]
    compares = bool(chosen or files) and has_earlier(workspace)
    jobs: list[Job] = []
    for app, ending in zip(chosen, _endings(chosen), strict=True):
        texts = _Texts(workspace, app.folder)
        near = (
            [path for path in files if path.startswith(f"{app.folder}/")] if len(chosen) > 1 and app.folder else files
        )
        described = app.kind == "fastapi" or (app.kind != "django" and bool(near)) or texts.has(MAKES_SCHEMA)
        jobs += _jobs(app, ending, texts, workspace, compares) if described else [_smoke(app, ending)]
        if texts.has(SOCKETS) and app.kind != "django":
            jobs.append(_sockets(app, ending, described))
    if files and not any(job.action == "api.schema" for job in jobs):
        because = f"{files[0]} is named like a schema" + (f", and {len(files) - 1} more" if len(files) > 1 else "")
        jobs.append(Job("api.document", "api.document", because=because, estimate=1))
        if compares and not chosen:
            jobs.append(_diff("", because, {"schema": files[0]}))
    if left and jobs:
        jobs[0] = replace(jobs[0], because=f"{jobs[0].because}; {_left_out(left, len(chosen))}")
    return jobs


def _left_out(left: Sequence[App], chosen: int) -> str:
    """How many applications have no jobs, which, and what to write for one of them."""
    app = left[0]
    action = "api.smoke" if app.kind == "django" else "api.schema"
    options = f'app = "{app.shown}"' + (f', folder = "{app.folder}"' if app.folder else "")
    others = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return (
        f"{chosen} applications have jobs, {len(left)} are left out: {app.path}{others}; for such a one write "
        f'[jobs."{action}:{app.place}"] with action = "{action}" and options = {{ {options} }} into callboard.toml'
    )


def _endings(apps: Sequence[App]) -> list[str]:
    """What tells the jobs of several applications apart: folder and module, with a number where even those are the same."""
    if len(apps) == 1:
        return [""]
    names = [f":{app.place}" for app in apps]
    return [name if names.index(name) == n else f"{name}-{n + 1}" for n, name in enumerate(names)]


class _Texts:
    """The Python sources of a folder, searched once for each pattern."""

    def __init__(self, workspace: Workspace, folder: str) -> None:
        prefix = f"{folder}/" if folder else ""
        self._workspace = workspace
        self._paths = [path for path in workspace.matching("*.py") if path.startswith(prefix)][:MOST_READ]
        self._read: list[str] = []

    def has(self, pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(text) for text in self._texts())

    def _texts(self) -> Iterator[str]:
        for number, path in enumerate(self._paths):
            if number >= len(self._read):
                self._read.append(self._workspace.text(path, 200_000))
            yield self._read[number]


def _smoke(app: App, ending: str) -> Job:
    made = MADE.get(app.kind, "web")
    because = f"{app.path}:{app.line} makes a {made} application, and nothing says which operations it has"
    if app.kind == "django":
        because = f"{app.path}:{app.line} starts the Django project {app.target.partition(':')[0]}"
    options = {"app": app.shown, "folder": app.folder}
    return Job(f"api.smoke{ending}", "api.smoke", because=because, options=options, stage="test", estimate=8)


def _sockets(app: App, ending: str, described: bool) -> Job:
    return Job(
        f"api.websockets{ending}",
        "api.websockets",
        because=f"WebSockets are named in the sources of {app.shown}",
        options={"app": app.shown, "folder": app.folder},
        after=(f"api.schema{ending}" if described else f"api.smoke{ending}",),
        stage="test",
        estimate=5,
    )


def _diff(ending: str, because: str, options: dict[str, str]) -> Job:
    after = (f"api.schema{ending}",) if "app" in options else ()
    words = f"{because}, and git has earlier commits to compare with"
    return Job(f"api.diff{ending}", "api.diff", because=words, options=options, after=after, stage="check", estimate=5)


def _jobs(app: App, ending: str, texts: _Texts, workspace: Workspace, compares: bool) -> list[Job]:
    because = f"{app.path}:{app.line} makes a {MADE.get(app.kind, 'web')} application"
    options = {"app": app.shown, "folder": app.folder}
    first = f"api.schema{ending}"

    def job(action: str, seconds: float, stage: str, why: str = because, *after: str) -> Job:
        needed = (first, *after)
        return Job(
            f"{action}{ending}", action, because=why, options=options, after=needed, stage=stage, estimate=seconds
        )

    jobs = [Job(first, "api.schema", because=because, options=options, estimate=3)]
    if compares:
        jobs.append(_diff(ending, because, options))
    jobs.append(job("api.contract", 30, "test"))
    settings = workspace.config.get("agents", {}).get("api", {})
    if "auth" in settings:
        jobs.append(job("api.auth", 8, "test", "[agents.api.auth] says how one signs in"))
    elif texts.has(SECURED):
        jobs.append(job("api.auth", 8, "test", f"credentials or other origins are named in the sources of {app.shown}"))
    jobs.append(job("api.latency", 10, "verify", because, f"api.contract{ending}"))
    return jobs
