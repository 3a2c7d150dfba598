"""Patches, as they are looked at: what the record tells, and what the workspace says of each now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from callboard.core.task import TaskKey
from callboard.desk.patchwork import Check, checked, conflicts_of, opened, patch_row
from callboard.desk.plans import Plans
from callboard.errors import CallboardError, NotFound
from callboard.record.patches import KeptPatch, PatchRecord
from callboard.rows import Row
from callboard.work.patchtext import LARGEST_PATCH, FileChange, read_patch
from callboard.work.sealing import SealError

MOST_PATCHES = 200
MOST_CHECKED = 50
HIGHEST = 2**53


class PatchLooks(Plans):
    """Reads and checks; writes nothing."""

    @cached_property
    def _patches(self) -> PatchRecord:
        return PatchRecord(self._history.database)

    def patches(self, run: int | None = None, state: str | None = None) -> list[Row]:
        """The newest patches; those that are proposed are checked against the workspace as it is now."""
        kept = self._patches.patches(MOST_PATCHES, run or 0)
        open_ones = [patch for patch in kept if patch.choice == "proposed" and not patch.newer][:MOST_CHECKED]
        texts = {patch.number: self._text(patch) for patch in open_ones}
        changes = {number: _changes(text) for number, text in texts.items()}
        rows = []
        for patch in kept:
            text = texts.get(patch.number)
            others = _others(patch, open_ones, changes)
            check = self._glanced(patch, text, changes[patch.number], others) if text else None
            gone = text is None and (patch.number in texts or not self._path(patch).is_file())
            rows.append(patch_row(patch, check, gone))
        return [row for row in rows if state is None or row["state"] == state]

    def _check(self, kept: KeptPatch, text: bytes, *, back: bool = False) -> Check:
        open_ones = [p for p in self._patches.patches(MOST_PATCHES) if p.choice == "proposed" and not p.newer]
        near = [p for p in open_ones if p.workspace == kept.workspace and p.number != kept.number][:MOST_CHECKED]
        changes = {patch.number: _changes(self._text(patch)) for patch in near}
        return self._checked(kept, text, _others(kept, near, changes), back=back)

    def _glanced(
        self,
        kept: KeptPatch,
        text: bytes,
        changes: Sequence[FileChange],
        others: Mapping[int, Sequence[FileChange]],
    ) -> Check:
        """A brief look, taken anew only when the files of the patch were touched since the last one."""
        stamp = _stamp(Path(kept.workspace), changes)
        known = self._glances.get(kept.number)
        if known is not None and known[0] == stamp:
            return replace(known[1], conflicts=conflicts_of(known[1].changes, others))
        check = self._checked(kept, text, others, brief=True)
        self._glances[kept.number] = (stamp, check)
        return check

    @cached_property
    def _glances(self) -> dict[int, tuple[object, Check]]:
        return {}

    def _checked(
        self,
        kept: KeptPatch,
        text: bytes,
        others: Mapping[int, Sequence[FileChange]],
        *,
        back: bool = False,
        brief: bool = False,
    ) -> Check:
        try:
            read_patch(text)
            whole = self._opened(kept, text)
        except CallboardError as error:
            why = "what it took out is kept nowhere" if back and isinstance(error, SealError) else str(error)
            return Check(refused=why)
        return checked(whole, Path(kept.workspace), str(kept.about.get("base", "")), others, back=back, brief=brief)

    def _opened(self, kept: KeptPatch, text: bytes) -> bytes:
        return opened(text, Path(kept.workspace), kept.about.get("proof") or {}, self.data)

    def _kept_patch(self, number: int) -> KeptPatch:
        kept = self._patches.patch(number) if 0 < number < HIGHEST else None
        if kept is None:
            raise NotFound(f"there is no patch {number}; see `callboard patches`")
        return kept

    def _path(self, kept: KeptPatch) -> Path:
        return self.spool(TaskKey(kept.run, kept.task), kept.attempt) / kept.path

    def _text(self, kept: KeptPatch) -> bytes | None:
        """The patch itself, None when its file is gone or is none of the attempt's own."""
        path, spool = self._path(kept), self.spool(TaskKey(kept.run, kept.task), kept.attempt)
        try:
            if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(spool.resolve()):
                return None
            with open(path, "rb") as file:
                return file.read(LARGEST_PATCH + 1)
        except OSError:
            return None


def _others(
    kept: KeptPatch, open_ones: Sequence[KeptPatch], changes: Mapping[int, Sequence[FileChange]]
) -> dict[int, Sequence[FileChange]]:
    """The other proposals for the same workspace."""
    return {
        p.number: changes.get(p.number, ())
        for p in open_ones
        if p.workspace == kept.workspace and p.number != kept.number
    }


def _changes(text: bytes | None) -> tuple[FileChange, ...]:
    try:
        return read_patch(text) if text else ()
    except CallboardError:
        return ()


def _stamp(workspace: Path, changes: Sequence[FileChange]) -> object:
    """Changes whenever one of the files, or what says what is protected, is written; paths may be those of a folder above."""
    places = [workspace / "callboard.toml"]
    places += [
        root / path for change in changes for path in change.paths for root in (workspace, *workspace.parents[:3])
    ]
    return tuple(_touched(place) for place in places)


def _touched(place: Path) -> tuple[int, int, int] | None:
    try:
        seen = place.lstat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino
