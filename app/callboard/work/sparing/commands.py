"""What a command would do, as far as its words tell, and the script of `package.json` that it only names."""

import json
import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError

RUNNERS = frozenset({"npm", "pnpm", "yarn", "bun"})
ITSELF = frozenset({"start", "test", "stop", "restart"})
LARGEST = 1_000_000
MOST_SCRIPTS = 20


def check_command(boundary: Boundary, words: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
    """Raises `BoundaryError` for a command, or a script behind it, that would take a protected port or names what is live."""
    boundary.check_words(words)
    boundary.check_environment(env or {})
    for name, inner in scripts(words, folder):
        try:
            boundary.check_words(inner)
        except BoundaryError as error:
            plain = str(error).removesuffix(f" (rule: {error.rule})")
            raise BoundaryError(f"the script '{name}' of package.json: {plain}", error.rule) from error


def scripts(words: Sequence[str], folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The scripts that `npm run NAME` and its like lead to, those that these run in turn too, with the words given at the end."""
    name, more = _named(words)
    known = _scripts_of(folder) if name else {}
    seen: set[str] = set()
    waiting = [(name, more)]
    while waiting and len(seen) < MOST_SCRIPTS:
        name, more = waiting.pop()
        text = known.get(name)
        if name in seen or not isinstance(text, str):
            continue
        seen.add(name)
        for place, part in enumerate(parts := re.split(r"&&|\|\||[;|&\n]", text[:10_000])):
            inner = _split(part) + (more if place == len(parts) - 1 else [])
            yield name, inner
            waiting.append(_named(inner))


def _named(words: Sequence[str]) -> tuple[str, list[str]]:
    """The script that a command names, '' for none, and the words that are handed to it."""
    plain = [word for word in words if "=" not in word or word.startswith("-")]
    if not plain or plain[0].rsplit("/", 1)[-1] not in RUNNERS:
        return "", []
    handed = list(plain[plain.index("--") + 1 :]) if "--" in plain else []
    named = [word for word in plain[1:] if not word.startswith("-")]
    if named[:1] == ["run"] or named[:1] == ["run-script"]:
        named = named[1:]
    elif named and named[0] not in ITSELF and plain[0].rsplit("/", 1)[-1] == "npm":
        return "", []
    return (named[0], handed) if named else ("", [])


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _scripts_of(folder: Path) -> Mapping[str, object]:
    try:
        handle = os.open(folder / "package.json", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            known = os.fstat(handle)
            text = os.read(handle, LARGEST) if stat.S_ISREG(known.st_mode) and known.st_size <= LARGEST else b""
        finally:
            os.close(handle)
        found = json.loads(text or b"{}").get("scripts")
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
