"""Copies of the workspace to run its code in, so that nothing is written into the workspace itself."""

import os
import shutil
import subprocess
from pathlib import Path

from callboard.work.environments.shapes import NoEnvironment

LARGEST_COPY = 1_000_000_000
NOT_COPIED = frozenset(
    ".git .hg .svn .venv venv node_modules __pycache__ .mypy_cache .pytest_cache .ruff_cache .tox .nox".split()
)


def copy_tree(source: Path, target: Path) -> None:
    """Copies the workspace without caches, environments and history, links as links.

    Raises `NoEnvironment` when it is larger than LARGEST_COPY bytes.
    """
    total = 0

    def copied(origin: str, place: str) -> str:
        nonlocal total
        total += os.path.getsize(origin)
        if total > LARGEST_COPY:
            raise NoEnvironment(
                f"the workspace has more than {LARGEST_COPY // 1_000_000} MB to copy", "make an environment in .venv"
            )
        return str(shutil.copy2(origin, place))

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in NOT_COPIED or _is_odd(os.path.join(folder, name))}

    try:
        shutil.copytree(source, target, symlinks=True, ignore=left_out, copy_function=copied)
    except (OSError, shutil.Error, subprocess.SubprocessError) as error:
        raise NoEnvironment(
            f"the workspace could not be copied: {str(error)[:300]}", "make an environment in .venv"
        ) from error


def _is_odd(path: str) -> bool:
    """Whether it is a virtual environment, or neither file, folder nor link."""
    if os.path.islink(path) or os.path.isfile(path):
        return False
    return not os.path.isdir(path) or os.path.isfile(os.path.join(path, "pyvenv.cfg"))
