"""The action `quality.lint`: ruff with the workspace's own configuration."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    ToolRun,
    failed,
    load_json,
    passed,
    sarif_of,
    set_apart,
    unknown,
)
from callboard_quality.options import LintOptions

BATCH = 100_000
SUSPECT = frozenset(["F", "B", "S", "PLE", "PLW", "ASYNC", "DTZ", "BLE", "PGH", "LOG"])
# what tests only read: it is often wrong on purpose
SAMPLE = re.compile(
    r"(?:^|/)(?:fixtures|__fixtures__|testdata|test[_-]data)/|(?:^|/)tests?/(?:.*/)?(?:data|cases|samples|snippets|resources|inputs?)/"
)


def run_lint(ctx: Context, options: LintOptions) -> Result:
    """Checks every Python file that ruff's configuration does not leave out; nothing is changed."""
    if ctx.program("ruff") is None:
        return unknown("the code was not linted: ruff is not installed; pip install ruff")
    files = ctx.workspace.matching("*.py", "*.pyi", "*.ipynb")
    if not files:
        return unknown("the code was not linted: there are no Python files")
    common = ["ruff", "check", "--no-cache", "--force-exclude"]
    findings: list[Finding] = []
    looked_at = 0
    for number, batch in enumerate(_batches(files)):
        listed = ctx.run_tool([*common, "--show-files", "--", *batch], timeout=options.timeout)
        if listed.code != 0:
            return unknown(f"the code was not linted: {_trouble(listed)}")
        looked_at += len(listed.stdout.splitlines())
        out = ctx.scratch / f"ruff-{number}.jsonl"
        how = ["--no-fix", "--no-show-fixes", "--output-format=json-lines", f"--output-file={out}"]
        run = ctx.run_tool([*common, *how, "--", *batch], timeout=options.timeout)
        if run.code not in (0, 1) or not out.is_file():
            return unknown(f"the code was not linted: {_trouble(run)}")
        try:
            with open(out, "rb") as lines:
                findings += [_finding(load_json(line, out)) for line in lines if line.strip()]
        except CallboardError as error:
            return unknown(f"the code was not linted: {error}")
    own, samples = [], []
    for finding in findings:
        path = os.path.relpath(finding.path, ctx.workspace.path)
        if SAMPLE.search(path):
            samples.append(
                replace(finding, severity=Severity.INFO if finding.severity is Severity.LOW else Severity.LOW)
            )
        else:
            own.append(finding)
    for finding in (*own, *samples):  # the samples last, as too many are only counted
        ctx.finding(finding)
    _keep(ctx)
    if not looked_at:
        return unknown(f"the code was not linted: ruff's configuration leaves out all {len(files)} Python files")
    ctx.metric("lint.findings", len(findings))
    counts = Counter(finding.rule for finding in findings)
    most = ", ".join(f"{rule} {count}" for rule, count in counts.most_common(3))
    words = f"ruff looked at {looked_at} file{'' if looked_at == 1 else 's'} and reports "
    words += f"{len(findings)} finding{'' if len(findings) == 1 else 's'}" + (f" ({most})" if most else "")
    words += f"; {len(samples)} of them in test data, at most low" if samples else ""
    least = Severity(options.fail_on).rank
    words += set_apart(ctx)
    kept = ctx.findings[: len(own)]
    return failed(words) if any(f.severity.rank <= least and not f.accepted for f in kept) else passed(words)


def _batches(files: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in files:
        batch.append(name)
        size += len(name.encode()) + 1
        if size > BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _trouble(run: ToolRun) -> str:
    if run.timed_out:
        return f"ruff took longer than {run.seconds:.0f} s"
    lines = [line.strip() for line in run.stderr.splitlines() if line.strip(" |^")]
    return f"ruff ended with code {run.code}: {'; '.join(lines)[-400:]}"


def _finding(entry: Any) -> Finding:
    entry = entry if isinstance(entry, dict) else {}
    place = entry.get("location") or {}
    code = entry.get("code") or "invalid-syntax"
    syntax = code in ("invalid-syntax", "E999", "E902")
    suspect = code.rstrip("0123456789") in SUSPECT or code.startswith(("E7", "E9"))
    mend = (entry.get("fix") or {}).get("message") or ""
    return Finding(
        rule=code,
        severity=Severity.HIGH if syntax else Severity.MEDIUM if suspect else Severity.LOW,
        message=f"{entry.get('message', '')}" + (f"; {mend}" if mend else ""),
        path=str(entry.get("filename", "")),
        line=int(place.get("row") or 0),
        column=int(place.get("column") or 0),
        end_line=int((entry.get("end_location") or {}).get("row") or 0),
        help=entry.get("url") or "",
        tool="ruff",
    )


def _keep(ctx: Context) -> None:
    path = ctx.scratch / "ruff.sarif"
    path.write_text(json.dumps(sarif_of(ctx.findings, "ruff")), "utf-8")
    ctx.artifact(path, kind="sarif")
