"""What a proposal says of its change: a title, and why."""

import re

from callboard.link.openspec.markdown import fences, plain_lines
from callboard.work.finding import clean

TITLE = re.compile(r"^ {0,3}#[ \t]+(.{1,400})")
WHY = re.compile(r"^ {0,3}##[ \t]+(?:why|motivation|warum|problem)\b", re.IGNORECASE)
ANY = re.compile(r"^ {0,3}#{1,2}[ \t]+\S")
NAMES = re.compile(r"^(?:(?:change )?proposal|change|proposed change)\s*[:\u2013\u2014-]\s*", re.IGNORECASE)
LONGEST_WHY = 4_000


def title_and_why(text: str) -> tuple[str, str]:
    """The first title, without a leading 'Proposal:', and the words below `## Why`; '' for what is missing."""
    lines = plain_lines(text[:400_000])
    mask = fences(lines)
    title, why, inside = "", list[str](), False
    for index, line in enumerate(lines):
        if not mask[index]:
            if not title and (match := TITLE.match(line)):
                title = match[1]
            if WHY.match(line):
                inside = not why
                continue
            if inside and ANY.match(line):
                inside = False
        if inside:
            why.append(line)
    title = re.sub(r"\s+#+\s*$", "", title.strip())
    named = NAMES.sub("", title)
    bare = "" if named.lower() in ("proposal", "change proposal", "change", "why") else named
    return clean(bare, 300), clean("\n".join(why).strip(), LONGEST_WHY)
