"""The little of Markdown that OpenSpec reads, and as it reads it: fences, headings, blanks of JavaScript."""

import re
from collections.abc import Sequence

SPACES = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
SPACE = f"[{SPACES}]"
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
FENCE = re.compile(rf"^{SPACE}*+(`{{3,}}|~{{3,}})")
CLOSING = re.compile(rf"^{SPACE}*+(`{{3,}}+|~{{3,}}+){SPACE}*$")


def trim(text: str) -> str:
    """As JavaScript trims."""
    return text.strip(BLANKS)


def plain_lines(text: str) -> list[str]:
    """The lines without byte-order mark and carriage returns."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def fences(lines: Sequence[str]) -> list[bool]:
    """For each line whether it belongs to a fenced block, the fences included; one that is never closed goes to the end."""
    mask = [False] * len(lines)
    sign, length = "", 0
    for index, line in enumerate(lines):
        if not sign:
            if ("`" in line or "~" in line) and (opened := FENCE.match(line)):
                sign, length = opened[1][0], len(opened[1])
                mask[index] = True
            continue
        mask[index] = True
        closed = CLOSING.match(line)
        if closed and closed[1][0] == sign and len(closed[1]) >= length:
            sign = ""
    return mask


def closed_fences(lines: Sequence[str]) -> frozenset[int]:
    """The indexes of lines in fenced blocks that are closed again."""
    found: set[int] = set()
    block: list[int] = []
    sign, length = "", 0
    for index, line in enumerate(lines):
        if not sign:
            if ("`" in line or "~" in line) and (opened := FENCE.match(line)):
                sign, length, block = opened[1][0], len(opened[1]), [index]
            continue
        block.append(index)
        closed = CLOSING.match(line)
        if closed and closed[1][0] == sign and len(closed[1]) >= length:
            found.update(block)
            sign = ""
    return frozenset(found)
