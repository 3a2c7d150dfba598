"""What keeps a configuration file from being read at all, whatever its format: said once, at its place."""

import os
import re
from dataclasses import dataclass

from callboard.api import Workspace, root_cause

DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Trouble:
    """One sentence with its rule and line; `grave` when no program can read the file."""

    rule: str
    line: int
    said: str
    grave: bool = True


def trouble_of(workspace: Workspace, path: str, text: str) -> Trouble | None:
    """The first reason, None when the format's own parser should have its say."""
    cause = root_cause(workspace, path)
    if cause is not None and not cause.is_meant:
        return Trouble("", cause.line, cause.why)
    if not (workspace.path / path).is_file() or not os.access(workspace.path / path, os.R_OK):
        return Trouble("", 0, "it cannot be opened")
    if "\ufffd" in text:
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        return Trouble("config-encoding", line, "This line is not UTF-8; save the file as UTF-8", grave=False)
    if path.endswith((".json", ".yml", ".yaml")) and (line := too_deep(text)):
        return Trouble(
            "config-too-deep",
            line,
            f"From here on it is nested deeper than {DEEPEST} levels; no program should read that",
            grave=False,
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
