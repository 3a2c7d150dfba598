"""Where JavaScript and TypeScript read settings: by patterns over code whose comments and strings are blanked."""

import re

from callboard_config.read import Read, Reads

BUILT_IN = frozenset({"MODE", "BASE_URL", "PROD", "DEV", "SSR", "NODE_ENV"})

_ENV = r"(?:\(import\.meta as any\)|import\.meta|process\??|Bun|Deno)\??\.env"
_DOTTED = re.compile(r"(?<![\w.$])((?:globalThis\.)?" + _ENV + r")(?:\?\.|\.)([A-Za-z_]\w*)\b(?!\s*\()")
_INDEXED = re.compile(r"(?<![\w.$])(" + _ENV + r""")(?:\?\.)?\[\s*(?:(['"`])([A-Za-z_]\w*)\2\s*\]|)""")
_CALLED = re.compile(
    r"""(?<![\w.$])(Deno\.env\.get|(?:this\.)?[cC]onfig(?:Service)?\.(?:get|getOrThrow)(?:<[\w\s|\[\]]{1,60}>)?)\(\s*(['"`])([A-Za-z_]\w*)\2\s*([,)])"""
)
_TAKEN_APART = re.compile(r"\{([^{}]{1,2000})\}\s*=\s*(process\.env|import\.meta\.env|Bun\.env)\b")
_ALIAS = re.compile(
    r"\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*(?::\s*[\w.<>, |]{1,80})?=\s*"
    r"(process\.env|import\.meta\.env|Bun\.env)\s*(?:as\s+[\w.<>, |]{1,80})?(?:;|\n|$)"
)
_ALIAS_OF_PROCESS = re.compile(
    r"\b(?:const|let|var)\s*\{\s*env\s*(?::\s*([A-Za-z_$][\w$]*)\s*)?\}\s*=\s*(process|import\.meta|Bun)\b"
)
_SVELTE = re.compile(r"""import\s*\{([^{}]{1,2000})\}\s*from\s*['"]\$env/(static/private|static/public)['"]""")
_PARSED = re.compile(r"\b([A-Za-z_$][\w$]*)\.(?:safeParse|parse)\(\s*(process\.env|import\.meta\.env)\b")
_FIELD = re.compile(r"^[ \t]*([A-Z][A-Z0-9_]*)\s*:", re.MULTILINE)
_DEFAULT_AFTER = re.compile(r"\s*[)\]]*\s*(\|\||\?\?|\?[^.]|&&|===?|!==?)")
_ASSIGNED_AFTER = re.compile(r"\s*(\|\||\?\?|&&)?=(?![=>])")
_ASKED_BEFORE = re.compile(r"(!!?\s*|\bif\s*\(\s*|\bBoolean\(\s*|\btypeof\s+|\bdelete\s+)$")


def script_reads(source: str, path: str) -> Reads:
    """The reads of one file; a script goes on without a setting, so none is required unless a schema says so."""
    plain = blanked(source)
    found: list[tuple[int, str, str, bool, bool]] = []
    sets: list[str] = []
    dynamic: list[int] = []
    for match in _DOTTED.finditer(plain):
        if match[2] not in ("get", "set", "has", "toObject") or not match[1].startswith("Deno"):
            _take(found, sets, plain, match, match[2], match[1])
    for match in _INDEXED.finditer(source):
        if plain[match.start()] == source[match.start()]:
            if match[3] is None:
                dynamic.append(_line(source, match.start()))
            else:
                _take(found, sets, plain, match, match[3], match[1])
    for match in _CALLED.finditer(source):
        if plain[match.start()] != source[match.start()]:
            continue
        if match[1].startswith("Deno"):
            _take(found, sets, plain, match, match[3], match[1])
        elif match[3].isupper():
            how = re.sub(r"<.*", "", match[1])
            found.append((match.start(), match[3], how, match[4] == ",", how.endswith("getOrThrow")))
    for match in _TAKEN_APART.finditer(plain):
        found += [(match.start(), name, match[2], given, False) for name, given in _listed(match[1])]
    for match in _SVELTE.finditer(source):
        if plain[match.start()] == source[match.start()]:
            found += [(match.start(), name, f"$env/{match[2]}", False, True) for name, _ in _listed(match[1])]
    _aliases(found, sets, plain)
    _schemas(found, plain)
    lines = _lines(source, [entry[0] for entry in found])
    reads = tuple(
        Read(name, path, lines[at], how.replace("?", ""), required, default)
        for at, name, how, default, required in sorted(found)
        if name not in BUILT_IN
    )
    return Reads(reads, tuple(sets), tuple(dynamic))


def _aliases(found: list[tuple[int, str, str, bool, bool]], sets: list[str], plain: str) -> None:
    """`const env = process.env`, then `env.X`."""
    names = {match[1]: match[2] for match in _ALIAS.finditer(plain)}
    names |= {match[1] or "env": f"{match[2]}.env" for match in _ALIAS_OF_PROCESS.finditer(plain)}
    for name, how in list(names.items())[:20]:
        for match in re.finditer(rf"(?<![\w.$]){re.escape(name)}(\??\.)([A-Z][A-Z0-9_]*)\b", plain):
            _take(found, sets, plain, match, match[2], how)
        for match in re.finditer(rf"\{{([^{{}}]{{1,2000}})\}}\s*=\s*{re.escape(name)}\b(?!\s*[.(])", plain):
            found += [(match.start(), each, how, given, False) for each, given in _listed(match[1]) if each.isupper()]


def _schemas(found: list[tuple[int, str, str, bool, bool]], plain: str) -> None:
    """`const schema = z.object({X: z.string()})` that process.env is put through: what is not optional, stops the program."""
    for parsed in _PARSED.finditer(plain):
        start = re.search(rf"\b{re.escape(parsed[1])}\s*(?::[^=\n]{{1,80}})?=\s*z\s*\.object\(\s*\{{", plain)
        if start is None:
            continue
        fields = list(_FIELD.finditer(plain, start.end(), _closing(plain, start.end())))
        for field, following in zip(fields, [*fields[1:], None], strict=True):
            said = plain[field.end() : following.start() if following else _closing(plain, start.end())]
            given = re.search(r"\.\s*(optional|default|nullish|catch)\(", said) is not None
            found.append((field.start(1), field[1], f"{parsed[1]}.parse({parsed[2]})", given, not given))


def _closing(plain: str, at: int) -> int:
    depth = 1
    while at < len(plain) and depth:
        depth += {"{": 1, "}": -1}.get(plain[at], 0)
        at += 1
    return at


def _listed(inside: str) -> list[tuple[str, bool]]:
    """(name, whether it has a default) of `A, B = 1, C: d`."""
    names = []
    for part in inside.split(","):
        name = re.match(r"\s*([A-Za-z_]\w*)", part)
        if name is not None and "..." not in part:
            names.append((name[1], "=" in part))
    return names


def _take(
    found: list[tuple[int, str, str, bool, bool]],
    sets: list[str],
    plain: str,
    match: re.Match[str],
    name: str,
    how: str,
) -> None:
    after = plain[match.end() : match.end() + 40]
    if _ASSIGNED_AFTER.match(after):
        sets.append(name)
        return
    default = bool(_DEFAULT_AFTER.match(after)) or bool(
        _ASKED_BEFORE.search(plain[max(0, match.start() - 20) : match.start()])
    )
    found.append((match.start(), name, how, default, False))


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _lines(source: str, places: list[int]) -> dict[int, int]:
    """The line of each place, counted once through."""
    lines, line, last = {}, 1, 0
    for at in sorted(set(places)):
        line += source.count("\n", last, at)
        lines[at], last = line, at
    return lines


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
