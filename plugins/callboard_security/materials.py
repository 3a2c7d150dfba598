"""Bills of materials in CycloneDX form, one for each environment, lock or list of requirements."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, counted, passed, unknown, unparsable
from callboard_security.bill import bill_of
from callboard_security.environments import project_folders
from callboard_security.found import Packages, project_of, upwards
from callboard_security.options import Sbom
from callboard_security.packages import MANIFESTS, READERS, REQUIREMENTS, read_one, requirement_files, told_by
from callboard_security.spdx import known_ids

FLAGS = ("--output-format", "JSON", "--output-reproducible")
PYTHON_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml")
BY_NAME: dict[str, Callable[[str, str, Packages], None]] = {
    pattern: read for patterns, read in (*READERS, *MANIFESTS) for pattern in patterns
}


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a bill can be made from: `argv` makes it from what is installed, else `packages` are what the file says."""

    kind: str
    path: str
    argv: tuple[str | Path, ...] = ()
    cwd: Path | None = None
    packages: Packages = field(default_factory=Packages)


@dataclass(frozen=True, slots=True)
class Made:
    """How a bill came out; `trouble` says why there is none, `partial` why it is not whole."""

    components: int = 0
    unversioned: int = 0
    trouble: str = ""
    partial: str = ""


def write(ctx: Context, options: Sbom) -> Result:
    """Keeps a bill for each source as an artefact; UNKNOWN for no source, no component, or one that failed."""
    sources = [s for s in find_sources(ctx, options.source) if not options.folders or _of(s.path, options.folders)]
    if not sources:
        return unknown("there is nothing to read: no environment, lock, requirements or pyproject with dependencies")
    told, troubles, total, loose = [], list[str](), 0, 0
    for number, source in enumerate(sources):
        ctx.progress(number / len(sources), source.path)
        made = _by_tool(ctx, source) if source.argv else _by_lock(ctx, source)
        if made.trouble:
            troubles.append(f"{source.path}: {made.trouble}")
            ctx.finding(_unreadable(source, made.trouble))
            continue
        total += made.components
        loose += made.unversioned
        if made.partial:
            troubles.append(f"a part of {source.path}: {made.partial}")
        told.append(f"{made.components:,} of {source.path}")
    shown = ", ".join(told[:8]) + (f" and {len(told) - 8} more" if len(told) > 8 else "")
    words = f"{counted(total, 'component')} in {counted(len(told), 'bill')} of materials ({shown})"
    if loose:
        words += f"; {loose:,} without an exact version"
    outputs = {"components": total, "bills": len(told), "unversioned": loose}
    ctx.metric("components", total)
    ctx.metric("security.components", total)
    if troubles:
        return unknown(f"{words}; not read: {'; '.join(troubles[:3])}", outputs=outputs)
    if total == 0:
        return unknown(f"no component in what was read: {', '.join(source.path for source in sources)}")
    return passed(words, outputs=outputs)


def _of(path: str, folders: list[str]) -> bool:
    return _folder(path) in folders or project_of(path) in folders


def _folder(path: str) -> str:
    return path.rsplit("/", 1)[0] if "/" in path else ""


def find_sources(ctx: Context, wanted: str = "auto") -> Iterator[Source]:
    """The best source of each folder: its environment, else its lock, its requirements, its manifests.

    `wanted` may be 'locks' (no environments) or 'environments' (nothing else).
    """
    seen = set()
    for folder in project_folders(ctx.workspace):
        source = _python_source(ctx, folder, wanted)
        if source is not None and source.path not in seen:
            seen.add(source.path)
            yield source
    for path in told_by(ctx.workspace, *NODE_LOCKS):
        modules = None if wanted == "locks" else _node_modules(ctx, path)
        if modules is not None:
            yield modules
        elif wanted != "environments":
            yield _read(ctx, path)
    if wanted != "environments":
        yield from _unlocked(ctx)


def _unlocked(ctx: Context) -> Iterator[Source]:
    """What package.json files ask for where no lock of their folder or above says the versions."""
    locked = {_folder(path) for path in told_by(ctx.workspace, *NODE_LOCKS)}
    for path in told_by(ctx.workspace, "package.json"):
        if not locked & set(upwards(_folder(path))):
            source = _read(ctx, path)
            if source.packages.wanted or source.packages.broken:
                yield source


def _node_modules(ctx: Context, path: str) -> Source | None:
    """By npm from what is installed beside a lock of npm's own; not where an .npmrc of the workspace would have a say."""
    place = ctx.workspace.path / _folder(path)
    if not path.endswith(".json") or not (place / "node_modules").is_dir() or (place / ".npmrc").exists():
        return None
    argv = ("npm", "sbom", "--sbom-format", "cyclonedx", "--ignore-scripts", "--no-update-notifier")
    return Source("node_modules", path, argv, place)


def _python_source(ctx: Context, folder: str, wanted: str) -> Source | None:
    place = ctx.workspace.path / folder
    prefix = f"{folder}/" if folder else ""
    python = ctx.python_of(folder)
    if wanted != "locks" and python is not None and python.parent.parent.parent == place:
        name = python.parent.parent.name
        return Source("environment", f"{prefix}{name}", ("cyclonedx-py", "environment", *FLAGS, str(python)))
    if wanted == "environments":
        return None
    here = {path.rsplit("/", 1)[-1] for path in ctx.workspace.files if _folder(path) == folder}
    for lock in PYTHON_LOCKS:
        if lock in here:
            return _read(ctx, f"{prefix}{lock}")
    listed = [path for path in told_by(ctx.workspace, *REQUIREMENTS) if project_of(path) == folder]
    if listed:
        source = Source("requirements", listed[0])
        requirement_files(ctx.workspace, listed, source.packages)
        return source if source.packages.sources or source.packages.broken else None
    manifests = [f"{prefix}{name}" for name in ("pyproject.toml", "setup.cfg", "setup.py") if name in here]
    found = [_read(ctx, path) for path in manifests]
    whole = Packages()
    for source in found:
        whole.pinned += source.packages.pinned
        whole.wanted += source.packages.wanted
        whole.broken += source.packages.broken
    told = next((s.path for s in found if s.packages.sources or s.packages.broken), "")
    return Source("manifest", told, packages=whole) if told else None


def _read(ctx: Context, path: str) -> Source:
    source = Source("lock", path)
    read_one(ctx.workspace, path, BY_NAME[path.rsplit("/", 1)[-1]], source.packages)
    return source


def _by_lock(ctx: Context, source: Source) -> Made:
    found = source.packages
    if found.broken and not (found.pinned or found.wanted):
        return Made(trouble=found.broken[0].reason)
    for broken in found.broken:
        ctx.finding(_unreadable(Source(source.kind, broken.path), broken.reason, broken.line))
    known = {(package.ecosystem, package.name) for package in found.pinned}
    loose = [package for package in found.wanted if (package.ecosystem, package.name) not in known]
    subject = _folder(source.path) or ctx.workspace.path.name
    bill = bill_of([*found.pinned, *loose], subject, source.path, known_ids())
    _keep(ctx, source, json.dumps(bill, indent=1) + "\n")
    unversioned = sum("version" not in entry for entry in bill["components"])
    return Made(len(bill["components"]), unversioned, partial=found.broken[0].reason if found.broken else "")


def _by_tool(ctx: Context, source: Source) -> Made:
    """The tool's own bill; from the lock instead where npm finds what is installed incomplete."""
    tool = str(source.argv[0])
    if ctx.program(tool) is None:
        return Made(trouble=f"{tool} is not installed")
    env = {"npm_config_cache": str(ctx.scratch / "npm-cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    run = ctx.run_tool(source.argv, cwd=source.cwd or ctx.scratch, env=env, timeout=300)
    if run.timed_out:
        return Made(trouble=f"{tool} took too long")
    try:
        bill: Any = json.loads(run.stdout)
        components = bill.get("components", [])
        if bill.get("bomFormat") != "CycloneDX" or not isinstance(components, list):
            raise ValueError("this is no CycloneDX bill")
    except (ValueError, AttributeError, RecursionError):
        if source.kind == "node_modules":
            ctx.log(f"npm made no bill of {source.path}'s node_modules: {run.trouble}; the lock is read instead")
            return _by_lock(ctx, _read(ctx, source.path))
        return Made(trouble=run.trouble.removeprefix("CRITICAL | CDX > ") or f"{tool} gave no bill (exit {run.code})")
    _keep(ctx, source, run.stdout)
    return Made(len(components), sum(not component.get("version") for component in components))


def _keep(ctx: Context, source: Source, text: str) -> None:
    place = ctx.scratch / f"sbom-{source.path.replace('/', '-').lstrip('.')}.cdx.json"
    place.write_text(text, "utf-8")
    ctx.artifact(place, kind="cyclonedx")


def _unreadable(source: Source, trouble: str, line: int = 0) -> Finding:
    if source.kind == "environment":
        return Finding("sbom-environment", Severity.MEDIUM, f"No bill could be made of {source.path}: {trouble}")
    return unparsable(source.path, trouble, line=line, severity=Severity.MEDIUM)
