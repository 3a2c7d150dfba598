"""What the last words of a failed command say: the exception, and the innermost place of the workspace that it names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.work.finding import clean, relative_path

MOST_READ = 65_536
LONGEST_WORDS = 400
MOST_LINES = 2_000
FOREIGN = (".venv", "venv", "env", "node_modules", "site-packages", ".tox", ".nox")
_BEGIN = "Traceback (most recent call last)"
_PYTHON = re.compile(r'^\s*File "([^"\n]{1,1000})", line (\d{1,7})')
_NODE_AT = re.compile(r"^\s+at (?:.{0,200}\()?((?:file://|/|[A-Za-z]:\\)[^()\s]{1,1000}?):(\d{1,7})(?::\d{1,7})?\)?$")
_AT = re.compile(r"^\s+at \S")
_NODE_HEAD = re.compile(r"^((?:file://|/)[^\s]{1,1000}?):(\d{1,7})$")
_RAISED = re.compile(r"^(?:Uncaught )?((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?: \[\w+\])?): (.+)$")
_BARE = re.compile(r"^((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit))$")
_TELLS = re.compile(r"\berror\b|\bfailed\b|\bfatal\b|not found|cannot|denied|refused|missing|unknown", re.IGNORECASE)
_PASSES_ON = re.compile(r"g?make(?:\[\d+\])?: \*\*\* \[.{0,300}\] Error \d+")
_MARKS = re.compile(r"(?:error here )?[-~^ |]*\^[-~^ |-]*")
_NPM = re.compile(r"^npm (?:error|ERR!)(?: (.*))?$")
_NPM_FIELD = re.compile(r"(?:code|errno|syscall|path|dest|network request to) \S+$|\d+$|A complete log of this run")
_SHELL = re.compile(r"^(?:(?:ba|da|z)?sh: )?([\w./@+-]{1,400}): (?:line )?(\d{1,7}): (?:([\w./@+-]{1,400}): )?")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Trace:
    """`words` in one line, '' for none; `path` in the workspace and `line`, '' and 0 when no place there is named."""

    words: str = ""
    path: str = ""
    line: int = 0


def read_tail(path: Path, most: int = MOST_READ) -> str:
    """The last bytes of a log as text, '' when there is none."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most))
            return file.read(most).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def traced(text: str, workspace: Path) -> Trace:
    """The newest exception in the text with its innermost place in the workspace; else the last line that tells of a fault."""
    lines = _COLOURS.sub("", text).splitlines()[-MOST_LINES:]
    begun = [nth for nth, line in enumerate(lines) if _BEGIN in line]
    if begun:
        return _python(lines[begun[-1] + 1 :], workspace)
    node = _node(lines, workspace)
    if node is not None:
        return node
    npm = _npm(lines)
    if npm:
        return Trace(clean(npm, LONGEST_WORDS))
    told = [line.strip() for line in lines if line.strip() and not _MARKS.fullmatch(line.strip())]
    told = [line for line in told if not _PASSES_ON.match(line)] or told
    faults = [line for line in told if _TELLS.search(line)]
    faults = [line for line in told if line.startswith("curl: (")] or faults
    last = (faults or told or [""])[-1]
    return Trace(clean(last, LONGEST_WORDS), *_shell(last, workspace))


def _npm(lines: Sequence[str]) -> str:
    """The code and the first words of npm's own report; '' when there is none, or it only tells of a script that failed."""
    said = [(match[1] or "").strip() for match in map(_NPM.match, lines) if match is not None]
    code = next((line.removeprefix("code ") for line in said if line.startswith("code ")), "")
    if not code or code in ("ELIFECYCLE", "1"):
        return ""
    words: list[str] = []
    for line in said:
        if _NPM_FIELD.match(line) or (not line and not words):
            continue
        if not line or len(words) == 3:
            break
        words.append(line)
    return f"npm error {code}: {' '.join(words)}" if words else ""


def _shell(words: str, workspace: Path) -> tuple[str, int]:
    """The script and line that a shell names; of a script that another one reads, that one."""
    match = _SHELL.match(words)
    if match is None:
        return "", 0
    for name in (match[3], match[1]):
        found = _own(name, workspace) if name and len(name) > 2 else ""
        try:
            if found and (workspace / found).is_file():
                return found, int(match[2])
        except (OSError, ValueError):
            continue
    return "", 0


def _python(lines: Sequence[str], workspace: Path) -> Trace:
    path, line, words = "", 0, ""
    for text in lines:
        stripped = text.removeprefix("E   ").rstrip()
        place = _PYTHON.match(stripped)
        if place is not None:
            found = _own(place[1], workspace)
            path, line = (found, int(place[2])) if found else (path, line)
            continue
        if stripped and not stripped[0].isspace() and (_RAISED.match(stripped) or _BARE.match(stripped)):
            words = stripped
            break
    return Trace(clean(words, LONGEST_WORDS), path, line)


def _node(lines: Sequence[str], workspace: Path) -> Trace | None:
    """The first exception of Node's that has a place or a stack; its innermost frame comes first."""
    for nth, text in enumerate(lines):
        raised = _RAISED.match(text.strip()) if not text[:1].isspace() else None
        after = lines[nth + 1 : nth + 30]
        if raised is None or not any(_AT.match(line) for line in after):
            continue
        stack = [_NODE_AT.match(line) for line in after]
        heads = [_NODE_HEAD.match(line) for line in lines[max(0, nth - 8) : nth]]
        for place in [head for head in heads if head][-1:] + [frame for frame in stack if frame]:
            found = _own(place[1], workspace)
            if found:
                return Trace(clean(text.strip(), LONGEST_WORDS), found, int(place[2]))
        return Trace(clean(text.strip(), LONGEST_WORDS))
    return None


def _own(path: str, workspace: Path) -> str:
    """The path in the workspace, '' for what is not the team's own."""
    found = "" if path.startswith("<") else relative_path(path, workspace)
    return "" if not found or any(part in FOREIGN for part in found.split("/")) else found
