"""Writes the sample workspace: its files with or without faults, its history, and an environment."""

import datetime
import hashlib
import shutil
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from callboard.demo.environment import make_environment, requirements
from callboard.demo.faults import SAMPLE, Edit, faults
from callboard.demo.history import History, commit_all
from callboard.errors import CallboardError, Refused
from callboard.settings import SAMPLE_MARK

SUFFIX = ".txt"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def make(target: Path, clean: Collection[str] | Literal["all"] = ()) -> None:
    """Writes the sample workspace into `target`, which must be empty or not be there, and commits it.

    `clean` names the faults that are left out, or is 'all'. The environment in `.venv` holds what the shop needs, as it is
    installed beside Callboard; nothing is fetched. Raises `Refused` for a target that holds something, `CallboardError` for
    an unknown fault or where git is missing. What was begun is taken away again.
    """
    known = faults()
    unknown = set(clean) - {fault.id for fault in known} if clean != "all" else set()
    if unknown:
        raise CallboardError(f"the sample has no fault '{min(unknown)}'; known: {', '.join(f.id for f in known)}")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Refused(f"{target} is no folder; name one that is empty or that is not there yet")
    if target.is_dir() and any(target.iterdir()):
        raise Refused(f"{target} is not empty; name a folder that is empty or that is not there yet")
    existed = target.is_dir()
    edits = [edit for fault in known if clean == "all" or fault.id in clean for edit in fault.clean]
    try:
        target.mkdir(parents=True, exist_ok=True)
        commit_all(target, History.read(), _texts(edits))
        (target / ".git" / SAMPLE_MARK).write_text(
            "made by `callboard demo`; the dashboard offers its guided tour here\n", "utf-8"
        )
        make_environment(target / ".venv")
    except BaseException:
        for entry in list(target.iterdir()) if target.is_dir() else ():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        if not existed and target.is_dir():
            target.rmdir()
        raise


def sample_files() -> Iterator[tuple[str, str]]:
    """The path in the workspace and the text of each file of the sample, with its faults and without its secrets."""
    for source in sorted(SAMPLE.rglob(f"*{SUFFIX}")):
        parts = source.relative_to(SAMPLE).as_posix().removesuffix(SUFFIX).split("/")
        yield (
            "/".join(f".{p.removeprefix('dot_')}" if p.startswith("dot_") else p for p in parts),
            source.read_text("utf-8"),
        )


def _texts(edits: Collection[Edit]) -> dict[str, str]:
    """The text of each file of the workspace after the edits, with all that is put in."""
    put_in = _put_in()
    texts = {"requirements.txt": requirements()}
    for path, text in [*sample_files(), *((edit.path, edit.add) for edit in edits if edit.add)]:
        own = [edit for edit in edits if edit.path == path]
        if any(edit.remove for edit in own):
            continue
        for edit in own:
            if edit.find:
                text = text.replace(edit.find, edit.replace)
        for name, value in put_in.items():
            text = text.replace(f"@@{name}@@", value)
        texts[path] = text
    return texts


def _put_in() -> Mapping[str, str]:
    """Made-up secrets, put together here so that none stands in a file of Callboard, and a day to come."""
    return {
        "password": "-".join(("Kandy", "7Q", "uva", "93", "Zx")),
        "key": _letters(b"session", 40),
        "other-key": _letters(b"another session", 40),
        "token": _token(b"teashop"),
        "former-token": _token(b"partner"),
        "in-30-days": str(datetime.date.today() + datetime.timedelta(days=30)),
    }


def _letters(seed: bytes, count: int) -> str:
    """As many letters and digits, always the same for a seed."""
    digest = hashlib.sha512(seed).digest()
    return "".join(DIGITS[byte % 62] for byte in digest[:count])


def _token(seed: bytes) -> str:
    """In the form of GitHub's tokens, with a valid check sum."""
    body = _letters(seed, 30)
    left, check = zlib.crc32(body.encode("ascii")), ""
    while left:
        left, digit = divmod(left, 62)
        check = DIGITS[digit] + check
    return "ghp" + "_" + body + check.rjust(6, "0")
