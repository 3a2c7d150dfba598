"""What keeps a file from being what its name says, as far as its own bytes tell: the same words for whoever stumbles over it."""

import ast
import re
import warnings
from dataclasses import dataclass

from callboard.work.finding import clean
from callboard.work.workspace import Workspace

MOST_READ = 1_000_000
POINTER = b"version https://git-lfs.github.com/spec/"
_MARKS = re.compile(r"^(?:<{7}|>{7})(?= |$)", re.MULTILINE)
_STATEMENT = re.compile(r"^[^\S\n]*(?:#[^\S\n]*)?\{%[-+]?\s*[a-z]+\b[^\n]*%\}", re.MULTILINE)
_VALUE = re.compile(r"\{\{-?\s*[\w.$]+[^{}\n]*\}\}")
_PLACE = re.compile(r"\{[{%].*[}%]\}|\.(?:j2|jinja2?|tmpl|tpl)$")
_DATA = (".json", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".txt")
_PYTHON_2 = re.compile(
    r"^[^\S\n]*(?:print[^\S\n]*(?:>>|[\"'`])|except[^\S\n]+[\w.()][\w.() \t,]*,[^\S\n]*\w+[^\S\n]*:"
    r"|exec[^\S\n]+[\"'\w]+[^\S\n]+in\b|raise[^\S\n]+[\w.]+,[^\S\n]*\S)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class RootCause:
    """`why` in words that go on 'it cannot be read: …', what mends it, and where (0 when it is the whole file).

    `is_meant` when the file is so on purpose, as a template is.
    """

    why: str
    mend: str
    line: int = 0
    is_meant: bool = False


def root_cause(workspace: Workspace, path: str) -> RootCause | None:
    """The reason that anybody can see in a file that some reader refuses; None when only the reader can tell."""
    try:
        with open(workspace.path / path, "rb") as file:
            raw = file.read(MOST_READ)
    except (OSError, ValueError):
        return None
    if raw.startswith(POINTER):
        return RootCause("it is a pointer of Git LFS, its content was not fetched", "run 'git lfs pull'")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return RootCause("it is UTF-16", "save it as UTF-8", 1)
    if b"\0" in raw:
        return RootCause(
            "it is binary", "put the text back, or give it another name", raw.count(b"\n", 0, raw.index(b"\0")) + 1
        )
    text = raw.decode("utf-8", "replace")
    marks = list(_MARKS.finditer(text))
    if {match[0][0] for match in marks} == {"<", ">"}:
        line = text.count("\n", 0, marks[0].start()) + 1
        return RootCause("it holds the marks of a merge conflict", "choose a side at each mark", line)
    is_filled = _STATEMENT.search(text) or (path.endswith(_DATA) and _VALUE.search(text))
    if is_filled or _PLACE.search(path):
        return RootCause(
            "it is a template, which becomes readable when it is filled in", "check what is made of it", is_meant=True
        )
    old = _PYTHON_2.search(text) if path.endswith(".py") else None
    if old is not None:
        line = text.count("\n", 0, old.start()) + 1
        return RootCause("it is written in Python 2", "port it to Python 3, or leave it out of the checks", line)
    return _by_parser(raw) if path.endswith(".py") and len(raw) < MOST_READ else None


def _by_parser(raw: bytes) -> RootCause | None:
    """The words of the parser of this Python, in whatever encoding the file declares; None when it has nothing against it."""
    mend = "mend the file; until then nothing that reads it can be checked"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(raw)
    except SyntaxError as error:
        return RootCause(
            f"no Python that can be parsed ({clean(error.msg or 'a syntax error', 200)})", mend, error.lineno or 1
        )
    except (ValueError, RecursionError, MemoryError) as error:
        return RootCause(f"no Python that can be parsed ({clean(str(error) or type(error).__name__, 200)})", mend, 1)
    return None
