"""Which folders of a workspace hold a project that could be published."""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard.api import Workspace

APART = frozenset({"test", "tests", "testing", "fixtures", "testdata", "samples", "templates"}) | {
    *("docs", "doc", "example", "examples", "vendor")
}
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Publishable:
    """A folder ('' for the top) with the file that says so; `kind` is python or npm."""

    folder: str
    kind: str
    file: str


def publishable(workspace: Workspace) -> list[Publishable]:
    """Python projects with a build, npm packages that are not private; those of tests, docs and templates are left out."""
    found: list[Publishable] = []
    for folder in workspace.folders_with("pyproject.toml", "setup.py", "package.json"):
        if APART & set(folder.split("/")) or set(folder) & set("{}$"):
            continue
        found += in_folder(workspace, folder)
    return found


def in_folder(workspace: Workspace, folder: str) -> list[Publishable]:
    """What of one folder could be published: a Python project, an npm package, both or none."""
    prefix = f"{folder}/" if folder else ""
    found: list[Publishable] = []
    if _has_build(workspace.toml(f"{prefix}pyproject.toml")):
        found.append(Publishable(folder, "python", f"{prefix}pyproject.toml"))
    elif _calls_setup(workspace.text(f"{prefix}setup.py", LARGEST)):
        found.append(Publishable(folder, "python", f"{prefix}setup.py"))
    manifest = package_json(workspace, folder)
    if manifest.get("private") is not True and all(isinstance(manifest.get(key), str) for key in ("name", "version")):
        found.append(Publishable(folder, "npm", f"{prefix}package.json"))
    return found


def package_json(workspace: Workspace, folder: str) -> dict[str, Any]:
    """The package.json of a folder, {} when there is none that can be read."""
    try:
        data = json.loads(workspace.text(f"{folder}/package.json" if folder else "package.json", LARGEST))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _has_build(tables: Mapping[str, Any]) -> bool:
    tool = _table(tables, "tool")
    apart = _table(tool, "uv").get("package") is False or _table(tool, "poetry").get("package-mode") is False
    return "build-system" in tables and not apart


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tables.get(name)
    return value if isinstance(value, dict) else {}


def _calls_setup(text: str) -> bool:
    if "setup" not in text:
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(
        (isinstance(name, ast.Name) and name.id == "setup")
        or (isinstance(name, ast.Attribute) and name.attr == "setup")
        for name in called
    )
