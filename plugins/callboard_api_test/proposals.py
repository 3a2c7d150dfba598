"""Which jobs of APITestAgent fit a workspace."""

from collections.abc import Sequence

from callboard.api import Job, Workspace
from callboard_api_test.apps import App, find_apps
from callboard_api_test.found import schema_files

MOST_PROPOSED = 3


def proposals(workspace: Workspace) -> Sequence[Job]:
    """Schema, contract and response times for each application; only the schema where there are just files."""
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
        jobs += _jobs(app, ending, bool(files))
    if files and not chosen:
        because = f"{files[0]} is named like a schema"
        jobs.append(Job("api.schema", "api.schema", because=because, options={"schema": files[0]}, estimate=1))
    return jobs


def _jobs(app: App, ending: str, has_files: bool) -> list[Job]:
    made = {"fastapi": "FastAPI", "starlette": "Starlette", "flask": "Flask"}[app.kind]
    because = f"{app.path}:{app.line} makes a {made} application"
    options = {"app": app.shown, "folder": app.folder}
    schema = Job(f"api.schema{ending}", "api.schema", because=because, options=options, estimate=3)
    if app.kind == "starlette" and not has_files:
        return []  # nothing says which operations there are
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
