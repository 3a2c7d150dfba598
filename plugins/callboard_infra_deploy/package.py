"""What a project would publish: built aside, and looked into."""

from callboard.api import Context, Result, unknown
from callboard_infra_deploy.judge import Looked, judged
from callboard_infra_deploy.publishable import in_folder


def check_package(ctx: Context, folder: str, fail_on: str, timeout: float) -> Result:
    """Builds the wheel and packs the npm package of one folder; UNKNOWN when there is neither, or one cannot be built here."""
    place = folder.strip("/").removeprefix("./")
    found = in_folder(ctx.workspace, "" if place == "." else place)
    if not found:
        return unknown(
            f"nothing in {place or 'the top folder'} is to be published: no [build-system], setup.py or package"
        )
    looked = Looked("package")
    for project in found:
        if project.kind == "python":
            from callboard_infra_deploy.wheels import check_wheel

            check_wheel(ctx, project, looked, timeout)
        else:
            from callboard_infra_deploy.npm_package import check_npm_package

            check_npm_package(ctx, project, looked)
    return judged(ctx, looked, fail_on)
