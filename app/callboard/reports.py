"""A run's findings in the form that other programs read."""

from collections.abc import Sequence

from callboard.rows import Row
from callboard.work.finding import Finding, Severity
from callboard.work.reports.sarif import sarif_of


def sarif_of_run(findings: Sequence[Row], version: str) -> Row:
    """SARIF 2.1.0 of finding rows, one SARIF run for each tool that saw something; what several saw stands under the first,
    with all of them in its properties."""
    by_tool: dict[tuple[str, str], list[tuple[Finding, Row]]] = {}
    for row in findings:
        witness = row["witnesses"][0] if row["witnesses"] else {"tool": "callboard", "version": version}
        by_tool.setdefault((witness["tool"], witness["version"]), []).append(
            (
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
                ),
                row,
            )
        )
    parts = []
    for tool, version_of_tool in sorted(by_tool):
        pairs = by_tool[tool, version_of_tool]
        part = sarif_of([finding for finding, _ in pairs], tool)
        for result, (_, row) in zip(part["runs"][0]["results"], pairs, strict=True):
            if len(row["witnesses"]) > 1:
                result["properties"]["witnesses"] = [f"{w['tool']} {w['version']}".strip() for w in row["witnesses"]]
        parts.append(part)
    if not parts:
        return sarif_of([], "callboard")
    return {**parts[0], "runs": [run for part in parts for run in part["runs"]]}
