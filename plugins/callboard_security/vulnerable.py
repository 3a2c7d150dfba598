"""Known vulnerabilities of dependencies: by a local folder of records, else by PyPI and the npm registry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from callboard.api import (
    Cell,
    Context,
    Figure,
    Figures,
    Finding,
    Result,
    Severity,
    Table,
    Words,
    counted,
    judged,
    unknown,
    unparsable,
)
from callboard_security.environments import environments
from callboard_security.found import Package, Packages
from callboard_security.options import Dependencies
from callboard_security.osv import Vulnerable, fixed_version, is_identifier, match_folder, upgrade
from callboard_security.packages import NPM_LOCKS, collect, told_by
from callboard_security.registries import ask_npm, ask_pypi

OLD_DAYS = 14
SHOWN = 200


def audit(ctx: Context, options: Dependencies) -> Result:
    """Checks every pinned or installed version; what has no version or no data is told, and is never a pass."""
    packages = collect(ctx.workspace, environments(ctx))
    spoilt = report_broken(ctx, packages)
    pinned = _distinct(packages.pinned)
    loose = packages.unversioned()
    if not pinned and not loose and not packages.broken:
        return unknown("there are no dependencies to check: no lock, no requirements, no environment")
    gaps = []
    if spoilt:
        gaps.append(f"{counted(len(spoilt), 'file')} that cannot be read ({', '.join(spoilt[:3])})")
    if loose:
        names = ", ".join(package.name for package in loose[:5]) + (", …" if len(loose) > 5 else "")
        gaps.append(f"{counted(len(loose), 'package')} without an exact version in a lock or environment ({names})")
    if packages.elsewhere:
        names = ", ".join(packages.elsewhere[:3]) + (", …" if len(packages.elsewhere) > 3 else "")
        gaps.append(f"{counted(len(packages.elsewhere), 'requirement')} by an address or an archive ({names})")
    if not pinned:
        return unknown(f"no package could be looked up: {'; '.join(gaps) or 'all that names some are templates'}")
    where = options.osv_folder or str(ctx.settings.get("osv_folder", ""))
    if where:
        return _by_folder(ctx, options, ctx.workspace.path / Path(where).expanduser(), pinned, gaps)
    if not options.network:
        return unknown("there is no vulnerability data: set agents.security.osv_folder, or allow the network")
    return _by_network(ctx, options, pinned, packages, gaps)


def report_broken(ctx: Context, packages: Packages) -> list[str]:
    """One finding for each file that cannot be read, whatever is wrong in it; the files, but for templates and accepted ones."""
    told: set[str] = set()
    spoilt = []
    for broken in packages.broken:
        if broken.path not in told:
            told.add(broken.path)
            ctx.finding(unparsable(broken.path, broken.reason, line=broken.line, severity=Severity.MEDIUM))
            if ctx.findings[-1].severity is not Severity.LOW and not ctx.findings[-1].accepted:
                spoilt.append(broken.path)
    return sorted(spoilt)


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
    checked = [package for package in pinned if package.ecosystem in data.ecosystems and package not in data.unordered]
    for ecosystem in sorted({p.ecosystem for p in pinned} - data.ecosystems):
        missing = sum(package.ecosystem == ecosystem for package in pinned)
        gaps.append(f"{counted(missing, 'package')} of {ecosystem}, about which the folder has no record")
    if data.unordered:
        names = ", ".join(sorted(f"{package.name} {package.version}" for package in data.unordered)[:3])
        gaps.append(f"{counted(len(data.unordered), 'package')} whose version has no order ({names})")
    changed = data.changed({package.ecosystem for package in checked})
    age = None if changed is None else max(0.0, (datetime.now(UTC) - changed).total_seconds() / 86_400)
    notes = [f"{counted(data.records, 'OSV record')}, {_reach(age)}"]
    if data.torn:
        gaps.append(f"what {counted(data.torn, 'archive')} of records holds beyond where it breaks off")
    if data.broken:
        notes.append(f"{counted(data.broken, 'record')} could not be read")
    if options.max_data_age_days and (age is None or age > options.max_data_age_days):
        gaps.append(f"newer vulnerabilities, for data may be {options.max_data_age_days:g} days old at most")
    if data.found:
        notes.append(_fixable(data.found))
    age = None if age is None else round(age, 2)
    outputs = _show(ctx, data.found, len(checked), f"{counted(data.records, 'OSV record')}", age, gaps)
    return judged(
        ctx,
        options.fail_on,
        counted(len(checked), "package"),
        unchecked=gaps,
        notes=notes,
        data_age_days=age,
        outputs={**outputs, "source": "osv"},
    )


def _reach(age: float | None) -> str:
    """How fresh the records are, in words; of old ones what follows from it."""
    if age is None:
        return "the newest of unknown age"
    words = "the newest of today" if age < 1 else f"the newest {counted(int(age), 'day')} old"
    return words + (", so what became known since is not among them" if age > OLD_DAYS else "")


def _fixable(found: Sequence[Vulnerable]) -> str:
    count = sum(bool(fixed_version(one.package, one.fixed)) for one in found)
    return f"{count:,} of {counted(len(found), 'vulnerability', 'vulnerabilities')} with a fixed version"


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
    checked, found, registry = 0, list[Vulnerable](), 0
    python = [package for package in pinned if package.ecosystem == "PyPI"]
    if python:
        checked, found, reasons = ask_pypi(ctx, options, python)
        gaps += reasons
        for one in found:
            _report(ctx, one)
    npm: dict[str, set[tuple[str, str]]] = {}
    for package in packages.pinned:
        if package.ecosystem == "npm":
            npm.setdefault(package.path, set()).add((package.name, package.version))
    asked = told_by(ctx.workspace, *NPM_LOCKS)
    for path, listed in sorted(npm.items()):
        count, trouble = (
            ask_npm(ctx, options, path) if path in asked else (0, "npm audit reads package-lock.json alone")
        )
        registry += count
        if trouble:
            gaps.append(f"{counted(len(listed), 'package')} of {path}: {trouble}")
        else:
            checked += len(listed)
    if not checked and not registry and not found:
        return unknown(f"no package could be looked up: {'; '.join(gaps) or 'nobody answered'}")
    notes = [_fixable(found)] if found else []
    outputs = _show(ctx, found, checked, "PyPI and the npm registry", 0.0 if checked else None, gaps, registry)
    return judged(
        ctx,
        options.fail_on,
        counted(checked, "package"),
        unchecked=gaps,
        notes=notes,
        data_age_days=0.0 if checked else None,
        outputs={**outputs, "source": "registries"},
    )


def _show(
    ctx: Context,
    found: Sequence[Vulnerable],
    checked: int,
    source: str,
    age: float | None,
    gaps: Sequence[str],
    more: int = 0,
) -> dict[str, int]:
    """Fills the section of vulnerabilities and gives the metrics; the figures as outputs."""
    ranked = sorted(found, key=lambda one: (one.severity.rank, one.package.name, one.record))
    fixable = sum(bool(fixed_version(one.package, one.fixed)) for one in found)
    rows = [
        [
            Cell(str(one.severity), "bad" if one.severity.rank <= Severity.HIGH.rank else "unsure"),
            f"{one.package.name} {one.package.version}",
            one.record,
            fixed_version(one.package, one.fixed) or Cell("none known", "unsure"),
            Cell(one.package.path or "an environment", path=one.package.path, line=one.package.line),
            one.summary,
        ]
        for one in ranked[:SHOWN]
    ]
    old = age is None or age > OLD_DAYS
    figures = Figures(
        [
            Figure("Packages checked", checked, state="" if checked else "unsure"),
            Figure("Vulnerabilities", len(found) + more, state="bad" if found or more else "good" if checked else ""),
            Figure("With a fixed version", fixable),
            Figure("Age of the data", "unknown" if age is None else int(age), "" if age is None else "days",
                   "unsure" if old else "good", source),
        ]
    )  # fmt: skip
    columns = ("Severity", "Package", "Advisory", "Fixed in", "Named by", "What")
    words = [Words(f"Not checked: {gap}", "unsure") for gap in gaps[:10]]
    ctx.show("vulnerabilities", figures, *words, Table(columns, rows, more=max(0, len(ranked) - SHOWN)))
    ctx.metric("security.vulnerabilities", len(found) + more)
    ctx.metric("security.vulnerabilities.fixable", fixable)
    if age is not None:
        ctx.metric("security.data_age", age, "days")
    return {"packages": checked, "vulnerabilities": len(found) + more, "fixable": fixable}
