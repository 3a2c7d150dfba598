"""SARIF 2.1.0, in and out."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from callboard.work.finding import Finding, Severity, clean, relative_path
from callboard.work.reports.bounds import ReportError, load_json, mapping, mappings, read_report, whole, words

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "callboard/v1"
LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.INFO}
SEVERITY = "callboard-severity"


def read_sarif(path: Path, *, workspace: Path, tool: str = "") -> list[Finding]:
    """The findings of a SARIF file; `tool` overrides the name that the report gives.

    Left out are results that the tool marks as suppressed, as passed, as not applicable or as gone. The severity is the
    rule's or result's `security-severity` where there is one, else the level. The fingerprint stays empty (tools fill
    theirs with what is not unique) but for reports that Callboard wrote. Raises `CallboardError` for what is no SARIF,
    or a bomb.
    """
    document = mapping(load_json(read_report(path), path))
    if not isinstance(document.get("runs"), list):
        raise ReportError(path, "it is no SARIF ('runs' is missing)", "let the tool write SARIF 2.1.0")
    findings: list[Finding] = []
    for run in mappings(document["runs"]):
        reader = _Run(run, workspace, tool)
        findings += [reader.finding(result) for result in mappings(run.get("results")) if _counts(result)]
    return findings


def _counts(result: Mapping[str, Any]) -> bool:
    if result.get("kind") in ("pass", "notApplicable") or result.get("baselineState") == "absent":
        return False
    suppressions = list(mappings(result.get("suppressions")))
    return not suppressions or any(s.get("status") in ("underReview", "rejected") for s in suppressions)


class _Run:
    """One run of a tool: resolves rules, places and messages of its results."""

    def __init__(self, run: Mapping[str, Any], workspace: Path, tool: str) -> None:
        components = mapping(run.get("tool"))
        driver = mapping(components.get("driver"))
        self._workspace = workspace
        self._tool = tool or clean(words(driver.get("name"), 100))
        self._version = clean(words(driver.get("semanticVersion"), 50) or words(driver.get("version"), 50))
        self._rules = [list(mappings(driver.get("rules")))]
        self._rules += [list(mappings(e.get("rules"))) for e in mappings(components.get("extensions"))]
        self._by_id = {words(rule.get("id")): rule for rules in reversed(self._rules) for rule in rules}
        self._artifacts = list(mappings(run.get("artifacts")))
        self._bases = mapping(run.get("originalUriBaseIds"))

    def finding(self, result: Mapping[str, Any]) -> Finding:
        rule = self._rule(result)
        place = mapping(next(mappings(result.get("locations")), {}).get("physicalLocation"))
        region = mapping(place.get("region"))
        return Finding(
            rule=words(result.get("ruleId"), 200) or words(rule.get("id"), 200) or "unnamed",
            severity=_severity(result, rule),
            message=_message(result, rule),
            path=self._path(mapping(place.get("artifactLocation"))),
            line=whole(region.get("startLine")),
            column=whole(region.get("startColumn")),
            end_line=whole(region.get("endLine")),
            help=words(rule.get("helpUri"), 500) or words(mapping(rule.get("help")).get("text"), 500),
            tool=self._tool,
            tool_version=self._version,
            fingerprint=words(mapping(result.get("partialFingerprints")).get(FINGERPRINT), 64),
        )

    def _rule(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = mapping(result.get("rule"))
        component = mapping(reference.get("toolComponent")).get("index")
        rules = self._rules[0]
        if isinstance(component, int) and 0 <= component < len(self._rules) - 1:
            rules = self._rules[component + 1]
        index = result.get("ruleIndex", reference.get("index"))
        if isinstance(index, int) and 0 <= index < len(rules):
            return rules[index]
        name = words(result.get("ruleId")) or words(reference.get("id"))
        return self._by_id.get(name) or self._by_id.get(name.partition("/")[0]) or {}

    def _path(self, location: Mapping[str, Any]) -> str:
        from urllib.parse import unquote

        index = location.get("index")
        if "uri" not in location and isinstance(index, int) and 0 <= index < len(self._artifacts):
            location = mapping(self._artifacts[index].get("location"))
        uri = words(location.get("uri"), 4_096)
        base = words(mapping(self._bases.get(words(location.get("uriBaseId"), 200))).get("uri"), 4_096)
        if base.startswith("file://") and ":" not in uri and not uri.startswith("/"):
            joined = relative_path(_local(unquote(base)).rstrip("/") + "/" + unquote(uri), self._workspace)
            if joined:
                return joined
        return relative_path(_local(unquote(uri)), self._workspace)


def _local(uri: str) -> str:
    if uri.startswith("file:"):
        rest = uri[len("file:") :]
        return "/" + rest[2:].partition("/")[2] if rest.startswith("//") else rest
    return "" if "://" in uri else uri


def _severity(result: Mapping[str, Any], rule: Mapping[str, Any]) -> Severity:
    own = words(mapping(result.get("properties")).get(SEVERITY), 20)
    if own in set(Severity):
        return Severity(own)
    for holder in (result, rule):
        score = mapping(holder.get("properties")).get("security-severity")
        try:
            value = float(score) if isinstance(score, (str, int, float)) else 0.0
        except (ValueError, OverflowError):
            continue
        if 0.0 < value <= 10.0:
            bounds = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
            return next((severity for least, severity in bounds if value >= least), Severity.LOW)
    if result.get("kind") in ("informational", "open", "review") and "level" not in result:
        return Severity.INFO
    default = mapping(rule.get("defaultConfiguration")).get("level")
    return LEVELS.get(words(result.get("level")) or words(default), Severity.MEDIUM)


def _message(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    message = mapping(result.get("message"))
    text = words(message.get("text"), 2_000)
    if not text:
        strings = mapping(rule.get("messageStrings"))
        text = words(mapping(strings.get(words(message.get("id")))).get("text"), 2_000)
        arguments = message.get("arguments")
        for number, argument in enumerate(arguments[:20] if isinstance(arguments, list) else []):
            text = text.replace(f"{{{number}}}", words(argument, 500))
    return text[:2_000] or words(mapping(rule.get("shortDescription")).get("text"), 2_000) or "(no message)"


def sarif_of(findings: Iterable[Finding], tool: str) -> dict[str, Any]:
    """A SARIF 2.1.0 document with one run; what `read_sarif` reads back as the same findings, without the accepted ones."""
    from urllib.parse import quote

    rules: dict[str, dict[str, Any]] = {}
    places: dict[str, int] = {}
    results = []
    version = ""
    for finding in findings:
        version = version or finding.tool_version
        rule = rules.setdefault(finding.rule, {"id": finding.rule})
        if finding.help.startswith(("https://", "http://")) and " " not in finding.help:
            rule["helpUri"] = finding.help
        elif finding.help:
            rule["help"] = {"text": finding.help}
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "ruleIndex": places.setdefault(finding.rule, len(places)),
            "level": _level(finding.severity),
            "message": {"text": finding.message or "(no message)"},
            "properties": {SEVERITY: finding.severity.value},
        }
        if finding.path:
            place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path)}}
            if finding.line:
                place["region"] = _region(finding)
            result["locations"] = [{"physicalLocation": place}]
        if finding.fingerprint:
            result["partialFingerprints"] = {FINGERPRINT: finding.fingerprint}
        if finding.accepted:
            result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
        if finding.since:
            result["baselineState"] = "new" if finding.is_new else "unchanged"
        results.append(result)
    driver: dict[str, Any] = {"name": tool, "rules": list(rules.values())}
    if version:
        driver["version"] = version
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _level(severity: Severity) -> str:
    return {Severity.CRITICAL: "error", Severity.INFO: "note"}.get(severity) or next(
        level for level, same in LEVELS.items() if same is severity
    )


def _region(finding: Finding) -> dict[str, int]:
    region = {"startLine": finding.line}
    if finding.column:
        region["startColumn"] = finding.column
    if finding.end_line >= finding.line:
        region["endLine"] = finding.end_line
    return region
