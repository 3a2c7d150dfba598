"""The versions of the machine's tools, asked once for all tests: to ask them anew for each data folder takes seconds."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

VERSIONS = Path("cache", "versions.json")


def _shared() -> Path:
    return Path(tempfile.gettempdir()) / f"callboard-tests-{os.getuid()}" / VERSIONS.name


def lend(data: Path) -> None:
    """Gives a new data folder what is known; the program itself checks that each tool is still the same file."""
    with suppress(OSError):
        known = _shared().read_bytes()
        (data / VERSIONS).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / VERSIONS).write_bytes(known)


def keep(data: Path) -> None:
    """Keeps what this data folder has learned for others."""
    with suppress(OSError):
        _shared().parent.mkdir(mode=0o700, exist_ok=True)
        part = _shared().with_name(f"{os.getpid()}.part")
        shutil.copyfile(data / VERSIONS, part)
        part.replace(_shared())
