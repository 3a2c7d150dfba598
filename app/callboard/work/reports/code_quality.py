"""Reading code quality reports as GitLab and Code Climate write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.work.finding import Finding, Severity, relative_path
from callboard.work.reports.bounds import ReportError, load_json, mapping, mappings, read_report, whole, words

LEVELS = {
    "blocker": Severity.CRITICAL,
    "critical": Severity.HIGH,
    "major": Severity.MEDIUM,
    "minor": Severity.LOW,
    "info": Severity.INFO,
}


def read_code_quality(path: Path, *, workspace: Path, tool: str = "code quality") -> list[Finding]:
    """The issues of a report; what has neither a description nor a name of its check is left out.

    The fingerprints of the report are not taken: tools fill them as they like. Raises `ReportError` for what is no such report.
    """
    document = load_json(read_report(path), path)
    if not isinstance(document, list):
        raise ReportError(path, "it is no list of issues", "let the tool write GitLab's code quality JSON")
    if document and not any("description" in issue or "check_name" in issue for issue in mappings(document)):
        raise ReportError(path, "none of its entries is an issue", "let the tool write GitLab's code quality JSON")
    return [_finding(issue, workspace, tool) for issue in mappings(document) if _is_issue(issue)]


def _is_issue(issue: Mapping[str, Any]) -> bool:
    kind = issue.get("type", "issue")
    return isinstance(kind, str) and kind.lower() == "issue" and bool(_said(issue) or words(issue.get("check_name")))


def _said(issue: Mapping[str, Any]) -> str:
    return words(issue.get("description"), 2_000).strip()


def _finding(issue: Mapping[str, Any], workspace: Path, tool: str) -> Finding:
    location = mapping(issue.get("location"))
    lines, positions = mapping(location.get("lines")), mapping(location.get("positions"))
    begin, end = mapping(positions.get("begin")), mapping(positions.get("end"))
    rule = words(issue.get("check_name"), 200) or "issue"
    return Finding(
        rule=rule,
        severity=LEVELS.get(words(issue.get("severity"), 20).lower(), Severity.MEDIUM),
        message=_said(issue) or rule,
        path=relative_path(words(location.get("path"), 4_096).replace("\0", ""), workspace),
        line=whole(lines.get("begin")) or whole(begin.get("line")),
        column=whole(begin.get("column")),
        end_line=whole(lines.get("end")) or whole(end.get("line")),
        help=words(mapping(issue.get("content")).get("body"), 2_000),
        tool=words(issue.get("engine_name"), 100) or tool,
    )
