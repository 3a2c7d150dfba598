"""Patterns of dangerous code in Python, JavaScript and TypeScript, by semgrep with a few rules of our own."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown, unparsable
from callboard_security.options import Patterns
from callboard_security.static import is_test, syntax_error

LANGUAGES = ("*.py", "*.js", "*.mjs", "*.cjs", "*.jsx", "*.ts", "*.mts", "*.cts", "*.tsx")
LARGEST = 1_000_000
BATCH = 1_000
SEVERITIES = {"ERROR": Severity.HIGH, "WARNING": Severity.MEDIUM, "INFO": Severity.LOW}
CLOSED = ("--metrics=off", "--disable-version-check", "--no-git-ignore", "--no-rewrite-rule-ids", "--quiet")


def search(ctx: Context, options: Patterns) -> Result:
    """Looks for each rule; UNKNOWN without semgrep, without files, and for what it could not parse."""
    named = ctx.workspace.matching(*LANGUAGES)
    paths = [path for path in named if ".min." not in path and (ctx.workspace.path / path).stat().st_size <= LARGEST]
    if not paths:
        return unknown("there are no Python, JavaScript or TypeScript files to look at")
    if ctx.program("semgrep") is None:
        return unknown("semgrep is not installed; callboard tools install semgrep")
    unread = _torn(ctx, paths)
    gaps: list[str] = []
    for number, start in enumerate(range(0, len(paths), BATCH)):
        ctx.progress(start / len(paths), f"semgrep: {start:,} of {len(paths):,} files")
        batch = paths[start : start + BATCH]
        report, trouble = _run(ctx, batch, number)
        if report is None:
            gaps.append(f"{counted(len(batch), 'file')}: {trouble}")
            unread |= set(batch)
            continue
        for error in report.get("errors", []):
            path = str(error.get("path", "")).removeprefix("./")
            if path in paths and path not in unread:
                unread.add(path)
                words = str(error.get("message", "it cannot be parsed")).splitlines()[0][:200]
                severity = Severity.LOW if is_test(path) else Severity.MEDIUM
                ctx.finding(unparsable(path, words, tool="semgrep", severity=severity))
        for entry in report["results"]:
            ctx.finding(_finding(entry))
    if len(unread) >= len(paths):
        return unknown(
            f"semgrep could look at none of {counted(len(paths), 'file')}: {'; '.join(gaps) or 'none can be parsed'}"
        )
    if unread and not gaps:
        gaps.append(f"{counted(len(unread), 'file')} that cannot be parsed")
    left = len(named) - len(paths)
    notes = [f"{counted(left, 'minified or very large file')} left out"] if left else []
    return judged(ctx, options.fail_on, counted(len(paths) - len(unread), "file"), unchecked=gaps, notes=notes)


def _torn(ctx: Context, paths: Sequence[str]) -> set[str]:
    """The Python files that Python cannot parse, each a finding: semgrep goes on behind a fault and does not tell."""
    found = set()
    for path in paths:
        if path.endswith(".py"):
            line, said = syntax_error(ctx.workspace.text(path))
            if said:
                found.add(path)
                severity = Severity.LOW if is_test(path) else Severity.MEDIUM
                ctx.finding(unparsable(path, said, line=line, severity=severity))
    return found


def _run(ctx: Context, paths: Sequence[str], number: int) -> tuple[Mapping[str, Any] | None, str]:
    output = ctx.scratch / f"semgrep-{number}.json"
    with as_file(files("callboard_security") / "patterns.yml") as rules:
        argv: list[str | Path] = ["semgrep", "scan", "--config", rules, *CLOSED, "--json", "--output", output]
        argv += [
            "--jobs",
            "1",
            "--timeout",
            "20",
            "--max-target-bytes",
            str(LARGEST),
            "--",
            *(f"./{path}" for path in paths),
        ]
        env = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0", "HOME": str(ctx.scratch)}
        run = ctx.run_tool(argv, env=env, timeout=600)
    if run.timed_out:
        return None, "semgrep took too long"
    try:
        report = json.loads(output.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None, f"semgrep gave no report (exit {run.code}): {run.trouble[:160]}"
    if not isinstance(report, dict) or not isinstance(report.get("results"), list):
        return None, "semgrep's report has another form than expected"
    return report, ""


def _finding(entry: Mapping[str, Any]) -> Finding:
    """Without the lines that semgrep quotes; test code is not shipped, so nothing in it is worse than low."""
    path, extra = str(entry["path"]).removeprefix("./"), entry["extra"]
    severity = SEVERITIES.get(str(extra.get("severity")), Severity.MEDIUM)
    return Finding(
        rule=str(entry["check_id"]).rsplit(".", 1)[-1],
        severity=Severity.LOW if is_test(path) else severity,
        message=f"{extra.get('message', '')} ({extra.get('metadata', {}).get('owasp', '')})",
        path=path,
        line=int(entry["start"]["line"]),
        column=int(entry["start"]["col"]),
        end_line=int(entry["end"]["line"]),
        tool="semgrep",
    )
