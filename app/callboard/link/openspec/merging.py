"""Whether OpenSpec 1.13's archive would take a delta file, worked out by its own rules and in its own order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from callboard.link.openspec.markdown import SPACE, fences, plain_lines, trim
from callboard.link.openspec.requirements import (
    ANY_HEADER,
    HEADER,
    REQUIREMENTS,
    TOP,
    Block,
    Plan,
    blocks_of,
    folded,
    is_normative,
    normal,
    scenario_counts,
    scenario_names,
    words_of,
)

DELTA_HEADER = re.compile(
    rf"^##{SPACE}+(?:ADDED|MODIFIED|REMOVED|RENAMED){SPACE}+Requirements{SPACE}*\Z", re.IGNORECASE | re.ASCII
)
SECTIONS = re.compile(rf"^(#{{1,6}}){SPACE}+([^\n\r\u2028\u2029]+)\Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why archive would refuse: a short kind, words, and the line in the delta file or 0."""

    kind: str
    words: str
    line: int = 0


def faults_of_delta(plan: Plan) -> list[Fault]:
    """What `openspec validate` and archive call an error in the delta file by itself."""
    found: list[Fault] = []
    for named in plan.unpaired:
        other = "TO" if named.side == "FROM" else "FROM"
        found.append(Fault("rename", f"{named.side} '{named.name}' has no {other} line", named.line))
    if plan.count == 0:
        words = (
            "its sections hold no requirement" if plan.sections else "it has no section such as ## ADDED Requirements"
        )
        found.append(Fault("empty-delta", words, 1))
    for operation, blocks in (("ADDED", plan.added), ("MODIFIED", plan.modified)):
        found += _twice(operation, ((block.name, block.line) for block in blocks))
        for block in blocks:
            found += _faults_of_block(operation, block)
    found += _twice("REMOVED", ((named.name, named.line) for named in plan.removed))
    found += _twice("RENAMED FROM", ((named.name, named.line) for named in plan.renamed))
    found += _twice("RENAMED TO", ((named.becomes, named.line) for named in plan.renamed))
    return found + _crossed(plan)


def _twice(operation: str, names: Iterable[tuple[str, int]]) -> list[Fault]:
    seen, found = set[str](), list[Fault]()
    for name, line in names:
        if name in seen:
            found.append(Fault("twice", f"{operation} names '{name}' twice", line))
        seen.add(name)
    return found


def _faults_of_block(operation: str, block: Block) -> list[Fault]:
    found = []
    if not words_of(block):
        hint = "; its SHALL stands in the heading only" if is_normative(block.name) else ""
        found.append(Fault("no-words", f"{operation} '{block.name}' has no words of its own{hint}", block.line))
    full, bare = scenario_counts(block)
    if not full:
        hint = ", only a bare heading" if bare else ""
        found.append(Fault("no-scenario", f"{operation} '{block.name}' has no scenario{hint}", block.line))
    return found


def _crossed(plan: Plan) -> list[Fault]:
    added = {block.name: block.line for block in plan.added}
    modified = {block.name: block.line for block in plan.modified}
    removed = {named.name: named.line for named in plan.removed}
    pairs = (
        ("MODIFIED", modified, "REMOVED", removed),
        ("MODIFIED", modified, "ADDED", added),
        ("ADDED", added, "REMOVED", removed),
    )
    found = [
        Fault("crossed", f"'{name}' is in both {one} and {other}", first[name])
        for one, first, other, second in pairs
        for name in first
        if name in second
    ]
    gone = {folded(name) for name in removed}
    for named in plan.renamed:
        if named.name in modified:
            found.append(
                Fault("crossed", f"MODIFIED names '{named.name}', which is renamed to '{named.becomes}'", named.line)
            )
        if named.becomes in added:
            found.append(
                Fault("crossed", f"'{named.becomes}' is both ADDED and what '{named.name}' is renamed to", named.line)
            )
        if folded(named.name) in gone:
            found.append(Fault("crossed", f"'{named.name}' is in both RENAMED and REMOVED", named.line))
    return found


def fault_of_merge(plan: Plan, base: str | None, retire: bool = False) -> Fault | None:
    """The first reason for which the delta cannot be put into the capability's spec (None: there is none yet).

    `retire` says whether the change may remove a capability. The delta's own faults come from `faults_of_delta`.
    """
    if base is None:
        if plan.modified or plan.renamed:
            return Fault(
                "no-base", f"there is no spec '{plan.capability}' yet; only ADDED is allowed", _first_line(plan)
            )
        blocks, broken = list[Block](), list[Fault]()
    else:
        broken = faults_of_structure(base)
        blocks, _ = blocks_of(base)
    if broken:
        return Fault("base", f"the spec '{plan.capability}' is broken: {broken[0].words} (line {broken[0].line})")
    by_name = _Blocks(blocks)
    fault = (
        _rename(plan, by_name)
        or _remove(plan, by_name, base is not None)
        or _modify(plan, by_name)
        or _add(plan, by_name)
    )
    if fault:
        return fault
    names = {block.name for block in blocks}
    removed = any(named.name in names for named in plan.removed)
    return _rebuilt(plan, base, by_name.ordered(), retire and (removed or base is None))


def _first_line(plan: Plan) -> int:
    return min([*(block.line for block in plan.modified), *(named.line for named in plan.renamed)], default=0)


class _Blocks:
    """The requirements of a spec while a delta is put into it: by name, by folded name, in their order."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._by_name: dict[str, Block] = {}
        self._places: dict[str, int] = {}
        self._folds: dict[str, dict[str, None]] = {}
        self._next = 0
        for block in blocks:
            self.put(block)

    def get(self, name: str) -> Block | None:
        """The block of exactly that name."""
        return self._by_name.get(name)

    def put(self, block: Block, place: int | None = None) -> None:
        """Puts it where one of its name stands, at the place, or last."""
        if block.name not in self._by_name:
            self._places[block.name] = self._next if place is None else place
            self._next += 1
            self._folds.setdefault(folded(block.name), {})[block.name] = None
        self._by_name[block.name] = block

    def drop(self, name: str) -> int:
        """Takes it out; where it stood comes back."""
        del self._by_name[name]
        self._folds[folded(name)].pop(name, None)
        return self._places.pop(name)

    def near(self, name: str, but: str | None = None) -> str | None:
        """A name that is spelt a little differently, or the same."""
        return next((other for other in self._folds.get(folded(name), ()) if other != but), None)

    def ordered(self) -> list[Block]:
        """What is left, in order."""
        return [self._by_name[name] for name in sorted(self._by_name, key=self._places.__getitem__)]


def _rename(plan: Plan, by_name: _Blocks) -> Fault | None:
    for named in plan.renamed:
        block = by_name.get(named.name)
        if block is None:
            if by_name.get(named.becomes) is not None:
                near = by_name.near(named.name, but=named.becomes)
                if near is None:
                    continue
                return Fault("header", f"RENAMED '{named.name}' is not there, but '{near}' is", named.line)
            return Fault("header", f"RENAMED: header not found: '{named.name}'", named.line)
        if by_name.get(named.becomes) is not None:
            return Fault("header", f"RENAMED: '{named.becomes}' exists already", named.line)
        near = by_name.near(named.becomes, but=named.name)
        if near is not None:
            return Fault("header", f"RENAMED: '{near}' exists already, spelt a little differently", named.line)
        raw = "\n".join([f"### Requirement: {named.becomes}", *block.body])
        by_name.put(Block(named.becomes, raw, block.line), by_name.drop(named.name))
    return None


def _remove(plan: Plan, by_name: _Blocks, there: bool) -> Fault | None:
    for named in plan.removed:
        if by_name.get(named.name) is not None:
            by_name.drop(named.name)
        elif there and (near := by_name.near(named.name)) is not None:
            return Fault("header", f"REMOVED '{named.name}' is not there, but '{near}' is", named.line)
    return None


def _modify(plan: Plan, by_name: _Blocks) -> Fault | None:
    for block in plan.modified:
        current = by_name.get(block.name)
        if current is None:
            return Fault("header", f"MODIFIED: header not found: '{block.name}'", block.line)
        first = HEADER.match(block.raw.split("\n", 1)[0])
        if first is None or normal(first[1]) != block.name:
            return Fault("header", f"MODIFIED: '{block.name}' does not begin with its own header", block.line)
        missing = _unmatched(scenario_names(current), scenario_names(block))
        if missing:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            names = ", ".join(f"'{name}'" for name in missing[:3]) + more
            return Fault("scenarios", f"MODIFIED '{block.name}' leaves out scenarios of the spec: {names}", block.line)
        by_name.put(block)
    return None


def _add(plan: Plan, by_name: _Blocks) -> Fault | None:
    for block in plan.added:
        existing = by_name.get(block.name)
        if existing is not None:
            if _plain(existing.raw) == _plain(block.raw):
                continue
            return Fault("exists", f"ADDED: '{block.name}' exists already", block.line)
        near = by_name.near(block.name)
        if near is not None:
            return Fault("exists", f"ADDED: '{near}' exists already, spelt a little differently", block.line)
        by_name.put(block)
    return None


def _unmatched(names: list[str], against: list[str]) -> list[str]:
    left: dict[str, int] = {}
    for name in against:
        left[name] = left.get(name, 0) + 1
    found = []
    for name in names:
        if left.get(name, 0):
            left[name] -= 1
        else:
            found.append(name)
    return found


def _plain(raw: str) -> str:
    return re.sub(r"\r\n?", "\n", raw).rstrip()


def faults_of_structure(text: str) -> list[Fault]:
    """What makes a spec unfit to be changed: delta headings, requirements outside of `## Requirements`, or twice."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    mask = fences(lines)
    start = next((i for i, line in enumerate(lines) if not mask[i] and REQUIREMENTS.match(line)), -1)
    end = len(lines)
    if start >= 0:
        end = next((i for i in range(start + 1, len(lines)) if not mask[i] and TOP.match(lines[i])), len(lines))
    seen, found = dict[str, int](), list[Fault]()
    for index, line in enumerate(lines):
        if mask[index] or not line.startswith("##"):
            continue
        if DELTA_HEADER.match(line):
            found.append(Fault("base", f"it holds the delta heading '{trim(line)[:80]}'", index + 1))
            continue
        match = HEADER.match(line)
        if not match:
            continue
        name = normal(match[1])
        if not (0 <= start < index < end):
            found.append(Fault("base", f"requirement '{name[:80]}' stands outside of ## Requirements", index + 1))
        elif name in seen:
            found.append(Fault("base", f"requirement '{name[:80]}' stands there twice", index + 1))
        else:
            seen[name] = index + 1
    return found


def _rebuilt(plan: Plan, base: str | None, kept: list[Block], retire: bool) -> Fault | None:
    """What archive's last look at the rebuilt spec would not accept."""
    if base is None:
        text = f"# {plan.capability}\n\n## Purpose\nTBD\n\n## Requirements\n"
        before, after, preamble = text.partition("## Requirements")[0], "", ""
    else:
        before, preamble, after = _parts(base)
    body = "\n\n".join([*([preamble] if trim(preamble) else []), *(block.raw for block in kept)]).rstrip()
    rebuilt = "\n\n".join(part for part in (before.rstrip(), "## Requirements", body, after.strip()) if part) + "\n"
    faults = faults_of_spec(rebuilt)
    if not faults:
        return None
    if retire and not kept and all(fault.kind == "none-left" for fault in faults):
        return None
    return Fault(faults[0].kind, f"the spec '{plan.capability}' would not be valid afterwards: {faults[0].words}")


def _parts(text: str) -> tuple[str, str, str]:
    lines = plain_lines(text)
    mask = fences(lines)
    start = next((i for i, line in enumerate(lines) if not mask[i] and REQUIREMENTS.match(line)), -1)
    if start < 0:
        return text.rstrip() + "\n\n", "", ""
    end = next((i for i in range(start + 1, len(lines)) if not mask[i] and TOP.match(lines[i])), len(lines))
    first = next((i for i in range(start + 1, end) if not mask[i] and HEADER.match(lines[i])), end)
    return "\n".join(lines[:start]), "\n".join(lines[start + 1 : first]).rstrip(), "\n".join(lines[end:])


def faults_of_spec(text: str) -> list[Fault]:
    """What `openspec validate` calls an error in a spec."""
    lines = plain_lines(text)
    mask = fences(lines)
    heads = [
        (index, len(match[1]), trim(match[2]))
        for index, line in enumerate(lines)
        if line.startswith("#") and not mask[index] and (match := SECTIONS.match(line))
    ]
    ends = [
        next((j for j in range(i + 1, len(lines)) if _ends(lines, mask, j, level)), len(lines)) for i, level, _ in heads
    ]
    purpose = next((at for at, (_, _, title) in enumerate(heads) if title.lower() == "purpose"), None)
    needs = next((at for at, (_, _, title) in enumerate(heads) if title.lower() == "requirements"), None)
    if purpose is None or not trim("\n".join(lines[heads[purpose][0] + 1 : ends[purpose]])):
        return [Fault("purpose", "it has no words below ## Purpose")]
    if needs is None:
        return [Fault("purpose", "it has no ## Requirements")]
    found = faults_of_structure(text)
    children = _children(heads, ends, needs)
    if not children:
        found.append(Fault("none-left", "no requirement is left in it"))
    for child in children:
        inner = _children(heads, ends, child)
        if not any(trim("\n".join(lines[heads[one][0] + 1 : ends[one]])) for one in inner):
            found.append(Fault("no-scenario", f"'{heads[child][2][:100]}' has no scenario", heads[child][0] + 1))
    for block in blocks_of(text)[0]:
        if not words_of(block):
            found.append(Fault("no-words", f"'{block.name[:100]}' has no words of its own", block.line))
    return found


def _ends(lines: list[str], mask: list[bool], index: int, level: int) -> bool:
    if mask[index] or not lines[index].startswith("#") or not ANY_HEADER.match(lines[index]):
        return False
    return len(lines[index]) - len(lines[index].lstrip("#")) <= level


def _children(heads: list[tuple[int, int, str]], ends: list[int], parent: int) -> list[int]:
    """The headings right below one: deeper than it, and in no other that is below it."""
    found: list[int] = []
    for at in range(parent + 1, len(heads)):
        if heads[at][0] >= ends[parent] or heads[at][1] <= heads[parent][1]:
            break
        if not found or heads[at][1] <= heads[found[-1]][1]:
            found.append(at)
    return found


__all__ = ["Fault", "fault_of_merge", "faults_of_delta", "faults_of_spec", "faults_of_structure"]
