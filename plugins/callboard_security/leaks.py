"""Secrets of known formats, found by kingfisher and never shown."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown
from callboard_security.options import Secrets
from callboard_security.static import is_test

BATCH = 500
LARGEST = 32 << 20
OWN = "callboard."
OFFLINE = ("--no-validate", "--no-update-check", "--redact", "--no-dedup", "--format", "jsonl")
SAFE_GIT = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.fsmonitor",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "core.hooksPath",
    "GIT_CONFIG_VALUE_1": "/dev/null",
}
SEVERITIES = {"high": Severity.HIGH, "medium": Severity.MEDIUM, "low": Severity.LOW}
MEND = (
    "Revoke it where it was issued, and read a new one from a secret store; whoever has the repository has the old one"
)


class Unreadable(Exception):
    """kingfisher's report could not be had; the text says why."""


def look(ctx: Context, options: Secrets) -> Result:
    """Scans the files of the workspace, and every commit when `history` is set; only redacted reports are made."""
    if ctx.program("kingfisher") is None:
        return unknown("kingfisher is not installed; pip install kingfisher-bin")
    paths, large = _sized(ctx)
    if not paths:
        return unknown("there are no files to look at")
    seen: dict[str, int] = {}
    looked_at = counted(len(paths), "file")
    try:
        for number, start in enumerate(range(0, len(paths), BATCH)):
            ctx.progress(start / len(paths), f"kingfisher: {start:,} of {len(paths):,} files")
            operands = [f"./{path}" for path in paths[start : start + BATCH]]
            for entry in _scan(ctx, f"tree-{number}", operands, "none", options.confidence):
                ctx.finding(_finding(ctx, entry, seen))
        if options.history:
            if not (ctx.workspace.path / ".git").exists():
                return judged(ctx, options.fail_on, looked_at, unchecked=["the history: this is no git checkout"])
            for entry in _scan(ctx, "history", ["."], "full", options.confidence):
                if "git_metadata" in entry["finding"]:
                    ctx.finding(_finding(ctx, entry, seen))
            looked_at += " and the whole git history"
    except Unreadable as reason:
        if ctx.findings:
            return judged(ctx, options.fail_on, looked_at, unchecked=[str(reason)])
        return unknown(str(reason))
    notes = [f"{counted(large, 'file')} above {LARGEST >> 20} MiB left out"] if large else []
    return judged(ctx, options.fail_on, looked_at, notes=notes)


def _sized(ctx: Context) -> tuple[list[str], int]:
    """The files that are there now and small enough to be text, and how many are larger."""
    paths, large = [], 0
    for path in ctx.workspace.files:
        try:
            size = (ctx.workspace.path / path).stat().st_size
        except OSError:
            continue
        if size > LARGEST:
            large += 1
        else:
            paths.append(path)
    return paths, large


def _scan(ctx: Context, name: str, operands: list[str], history: str, confidence: str) -> Iterator[Mapping[str, Any]]:
    output = ctx.scratch / f"kingfisher-{name}.jsonl"
    with as_file(files("callboard_security") / "rules.yml") as rules:
        argv: list[str | Path] = ["kingfisher", "scan", *OFFLINE, "--rules-path", rules, "--confidence", confidence]
        argv += ["--jobs", "2", "--git-history", history, "--quiet", "-o", output, "--", *operands]
        run = ctx.run_tool(argv, env={"NO_COLOR": "1", **SAFE_GIT}, timeout=1500)
    if run.timed_out:
        raise Unreadable("kingfisher took too long")
    if not output.is_file():
        words = next((line for line in run.stderr.splitlines() if "Error" in line), run.trouble)
        raise Unreadable(f"kingfisher gave no report (exit {run.code}): {words[:200]}")
    yield from _once(list(read_report(output)))


def _once(entries: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Without those of our own rules where a rule of kingfisher's saw the same characters."""
    theirs = {_spot(entry) for entry in entries if not _is_ours(entry)}
    for entry in entries:
        if not _is_ours(entry) or _spot(entry) not in theirs:
            yield entry


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return str(entry["rule"].get("id")).startswith(OWN)


def _spot(entry: Mapping[str, Any]) -> tuple[str, ...]:
    found = entry["finding"]
    commit = found.get("git_metadata", {}).get("commit", {}).get("id")
    return tuple(str(part) for part in (found.get("path"), found.get("line"), found.get("column_start"), commit))


def read_report(path: Path) -> Iterator[Mapping[str, Any]]:
    """The findings of a JSON Lines report; raises `Unreadable` when it is no such report or is cut short."""
    audit: Any = None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Unreadable("kingfisher's report is damaged") from error
            if not isinstance(entry, dict):
                raise Unreadable("kingfisher's report has another form than expected")
            if isinstance(entry.get("finding"), dict) and isinstance(entry.get("rule"), dict):
                yield entry
            audit = entry.get("audit", audit)
    summary = audit.get("summary") if isinstance(audit, dict) else None
    if not isinstance(summary, dict):
        raise Unreadable("kingfisher's report is cut short")
    left = sum(int(summary.get(key, 0)) for key in ("scan_failed", "scan_partial", "pending"))
    if left:
        raise Unreadable(f"kingfisher could not read {counted(left, 'file')}")


def _finding(ctx: Context, entry: Mapping[str, Any], seen: dict[str, int]) -> Finding:
    """The finding without the secret: neither message nor fingerprint depends on its value."""
    rule, found = entry["rule"], entry["finding"]
    path, line = str(found.get("path", "")).removeprefix("./"), int(found.get("line", 0))
    kind = str(rule.get("name") or rule.get("id", "secret")).removeprefix(OWN)
    commit = str(found.get("git_metadata", {}).get("commit", {}).get("id", ""))
    severity = SEVERITIES.get(str(found.get("confidence")), Severity.MEDIUM)
    where = "This file holds"
    if commit:
        where = f"Commit {commit[:12]} holds"
    elif is_test(path):
        severity = {Severity.HIGH: Severity.MEDIUM}.get(severity, Severity.LOW)
    context = "" if commit else _around(ctx.line(path, line), found)
    mark = "\x1f".join((kind, path, context, commit))
    nth = seen[mark] = seen.get(mark, -1) + 1
    return Finding(
        rule=f"secret-{kind}",
        severity=severity,
        message=f"{where} what looks like a secret of the kind '{kind}'. {_first_sentence(rule)}",
        path=path,
        line=0 if commit else line,
        column=0 if commit else max(0, int(found.get("column_start", 0))),
        help=MEND,
        tool="kingfisher",
        fingerprint=hashlib.sha256(f"{mark}\x1f{nth}".encode("utf-8", "replace")).hexdigest()[:16],
    )


def _around(text: str, found: Mapping[str, Any]) -> str:
    """What stands before the secret in its line."""
    return " ".join(text[: max(0, int(found.get("column_start", 1)) - 1)].split())


def _first_sentence(rule: Mapping[str, Any]) -> str:
    """What the rule says about itself; kingfisher repeats the name where it has nothing to say."""
    words = str(rule.get("description", "")).strip()
    if words in ("", rule.get("name")):
        return "Look at what it opens, and to whom."
    return words if words.endswith(".") else words + "."
