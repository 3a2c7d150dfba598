"""What a patch is in the words of every surface: its row, its proof, what accepting it would do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from callboard.config import read_config
from callboard.core.boundary import boundary_from
from callboard.errors import BoundaryError, CallboardError, ConfigError, Refused
from callboard.record.patches import KeptPatch
from callboard.rows import Row
from callboard.work.checkout import Checkout, Trouble
from callboard.work.finding import clean
from callboard.work.patchtext import FileChange, Overlap, overlaps, read_patch
from callboard.work.sealing import sealing_key, unseal

MOST_LINES = 5_000
MOST_PROOF = 50
LIVE = ("waiting", "starting", "running")


@dataclass(slots=True)
class Check:
    """What is known before a patch is taken into the workspace. `refused` says why it never is, with the `rule`."""

    changes: tuple[FileChange, ...] = ()
    troubles: list[Trouble] = field(default_factory=list)
    refused: str = ""
    rule: str = ""
    already: bool = False
    uncommitted: list[str] = field(default_factory=list)
    moved: int | None = 0
    conflicts: list[tuple[int, Overlap]] = field(default_factory=list)

    @property
    def applies(self) -> bool:
        """Whether it can be applied to the files as they are now."""
        return not self.refused and not self.troubles

    def row(self) -> Row:
        """The same for a surface, with sentences."""
        return {
            "applies": self.applies,
            "already": self.already,
            "refused": self.refused,
            "rule": self.rule,
            "troubles": [{"path": clean(t.path), "why": clean(t.why)} for t in self.troubles],
            "uncommitted": [clean(path) for path in self.uncommitted],
            "moved": self.moved,
            "conflicts": [
                {
                    **asdict(overlap),
                    "path": clean(overlap.path),
                    "patch": other,
                    "words": conflict_words(other, overlap),
                }
                for other, overlap in self.conflicts
            ],
            "words": self.words(),
        }

    def words(self) -> list[str]:
        """One sentence for each thing to know."""
        rule = f" (rule: {self.rule})" if self.rule else ""
        said = [f"Refused: {self.refused}{rule}."] if self.refused else []
        if self.already:
            said.append("It seems to be in the workspace already.")
        elif self.troubles:
            said.append("It does not apply to the files as they are now:")
            said += [f"{clean(t.path)}: {clean(t.why)}." if t.path else f"{clean(t.why)}." for t in self.troubles[:20]]
        elif not self.refused:
            said.append("It applies cleanly to the files as they are now.")
        if self.uncommitted:
            said.append(f"Not committed in the same files: {', '.join(clean(p) for p in self.uncommitted[:10])}.")
        if self.moved is None:
            said.append("The commit that it was made from is not in the history of HEAD.")
        elif self.moved:
            said.append(
                f"HEAD is {self.moved} {'commit' if self.moved == 1 else 'commits'} ahead of where it was made."
            )
        said += [f"{conflict_words(other, overlap)}." for other, overlap in self.conflicts[:20]]
        return said


def conflict_words(other: int, overlap: Overlap) -> str:
    """'conflicts with patch 14 in app/a.py lines 10-20'."""
    lines = f" lines {overlap.lines}" if overlap.lines else ""
    return f"conflicts with patch {other} in {clean(overlap.path)}{lines}"


def opened(text: bytes, workspace: Path, proof: Mapping[str, Any], data: Path) -> bytes:
    """The patch as git takes it: one that is sealed gets its secrets back from the workspace, and is never kept like that."""
    seals = proof.get("sealed")
    if not isinstance(seals, list) or not seals:
        return text
    top = Checkout(workspace).top

    def line(path: str, number: int) -> str | None:
        place = top / path
        if place.is_symlink() or not place.is_file() or not place.resolve().is_relative_to(top):
            return None
        lines = place.read_bytes().decode("utf-8", "surrogateescape").split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else None

    whole = text.decode("utf-8", "surrogateescape")
    seals = [entry for entry in seals if isinstance(entry, dict)]
    return unseal(whole, seals, line, sealing_key(data)).encode("utf-8", "surrogateescape")


def checked(
    text: bytes,
    workspace: Path,
    base: str,
    others: Mapping[int, Sequence[FileChange]],
    *,
    back: bool = False,
    brief: bool = False,
) -> Check:
    """Looks at the workspace as it is now and changes nothing; `back` asks about taking the patch out again.

    A `brief` look leaves out what is not committed, and how far HEAD has moved.
    """
    check = Check()
    try:
        check.changes = read_patch(text)
        checkout = Checkout(workspace)
        boundary = boundary_from(read_config(workspace).table.get("boundary", {}))
        for change in check.changes:
            for path in change.paths:
                boundary.check_path(checkout.inside(path))
        check.troubles = checkout.troubles(text, check.changes, back=back)
    except BoundaryError as error:
        check.refused, check.rule = str(error).removesuffix(f" (rule: {error.rule})"), error.rule
        return check
    except ConfigError as error:
        check.refused = f"callboard.toml cannot be read, so nobody knows what is protected: {error}"
        return check
    except CallboardError as error:
        check.refused = str(error)
        return check
    paths = sorted({path for change in check.changes for path in change.paths})
    if check.troubles and not back:
        check.already = not checkout.troubles(text, check.changes, back=True)
    if not brief:
        check.uncommitted = checkout.uncommitted(paths)
        check.moved = checkout.moved(base)
    if not back:
        check.conflicts = conflicts_of(check.changes, others)
    return check


def conflicts_of(
    changes: Sequence[FileChange], others: Mapping[int, Sequence[FileChange]]
) -> list[tuple[int, Overlap]]:
    """Where other proposals change the same lines, with their numbers."""
    return [(number, overlap) for number, theirs in others.items() for overlap in overlaps(changes, theirs)]


def patch_row(kept: KeptPatch, check: Check | None, gone: bool) -> Row:
    """A patch as a surface shows it; `check` is for one that is proposed."""
    state, reason = kept.choice, kept.reason
    if state == "proposed" and gone:
        state, reason = "stale", "its file is not there any more"
    elif state == "proposed" and check is not None and not check.applies:
        state = "stale"
        reason = "it is in the workspace already" if check.already else " ".join(check.words()[:3])
    elif state == "proposed" and kept.newer:
        state, reason = "stale", f"patch {kept.newer} of a later run took its place"
    return {
        "id": kept.number,
        "name": kept.name,
        "run": kept.run,
        "task": f"{kept.run}.{kept.task}",
        "attempt": kept.attempt,
        "task_name": kept.task_name,
        "agent": kept.agent,
        "action": kept.action,
        "workspace": kept.workspace,
        "workspace_name": kept.workspace.rstrip("/").rsplit("/", 1)[-1],
        "at": kept.at,
        "size": kept.size,
        "base": kept.about.get("base", ""),
        "files": [clean(str(path), 1_000) for path in kept.about.get("files", ())],
        "proof": proof_rows(kept.about.get("proof") or {}),
        "proof_words": proof_words(kept.about.get("proof") or {}),
        "state": state,
        "reason": reason,
        "newer": kept.newer or None,
        "decided": {"choice": kept.choice, "by": kept.by, "at": kept.decided, "reason": kept.reason}
        if kept.decided is not None
        else None,
        "applies": check.applies if check else None,
        "conflicts": [conflict_words(*conflict) for conflict in check.conflicts] if check else [],
        "url": f"/api/v1/tasks/{kept.run}.{kept.task}/artifacts/{kept.attempt}/{kept.name}",
    }


def proof_rows(proof: Mapping[str, Any]) -> list[Row]:
    """What was so before, and after: the proof's `checks`, else each pair of its values that end in before and after."""
    checks = proof.get("checks")
    if isinstance(checks, list):
        return [
            {name: _said(entry.get(name)) for name in ("name", "before", "after")}
            for entry in checks[:MOST_PROOF]
            if isinstance(entry, dict)
        ]
    pairs = [key.removesuffix("_before") for key in proof if key.endswith("_before")]
    return [
        {"name": key.replace("_", " "), "before": _said(proof[f"{key}_before"]), "after": _said(proof[f"{key}_after"])}
        for key in pairs[:MOST_PROOF]
        if f"{key}_after" in proof
    ]


def proof_words(proof: Mapping[str, Any]) -> str:
    """The proof in one sentence, as its maker says it."""
    said = [proof.get("words"), *(value.get("words") for value in proof.values() if isinstance(value, dict))]
    return "; ".join(clean(word, 500) for word in said if isinstance(word, str) and word)[:1_000]


def _said(value: Any) -> str:
    return clean("–" if value is None else str(value), 200)


def diff_row(text: bytes) -> Row:
    """The patch to be shown: at most MOST_LINES lines."""
    lines = text.decode("utf-8", "replace").splitlines()
    return {
        "diff": [clean(line, 1_000) for line in lines[:MOST_LINES]],
        "left_out": max(0, len(lines) - MOST_LINES),
    }


def changes_row(changes: Sequence[FileChange]) -> list[Row]:
    """Each file, what becomes of it, and how many lines."""
    return [
        {
            "path": clean(c.path),
            "old": clean(c.old),
            "kind": c.kind,
            "added": c.added,
            "removed": c.removed,
            "binary": c.binary,
        }
        for c in changes
    ]


def require_over(kept: KeptPatch) -> None:
    """Raises `Refused` while the task that made it can still change it."""
    if kept.task_state in LIVE:
        raise Refused(
            f"task {kept.run}.{kept.task}, which made patch {kept.number}, is {kept.task_state}; wait for its end"
        )
