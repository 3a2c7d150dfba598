"""Writes the sample workspace: its files with or without faults, an environment, and one commit."""

import hashlib
import os
import shutil
import subprocess
import sysconfig
import venv
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from callboard.demo.faults import SAMPLE, Edit, faults
from callboard.errors import CallboardError, Refused

SUFFIX = ".txt"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
EXECUTABLE = ("scripts/backup.sh",)
IDENTITY = ("-c", "user.name=Teashop", "-c", "user.email=teashop@example.invalid")
QUIET_GIT = (
    "-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null", "-c", "core.excludesFile=/dev/null",
    "-c", "core.autocrlf=false", "-c", "commit.gpgSign=false", "-c", "init.templateDir=",
)  # fmt: skip


def make(target: Path, clean: Collection[str] | Literal["all"] = ()) -> None:
    """Writes the sample workspace into `target`, which must be empty or not be there, and commits it.

    `clean` names the faults that are left out, or is 'all'. The environment in `.venv` sees the packages of the interpreter
    that runs this; nothing is installed. Raises `Refused` for a target that holds something, `CallboardError` for an
    unknown fault or where git is missing. What was begun is taken away again.
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
        _write(target, edits)
        _commit(target)
        _environment(target / ".venv")
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


def _write(target: Path, edits: Collection[Edit]) -> None:
    for path, text in sample_files():
        own = [edit for edit in edits if edit.path == path]
        if any(edit.remove for edit in own):
            continue
        for edit in own:
            text = text.replace(edit.find, edit.replace)
        for name, value in _secrets().items():
            text = text.replace(f"@@{name}@@", value)
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        if path in EXECUTABLE:
            place.chmod(0o755)


def _secrets() -> dict[str, str]:
    """Made up, and put together here so that none stands in a file of Callboard; the token has a valid check sum."""
    body = "".join(DIGITS[byte % 62] for byte in hashlib.sha256(b"teashop").digest()[:30])
    left, check = zlib.crc32(body.encode("ascii")), ""
    while left:
        left, digit = divmod(left, 62)
        check = DIGITS[digit] + check
    return {"password": "-".join(("Kandy", "7Q", "uva", "93", "Zx")), "token": "ghp" + "_" + body + check.rjust(6, "0")}


def _commit(target: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Open the shop"]):
        command = ["git", *QUIET_GIT, *IDENTITY, "-C", str(target), *words]
        try:
            done = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
            )
        except FileNotFoundError as error:
            raise CallboardError("the sample workspace needs git, which is not installed") from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise CallboardError(f"git {words[0]} failed in {target}: {said}")


def _environment(place: Path) -> None:
    """An environment of its own that sees what is installed beside Callboard; takes a moment and no network."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(place)
    packages = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    names = {"base": str(place), "platbase": str(place), "installed_base": str(place), "installed_platbase": str(place)}
    own = Path(sysconfig.get_path("purelib", scheme="venv", vars=names))
    own.mkdir(parents=True, exist_ok=True)
    (own / "callboard-demo.pth").write_text("".join(f"{folder}\n" for folder in packages), "utf-8")
