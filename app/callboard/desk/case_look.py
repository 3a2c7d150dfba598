"""What checks saw, gathered for the keeper of cases: looks with their findings and their last words, what changed, what is gone."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.core.case_facts import Symptom
from callboard.core.case_life import Parting
from callboard.core.correlate_scene import SKIPPED, UNKNOWN, Scene
from callboard.core.events import AlertRaised, AlertResolved, AttemptEnded
from callboard.core.facts import How
from callboard.core.task import FINAL, TaskKey, TaskState
from callboard.desk.case_acts import CaseActs
from callboard.desk.case_standing import Standing
from callboard.desk.case_unknown import UnknownLooks
from callboard.learn.commits import UNTOLD
from callboard.learn.symptoms import INGESTING, Look, Seen, check_of, needed_in_vain, seen_by
from callboard.learn.symptoms_scene import changed_since, paths_of, scene_of
from callboard.learn.symptoms_times import changed_between, files_of
from callboard.learn.symptoms_trace import Trace, read_tail, traced
from callboard.learn.symptoms_world import SLOWER, alert_check, alert_mark, of_alert, slower
from callboard.record.case_looks import CaseLooks, RunRow, TaskRow
from callboard.record.case_trigger import only_looks

MOST_SAID = 200
MOST_FAILING = 200
AGREEING = 2
SpoolOf = Callable[[TaskKey, int], Path]
WAITED = (TaskState.FAILED, TaskState.TIMED_OUT, TaskState.LOST)


@dataclass(slots=True)
class Taken:
    """What a batch of events tells: looks with what each saw, alerts that were raised, and the keys of those that are over.

    `earlier` is what checks of the same runs said before when they knew nothing, which is no case of its own.
    """

    looks: list[tuple[Look, Seen]] = field(default_factory=list)
    alerts: list[Symptom] = field(default_factory=list)
    over: dict[str, str] = field(default_factory=dict)
    git: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    earlier: tuple[Symptom, ...] = ()

    @property
    def symptoms(self) -> list[Symptom]:
        """All of them, of each the one that was seen last."""
        found = {symptom.key: symptom for symptom in self.earlier}
        found |= {symptom.key: symptom for _, seen in self.looks for symptom in seen.symptoms}
        return [*(found | {symptom.key: symptom for symptom in self.alerts}).values()]


class CaseLooking:
    """Reads for one house. `said` keeps by check why it knows nothing, the newest last."""

    def __init__(
        self, desk: CaseActs, record: CaseLooks, spool: SpoolOf, why_not_trusted: Callable[[Path], str]
    ) -> None:
        self.record = record
        self._desk = desk
        self._spool = spool
        self._why_not_trusted = why_not_trusted
        self.said = desk.case_unknown
        self._unknown = UnknownLooks()

    @property
    def desk(self) -> CaseActs:
        """Where cases are known."""
        return self._desk

    def place_of(self, event: object) -> str:
        """The workspace that an event tells of, '' when it is no look at one: copies in which fixes are tried are none."""
        if isinstance(event, AttemptEnded):
            run = self.record.run_row(event.run)
            if run is None or only_looks(run.trigger) or Path(run.workspace).is_relative_to(self._desk.data):
                return ""
            return run.workspace
        return (event.workspace if isinstance(event, AlertRaised) else "") or str(self._desk.workspace)

    def taken(self, workspace: str, events: Sequence[object]) -> Taken:
        """What these events tell of the workspace."""
        taken = Taken()
        for event in events:
            match event:
                case AttemptEnded() if event.outcome in FINAL:
                    self._attempt(taken, workspace, event)
                case AlertRaised():
                    symptom = of_alert(event)
                    if symptom is not None:
                        taken.alerts.append(symptom)
                case AlertResolved():
                    kind = event.key.partition(":")[0]
                    taken.over[f"{alert_check(kind)}\x1f{alert_mark(event.key)}"] = event.why
                case _:
                    pass
        for look, seen in taken.looks:
            self.said.pop(look.check, None)
            if seen.said:
                self.said[look.check] = seen.said
        while len(self.said) > MOST_SAID:
            self.said.pop(next(iter(self.said)))
        taken.earlier = self._unknown.before(taken.looks)
        return taken

    def _attempt(self, taken: Taken, workspace: str, event: AttemptEnded) -> None:
        run, task = self.record.run_row(event.run), self.record.task_row(event.run, event.task)
        if run is None or task is None or (event.how is How.STOPPED and event.outcome is TaskState.CANCELLED):
            return
        taken.git[event.run] = run.git
        look = self._look(run, task, event)
        seen = seen_by(look)
        if event.outcome is TaskState.SUCCEEDED and task.started and task.ended:
            usual = self.record.seconds_before(workspace, task.name, task.run)
            slow = slower(look, task.ended - task.started, usual)
            seen = Seen((*seen.symptoms, slow), seen.said, seen.left_out) if slow is not None else seen
        taken.looks.append((look, seen))
        if event.outcome in WAITED:
            for skipped in self.record.skipped(event.run, event.at):
                before = needed_in_vain(skipped.reason)
                if before:
                    waits = _of_task(workspace, run, skipped, "skipped", "", event.at, waits_for=before)
                    taken.looks.append((waits, seen_by(waits)))

    def _look(self, run: RunRow, task: TaskRow, event: AttemptEnded) -> Look:
        """The attempt as a look; of a command that failed, or an end without findings, its last words are read."""
        found = self.record.found(event.run, event.task, event.attempt)
        trace, before = Trace(), ""
        if event.outcome in WAITED and task.after:
            before = next(iter(self.record.failed_of(event.run, task.after)), "")
        if event.outcome in WAITED and (not task.action or not found or event.how is not How.EXITED):
            tail = read_tail(self._spool(TaskKey(event.run, event.task), event.attempt) / "output.log")
            trace = traced(tail, Path(run.workspace))
        state, verdict = event.outcome.value, event.verdict.value if event.verdict else ""
        return _of_task(
            run.workspace, run, task, state, verdict, event.at, how=event.how.value, reason=event.reason, findings=found,
            trace=trace, attempt=event.attempt, waits_for=before,
        )  # fmt: skip

    # -- what changed ------------------------------------------------------------------------------------------------

    def scene(self, workspace: Path, taken: Taken, standing: Standing) -> Scene:
        """What is known beside the symptoms: changes since each check looked before, as far as git tells, or the files' times."""
        needs = {s.key: look.waits_for for look, seen in taken.looks if look.waits_for for s in seen.symptoms}
        failing = [look for look, seen in taken.looks if any(s.rule not in (SKIPPED, UNKNOWN) for s in seen.symptoms)]
        spans: Counter[tuple[str, str]] = Counter()
        of_check: dict[str, tuple[str, str]] = {}
        runs_of: Counter[tuple[int, int]] = Counter()
        first: set[str] = set()
        for look in failing[:MOST_FAILING]:
            before = self.record.looked_before(str(workspace), look.check, look.run)
            if not before:
                first.add(check_of(look))
                continue
            git = taken.git.get(look.run, {})
            span = (str(before[0][1].get("commit") or ""), "" if git.get("dirty") else str(git.get("commit") or ""))
            of_check[check_of(look)] = span
            spans[span] += 1
            if not span[0]:
                runs_of[before[0][0], look.run] += 1
        backlog = frozenset(first)
        if not spans or self._why_not_trusted(workspace):
            return Scene(needs=needs, backlog=backlog)
        span = spans.most_common(1)[0][0]
        if span[0] and span[0] == span[1]:
            return Scene(needs=needs, backlog=backlog)
        runs = {look.run for look in failing}
        standing_now = [s for case in standing.known for s in case.symptoms if s.run in runs and s.times == 1]
        fresh = [s for s in (*standing_now, *taken.symptoms) if of_check.get(s.check, span) == span]
        held = {s.key for case in standing.known for s in case.symptoms if s.run not in runs and not s.gone}
        fresh = [symptom for symptom in fresh if symptom.key not in held]
        commands = self._commands(failing, standing_now)
        if span[0]:
            return scene_of(
                workspace, paths_of(workspace), fresh, changed_since(workspace, *span), needs, backlog, commands
            )
        before_run, run = runs_of.most_common(1)[0][0]
        changes = changed_between(workspace, self.record.ended_at(before_run), self.record.submitted_at(run))
        paths = files_of(workspace) if changes.places else ()
        return scene_of(workspace, paths, fresh, changes, needs, backlog, commands)

    def _commands(self, failing: Sequence[Look], standing: Sequence[Symptom]) -> dict[str, tuple[tuple[str, ...], str]]:
        """By check the words and the folder of the team's commands that fail, in this batch or before it in the same runs."""
        found = {check_of(look): (look.argv, look.folder) for look in failing if look.argv}
        for symptom in standing[:MOST_FAILING]:
            if symptom.kind == "task" and symptom.task and symptom.check not in found:
                run, _, place = symptom.task.partition(".")
                task = self.record.task_row(int(run), int(place))
                if task is not None and task.argv:
                    found[symptom.check] = (task.argv, task.folder)
        return found

    # -- what is gone ------------------------------------------------------------------------------------------------

    def partings(self, taken: Taken, standing: Standing) -> list[Parting]:
        """The symptoms that their check looked for and did not report, and the alerts that are over."""
        found = list(self._alerts_over(taken, standing))
        seen_now = {symptom.key for symptom in taken.symptoms}
        for look, _ in taken.looks:
            present = standing.present.get(check_of(look), ())
            if not present or look.state == "skipped" or not (look.is_whole or look.state == "unchanged"):
                continue
            by_case: dict[int, list[str]] = defaultdict(list)
            for case, symptom in present:
                if symptom.key in seen_now or not self._covers(look, symptom):
                    continue
                by_case[case].append(symptom.key)
            said = look.reason.split("\n", 1)[0][:200] or look.state
            words = f"{look.check} looked again in run {look.run} and did not report it ({said})"
            for case, keys in by_case.items():
                found.append(
                    Parting(case, tuple(keys), words, look.code, in_run=look.run, in_task=look.task, commit=look.commit,
                            subject=look.subject)
                )  # fmt: skip
        return found

    def _covers(self, look: Look, symptom: Symptom) -> bool:
        """Whether the look would have seen it: with the same options, and for what became slow, an orderly pass."""
        if symptom.rule == SLOWER:
            return look.state == "succeeded" and look.verdict != "fail"
        if look.action in INGESTING or not symptom.task:
            return True
        run, _, place = symptom.task.partition(".")
        before = self.record.task_row(int(run), int(place))
        return before is None or dict(before.options) == dict(look.options)

    def _alerts_over(self, taken: Taken, standing: Standing) -> list[Parting]:
        raised = {symptom.key for symptom in taken.alerts}
        return [
            Parting(case, (symptom.key,), f"it is over: {taken.over[symptom.key]}")
            for present in standing.present.values()
            for case, symptom in present
            if symptom.key in taken.over and symptom.key not in raised
        ]

    def missing(self, workspace: str, standing: Standing, taken: Taken) -> list[tuple[int, str]]:
        """Checks of cases that were left out of the two newest runs of a pipeline that once had them, though these were whole."""
        looked = {look.check for look, _ in taken.looks}
        absent = {
            check: held[0][1] for check, held in standing.present.items()
            if held and held[0][1].task and check not in looked and held[0][1].kind not in ("alert", "ingested")
        }  # fmt: skip
        if not absent:
            return []
        newest = self.record.checks_of_newest(workspace, 20)
        names = {run: (pipeline, checks) for run, pipeline, checks in newest}
        found = []
        for check, symptom in absent.items():
            pipeline, before = names.get(symptom.run, ("", frozenset[str]()))
            later = [checks for run, name, checks in newest if run > symptom.run and name == pipeline]
            whole = [checks for checks in later if checks >= before - {check} and checks - {check}]
            if len(whole) >= AGREEING and not any(check in checks for checks in later):
                found += [(case, check) for case in {case for case, _ in standing.present[check]}]
        return found


def _of_task(
    workspace: str, run: RunRow, task: TaskRow, state: str, verdict: str, at: float, *, how: str = "", reason: str = "",
    findings: Sequence[Mapping[str, Any]] = (), trace: Trace = Trace(), attempt: int = 0, waits_for: str = "",
) -> Look:  # fmt: skip
    git = run.git
    digest = git.get("digest")
    told = bool(git.get("commit")) and isinstance(digest, str) and digest != UNTOLD
    return Look(
        workspace, task.run, task.place, task.name, task.agent, task.action, state, verdict, how, reason or task.reason,
        attempt, at, code=f"{git['commit']} {digest}" if told else "", commit=str(git.get("commit") or ""),
        subject=str(git.get("subject") or ""), options=task.options, findings=findings, trace=trace, waits_for=waits_for,
        argv=task.argv, folder=task.folder,
    )  # fmt: skip
