"""How a path may be spelled so that some file system takes it for another one: one plain form, and what protects it.

It imports nothing of Callboard, because the guard of child processes loads it by its place, in whatever Python they run.
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata

SHORT_GIT = re.compile(r"git~[1-9]\d*$")
STREAM = re.compile(r"^(\.git):.*$")


def parts_of(path: str) -> list[str] | None:
    """The parts of a relative path as the most lenient file system reads them; None when it leads out.

    Capital letters, Unicode forms, invisible characters, and dots and blanks at the end of a part do not tell files apart.
    """
    if "\0" in path or path.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[\\/]", path):
        return None
    found = []
    for part in re.split(r"[\\/]", path):
        if part in ("", "."):
            continue
        shown = "".join(letter for letter in folded(part) if unicodedata.category(letter) != "Cf")
        bare = shown.rstrip(" .")
        if not bare or set(bare) <= set(".") or ("/" in shown and ".." in shown.split("/")):
            return None
        found.append(bare)
    return found


def folded(text: str) -> str:
    """The text without what Unicode and capital letters can vary."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def lies_in_git(parts: list[str]) -> bool:
    """Whether a part of the path is git's own folder, however it is spelled."""
    return any(STREAM.sub(r"\1", part) == ".git" or SHORT_GIT.match(part) for part in parts)


def protector(path: str, patterns: tuple[str, ...] | list[str]) -> str:
    """The pattern that protects a relative path, '' when none does: of those that fit the last one counts, '!' takes out.

    It is asked for the path as it is written and for its plain form; that either is protected is enough.
    """
    raw = "/".join(part for part in path.replace("\\", "/").split("/") if part not in ("", ".")).casefold()
    forms = [raw, "/".join(parts_of(path) or ())]
    for form in dict.fromkeys(forms):
        fitting = [pattern for pattern in patterns if _fits(form, pattern[1:] if pattern.startswith("!") else pattern)]
        if fitting and not fitting[-1].startswith("!"):
            return fitting[-1]
    return ""


def _fits(plain: str, pattern: str) -> bool:
    folder = folded(pattern)
    folder = folder[2:] if folder.startswith("./") else folder
    folder = (folder[:-3] if folder.endswith("/**") else folder).rstrip("/")
    below = plain.startswith(folder + "/") or fnmatch.fnmatchcase(plain, folder + "/*")
    return below or fnmatch.fnmatchcase(plain, folder)
