"""What manifests ask for: requirements files, pyproject.toml, setup.py, setup.cfg, package.json."""

import ast
import configparser
import json
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from callboard_security.found import Broken, Package, Packages, normal

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,200})\s*(?:\[[^\]]*\])?\s*(.*)")
_REST = re.compile(r"\s*(?:$|[=<>!~@(,])")
_ELSEWHERE = re.compile(
    r"^(?:-e\s+|--editable[\s=]+)?(?:[\w.\[\],-]+\s*@\s*)?(?:git\+|hg\+|svn\+|bzr\+|https?://)|^[^\s-]\S*\.(?:tar\.gz|zip|whl|tgz)$"
)
_PINNED = re.compile(r"={2,3}\s*([A-Za-z0-9.!+_-]+)$")


def requirements(lines: Iterable[str], path: str, found: Packages) -> None:
    """Lines of a requirements file; options and folders are passed over, a line that is no requirement makes the file broken."""
    for number, raw in enumerate(_joined(lines), 1):
        text = re.sub(r"(^|\s)#.*", "", raw).split(" --", 1)[0].strip()
        if _ELSEWHERE.search(text.split(" #")[0].split(";")[0]):
            found.elsewhere.append(f"{path}:{number}")
            continue
        if not text or text.startswith(("-", ".", "/")):
            continue
        match = _NAME.match(text.split(";", 1)[0])
        if match is None or not _REST.match(match[2]):
            found.broken.append(Broken(path, f"line {number} is no requirement: {text[:100]}", number))
            continue
        name, rest = normal(match[1]), match[2].strip().strip("()")
        pin = _PINNED.fullmatch(rest)
        if pin is not None:
            found.pinned.append(Package("PyPI", name, pin[1], path, number))
        else:
            found.wanted.append(Package("PyPI", name, "", path, number))


def includes(text: str) -> list[tuple[str, str]]:
    """('r' or 'c', file) for each other file that a requirements file names."""
    found = []
    for raw in text.splitlines():
        match = re.match(r"\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)", raw)
        if match is not None and "://" not in match[1]:
            found.append(("c" if raw.strip().lstrip("-").startswith("c") else "r", match[1]))
    return found


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """The lines with continuations drawn to their first, and as many empty ones after it, so that numbers stay."""
    held, count = "", 0
    for line in lines:
        held += line
        if held.endswith("\\"):
            held = held[:-1] + " "
            count += 1
            continue
        yield held
        yield from [""] * count
        held, count = "", 0
    if held:
        yield held


def pyproject(text: str, path: str, found: Packages) -> None:
    """Dependencies of a project by PEP 621 and PEP 735, and of poetry."""
    tables = tomllib.loads(text)
    project = tables.get("project", {})
    own = normal(str(project.get("name", "")))
    wanted = list(project.get("dependencies", []))
    for group in project.get("optional-dependencies", {}).values():
        wanted += group
    for group in tables.get("dependency-groups", {}).values():
        wanted += [entry for entry in group if isinstance(entry, str)]
    poetry = tables.get("tool", {}).get("poetry", {})
    groups = [poetry, *(poetry.get("group", {}).values())]
    for group in [*groups, {"dependencies": poetry.get("dev-dependencies", {})}]:
        for name, asked in group.get("dependencies", {}).items():
            local = isinstance(asked, dict) and {"path", "git", "url"} & set(asked)
            if name.lower() != "python" and not local:
                wanted.append(name)
    _from_lines(wanted, text, path, own, found)


def _from_lines(wanted: Iterable[Any], text: str, path: str, own: str, found: Packages) -> None:
    """Requirements that stand in another file, with the lines on which they stand there."""
    lines = text.splitlines()
    for requirement in wanted:
        here = Packages()
        requirements([str(requirement)], path, here)
        number = next((n for n, line in enumerate(lines, 1) if str(requirement) in line), 0)
        found.broken += [
            Broken(path, f"line {number} is no requirement: {str(requirement)[:100]}", number) for _ in here.broken
        ]
        found.elsewhere += [f"{path}:{number}" for _ in here.elsewhere]
        for package in here.pinned:
            found.pinned.append(Package("PyPI", package.name, package.version, path, number))
        for package in here.wanted:
            if package.name != own:
                found.wanted.append(Package("PyPI", package.name, "", path, number))


def package_json(text: str, path: str, found: Packages) -> None:
    """What a package.json asks for from the registry."""
    tables = json.loads(text)
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, wanted in (tables.get(group) or {}).items():
            if isinstance(wanted, str) and not wanted.startswith(("file:", "link:", "workspace:", "git", "http")):
                found.wanted.append(Package("npm", str(name), "", path))


def setup_py(text: str, path: str, found: Packages) -> None:
    """The literal lists that setup.py hands to `setup`; nothing of it is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and "setup" in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
            for keyword in node.keywords:
                if keyword.arg in ("install_requires", "extras_require", "tests_require"):
                    _from_lines(_texts(keyword.value), text, path, "", found)


def _texts(node: ast.expr) -> list[str]:
    """The texts of a list, or of the lists of a dict; those that are worked out are left out."""
    lists = node.values if isinstance(node, ast.Dict) else [node]
    return [
        part.value
        for entry in lists
        if isinstance(entry, (ast.List, ast.Tuple))
        for part in entry.elts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def setup_cfg(text: str, path: str, found: Packages) -> None:
    """`install_requires` and `options.extras_require` of setup.cfg."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    wanted = parser.get("options", "install_requires", fallback="").splitlines()
    if parser.has_section("options.extras_require"):
        for _, lines in parser.items("options.extras_require"):
            wanted += lines.splitlines()
    _from_lines(wanted, text, path, "", found)
