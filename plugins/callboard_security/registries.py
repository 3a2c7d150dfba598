"""Known vulnerabilities as PyPI (by pip-audit) and the npm registry tell them, each asked first about one that it must know."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Severity, counted
from callboard_security.found import Package
from callboard_security.options import Dependencies
from callboard_security.osv import Vulnerable, is_identifier

NPM_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
}
# Known to be vulnerable for years: a registry or mirror that calls these clean hands out packages, but no advisories.
KNOWN_PYTHON = Package("PyPI", "pyyaml", "5.3")
KNOWN_NPM = Package("npm", "lodash", "4.17.4")
NO_ADVISORIES = "a mirror without advisories: it calls {} clean, which is known to be vulnerable"


def ask_pypi(ctx: Context, options: Dependencies, python: Sequence[Package]) -> tuple[int, list[Vulnerable], list[str]]:
    """How many packages were compared, what was found, and why the others were not compared."""
    if ctx.program("pip-audit") is None:
        return 0, [], [f"{counted(len(python), 'Python package')}: pip-audit is not installed; pip install pip-audit"]
    listed: dict[str, list[Package]] = {}
    for package in python:
        listed.setdefault(package.name, []).append(package)
    checked, found, skipped, reasons = 0, list[Vulnerable](), list[str](), list[str]()
    canary: bool | None = None
    for nth in range(max(len(versions) for versions in listed.values())):
        if skipped and not checked:
            skipped += [skipped[0]] * sum(len(versions) > nth for versions in listed.values())
            continue
        batch = [versions[nth] for versions in listed.values() if len(versions) > nth]
        asked = batch
        if nth == 0 and all(package.name != KNOWN_PYTHON.name for package in batch):
            asked = [KNOWN_PYTHON, *batch]
        report, trouble = _pip_audit(ctx, options, asked, nth)
        if report is None:
            reasons.append(f"{counted(len(batch), 'Python package')}: {trouble}")
            continue
        places = {package.name: package for package in batch}
        for entry in report:
            name = str(entry.get("name"))
            if name == KNOWN_PYTHON.name and name not in places:
                canary = None if "skip_reason" in entry else bool(entry.get("vulns"))
                continue
            if "skip_reason" in entry:
                skipped.append(str(entry["skip_reason"]))
                continue
            checked += 1
            place = places.get(name, Package("PyPI", name, str(entry.get("version", ""))))
            found += [_of_pypi(place, vulnerability) for vulnerability in entry.get("vulns") or []]
    if checked and not found and canary is False:
        known = f"{KNOWN_PYTHON.name} {KNOWN_PYTHON.version}"
        return 0, [], [f"{counted(checked, 'Python package')}: {NO_ADVISORIES.format(known)}"]
    if skipped and not checked:
        skipped[0] += " (without a way to PyPI, set agents.security.osv_folder)"
    if skipped:
        reasons.append(f"{counted(len(skipped), 'Python package')} that pip-audit skipped: {skipped[0]}")
    return checked, found, reasons


def _pip_audit(
    ctx: Context, options: Dependencies, batch: Sequence[Package], nth: int
) -> tuple[list[dict[str, Any]] | None, str]:
    listing = ctx.scratch / f"audited-{nth}.txt"
    listing.write_text("".join(f"{package.name}=={package.version}\n" for package in batch), "utf-8")
    output = ctx.scratch / f"pip-audit-{nth}.json"
    argv: list[str | Path] = ["pip-audit", "--requirement", listing, "--no-deps", "--disable-pip"]
    argv += ["--format", "json", "--output", output, "--progress-spinner", "off"]
    argv += ["--timeout", str(max(1, int(options.timeout))), "--cache-dir", ctx.scratch / "pip-audit-cache"]
    run = ctx.run_tool(argv, cwd=ctx.scratch, timeout=300)
    if run.timed_out:
        return None, "pip-audit took too long"
    try:
        report = json.loads(output.read_bytes())
        entries = report["dependencies"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, f"pip-audit gave no report (exit {run.code}): {run.trouble[:160]}"
    return (entries, "") if isinstance(entries, list) else (None, "pip-audit's report has another form than expected")


def _of_pypi(package: Package, vulnerability: Mapping[str, Any]) -> Vulnerable:
    """PyPI says no severity: high, for nobody said that it is harmless."""
    return Vulnerable(
        package,
        str(vulnerability.get("id", "")),
        tuple(str(alias) for alias in vulnerability.get("aliases", [])),
        Severity.HIGH,
        str(vulnerability.get("description", "")).strip().split("\n")[0][:300],
        tuple(str(version) for version in vulnerability.get("fix_versions", [])),
        f"https://osv.dev/vulnerability/{vulnerability.get('id', '')}",
    )


def ask_npm(ctx: Context, options: Dependencies, path: str) -> tuple[int, str]:
    """Reports what the registry knows about one lock; (findings, why it could not be asked or '')."""
    if ctx.program("npm") is None:
        return 0, "npm is not installed"
    place = npm_copy(ctx, path)
    if place is None:
        return 0, "there is no package.json beside it"
    found, trouble = _npm_audit(ctx, options, place)
    if found is None:
        return 0, trouble
    if not found:
        known, trouble = _npm_audit(ctx, options, _known_lock(ctx))
        if not known:
            return 0, trouble or NO_ADVISORIES.format(f"{KNOWN_NPM.name} {KNOWN_NPM.version}")
    count = 0
    for name, entry in found.items():
        for via in entry.get("via", []) if isinstance(entry, dict) else []:
            if isinstance(via, dict):
                count += 1
                ctx.finding(_of_npm(path, str(name), via, entry.get("fixAvailable")))
    return count, ""


def _of_npm(path: str, name: str, via: Mapping[str, Any], fix: Any) -> Finding:
    rule = str(via.get("url", "")).rsplit("/", 1)[-1]
    mend = f"Run npm audit fix, or upgrade {name}" if fix else f"No fixed version of {name} fits; replace it"
    return Finding(
        rule=rule if is_identifier(rule) else "npm-advisory",
        severity=NPM_SEVERITIES.get(str(via.get("severity")), Severity.HIGH),
        message=f"{name} {via.get('range', '')}: {via.get('title', 'a known vulnerability')}",
        path=path,
        help=f"{mend}; {via.get('url', '')}",
        tool="npm",
    )


def _known_lock(ctx: Context) -> Path:
    """A lock with one package that every source of advisories knows."""
    place = ctx.scratch / "npm" / "known"
    place.mkdir(parents=True, exist_ok=True)
    name, version = KNOWN_NPM.name, KNOWN_NPM.version
    root = {"name": "known", "version": "1.0.0", "dependencies": {name: version}}
    lock = {**root, "lockfileVersion": 3, "packages": {"": root, f"node_modules/{name}": {"version": version}}}
    (place / "package.json").write_text(json.dumps(root), "utf-8")
    (place / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    return place


def _npm_audit(ctx: Context, options: Dependencies, place: Path) -> tuple[dict[str, Any] | None, str]:
    argv = ["npm", "audit", "--json", "--package-lock-only", "--ignore-scripts", "--no-update-notifier"]
    argv += ["--fetch-retries=0", f"--fetch-timeout={int(options.timeout * 1000)}"]
    run = ctx.run_tool(argv, cwd=place, env={"npm_config_cache": str(ctx.scratch / "npm-cache")}, timeout=120)
    try:
        found = json.loads(run.stdout)["vulnerabilities"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, _npm_trouble(run.stdout) or run.trouble or f"npm audit gave no report (exit {run.code})"
    return (found, "") if isinstance(found, dict) else (None, "npm audit's report has another form than expected")


def _npm_trouble(text: str) -> str:
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(report, dict):
        return ""
    error = report.get("error")
    return str(report.get("message") or (error.get("summary", "") if isinstance(error, dict) else ""))[:200]


def npm_copy(ctx: Context, path: str) -> Path | None:
    """A folder in scratch with the lock and its package.json alone, so that no setting of the workspace counts."""
    source = ctx.workspace.path / path
    manifest = source.parent / "package.json"
    if not manifest.is_file():
        return None
    place = ctx.scratch / "npm" / path.replace("/", "__")
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place / source.name)
    shutil.copyfile(manifest, place / "package.json")
    return place
