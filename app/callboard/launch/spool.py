"""What lies in the spool folder of an attempt, and the small records in it."""

import json
import os
from typing import Any

LOG = "output.log"
BEGAN = "began.json"
EXIT = "exit.json"
STOP = "stop.json"
OUTLIVES = "outlives.json"
LARGEST_RECORD = 65_536


def spool_folder(data: str, run: int, task: int, attempt: int) -> str:
    """Where an attempt keeps its output, messages and artefacts."""
    return f"{data}/attempts/{run}/{task}/{attempt}"


def scratch_folder(data: str, run: int, task: int, attempt: int) -> str:
    """Where an attempt may leave what nobody needs afterwards."""
    return f"{data}/scratch/{run}.{task}.{attempt}"


def make_folder(path: str) -> bool:
    """Makes a folder that only its owner may enter, and those above it; False when it was there."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    except FileNotFoundError:
        make_folder(os.path.dirname(path))
        return make_folder(path)
    return True


def write_record(folder: str, name: str, record: dict[str, Any], *, durable: bool = False) -> None:
    """Puts the whole record there at once; `durable` waits for the disk before it is seen."""
    path = f"{folder}/{name}"
    descriptor = os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, json.dumps(record).encode())
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(f"{path}.tmp", path)


def append_line(folder: str, name: str, line: bytes) -> None:
    """Adds a line to a file of the folder; never through a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(f"{folder}/{name}", flags, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def read_record(folder: str, name: str) -> dict[str, Any] | None:
    """The record, {} when it is there and says nothing that can be read, None when it is not there."""
    try:
        descriptor = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return parse_record(os.read(descriptor, LARGEST_RECORD))
    except OSError:
        return {}
    finally:
        os.close(descriptor)


def parse_record(text: bytes) -> dict[str, Any]:
    """The object in a JSON text, {} for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
