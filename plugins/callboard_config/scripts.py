"""Where JavaScript and TypeScript read settings: by patterns over code whose comments and strings are blanked."""

import re

from callboard_config.read import Read, Reads

BUILT_IN = frozenset({"MODE", "BASE_URL", "PROD", "DEV", "SSR", "NODE_ENV"})

_DOTTED = re.compile(r"\b(process\.env|import\.meta\.env|Bun\.env)(?:\?\.|\.)([A-Za-z_]\w*)")
_INDEXED = re.compile(r"""\b(process\.env|import\.meta\.env|Bun\.env)(?:\?\.)?\[\s*(?:(['"`])([A-Za-z_]\w*)\2\s*\]|)""")
_CALLED = re.compile(r"""\b(Deno\.env\.get)\(\s*(['"`])([A-Za-z_]\w*)\2""")
_TAKEN_APART = re.compile(r"\{([^{}]{1,2000})\}\s*=\s*(process\.env|import\.meta\.env)\b")
_DEFAULT_AFTER = re.compile(r"\s*[)\]]*\s*(\|\||\?\?|\?[^.]|&&|===?|!==?)")
_ASSIGNED_AFTER = re.compile(r"\s*(\|\||\?\?|&&)?=(?![=>])")
_ASKED_BEFORE = re.compile(r"(!!?\s*|\bif\s*\(\s*|\bBoolean\(\s*|\btypeof\s+|\bdelete\s+)$")


def script_reads(source: str, path: str) -> Reads:
    """The reads of one file; a script goes on without a setting, so none is required."""
    plain = blanked(source)
    found: list[tuple[int, str, str, bool]] = []
    sets: list[str] = []
    dynamic: list[int] = []
    for match in _DOTTED.finditer(plain):
        _take(found, sets, plain, match, match[2], match[1])
    for match in _INDEXED.finditer(source):
        if plain[match.start()] == source[match.start()]:
            if match[3] is None:
                dynamic.append(_line(source, match.start()))
            else:
                _take(found, sets, plain, match, match[3], match[1])
    for match in _CALLED.finditer(source):
        if plain[match.start()] == source[match.start()]:
            _take(found, sets, plain, match, match[3], match[1])
    for match in _TAKEN_APART.finditer(plain):
        for part in match[1].split(","):
            name = re.match(r"\s*([A-Za-z_]\w*)", part)
            if name is not None and "..." not in part:
                found.append((match.start(), name[1], match[2], "=" in part))
    reads = tuple(
        Read(name, path, _line(source, at), how, False, default)
        for at, name, how, default in sorted(found)
        if name not in BUILT_IN
    )
    return Reads(reads, tuple(sets), tuple(dynamic))


def _take(
    found: list[tuple[int, str, str, bool]], sets: list[str], plain: str, match: re.Match[str], name: str, how: str
) -> None:
    after = plain[match.end() : match.end() + 40]
    if _ASSIGNED_AFTER.match(after):
        sets.append(name)
        return
    default = bool(_DEFAULT_AFTER.match(after)) or bool(
        _ASKED_BEFORE.search(plain[max(0, match.start() - 20) : match.start()])
    )
    found.append((match.start(), name, how, default))


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def blanked(source: str) -> str:
    """The source with comments and the insides of strings as blanks; what stands where stays, `${…}` is code."""
    out = list(source)
    depths: list[int] = []
    i, end = 0, len(source)
    while i < end:
        char = source[i]
        two = source[i : i + 2]
        if two == "//":
            i = _blank(out, source, i, source.find("\n", i))
        elif two == "/*":
            close = source.find("*/", i + 2)
            i = _blank(out, source, i, -1 if close < 0 else close + 2)
        elif char in "'\"":
            i = _blank(out, source, i + 1, _string_end(source, i)) + 1
        elif char == "`":
            i = _template(out, source, i + 1, depths)
        elif depths and char == "{":
            depths[-1] += 1
            i += 1
        elif depths and char == "}":
            depths[-1] -= 1
            i += 1
            if depths[-1] < 0:
                depths.pop()
                i = _template(out, source, i, depths)
        else:
            i += 1
    return "".join(out)


def _blank(out: list[str], source: str, start: int, stop: int) -> int:
    stop = len(source) if stop < 0 else stop
    for at in range(start, stop):
        if source[at] != "\n":
            out[at] = " "
    return stop


def _string_end(source: str, start: int) -> int:
    """Where the quote closes; the end of the line when it does not."""
    at = start + 1
    while at < len(source) and source[at] not in (source[start], "\n"):
        at += 2 if source[at] == "\\" else 1
    return min(at, len(source))


def _template(out: list[str], source: str, start: int, depths: list[int]) -> int:
    """Blanks a template's text up to its end or its next `${`."""
    at = start
    while at < len(source):
        if source[at] == "\\":
            at += 2
        elif source[at] == "`":
            _blank(out, source, start, at)
            return at + 1
        elif source[at : at + 2] == "${":
            _blank(out, source, start, at)
            depths.append(0)
            return at + 2
        else:
            at += 1
    return _blank(out, source, start, len(source))
