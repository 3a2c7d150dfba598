"""What an npm project no longer uses: files, exports and dependencies, by knip.

Knip loads the configuration files of the project (vite.config.ts and the like), so it runs code of the workspace.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, ToolRun, Workspace, clean, counted, unknown
from callboard_code_refactor.sources import inside, judge, script_files

HELP = "https://knip.dev/guides/handling-issues"
MOST_OF_A_KIND = 500
# knip's issue type -> what it is called here, its severity and what to do
ISSUES: dict[str, tuple[str, Severity, str]] = {
    "files": ("unused file", Severity.LOW, "is imported by nothing; delete it, or name it as an entry in knip.json"),
    "dependencies": ("unused dependency", Severity.LOW, "is declared but nothing uses it; remove it from package.json"),
    "devDependencies": (
        "unused dependency",
        Severity.LOW,
        "is declared for development but nothing uses it; remove it from package.json",
    ),
    "optionalPeerDependencies": (
        "unlisted dependency",
        Severity.LOW,
        "is an optional peer that is used; declare it in package.json",
    ),
    "unlisted": ("unlisted dependency", Severity.MEDIUM, "is used but not declared; add it to package.json"),
    "binaries": (
        "unlisted dependency",
        Severity.LOW,
        "is run but no declared package brings it; add the package to package.json",
    ),
    "unresolved": ("unresolved import", Severity.MEDIUM, "cannot be found; mend the path or add the package"),
    "exports": ("unused export", Severity.LOW, "is exported but imported nowhere; make it private or delete it"),
    "nsExports": ("unused export", Severity.INFO, "is exported in a namespace of which nothing uses it"),
    "types": (
        "unused type",
        Severity.INFO,
        "is an exported type that is imported nowhere; make it private or delete it",
    ),
    "nsTypes": ("unused type", Severity.INFO, "is a type in a namespace of which nothing uses it"),
    "enumMembers": ("unused member", Severity.INFO, "is a member of an enum that nothing uses"),
    "namespaceMembers": ("unused member", Severity.INFO, "is a member of a namespace that nothing uses"),
    "duplicates": ("duplicate export", Severity.INFO, "is exported under several names; keep one"),
    "cycles": ("import cycle", Severity.LOW, "is an import cycle; move what both need into a third module"),
}
MANY = {"unused dependency": "unused dependencies", "unlisted dependency": "unlisted dependencies"}


@dataclass(slots=True)
class Tally:
    """What all projects together came to."""

    kinds: Counter[str] = field(default_factory=Counter)
    files: int = 0
    projects: int = 0
    troubles: list[str] = field(default_factory=list)


def npm_projects(workspace: Workspace) -> list[str]:
    """Folders with a package.json, without those that a workspace of npm, pnpm or yarn above them takes in."""
    found: list[str] = []
    for folder in workspace.folders_with("package.json"):
        if not any(inside(folder, above) and _takes_in(workspace, above) for above in found):
            found.append(folder)
    return found


def _takes_in(workspace: Workspace, folder: str) -> bool:
    prefix = f"{folder}/" if folder else ""
    return "workspaces" in _package(workspace, folder) or f"{prefix}pnpm-workspace.yaml" in workspace.files


def _package(workspace: Workspace, folder: str) -> dict[str, Any]:
    try:
        told = json.loads(workspace.text(f"{folder}/package.json" if folder else "package.json"))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def chosen(workspace: Workspace) -> list[str]:
    """The projects whose team uses knip itself: it is declared, or has a configuration there."""
    names = (
        "knip.json",
        "knip.jsonc",
        ".knip.json",
        ".knip.jsonc",
        "knip.ts",
        "knip.js",
        "knip.config.ts",
        "knip.config.js",
    )
    configured = set(workspace.folders_with(*names))
    return [folder for folder in npm_projects(workspace) if folder in configured or _declares(workspace, folder)]


def _declares(workspace: Workspace, folder: str) -> bool:
    package = _package(workspace, folder)
    parts = [package.get(key) for key in ("dependencies", "devDependencies")]
    return "knip" in package or any(isinstance(part, dict) and "knip" in part for part in parts)


def check_knip(ctx: Context, folder: str, production: bool, fail_on: str) -> Result:
    """UNKNOWN where knip or what the project has installed is not there: without it, knip would call much unused that is not."""
    projects = [name for name in npm_projects(ctx.workspace) if inside(name or ".", folder) or not folder]
    if not projects:
        return unknown("there is no package.json, so there is no npm project to look at")
    tally = Tally()
    for number, name in enumerate(projects):
        ctx.progress(number / len(projects), name or "the top")
        _check(ctx, name, production, tally)
    if not tally.projects:
        return unknown("; ".join(tally.troubles[:3]))
    total = tally.kinds.total()
    ctx.metric("refactor.knip", total)
    parts = [counted(number, kind, MANY.get(kind, "")) for kind, number in tally.kinds.most_common()]
    notes = [", ".join(parts)] if total else []
    looked_at = f"{counted(tally.files, 'source file')} of {counted(tally.projects, 'npm project')}"
    if not tally.files:
        return unknown(f"{counted(tally.projects, 'npm project')} without a source file to look at")
    return judge(ctx, fail_on, looked_at, notes=notes, unchecked=tally.troubles)


def _check(ctx: Context, folder: str, production: bool, tally: Tally) -> None:
    where = ctx.workspace.path / folder
    named = f"{folder}/package.json" if folder else "package.json"
    if not _package(ctx.workspace, folder):
        tally.troubles.append(f"{named} is no JSON object")
        return
    if not _installed(ctx.workspace.path, where) and _needs_packages(ctx.workspace, folder):
        tally.troubles.append(f"{named}: its packages are not installed (no node_modules); npm ci brings them")
        return
    program = _program(ctx, where)
    if program is None:
        tally.troubles.append(
            f"{named}: knip is not there; npm install --save-dev knip, or callboard tools install knip"
        )
        return
    words: list[str | Path] = [program, "--reporter", "json", "--no-progress", "--no-config-hints", "--no-exit-code"]
    words += ["--production"] if production else []
    run = ctx.run_tool(words, cwd=where, env={"NO_COLOR": "1", "CI": "1"}, timeout=400)
    try:
        told = json.loads(run.stdout)
        found = [
            (entry["file"], kind, item) for entry in told["issues"] for kind in ISSUES for item in _items(entry, kind)
        ]
        # older versions list unused files beside the issues
        found += [(str(name), "files", {"name": name}) for name in told.get("files") or []]
        findings = [_finding(folder, file, kind, item) for file, kind, item in found]
    except (ValueError, KeyError, TypeError, AttributeError):
        tally.troubles.append(f"{named}: knip gave no report (exit {run.code}): {_words(run)}")
        return
    for finding in findings:
        ctx.finding(finding)
    tally.kinds.update(ISSUES[kind][0] for _, kind, _ in found)
    tally.files += len(script_files(ctx.workspace, folder))
    tally.projects += 1


def _items(entry: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Knip gives lists of items, for members a mapping of such lists, for duplicates lists of lists."""
    value = entry.get(kind)
    if isinstance(value, dict):
        value = [item for items in value.values() for item in items]
    found: list[dict[str, Any]] = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, list):
            names = ", ".join(str(one.get("name")) for one in item)
            item = {**item[0], "name": names} if item else {}
        if item:
            found.append(item if isinstance(item, dict) else {"name": str(item)})
    return found[:MOST_OF_A_KIND]


def _installed(top: Path, where: Path) -> bool:
    places = [where, *(place for place in where.parents if place == top or top in place.parents)]
    return any((place / "node_modules").is_dir() or (place / ".pnp.cjs").is_file() for place in places)


def _needs_packages(workspace: Workspace, folder: str) -> bool:
    package = _package(workspace, folder)
    return any(package.get(key) for key in ("dependencies", "devDependencies")) or "workspaces" in package


def _program(ctx: Context, where: Path) -> Path | None:
    """The project's own, which knows the project's version of everything; else Callboard's."""
    top = ctx.workspace.path
    for place in [where, *(place for place in where.parents if place == top or top in place.parents)]:
        own = place / "node_modules" / ".bin" / "knip"
        if own.is_file() and os.access(own, os.X_OK):
            return own
    return ctx.program("knip")


def _words(run: ToolRun) -> str:
    if run.timed_out:
        return "it took too long"
    lines = [line.strip() for line in run.stderr.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    return clean(" ".join(lines[:4]) or run.trouble, 300)


def _finding(folder: str, file: str, kind: str, item: dict[str, Any]) -> Finding:
    _, severity, words = ISSUES[kind]
    return Finding(
        rule=f"npm-{kind.lower()}",
        severity=severity,
        message=f"'{item['name']}' {words}",
        path=f"{folder}/{file}" if folder else file,
        line=int(item.get("line") or 0),
        column=int(item.get("col") or 0),
        help=HELP,
        tool="knip",
    )
