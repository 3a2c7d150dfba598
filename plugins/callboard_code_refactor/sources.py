"""Which files an action looks at, and how they are handed to a tool."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from callboard.api import Context, Result, Severity, Workspace, failed, passed

LONGEST_BATCH = 100_000
DECLARATIONS = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt", "requirements.in", "Pipfile")
# test data and templates are often no Python on purpose
SAMPLE = re.compile(r"(?:^|/)(?:fixtures|__fixtures__|testdata|test[_-]data)/|(?:^|/)tests?/.*/|\{[{%].*/")


def broken_severity(path: str) -> Severity:
    """How bad it is that a file cannot be parsed."""
    return Severity.LOW if SAMPLE.search(path) else Severity.MEDIUM


def inside(path: str, folder: str) -> bool:
    """Whether a relative path lies in a folder of the workspace; '' is the workspace itself."""
    plain = posixpath.normpath(folder) if folder else "."
    return plain == "." or path == plain or path.startswith(plain + "/")


def python_files(workspace: Workspace, folder: str = "") -> list[str]:
    """The Python files in a folder of the workspace."""
    return [path for path in workspace.matching("*.py") if inside(path, folder)]


def batches(files: Iterable[str], longest: int = LONGEST_BATCH) -> Iterator[list[str]]:
    """The files with './' before them, in lists of at most `longest` characters for one command line."""
    batch: list[str] = []
    size = 0
    for name in files:
        word = f"./{name}"
        if batch and size + len(word) > longest:
            yield batch
            batch, size = [], 0
        batch.append(word)
        size += len(word) + 1
    if batch:
        yield batch


def project_folders(workspace: Workspace, *names: str) -> list[str]:
    """Folders that hold a declaration of a Python project, the top first; test data and templates are no projects."""
    folders = workspace.folders_with(*(names or DECLARATIONS))
    return [folder for folder in folders if not SAMPLE.search(f"{folder}/")]


def nearest(path: str, folders: Iterable[str]) -> str | None:
    """The deepest of the folders that holds the path, None when none does."""
    holding = [folder for folder in folders if inside(path, folder)]
    return max(holding, key=len) if holding else None


def package_roots(files: Iterable[str]) -> dict[str, str]:
    """Top-level module or package name -> the folder that must be on the path for it ('' for the top).

    A package is followed upwards as long as the folder above it has an `__init__.py`.
    """
    known = set(files)
    roots: dict[str, str] = {}
    for path in sorted(known):
        folder, _, name = path.rpartition("/")
        top = name.removesuffix(".py")
        while f"{folder}/__init__.py" in known:
            folder, _, top = folder.rpartition("/")
        if top != "__init__":
            roots.setdefault(top, folder)
    return roots


def counted(number: int, one: str, many: str = "") -> str:
    """'1 file', '2 files'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def judged(ctx: Context, fail_on: str, summary: str) -> Result:
    """Failed when a finding is at least as bad as `fail_on`, else passed; 'never' always passes."""
    if fail_on != "never":
        limit = Severity(fail_on).rank
        bad = sum(finding.severity.rank <= limit for finding in ctx.findings)
        if bad:
            return failed(f"{summary}; {bad} of severity {fail_on} or worse")
    return passed(summary)
