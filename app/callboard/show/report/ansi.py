"""Output of a terminal as HTML: its colours as classes of one small palette, everything else as text."""

import re
from collections.abc import Iterator

from callboard.show.report.markup import e

BASIC = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ESCAPE = re.compile(
    r"\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]"
)
ERROR = re.compile(
    r"\b(error|errors|failed|failure|fatal|critical|traceback|exception|panic)\b|^E\s{2,}|^\s*[✗✘×]", re.IGNORECASE
)
CLEAN = re.compile(r"\b(0|no) (errors?|failed|failures?)\b", re.IGNORECASE)
LONGEST_LINE = 2_000
SIGNS = {1: "bold", 2: "dim", 3: "italic", 4: "underline"}
Style = dict[str, str]


def lines(text: str) -> Iterator[str]:
    """Each line as a piece of HTML; a colour goes on over the ends of lines, as in a terminal."""
    style: Style = {}
    for raw in text.split("\n"):
        line = raw.rstrip("\r").rpartition("\r")[2][:LONGEST_LINE]
        pieces, at = [], 0
        for found in ESCAPE.finditer(line):
            pieces.append(_piece(line[at : found.start()], style))
            at = found.end()
            if found.group(1) is not None:
                _apply(style, found.group(1))
        pieces.append(_piece(line[at:], style))
        plain = ESCAPE.sub("", line)
        bad = ' class="l-error"' if is_error(plain) else ""
        yield f"<span{bad}>{''.join(pieces)}</span>"


def is_error(line: str) -> bool:
    """Whether a plain line speaks of a failure; what was called is no failure, whatever its words."""
    return not line.startswith("$ ") and bool(ERROR.search(line)) and not CLEAN.search(line)


def _piece(text: str, style: Style) -> str:
    if not text:
        return ""
    words = " ".join(f"a-{name}" if value == "on" else f"a-{value}" for name, value in sorted(style.items()))
    return f'<i class="{words}">{e(text)}</i>' if words else e(text)


def _apply(style: Style, words: str) -> None:
    codes = [int(word) if word.isdecimal() and len(word) < 5 else 0 for word in re.split("[;:]", words)]
    at = 0
    while at < len(codes):
        code = codes[at]
        if code == 0:
            style.clear()
        elif code in SIGNS:
            style[SIGNS[code]] = "on"
        elif code == 22:
            style.pop("bold", None), style.pop("dim", None)
        elif code in (23, 24):
            style.pop(SIGNS[code - 20], None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["fg"] = BASIC[code % 10]
        elif code == 39:
            style.pop("fg", None)
        elif code in (38, 48):
            colour, at = _extended(codes, at)
            if code == 38 and colour:
                style["fg"] = colour
        at += 1


def _extended(codes: list[int], at: int) -> tuple[str, int]:
    """One of the eight colours for one of 256 or of 16 million, and where its numbers end."""
    kind = codes[at + 1] if at + 1 < len(codes) else 0
    if kind == 5 and at + 2 < len(codes):
        number = codes[at + 2] & 255
        if number < 16:
            return BASIC[number % 8], at + 2
        if number >= 232:
            return "white", at + 2
        number -= 16
        return _nearest(number // 36 * 51, number // 6 % 6 * 51, number % 6 * 51), at + 2
    if kind == 2 and at + 4 < len(codes):
        return _nearest(*(code & 255 for code in codes[at + 2 : at + 5])), at + 4
    return "", at


def _nearest(*rgb: int) -> str:
    high = max(rgb)
    if high - min(rgb) < 40:
        return "white"
    return BASIC[sum(1 << place for place, value in enumerate(rgb) if value > high * 0.6)]
