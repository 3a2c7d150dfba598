"""Git histories made of the released sources of well-known packages, with a regression planted in one commit."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TORN = "\n\ndef torn(:\n"


@dataclass(frozen=True)
class Recipe:
    """A package, its releases (oldest first), the line of `path` that is replaced from one commit on, and the test that fails then.

    `seed` says how the releases are cut into commits and in which one of them the line is replaced.
    """

    name: str
    versions: tuple[str, ...]
    path: str
    old: str
    new: str
    test: str
    seed: int = 0


@dataclass
class Made:
    """A repository: its commits in order, which one has the regression, and what else was done to it."""

    root: Path
    commits: list[str] = field(default_factory=list)
    culprit: str = ""
    test: str = ""
    notes: list[str] = field(default_factory=list)


def recipes(place: Path) -> list[Recipe]:
    """The recipes of a JSON file."""
    return [Recipe(**{**one, "versions": tuple(one["versions"])}) for one in json.loads(place.read_text("utf-8"))]


def sources(name: str, version: str, home: Path) -> Path:
    """The unpacked source of a release, downloaded with pip once."""
    place = home / f"{name}-{version}"
    if not any(place.glob("*.tar.gz")):
        place.mkdir(parents=True, exist_ok=True)
        words = ["pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([sys.executable, "-m", *words, "-d", str(place), f"{name}=={version}"], check=True, timeout=600)
    unpacked = place / "unpacked"
    if not unpacked.is_dir():
        with tarfile.open(next(place.glob("*.tar.gz"))) as archive:
            archive.extractall(place / "raw", filter="data")
        shutil.move(next((place / "raw").iterdir()), unpacked)
    return unpacked


def files_of(top: Path) -> dict[str, bytes]:
    """The files of a source tree by path; without those that packaging made."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(top).as_posix()
            if path.is_symlink() or ".egg-info/" in relative or relative.endswith((".pyc", ".so", ".orig")):
                continue
            found[relative] = path.read_bytes()
    return found


class Maker:
    """Makes the repository of a recipe."""

    def __init__(self, recipe: Recipe, home: Path, root: Path) -> None:
        self._recipe = recipe
        self._home = home
        self.made = Made(root, test=recipe.test)
        self._is_planted = False
        self._renamed: dict[str, str] = {}
        root.mkdir(parents=True)
        self._git("init", "-q", "-b", "main")
        (root / ".git" / "info").mkdir(exist_ok=True)
        (root / ".git" / "info" / "exclude").write_text("__pycache__/\n*.egg-info/\n")

    def make(self) -> Made:
        """All commits."""
        recipe = self._recipe
        releases = [files_of(sources(recipe.name, version, self._home)) for version in recipe.versions]
        chunks = [(0, "first", releases[0])]
        for number in range(1, len(releases)):
            parts = list(self._parts(releases[number - 1], releases[number]))
            chunks += [
                (number, f"{recipe.versions[number]} ({place + 1} of {len(parts)})", part)
                for place, part in enumerate(parts)
            ]
        plant = 2 + recipe.seed % (len(chunks) - 3)
        self._commit(chunks[0][2], f"{recipe.name} {recipe.versions[0]}")
        for place in range(2):
            self._commit({f"NOTES-{place}": b"notes\n"}, "Notes")
        for number in range(1, len(chunks)):
            _, words, part = chunks[number]
            if number == plant:
                self._is_planted = True
                part = {recipe.path: self._now(recipe.path), **part}
            is_side = (number + recipe.seed) % 3 == 0
            if is_side:
                self._git("checkout", "-q", "-b", f"side-{number}")
            sha = self._commit(part, f"{recipe.name} {words}")
            if number == plant:
                self.made.culprit = sha
            if is_side:
                self._git("checkout", "-q", "main")
                self._commit({f"MAIN-{number}": b"x\n"}, "Notes of main")
                self._git("merge", "-q", "--no-ff", "-m", f"Merge side-{number}", f"side-{number}")
                self.made.commits.append(self._git("rev-parse", "HEAD"))
            self._trouble(number, plant)
        for place in range(3):
            self._commit({f"END-{place}": b"x\n"}, "More notes")
        return self.made

    def _trouble(self, number: int, plant: int) -> None:
        """A commit that cannot be collected, one that cannot be installed, and a test file that gets another name."""
        recipe, root = self._recipe, self.made.root
        if (number + recipe.seed) % 4 == 1:
            text = (root / recipe.path).read_bytes()
            self._commit({recipe.path: text + TORN.encode()}, "Work in progress")
            self._commit({recipe.path: text}, "Mends it")
            self.made.notes.append("torn")
        setup = next((n for n in ("pyproject.toml", "setup.py") if (root / n).is_file()), "")
        if (number + recipe.seed) % 5 == 2 and setup:
            text = (root / setup).read_bytes()
            self._commit({setup: text + b"\n= (\n"}, "New build")
            self._commit({setup: text}, "Old build again")
            self.made.notes.append("not installable")
        path = recipe.test.partition("::")[0]
        if number == plant + 1 and recipe.seed % 2 and (root / path).is_file():
            fresh = re.sub(r"\.py$", "_too.py", path)
            self._git("mv", path, fresh)
            self._renamed[path] = fresh
            self._commit({}, "Another name for the tests")
            self.made.test = recipe.test.replace(path, fresh, 1)
            self.made.notes.append("renamed")

    def _parts(self, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[dict[str, bytes | None]]:
        """What differs between two releases, in parts: what is no code first, then code and its tests by their names."""
        changed = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
        code = [path for path in changed if path.endswith((".py", ".pyi", ".c"))]
        rest = [path for path in changed if path not in code]
        third = max(1, -(-len(code) // 3))
        for group in (rest[::2], code[:third], code[third : 2 * third], rest[1::2], code[2 * third :]):
            if group:
                yield {path: new.get(path) for path in group}

    def _now(self, path: str) -> bytes:
        return (self.made.root / path).read_bytes()

    def _commit(self, files: Mapping[str, bytes | None], subject: str) -> str:
        recipe = self._recipe
        for path, text in files.items():
            spot = self.made.root / self._renamed.get(path, path)
            if text is None:
                spot.unlink(missing_ok=True)
                continue
            if path == recipe.path and self._is_planted:
                lines = text.decode().split("\n")
                text = "\n".join(recipe.new if line == recipe.old else line for line in lines).encode()
            spot.parent.mkdir(parents=True, exist_ok=True)
            spot.write_bytes(text)
        self._git("add", "-A", "-f")
        self._git("commit", "-q", "--allow-empty", "-m", subject)
        self.made.commits.append(self._git("rev-parse", "HEAD"))
        return self.made.commits[-1]

    def _git(self, *words: str) -> str:
        given = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        command = ["git", "-C", str(self.made.root), "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *words]
        done = subprocess.run(command, check=True, env=given, capture_output=True, text=True)
        return done.stdout.strip()
