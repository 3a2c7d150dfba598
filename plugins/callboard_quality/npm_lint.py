"""The action `quality.npm_lint`: eslint or oxlint as the workspace has and configures it."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    Workspace,
    counted,
    failed,
    failing,
    load_json,
    passed,
    sarif_of,
    set_apart,
    unknown,
    unparsable,
)
from callboard_quality.options import ScriptLintOptions
from callboard_quality.packages import described, is_installed, missing_words, own_program, read_package, upwards

Linter = Literal["eslint", "oxlint"]
CONFIGURED: Mapping[Linter, tuple[str, ...]] = {
    "eslint": (
        *(f"eslint.config.{end}" for end in ("js", "mjs", "cjs", "ts", "mts", "cts")),
        *(f".eslintrc{end}" for end in (".js", ".cjs", ".json", ".yaml", ".yml", "")),
    ),
    "oxlint": (".oxlintrc.json", "oxlint.config.ts"),
}
LARGEST = 30_000_000


def configured_linter(workspace: Workspace, folder: str) -> Linter | None:
    """The linter that the folder's package depends on and has a configuration for, there or above; eslint first."""
    data = read_package(workspace, folder)
    names = described(workspace, folder, data).dependencies
    for linter, files in CONFIGURED.items():
        if linter in names and (
            any((spot / name).is_file() for spot in upwards(workspace, folder) for name in files)
            or (linter == "eslint" and "eslintConfig" in data)
        ):
            return linter
    return None


def run_npm_lint(ctx: Context, options: ScriptLintOptions) -> Result:
    """Lints the folder without changing it; UNKNOWN when the linter is not there or looks at no file."""
    linter = configured_linter(ctx.workspace, options.folder)
    if linter is None:
        return unknown("nothing was linted: the package configures neither eslint nor oxlint")
    found = described(ctx.workspace, options.folder, read_package(ctx.workspace, options.folder))
    if not is_installed(ctx.workspace, options.folder):
        missing = missing_words(options.folder, found).partition(", or set")[0]
        return unknown(f"nothing was linted: {missing}")
    program = own_program(ctx.workspace, options.folder, linter)
    if program is None:
        return unknown(f"nothing was linted: node_modules has no {linter}; run '{found.command}' first")
    here = ctx.workspace.path / options.folder
    out = ctx.scratch / f"{linter}.json"
    if linter == "eslint":
        words = ["--format=json", f"--output-file={out}", "--no-error-on-unmatched-pattern", "."]
    else:
        words = ["--format=json"]
    run = ctx.run_tool([program, *words], cwd=here, env={"NO_COLOR": "1"}, timeout=options.timeout)
    if run.timed_out:
        return unknown(f"nothing was linted: {linter} took longer than {options.timeout:.0f} s")
    try:
        text = out.read_text("utf-8", "replace")[:LARGEST] if linter == "eslint" else run.stdout
        document = load_json(text, linter)
        count, findings = _eslint(document) if linter == "eslint" else _oxlint(document, here)
    except (CallboardError, OSError, TypeError, AttributeError, ValueError) as error:
        told = run.trouble if run.code not in (0, 1) else str(error)
        return unknown(f"nothing was linted: {linter} ended with code {run.code}: {told}")
    return _judged(ctx, options, linter, count, findings)


def _judged(ctx: Context, options: ScriptLintOptions, linter: Linter, count: int, findings: list[Finding]) -> Result:
    for finding in findings:
        if finding.rule == "syntax":
            path = os.path.relpath(finding.path, ctx.workspace.path)
            finding = unparsable(path, finding.message, line=finding.line, column=finding.column, tool=linter)
        ctx.finding(finding)
    kept = ctx.scratch / f"{linter}.sarif"
    kept.write_text(json.dumps(sarif_of(ctx.findings, linter)), "utf-8")
    ctx.artifact(kept, kind="sarif")
    if not count:
        return unknown(f"nothing was linted: {linter} looked at no file")
    ctx.metric(
        f"quality.npm_lint.findings{'.' + options.folder.replace('/', '-') if options.folder else ''}", len(findings)
    )
    most = ", ".join(f"{rule} {times}" for rule, times in Counter(f.rule for f in findings).most_common(3))
    words = f"{linter} looked at {counted(count, 'file')} and reports {counted(len(findings), 'finding')}"
    words += (f" ({most})" if most else "") + set_apart(ctx)
    return failed(words) if failing(ctx, options.fail_on) else passed(words)


def _eslint(document: Any) -> tuple[int, list[Finding]]:
    findings = []
    for file in document:
        for message in file.get("messages", []):
            is_ignored = message.get("ruleId") is None and not message.get("fatal")
            if is_ignored and "ignored" in str(message.get("message")):
                continue
            findings.append(
                Finding(
                    rule="syntax" if message.get("fatal") else str(message.get("ruleId") or "eslint"),
                    severity=Severity.MEDIUM if message.get("severity") == 2 else Severity.LOW,
                    message=str(message.get("message", "")),
                    path=str(file.get("filePath", "")),
                    line=int(message.get("line") or 0),
                    column=int(message.get("column") or 0),
                    tool="eslint",
                )
            )
    return len(document), findings


def _oxlint(document: Any, here: Path) -> tuple[int, list[Finding]]:
    findings = []
    for entry in document.get("diagnostics", []):
        labels = entry.get("labels") or [{}]
        span = labels[0].get("span") or {}
        code = str(entry.get("code") or "")
        findings.append(
            Finding(
                rule=code or "syntax",
                severity=Severity.MEDIUM if entry.get("severity") == "error" else Severity.LOW,
                message=str(entry.get("message", "")),
                path=str(here / str(entry.get("filename", ""))),
                line=int(span.get("line") or 0),
                column=int(span.get("column") or 0),
                help=str(entry.get("help") or entry.get("url") or ""),
                tool="oxlint",
            )
        )
    return int(document.get("number_of_files") or 0), findings
