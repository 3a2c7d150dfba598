"""Reports of scanners that ran elsewhere, such as in the team's CI: SARIF, code quality, osv-scanner, bills of materials."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    ReportError,
    Result,
    Severity,
    counted,
    handed_in,
    judged,
    load_json,
    option,
    origin_words,
    passed,
    path_here,
    read_code_quality,
    read_cyclonedx,
    read_osv,
    read_sarif,
    read_spdx,
    unknown,
)
from callboard_security.options import FAIL_ON, Threshold

RATED = {"critical": Severity.CRITICAL, "high": Severity.HIGH, "medium": Severity.MEDIUM, "moderate": Severity.MEDIUM,
         "low": Severity.LOW}  # fmt: skip
SHOWN_TOOLS = 5


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Which upload, and what is known about it."""

    file: str = option("", help="The upload, as `callboard ingest` names it")
    name: str = option("", help="The name of the file where it comes from")
    format: Literal["auto", "sarif", "cyclonedx", "spdx", "codequality", "osv"] = option("auto", help="What it is")
    source: str = option("", help="Where it comes from")
    commit: str = option("", help="The commit that it is about")
    fail_on: Threshold = option("high", help=FAIL_ON)


def read_handed_in(ctx: Context, options: ReportOptions) -> Result:
    """UNKNOWN for what cannot be read or holds nothing; else what the report says."""
    try:
        place = handed_in(ctx, options.file)
        words = origin_words(ctx, options.name, options.source, options.commit)
        if options.format == "auto":
            return unknown(f"nobody can tell what {words} is; say it with --format")
        ctx.artifact(place, options.name, kind=options.format)
        if options.format == "sarif":
            return _told(ctx, read_sarif(place, workspace=Path("/")), words, options)
        if options.format == "codequality":
            return _told(ctx, read_code_quality(place, workspace=Path("/")), words, options)
        if options.format == "osv":
            return _told(ctx, list(_scanned(place, options)), words, options)
        return _materials(ctx, place, words, options)
    except CallboardError as error:
        return unknown(f"{options.name or 'the report'} cannot be read: {error}")


def _told(ctx: Context, findings: list[Finding], words: str, options: ReportOptions) -> Result:
    """Each finding at its place here, with the tool that the report names."""
    if not findings:
        return unknown(
            f"{words} holds no result; it does not say what was looked at, so it is no proof that all is well"
        )
    known = frozenset(ctx.workspace.files)
    for finding in findings:
        path = path_here(ctx.workspace, finding.path, known) if finding.path else ""
        message = finding.message if path or not finding.path else f"{finding.message} (in {finding.path})"
        tool = finding.tool or options.source or options.format
        ctx.finding(replace(finding, path=path, line=finding.line if path else 0, message=message, tool=tool))
    named = sorted({f"{finding.tool} {finding.tool_version}".strip() for finding in findings if finding.tool})
    notes = [f"seen by {', '.join(named[:SHOWN_TOOLS])}"] if named else []
    return judged(ctx, options.fail_on, words, notes=notes)


def _materials(ctx: Context, place: Path, words: str, options: ReportOptions) -> Result:
    components = (read_spdx(place) if options.format == "spdx" else read_cyclonedx(place)).components
    document = load_json(place.read_bytes(), options.name or "the report")
    if not components:
        return unknown(f"{words} names no component")
    ctx.metric("ci.components", len(components))
    found = list(_vulnerabilities(document, options))
    for finding in found:
        ctx.finding(finding)
    if found:
        return judged(ctx, options.fail_on, f"{words}: {counted(len(components), 'component')}")
    return passed(f"{counted(len(components), 'component')} in {words}; it names no vulnerability")


def _vulnerabilities(document: Any, options: ReportOptions) -> Iterator[Finding]:
    listed = document.get("vulnerabilities") if isinstance(document, dict) else None
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or _state(entry) in ("not_affected", "resolved", "false_positive"):
            continue
        ratings = [rating.get("severity") for rating in entry.get("ratings") or () if isinstance(rating, dict)]
        worst = min((RATED[name] for name in ratings if name in RATED), key=lambda s: s.rank, default=Severity.MEDIUM)
        refs = [str(item.get("ref")) for item in entry.get("affects") or () if isinstance(item, dict)]
        text = str(entry.get("description") or entry.get("detail") or "").strip().split("\n")[0]
        yield Finding(
            rule=str(entry.get("id") or "vulnerability"),
            severity=worst,
            message=f"{', '.join(refs[:3]) or 'a component'}: {text or 'known vulnerability'}",
            help=str(entry.get("recommendation") or ""),
            tool=options.source or "CycloneDX report",
        )


def _scanned(place: Path, options: ReportOptions) -> Iterator[Finding]:
    """What osv-scanner reports: for each source the packages with their advisories. A single OSV record names no package here."""
    name = options.name or "the report"
    document = load_json(place.read_bytes(), name)
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        raise ReportError(name, "it has no 'results'", "let osv-scanner write JSON (--format json)")
    for result in _objects(results):
        source = result.get("source")
        path = source.get("path") if isinstance(source, dict) else ""
        for entry in _objects(result.get("packages")):
            package = entry.get("package")
            named = package if isinstance(package, dict) else {}
            for record in _objects(entry.get("vulnerabilities")):
                advisory = read_osv(json.dumps(record), name)
                rated = [RATED[part.severity.lower()] for part in advisory.affected if part.severity.lower() in RATED]
                yield Finding(
                    rule=advisory.id,
                    severity=min(rated, key=lambda severity: severity.rank, default=Severity.MEDIUM),
                    message=f"{named.get('name', '?')} {named.get('version', '')}: {advisory.summary or advisory.id}",
                    path=path if isinstance(path, str) else "",
                    help=next(iter(advisory.references), ""),
                    tool="osv-scanner",
                )


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _state(entry: Mapping[str, Any]) -> str:
    analysis = entry.get("analysis")
    return str(analysis.get("state", "")) if isinstance(analysis, dict) else ""
