"""Which jobs of APITestAgent fit a workspace."""

import re
from collections.abc import Sequence

from callboard.api import Job, Workspace
from callboard_api_test.apps import App, find_apps, find_django
from callboard_api_test.found import schema_files

MOST_PROPOSED = 3
MADE = {"fastapi": "FastAPI", "starlette": "Starlette", "flask": "Flask", "django": "Django"}
MAKES_SCHEMA = re.compile(
    r"^\s*(?:from|import)\s+(?:flasgger|apispec|flask_smorest|flask_restx|flask_openapi3|apiflask|spectree|flask_apispec)\b",
    re.MULTILINE,
)


def proposals(workspace: Workspace) -> Sequence[Job]:
    """Schema, contract and response times for each application that can say its operations, a smoke test for each other
    one; only the schema where there are just files."""
    apps = find_apps(workspace)
    files = schema_files(workspace)
    proposed: list[App] = []
    for app in apps:
        if all(app.folder != other.folder or app.path != other.path for other in proposed):
            proposed.append(app)
    jobs: list[Job] = []
    chosen = proposed[:MOST_PROPOSED]
    for app in chosen:
        ending = "" if len(chosen) == 1 else f":{app.folder or 'top'}-{app.target.partition(':')[0]}"
        described = (
            bool(files) or app.kind == "fastapi" or (app.kind == "flask" and _says_schema(workspace, app.folder))
        )
        jobs += _jobs(app, ending) if described else [_smoke(app, ending)]
    projects = find_django(workspace)[:MOST_PROPOSED]
    for app in projects:
        jobs.append(
            _smoke(
                app,
                "" if len(projects) + len(chosen) == 1 else f":{app.folder or 'top'}-{app.target.partition(':')[0]}",
            )
        )
    if files and not chosen:
        because = f"{files[0]} is named like a schema"
        jobs.append(Job("api.schema", "api.schema", because=because, options={"schema": files[0]}, estimate=1))
    return jobs


def _says_schema(workspace: Workspace, folder: str) -> bool:
    """Whether an extension of Flask that makes a schema is named in the sources."""
    files = [path for path in workspace.matching("*.py") if not folder or path.startswith(f"{folder}/")]
    return any(MAKES_SCHEMA.search(workspace.text(path, 300_000)) for path in files[:5_000])


def _smoke(app: App, ending: str) -> Job:
    made = MADE[app.kind]
    because = f"{app.path}:{app.line} makes a {made} application, and nothing says which operations it has"
    if app.kind == "django":
        because = f"{app.path}:{app.line} starts the Django project {app.target.partition(':')[0]}"
    options = {"app": app.shown, "folder": app.folder}
    return Job(f"api.smoke{ending}", "api.smoke", because=because, options=options, stage="test", estimate=8)


def _jobs(app: App, ending: str) -> list[Job]:
    because = f"{app.path}:{app.line} makes a {MADE[app.kind]} application"
    options = {"app": app.shown, "folder": app.folder}
    schema = Job(f"api.schema{ending}", "api.schema", because=because, options=options, estimate=3)
    contract = Job(
        f"api.contract{ending}",
        "api.contract",
        because=because,
        options=options,
        after=(schema.name,),
        stage="test",
        estimate=30,
    )
    latency = Job(
        f"api.latency{ending}",
        "api.latency",
        because=because,
        options=options,
        after=(contract.name,),
        stage="verify",
        estimate=10,
    )
    return [schema, contract, latency]
