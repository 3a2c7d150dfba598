"""Hides what could be a secret in lines of source that are shown."""

import re
from collections.abc import Container, Iterable

MASK = "••••••"
SECRET_RULE = re.compile(r"(?i)secret|credential|password|private-?key|token|api-?key|setting-public")
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----")
_ADDRESS = re.compile(r"(\w{2,20}://[^\s:/@'\"]{0,200}:)[^\s@'\"/]{1,200}@")
_KNOWN = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}"
    r"|\bsk-[\w-]{20,}|\b[rs]k_(?:live|test)_\w{10,}|\bAIza[\w-]{30,}|\bnpm_\w{30,}|\bpypi-[\w-]{30,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"
)
_NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth)"
    r"[\w.-]{0,40}[\"']?\s*(?::=|=>|[:=])\s*)(?:([\"'`])((?:(?!\2)[^\\]|\\.){4,})\2|([^\s'\"`,;(){}\[\]]{6,}))"
)
_QUOTED = re.compile(r"([\"'`])((?:(?!\1)[^\\]|\\.){3,}?)\1")
_VALUE = re.compile(r"((?::=|=>|[:=])\s*)(\S.*)$")
_WORD = re.compile(r"[A-Za-z0-9+/=_.~!@#$%^&*-]{8,}")
_NAME = re.compile(r"[A-Za-z_]+|[A-Za-z_]\w*[.\[][\w.\[\]]*|[$%][({]?\w+[)}]?|\$\{\{[^}]*\}\}?|true|false|null|None")


def is_secret(rule: str) -> bool:
    """Whether what a rule finds may be a secret itself."""
    return SECRET_RULE.search(rule) is not None


def is_all_secret(path: str) -> bool:
    """Whether a file by its name holds little else than secrets."""
    name = path.rpartition("/")[2].lower()
    return name.endswith((".pem", ".key", ".p12", ".netrc")) or (
        name.startswith((".env", "credentials", "secrets."))
        and not name.endswith(("example", "sample", "template", ".py", ".js"))
    )


def veiled(lines: Iterable[str], secret: Container[int] = ()) -> list[str]:
    """The lines, from number 1, without what could be a secret; on those whose number is in `secret` no value is left at all."""
    found = []
    key = False
    for number, line in enumerate(lines, 1):
        begins = _BEGIN.search(line)
        if key or begins:
            key = not _END.search(line)
            found.append(f"{line[: begins.end()]}{MASK}" if begins else MASK)
            continue
        found.append(bare(line) if number in secret else veil(line))
    return found


def veil(line: str) -> str:
    """The line without known forms of keys, passwords in addresses, and values that are given to names of secrets."""
    line = _ADDRESS.sub(rf"\1{MASK}@", line)
    line = _KNOWN.sub(MASK, line)
    return _NAMED.sub(_kept, line)


def bare(line: str) -> str:
    """The line without any value: what is quoted, what is assigned, else every longer word."""
    shown = _QUOTED.sub(rf"\1{MASK}\1", line)
    if shown == line:
        shown = _VALUE.sub(rf"\1{MASK}", line)
    if shown == line:
        shown = _WORD.sub(MASK, line)
    return veil(shown) if shown != line or not line.strip() else MASK


def _kept(match: "re.Match[str]") -> str:
    before, quote, quoted, loose = match.groups()
    if quoted is not None:
        return match[0] if MASK in quoted or " " in quoted else f"{before}{quote}{MASK}{quote}"
    return match[0] if _NAME.fullmatch(loose) or MASK in loose else f"{before}{MASK}"
