"""The patterns by which a schema names several task files: `**`, `*`, `?`, `[…]`, `{a,b}` and `@(a|b)`."""

import os
import re
from collections.abc import Sequence

from callboard.link.openspec import reach
from callboard.link.openspec.reach import Entry, Unreadable

LONGEST = 200
MOST_PATTERNS = 100
MOST_STARS = 4
DYNAMIC = re.compile(r"\*|\[[^\]]+\]|\{[^}]+\}|[\].+)]\?")
EXTGLOB = re.compile(r"[!*+?@]\([^(]*\)")


def is_glob(pattern: str) -> bool:
    """Whether OpenSpec takes it for a pattern."""
    pattern = pattern.replace("\\", "/")
    if any(sign in pattern for sign in "*?[") or EXTGLOB.search(pattern):
        return True
    opened: list[int] = []
    for index, sign in enumerate(pattern):
        if sign == "{":
            opened.append(index)
        elif sign == "}" and opened:
            inner = pattern[opened.pop() : index]
            if "," in inner or ".." in inner:
                return True
    return False


def matching(pattern: str, folder: str, entries: Sequence[Entry]) -> list[str]:
    """The names of the files that fit, sorted, each real file once; raises `ValueError` for a pattern that is not read here."""
    pattern = pattern.replace("\\", "/")
    while pattern.startswith("./"):
        pattern = pattern[2:]
    if len(pattern) > LONGEST:
        raise ValueError("which is too long a pattern")
    if pattern.startswith("!") and not pattern.startswith("!("):
        return []
    fitting = [(re.compile(_regex(one)), _base(one)) for one in expanded(pattern)]
    found: dict[str, str] = {}
    for name, kind in _candidates(folder, entries):
        if not any(name.startswith(base) and regex.fullmatch(name) for regex, base in fitting):
            continue
        path = os.path.join(folder, name)
        if kind == "link" and not os.path.isfile(path):
            continue
        try:
            found.setdefault(reach.inside(path, folder), name)
        except Unreadable:
            found.setdefault(path, name)
    return sorted(found.values())


def _base(pattern: str) -> str:
    """The folder in which OpenSpec looks, with '/' or ''; a lone `?` in it stands for itself there."""
    parts = pattern.split("/")[:-1]
    while parts and (DYNAMIC.search("/".join(parts)) or EXTGLOB.search("/".join(parts))):
        parts.pop()
    return "".join(f"{part}/" for part in parts)


def expanded(pattern: str) -> list[str]:
    """The patterns without braces."""
    waiting, found = [pattern], list[str]()
    while waiting:
        one = waiting.pop()
        place = re.search(r"\{([^{}]*)\}", one)
        while place and "," not in place[1] and not re.fullmatch(r"\w+\.\.\w+", place[1]):
            place = re.compile(r"\{([^{}]*)\}").search(one, place.end())
        if not place:
            found.append(one)
        else:
            waiting += [one[: place.start()] + word + one[place.end() :] for word in _words(place[1])]
        if len(waiting) + len(found) > MOST_PATTERNS:
            raise ValueError("which stands for too many patterns")
    return found


def _words(inner: str) -> list[str]:
    if "," in inner:
        return inner.split(",")
    first, _, last = inner.partition("..")
    if first.isdecimal() and last.isdecimal() and abs(int(last) - int(first)) < MOST_PATTERNS:
        step = 1 if int(last) >= int(first) else -1
        return [str(number) for number in range(int(first), int(last) + step, step)]
    if len(first) == len(last) == 1:
        step = 1 if last >= first else -1
        return [chr(code) for code in range(ord(first), ord(last) + step, step)]
    raise ValueError("which holds a range that is not read here")


def _candidates(folder: str, entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """All files, also those behind links to folders inside of the change."""
    found = [(entry.name, entry.kind) for entry in entries if entry.kind in ("file", "link")]
    for entry in entries:
        path = os.path.join(folder, entry.name)
        if entry.kind != "link" or not os.path.isdir(path):
            continue
        try:
            real = reach.inside(path, folder)
            found += [
                (f"{entry.name}/{other.name}", "link") for other in reach.walk(real, 2_000) if other.kind == "file"
            ]
        except (OSError, Unreadable):
            continue
    return found


def _regex(pattern: str) -> str:
    parts = pattern.split("/")
    built = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            built += r"(?:(?!\.)[^/]+/)*+(?!\.)[^/]+" if last else r"(?:(?!\.)[^/]+/)*"
            continue
        built += _segment(part) + ("" if last else "/")
    return built


def _segment(part: str) -> str:
    if part.count("*") > MOST_STARS:
        raise ValueError("which has too many stars")
    built, index, closing = "", 0, list[str]()
    guard = r"(?!\.)(?=.)" if part[:1] in ("*", "?", "[") or EXTGLOB.match(part) else ""
    while index < len(part):
        sign = part[index]
        if sign in "!*+?@" and part[index + 1 : index + 2] == "(" and ")" in part[index:]:
            if sign == "!":
                raise ValueError("which says what does not fit")
            closing.append("" if sign == "@" else sign)
            built += "(?:"
            index += 2
            continue
        if sign == ")" and closing:
            built += ")" + closing.pop()
        elif sign == "|" and closing:
            built += "|"
        elif sign == "*":
            while part[index + 1 : index + 2] == "*":
                index += 1
            built += "[^/]*"
        elif sign == "?":
            built += "[^/]"
        elif sign == "[" and (end := part.find("]", index + 2)) > 0:
            inner = part[index + 1 : end]
            negated = inner[0] in "!^"
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
            built += f"[{'^/' if negated else ''}{body}]"
            index = end
        else:
            built += re.escape(sign)
        index += 1
    if closing:
        raise ValueError("which is not closed")
    try:
        re.compile(built)
    except re.error as error:
        raise ValueError("which is no pattern") from error
    return guard + built
