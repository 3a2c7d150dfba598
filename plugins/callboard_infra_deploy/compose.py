"""Compose files: their syntax, their schema, and what they refer to."""

from callboard.api import Context, Result, unknown
from callboard_infra_deploy.composition import Composition
from callboard_infra_deploy.dclint import check_dclint
from callboard_infra_deploy.files import compose_files
from callboard_infra_deploy.judge import Looked, judged
from callboard_infra_deploy.schemas import check_schema, read_all


def check_compose(ctx: Context, fail_on: str) -> Result:
    """Faults of syntax and schema, and services that cannot start or that reach further than they should."""
    files = compose_files(ctx.workspace)
    if not files:
        return unknown("there is no compose file in the workspace")
    looked = Looked("compose file")
    documents = read_all(ctx, files, "compose file", looked)
    check_schema(ctx, "vendor.compose-spec", documents, "compose file", looked)
    check_dclint(ctx, documents, looked)
    for folder in sorted({path.rpartition("/")[0] for path in documents}):
        together = {path: document for path, document in documents.items() if path.rpartition("/")[0] == folder}
        for finding in Composition(ctx.workspace.path, folder, together, ctx.boundary.protected_ports).faults():
            ctx.finding(finding)
    return judged(ctx, looked, fail_on)
