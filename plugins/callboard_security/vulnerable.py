"""Known vulnerabilities of dependencies: by a local folder of records, else by PyPI and the npm registry."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown
from callboard_security.environments import environments
from callboard_security.found import Package, Packages
from callboard_security.options import Dependencies
from callboard_security.osv import Vulnerable, is_identifier, match_folder, upgrade
from callboard_security.packages import NPM_LOCKS, collect

NPM_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
}


def audit(ctx: Context, options: Dependencies) -> Result:
    """Checks every pinned or installed version; what has no version or no data is told, and is never a pass."""
    packages = collect(ctx.workspace, environments(ctx))
    for broken in packages.broken:
        ctx.finding(
            Finding(
                rule="unreadable-dependencies",
                severity=Severity.MEDIUM,
                message=f"What this file says about dependencies cannot be read: {broken.reason}",
                path=broken.path,
                line=broken.line,
                help="Mend the file, or make it anew with the tool that wrote it",
            )
        )
    pinned = _distinct(packages.pinned)
    loose = packages.unversioned()
    if not pinned and not loose and not packages.broken:
        return unknown("there are no dependencies to check: no lock, no requirements, no environment")
    gaps = []
    if loose:
        names = ", ".join(package.name for package in loose[:5]) + (", …" if len(loose) > 5 else "")
        gaps.append(f"{counted(len(loose), 'package')} without an exact version in a lock or environment ({names})")
    if not pinned:
        return judged(ctx, options.fail_on, "0 packages", unchecked=gaps or ["nothing could be read"])
    where = options.osv_folder or str(ctx.settings.get("osv_folder", ""))
    if where:
        return _by_folder(ctx, options, ctx.workspace.path / Path(where).expanduser(), pinned, gaps)
    if not options.network:
        return unknown("there is no vulnerability data: set agents.security.osv_folder, or allow the network")
    return _by_network(ctx, options, pinned, packages, gaps)


def _distinct(packages: Sequence[Package]) -> list[Package]:
    """Each name and version once; the one that has a file before the one of an environment."""
    kept: dict[tuple[str, str, str], Package] = {}
    for package in packages:
        kept.setdefault((package.ecosystem, package.name, package.version), package)
    return list(kept.values())


def _by_folder(ctx: Context, options: Dependencies, folder: Path, pinned: Sequence[Package], gaps: list[str]) -> Result:
    if not folder.is_dir():
        return unknown(f"the folder of OSV records '{folder}' is not there")
    data = match_folder(folder, pinned)
    if data.records == 0:
        return unknown(f"the folder '{folder}' holds no OSV record that can be read")
    for found in data.found:
        _report(ctx, found)
    age = None if data.newest is None else max(0.0, (datetime.now(UTC) - data.newest).total_seconds() / 86_400)
    checked = [package for package in pinned if package.ecosystem in data.ecosystems]
    for ecosystem in sorted({p.ecosystem for p in pinned} - data.ecosystems):
        missing = sum(package.ecosystem == ecosystem for package in pinned)
        gaps.append(f"{counted(missing, 'package')} of {ecosystem}, about which the folder has no record")
    notes = [f"{counted(data.records, 'OSV record')}, the newest {'of unknown age' if age is None else _days(age)}"]
    if data.broken:
        notes.append(f"{counted(data.broken, 'record')} could not be read")
    if options.max_data_age_days and (age is None or age > options.max_data_age_days):
        gaps.append(f"newer vulnerabilities, for data may be {options.max_data_age_days:g} days old at most")
    return judged(
        ctx,
        options.fail_on,
        counted(len(checked), "package"),
        unchecked=gaps,
        notes=notes,
        data_age_days=None if age is None else round(age, 2),
        outputs={"packages": len(checked), "vulnerabilities": len(data.found)},
    )


def _days(age: float) -> str:
    return "of today" if age < 1 else f"{counted(int(age), 'day')} old"


def _report(ctx: Context, found: Vulnerable) -> None:
    package = found.package
    aliases = ", ".join(alias for alias in found.aliases if is_identifier(alias))
    ctx.finding(
        Finding(
            rule=found.record if is_identifier(found.record) else "known-vulnerability",
            severity=found.severity,
            message=f"{package.name} {package.version}: {found.summary or 'a known vulnerability'}"
            + (f" ({aliases})" if aliases else ""),
            path=package.path,
            line=package.line,
            help=f"{upgrade(package, found.fixed)}; {found.link}",
            tool="osv",
            tool_version="schema 1",
        )
    )


def _by_network(
    ctx: Context, options: Dependencies, pinned: Sequence[Package], packages: Packages, gaps: list[str]
) -> Result:
    checked = 0
    python = [package for package in pinned if package.ecosystem == "PyPI"]
    if python:
        number, reasons = _pip_audit(ctx, options, python)
        checked += number
        gaps += reasons
    for path in ctx.workspace.matching(*NPM_LOCKS):
        count = len({(p.name, p.version) for p in packages.pinned if p.path == path})
        if count:
            trouble = _npm_audit(ctx, options, path)
            if trouble:
                gaps.append(f"{counted(count, 'package')} of {path}: {trouble}")
            else:
                checked += count
    return judged(
        ctx,
        options.fail_on,
        counted(checked, "package"),
        unchecked=gaps,
        data_age_days=0.0 if checked else None,
        outputs={"packages": checked},
    )


def _pip_audit(ctx: Context, options: Dependencies, python: Sequence[Package]) -> tuple[int, list[str]]:
    """How many packages were compared, and why the others were not."""
    if ctx.program("pip-audit") is None:
        return 0, [f"{counted(len(python), 'Python package')}: pip-audit is not installed; pip install pip-audit"]
    listed: dict[str, list[Package]] = {}
    for package in python:
        listed.setdefault(package.name, []).append(package)
    rounds = max(len(versions) for versions in listed.values())
    checked, skipped, reasons = 0, [], []
    for nth in range(rounds):
        batch = [versions[nth] for versions in listed.values() if len(versions) > nth]
        report, trouble = _ask_pypi(ctx, options, batch, nth)
        if report is None:
            reasons.append(f"{counted(len(batch), 'Python package')}: {trouble}")
            continue
        places = {package.name: package for package in batch}
        for entry in report:
            if "skip_reason" in entry:
                skipped.append(str(entry["skip_reason"]))
                continue
            checked += 1
            place = places.get(str(entry.get("name")), Package("PyPI", str(entry.get("name")), str(entry["version"])))
            for vulnerability in entry.get("vulns", []):
                _report_pip(ctx, place, vulnerability)
    if skipped and not checked:
        skipped[0] += " (without a way to PyPI, set agents.security.osv_folder)"
    if skipped:
        reasons.append(f"{counted(len(skipped), 'Python package')} that pip-audit skipped: {skipped[0]}")
    return checked, reasons


def _ask_pypi(
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


def _report_pip(ctx: Context, package: Package, vulnerability: Mapping[str, Any]) -> None:
    """PyPI says no severity: high, for nobody said that it is harmless."""
    _report(
        ctx,
        Vulnerable(
            package,
            str(vulnerability.get("id", "")),
            tuple(str(alias) for alias in vulnerability.get("aliases", [])),
            Severity.HIGH,
            str(vulnerability.get("description", "")).strip().split("\n")[0][:300],
            tuple(str(version) for version in vulnerability.get("fix_versions", [])),
            f"https://osv.dev/vulnerability/{vulnerability.get('id', '')}",
        ),
    )


def _npm_audit(ctx: Context, options: Dependencies, path: str) -> str:
    """Reports what the registry knows about one lock; returns why it could not be asked, '' when it was."""
    if ctx.program("npm") is None:
        return "npm is not installed"
    place = npm_copy(ctx, path)
    if place is None:
        return "there is no package.json beside it"
    argv = ["npm", "audit", "--json", "--package-lock-only", "--ignore-scripts", "--no-update-notifier"]
    argv += ["--fetch-retries=0", f"--fetch-timeout={int(options.timeout * 1000)}"]
    run = ctx.run_tool(argv, cwd=place, env={"npm_config_cache": str(ctx.scratch / "npm-cache")}, timeout=120)
    try:
        report = json.loads(run.stdout)
        found = report["vulnerabilities"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return _npm_trouble(run.stdout) or run.trouble or f"npm audit gave no report (exit {run.code})"
    for name, entry in found.items():
        advice = [via for via in entry.get("via", []) if isinstance(via, dict)]
        for via in advice:
            ctx.finding(
                Finding(
                    rule=str(via.get("url", "")).rsplit("/", 1)[-1] or "npm-advisory",
                    severity=NPM_SEVERITIES.get(str(via.get("severity")), Severity.HIGH),
                    message=f"{name} {via.get('range', '')}: {via.get('title', 'a known vulnerability')}",
                    path=path,
                    help=f"Run npm audit fix, or upgrade {name}; {via.get('url', '')}",
                    tool="npm",
                )
            )
    return ""


def _npm_trouble(text: str) -> str:
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(report.get("message") or report.get("error", {}).get("summary", ""))[:200]


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
