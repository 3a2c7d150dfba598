"""A run's findings in the form that other programs read."""

from collections.abc import Sequence

from callboard.rows import Row
from callboard.work.finding import Finding, Severity
from callboard.work.reports.sarif import sarif_of


def sarif_of_run(findings: Sequence[Row], version: str) -> Row:
    """SARIF 2.1.0 of finding rows, one SARIF run for each tool that saw something."""
    by_tool: dict[tuple[str, str], list[Finding]] = {}
    for row in findings:
        witness = row["witnesses"][0] if row["witnesses"] else {"tool": "callboard", "version": version}
        by_tool.setdefault((witness["tool"], witness["version"]), []).append(
            Finding(
                rule=row["rule"],
                severity=Severity(row["severity"]),
                message=row["message"],
                path=row["path"],
                line=row["line"],
                column=row["column"],
                help=row["help"],
                tool=witness["tool"],
                tool_version=witness["version"],
                fingerprint=row["fingerprint"],
                accepted=row["accepted"],
                since=row["since"],
                is_new=row["is_new"],
            )
        )
    parts = [sarif_of(found, tool) for (tool, _), found in sorted(by_tool.items())]
    if not parts:
        return sarif_of([], "callboard")
    return {**parts[0], "runs": [run for part in parts for run in part["runs"]]}
