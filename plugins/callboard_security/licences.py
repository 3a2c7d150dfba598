"""Licences of installed and locked packages against the team's policy."""

import fnmatch
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown
from callboard_security.environments import environments
from callboard_security.found import Package, Packages, normal
from callboard_security.options import Licences
from callboard_security.packages import NPM_LOCKS, npm_lock

SHOWN_KINDS = 6


def check(ctx: Context, options: Licences) -> Result:
    """Fails for a denied licence; an undeclared one is a finding; UNKNOWN where no licence can be read."""
    found: list[Package] = []
    gaps: list[str] = []
    for folder, python in environments(ctx):
        name = f"{folder}/{python.parent.parent.name}" if folder else python.parent.parent.name
        installed, trouble = _installed(ctx, python, name)
        found += installed
        if trouble:
            gaps.append(f"the environment {name}: {trouble}")
    for path in ctx.workspace.matching(*NPM_LOCKS):
        found += _locked(ctx, path, gaps)
    ignored = {normal(name) for name in options.ignore}
    found = [package for package in found if normal(package.name) not in ignored]
    if not found:
        return unknown(
            f"no licence could be read: {'; '.join(gaps)}"
            if gaps
            else "no licence could be read: there is neither a virtual environment nor a package-lock.json with licences"
        )
    for package in found:
        _judge(ctx, package, options.deny)
    counts = Counter(package.licence or "undeclared" for package in found)
    kinds = ", ".join(f"{name} {count}" for name, count in counts.most_common(SHOWN_KINDS))
    if len(counts) > SHOWN_KINDS:
        kinds += f", and {len(counts) - SHOWN_KINDS} more kinds"
    _keep(ctx, found)
    policy = f"denied: {', '.join(options.deny)}" if options.deny else "no licence is denied by the policy"
    return judged(
        ctx,
        options.fail_on,
        counted(len(found), "package"),
        unchecked=gaps,
        notes=[kinds, policy],
        outputs={"packages": len(found)},
    )


def _installed(ctx: Context, python: Path, name: str) -> tuple[list[Package], str]:
    if ctx.program("pip-licenses") is None:
        return [], "pip-licenses is not installed; pip install pip-licenses"
    output = ctx.scratch / f"licences-{name.replace('/', '__')}.json"
    argv: list[str | Path] = ["pip-licenses", "--python", python, "--from", "mixed", "--format", "json"]
    argv += ["--output-file", output]
    run = ctx.run_tool(argv, cwd=ctx.scratch, env={"PYTHONDONTWRITEBYTECODE": "1"}, timeout=120)
    try:
        entries: list[Mapping[str, Any]] = json.loads(output.read_bytes())
        return [_package(entry) for entry in entries], ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [], run.trouble or f"pip-licenses gave no report (exit {run.code})"


def _package(entry: Mapping[str, Any]) -> Package:
    licence = str(entry["License"]).strip()
    return Package("PyPI", str(entry["Name"]), str(entry["Version"]), licence="" if licence == "UNKNOWN" else licence)


def _locked(ctx: Context, path: str, gaps: list[str]) -> list[Package]:
    """The packages of an npm lock; locks of version 1 name no licences."""
    read = Packages()
    try:
        npm_lock(ctx.workspace.text(path, 40_000_000), path, read)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        ctx.finding(
            Finding("unreadable-dependencies", Severity.MEDIUM, f"This lock cannot be read: {error}", path=path)
        )
        gaps.append(f"{path} cannot be read")
        return []
    if read.pinned and not any(package.licence for package in read.pinned):
        gaps.append(f"{path} names no licences; npm 7 or later writes them into the lock")
        return []
    return read.pinned


def _judge(ctx: Context, package: Package, deny: Sequence[str]) -> None:
    if not package.licence:
        ctx.finding(
            Finding(
                rule="licence-undeclared",
                severity=Severity.LOW,
                message=f"{package.name} {package.version} declares no licence; look into its source before you ship it",
                path=package.path,
                line=package.line,
                tool="pip-licenses" if package.ecosystem == "PyPI" else "",
            )
        )
        return
    hit = denied(package.licence, deny)
    if hit:
        ctx.finding(
            Finding(
                rule="licence-denied",
                severity=Severity.HIGH,
                message=f"{package.name} {package.version} is under '{package.licence}', which the policy denies ('{hit}')",
                path=package.path,
                line=package.line,
                help="Replace the package, or have the policy changed by who answers for it",
                tool="pip-licenses" if package.ecosystem == "PyPI" else "",
            )
        )


def denied(licence: str, deny: Sequence[str]) -> str:
    """The first pattern that leaves no way to use it; '' when there is one.

    Alternatives ('MIT OR GPL-3.0') are denied only when each is; parts that hold together ('AND', ';') when any is.
    """
    for pattern in deny:
        ways = re.split(r"\s+OR\s+", licence.strip("() "), flags=re.IGNORECASE)
        if all(any(_fits(part, pattern) for part in re.split(r"\s+AND\s+|;", way)) for way in ways):
            return pattern
    return ""


def _fits(part: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(part.strip("() ").lower(), pattern.strip().lower())


def _keep(ctx: Context, found: Sequence[Package]) -> None:
    place = ctx.scratch / "licences.json"
    rows = [
        {"ecosystem": p.ecosystem, "name": p.name, "version": p.version, "licence": p.licence or None, "source": p.path}
        for p in sorted(found, key=lambda p: (p.ecosystem, p.name, p.version))
    ]
    place.write_text(json.dumps(rows, indent=1), "utf-8")
    ctx.artifact(place, kind="text")
