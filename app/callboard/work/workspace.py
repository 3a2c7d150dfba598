"""A read-only view of a workspace: which files there are, and their text within bounds."""

import fnmatch
import os
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

IGNORED = frozenset(
    ".git .hg .svn .venv venv env node_modules __pycache__ .mypy_cache .pytest_cache .ruff_cache .tox .nox "
    ".eggs dist build .next .nuxt .svelte-kit coverage htmlcov .idea .vscode site-packages .callboard".split()
)
AMBIGUOUS = frozenset(["build", "env", "dist", "coverage"])
MOST_FILES = 200_000
LARGEST_TEXT = 2_000_000
GIT_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit")


class Workspace:
    """What lies in a directory, without running anything of it. `config` holds the tables of its `callboard.toml`, checked."""

    def __init__(self, path: Path, config: Mapping[str, Any] | None = None) -> None:
        self.path = path.resolve()
        self.config: Mapping[str, Any] = config or {}

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Relative paths with forward slashes, sorted: what git tracks or does not ignore, else a walk.

        Vendored and generated folders (`IGNORED`), links and names that are not valid UTF-8 are left out; at most MOST_FILES.
        A folder such as `build` that git knows and that is a Python package is the team's own.
        """
        listed = self._git_files()
        found = listed if listed is not None else self._walked()
        names = list(found)
        packages = (
            {folder for name in names if (folder := name.removesuffix("/__init__.py")) != name} if listed else set()
        )
        kept: list[str] = []
        for name in names:
            if len(kept) >= MOST_FILES:
                break
            if _is_text_name(name) and not _is_generated(name, packages):
                kept.append(name)
        return tuple(sorted(set(kept)))

    def _git_files(self) -> list[str] | None:
        if not (self.path / ".git").exists():
            return None
        command = ["git", *GIT_SAFE, "-C", str(self.path), "ls-files", "-z", "-co", "--exclude-standard"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError):
            return None
        if done.returncode != 0:
            return None
        names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
        return [n for n in names if _is_text_name(n) and (self.path / n).is_file() and not (self.path / n).is_symlink()]

    @cached_property
    def git_trouble(self) -> str:
        """Why git does not answer about a workspace that is a repository, with the mend; '' when it does, and for no repository."""
        if not (self.path / ".git").exists():
            return ""
        command = ["git", *GIT_SAFE, "-C", str(self.path), "rev-parse", "--git-dir"]
        plain = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL, env=plain
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"git could not be run: {type(error).__name__}"
        told = done.stderr.decode("utf-8", "replace")
        if "dubious ownership" in told:
            return f"git refuses a repository of another user; git config --global --add safe.directory '{self.path}'"
        return f"git does not answer: {told.strip()[-300:]}" if done.returncode else ""

    def _walked(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self.path, followlinks=False):
            folders[:] = sorted(f for f in folders if f not in IGNORED)
            base = Path(folder).relative_to(self.path).as_posix()
            for name in names:
                full = os.path.join(folder, name)
                if os.path.isfile(full) and not os.path.islink(full):
                    yield name if base == "." else f"{base}/{name}"

    def matching(self, *patterns: str) -> list[str]:
        """The files whose path, or whose name, fits one of the glob patterns ('*.py', 'Dockerfile*', '.github/workflows/*.yml')."""
        found = []
        for path in self.files:
            name = path.rsplit("/", 1)[-1]
            if any(fnmatch.fnmatchcase(path if "/" in p else name, p) for p in patterns):
                found.append(path)
        return found

    def has(self, *patterns: str) -> bool:
        """Whether any file fits."""
        return bool(self.matching(*patterns))

    def text(self, path: str, longest: int = LARGEST_TEXT) -> str:
        """The text of a file, at most `longest` bytes, bad bytes replaced; '' when it cannot be read."""
        try:
            target = (self.path / path).resolve()
            target.relative_to(self.path)
            with open(target, "rb") as file:
                return file.read(longest).decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""

    def toml(self, path: str) -> dict[str, Any]:
        """The tables of a TOML file; {} when it is missing or cannot be parsed."""
        try:
            return tomllib.loads(self.text(path))
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}

    def ini(self, path: str, *sections: str) -> dict[str, str]:
        """The first of the sections that the INI file has, with its values; {} when it has none or cannot be parsed."""
        from configparser import ConfigParser, Error

        parser = ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(self.text(path))
        except Error:
            return {}
        for section in sections:
            if parser.has_section(section):
                return dict(parser.items(section)) or {"": ""}
        return {}

    def folders_with(self, *names: str) -> list[str]:
        """Folders ('' for the top) that hold a file of one of these names, sorted, the top first."""
        return sorted({p.rsplit("/", 1)[0] if "/" in p else "" for p in self.matching(*names)})


def _is_generated(name: str, packages: set[str]) -> bool:
    """Whether it lies in a folder of `IGNORED` that is not one of the packages with an ambiguous name."""
    parts = name.split("/")
    if IGNORED.isdisjoint(parts):
        return False
    for depth, part in enumerate(parts[:-1], 1):
        if part in IGNORED and not (part in AMBIGUOUS and "/".join(parts[:depth]) in packages):
            return True
    return parts[-1] == ".git"


def _is_text_name(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\n" not in name and "\0" not in name
