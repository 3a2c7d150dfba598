"""Adds a dependency that is imported and not declared to the file that declares the others, as a patch."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context, Result, clean, failed, passed, unknown
from callboard_code_refactor.choices import DeclareOptions
from callboard_code_refactor.declarations import KNOWN_MODULES, declaration

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?")
MODULE = re.compile(r"[A-Za-z_]\w{0,100}")
INLINE = re.compile(r"^dependencies[ \t]*=[ \t]*\[", re.MULTILINE)
MOST_INSTALLED = 2_000


def declare(ctx: Context, options: DeclareOptions) -> Result:
    """A patch that declares the package which brings a module: what is installed says which, never a guess."""
    if not MODULE.fullmatch(options.module):
        return failed(f"'{clean(options.module, 80)}' is no name of a module")
    package, how = options.package, "as it was asked for"
    if not package:
        package, how = _bringer(ctx, options)
    if not package:
        return unknown(f"{how}; say it with package = '…'")
    if not NAME.fullmatch(package):
        return failed(f"'{clean(package, 80)}' is no name of a package")
    folder = _project(ctx, options.path)
    project = declaration(ctx.workspace, folder, ctx.scratch)
    if project is None or project.is_torn:
        return unknown(f"nothing below '{folder or '.'}' declares dependencies in a form that can be written to")
    place = f"{folder}/{project.requirements[0]}".lstrip("/") if _is_list(project.requirements) else project.source
    try:
        with ctx.worktree() as tree:
            target = tree.path / place
            before = target.read_text("utf-8")
            after = with_dependency(before, package) if place.endswith(".toml") else _with_line(before, package)
            target.write_text(after, "utf-8")
            words = f"{place} reads as before, with '{package}' declared as well ({how})"
            kept = ctx.patch(tree, f"declare-{options.module}", {"checks": [], "words": words})
    except (CallboardError, OSError, UnicodeDecodeError) as error:
        return unknown(f"no patch was made: {error}")
    if kept is None:
        return passed(f"{place} declares '{package}' already")
    return passed(f"a patch declares '{package}' in {place} for the module '{options.module}'; {how}")


def _is_list(files: tuple[str, ...]) -> bool:
    return bool(files) and not files[0].startswith("/")


def _project(ctx: Context, path: str) -> str:
    """The nearest folder above the path that has a declaration."""
    homes = set(ctx.workspace.folders_with("pyproject.toml", "requirements.txt", "requirements.in"))
    folder = path.rpartition("/")[0]
    while folder and folder not in homes:
        folder = folder.rpartition("/")[0]
    return folder


def _bringer(ctx: Context, options: DeclareOptions) -> tuple[str, str]:
    """The package that brings the module and how that is known; '' and why it is not."""
    module = options.module
    python = ctx.python_of(options.path.rpartition("/")[0])
    installed = _installed(python, module) if python is not None else []
    if len(installed) == 1:
        return installed[0], "it brings the module in the workspace's own environment"
    if len(installed) > 1:
        return "", f"several installed packages bring '{module}': {', '.join(installed[:5])}"
    known = sorted(name for name, modules in KNOWN_MODULES.items() if module in modules.split("|"))
    if len(known) == 1:
        return known[0], "it is known to bring the module"
    return "", f"it is not known here which package brings '{module}'"


def _installed(python: Path, module: str) -> list[str]:
    found = []
    infos = [
        info for site in python.parent.parent.glob("lib/python3*/site-packages") for info in site.glob("*.dist-info")
    ]
    for info in infos[:MOST_INSTALLED]:
        try:
            record = (info / "RECORD").read_text("utf-8", "replace")
            brings = re.search(rf"^{module}(?:/__init__\.py|\.py|\.[\w-]+\.so),", record, re.MULTILINE)
            named = re.search(r"^Name: *(\S+)", (info / "METADATA").read_text("utf-8", "replace"), re.MULTILINE)
        except OSError:
            continue
        if brings and named:
            found.append(named[1])
    return sorted(set(found))


def with_dependency(text: str, package: str) -> str:
    """The text of a pyproject.toml with one dependency more; raises `CallboardError` where that cannot be done safely."""
    before = _parsed(text)
    project = before.get("project")
    if not isinstance(project, dict):
        raise CallboardError(f"its dependencies do not stand in [project]; add '{package}' by hand")
    wanted = list(project.get("dependencies", []))
    if any(_plain(entry) == _plain(package) for entry in wanted if isinstance(entry, str)):
        return text
    head = re.search(r"^\[project\][^\n]*\n", text, re.MULTILINE)
    if head is None:
        raise CallboardError(f"[project] does not stand on a line of its own; add '{package}' by hand")
    match = INLINE.search(text, head.end())
    if match is None:
        after = f'{text[: head.end()]}dependencies = ["{package}"]\n{text[head.end() :]}'
    else:
        several = text[match.end() : match.end() + 1] == "\n"
        first = f'\n    "{package}",' if several else f'"{package}"' + (", " if wanted else "")
        after = text[: match.end()] + first + text[match.end() :]
    expected = {**before, "project": {**project, "dependencies": [package, *wanted]}}
    if _parsed(after) != expected:
        raise CallboardError(f"'{package}' does not fit into the file as it is; add it by hand")
    return after


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CallboardError(f"it is no TOML: {error}") from error


def _with_line(text: str, package: str) -> str:
    if any(_plain(line) == _plain(package) for line in text.splitlines()):
        return text
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{package}\n"


def _plain(requirement: str) -> str:
    match = re.match(r"\s*([A-Za-z0-9][\w.-]*)", requirement)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""
