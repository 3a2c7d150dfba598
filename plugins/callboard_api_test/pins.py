"""Whether a project wants another version of its framework than the one that is at hand."""

import re
from importlib.metadata import PackageNotFoundError, version

from callboard.api import Workspace
from callboard_api_test.apps import App

FILES = (
    "requirements.txt",
    "requirements/base.txt",
    "requirements/prod.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Pipfile",
)
BOUND = re.compile(r"(==|~=|<=|<|\^)\s*v?(\d+(?:\.\d+)*)")


def other_version(workspace: Workspace, app: App, framework: str) -> str:
    """'requirements.txt wants fastapi==0.95.1' when Callboard's own does not fit, '' when it does or nobody says."""
    try:
        here = numbers(version(framework))
    except PackageNotFoundError:
        return ""
    name_of = rf"""(?:^|[\s"',\[(]){framework}(?![\w.-])(?:\[[^\]]*\])?\s*"""
    line = re.compile(name_of + r"""(?:["']?\s*=(?!=)\s*["'])?([^"'#;\n]*)""", re.MULTILINE | re.IGNORECASE)
    for name in FILES:
        path = f"{app.folder}/{name}" if app.folder else name
        for match in line.finditer(workspace.text(path, 300_000)):
            for sign, wanted in BOUND.findall(match[1]):
                if not fits(here, sign, numbers(wanted)):
                    return f"{path} wants {framework}{sign}{wanted}"
    return ""


def numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def fits(here: tuple[int, ...], sign: str, wanted: tuple[int, ...]) -> bool:
    """Whether a version keeps an upper bound; '^' as Poetry means it."""
    if sign == "<":
        return here < wanted
    if sign == "<=":
        return here[: len(wanted)] <= wanted
    if sign == "==":
        return here[: len(wanted)] == wanted
    if sign == "~=":
        return here >= wanted and here[: len(wanted) - 1] == wanted[:-1]
    kept = next((n for n, part in enumerate(wanted) if part), len(wanted) - 1) + 1
    return here >= wanted and here[:kept] == wanted[:kept]
