"""The `spec.md` files of a tree: which they are, and what they say."""

import os
from collections.abc import Iterable, Sequence

from callboard.link.openspec import reach
from callboard.link.openspec.markdown import fences, plain_lines
from callboard.link.openspec.model import Check, Delta, Requirement, Spec
from callboard.link.openspec.reach import Entry, Unreadable
from callboard.link.openspec.requirements import (
    Block,
    Plan,
    blocks_of,
    has_delta_section,
    plan_of,
    scenario_names,
    words_of,
)
from callboard.work.finding import clean

LONGEST_WORDS = 2_000
MOST_DELTA_FILES = 300
MOST_DELTAS = 2_000


def spec_paths(entries: Iterable[Entry]) -> list[Entry]:
    """Of the entries below a specs folder those that OpenSpec reads: `spec.md` in a folder, nothing hidden."""
    return [
        entry
        for entry in entries
        if entry.kind in ("file", "link") and entry.name.endswith("/spec.md") and not _hidden(entry.name)
    ]


def spec_of(text: str, capability: str, shown: str) -> Spec:
    """The spec of the text."""
    blocks, _ = blocks_of(text)
    return Spec(
        id=capability,
        path=shown,
        requirements=tuple(_requirement(block) for block in blocks),
        purpose=_purpose(text),
        text=text,
    )


def deltas_of(
    path: str, shown: str, identity: str, entries: Sequence[Entry]
) -> tuple[list[Plan], list[Check], list[str]]:
    """The plans of a change's delta files, what could not be read, and Markdown files with deltas that nobody reads."""
    plans, wrong, unread = list[Plan](), list[Check](), list[str]()
    count = 0
    for entry in entries:
        if not entry.name.startswith("specs/") or entry.kind not in ("file", "link") or _hidden(entry.name):
            continue
        base = entry.name.rpartition("/")[2]
        if not base.lower().endswith(".md"):
            continue
        count += 1
        where = f"{shown}/{clean(entry.name, 500)}"
        if count > MOST_DELTA_FILES:
            words = f"'{identity}' has more than {MOST_DELTA_FILES} files below specs/; the rest is not read"
            wrong.append(Check("too-many", "medium", words, "make several changes of it", identity, f"{shown}/specs"))
            break
        try:
            text = reach.text(os.path.join(path, entry.name), path, plain=entry.kind == "file")
        except Unreadable as error:
            if entry.moment is not None:
                words = f"{clean(entry.name, 200)} of '{identity}' {error}"
                wrong.append(Check("unreadable", "high", words, "", identity, where))
            continue
        capability = entry.name.removeprefix("specs/").removesuffix("spec.md").rstrip("/")
        if base == "spec.md" and capability:
            plans.append(plan_of(text, clean(capability, 300), where))
        elif has_delta_section(text):
            unread.append(where)
    return plans, wrong, unread


def deltas_in(plans: Iterable[Plan]) -> list[Delta]:
    """The operations of the plans, one each."""
    found: list[Delta] = []
    for plan in plans:
        for operation, blocks in (("ADDED", plan.added), ("MODIFIED", plan.modified)):
            for block in blocks:
                about = _requirement(block)
                found.append(
                    Delta(plan.capability, operation, about.name, plan.path, block.line, about.scenarios, about.text)
                )
        for named in plan.removed:
            found.append(Delta(plan.capability, "REMOVED", clean(named.name, 300), plan.path, named.line))
        for named in plan.renamed:
            names = (clean(named.name, 300), clean(named.becomes, 300))
            found.append(Delta(plan.capability, "RENAMED", names[0], plan.path, named.line, becomes=names[1]))
    return found[:MOST_DELTAS]


def _requirement(block: Block) -> Requirement:
    scenarios = tuple(clean(name, 300) for name in scenario_names(block)[:100])
    return Requirement(clean(block.name, 300), block.line, scenarios, clean(words_of(block), LONGEST_WORDS))


def _purpose(text: str) -> str:
    lines = plain_lines(text)
    mask = fences(lines)
    found, inside = list[str](), False
    for index, line in enumerate(lines):
        if line.startswith("## ") and not mask[index]:
            if inside:
                break
            inside = line[3:].strip().lower() == "purpose"
        elif inside:
            found.append(line)
    return clean("\n".join(found).strip(), LONGEST_WORDS)


def _hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name
