"""On which line of a TOML text each key and table stands; `tomllib` reads the values, but does not say."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")


class Lines:
    """The 1-based lines by path: ('jobs', 'quality.tests', 'cpus'), with numbers for places in arrays."""

    def __init__(self, found: Mapping[KeyPath, int] | None = None) -> None:
        self._found = dict(found or {})

    def of(self, *path: str | int) -> int:
        """The line of the path, or of the nearest thing around it that stands somewhere; 0 when nothing does."""
        for end in range(len(path), 0, -1):
            line = self._found.get(path[:end])
            if line is not None:
                return line
        return 0


def find_lines(text: str) -> Lines:
    """The lines of all tables, keys and items of arrays in a text that `tomllib` has accepted."""
    return Lines(_Scanner(text).scan())


class _Scanner:
    """Walks once over a valid text and notes where each path begins."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [i for i, sign in enumerate(text) if sign == "\n"]
        self._arrays: dict[KeyPath, int] = {}
        self._found: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        base: KeyPath = ()
        while self._gap() < len(self._text):
            if self._text.startswith("[[", self._at):
                self._at += 2
                key, start = self._key()
                self._at += 2
                full = (*self._resolved(key[:-1]), key[-1])
                number = self._arrays.get(full, -1) + 1
                self._arrays[full] = number
                base = (*full, number)
                self._mark(base, 0, start)
            elif self._text[self._at] == "[":
                self._at += 1
                key, start = self._key()
                self._at += 1
                base = self._resolved(key)
                self._mark(base, 0, start)
                self._found[base] = self._line(start)
            else:
                self._pair(base)
        return self._found

    def _resolved(self, key: KeyPath) -> KeyPath:
        """The path of a header: below an array of tables it means the array's last table."""
        path: KeyPath = ()
        for part in key:
            path = (*path, part)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _mark(self, path: KeyPath, known: int, start: int) -> None:
        for end in range(known + 1, len(path) + 1):
            self._found.setdefault(path[:end], self._line(start))

    def _line(self, at: int) -> int:
        return bisect_right(self._breaks, at - 1) + 1

    def _gap(self) -> int:
        match = _GAP.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _pair(self, base: KeyPath) -> None:
        key, start = self._key()
        self._at += 1
        path = base + key
        self._mark(path, len(base), start)
        self._value(path)

    def _key(self) -> tuple[KeyPath, int]:
        """The dotted key that begins here, and where; stops at what follows it."""
        parts: list[str | int] = []
        start = self._gap()
        while True:
            self._gap()
            if self._text[self._at] in "\"'":
                parts.append(self._string())
            else:
                match = _BARE.match(self._text, self._at)
                if match is None:
                    raise ValueError(f"no key at {self._at}")
                parts.append(match.group())
                self._at = match.end()
            self._gap()
            if self._text[self._at] != ".":
                return tuple(parts), start
            self._at += 1

    def _string(self) -> str:
        start, quote = self._at, self._text[self._at]
        if self._text.startswith(quote * 3, start):
            end = start + 3
            while not self._text.startswith(quote * 3, end):
                end += 2 if quote == '"' and self._text[end] == "\\" else 1
            end += 3
            while self._text.startswith(quote, end):
                end += 1
            self._at = end
            return ""
        end = start + 1
        while self._text[end] != quote:
            end += 2 if quote == '"' and self._text[end] == "\\" else 1
        self._at = end + 1
        raw = self._text[start : self._at]
        return str(tomllib.loads(f"k = {raw}")["k"]) if "\\" in raw else raw[1:-1]

    def _value(self, path: KeyPath) -> None:
        self._gap()
        sign = self._text[self._at]
        if sign in "\"'":
            self._string()
        elif sign == "[":
            self._items(path)
        elif sign == "{":
            self._inline(path)
        else:
            match = _SCALAR.match(self._text, self._at)
            self._at = match.end() if match else len(self._text)

    def _items(self, path: KeyPath) -> None:
        self._at += 1
        number = 0
        while self._text[self._gap()] != "]":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._mark((*path, number), len(path), self._at)
            self._value((*path, number))
            number += 1
        self._at += 1

    def _inline(self, path: KeyPath) -> None:
        self._at += 1
        while self._text[self._gap()] != "}":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._pair(path)
        self._at += 1
