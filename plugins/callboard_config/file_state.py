"""What keeps a configuration file from being read at all, whatever its format: said once, at its place."""

import re
from dataclasses import dataclass

from callboard.api import Workspace

DEEPEST = 200
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One sentence with its rule and line; `grave` when no program can read the file."""

    rule: str
    line: int
    said: str
    grave: bool = True


def trouble_of(workspace: Workspace, path: str, text: str) -> Trouble | None:
    """The first reason, None when the format's own parser should have its say."""
    try:
        with open(workspace.path / path, "rb") as file:
            head = file.read(4_096)
    except OSError:
        return Trouble("config-unreadable", 0, "This file cannot be opened")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Trouble("config-encoding", 1, "This file is UTF-16; save it as UTF-8")
    if b"\0" in head:
        return Trouble("config-encoding", 1, "This is a binary file under the name of a configuration file")
    if "\ufffd" in text:
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        return Trouble("config-encoding", line, "This line is not UTF-8; save the file as UTF-8", grave=False)
    marks = {match[1] for match in _CONFLICT.finditer(text)}
    if len(marks) == 2 and (start := _CONFLICT.search(text)):
        return Trouble(
            "merge-conflict", text.count("\n", 0, start.start()) + 1, "Here a merge was left unfinished; choose a side"
        )
    if path.endswith((".json", ".yml", ".yaml")) and (line := too_deep(text)):
        return Trouble(
            "config-too-deep",
            line,
            f"From here on it is nested deeper than {DEEPEST} levels; no program should read that",
        )
    return None


def too_deep(text: str) -> int:
    """The line where brackets or indents go deeper than DEEPEST, 0 for none; quick, and blind for strings in doubt."""
    if text.count("[") + text.count("{") <= DEEPEST and not re.search(rf"\n {{{DEEPEST * 2},}}\S", text):
        return 0
    depth, line, quote = 0, 1, ""
    for char in re.findall(r"[\[\]{}\n\"']|\\.", text):
        if char == "\n":
            line += 1
            quote = "" if quote == "'" else quote
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[{":
            depth += 1
            if depth > DEEPEST:
                return line
        elif char in "]}":
            depth = max(0, depth - 1)
    deep = re.search(rf"\n {{{DEEPEST * 2},}}- ", text)
    return text.count("\n", 0, deep.end()) if deep else 0
