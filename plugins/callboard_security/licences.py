"""Licences of installed and locked packages against the team's policy."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

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
)
from callboard_security.environments import environments
from callboard_security.found import Package, Packages, normal, project_of, upwards
from callboard_security.options import Licences
from callboard_security.packages import collect, metadata, site_packages
from callboard_security.policy import Standing, policy_from
from callboard_security.spdx import known_ids
from callboard_security.vulnerable import report_broken

SHOWN_KINDS = 6
MOST_MODULES = 20_000
WORDS = {
    Standing.DENIED: ("licence-denied", Severity.HIGH, "which the policy denies"),
    Standing.REVIEW: ("licence-review", Severity.MEDIUM, "which a person should look at before it is shipped"),
}
Judged = tuple[Package, Standing, str]


def check(ctx: Context, options: Licences) -> Result:
    """Fails for a denied licence; one for review is a finding; one that is not known makes the rest UNKNOWN."""
    try:
        policy = policy_from(ctx.settings, options)
    except ValueError as error:
        return unknown(f"the licence policy cannot be used: {error}")
    ids = known_ids()
    gaps: list[str] = []
    found = _packages(ctx, gaps)
    ignored = {normal(name) for name in options.ignore}
    kept = [replace(p, licence=policy.licence_of(p)) for p in found if normal(p.name) not in ignored]
    if not kept:
        return unknown(
            f"no licence could be read: {'; '.join(gaps)}"
            if gaps
            else "no licence could be read: there is neither a virtual environment nor a lock nor node_modules with licences"
        )
    rows = [(package, *policy.standing(package.licence, ids)) for package in kept]
    for row in rows:
        _report(ctx, row)
    unclear = [row for row in rows if row[1] is Standing.UNKNOWN]
    if unclear:
        names = ", ".join(sorted({package.name for package, _, _ in unclear})[:5])
        gaps.append(
            f"the licence of {counted(len(unclear), 'package')} ({names}), which is not known; "
            "look it up and write it into licences.packages of [agents.security]"
        )
    _keep(ctx, rows)
    _show(ctx, rows, gaps)
    counts = Counter(standing for _, standing, _ in rows)
    outputs = {"packages": len(rows), **{standing.name.lower(): counts[standing] for standing in Standing}}
    return judged(
        ctx,
        options.fail_on,
        counted(len(rows), "package"),
        unchecked=gaps,
        notes=[_kinds(rows), f"{counts[Standing.REVIEW]:,} for review"],
        outputs=outputs,
    )


def _kinds(rows: Sequence[Judged]) -> str:
    counts = Counter(expression or package.licence or "undeclared" for package, _, expression in rows)
    kinds = ", ".join(f"{name[:60]} {count}" for name, count in counts.most_common(SHOWN_KINDS))
    return kinds if len(counts) <= SHOWN_KINDS else f"{kinds}, and {len(counts) - SHOWN_KINDS} more kinds"


def _packages(ctx: Context, gaps: list[str]) -> list[Package]:
    """Each package once, from what names licences: environments, npm locks and node_modules."""
    installed: list[Package] = []
    pythons = environments(ctx)
    for folder, python in pythons:
        name = f"{folder}/{python.parent.parent.name}" if folder else python.parent.parent.name
        packages, trouble = _installed(ctx, python, name)
        installed += packages
        if trouble:
            gaps.append(f"the environment {name}: {trouble}")
    locked = collect(ctx.workspace)
    _broken(ctx, locked, gaps)
    covered = {folder for folder, _ in pythons}
    npm = [package for package in locked.pinned if package.ecosystem == "npm"]
    modules = _modules(ctx, {project_of(package.path) for package in npm})
    named: list[Package] = []
    nameless: Counter[str] = Counter()
    for package in npm:
        licence = package.licence or modules.get((package.name, package.version), "")
        named.append(replace(package, licence=licence))
    for path in sorted({package.path for package in npm}):
        of_lock = [package for package in named if package.path == path]
        if not any(package.licence for package in of_lock):
            nameless[path] = len(of_lock)
    for package in locked.pinned:
        if package.ecosystem == "PyPI" and not covered & set(upwards(project_of(package.path))):
            nameless[package.path] += 1
    for path, count in sorted(nameless.items()):
        what = (
            "without an environment" if not path.endswith((".json", ".yaml", "yarn.lock")) else "without node_modules"
        )
        gaps.append(f"{counted(count, 'package')} of {path}: it names no licences, {what}")
    kept = installed + [package for package in named if package.path not in nameless]
    return list({(p.ecosystem, p.name, p.version, p.path): p for p in kept}.values())


def _broken(ctx: Context, locked: Packages, gaps: list[str]) -> None:
    gaps += [f"{path} cannot be read" for path in report_broken(ctx, locked)]


def _installed(ctx: Context, python: Path, name: str) -> tuple[list[Package], str]:
    """By pip-licenses; what it does not know, or all without it, from the metadata that lie in the environment."""
    known = {(p.name, p.version): p for p in _from_metadata(python)}
    if ctx.program("pip-licenses") is None:
        return list(known.values()), "" if known else "pip-licenses is not installed; pip install pip-licenses"
    output = ctx.scratch / f"licences-{name.replace('/', '__')}.json"
    argv: list[str | Path] = ["pip-licenses", "--python", python, "--from", "mixed", "--format", "json"]
    argv += ["--output-file", output]
    run = ctx.run_tool(argv, cwd=ctx.scratch, env={"PYTHONDONTWRITEBYTECODE": "1"}, timeout=120)
    try:
        entries: list[Mapping[str, Any]] = json.loads(output.read_bytes())
        packages = [_package(entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        trouble = run.trouble or f"pip-licenses gave no report (exit {run.code})"
        return list(known.values()), "" if known else trouble
    return [
        package if package.licence else known.get((normal(package.name), package.version), package)
        for package in packages
    ], ""


def _package(entry: Mapping[str, Any]) -> Package:
    licence = str(entry["License"]).strip()
    return Package("PyPI", str(entry["Name"]), str(entry["Version"]), licence="" if licence == "UNKNOWN" else licence)


def _from_metadata(python: Path) -> list[Package]:
    found = []
    for place in site_packages(python):
        fields = metadata(place)
        licence = fields.get("license-expression") or fields.get("license", "")
        if fields.get("name") and fields.get("version"):
            shown = licence if len(licence) < 200 and licence != "UNKNOWN" else ""
            found.append(Package("PyPI", normal(fields["name"]), fields["version"], licence=shown))
    return found


def _modules(ctx: Context, folders: set[str]) -> dict[tuple[str, str], str]:
    """What the packages under node_modules say of themselves."""
    found: dict[tuple[str, str], str] = {}
    for folder in sorted(folders):
        top = ctx.workspace.path / folder / "node_modules"
        if not top.is_dir():
            continue
        for number, place in enumerate(top.rglob("package.json")):
            if number > MOST_MODULES:
                break
            if place.parent.parent.name != "node_modules" and not place.parent.parent.name.startswith("@"):
                continue
            try:
                tables = json.loads(place.read_bytes()) if place.stat().st_size < 1_000_000 else {}
                licence = tables.get("license") or (tables.get("licenses") or [{}])[0]
                licence = licence.get("type", "") if isinstance(licence, dict) else licence
                found[(str(tables["name"]), str(tables["version"]))] = str(licence)[:200]
            except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
                continue
    return found


def _report(ctx: Context, row: Judged) -> None:
    package, standing, expression = row
    tool = "pip-licenses" if package.ecosystem == "PyPI" else ""
    what = f"{package.name} {package.version}"
    if standing is Standing.UNKNOWN:
        rule = "licence-not-understood" if package.licence else "licence-undeclared"
        says = (
            f"says '{package.licence[:100]}', which is no known licence" if package.licence else "declares no licence"
        )
        message, severity = f"{what} {says}; look into its source before you ship it", Severity.LOW
        mend = f'Write what you found into callboard.toml: [agents.security] licences.packages = {{ "{package.name}" = "MIT" }}'
    elif standing in WORDS:
        rule, severity, words = WORDS[standing]
        message = f"{what} is under '{expression or package.licence}', {words}"
        mend = "Replace the package, or have the policy changed by who answers for it"
    else:
        return
    ctx.finding(Finding(rule, severity, message, path=package.path, line=package.line, help=mend, tool=tool))


def _show(ctx: Context, rows: Sequence[Judged], gaps: Sequence[str]) -> None:
    counts = Counter(standing for _, standing, _ in rows)
    figures = Figures(
        [
            Figure("Packages", len(rows)),
            Figure("Denied", counts[Standing.DENIED], state="bad" if counts[Standing.DENIED] else "good"),
            Figure("For review", counts[Standing.REVIEW], state="unsure" if counts[Standing.REVIEW] else "good"),
            Figure("Not known", counts[Standing.UNKNOWN], state="unsure" if counts[Standing.UNKNOWN] else "good"),
        ]
    )
    told = sorted((row for row in rows if row[1] is not Standing.ALLOWED), key=lambda row: (-row[1], row[0].name))
    table = Table(
        ("State", "Package", "Licence", "Named by"),
        [
            [
                Cell(standing.name.lower(), "bad" if standing is Standing.DENIED else "unsure"),
                f"{package.name} {package.version}",
                expression or package.licence or "undeclared",
                Cell(package.path or "an environment", path=package.path, line=package.line),
            ]
            for package, standing, expression in told
        ],
    )
    words = [Words(f"Not checked: {gap}", "unsure") for gap in gaps[:10]]
    ctx.show("licences", figures, *words, table)
    for standing in Standing:
        ctx.metric(f"security.licences.{standing.name.lower()}", counts[standing])


def _keep(ctx: Context, rows: Sequence[Judged]) -> None:
    place = ctx.scratch / "licences.json"
    entries = [
        {
            "ecosystem": package.ecosystem,
            "name": package.name,
            "version": package.version,
            "licence": package.licence or None,
            "expression": expression or None,
            "state": standing.name.lower(),
            "source": package.path,
        }
        for package, standing, expression in sorted(rows, key=lambda r: (r[0].ecosystem, r[0].name, r[0].version))
    ]
    place.write_text(json.dumps(entries, indent=1), "utf-8")
    ctx.artifact(place, kind="text")
