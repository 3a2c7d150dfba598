"""Whether `openspec archive` would take a change, with the reasons, by the rules of OpenSpec 1.13 and without it."""

from dataclasses import dataclass

from callboard.link.openspec.merging import Fault, fault_of_merge, faults_of_delta
from callboard.link.openspec.model import Change, Roadmap


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which archive would refuse: `kind` is short, `words` go on after 'archive would refuse: '."""

    kind: str
    words: str
    path: str = ""
    line: int = 0


def refusals(change: Change, roadmap: Roadmap) -> list[Refusal]:
    """Every reason that is known, those that archive would name first; [] when it would take the change.

    Open tasks are none: archive only asks about them. What a second change archived before would alter is left out of
    account, and so is a capability that is given up while its spec holds words which no rule can place.
    """
    if change.nested:
        return [Refusal("nested", f"it is no change, it wraps {', '.join(change.nested[:3])}", change.path)]
    skips, retires, wrong = _markers(change)
    found = [Refusal("bad-yaml", wrong, f"{change.path}/.openspec.yaml")] if wrong else []
    if change.root_spec:
        found.append(
            Refusal("delta-name", "specs/spec.md lies in no folder of a capability", f"{change.path}/specs/spec.md", 1)
        )
    found += [
        Refusal("delta-name", f"{path.rpartition('/specs/')[2]} holds deltas and is not called spec.md", path, 1)
        for path in change.unread
    ]
    looked_at = bool(found) or any(plan.sections for plan in change.plans)
    by_file: dict[str, list[Fault]] = {}
    for plan in change.plans:
        faults = faults_of_delta(plan)
        if not looked_at:
            faults = [fault for fault in faults if fault.kind == "empty-delta"]
        by_file[plan.path] = faults
        found += [Refusal(fault.kind, _of(fault.words, plan.capability), plan.path, fault.line) for fault in faults]
    if skips and any("/specs/" in path and "/." not in path for path in change.files):
        found.append(
            Refusal(
                "skip-specs", "skip_specs is set, but there are files below specs/", f"{change.path}/.openspec.yaml"
            )
        )
    specs = {spec.id: spec.text for spec in roadmap.specs}
    for plan in change.plans:
        if by_file[plan.path]:
            continue
        fault = fault_of_merge(plan, specs.get(plan.capability), retires)
        if fault:
            found.append(Refusal(fault.kind, _of(fault.words, plan.capability), plan.path, fault.line))
    return found


def _of(words: str, capability: str) -> str:
    return words if f"'{capability}'" in words else f"{words} ({capability})"


def _markers(change: Change) -> tuple[bool, bool, str]:
    """Whether specs are skipped, whether capabilities may go, and what keeps the first from being honoured."""
    skips, retires = change.keys.get("skip_specs"), change.keys.get("retire_capabilities")
    known = bool(change.schema) and not any(trouble.kind == "schema" for trouble in change.trouble)
    if "skip_specs" in change.keys and skips is not False and (not known or skips is not True):
        return False, False, "skip_specs is set, but its .openspec.yaml is not accepted"
    return skips is True and known, retires is True and known, ""
