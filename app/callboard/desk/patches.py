"""Patches: accepted, rejected, undone. The workspace is written here alone, and only when a person says so."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from callboard.core.commands import DecidePatch, Submit
from callboard.desk.patch_looks import PatchLooks
from callboard.desk.patchwork import Check, changes_row, diff_row, patch_row, require_over
from callboard.errors import BoundaryError, CallboardError, NotFound, Refused
from callboard.record.patches import KeptPatch
from callboard.rows import Row
from callboard.work.checkout import Checkout, after_of
from callboard.work.finding import clean
from callboard.work.journal import Journal

LONGEST_REASON = 1_000


class Patches(PatchLooks):
    """A person's word about what agents would change."""

    @cached_property
    def _applying(self) -> threading.Lock:
        return threading.Lock()

    def patch(self, number: int) -> Row:
        """One patch with its text, its check, and what was run again after it was accepted."""
        kept = self._kept_patch(number)
        text = self._text(kept)
        check = self._check(kept, text, back=kept.choice == "accepted") if text else None
        run = self._patches.run_of_trigger(_trigger(number, kept.choice), kept.decided or 0.0)
        return {
            **patch_row(kept, check if kept.choice == "proposed" else None, text is None),
            "check": check.row() if check else None,
            "changes": changes_row(check.changes) if check else [],
            **(diff_row(text) if text else {"diff": [], "left_out": 0}),
            "checks_run": run,
            "will_run": self._will_run(kept),
        }

    def accept_patch(self, number: int, by: str) -> Row:
        """Writes all of the patch into the working tree of its workspace, or nothing; nothing is committed or staged.

        Then what it touches is checked again, as a run. Raises `Refused`, `BoundaryError`, `NotFound`.
        """
        kept = self._kept_patch(number)
        if kept.choice in ("accepted", "rejected"):
            raise Refused(f"patch {number} is {kept.choice} already, by {kept.by}")
        self._write(kept, by, "accepted", back=False)
        return self._answer(number, *self._run_checks(kept, by, "accepted"))

    def undo_patch(self, number: int, by: str) -> Row:
        """Takes an accepted patch out of the working tree again, all of it or nothing."""
        kept = self._kept_patch(number)
        if kept.choice != "accepted":
            raise Refused(f"patch {number} is {kept.choice}; only an accepted one can be undone")
        self._write(kept, by, "undone", back=True)
        return self._answer(number, *self._run_checks(kept, by, "undone"))

    def reject_patch(self, number: int, reason: str, by: str) -> Row:
        """Turns it down; its file stays with the attempt."""
        kept = self._kept_patch(number)
        if kept.choice in ("accepted", "rejected"):
            raise Refused(f"patch {number} is {kept.choice} already, by {kept.by}")
        self._decide(kept, "rejected", by, clean(reason, LONGEST_REASON), {})
        return self._answer(number, None, "")

    def recover_patches(self) -> list[str]:
        """After a crash: files of a change that was cut off get back what they held; one sentence for each."""
        folder = self._journals()
        said = []
        for place in sorted(folder.iterdir()) if folder.is_dir() else []:
            journal = Journal(place)
            facts = journal.facts
            if facts is None:
                journal.end()
                continue
            try:
                kept = self._kept_patch(int(facts["patch"]))
                if kept.choice == facts["choice"]:
                    journal.end()
                    continue
                left = journal.put_back(certain=False)
                words = "it was cut off half-way; the files were put back"
                if left:
                    kept_at = place.with_name(f"{place.name}-kept")
                    words += f", but for {', '.join(left[:10])}, changed meanwhile: their former text is in {kept_at}"
                self._decide(kept, kept.choice, "Callboard", words, {})
                said.append(f"patch {kept.number}: {words}")
                if left:
                    place.rename(folder.parent / f"{place.name}-kept")
                else:
                    journal.end()
            except (CallboardError, OSError, KeyError, ValueError) as error:
                said.append(f"a patch that was cut off could not be put back ({error}); see {place}")
        return said

    def _write(self, kept: KeptPatch, by: str, choice: str, *, back: bool) -> None:
        require_over(kept)
        workspace = Path(kept.workspace)
        self._trust.require(workspace)
        text = self._text(kept)
        if text is None:
            raise NotFound(f"the file of patch {kept.number} is not there any more")
        halted = self._engine.inspect(lambda state: state.halted)
        if halted:
            raise Refused(f"nothing is changed while no work is taken: {halted}")
        with self._applying:
            checkout = Checkout(workspace)
            with checkout.alone():
                if self._kept_patch(kept.number).choice != kept.choice:
                    raise Refused(f"somebody else decided about patch {kept.number} meanwhile; look at it again")
                check = self._check(kept, text, back=back)
                _require(check, kept.number, back)
                paths = sorted({path for change in check.changes for path in change.paths})
                self._apply(kept, checkout, self._opened(kept, text), paths, by, choice, back=back)

    def _apply(
        self,
        kept: KeptPatch,
        checkout: Checkout,
        text: bytes,
        paths: Sequence[str],
        by: str,
        choice: str,
        *,
        back: bool,
    ) -> None:
        before = {path: (checkout.top / path).read_bytes() for path in paths if (checkout.top / path).is_file()}
        journal = Journal(self._journals() / f"{kept.number}-{choice}")
        if journal.folder.exists():
            raise Refused(
                f"an earlier try was cut off and could not be put back; look at {journal.folder}, then remove it"
            )
        facts = {"patch": kept.number, "choice": choice, "by": by}
        journal.begin(checkout.top, paths, facts, after_of(text, before, back=back))
        try:
            checkout.apply(text, back=back)
            hashes = {path: file_hash(checkout.top / path) for path in paths}
            self._decide(kept, choice, by, "", {"head": checkout.head, "files": hashes})
        except BaseException:
            journal.put_back(certain=True)
            journal.end()
            raise
        journal.end()

    def _decide(self, kept: KeptPatch, choice: str, by: str, reason: str, result: Row) -> None:
        self._do(DecidePatch(kept.run, kept.task, kept.attempt, kept.name, kept.number, choice, by, reason, result))

    def _run_checks(self, kept: KeptPatch, by: str, what: str) -> tuple[int | None, str]:
        """The run that checks again what the patch touches, else None and why there is none."""
        try:
            command = self._checks(kept, by, _trigger(kept.number, what))
            self.name_agents()
            return self._do(command), ""
        except CallboardError as error:
            return None, f"what it touches was not checked again: {error}"

    def _checks(self, kept: KeptPatch, by: str, trigger: str) -> Submit:
        """The job that proposed it, what its proof names, and the jobs whose verdict depended on a file that it changed."""
        place = Path(kept.workspace)
        prepared = self.prepare(workspace=place, affected=True, keep=False)  # looks at the inputs
        touched = {str(path) for path in kept.about.get("files", ())}
        wanted = set(self._names_of_checks(kept))
        wanted |= {
            prepared.built.specs[at].name for at, found in prepared.inputs.items() if touched & found.files.keys()
        }
        there = [spec.name for spec in prepared.built.specs if spec.name in wanted]
        if there:
            chosen = self.prepare(only=there, workspace=place)
        else:
            spec = replace(self._kept(kept.run).tasks[kept.task].spec, depends=(), after=(), stands_for=None)
            chosen = replace(prepared, built=replace(prepared.built, specs=(spec,)))
        return replace(self.submission(chosen, by=by, trigger=trigger), name="checks")

    def _names_of_checks(self, kept: KeptPatch) -> list[str]:
        """The job that proposed it, and those of its run and of the pipeline that its proof names."""
        proof = kept.about.get("proof") or {}
        named = [
            entry.get("job") or entry.get("name") for entry in proof.get("checks") or () if isinstance(entry, dict)
        ]
        return list(dict.fromkeys([kept.task_name, *(name for name in named if isinstance(name, str))]))

    def _will_run(self, kept: KeptPatch) -> list[str]:
        """Of these the ones that are jobs, as far as the run tells that made the patch."""
        jobs = {task.spec.name for task in self._kept(kept.run).tasks}
        return [name for name in self._names_of_checks(kept) if name in jobs]

    def _answer(self, number: int, run: int | None, note: str) -> Row:
        return {"ok": True, "patch": self.patch(number), "run": run, "note": note}

    def _journals(self) -> Path:
        return self.data / "patches" / "journal"


def _trigger(number: int, what: str) -> str:
    return f"patch {number} {what}"


def _require(check: Check, number: int, back: bool) -> None:
    if check.rule:
        raise BoundaryError(f"patch {number} is refused: {check.refused}", check.rule)
    if not check.applies:
        act = "be taken out" if back else "be applied"
        raise Refused(f"patch {number} cannot {act}; nothing was changed. {' '.join(check.words())}")


def file_hash(path: Path) -> str:
    """SHA-256 of a file in hex, '' where none is."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
