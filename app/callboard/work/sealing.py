"""Patches that take secrets out of files, kept without the secrets: marks stand for them until the patch is applied.

A kept patch is a stored file, and a removed line is part of it. So `seal` puts a mark in the place of each secret, and
`unseal` fills in what the workspace itself holds at that line, at the moment the patch is applied. Nothing that was kept
gives a secret away.
"""

import contextlib
import hmac
import os
import re
import secrets as dice
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError

KEY = "sealing.key"
SHORTEST = 3
LONGEST = 10_000
_MARK = re.compile(r"⟦secret (\d+)⟧")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class SealError(CallboardError):
    """A patch that cannot be sealed, or no longer be unsealed; the message says why, without a secret."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One line of a patch whose secrets are marks: `path` and `line` are the file's own before the patch.

    `digest` is the keyed hash of the whole line, by which a line that changed since is told.
    """

    path: str
    line: int
    digest: str


def sealing_key(data: Path) -> bytes:
    """The key of a data folder for hashes that nobody can try out without it; made once, readable by its owner alone."""
    place = data / KEY
    if not place.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = data / f".{KEY}.{os.getpid()}.{dice.token_hex(4)}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(dice.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, place)
        fresh.unlink()
    return place.read_bytes()


def keyed_hash(key: bytes, text: str) -> str:
    """32 hex digits that are the same for the same text and key; they say nothing else about the text."""
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), sha256).hexdigest()[:32]


def seal(patch: str, secrets: Sequence[str], key: bytes) -> tuple[str, list[dict[str, Any]]]:
    """The patch with a mark for each secret, and the seals (JSON objects) that `unseal` needs.

    git's hashes of the files go too. Raises `SealError` when an added line or a head holds a secret that no removed or
    kept line brings, for a secret of several lines or of fewer than SHORTEST characters, and for a patch that has marks already.
    """
    wanted = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    if any("\n" in secret or len(secret) < SHORTEST for secret in wanted):
        raise SealError("a secret of several lines, or a very short one, cannot be sealed")
    if _MARK.search(patch):
        raise SealError("the patch holds marks of seals already")
    if "\nGIT binary patch\n" in patch:
        raise SealError("the patch changes a binary file, whose content cannot be searched")
    marks = {secret: f"⟦secret {number}⟧" for number, secret in enumerate(wanted, 1)}
    seals: list[dict[str, Any]] = []
    brought: set[str] = set()
    out: list[str] = []
    for part in _parts(patch):
        sealed = _sealed(part.text, wanted, marks)
        if sealed != part.text and part.side == "":
            raise SealError("the head of a patch holds a secret")
        if sealed != part.text and part.side in "- ":
            brought.update(mark for mark in marks.values() if mark in sealed)
            seals.append({"path": part.path, "line": part.line, "digest": keyed_hash(key, part.text[1:])})
        out.append(sealed)
    text = "\n".join(out)
    if {mark[0] for mark in re.finditer(_MARK, text)} - brought:
        raise SealError("an added line holds a secret that the workspace would not have")
    return (_without_hashes(text) if seals else text), seals


def unseal(
    text: str, seals: Sequence[Mapping[str, Any]], read_line: Callable[[str, int], str | None], key: bytes
) -> str:
    """The patch with the secrets that the workspace holds now, to be applied at once and never kept.

    `read_line` gives a line of a file by its path and number (1-based), without its line feed; None when there is none. Raises
    `SealError` when a sealed line is not what it was, or the seals do not fit the patch.
    """
    known = {(str(entry.get("path")), entry.get("line")): str(entry.get("digest")) for entry in seals}
    values: dict[str, str] = {}
    parts = list(_parts(text))
    for part in parts:
        if part.side in ("-", " ") and _MARK.search(part.text):
            digest = known.get((part.path, part.line))
            present = read_line(part.path, part.line)
            if digest is None:
                raise SealError(f"line {part.line} of '{part.path}' has a mark and no seal")
            if present is None or not hmac.compare_digest(keyed_hash(key, present), digest):
                raise SealError(f"line {part.line} of '{part.path}' changed since the patch was made; make it again")
            _take(values, part, present)
    out = []
    for part in parts:
        missing = [mark[0] for mark in _MARK.finditer(part.text) if mark[0] not in values]
        if missing:
            raise SealError(f"nothing in the workspace brings {missing[0]}")
        out.append(_MARK.sub(lambda mark: values[mark[0]], part.text))
    return "\n".join(out)


@dataclass(frozen=True, slots=True)
class _Part:
    """A line of a patch; `side` is '-', '+', ' ', or '' outside of hunks; `line` that of the file before."""

    text: str
    side: str
    path: str
    line: int


def _parts(patch: str) -> Iterator[_Part]:
    path, line, old_left, new_left = "", 0, 0, 0
    for text in patch.split("\n"):
        side = text[:1] if (old_left or new_left) and text[:1] in ("-", "+", " ") else ""
        if side:
            yield _Part(text, side, path, line)
            old_left -= side != "+"
            new_left -= side != "-"
            line += side != "+"
            continue
        hunk = _HUNK.match(text)
        if hunk is not None:
            line = int(hunk[1])
            old_left, new_left = int(hunk[2] or 1), int(hunk[4] or 1)
            text = hunk[0]  # what git writes behind it is a line of the file, which may hold anything
        elif text.startswith("--- "):
            path = _path(text[4:])
        yield _Part(text, "", path, 0)


def _path(written: str) -> str:
    """The path of a '---' line: without 'a/', and unquoted where git quoted it."""
    written = written.rstrip("\t\r")
    if written.startswith('"') and written.endswith('"'):
        raw = re.sub(
            rb"\\([0-7]{3}|.)",
            lambda m: bytes([int(m[1], 8)]) if len(m[1]) == 3 else _ESCAPES.get(m[1], m[1]),
            written[1:-1].encode("utf-8", "surrogateescape"),
        )
        written = raw.decode("utf-8", "surrogateescape")
    return written.removeprefix("a/")


_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _sealed(text: str, wanted: Sequence[str], marks: Mapping[str, str]) -> str:
    for secret in wanted:
        text = text.replace(secret, marks[secret])
    return text


def _take(values: dict[str, str], part: _Part, present: str) -> None:
    """Reads what stands in the places of a line's marks; the line's hash was seen to be right."""
    pieces = _MARK.split(part.text[1:])
    pattern = "".join(re.escape(piece) if at % 2 == 0 else "(.+?)" for at, piece in enumerate(pieces))
    found = re.fullmatch(pattern, present, re.DOTALL) if len(present) <= LONGEST else None
    if found is None:
        raise SealError(f"line {part.line} of '{part.path}' does not fit its mark")
    for number, value in zip(pieces[1::2], found.groups(), strict=True):
        mark = f"⟦secret {number}⟧"
        if values.setdefault(mark, value) != value:
            raise SealError(f"line {part.line} of '{part.path}' is not clear about {mark}")


def _without_hashes(text: str) -> str:
    """Without git's `index` lines: they are hashes of whole files that anybody can try out."""
    return "\n".join(
        line for line in text.split("\n") if not re.fullmatch(r"index [0-9a-f]+\.\.[0-9a-f]+( \d+)?", line)
    )
