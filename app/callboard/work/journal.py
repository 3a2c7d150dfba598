"""All files or none: what files held before they were written, kept until the writing is known to be over."""

import json
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError

ENTRY = "journal.json"


class Journal:
    """The files of one change, in a folder of their own. A folder that is found later tells of a change that was cut off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(
        self, top: Path, paths: Sequence[str], facts: Mapping[str, Any], after: Mapping[str, bytes] | None
    ) -> None:
        """Copies what the files hold, to the disk; `after` is what they are expected to hold then."""
        self.folder.mkdir(mode=0o700, parents=True)
        files = []
        for number, path in enumerate(paths):
            place = top / path
            entry: dict[str, Any] = {"path": path, "copy": "", "mode": 0, "before": "", "after": None}
            if place.is_file():
                data = place.read_bytes()
                _write(self.folder / str(number), data)
                entry |= {
                    "copy": str(number),
                    "mode": stat.S_IMODE(place.stat().st_mode),
                    "before": sha256(data).hexdigest(),
                }
            if after is not None:
                entry["after"] = sha256(after[path]).hexdigest() if path in after else ""
            entry["made"] = _missing_parents(top, path)
            files.append(entry)
        _write(self.folder / ENTRY, json.dumps({"top": str(top), "files": files, "facts": dict(facts)}).encode())
        _flush(self.folder)
        _flush(self.folder.parent)

    @property
    def facts(self) -> dict[str, Any] | None:
        """What was said of the change; None when it was cut off before any file could be touched."""
        told = self._told()
        return dict(told["facts"]) if told else None

    def _told(self) -> dict[str, Any] | None:
        try:
            told = json.loads((self.folder / ENTRY).read_bytes())
        except (OSError, ValueError):
            return None
        return told if isinstance(told, dict) else None

    def put_back(self, *, certain: bool) -> list[str]:
        """Gives the files what they held; the paths that were left alone come back.

        Unless it is `certain` that nobody else wrote, a file with a content that is neither the former nor the expected
        one is left alone: somebody worked on it meanwhile.
        """
        told = self._told()
        if told is None:
            return []
        top = Path(told["top"])
        left: list[str] = []
        for entry in told["files"]:
            place = top / entry["path"]
            now = sha256(place.read_bytes()).hexdigest() if place.is_file() else ""
            if now == entry["before"]:
                continue
            if not certain and now != entry["after"]:
                left.append(entry["path"])
                continue
            if entry["copy"]:
                _replace(place, (self.folder / entry["copy"]).read_bytes(), entry["mode"])
            else:
                place.unlink(missing_ok=True)
            for folder in entry["made"]:
                try:
                    (top / folder).rmdir()
                except OSError:
                    break
        return left

    def end(self) -> None:
        """The change is over, one way or the other."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _missing_parents(top: Path, path: str) -> list[str]:
    """The folders of a path that are not there, the deepest first."""
    parents = [Path(path).parents[n].as_posix() for n in range(len(Path(path).parents) - 1)]
    return [parent for parent in parents if not (top / parent).exists()]


def _replace(place: Path, data: bytes, mode: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name[:100]}.callboard-{os.getpid()}")
    try:
        part.write_bytes(data)
        part.chmod(mode)
        part.replace(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CallboardError(f"{place} could not be put back: {error.strerror or error}") from error


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
