"""Secrets of known formats, found by kingfisher and never shown."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, secret_print, unknown
from callboard_security.doubts import TESTS, doubt
from callboard_security.history import SAFE_GIT, measure
from callboard_security.options import Secrets

BATCH = 500
LARGEST = 32 << 20
OWN = "callboard."
MILDER_MARK = "Milder, for "
OFFLINE = ("--no-validate", "--no-update-check", "--redact", "--no-dedup", "--format", "jsonl")
SEVERITIES = {"high": Severity.HIGH, "medium": Severity.MEDIUM, "low": Severity.LOW}
MEND = (
    "Revoke it where it was issued, and read a new one from a secret store; whoever has the repository has the old one"
)


class Unreadable(Exception):
    """kingfisher's report could not be had; the text says why."""


def look(ctx: Context, options: Secrets) -> Result:
    """Scans the files of the workspace, and the commits when `history` is set; only redacted reports are made."""
    if ctx.program("kingfisher") is None:
        return unknown("kingfisher is not installed; pip install kingfisher-bin")
    paths, large = _sized(ctx)
    if not paths:
        return unknown("there are no files to look at")
    seen: dict[str, int] = {}
    looked_at = counted(len(paths), "file")
    gaps: list[str] = []
    notes = [f"{counted(large, 'file')} above {LARGEST >> 20} MiB left out"] if large else []
    outputs: dict[str, Any] = {"history": "not looked at"}
    try:
        for number, start in enumerate(range(0, len(paths), BATCH)):
            ctx.progress(start / len(paths), f"kingfisher: {start:,} of {len(paths):,} files")
            operands = [f"./{path}" for path in paths[start : start + BATCH]]
            for entry in _scan(ctx, f"tree-{number}", operands, ["--git-history", "none"], options.confidence, 900):
                ctx.finding(_finding(ctx, entry, seen))
    except Unreadable as reason:
        if not ctx.findings:
            return unknown(str(reason))
        gaps.append(str(reason))
    outputs["tree"] = sum(not finding.accepted for finding in ctx.findings)
    if options.history:
        words, missing = _look_back(ctx, options, seen, gaps)
        looked_at += words
        outputs["history"] = "part" if missing else "whole"
        outputs["past"] = sum(not finding.accepted for finding in ctx.findings) - outputs["tree"]
    milder = sum(MILDER_MARK in finding.message for finding in ctx.findings)
    if milder:
        notes.append(f"{counted(milder, 'finding')} milder, for what they look like or where they lie")
    ctx.metric("security.secrets", len(ctx.findings))
    return judged(ctx, options.fail_on, looked_at, unchecked=gaps, notes=notes, outputs=outputs)


def _look_back(ctx: Context, options: Secrets, seen: dict[str, int], gaps: list[str]) -> tuple[str, bool]:
    """Reports what lies in the commits alone; (what was looked through in words, whether something is missing)."""
    before = len(gaps)
    extent = measure(ctx, options.history_commits)
    if isinstance(extent, str):
        gaps.append(f"the history: {extent}")
        return "", True
    arguments = ["--git-history", "full"]
    if extent.left_out:
        arguments += ["--since-commit", extent.first]
        gaps.append(f"{counted(extent.left_out, 'older commit')} (history_commits is {options.history_commits:,})")
    if extent.shallow:
        gaps.append("what lies before the point where this shallow checkout begins")
    now: Counter[tuple[str, str]] = Counter((finding.rule, finding.path) for finding in ctx.findings)
    try:
        entries = list(_scan(ctx, "history", ["."], arguments, options.confidence, options.history_seconds))
    except Unreadable as reason:
        gaps.append(f"the history: {reason}")
        return "", True
    groups: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for entry in entries:
        if "git_metadata" in entry["finding"]:
            found = entry["finding"]
            groups[(_kind(entry), str(found.get("path")).removeprefix("./"), str(found.get("snippet")))] = entry
    for (kind, path, _), entry in groups.items():
        if now[(f"secret-{kind}", path)] > 0:
            now[(f"secret-{kind}", path)] -= 1
            continue
        ctx.finding(_finding(ctx, entry, seen))
    words = f" and {counted(extent.commits, 'commit')} of the git history"
    return words, len(gaps) > before


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


def _scan(
    ctx: Context, name: str, operands: list[str], arguments: list[str], confidence: str, timeout: float
) -> Iterator[Mapping[str, Any]]:
    output = ctx.scratch / f"kingfisher-{name}.jsonl"
    with as_file(files("callboard_security") / "rules.yml") as rules:
        argv: list[str | Path] = ["kingfisher", "scan", *OFFLINE, "--rules-path", rules, "--confidence", confidence]
        argv += ["--jobs", "2", *arguments, "--quiet", "-o", output, "--", *operands]
        run = ctx.run_tool(argv, env={"NO_COLOR": "1", **SAFE_GIT}, timeout=timeout)
    if run.timed_out:
        raise Unreadable(f"kingfisher took longer than {timeout:,.0f} s")
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


def _kind(entry: Mapping[str, Any]) -> str:
    rule = entry["rule"]
    return str(rule.get("name") or rule.get("id", "secret")).removeprefix(OWN)


def _finding(ctx: Context, entry: Mapping[str, Any], seen: dict[str, int]) -> Finding:
    """The finding without the secret: neither message nor fingerprint depends on its value."""
    rule, found = entry["rule"], entry["finding"]
    path, line = str(found.get("path", "")).removeprefix("./"), int(found.get("line", 0))
    kind = _kind(entry)
    commit = str(found.get("git_metadata", {}).get("commit", {}).get("id", ""))
    text = "" if commit else ctx.line(path, line)
    severity = SEVERITIES.get(str(found.get("confidence")), Severity.MEDIUM)
    where = f"Commit {commit[:12]} holds" if commit else "This file holds"
    why = doubt(path, text, found)
    if why:
        severity = Severity.LOW if why != TESTS else {Severity.HIGH: Severity.MEDIUM}.get(severity, Severity.LOW)
    plain = secret_print(path, text)
    mark = "\x1f".join((kind, path, commit or plain))
    nth = seen[mark] = seen.get(mark, -1) + 1
    return Finding(
        rule=f"secret-{kind}",
        severity=severity,
        message=f"{where} what looks like a secret of the kind '{kind}'. {_first_sentence(rule, kind)}"
        + (f" {MILDER_MARK}{why}." if why else ""),
        path=path,
        line=0 if commit else line,
        column=0 if commit else max(0, int(found.get("column_start", 0))),
        help=MEND,
        tool="kingfisher",
        fingerprint=hashlib.sha256(f"{mark}\x1f{nth}".encode("utf-8", "replace")).hexdigest()[:16]
        if commit
        else secret_print(path, text, nth),
    )


def _first_sentence(rule: Mapping[str, Any], kind: str) -> str:
    """What the rule says about itself; kingfisher repeats the name where it has nothing to say."""
    words = str(rule.get("description", "")).strip()
    if words in ("", kind, rule.get("name"), rule.get("id")):
        return "Look at what it opens, and to whom."
    return words if words.endswith(".") else words + "."
