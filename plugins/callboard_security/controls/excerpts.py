"""Lines of code as evidence, without anything that could be a secret."""

import re

LONGEST = 200
_QUOTED = re.compile(r"""(['"`])((?:(?!\1).){4,}?)\1""")
_ASSIGNED = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|api[_-]?key|private|credential|auth)[\w.-]*\s*[:=]\s*)([^\s'\"`,;)]{4,})"
)
_WORDY = re.compile(r"(?=[A-Za-z0-9+/=_.~-]*\d)(?=[A-Za-z0-9+/=_.~-]*[A-Za-z])[A-Za-z0-9+/=_.~-]{20,}")
_ADDRESS = re.compile(r"(\w+://[^\s:/@'\"]*:)[^\s@'\"]+@")
_SENSITIVE = re.compile(r"(?i)pass|secret|token|key|credential|auth|bearer|dsn|pwd|private")
_HARMLESS = re.compile(
    r"[a-z][a-z_.-]*|/[\w/{}:.<>-]*|\*|#[\w-]+|@?[\w./-]+@v?\d[\w.-]*|[\w./-]+@[0-9a-f]{40}|[\w./-]+@sha256:[0-9a-f]{64}"
)


def redacted(text: str) -> str:
    """One line, at most LONGEST characters: values in sensitive lines, long odd words, passwords in addresses are masked."""
    line = " ".join(text.split())[: LONGEST * 4]
    line = _ADDRESS.sub(r"\1…@", line)
    if _SENSITIVE.search(line):
        line = _QUOTED.sub(
            lambda match: (
                match[0] if _HARMLESS.fullmatch(match[2]) and len(match[2]) < 40 else f"{match[1]}…{match[1]}"
            ),
            line,
        )
        line = _ASSIGNED.sub(lambda match: match[0] if "(" in match[2] or _named(match[2]) else f"{match[1]}…", line)
    line = _WORDY.sub(lambda match: match[0] if _harmless(match[0]) else "…", line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _named(value: str) -> bool:
    """Whether a value is a name of the code rather than a text: 'settings.token', 'None', 'True'."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z_.\[\]]*", value) is not None and (
        "." in value or value in ("None", "True", "False", "null", "true", "false")
    )


def _harmless(word: str) -> bool:
    """Paths, identifiers and digests that name what is public."""
    return (
        "/" in word and not re.search(r"[+=]", word) and all(len(part) < 24 for part in word.split("/"))
    ) or re.fullmatch(
        r"[0-9a-f]{40}|[0-9a-f]{64}|[a-z]+(?:[_.-][a-z]+)*[_.-]?\d{0,4}|(?:[A-Za-z]+[_.-]){2,}[A-Za-z0-9]{1,12}", word
    ) is not None
