"""Files of strangers opened carefully: within the workspace unless an absolute path was written down, regular, bounded."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from callboard.errors import CallboardError


def place_of(workspace: Path, written: str) -> Path:
    """Where a path of `callboard.toml` leads; raises `CallboardError` when a link leads it out of the workspace.

    An absolute path is what a person wrote down on purpose, and may lie anywhere.
    """
    if written.startswith("/"):
        return Path(written)
    place = workspace / written
    try:
        whole, root = place.resolve(), workspace.resolve()
    except (OSError, RuntimeError) as error:
        raise CallboardError(f"'{written}' is a link that leads in a circle") from error
    if not whole.is_relative_to(root):
        raise CallboardError(
            f"'{written}' is a link that leads out of the workspace; write the absolute path if you mean it"
        )
    return whole


def open_regular(place: Path) -> BinaryIO:
    """Opens a regular file for reading, never waiting for a pipe; raises `CallboardError` in words."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError as error:
        raise CallboardError(f"there is no '{place.name}' yet") from error
    except OSError as error:
        raise CallboardError(f"'{place.name}' cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise CallboardError(f"'{place.name}' is no file that can be read")
    return os.fdopen(handle, "rb")
