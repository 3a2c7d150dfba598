"""The environment of the sample: what the shop needs, copied from what is installed beside Callboard."""

import re
import shutil
import sysconfig
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

WANTED = ("fastapi", "pydantic", "pyyaml", "uvicorn", "websockets", "httpx", "pytest", "coverage")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HEAD = "# Made by `callboard demo` from what is installed beside Callboard.\n"


def make_environment(place: Path) -> None:
    """A virtual environment with these packages and nothing else; takes a moment and no network."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(place)
    names = {"base": str(place), "platbase": str(place), "installed_base": str(place), "installed_platbase": str(place)}
    own = Path(sysconfig.get_path("purelib", scheme="venv", vars=names))
    own.mkdir(parents=True, exist_ok=True)
    for found in installed():
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            if ".." not in file.parts and source.is_file():
                (own / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, own / file)


def requirements() -> str:
    """All of them with their exact versions, as a lock."""
    return HEAD + "".join(f"{found.metadata['Name'].lower()}=={found.version}\n" for found in installed())


def installed() -> list[Distribution]:
    """The packages that the shop wants and those that they need in turn, by name; what is not here is left out."""
    found: dict[str, Distribution] = {}
    waiting = [(_normal(word), _extras(word)) for word in WANTED]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        waiting += _needed(found[name], extras)
    return [found[name] for name in sorted(found)]


def _needed(one: Distribution, extras: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a package requires, without conditions or for one of the extras."""
    for line in one.requires or ():
        words, _, condition = line.partition(";")
        asked = re.findall(r"extra\s*==\s*[\"']([^\"']+)[\"']", condition)
        if not asked or any(extra in extras for extra in asked):
            yield _normal(words), _extras(words)


def _normal(words: str) -> str:
    match = NAME.match(words.strip())
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


def _extras(words: str) -> tuple[str, ...]:
    match = re.search(r"\[([^\]]*)\]", words)
    return tuple(sorted(part.strip() for part in match[1].split(","))) if match else ()
