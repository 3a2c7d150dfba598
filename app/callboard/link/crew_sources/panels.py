"""CrewAI's verbose output: panels with a title and 'Name: value' lines, read line by line."""

import re
from typing import Any

Fact = dict[str, Any]
LONGEST_LINE = 4_000
MOST_LINES = 60
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")
_TOP = re.compile(r"^\s*╭─.*─╮?\s*$")
_BOTTOM = re.compile(r"^\s*╰─")
AGENT_STARTED = "Agent Started"
_HEADS = (
    "Crew Execution Started", "Crew Execution Completed", "Crew Execution Failed", "Task Started", "Task Completed", "Task Failed",
    "Tool Failed", "LLM Call Failed",
)  # fmt: skip


class Panels:
    """Takes lines; gives a panel's head with its named values when it closes."""

    def __init__(self) -> None:
        self._inside = False
        self._title = ""
        self._lines: list[str] = []
        self.seen = 0

    def line(self, raw: str) -> tuple[str, dict[str, str]] | None:
        """A panel that this line closes and that says something, else None."""
        text = _ANSI.sub("", raw[:LONGEST_LINE])
        if _TOP.match(text):
            self._inside, self._title, self._lines = True, text, []
            self.seen += 1
            return None
        if not self._inside:
            return None
        if _BOTTOM.match(text):
            self._inside = False
            return self._closed()
        if len(self._lines) < MOST_LINES:
            self._lines.append(text.strip().strip("│").strip())
        return None

    def _closed(self) -> tuple[str, dict[str, str]] | None:
        words = [line for line in self._lines if line]
        if words and AGENT_STARTED in self._title:
            words.insert(0, AGENT_STARTED)
        elif not words or words[0] not in _HEADS:
            return None
        values: dict[str, str] = {}
        for line in words[1:]:
            name, sign, value = line.partition(":")
            if sign and name in ("Name", "ID", "Agent", "Error", "Tool") and name not in values:
                values[name] = value.strip()
            elif name in ("Final Output", "Output", "Args", "Task"):
                break
        return words[0], values
