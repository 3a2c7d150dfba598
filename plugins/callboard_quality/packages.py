"""npm packages of a workspace: their scripts, who manages them, and how they are installed."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context, Workspace, load_json

LARGEST = 1_000_000
NO_TEST = re.compile(r"no test specified|^\s*(?:exit 0|true|:|echo\b[^&|;]*)\s*$")
LOCKS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
MANAGERS = ("npm", "pnpm", "yarn", "bun")
QUIET = {"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0", "npm_config_update_notifier": "false"}
QUIET |= {"npm_config_audit": "false", "npm_config_fund": "false", "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0"}


class NotInstalled(CallboardError):
    """The packages are not there and could not be installed; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package.json: its script, what it depends on, the program that runs its scripts, whether it speaks for packages below.

    `lock` is the path of the lock file that holds for it, in the workspace, '' for none.
    """

    script: str
    dependencies: tuple[str, ...]
    manager: str
    workspaces: bool = False
    lock: str = ""

    @property
    def command(self) -> str:
        """What a person types to install just what the lock file says."""
        return " ".join([self.manager, *install_words(self)])


def read_package(workspace: Workspace, folder: str) -> dict[str, Any]:
    """The object in a package.json, {} for none and for one that cannot be read."""
    try:
        data = load_json(
            workspace.text(f"{folder}/package.json" if folder else "package.json", LARGEST), "package.json"
        )
    except CallboardError:
        return {}
    return data if isinstance(data, dict) else {}


def package(workspace: Workspace, folder: str, script: str = "test") -> Package | None:
    """The package in the folder when it has a real script of that name; None for none and for npm's placeholder."""
    data = read_package(workspace, folder)
    scripts = data.get("scripts")
    words = scripts.get(script) if isinstance(scripts, dict) else None
    if not isinstance(words, str) or not words.strip() or NO_TEST.search(words):
        return None
    return described(workspace, folder, data, words)


def described(workspace: Workspace, folder: str, data: dict[str, Any], words: str = "") -> Package:
    """A package by what its package.json holds."""
    tables = [data.get(key) for key in ("dependencies", "devDependencies")]
    names = tuple(name for table in tables if isinstance(table, dict) for name in table)
    declared = str(data.get("packageManager", "")).partition("@")[0]
    locks = [spot / name for spot in upwards(workspace, folder) for name in LOCKS if (spot / name).is_file()]
    manager = declared if declared in MANAGERS else LOCKS[locks[0].name] if locks else "npm"
    lock = next((spot for spot in locks if LOCKS[spot.name] == manager), None)
    below = bool(data.get("workspaces")) or (workspace.path / folder / "pnpm-workspace.yaml").is_file()
    found = lock.relative_to(workspace.path).as_posix() if lock is not None else ""
    return Package(words, names, manager, below, found)


def upwards(workspace: Workspace, folder: str) -> list[Path]:
    """The folder and those above it, up to the top of the workspace."""
    here, top = workspace.path / folder, workspace.path
    return [spot for spot in (here, *here.parents) if spot == top or top in spot.parents]


def is_installed(workspace: Workspace, folder: str) -> bool:
    """Whether there is a node_modules for the folder."""
    return any((spot / "node_modules").is_dir() for spot in upwards(workspace, folder))


def own_program(workspace: Workspace, folder: str, name: str) -> Path | None:
    """A program of the workspace's own node_modules, None when it is not there."""
    spots = (spot / "node_modules" / ".bin" / name for spot in upwards(workspace, folder))
    return next((spot for spot in spots if spot.is_file() and os.access(spot, os.X_OK)), None)


def install_words(found: Package) -> list[str]:
    """How the manager installs just what its lock file says."""
    if found.manager == "npm":
        return ["ci"] if found.lock else ["install"]
    return ["install", "--frozen-lockfile"] if found.lock else ["install"]


def where_to_install(folder: str, found: Package) -> str:
    """The folder to install in, in words: where the lock file is, else the package's own."""
    place = found.lock.rpartition("/")[0] if found.lock else folder
    return place or "the top folder"


def missing_words(folder: str, found: Package) -> str:
    """'node_modules is missing; run 'npm ci' in web first, or set install = true'."""
    place = where_to_install(folder, found)
    return f"node_modules is missing; run '{found.command}' in {place} first, or set install = true"


def installed_copy(ctx: Context, folder: str, found: Package, limit: float) -> Path:
    """A copy of the workspace with the packages installed by the lock file, no script of theirs run; raises `NotInstalled`."""
    program = ctx.program(found.manager)
    if program is None:
        raise NotInstalled(f"{found.manager} is not installed")
    base = ctx.scratch / "installed"
    for name in ctx.workspace.files:
        target = base / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ctx.workspace.path / name, target)
        shutil.copymode(ctx.workspace.path / name, target)
    place = base / (found.lock.rpartition("/")[0] if found.lock else folder)
    ctx.progress(0.0, "installs the packages")
    words = [*install_words(found), "--ignore-scripts"]
    run = ctx.run_tool([program, *words], cwd=place, env=QUIET, timeout=limit, echo=True)
    if run.code != 0:
        why = f"took longer than {limit:.0f} s" if run.timed_out else npm_trouble(run.stderr, run.stdout)
        raise NotInstalled(f"'{found.command} --ignore-scripts' in a copy: {why}")
    return base


def npm_trouble(*texts: str) -> str:
    """What a package manager says went wrong, without its decoration."""
    lines = [line.strip() for text in texts for line in text.splitlines()]
    told = [re.sub(r"^(?:npm (?:ERR!|error)|error|ERR_\w+)\s*", "", line) for line in lines if line]
    useful = [line for line in told if line and not re.match(r"code \w+|A complete log|Log files|\W*$", line)]
    return (useful or ["it wrote nothing"])[0][:300]
