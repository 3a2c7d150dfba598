"""Task lines of a tasks file, counted exactly as OpenSpec 1.13 counts them."""

import hashlib
import re
from collections.abc import Iterable

from callboard.link.openspec.markdown import SPACE, SPACES, closed_fences, trim
from callboard.link.openspec.model import OddLine, Section, Task
from callboard.work.finding import clean

# OpenSpec's own pattern, where JavaScript's \s is SPACE and one character is one unit of UTF-16; the possessive
# signs change nothing that it matches, and keep a line of a million blanks from taking minutes.
BOX = rf"^{SPACE}*+(?:[-*+]|[0-9]{{1,9}}[.)]){SPACE}*+\["
MARK = rf"(?:{SPACE}*+(?P<mark>[^\]{SPACES}\U00010000-\U0010ffff]?+)"
TASK = re.compile(rf"{BOX}{MARK}{SPACE}*+\](?![(\[])|{SPACE}++\]){SPACE}*+(?P<text>[^\r\n\u2028\u2029]*)")
HEADING = re.compile(r"^ {0,3}(#{2,4})[ \t]+(.*)")
NUMBER = re.compile(
    r"^(?:\*\*|__)?(?:(?:task|step)\s+)?(\d{1,6}(?:\.\d{1,6}){0,5}[a-z]?|T\d{1,6})(?:\*\*|__)?[.):]?(?:\*\*|__)?(?=\s|$)",
    re.IGNORECASE,
)
LIKE_BOX = re.compile(r"^ {0,12}(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]*\[[^\]\s\[(]{2,12}\][ \t]+\S|\[[ xX~-]\][ \t]+\S)")
LIST_ITEM = re.compile(r"^ {0,3}(?:[-*+]|[0-9]{1,9}[.)])[ \t]+\S")
LONGEST_TEXT = 2_000
MOST_ODD = 200
MOST_TASKS = 20_000


def sections_of(data: bytes, change: str, path: str, taken: dict[str, int]) -> list[Section]:
    """The tasks of the file's bytes below their headings (`##` to `####`); headings in closed code fences are none.

    `taken` holds the refs that are in use in the change, with how often; those of this file are put into it.
    """
    text = data.decode("utf-8", "replace")
    lines = text.split("\n")
    raw = data.split(b"\n")
    fenced = closed_fences(lines) if "```" in text or "~~~" in text else frozenset[int]()
    found: list[Section] = []
    title, line_of_title, tasks = "", 0, list[Task]()
    count = 0
    for number, line in enumerate(lines, 1):
        if "#" in line and number - 1 not in fenced and (heading := HEADING.match(line)):
            if tasks or title:
                found.append(Section(title, path, line_of_title, tuple(tasks)))
            title, line_of_title, tasks = _title(heading[2]), number, []
        elif "[" in line and count < MOST_TASKS and (match := TASK.match(line)):
            tasks.append(_task(line, match, change, title, path, number, taken, seen_of(raw[number - 1])))
            count += 1
    if tasks or title:
        found.append(Section(title, path, line_of_title, tuple(tasks)))
    return found


def odd_lines_of(data: bytes, path: str, boxless: bool) -> list[OddLine]:
    """Lines outside of fences that look like tasks and are not counted: `- [WIP] …`, `[ ] …`; plain list items if `boxless`."""
    lines = data.decode("utf-8", "replace").split("\n")
    fenced = closed_fences(lines)
    found: list[OddLine] = []
    for index, line in enumerate(lines):
        if index in fenced or len(found) >= MOST_ODD:
            continue
        boxed = "[" in line and LIKE_BOX.match(line) and not TASK.match(line)
        if boxed or (boxless and LIST_ITEM.match(line) and not TASK.match(line)):
            found.append(OddLine(clean(trim(line), 200), path, index + 1, bool(boxed)))
    return found


def counted(text: str) -> tuple[int, int]:
    """How many tasks are done, and how many there are."""
    marks = [match["mark"] for line in text.split("\n") if "[" in line and (match := TASK.match(line))]
    return sum(mark in ("x", "X") for mark in marks), len(marks)


def done_of(line: str) -> bool | None:
    """Whether the line is a task that is done; None when it is no task."""
    match = TASK.match(line) if "[" in line else None
    return match["mark"] in ("x", "X") if match else None


def seen_of(line: bytes) -> str:
    """A name of how a line reads, without its line end."""
    return hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()[:20]


def numbers_of(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    """The tasks by their numbers, those without one left out."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        if task.number:
            found.setdefault(task.number, []).append(task)
    return found


def _title(text: str) -> str:
    return clean(trim(re.sub(r"[ \t]+#+[ \t]*\r?$", "", text[:1_000])), 300)


def _task(
    line: str, match: re.Match[str], change: str, section: str, path: str, number: int, taken: dict[str, int], seen: str
) -> Task:
    text = trim(match["text"])
    said = NUMBER.match(text)
    named = said[1] if said else ""
    mark = match["mark"]
    return Task(
        ref=_ref(change, named, text, taken),
        number=named,
        text=clean(text, LONGEST_TEXT),
        section=section,
        path=path,
        line=number,
        mark=" " if mark is None or (mark == "" and match.end() and _has_blank(line)) else clean(mark),
        done=mark in ("x", "X"),
        indent=_indent(line),
        seen=seen,
    )


def _has_blank(line: str) -> bool:
    opened = line.index("[") + 1
    return line[opened : line.index("]", opened)] != ""


def _ref(change: str, number: str, text: str, taken: dict[str, int]) -> str:
    ref = f"{change}#{number}"
    if not number or ref in taken:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        ref = f"{ref}~{digest[:6]}" if number else f"{change}#t{digest[:10]}"
    base = ref
    while ref in taken:
        taken[base] += 1
        ref = f"{base}~{taken[base]}"
    taken[ref] = 1
    return ref


def _indent(line: str) -> int:
    column = 0
    for sign in line:
        if sign == "\t":
            column += 4 - column % 4
        elif sign == " ":
            column += 1
        elif sign != "\ufeff":
            break
    return column
