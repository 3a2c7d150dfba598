"""Moves literals of JavaScript, TypeScript, compose files and examples into settings, at their exact places."""

import re

from callboard.api import Workspace
from callboard_config.assignments import Assignment
from callboard_config.moves import Edit, Move, Names
from callboard_config.places import covers, folder_of

BROWSER = re.compile(
    r'"(?:vite|react-scripts|@angular/core|@vue/cli-service|gatsby|parcel|expo|react-native)"\s*:', re.IGNORECASE
)
TEMPLATES = (".vue", ".svelte", ".astro", ".jsx")
TYPED = (".ts", ".tsx", ".mts", ".cts")
_READ_BEFORE = re.compile(r"((?:process|Bun)\.env\.[A-Za-z_]\w*)(\s*(?:\|\||\?\?)\s*)$")
_IN_COMPOSE = re.compile(r"^(\s*)(- )?([\"']?)([A-Za-z_]\w*)(\s*[:=]\s*)")


def browser_folders(workspace: Workspace) -> list[str]:
    """Folders whose scripts are bundled for browsers."""
    return [
        folder_of(path) for path in workspace.matching("package.json") if BROWSER.search(workspace.text(path, 200_000))
    ]


def script_move(source: str, path: str, item: Assignment, names: Names, browser: list[str]) -> Move | str:
    """The edit that moves a literal of JavaScript or TypeScript, or why that cannot be done."""
    literal = source[item.start : item.end]
    if item.start < 0 or len(literal) < 2 or literal[1:-1] != item.value or "\\" in literal or "\n" in literal:
        return "it is written in pieces or with escapes"
    client = re.search(r"^\s*['\"]use client['\"]", source, re.MULTILINE) is not None
    if client or path.endswith(TEMPLATES) or any(covers(folder, path) for folder in browser):
        return "this code runs in browsers, where a setting would be known as well: ask a server for what it opens"
    before = source[max(0, item.start - 200) : item.start]
    if path.endswith(".tsx") and re.search(r"[\w-]=\{?$", before):
        return "it stands in markup, which browsers get"
    if re.search(r"\bimport\s*\(?\s*$|\bfrom\s*$|\benum\b[^}]*$", before):
        return "no expression may stand there"
    sure = "!" if path.endswith(TYPED) else ""
    read = _READ_BEFORE.search(before)
    if item.form == "default" and read is not None:
        if not names.keep(item.name, item.value):
            return f"'{item.name}' stands for another secret elsewhere"
        return Move(item.line, item.name, item.value, Edit(item.start - len(read[2]), item.end, sure))
    name = names.give(item.name, item.value, path)
    return Move(item.line, name, item.value, Edit(item.start, item.end, f"process.env.{name}{sure}"))


def compose_move(source: str, item: Assignment, names: Names) -> Move | str:
    """The edit that lets compose put the value in from its environment."""
    found = _only_place(source, item)
    if isinstance(found, str):
        return found
    start, end, line = found
    head = _IN_COMPOSE.match(line)
    name = head[4] if head is not None else ""
    if head is None or name != item.name or re.search(r"[\[{]", line[: line.index(item.value)]):
        return "it is not written as NAME: value, or - NAME=value, on a line of its own"
    if not names.keep(name, item.value):
        return f"'{name}' stands for another secret elsewhere"
    return Move(item.line, name, item.value, Edit(start, end, f"${{{name}:?set it in .env}}"))


def example_move(source: str, item: Assignment, names: Names) -> Move | str:
    """The edit that leaves the name in the example without its value."""
    found = _only_place(source, item)
    if isinstance(found, str):
        return found
    start, end, _ = found
    names.keep(item.name, item.value)
    return Move(item.line, item.name, item.value, Edit(start, end, ""))


def _only_place(source: str, item: Assignment) -> tuple[int, int, str] | str:
    """(start, end, line) of the value, which must stand once in its line."""
    lines = source.split("\n")
    line = lines[item.line - 1] if 0 < item.line <= len(lines) else ""
    if line.count(item.value) != 1:
        return "it is written in pieces, with escapes, or twice in its line"
    start = sum(len(each) + 1 for each in lines[: item.line - 1]) + line.index(item.value)
    return start, start + len(item.value), line
