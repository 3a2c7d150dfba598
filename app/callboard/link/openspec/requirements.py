"""Requirements as OpenSpec 1.13 reads them: blocks of a spec, and the plan of a delta file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from callboard.link.openspec.markdown import SPACE, fences, plain_lines, trim

HEADER = re.compile(rf"^###{SPACE}*Requirement:{SPACE}*([^\n\r\u2028\u2029]+){SPACE}*\Z", re.IGNORECASE | re.ASCII)
BULLET = re.compile(rf"^{SPACE}*[-*+]{SPACE}*`?###{SPACE}*Requirement:{SPACE}*([^\n\r\u2028\u2029]+?)`?{SPACE}*\Z")
FROM = re.compile(
    rf"^{SPACE}*[-*+]?{SPACE}*FROM:{SPACE}*`?###{SPACE}*Requirement:{SPACE}*([^\n\r\u2028\u2029]+?)`?{SPACE}*\Z"
)
TO = re.compile(
    rf"^{SPACE}*[-*+]?{SPACE}*TO:{SPACE}*`?###{SPACE}*Requirement:{SPACE}*([^\n\r\u2028\u2029]+?)`?{SPACE}*\Z"
)
SECTION = re.compile(rf"^##{SPACE}+([^\n\r\u2028\u2029]+)\Z")
TOP = re.compile(rf"^##{SPACE}+")
THIRD = re.compile(rf"^###{SPACE}+([^\n\r\u2028\u2029]+?){SPACE}*\Z")
SCENARIO = re.compile(rf"^####{SPACE}+")
SCENARIO_END = re.compile(rf"^#{{1,4}}{SPACE}")
ANY_HEADER = re.compile(rf"^#{{1,6}}{SPACE}")
METADATA = re.compile(r"^\*\*[^*]+\*\*:")
NORMATIVE = re.compile(r"(?<![0-9A-Za-z_])(?:SHALL|MUST)(?![0-9A-Za-z_])")
REQUIREMENTS = re.compile(rf"^##{SPACE}+Requirements{SPACE}*\Z", re.IGNORECASE | re.ASCII)
OPERATIONS = ("ADDED", "MODIFIED", "REMOVED", "RENAMED")
LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Block:
    """A requirement with all its lines."""

    name: str
    raw: str
    line: int

    @property
    def body(self) -> list[str]:
        """The lines below the header."""
        return self.raw.split("\n")[1:]

    @property
    def mask(self) -> list[bool]:
        """For each line, the header included, whether it belongs to a fenced block."""
        lines = self.raw.split("\n")
        return fences(lines) if "```" in self.raw or "~~~" in self.raw else [False] * len(lines)


@dataclass(frozen=True, slots=True)
class Named:
    """A name on a line; `side` and `becomes` are of renames, `section` is where it stands."""

    name: str
    line: int
    becomes: str = ""
    side: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a delta file asks for.

    `unpaired` are FROM and TO lines without the other, `orphans` requirements outside of every delta section, `skipped`
    headings of level three inside of one that are no requirement. `sections` are the operations that have a section.
    """

    capability: str
    path: str
    added: tuple[Block, ...] = ()
    modified: tuple[Block, ...] = ()
    removed: tuple[Named, ...] = ()
    renamed: tuple[Named, ...] = ()
    unpaired: tuple[Named, ...] = ()
    orphans: tuple[Named, ...] = ()
    skipped: tuple[Named, ...] = ()
    sections: frozenset[str] = field(default_factory=frozenset)

    @property
    def count(self) -> int:
        """How many operations there are."""
        return len(self.added) + len(self.modified) + len(self.removed) + len(self.renamed)


@dataclass(slots=True)
class _Body:
    lines: Sequence[str]
    mask: Sequence[bool]
    first: int


def normal(name: str) -> str:
    """The name without a closing run of #, trimmed."""
    ending = name.rstrip(" \t")
    bare = ending.rstrip("#")
    if bare != ending and bare and bare[-1] in " \t":
        name = bare.rstrip(" \t")
    return trim(name)


def folded(name: str) -> str:
    """The name without case and with single blanks: two that fold alike are one requirement, spelt twice."""
    return re.sub(rf"{SPACE}+", " ", normal(name).lower())


def header_of(line: str) -> str | None:
    """The name of a `### Requirement:` line."""
    if not line.startswith("###") or len(line) > LONGEST_LINE:
        return None
    match = HEADER.match(line)
    return normal(match[1]) if match else None


def plan_of(text: str, capability: str, path: str) -> Plan:
    """The plan of a delta file's text."""
    lines = plain_lines(text)
    mask = fences(lines)
    bodies: dict[str, list[_Body]] = {operation: [] for operation in OPERATIONS}
    heads = [
        (index, trim(match[1]))
        for index, line in enumerate(lines)
        if line.startswith("##") and not mask[index] and len(line) < LONGEST_LINE and (match := SECTION.match(line))
    ]
    titles = {f"{operation} requirements".lower(): operation for operation in OPERATIONS}
    for at, (index, title) in enumerate(heads):
        end = heads[at + 1][0] if at + 1 < len(heads) else len(lines)
        operation = titles.get(title.lower())
        if operation:
            bodies[operation].append(_Body(lines[index + 1 : end], mask[index + 1 : end], index + 2))
    skipped, unpaired = list[Named](), list[Named]()
    added = [block for body in bodies["ADDED"] for block in _blocks(body, "ADDED", skipped)]
    modified = [block for body in bodies["MODIFIED"] for block in _blocks(body, "MODIFIED", skipped)]
    removed = [name for body in bodies["REMOVED"] for name in _removed(body)]
    renamed = [pair for body in bodies["RENAMED"] for pair in _renamed(body, unpaired)]
    return Plan(
        capability=capability,
        path=path,
        added=tuple(added),
        modified=tuple(modified),
        removed=tuple(removed),
        renamed=tuple(renamed),
        unpaired=tuple(sorted(unpaired, key=lambda named: named.line)),
        orphans=tuple(_orphans(lines, mask, titles)),
        skipped=tuple(sorted(skipped, key=lambda named: named.line)),
        sections=frozenset(operation for operation, found in bodies.items() if found),
    )


def has_delta_section(text: str) -> bool:
    """Whether the text has a section such as `## ADDED Requirements`."""
    return bool(plan_of(text, "", "").sections)


def blocks_of(text: str) -> tuple[list[Block], bool]:
    """The requirements of a spec, in order, and whether it has a `## Requirements` section at all."""
    lines = plain_lines(text)
    mask = fences(lines)
    start = next((i for i, line in enumerate(lines) if not mask[i] and REQUIREMENTS.match(line)), -1)
    if start < 0:
        return [], False
    end = next((i for i in range(start + 1, len(lines)) if not mask[i] and TOP.match(lines[i])), len(lines))
    return list(_blocks(_Body(lines[start + 1 : end], mask[start + 1 : end], start + 2), "", None)), True


def scenario_names(block: Block) -> list[str]:
    """The titles of all `####` headings of a block outside of fences."""
    lines = block.raw.split("\n")
    mask = fences(lines)
    return [
        _scenario_name(line) for line, hidden in zip(lines, mask, strict=True) if not hidden and SCENARIO.match(line)
    ]


def scenario_counts(block: Block) -> tuple[int, int]:
    """How many scenarios have a body, and how many are a bare heading."""
    body, mask = block.body, block.mask[1:]
    full = bare = 0
    for index, line in enumerate(body):
        if mask[index] or not SCENARIO.match(line):
            continue
        end = index + 1
        while end < len(body) and (mask[end] or not SCENARIO_END.match(body[end])):
            end += 1
        if trim("\n".join(body[index + 1 : end])):
            full += 1
        else:
            bare += 1
    return full, bare


def words_of(block: Block) -> str:
    """The requirement's own words: what stands before its first heading, without fences."""
    body, mask = block.body, block.mask[1:]
    captured, metadata = list[str](), list[str]()
    for index, line in enumerate(body):
        if mask[index]:
            continue
        if ANY_HEADER.match(line):
            break
        bare = trim(line)
        if bare:
            (metadata if METADATA.match(bare) else captured).append(bare)
    return "\n".join(captured or metadata)


def is_normative(words: str) -> bool:
    """Whether it says SHALL or MUST."""
    return bool(NORMATIVE.search(words))


def _scenario_name(line: str) -> str:
    name = SCENARIO.sub("", line, count=1)
    ending = name.rstrip(" \t")
    bare = ending.rstrip("#")
    if bare != ending and bare and bare[-1] in " \t":
        name = bare.rstrip(" \t")
    return trim(re.sub(rf"^Scenario:{SPACE}*", "", name, flags=re.IGNORECASE | re.ASCII))


def _blocks(body: _Body, section: str, skipped: list[Named] | None) -> list[Block]:
    found: list[Block] = []
    name, kept, line_of = "", list[str](), 0
    for index, line in enumerate(body.lines):
        header = None if body.mask[index] else header_of(line)
        if header is not None:
            if line_of:
                found.append(Block(name, "\n".join(kept).rstrip(), line_of))
            name, kept, line_of = header, [line], body.first + index
            continue
        if skipped is not None and line.startswith("###") and not body.mask[index] and len(line) < LONGEST_LINE:
            third = THIRD.match(line)
            if third:
                skipped.append(Named(trim(third[1]), body.first + index, section=section))
        if line_of:
            kept.append(line)
    if line_of:
        found.append(Block(name, "\n".join(kept).rstrip(), line_of))
    return found


def _removed(body: _Body) -> list[Named]:
    found = []
    for index, line in enumerate(body.lines):
        if body.mask[index] or "equirement" not in line.lower() or len(line) > LONGEST_LINE:
            continue
        name = header_of(line)
        if name is None and (bullet := BULLET.match(line)):
            name = normal(bullet[1])
        if name is not None:
            found.append(Named(name, body.first + index))
    return found


def _renamed(body: _Body, unpaired: list[Named]) -> list[Named]:
    found: list[Named] = []
    pending: Named | None = None
    for index, line in enumerate(body.lines):
        if body.mask[index] or "Requirement:" not in line or len(line) > LONGEST_LINE:
            continue
        if match := FROM.match(line):
            if pending:
                unpaired.append(pending)
            pending = Named(normal(match[1]), body.first + index, side="FROM")
        elif match := TO.match(line):
            name = normal(match[1])
            if pending is None:
                unpaired.append(Named(name, body.first + index, side="TO"))
                continue
            found.append(Named(pending.name, pending.line, becomes=name))
            pending = None
    if pending:
        unpaired.append(pending)
    return found


def _orphans(lines: Sequence[str], mask: Sequence[bool], titles: dict[str, str]) -> list[Named]:
    found, section = list[Named](), ""
    inside = False
    for index, line in enumerate(lines):
        if mask[index] or not line.startswith("##") or len(line) > LONGEST_LINE:
            continue
        if match := SECTION.match(line):
            section = trim(match[1])
            inside = section.lower() in titles
            continue
        name = None if inside else header_of(line)
        if name is not None:
            found.append(Named(name, index + 1, section=section))
    return found
