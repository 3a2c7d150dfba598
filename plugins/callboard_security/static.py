"""Static analysis of Python code with bandit."""

import ast
import hashlib
import json
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown, unparsable
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
LARGEST = 1_000_000
WHOLE_SECONDS = 800.0
SECONDS_PER_FILE = 0.5
TEST_PATH = re.compile(r"(^|/)(tests?|testing)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.pyi?$")


def is_test(path: str) -> bool:
    """Whether the path is that of test code by common custom."""
    return TEST_PATH.search(path) is not None


def analyse(ctx: Context, options: Static) -> Result:
    """Runs bandit over the workspace's Python files; UNKNOWN when there are none, or some could not be looked at."""
    named = ctx.workspace.matching("*.py")
    if not named:
        return unknown("there are no Python files to look at")
    if ctx.program("bandit") is None:
        return unknown("bandit is not installed; pip install bandit")
    files, large = _sized(ctx, named)
    work = Work(ctx, options, own_config(ctx), time.monotonic() + WHOLE_SECONDS)
    for start in range(0, len(files), BATCH):
        ctx.progress(start / len(files), f"bandit: {start:,} of {len(files):,} files")
        work.batch(files[start : start + BATCH])
    lost = work.unread + work.slow + work.late
    if lost >= len(files):
        why = f": {work.trouble}" if work.trouble else ""
        return unknown(f"bandit could look at none of {counted(len(named), 'Python file')}{why}")
    notes, gaps = list[str](), list[str]()
    if work.asserts:
        notes.append(f"{counted(work.asserts, 'assert')} in test files left out")
    if large:
        names = ", ".join(large[:3])
        notes.append(f"{counted(len(large), 'very large file')} left out, which nobody wrote by hand ({names})")
    if work.unread:
        if work.unread_code:
            gaps.append(f"{counted(work.unread_code, 'file')} that cannot be parsed")
        mild = work.unread - work.unread_code
        if mild:
            notes.append(
                f"{counted(mild, 'test, sample or template', 'tests, samples or templates')} that cannot be parsed"
            )
    if work.slow:
        gaps.append(f"{counted(work.slow, 'file')} for which bandit takes too long")
    if work.late:
        gaps.append(f"{counted(work.late, 'file')} for which there was no time left")
    if work.config:
        notes.append(f"configured by {work.config[-1].removeprefix('./')}")
    looked_at = counted(len(files) - lost, "Python file")
    outputs = {"files": len(files) - lost, "unread": work.unread}
    return judged(ctx, options.fail_on, looked_at, unchecked=gaps, notes=notes, outputs=outputs)


def _sized(ctx: Context, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files of usual size, and the very large ones."""
    usual, large = list[str](), list[str]()
    for path in paths:
        try:
            size = (ctx.workspace.path / path).stat().st_size
        except OSError:
            size = 0
        (large if size > LARGEST else usual).append(path)
    return usual, large


class Work:
    """One look at many files: counts what bandit reported and could not read, and halves a batch that fails to find the culprit."""

    def __init__(self, ctx: Context, options: Static, config: list[str], end: float) -> None:
        self.ctx, self.options, self.config, self.end = ctx, options, config, end
        self.asserts = self.unread = self.unread_code = self.slow = self.late = 0
        self.trouble = ""

    def batch(self, files: Sequence[str]) -> None:
        """Reports what bandit finds in the files."""
        left = self.end - time.monotonic()
        if left <= 0:
            self.late += len(files)
            return
        limit = min(left, self.options.file_seconds + SECONDS_PER_FILE * (len(files) - 1))
        report, trouble, slow = _run(self.ctx, files, self.config, limit)
        if report is None and self.config and not slow:
            _report_config(self.ctx, self.config, trouble)
            self.config = []
            report, trouble, slow = _run(self.ctx, files, self.config, limit)
        if report is not None:
            self._take(report)
        elif len(files) > 1:
            half = len(files) // 2
            self.batch(files[:half])
            self.batch(files[half:])
        else:
            self.trouble = trouble
            self.slow += 1
            self.ctx.finding(_given_up(files[0], trouble))

    def _take(self, report: Mapping[str, Any]) -> None:
        for error in report.get("errors", []):
            self.unread += 1
            self.ctx.finding(_unread(self.ctx, error))
            told = self.ctx.findings[-1]
            self.unread_code += told.severity is not Severity.LOW and not told.accepted
        for entry in report["results"]:
            if entry["test_id"] == "B101" and not self.options.test_asserts and is_test(entry["filename"]):
                self.asserts += 1
            else:
                self.ctx.finding(_finding(self.ctx, entry))


def _given_up(path: str, trouble: str) -> Finding:
    return Finding(
        rule="not-analysed",
        severity=Severity.LOW if is_test(path) else Severity.MEDIUM,
        message=f"bandit did not get through this file: {trouble}",
        path=path,
        tool="bandit",
        help="Leave it out in bandit's configuration (exclude_dirs) if it is generated, else split it",
    )


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


def _run(
    ctx: Context, files: Sequence[str], config: Sequence[str], limit: float
) -> tuple[dict[str, Any] | None, str, bool]:
    """(the report or None, what went wrong, whether it was too slow)."""
    output = ctx.scratch / "bandit.json"
    output.unlink(missing_ok=True)
    operands = [f"./{path}" for path in files]
    argv: list[str | Path] = ["bandit", "-q", "-n", "1", "-f", "json", "-o", output, *config, "--", *operands]
    run = ctx.run_tool(argv, timeout=limit)
    if run.timed_out:
        return None, f"it took longer than {limit:,.3g} s", True
    return read_report(output) if output.is_file() else None, run.trouble, False


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
    line, said = syntax_error(ctx.workspace.text(path)) if "syntax error" in reason else (0, "")
    severity = Severity.LOW if is_test(path) else Severity.MEDIUM
    return unparsable(path.removeprefix("./"), said or reason, line=line, tool="bandit", severity=severity)


def syntax_error(text: str) -> tuple[int, str]:
    """Where Python's own parser stops, and its words; (0, '') when it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as error:
            return error.lineno or 0, f"no Python that can be parsed ({error.msg})"
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
