"""Which files of the workspace a command starts, by its words: a script, a module, a script of package.json, a target of make."""

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Sequence

MOST_WORDS = 200
DEEPEST = 3
_SHELLS = re.compile(r"(?:ba|da|z|k)?sh$")
_PYTHON = re.compile(r"python[\d.]*$")
_RUNS = ("run", "run-script", "exec")
_WRAPPERS = (
    "env", "nice", "ionice", "time", "timeout", "nohup", "stdbuf", "xvfb-run", "uv", "poetry", "pipenv", "pdm", "hatch", "rye",
    "bundle", "dotenv", "tox", "nox",
)  # fmt: skip
_OF_WRAPPER = re.compile(r"-.*|[A-Za-z_]\w*=.*|\d+(?:\.\d+)?[smhd]?|run|exec")
_TARGET = re.compile(r"^([^\s:#=][^:#=]*):(?!=)([^=]*)$")


def started_by(
    argv: Sequence[str], folder: str, paths: Collection[str], text: Callable[[str], str], deep: int = 0
) -> tuple[str, ...]:
    """The files, in the order in which they are named. `paths` are those of the workspace, `text` reads one."""
    if deep > DEEPEST:
        return ()
    return tuple(dict.fromkeys(_started(list(argv[:MOST_WORDS]), folder, paths, text, deep)))


def _started(
    argv: list[str], folder: str, paths: Collection[str], text: Callable[[str], str], deep: int
) -> Iterator[str]:
    argv = _unwrapped(argv)
    program = posixpath.basename(argv[0]) if argv else ""
    after = argv[1:]
    for nth, word in enumerate(argv):
        path = _path(folder, word)
        if path in paths:
            yield path
        elif word == "-m" and _PYTHON.search(program) and nth + 1 < len(argv):
            yield from _module(argv[nth + 1], folder, paths)
        elif word == "-c" and _SHELLS.match(program) and nth + 1 < len(argv):
            yield from _of_words(argv[nth + 1], folder, paths, text, deep)
    if program in ("npm", "pnpm", "yarn"):
        named = [word for word in after if not word.startswith("-")]
        names = named[1:2] if named[:1] and named[0] in _RUNS else named[:1]
        for name in names:
            yield from _of_package(name, folder, paths, text, deep)
    elif program in ("make", "gmake"):
        for target in [word for word in after if not word.startswith("-") and "=" not in word] or [""]:
            yield from _of_make(target, folder, paths, text, deep)


def _unwrapped(argv: list[str]) -> list[str]:
    """The words without what only sets up the program: `env NAME=value`, `timeout 60`, `poetry run` and the like."""
    while argv and posixpath.basename(argv[0]) in _WRAPPERS:
        argv = argv[1:]
        while argv and _OF_WRAPPER.fullmatch(argv[0]):
            argv = argv[1:]
    return argv


def _path(folder: str, word: str) -> str:
    return posixpath.normpath(posixpath.join(folder, word)) if word and not word.startswith(("-", "/")) else ""


def _module(name: str, folder: str, paths: Collection[str]) -> Iterator[str]:
    base = name.replace(".", "/")
    for start in ("", "src"):
        stem = posixpath.normpath(posixpath.join(folder, start, base))
        yield from (path for path in (f"{stem}.py", f"{stem}/__main__.py") if path in paths)


def _of_words(line: str, folder: str, paths: Collection[str], text: Callable[[str], str], deep: int) -> Iterator[str]:
    """Of a line for a shell: each of its commands."""
    for part in re.split(r"&&|\|\||[;|&\n]", line[:4_000]):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        while words and re.match(r"\w+=", words[0]):
            words = words[1:]
        if words:
            yield from started_by(words, folder, paths, text, deep + 1)


def _of_package(name: str, folder: str, paths: Collection[str], text: Callable[[str], str], deep: int) -> Iterator[str]:
    place = _path(folder, "package.json")
    if place not in paths:
        return
    try:
        scripts = json.loads(text(place)).get("scripts", {})
        line = scripts.get(name, "")
    except (ValueError, RecursionError, AttributeError):
        return
    if isinstance(line, str):
        yield from _of_words(line, folder, paths, text, deep)


def _of_make(target: str, folder: str, paths: Collection[str], text: Callable[[str], str], deep: int) -> Iterator[str]:
    """Of a target, or of the first one: what it is made of, and what its lines run."""
    place = next(
        (path for path in (_path(folder, name) for name in ("Makefile", "makefile", "GNUmakefile")) if path in paths),
        "",
    )
    inside = False
    for line in text(place).splitlines() if place else ():
        head = _TARGET.match(line)
        if head is not None and not line.startswith("."):
            inside = target in head[1].split() or (not target and not inside)
            target = target or (head[1].split() or [""])[0]
            for name in head[2].split() if inside else ():
                path = _path(folder, name)
                if path in paths:
                    yield path
                elif name != target and deep < DEEPEST:
                    yield from _of_make(name, folder, paths, text, deep + 1)
        elif inside and line.startswith("\t"):
            yield from _of_words(line.strip().lstrip("@-+"), folder, paths, text, deep)
