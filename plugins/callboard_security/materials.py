"""Bills of materials in CycloneDX form, one for each environment, lock or list of requirements."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context, Finding, Result, Severity, counted, passed, unknown
from callboard_security.environments import project_folders
from callboard_security.found import Packages
from callboard_security.manifests import pyproject, requirements, setup_cfg, setup_py
from callboard_security.options import Sbom
from callboard_security.packages import (
    LARGEST_LOCK,
    NPM_LOCKS,
    REQUIREMENTS,
    told_by,
    toml_lock,
)
from callboard_security.vulnerable import npm_copy

FLAGS = ("--output-format", "JSON", "--output-reproducible")
READERS = {"pyproject.toml": pyproject, "setup.cfg": setup_cfg, "setup.py": setup_py}
MANIFESTS = tuple(READERS)
LOCKS_READ_HERE = ("uv.lock", "pdm.lock", "pylock.toml")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a bill can be made from. `path` is relative to the workspace."""

    kind: str
    path: str
    argv: tuple[str | Path, ...]
    cwd: Path | None = None


def write(ctx: Context, options: Sbom) -> Result:
    """Keeps a bill for each source as an artefact; UNKNOWN for no source, no component, or one that failed."""
    sources = [s for s in find_sources(ctx) if not options.folders or _folder(s.path) in options.folders]
    if not sources:
        return unknown("there is nothing to read: no environment, lock, requirements or pyproject with dependencies")
    told, troubles, total, loose = [], [], 0, 0
    for number, source in enumerate(sources):
        ctx.progress(number / len(sources), source.path)
        count, unversioned, trouble = _bill(ctx, source)
        if trouble:
            troubles.append(f"{source.path}: {trouble}")
            ctx.finding(_unreadable(source, trouble))
            continue
        total += count
        loose += unversioned
        told.append(f"{count:,} of {source.path}")
    words = f"{counted(total, 'component')} in {counted(len(told), 'bill')} of materials ({', '.join(told)})"
    if loose:
        words += f"; {loose:,} without an exact version"
    outputs = {"components": total, "bills": len(told)}
    ctx.metric("components", total)
    if troubles:
        return unknown(f"{words}; no bill of {'; '.join(troubles[:3])}", outputs=outputs)
    if total == 0:
        return unknown(f"no component in what was read: {', '.join(source.path for source in sources)}")
    return passed(words, outputs=outputs)


def _folder(path: str) -> str:
    return path.rsplit("/", 1)[0] if "/" in path else ""


def find_sources(ctx: Context) -> Iterator[Source]:
    """The best source of each Python folder (environment, lock, requirements, pyproject), and every npm lock."""
    pythons = set()
    for folder in project_folders(ctx.workspace):
        source = _python_source(ctx, folder)
        if source is not None and source.path not in pythons:
            pythons.add(source.path)
            yield source
    for path in told_by(ctx.workspace, *NPM_LOCKS):
        place = npm_copy(ctx, path)
        if place is not None:
            argv = ("npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--ignore-scripts")
            yield Source("npm", path, argv, place)


def _python_source(ctx: Context, folder: str) -> Source | None:
    place = ctx.workspace.path / folder
    prefix = f"{folder}/" if folder else ""
    here = {path.rsplit("/", 1)[-1] for path in ctx.workspace.files if _folder(path) == folder}
    python = ctx.python_of(folder)
    tool = "cyclonedx-py"
    if python is not None and python.parent.parent.parent == place:
        name = python.parent.parent.name
        return Source("environment", f"{prefix}{name}", (tool, "environment", *FLAGS, str(python)))
    if "poetry.lock" in here and "pyproject.toml" in here:
        return Source("poetry", f"{prefix}poetry.lock", (tool, "poetry", "--all-extras", *FLAGS, str(place)))
    if "Pipfile.lock" in here:
        return Source("pipenv", f"{prefix}Pipfile.lock", (tool, "pipenv", "--dev", *FLAGS, str(place)))
    for lock in LOCKS_READ_HERE:
        if lock in here:
            return _listed(ctx, f"{prefix}{lock}")
    wanted = [path for path in told_by(ctx.workspace, *REQUIREMENTS) if _requirements_folder(path) == folder]
    if wanted:
        return _listed(ctx, *wanted)
    manifests = [f"{prefix}{name}" for name in MANIFESTS if name in here]
    return _listed(ctx, *manifests) if manifests else None


def _requirements_folder(path: str) -> str:
    folder = _folder(path)
    if folder == "requirements":
        return ""
    return folder.removesuffix("/requirements")


def _listed(ctx: Context, *paths: str) -> Source | None:
    """A list of requirements of our own, in scratch, from what the files name; None when they name nothing."""
    found, named = Packages(), ""
    for path in paths:
        before = len(found.pinned) + len(found.wanted)
        text = ctx.workspace.text(path, LARGEST_LOCK)
        try:
            if path.endswith(".txt"):
                requirements(text.splitlines(), path, found)
            elif path.endswith(MANIFESTS):
                READERS[path.rsplit("/", 1)[-1]](text, path, found)
            else:
                toml_lock(text, path, found)
        except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            ctx.finding(_unreadable(Source("", path, ()), str(error)))
        if not named and len(found.pinned) + len(found.wanted) > before:
            named = path
    lines = {f"{package.name}=={package.version}" for package in found.pinned}
    known = {package.name for package in found.pinned}
    lines |= {package.name for package in found.wanted if package.name not in known}
    if not lines:
        return None
    listing = ctx.scratch / f"listed-{named.replace('/', '__')}.txt"
    listing.write_text("\n".join(sorted(line for line in lines if "\n" not in line)) + "\n", "utf-8")
    return Source("requirements", named, ("cyclonedx-py", "requirements", *FLAGS, str(listing)))


def _bill(ctx: Context, source: Source) -> tuple[int, int, str]:
    """How many components the bill has, how many of them without a version, and why there is no bill."""
    tool = str(source.argv[0])
    if ctx.program(tool) is None:
        return 0, 0, f"{tool} is not installed"
    run = ctx.run_tool(
        source.argv,
        cwd=source.cwd or ctx.scratch,
        env={"npm_config_cache": str(ctx.scratch / "npm-cache"), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=300,
    )
    if run.timed_out:
        return 0, 0, f"{tool} took too long"
    try:
        bill = json.loads(run.stdout)
        components = bill.get("components", [])
        if bill.get("bomFormat") != "CycloneDX" or not isinstance(components, list):
            raise ValueError("this is no CycloneDX bill")
    except (ValueError, AttributeError, RecursionError):
        return 0, 0, run.trouble.removeprefix("CRITICAL | CDX > ") or f"{tool} gave no bill (exit {run.code})"
    name = f"sbom-{source.path.replace('/', '-').lstrip('.')}.cdx.json"
    place = ctx.scratch / name
    place.write_text(run.stdout, "utf-8")
    ctx.artifact(place, kind="cyclonedx")
    loose = sum(not component.get("version") for component in components)
    return len(components), loose, ""


def _unreadable(source: Source, trouble: str) -> Finding:
    return Finding(
        rule="sbom-source-unreadable",
        severity=Severity.MEDIUM,
        message=f"No bill of materials could be made from this: {trouble}",
        path=source.path if source.kind != "environment" else "",
        help="Mend the file, or make it anew with the tool that wrote it",
    )
