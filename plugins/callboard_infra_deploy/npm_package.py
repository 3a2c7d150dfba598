"""What `npm publish` would send, and whether what package.json points to is among it."""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from callboard.api import Context, Finding, Severity, clean
from callboard_infra_deploy.judge import Looked
from callboard_infra_deploy.publishable import Publishable, package_json
from callboard_infra_deploy.wheel_contents import SECRET

BUILDS = ("prepack", "prepare", "prepublishOnly", "prepublish", "build")
SEMVER = re.compile(r"v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
NAME = re.compile(r"(?:@[A-Za-z0-9._~-]+/)?[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
ENDINGS = ("", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node", ".d.ts", "/index.d.ts")


def check_npm_package(ctx: Context, project: Publishable, looked: Looked) -> None:
    """`npm pack --dry-run` without scripts, in the workspace itself: it writes nothing there, and sees what was built."""
    if ctx.program("npm") is None:
        looked.unchecked.append(f"{project.file}: npm is not installed")
        return
    run = ctx.run_tool(
        ["npm", "pack", "--dry-run", "--json", "--ignore-scripts"],
        cwd=ctx.workspace.path / project.folder,
        env={"npm_config_cache": str(ctx.scratch / "npm"), "npm_config_update_notifier": "false", "NO_COLOR": "1"},
        timeout=120,
    )
    try:
        told = json.loads(run.stdout)
        error = told.get("error") if isinstance(told, dict) else None
        packed = next(iter(told.values())) if isinstance(told, dict) and not error else told
        packed = packed[0] if isinstance(packed, list) else packed
        files = {} if error else {str(file["path"]): int(file["size"]) for file in packed["files"]}
        size = 0 if error else int(packed["size"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration, RecursionError):
        looked.unchecked.append(f"npm pack on {project.file}: {run.trouble or f'exit {run.code}'}")
        return
    looked.count += 1
    if error:
        words = clean(str(error.get("summary") or error.get("code")), 400)
        ctx.finding(_finding(project, "npm-pack", Severity.HIGH, f"the package cannot be packed: {words}"))
        return
    ctx.metric("npm package size", round(size / 1024, 1), "KiB")
    ctx.metric("npm package files", len(files))
    looked.named.append(f"{packed.get('filename')}, {size / 1024:,.0f} KiB, {len(files)} files")
    _report(ctx, project, files, looked)


def _report(ctx: Context, project: Publishable, files: Mapping[str, int], looked: Looked) -> None:
    manifest = package_json(ctx.workspace, project.folder)
    if not NAME.fullmatch(str(manifest.get("name"))):
        words = f"'{manifest.get('name')}' is no name that npm takes; use lower-case letters, digits and hyphens"
        ctx.finding(_finding(project, "npm-name", Severity.HIGH, words))
    version = str(manifest.get("version"))
    if not SEMVER.fullmatch(version):
        words = f"the version '{version}' is no semantic version, so npm does not publish it"
        ctx.finding(_finding(project, "npm-version", Severity.HIGH, words))
    scripts = manifest.get("scripts")
    builds = [name for name in BUILDS if isinstance(scripts, dict) and scripts.get(name)]
    unbuilt: list[str] = []
    for field, target in dict.fromkeys(targets(manifest)):
        name = target.removeprefix("./")
        if _among(name, files, guess=field not in ("bin", "exports")):
            continue
        there = (ctx.workspace.path / project.folder / name).exists() and "*" not in name
        if builds and not there:
            unbuilt.append(f"{field} '{name}'")
            continue
        words = "lies there but is not packed; add it to `files`" if there else "is not there"
        ctx.finding(_finding(project, "npm-missing-file", Severity.HIGH, f"{field} points to '{name}', which {words}"))
    if unbuilt:
        more = f" and {len(unbuilt) - 1} more" if len(unbuilt) > 1 else ""
        looked.unchecked.append(
            f"{unbuilt[0]}{more} of {project.file} is built by 'npm run {builds[0]}', which was not run"
        )
    for name in sorted(_programs(manifest)):
        text = ctx.workspace.text(f"{project.folder}/{name}" if project.folder else name, 200)
        if name in files and text and not text.startswith("#!"):
            words = f"the program '{name}' has no first line such as '#!/usr/bin/env node', so a shell will run it"
            ctx.finding(_finding(project, "npm-bin-shebang", Severity.MEDIUM, words))
    for name in sorted(files):
        if name.rsplit("/", 1)[-1] in SECRET:
            words = f"the package would publish {name}, which may hold secrets; leave it out with `files`"
            ctx.finding(_finding(project, "npm-secret", Severity.HIGH, words))


def _finding(project: Publishable, rule: str, severity: Severity, message: str) -> Finding:
    return Finding(rule, severity, message, project.file, help="npm pack --dry-run", tool="npm")


def targets(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, path) of each file that package.json says is there."""
    for field in ("main", "module", "types", "typings", "browser"):
        if isinstance(manifest.get(field), str):
            yield field, str(manifest[field])
    yield from (("bin", name) for name in _programs(manifest))
    yield from (("exports", name) for name in _exported(manifest.get("exports"), 0))


def _programs(manifest: Mapping[str, Any]) -> list[str]:
    value = manifest.get("bin")
    found = [value] if isinstance(value, str) else list(value.values()) if isinstance(value, dict) else []
    return [name.removeprefix("./") for name in found if isinstance(name, str)]


def _exported(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("./"):
            yield value
    elif isinstance(value, list):
        yield from (value[:1] if value and isinstance(value[0], str) and value[0].startswith("./") else [])
    elif isinstance(value, dict) and depth < 20:
        for inner in value.values():
            yield from _exported(inner, depth + 1)


def _among(name: str, files: Mapping[str, int], *, guess: bool) -> bool:
    plain = re.sub(r"/+$", "", name)
    if "*" in plain:
        return any(fnmatchcase(file, plain) for file in files)
    if plain in ("", "."):
        return any(f"index{ending}" in files for ending in ENDINGS)
    return any(plain + ending in files for ending in ENDINGS) if guess else plain in files
