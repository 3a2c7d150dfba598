"""The work on a case: steps are started as ordinary runs, and what came of each is written down at the case."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callboard.core.case_commands import CALLBOARD, MoveCase, NoteCase
from callboard.core.case_facts import CaseState
from callboard.core.case_next import found_words
from callboard.core.case_steps import Able, Next, Step, fresh, next_step
from callboard.core.case_verdict import Judged, judge
from callboard.core.cases import Case
from callboard.core.commands import Submit
from callboard.core.task import Priority
from callboard.desk.case_acts import CaseActs
from callboard.desk.case_copy import PatchedCopy
from callboard.desk.case_scene import BISECT, NARROW, REPRODUCE, Again, CaseScenes, fix_name, step_key
from callboard.desk.patches import file_hash
from callboard.errors import CallboardError, Refused
from callboard.learn.commits import UNTOLD, git_facts
from callboard.planning import Prepared
from callboard.record.case_trigger import trigger_of
from callboard.record.case_work import CaseRun
from callboard.record.patches import KeptPatch
from callboard.rows import Row
from callboard.work.checkout import Checkout
from callboard.work.finding import clean

LOOKS = (Step.REPRODUCE, Step.NARROW, Step.BISECT)
NOTES = {Step.REPRODUCE: "reproduced", Step.NARROW: "narrowed", Step.BISECT: "bisected"}
OPENINGS = (
    CaseState.NEW, CaseState.TRIAGED, CaseState.ASSIGNED, CaseState.CANNOT_REPRODUCE, CaseState.REPRODUCING
)  # fmt: skip
TOLD = {
    Step.REPRODUCE: ("reproduced",),
    Step.NARROW: ("narrowed",),
    Step.BISECT: ("bisected",),
    Step.FIX: ("fix-proposed", "fix-tried"),
    Step.TRY: ("verified",),
    Step.VERIFY: ("verified", "taken-back"),
}


class CaseWork(CaseScenes, CaseActs):
    """Starts and collects; decides nothing: `core.case_steps` says what is next, `core.case_verdict` what a look means."""

    def case_next(
        self, case: Case, runs: Sequence[CaseRun], *, person: bool = False, ask: bool = True
    ) -> tuple[Next, Again | str, Able]:
        """What follows for the case; with `ask` the plugins are asked for fixes where that is what follows."""
        again = self.case_again(case)
        able = self.case_able(case, runs, again, None, all_fixes=person)
        following = next_step(case, able)
        if following.ask and ask:
            able = self.case_able(case, runs, again, self.case_offers(case), all_fixes=person)
            following = next_step(case, able)
        return following, again, able

    def case_start(self, case: Case, what: Next, again: Again | str, by: str, *, goes_on: bool = False) -> int:
        """Starts the step as a run of low priority; the same step of the same opening is one run. Returns its number.

        Raises `CallboardError` with why it cannot be started.
        """
        if what.step is None:
            raise Refused(what.words)
        self._trust.require(Path(case.workspace))
        command = self._command(case, what.step, what.facts, again, by, goes_on=goes_on)
        known = self._history.run_by_key(command.key)
        run = known or self._do(command)
        if what.step is Step.FIX:
            self._note_offer(case, what.facts, run)
        state = (
            CaseState.REPRODUCING if what.step in LOOKS else CaseState.VERIFYING if what.step is Step.VERIFY else None
        )
        if state is not None and not known and (case.state in OPENINGS or state is CaseState.VERIFYING):
            self._say(MoveCase(case.id, state, by, f"{what.words} (run {run})", in_run=run))
        return run

    def _say(self, command: MoveCase | NoteCase) -> None:
        self.tell_case(command, command.case)

    def case_trusted(self) -> bool:
        """Whether a person trusted the workspace."""
        return not self._trust.why_not(self.workspace)

    def case_left(self, case: Case, why: str) -> None:
        """Nothing more is done by itself: a case that was being looked into waits for a person, with what is known."""
        if case.state is CaseState.REPRODUCING:
            said = [one for one in (found_words(case), why) if one]
            self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, clean("; ".join(said), 1_000)))

    def case_untried(self, case: Case) -> None:
        """A fix that was asked for alone, and is not tried by itself, is offered as it is."""
        patch = self.case_patch(case)
        if patch is None or case.state not in OPENINGS or self.state_of_patch(patch) != "proposed":
            return
        seen = fresh(case, "verified")
        if seen is None or seen.facts.get("patch") != patch.number:
            words = f"patch {patch.number} is offered; it was not tried in a copy"
            self._say(MoveCase(case.id, CaseState.FIX_PROPOSED, CALLBOARD, words, in_run=patch.run))

    def case_settled(self, case: Case, runs: Sequence[CaseRun]) -> bool:
        """No case says that something is under way that is over: one whose runs are over, or whose patch was decided about, goes
        back to where a person sees it; whether it did."""
        patch = self.case_patch(case)
        state = self.state_of_patch(patch)
        if case.state is CaseState.FIX_PROPOSED and patch is not None and state not in ("proposed", "accepted"):
            by = f" by {patch.by}" if patch.by and state in ("rejected", "undone") else ""
            words = "is stale: there is a newer one, or its files changed" if state == "stale" else f"was {state}{by}"
            self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, f"patch {patch.number} {words}"))
            return True
        under_way = any(not one.over for one in runs)
        if case.state is CaseState.REPRODUCING and not under_way:
            self._after_look(case, case.run)
            return True
        seen = fresh(case, "verified")
        ended = seen is not None and seen.run == case.run and seen.facts.get("where") == "workspace"
        if case.state is CaseState.VERIFYING and not under_way and ended and state != "accepted" and seen is not None:
            self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, seen.words, in_run=seen.run))
            return True
        return False

    def case_not_looked(self, case: Case, step: Step, why: str) -> None:
        """The fix could not be looked at: that is written down, and a person goes on."""
        patch = self.case_patch(case)
        if patch is None:
            return
        where = "copy" if step is Step.TRY else "workspace"
        words = clean(f"patch {patch.number} could not be tried in a {where}: {why}", 1_000)
        facts = {"ok": None, "where": where, "patch": patch.number}
        self._say(NoteCase(case.id, "verified", words, facts=facts))
        if step is Step.TRY:
            self._say(MoveCase(case.id, CaseState.FIX_PROPOSED, CALLBOARD, words))
        elif case.is_open:
            self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, words))
            ask = f"patch {patch.number} is in the workspace, and nobody could look at what it did: {why}"
            self._say(NoteCase(case.id, "asks", clean(ask, 1_000), facts={"patch": patch.number}))

    def _note_offer(self, case: Case, offer: Mapping[str, Any], run: int) -> None:
        note = case.known.get("known-fix")
        if note is None or note.run != run:
            facts = _bounded({name: offer[name] for name in ("action", "options", "tests", "plugin") if name in offer})
            facts["agent"] = str(offer.get("action", "")).partition(".")[0]
            words = f"a fix is tried: {offer.get('words') or offer.get('action')}"
            self._say(NoteCase(case.id, "known-fix", words, facts=facts, in_run=run))

    def _command(
        self, case: Case, step: Step, facts: Mapping[str, Any], again: Again | str, by: str, *, goes_on: bool
    ) -> Submit:
        mark = "" if by == CALLBOARD else f"{time.time():.0f}"
        key = step_key(case, step, mark)
        if step in (Step.TRY, Step.VERIFY):
            patch = self.case_patch(case)
            key = step_key(case, step, f"{patch.number if patch else 0}:{mark}")
            prepared = self._in_copy(case, patch) if step is Step.TRY else self._looks(case, Path(case.workspace))
        elif step is Step.FIX:
            agent = str(facts["action"]).partition(".")[0]
            trouble = self._engine.inspect(lambda state: state.trouble_of(agent))
            if trouble:
                raise Refused(f"agent {agent} {trouble}")
            prepared = self.prepare_one(facts["action"], facts["options"], workspace=Path(case.workspace))
            planned = str(facts.get("key") or key)
            key = f"{planned}:{mark}" if mark and self._history.run_by_key(planned) else planned
        elif isinstance(again, str):
            raise Refused(f"it cannot be run again: {again}")
        else:
            prepared = self._run_again(case, step, again)
        self.name_agents()
        command = self.submission(
            prepared, by=by, trigger=trigger_of(case.id, step, goes_on=goes_on), priority=Priority.LOW, key=key
        )
        return replace(command, name=f"{step} C{case.id}")

    def _run_again(self, case: Case, step: Step, again: Again) -> Prepared:
        options = dict(again.options)
        action = {Step.REPRODUCE: REPRODUCE, Step.NARROW: NARROW, Step.BISECT: BISECT}[step]
        green = again.green.commit if again.green is not None else ""
        if step is Step.NARROW:
            found = fresh(case, "reproduced")
            order = again.order or (found is not None and bool(found.facts.get("order")))
            options |= {} if order else {"files": True, "good": green}
        elif green:
            options["good"] = green
        if step is Step.REPRODUCE and self._is_other(again.git, Path(case.workspace)):
            options["seen"] = 0
        return self.prepare_one(action, options, workspace=Path(case.workspace))

    @staticmethod
    def _is_other(then: Mapping[str, Any], workspace: Path) -> bool:
        """Whether the files are known to be others than when it was seen: passing on these is no sign that it is flaky."""
        now = git_facts(workspace)
        marks = [(one.get("commit"), one.get("digest")) for one in (then, now)]
        told = all(commit and isinstance(digest, str) and digest != UNTOLD for commit, digest in marks)
        return told and marks[0] != marks[1]

    def _looks(self, case: Case, place: Path) -> Prepared:
        """The checks that saw it, and what the fix names besides, as jobs of the pipeline."""
        there = {spec.name for spec in self.prepare(workspace=place, keep=False).built.specs}
        offer = fresh(case, "known-fix")
        more = offer.facts.get("tests", ()) if offer is not None else ()
        wanted = [name for name in (*case.checks, *more) if name in there]
        if not wanted:
            raise Refused(f"none of the checks that saw it is in the pipeline: {', '.join(case.checks[:5])}")
        return self.prepare(only=list(dict.fromkeys(wanted)), workspace=place, keep=False)

    def _in_copy(self, case: Case, patch: KeptPatch | None) -> Prepared:
        text = self._text(patch) if patch is not None else None
        if patch is None:
            raise Refused(f"no patch was proposed for {case.name}")
        if text is None:
            raise Refused(f"the file of patch {patch.number} is not there any more")
        copy = self.case_copy(case.id)
        place = copy.make(self._opened(patch, text))
        return self._looks(case, place)

    def case_copy(self, case: int) -> PatchedCopy:
        """Where patches for the case are tried."""
        return PatchedCopy(self.workspace, self.data, case)

    def case_collect(self, case: Case, runs: Sequence[CaseRun]) -> bool:
        """Writes down what came of the runs that are over; whether there was anything to write down."""
        newest = {one.step: one for one in runs if one.submitted >= case.opened and one.step in list(Step)}
        found = False
        for one in sorted(newest.values(), key=lambda one: one.run):
            told = max((case.known[kind].run for kind in TOLD[Step(one.step)] if kind in case.known), default=0)
            if one.over and one.run > told:
                self._collect(case, one)
                found = True
        return found

    def _collect(self, case: Case, one: CaseRun) -> None:
        step = Step(one.step)
        if step in NOTES:
            self._collect_look(case, step, one.run)
        elif step is Step.FIX:
            self._collect_fix(case, one)
        elif step is Step.TRY:
            self._collect_try(case, one.run)
        else:
            self._collect_verify(case, one.run)

    def _collect_look(self, case: Case, step: Step, run: int) -> None:
        outputs = self.case_work.outputs(run)
        told = outputs.get("case")
        facts: dict[str, Any] = dict(told) if isinstance(told, Mapping) else {"cut": True}
        words = clean(str(facts.get("words") or f"run {run} told nothing: {self._summary(run)}"), 1_000)
        if step is Step.REPRODUCE:
            facts.setdefault("verdict", "unknown")
        lines = _blamed(facts)
        before = case.known.get("blamed")
        if lines and (before is None or before.run != run):
            line = lines[0]
            where, commit = f"{line.get('path')} line {line.get('line')}", str(line.get("commit"))[:10]
            said = f"{where} was written by {line.get('author')} in {commit}"
            if before is None or before.words != clean(said, 500):
                self._say(NoteCase(case.id, "blamed", clean(said, 500), facts={"lines": lines[:10]}, in_run=run))
        self._say(NoteCase(case.id, NOTES[step], words, facts=_bounded(facts), in_run=run))
        self._after_look(self.case_of(case.id), run)

    def _after_look(self, case: Case, run: int) -> None:
        """The run is over, so nothing is run again any more: the case says what was found and who goes on."""
        if case.state is not CaseState.REPRODUCING:
            return
        found = fresh(case, "reproduced")
        verdict = str(found.facts.get("verdict")) if found is not None else ""
        if found is not None and found.run == run and verdict in ("gone", "environment", "unknown"):
            state = CaseState.TRIAGED if found.facts.get("cut") else CaseState.CANNOT_REPRODUCE
            self._say(MoveCase(case.id, state, CALLBOARD, found.words, in_run=run))
            return
        following, _, able = self.case_next(case, self.case_work.case_runs().get(case.id, []), ask=False)
        notes = [note.words for kind in NOTES.values() if (note := fresh(case, kind)) is not None]
        why = f"; {able.bisects}" if able.bisects and verdict == "broken" and fresh(case, "bisected") is None else ""
        more = f"; next: {following.words}" if following.step is not None or following.ask else ""
        words = clean("; ".join(notes[-2:]), 800) + clean(why + more, 400)
        self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, words or f"run {run} is over", in_run=run))

    def _collect_fix(self, case: Case, one: CaseRun) -> None:
        kept = self._patches.patches(run=one.run, limit=20)
        what = self._what(one.run)
        if not kept:
            words = f"{what} made no patch: {self._summary(one.run)}"
            facts = {"ok": False, "what": what, "href": f"/runs/{one.run}"}
            self._say(NoteCase(case.id, "fix-tried", clean(words, 1_000), facts=facts, in_run=one.run))
            return
        patch = kept[0]
        proof = (patch.about.get("proof") or {}).get("words") or ""
        words = f"patch {patch.number} by {what}" + (f": {proof}" if proof else "")
        facts = {"patch": patch.number, "what": what, "href": f"/patches/{patch.number}"}
        self._say(NoteCase(case.id, "fix-proposed", clean(words, 1_000), facts=facts, in_run=one.run))

    def _collect_try(self, case: Case, run: int) -> None:
        patch = self.case_patch(case)
        self.case_copy(case.id).remove()
        number = patch.number if patch is not None else 0
        copy = self._history.run(run)
        judged = self.case_judged(case, patch, run, copy.workspace if copy is not None else "")
        ok = False if judged.worse or judged.left else True if judged.mended else None
        facts = {"ok": ok, "where": "copy", "patch": number, "left": len(judged.left), "worse": list(judged.worse[:5])}
        words = f"in a copy with patch {number}: {judged.words}"
        self._say(NoteCase(case.id, "verified", clean(words, 1_000), facts=facts, in_run=run))
        if ok is not False:
            said = "" if ok else "; only the checks in the workspace can tell"
            offer = f"patch {number} is offered: {judged.words}{said}"
            self._say(MoveCase(case.id, CaseState.FIX_PROPOSED, CALLBOARD, clean(offer, 1_000), in_run=run))

    def _collect_verify(self, case: Case, run: int) -> None:
        patch = self.case_patch(case)
        stands = patch is not None and patch.choice == "accepted"
        judged = self.case_judged(case, patch if stands else None, run, case.workspace)
        if judged.worse and patch is not None and stands:
            self.case_take_back(case, patch, judged, run)
            return
        ok = True if judged.mended else False if judged.left else None
        facts: dict[str, Any] = {"ok": ok, "where": "workspace", "left": len(judged.left)}
        if patch is None or not stands:
            words = clean(f"its checks looked again: {judged.words}", 1_000)
            self._say(NoteCase(case.id, "verified", words, facts=facts, in_run=run))
            return
        facts["patch"] = patch.number
        words = clean(f"with patch {patch.number} in the workspace: {judged.words}", 1_000)
        self._say(NoteCase(case.id, "verified", words, facts=facts, in_run=run))
        if ok is not True and case.is_open:
            self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, words, in_run=run))
            ask = f"patch {patch.number} is in the workspace, but {judged.words}; undo it, or mend the rest"
            self._say(NoteCase(case.id, "asks", clean(ask, 1_000), facts={"patch": patch.number}, in_run=run))

    def case_judged(self, case: Case, patch: KeptPatch | None, run: int, workspace: str, *, like: int = 0) -> Judged:
        """What the looks of a run say of the fix, against the last looks before it; with `like`, a run right after the fix, only
        code that is known to be as it was there counts as nothing but the fix."""
        after = self.case_work.looks(workspace, run)
        until = patch.decided if patch is not None and patch.decided is not None else time.time()
        before = self.case_work.looks_before(case.workspace, list(after), until)
        touched = {str(path) for path in (patch.about.get("files", ()) if patch is not None else ())}
        alone = all(self._same_code(look.task, run, len(touched)) for look in before.values())
        if like:
            alone = alone and self._code(run) == self._code(like) != ""
        symptoms = [one for one in case.symptoms.values() if one.check in after or not one.gone]
        return judge(before, after, symptoms, touched, alone=alone)

    def _same_code(self, task: str, run: int, touched: int) -> bool:
        """Whether nothing but the fix can differ between the code of two runs, as far as git told."""
        before = self.case_work.git_of(int(task.partition(".")[0]))
        after = self.case_work.git_of(run)
        if not before.get("commit") or before.get("commit") != after.get("commit"):
            return False
        return int(after.get("changed") or 0) - int(before.get("changed") or 0) <= touched

    def _code(self, run: int) -> str:
        """The commit and what differed from it when a run began; '' when nobody can tell."""
        git = self.case_work.git_of(run)
        digest = git.get("digest")
        return f"{git['commit']} {digest}" if git.get("commit") and isinstance(digest, str) and digest != UNTOLD else ""

    def case_take_back(self, case: Case, patch: KeptPatch, judged: Judged, run: int) -> None:
        """A fix that makes things worse is undone, or a person is asked to; the evidence is named at the case."""
        config = self.case_config()
        words = f"patch {patch.number} was accepted by {patch.by}, and {judged.words}"
        facts: dict[str, Any] = {
            "patch": patch.number, "worse": list(judged.worse[:10]), "href": f"/runs/{run}",
            "tasks": dict(list(judged.where.items())[:20]), "ok": False, "what": self._what(patch.run),
        }  # fmt: skip
        why = "" if config is None or config.cases.take_back else "[cases] take_back is false"
        if not why and self.case_edited(patch):
            why = "its files were changed since it was accepted"
        if not why:
            try:
                self.undo_patch(patch.number, CALLBOARD)
            except CallboardError as error:
                why = str(error)
        if not case.is_open:
            self._say(
                MoveCase(case.id, CaseState.NEW, CALLBOARD, clean(words, 1_000), reason="its fix makes things worse")
            )
        if why:
            asked = clean(f"{words}; it was not undone by itself: {why}", 1_500)
            self._say(NoteCase(case.id, "verified", asked, facts={**facts, "where": "workspace"}, in_run=run))
            ask = f"patch {patch.number} makes things worse and is still in the workspace; undo it, or keep it: {why}"
            self._say(NoteCase(case.id, "asks", clean(ask, 1_000), facts={"patch": patch.number}, in_run=run))
            return
        self._say_taken_back(case, f"{words}; it was undone, all of it", facts, run)

    def _say_taken_back(self, case: Case, words: str, facts: Mapping[str, Any], run: int) -> None:
        told = clean(words, 1_500)
        self._say(NoteCase(case.id, "fix-tried", told, facts=_bounded(facts), in_run=run))
        self._say(MoveCase(case.id, CaseState.TRIAGED, CALLBOARD, told, in_run=run))
        self._say(NoteCase(case.id, "taken-back", told, facts=_bounded(facts), in_run=run))

    def case_taken_back_before(self, case: Case, patch: KeptPatch) -> bool:
        """Where the program was ended between taking a fix back and saying so, that is said now; whether it was."""
        noted = case.known.get("taken-back")
        if patch.by != CALLBOARD or (noted is not None and noted.facts.get("patch") == patch.number):
            return False
        words = f"patch {patch.number} made things worse and was undone, all of it; what was worse stands in the runs before that"
        if not case.is_open:
            self._say(MoveCase(case.id, CaseState.NEW, CALLBOARD, words, reason="its fix was taken back"))
        facts = {"patch": patch.number, "href": f"/patches/{patch.number}", "ok": False, "what": self._what(patch.run)}
        self._say_taken_back(case, words, facts, 0)
        return True

    def _decide(self, kept: KeptPatch, choice: str, by: str, reason: str, result: Row) -> None:
        """Also tells the case whose fix it is, before its checks look again."""
        super()._decide(kept, choice, by, reason, result)
        if choice != "accepted":
            return
        with contextlib.suppress(CallboardError):  # the sleuth tells it else
            mine = self._engine.inspect(
                lambda state: [one.copy() for one in state.cases.open(kept.workspace) if _offers(one, kept)]
            )
            for case in mine:
                self.case_accepted(case, self._kept_patch(kept.number))

    def case_accepted(self, case: Case, patch: KeptPatch) -> None:
        """A person took the fix: that is written down, once."""
        note = fresh(case, "fix-tried")
        if note is not None and note.facts.get("patch") == patch.number:
            return
        what = self._what(patch.run)
        words = f"patch {patch.number} ({what}) was accepted by {patch.by}"
        facts = {
            "ok": True,
            "patch": patch.number,
            "what": what,
            "href": f"/patches/{patch.number}",
            "at": patch.decided,
        }
        self._say(NoteCase(case.id, "fix-tried", words, facts=facts, by=patch.by))

    def case_edited(self, patch: KeptPatch) -> bool:
        """Whether a file of an accepted patch is another than it was right after that."""
        kept = patch.result.get("files")
        if not isinstance(kept, Mapping):
            return True
        try:
            top = Checkout(Path(patch.workspace)).top
            return any(file_hash(top / path) != mark for path, mark in kept.items())
        except (CallboardError, OSError):
            return True

    def _what(self, run: int) -> str:
        """What made a fix, the same for the same remedy: the action and the options that say what it does."""
        kept = self._history.run(run)
        if kept is None or not kept.tasks:
            return "a fix"
        spec = kept.tasks[0].spec
        return fix_name(spec.action or spec.name, spec.options)

    def _summary(self, run: int) -> str:
        kept = self._history.run(run)
        if kept is None or not kept.tasks:
            return "nothing is known of it"
        task = kept.tasks[0]
        return clean(task.outcome_reason or str(task.state), 500)

    def case_fixes_in(self, runs: Sequence[CaseRun], choice: str = "accepted") -> list[KeptPatch]:
        """The accepted (or undone) patches of the fixes that were made for a case, the newest first."""
        made = [kept for one in runs if one.step == Step.FIX for kept in self._patches.patches(run=one.run, limit=20)]
        return sorted((kept for kept in made if kept.choice == choice), key=lambda kept: -kept.number)

    def case_rows(self, case: Case, runs: Sequence[CaseRun]) -> list[Row]:
        """The runs that were started for it, the newest first, as the page of the case shows them."""
        rows = []
        for one in sorted(runs, key=lambda one: -one.run):
            rows.append(
                {
                    "kind": one.step, "run": one.run, "task": f"{one.run}.0", "state": one.state, "at": one.submitted,
                    "by": one.by, "words": self._summary(one.run) if one.over else "it is under way", "href": f"/runs/{one.run}",
                }
            )  # fmt: skip
        return rows


def _offers(case: Case, patch: KeptPatch) -> bool:
    proposed = fresh(case, "fix-proposed")
    return proposed is not None and proposed.facts.get("patch") == patch.number


def _blamed(facts: Mapping[str, Any]) -> list[Any]:
    """The lines that an action names as those it failed in, with who wrote them."""
    told = facts.get("blame")
    lines = told.get("lines") if isinstance(told, Mapping) else None
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []


def _bounded(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, without what would be too long for a note."""
    kept: dict[str, Any] = {}
    for name, value in facts.items():
        if len(repr(kept)) + len(repr(value)) < 14_000:
            kept[name] = value
    return kept
