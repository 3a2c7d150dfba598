"""Where two changes want different things of one requirement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from callboard.link.openspec.model import Change, Check, Roadmap
from callboard.link.openspec.requirements import folded
from callboard.work.finding import clean


@dataclass(frozen=True, slots=True)
class Touch:
    """One change's operation on one requirement; `to` marks the new name of a renamed one."""

    change: str
    operation: str
    capability: str
    requirement: str
    path: str
    line: int
    to: bool = False
    raw: str = ""


def overlaps(roadmap: Roadmap, before: Mapping[str, frozenset[str]]) -> list[Check]:
    """Overlapping deltas, one check for each pair of changes and kind.

    `before` holds for each change all that come before it, however far (see `order.all_before`).
    """
    by_name: dict[tuple[str, str], list[Touch]] = {}
    for change in roadmap.changes:
        for touch in touches_of(change):
            by_name.setdefault((touch.capability, folded(touch.requirement)), []).append(touch)
    base = {(spec.id, folded(one.name)) for spec in roadmap.specs for one in spec.requirements}
    found: dict[tuple[str, str, str], list[tuple[Touch, Touch]]] = {}
    for key, touches in by_name.items():
        for at, one in enumerate(touches[:50]):
            for other in touches[at + 1 : 50]:
                if one.change == other.change:
                    continue
                kind = _kind(one, other, key in base, before)
                if kind:
                    first, second = (one, other) if _in_order(one, other, before) else (other, one)
                    found.setdefault((kind, first.change, second.change), []).append((first, second))
    return [_check(kind, pairs) for (kind, _, _), pairs in found.items()]


def touches_of(change: Change) -> Iterable[Touch]:
    """What the change does, requirement by requirement."""
    for plan in change.plans:
        for operation, blocks in (("ADDED", plan.added), ("MODIFIED", plan.modified)):
            for block in blocks:
                yield Touch(
                    change.id, operation, plan.capability, block.name, plan.path, block.line, raw=block.raw.strip()
                )
        for named in plan.removed:
            yield Touch(change.id, "REMOVED", plan.capability, named.name, plan.path, named.line)
        for named in plan.renamed:
            yield Touch(change.id, "RENAMED", plan.capability, named.name, plan.path, named.line)
            yield Touch(change.id, "RENAMED", plan.capability, named.becomes, plan.path, named.line, to=True)


def _in_order(one: Touch, other: Touch, before: Mapping[str, frozenset[str]]) -> bool:
    """Whether the first stands first: what comes before, else what adds, else by name."""
    if one.change in before.get(other.change, ()):
        return True
    if other.change in before.get(one.change, ()):
        return False
    return (not _makes(one), one.change) <= (not _makes(other), other.change)


def _makes(touch: Touch) -> bool:
    return touch.operation == "ADDED" or touch.to


def _kind(one: Touch, other: Touch, in_base: bool, before: Mapping[str, frozenset[str]]) -> str:
    ordered = one.change in before.get(other.change, ()) or other.change in before.get(one.change, ())
    if _makes(one) and _makes(other):
        same = one.operation == other.operation == "ADDED" and one.raw == other.raw
        return "" if same else "both-add"
    if _makes(one) or _makes(other):
        maker, user = (one, other) if _makes(one) else (other, one)
        if in_base:
            return ""
        if maker.change in before.get(user.change, ()):
            return ""
        return "needs-order"
    operations = {one.operation, other.operation}
    if operations == {"MODIFIED"}:
        same = one.raw == other.raw
        return "" if same else "both-modify-ordered" if ordered else "both-modify"
    if operations == {"REMOVED"}:
        return "both-remove"
    return "against" if len(operations) == 2 else "both-rename"


WORDS: Mapping[str, tuple[str, str, str]] = {
    "both-add": (
        "high",
        "{a} and {b} both add {names}: archive refuses the second one",
        "keep it in one of them; let the other modify it",
    ),
    "against": (
        "high",
        "{a} has {op_a} and {b} {op_b} {names}: archive refuses the second one",
        "decide which of them is right",
    ),
    "both-rename": ("high", "{a} and {b} both rename {names}", "rename it in one of them"),
    "needs-order": (
        "medium",
        "{b} has {op_b} {names}, which only {a} brings: archive refuses it before {a}",
        'write after = ["{a}"] into [changes.{b}], or depends_on into its .openspec.yaml',
    ),
    "both-modify": (
        "medium",
        "{a} and {b} both rewrite {names}: the one that is archived last wins, and the other's words are lost",
        "put one after the other, and let the second begin from the first one's words",
    ),
    "both-modify-ordered": (
        "low",
        "{b} comes after {a}, and both rewrite {names}: it must begin from that one's words",
        "take over what {a} writes",
    ),
    "both-remove": ("low", "{a} and {b} both remove {names}", "remove it in one of them"),
}


def _check(kind: str, pairs: list[tuple[Touch, Touch]]) -> Check:
    first, second = pairs[0]
    severity, words, mend = WORDS[kind]
    names = [f"'{clean(second.requirement, 120)}'" for _, second in pairs]
    said = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    place = {
        "a": first.change,
        "b": second.change,
        "op_a": first.operation,
        "op_b": second.operation,
        "names": f"{said} of {first.capability}",
    }
    return Check(
        "overlap",
        severity,
        words.format(**place),
        mend.format(**place),
        second.change,
        second.path,
        second.line,
        (first.change,),
    )
