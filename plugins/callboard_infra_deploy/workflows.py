"""CI files: their schemas, and insecure patterns in GitHub workflows."""

import json
import re
from typing import Any

from callboard.api import Context, Finding, Result, Severity, unknown
from callboard_infra_deploy.files import ci_files
from callboard_infra_deploy.included import included
from callboard_infra_deploy.judge import Looked, batches, judged, missing
from callboard_infra_deploy.schemas import check_schema, read_all

AUDITED = ("vendor.github-workflows", "vendor.github-actions", "vendor.dependabot")
SEVERITY = {
    "High": Severity.HIGH,
    "Medium": Severity.MEDIUM,
    "Low": Severity.LOW,
    "Informational": Severity.INFO,
    "Unknown": Severity.LOW,
}
UNSURE = ("Low", "Unknown")
SKIPPED = re.compile(r"failed to (?:validate|parse|load) (?:file://)?(\S+?)(?: as (\w+))?: (.*)")


def check_workflows(ctx: Context, fail_on: str, *, audit: bool) -> Result:
    """Faults of syntax and schema in every CI file; with `audit` the findings of zizmor, which is kept offline."""
    kinds = ci_files(ctx.workspace)
    if not kinds:
        return unknown("there is no CI file that InfraDeploy knows in the workspace")
    looked = Looked("CI file")
    auditable: list[str] = []
    gitlab = kinds.get("vendor.gitlab-ci", [])
    for path in list(gitlab):
        gitlab += [name for name in included(ctx, path) if name not in gitlab]
    for schema, files in kinds.items():
        kind = schema.removeprefix("vendor.") + " file"
        documents = read_all(ctx, files, kind, looked)
        check_schema(ctx, schema, documents, kind, looked)
        if schema in AUDITED:
            auditable += documents
    if audit and auditable:
        _audit(ctx, auditable, looked)
    return judged(ctx, looked, fail_on)


def _audit(ctx: Context, files: list[str], looked: Looked) -> None:
    if ctx.program("zizmor") is None:
        looked.unchecked.append(f"security of {len(files)} GitHub files: {missing('zizmor', 'zizmor')}")
        return
    command = ["zizmor", "--offline", "--no-progress", "--color=never", "--quiet"]
    bad_already = {finding.path for finding in ctx.findings if finding.rule == "schema"}
    for batch in batches(files):
        run = ctx.run_tool([*command, "--format=json-v1", "--", *batch], timeout=120)
        left_out = {match.group(1) for match in SKIPPED.finditer(run.stderr)}
        try:
            found = [_finding(entry) for entry in json.loads(run.stdout or "[]") if not entry.get("ignored")]
        except (ValueError, KeyError, TypeError, IndexError):
            looked.unchecked.append(f"security of GitHub files: zizmor: {run.trouble or f'exit {run.code}'}")
            continue
        if not run.stdout and run.code != 3:
            looked.unchecked.append(f"security of GitHub files: zizmor: {run.trouble or f'exit {run.code}'}")
        for path in sorted(left_out - bad_already):
            looked.unchecked.append(f"security of {path}: zizmor does not take it for a workflow")
        for finding in found:
            ctx.finding(finding)
        if found:
            _keep_sarif(ctx, [*command, "--format=sarif", "--", *batch])


def _keep_sarif(ctx: Context, command: list[str]) -> None:
    run = ctx.run_tool(command, timeout=120)
    if run.stdout.startswith("{"):
        path = ctx.scratch / "zizmor.sarif"
        path.write_text(run.stdout, "utf-8")
        ctx.artifact(path, kind="sarif")


def _severity(said: dict[str, Any]) -> Severity:
    """zizmor's own, one step milder where zizmor itself has little confidence."""
    severity = SEVERITY.get(str(said["severity"]), Severity.MEDIUM)
    milder = list(Severity)[min(severity.rank + 1, Severity.INFO.rank)]
    return milder if str(said.get("confidence")) in UNSURE else severity


def _finding(entry: dict[str, Any]) -> Finding:
    primary = next(
        (place for place in entry["locations"] if place["symbolic"]["kind"] == "Primary"), entry["locations"][0]
    )
    start, end = primary["concrete"]["location"]["start_point"], primary["concrete"]["location"]["end_point"]
    key = primary["symbolic"]["key"]
    words = str(primary["concrete"]["feature"]).strip()
    shown = f" ({words})" if 0 < len(words) <= 80 and "\n" not in words else ""
    return Finding(
        rule=str(entry["ident"]),
        severity=_severity(entry["determinations"]),
        message=f"{entry['desc']}: {primary['symbolic']['annotation']}{shown}",
        path=str(key["Local"]["verbatim_path"]) if isinstance(key, dict) and "Local" in key else "",
        line=int(start["row"]) + 1,
        column=int(start["column"]) + 1,
        end_line=int(end["row"]) + 1,
        help=str(entry["url"]),
        tool="zizmor",
    )
