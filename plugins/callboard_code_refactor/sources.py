"""Which files an action looks at, and how they are handed to a tool."""

import ast
import posixpath
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, Workspace, clean, counted, judged, root_cause, unparsable
from callboard_code_refactor.endings import CODE, SCRIPTS

LONGEST_BATCH = 100_000
LARGEST_SOURCE = 1_000_000
TESTS = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|e2e)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$|\.(?:test|spec)\.\w+$"
)
# what a build or a vendor made, by its name
MADE = re.compile(
    r"\.min\.\w+$|[.-]bundle\.\w+$|(?:^|/)(?:vendor|third_party|_vendor)/|\.d\.[mc]?ts$|_pb2(?:_grpc)?\.py$"
)
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


def script_files(workspace: Workspace, folder: str = "") -> list[str]:
    """The JavaScript and TypeScript files in a folder of the workspace that a person writes."""
    found = workspace.matching(*(f"*{ending}" for ending in SCRIPTS))
    return [path for path in found if inside(path, folder) and not MADE.search(path)]


def code_files(workspace: Workspace, folder: str = "") -> list[str]:
    """The files of any programming language that a person writes."""
    return [path for path in workspace.matching(*CODE) if inside(path, folder) and not MADE.search(path)]


def sized(workspace: Workspace, files: Iterable[str]) -> tuple[list[str], list[str]]:
    """The files of up to LARGEST_SOURCE bytes, and the larger ones, which somebody's program has written."""
    small: list[str] = []
    large: list[str] = []
    for path in files:
        try:
            size = (workspace.path / path).stat().st_size
        except OSError:
            continue
        (small if size <= LARGEST_SOURCE else large).append(path)
    return small, large


def large_note(large: Sequence[str]) -> list[str]:
    """What is said of files that were left out for their size."""
    if not large:
        return []
    limit = LARGEST_SOURCE // 1_000_000
    return [f"{counted(len(large), 'file')} of more than {limit} MB left out, such as {large[0]}"]


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


def in_utf8(workspace: Workspace, files: Iterable[str]) -> tuple[list[str], list[str]]:
    """The files that are UTF-8, and the others, which some tools do not read."""
    good: list[str] = []
    others: list[str] = []
    for path in files:
        try:
            (workspace.path / path).read_bytes().decode("utf-8")
            good.append(path)
        except (OSError, ValueError):
            others.append(path)
    return good, others


def torn_toml(workspace: Workspace, *names: str) -> dict[str, str]:
    """Files of these names that are no TOML -> the parser's words."""
    found: dict[str, str] = {}
    for path in workspace.matching(*names):
        try:
            tomllib.loads(workspace.text(path))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            found[path] = str(error) or type(error).__name__
    return found


def is_template(workspace: Workspace, path: str) -> bool:
    """Whether a file that some parser refuses is meant to be filled in first."""
    cause = root_cause(workspace, path)
    return cause is not None and cause.is_meant


def fault(path: Path) -> tuple[int, str] | None:
    """The line and the words of what keeps it from being Python that parses, in whatever encoding it declares; else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(path.read_bytes())
    except SyntaxError as error:
        return error.lineno or 1, clean(error.msg or "a syntax error", 200)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return 1, clean(str(error) or type(error).__name__, 200)
    return None


def broken(path: str, why: str, tool: str, line: int = 1) -> Finding:
    """The finding for a file that does not parse."""
    return unparsable(path, why, line=line, tool=tool, severity=broken_severity(path))


def unread_code(ctx: Context) -> tuple[list[str], list[str]]:
    """Code that does not parse: what keeps the look from being whole, and what is only said of samples, templates and what is
    accepted."""
    torn = [one for one in ctx.findings if one.rule == "unparsable" and one.path.endswith(".py")]
    grave = [one.path for one in torn if one.severity is not Severity.LOW and not one.accepted]
    mild = len(torn) - len(grave)
    notes = [f"{counted(mild, 'sample or template', 'samples or templates')} could not be parsed"] if mild else []
    names = ", ".join(grave[:2]) + (", …" if len(grave) > 2 else "")
    return [f"{counted(len(grave), 'file')} that cannot be parsed ({names})"] if grave else [], notes


def judge(ctx: Context, fail_on: str, looked_at: str, **more: Any) -> Result:
    """As `judged`, but 'never' is allowed; nothing that this agent finds is critical. Code that does not parse is no pass."""
    ctx.metric(f"{ctx.task.partition(':')[0]}.findings", len(ctx.findings))
    gaps, notes = unread_code(ctx)
    more |= {"unchecked": [*more.get("unchecked", ()), *gaps], "notes": [*more.get("notes", ()), *notes]}
    if fail_on != "never":
        return judged(ctx, fail_on, looked_at, **more)
    result = judged(ctx, "critical", looked_at, **more)
    return replace(result, summary=result.summary.replace(", none at or above critical", "", 1))
