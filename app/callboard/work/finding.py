"""One thing that an agent noticed, in one normal form whatever tool saw it."""

import hashlib
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

LONGEST_MESSAGE = 2_000
LONGEST_PATH = 1_024
FURTHEST_SCOPE = 1_000
UNPARSABLE = "unparsable"


class Severity(StrEnum):
    """How bad it is, from worst to least."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info: smaller is worse."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was noticed, where, how bad, and who saw it.

    `path` is relative to the workspace with forward slashes, empty when the finding has no file.
    `line` and `column` are 1-based, 0 when unknown. `fingerprint` survives moved lines; when it is
    left empty, `identified` makes it from the rule, the path and the text of the line.
    `help` is a link or a sentence that says how to mend it. `accepted` is '' or says until when, why and by whom it
    is accepted; `since` is when the task first saw it (wall time, 0 when unknown), `is_new` whether its last run did not.
    The context fills these three.
    """

    rule: str
    severity: Severity
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    help: str = ""
    tool: str = ""
    tool_version: str = ""
    fingerprint: str = ""
    accepted: str = ""
    since: float = 0.0
    is_new: bool = False


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Text from outside, fit to be stored and shown: no control, direction or lone surrogate characters.

    Each such character becomes U+FFFD; what is longer than `longest` ends with an ellipsis.
    """
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def relative_path(path: str, workspace: Path) -> str:
    """`path` as the workspace sees it, with forward slashes; '' when it lies outside of it."""
    if not path:
        return ""
    if path.startswith("file://"):
        path = path[len("file://") :]
    candidate = Path(path)
    try:
        if candidate.is_absolute():
            candidate = candidate.resolve().relative_to(workspace.resolve())
    except (ValueError, OSError):
        return ""
    posix = PurePosixPath(candidate.as_posix())
    if posix.is_absolute() or ".." in posix.parts:
        return ""
    return str(posix)


_HEADER = re.compile(
    r"\s*(?:(?:export|default|pub|public|private|protected|static|abstract|final|async)\s+)*"
    r"(?:class|def|function|func|fn|interface|struct|enum|trait|impl|module|namespace|record)\s+([A-Za-z_$][\w$]*)"
)


def scope_of(lines: Sequence[str], number: int) -> str:
    """The names of the functions and classes that a line (from 1) stands in by its indentation, as 'Shop/add'; '' for none."""
    if not 0 < number <= len(lines):
        return ""
    names: list[str] = []
    depth = _indent(lines[number - 1])
    for line in reversed(lines[max(0, number - 1 - FURTHEST_SCOPE) : number - 1]):
        if depth == 0:
            break
        if line.strip() and _indent(line) < depth:
            depth = _indent(line)
            header = _HEADER.match(line)
            if header:
                names.append(header.group(1))
    return "/".join(reversed(names))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def identified(finding: Finding, line_text: str = "", nth: int = 0, scope: str = "") -> Finding:
    """The finding with its fingerprint: 16 hex digits over rule, path, the line's own words, its scope and `nth`.

    `line_text` is the text of the line in the source; without it the message stands in, with its
    numbers taken out, so that a moved line keeps its fingerprint. `scope` is what `scope_of` says, so that twins stay who
    they are when one of them goes; `nth` tells apart those of one scope.
    """
    if finding.fingerprint:
        return replace(finding, fingerprint=clean(finding.fingerprint, 64))
    words = " ".join(line_text.split()) or re.sub(r"\d+", "#", finding.message)
    mark = "\x1f".join((finding.rule, finding.path, words, *([scope] if scope else []), str(nth)))
    return replace(finding, fingerprint=hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16])


def unparsable(
    path: str, why: str, *, line: int = 0, column: int = 0, tool: str = "", severity: Severity = Severity.HIGH
) -> Finding:
    """A file that cannot be read as what it should be; `why` is the reader's own words, with the mend if it is known.

    Everybody who meets that file gives the same fingerprint, so that it shows as one finding with many witnesses. When it is
    reported, the words of `root_cause` take the place of `why`, if there are some, and what is so on purpose is low.
    """
    path = posixpath.normpath(path)
    mark = hashlib.sha256(f"unparsable\x1f{path}".encode("utf-8", "replace")).hexdigest()[:16]
    return Finding(
        rule=UNPARSABLE,
        severity=severity,
        message=f"{path} cannot be read: {why}",
        path=path,
        line=line,
        column=column,
        help="mend the file; until then nothing that reads it can be checked",
        tool=tool,
        fingerprint=mark,
    )


def secret_print(path: str, line_text: str, nth: int = 0) -> str:
    """The fingerprint of a secret in a line, for everybody who finds it: over the path and the words before its value.

    It says nothing about the value: where no sign parts the words from it, or they are long as keys are, they do not count.
    `nth` tells apart those of the same words.
    """
    name, sign, _ = re.sub(r"[=:\"'`]", "\0", line_text.strip().lstrip("\"'`{,- ")).partition("\0")
    words = " ".join(re.sub(r"\S{25,}", "…", name).split()) if sign else ""
    mark = "\x1f".join(("secret", posixpath.normpath(path), words, str(nth)))
    return hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16]
