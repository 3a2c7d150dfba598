"""Static analysis of Python code with bandit."""

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown
from callboard_security.options import Static

SEVERITIES: Mapping[tuple[str, str], Severity] = {
    ("HIGH", "HIGH"): Severity.HIGH,
    ("HIGH", "MEDIUM"): Severity.HIGH,
    ("HIGH", "LOW"): Severity.MEDIUM,
    ("MEDIUM", "HIGH"): Severity.MEDIUM,
    ("MEDIUM", "MEDIUM"): Severity.MEDIUM,
    ("MEDIUM", "LOW"): Severity.LOW,
    ("LOW", "HIGH"): Severity.LOW,
    ("LOW", "MEDIUM"): Severity.LOW,
}
# Whether a hash protects anything cannot be seen from the call (protocols and caches use SHA-1 too), nor from an import
# whether what is parsed comes from strangers.
MILDER: Mapping[str, Severity] = {"B324": Severity.MEDIUM, "B411": Severity.MEDIUM}
PASSWORDS = frozenset({"B105", "B106", "B107"})
CONFIG_FILES = ("bandit.yaml", "bandit.yml", ".bandit.yaml", ".bandit.yml")
BATCH = 400
TEST_PATH = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.pyi?$")


def is_test(path: str) -> bool:
    """Whether the path is that of test code by common custom."""
    return TEST_PATH.search(path) is not None


def analyse(ctx: Context, options: Static) -> Result:
    """Runs bandit over the workspace's Python files; UNKNOWN when there are none or none could be read."""
    files = ctx.workspace.matching("*.py")
    if not files:
        return unknown("there are no Python files to look at")
    if ctx.program("bandit") is None:
        return unknown("bandit is not installed; pip install bandit")
    config = own_config(ctx)
    asserts = unread = 0
    for start in range(0, len(files), BATCH):
        ctx.progress(start / len(files), f"bandit: {start:,} of {len(files):,} files")
        batch = files[start : start + BATCH]
        report, trouble = _run(ctx, batch, config)
        if report is None and config:
            _report_config(ctx, config, trouble)
            config = []
            report, trouble = _run(ctx, batch, config)
        if report is None:
            return unknown(f"bandit gave no report: {trouble}")
        for error in report.get("errors", []):
            unread += 1
            ctx.finding(_unread(ctx, error))
        for entry in report.get("results", []):
            if entry["test_id"] == "B101" and not options.test_asserts and is_test(entry["filename"]):
                asserts += 1
                continue
            ctx.finding(_finding(ctx, entry))
    if unread >= len(files):
        return unknown(f"bandit could read none of {counted(len(files), 'Python file')}")
    notes = []
    if asserts:
        notes.append(f"{counted(asserts, 'assert')} in test files left out")
    if unread:
        notes.append(f"{counted(unread, 'file')} could not be read")
    if config:
        notes.append(f"configured by {config[-1].removeprefix('./')}")
    return judged(ctx, options.fail_on, counted(len(files) - unread, "Python file"), notes=notes)


def own_config(ctx: Context) -> list[str]:
    """The arguments that make bandit follow the workspace's own configuration, [] when it has none."""
    if (ctx.workspace.path / ".bandit").is_file():
        return ["--ini", "./.bandit"]
    if "bandit" in ctx.workspace.toml("pyproject.toml").get("tool", {}):
        return ["-c", "./pyproject.toml"]
    for name in CONFIG_FILES:
        if (ctx.workspace.path / name).is_file():
            return ["-c", f"./{name}"]
    return []


def _run(ctx: Context, files: Sequence[str], config: Sequence[str]) -> tuple[dict[str, Any] | None, str]:
    output = ctx.scratch / "bandit.json"
    output.unlink(missing_ok=True)
    operands = [f"./{path}" for path in files]
    run = ctx.run_tool(["bandit", "-q", "-n", "1", "-f", "json", "-o", output, *config, "--", *operands], timeout=800)
    if run.timed_out:
        return None, "it took too long"
    return read_report(output) if output.is_file() else None, run.trouble


def read_report(path: Path) -> dict[str, Any] | None:
    """The tables of bandit's JSON report; None for anything else."""
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) and isinstance(report.get("results"), list) else None


def _report_config(ctx: Context, config: Sequence[str], trouble: str) -> None:
    ctx.finding(
        Finding(
            rule="bandit-configuration",
            severity=Severity.MEDIUM,
            message=f"bandit cannot use this configuration ({trouble}); its defaults were used instead",
            path=config[-1],
            tool="bandit",
            help="https://bandit.readthedocs.io/en/latest/config.html",
        )
    )


def _unread(ctx: Context, error: Mapping[str, Any]) -> Finding:
    path, reason = str(error.get("filename", "")), str(error.get("reason", "cannot be read"))
    syntax = "syntax error" in reason
    line, said = _syntax_error(ctx.workspace.text(path)) if syntax else (0, "")
    return Finding(
        rule="syntax-error" if syntax else "unreadable-file",
        severity=Severity.LOW if is_test(path) else Severity.MEDIUM,
        message=f"This file was not analysed: {said or reason}",
        path=path,
        line=line,
        tool="bandit",
        help="Mend the syntax, or leave the file out in bandit's configuration (exclude_dirs)",
    )


def _syntax_error(text: str) -> tuple[int, str]:
    """Where Python's own parser stops, and its words; (0, '') when it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as error:
            return error.lineno or 0, f"syntax error: {error.msg}"
        except (ValueError, RecursionError, MemoryError):
            return 0, ""
    return 0, ""


def _finding(ctx: Context, entry: Mapping[str, Any]) -> Finding:
    """The finding of one result; test code is not shipped, so there nothing is worse than low."""
    rule, path, line = str(entry["test_id"]), str(entry["filename"]), int(entry["line_number"])
    severity = SEVERITIES.get((entry["issue_severity"], entry["issue_confidence"]), Severity.INFO)
    mildest = Severity.LOW if is_test(path) else MILDER.get(rule, severity)
    if mildest.rank > severity.rank:
        severity = mildest
    message, fingerprint = str(entry["issue_text"]), ""
    if rule in PASSWORDS:
        message = "A password seems to be written in the code; read it from a setting or a secret store"
        fingerprint = _masked_print(rule, path, ctx.line(path, line), len(list(_twins(ctx, rule, path, line))))
    return Finding(
        rule=rule,
        severity=severity,
        message=f"{message} ({entry['test_name']})",
        path=path,
        line=line,
        column=int(entry.get("col_offset", -1)) + 1,
        end_line=max(entry.get("line_range") or [line]),
        help=str(entry.get("more_info", "")),
        tool="bandit",
        fingerprint=fingerprint,
    )


def _twins(ctx: Context, rule: str, path: str, line: int) -> Iterator[Finding]:
    plain = path.removeprefix("./")
    masked = _masked(ctx.line(path, line))
    for other in ctx.findings:
        if other.rule == rule and other.path == plain and _masked(ctx.line(plain, other.line)) == masked:
            yield other


def _masked(text: str) -> str:
    return " ".join(re.sub(r"(['\"]).*?(?:\1|$)", "'…'", text).split())


def _masked_print(rule: str, path: str, text: str, nth: int) -> str:
    """A fingerprint that says nothing about the strings in the line."""
    mark = "\x1f".join((rule, path.removeprefix("./"), _masked(text), str(nth)))
    return hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16]
