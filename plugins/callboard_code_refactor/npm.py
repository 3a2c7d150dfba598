"""Dependencies of npm projects, by the project's own knip."""

import json
from collections import Counter
from typing import Any

from callboard.api import Context, Finding, Severity, clean

# Knip's issue type -> what it is called here, its severity and what to do.
ISSUES: dict[str, tuple[str, Severity, str]] = {
    "dependencies": ("unused", Severity.LOW, "is declared but nothing uses it; remove it from package.json"),
    "devDependencies": (
        "unused",
        Severity.LOW,
        "is declared for development but nothing uses it; remove it from package.json",
    ),
    "unlisted": ("missing", Severity.MEDIUM, "is used but not declared; add it to package.json"),
    "binaries": ("missing", Severity.LOW, "is run but no declared package brings it; add the package to package.json"),
    "unresolved": ("missing", Severity.MEDIUM, "is imported but cannot be found; mend the path or add the package"),
}


def npm_folders(ctx: Context) -> list[str]:
    """Folders with a package.json whose own knip is installed."""
    folders = ctx.workspace.folders_with("package.json")
    return [name for name in folders if (ctx.workspace.path / name / "node_modules" / ".bin" / "knip").is_file()]


def check_npm(ctx: Context, folder: str) -> tuple[Counter[str], int, str]:
    """Issues by kind, the number of source files, and why it could not be checked ('' when it was)."""
    files = [path for path in _sources(ctx) if not folder or path.startswith(f"{folder}/")]
    program = ctx.workspace.path / folder / "node_modules" / ".bin" / "knip"
    run = ctx.run_tool(
        [program, "--dependencies", "--reporter", "json", "--no-progress", "--no-config-hints", "--no-exit-code"],
        cwd=ctx.workspace.path / folder,
        env={"NO_COLOR": "1", "CI": "1"},
        timeout=300,
    )
    where = f"{folder}/package.json" if folder else "package.json"
    try:
        told = json.loads(run.stdout)
        issues = [(entry, kind, item) for entry in told["issues"] for kind in ISSUES for item in entry.get(kind) or []]
        found = [_finding(folder, entry["file"], kind, item) for entry, kind, item in issues]
    except (ValueError, KeyError, TypeError):
        return Counter(), 0, f"knip could not read {where} (exit {run.code}): {clean(run.trouble, 200)}"
    for finding in found:
        ctx.finding(finding)
    return Counter(ISSUES[kind][0] for _, kind, _ in issues), len(files), ""


def _sources(ctx: Context) -> list[str]:
    return ctx.workspace.matching("*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.mts", "*.vue", "*.svelte")


def _finding(folder: str, file: str, kind: str, item: dict[str, Any]) -> Finding:
    _, severity, words = ISSUES[kind]
    return Finding(
        rule=f"npm-{kind.lower()}",
        severity=severity,
        message=f"'{item['name']}' {words}",
        path=f"{folder}/{file}" if folder else file,
        line=int(item.get("line") or 0),
        column=int(item.get("col") or 0),
        help="https://knip.dev/guides/handling-issues",
        tool="knip",
    )
