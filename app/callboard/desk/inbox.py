"""The inbox: one list of all that waits for a person, with what can be done about each."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from callboard.config import read_config
from callboard.core.events import DecisionMade, QuestionAnswered
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import TaskKey, TaskState
from callboard.desk.case_acts import CaseActs
from callboard.desk.case_waits import waits
from callboard.desk.evidence import Evidence
from callboard.desk.roadmap_acts import RoadmapActs
from callboard.errors import ConfigError, NotFound, Refused
from callboard.guard.trust import standing_of
from callboard.rows import Row
from callboard.work.finding import clean

MOST_READY = 300
HALTED, TRUST, DECISION, QUESTION, NOBODY, PATCH, CASE, ROADMAP, SCHEDULE, PAUSED = range(10)
NO_ENGINE = "`callboard up` goes on with it"


class Inbox(Evidence, RoadmapActs, CaseActs):
    """What waits for a person; whoever acts first wins, and the other one is told who it was."""

    def inbox(self) -> list[Row]:
        """All of it, what stops most first, and then what has waited longest.

        `choices` are the words of what can be chosen, `acts` the same with the call that each makes: `{"label", "post":
        {"path", "body"}, "danger"}`, the path below /api/v1.
        """
        held = self._engine.inspect(self._held)
        rows = [
            *self._trust_rows(),
            *held,
            *self._patch_rows(),
            *self._case_rows(),
            *self._assigned_rows(),
            *self._schedule_rows(),
        ]
        return sorted(rows, key=lambda row: (row["rank"], row["since"] or 0.0, row["id"]))

    def inbox_item(self, item: str) -> Row:
        """One of them with the evidence to decide by; raises `NotFound` when it is not there any more."""
        for row in self.inbox():
            if row["id"] == item:
                return {**row, "evidence": self.evidence(row)}
        raise NotFound("this does not wait for anybody any more: it was decided, or is over")

    def _held(self, state: State) -> list[Row]:
        """What the present state holds for a person; on the engine's thread."""
        rows = []
        if state.halted and self._engine.loop is not None and state.halted != NO_ENGINE:
            rows.append(
                _row(
                    "halted", HALTED, "engine halted", "No new work starts", state.halted, self._since, href="/machine"
                )
            )
        for run in state.runs.values():
            if run.unfinished and run.counts.get(TaskState.NEEDS_DECISION):
                undecided = (task for task in run.tasks if task.state is TaskState.NEEDS_DECISION)
                rows += [_in_hand(task) if task.taken else _decision(task) for task in undecided]
            if run.unfinished:
                rows += [row for task in run.tasks if task.questions for row in _questions(task)]
        return [*rows, *self._idle(state)]

    def _idle(self, state: State) -> list[Row]:
        """Tasks that nobody here can do, and paused agents with work that waits."""
        now = self._engine.now()
        stuck: dict[tuple[str, str], list[Task]] = {}
        for task in islice(state.ready.waiting(), MOST_READY):
            hold = state.hold_of(task, now)
            if hold is not None and hold.kind in ("nobody", "too large"):
                stuck.setdefault((hold.kind, hold.words()), []).append(task)
        rows = [
            _nobody(kind, words, sorted(tasks, key=lambda t: t.key), state) for (kind, words), tasks in stuck.items()
        ]
        for agent in state.agents.values():
            waiting = state.queued.get(agent.name, 0)
            if agent.paused_by and agent.present and waiting:
                title = f"{agent.name} is paused, and {_count(waiting, 'task waits', 'tasks wait')} for it"
                why = f"Paused by {agent.paused_by}" + (f": {agent.pause_reason}" if agent.pause_reason else "")
                acts = [_act("resume", f"/agents/{agent.name}/resume")]
                href = f"/agents/{agent.name}"
                rows.append(
                    _row(f"paused:{agent.name}", PAUSED, "paused agent", title, why, agent.paused_at, acts, href)
                )
        return rows

    def _trust_rows(self) -> list[Row]:
        why = self._trust.why_not(self.workspace) if self._engine.loop is not None else ""
        if not why:
            return []
        acts = [_act("trust it", "/workspace/trust", {"digest": standing_of(self.workspace).digest}, danger=True)]
        text = f"{why}. Nothing runs in it until a person has looked at it: its code would run."
        return [_row("trust", TRUST, "workspace", "This workspace is not trusted", text, self._since, acts)]

    def _patch_rows(self) -> list[Row]:
        rows = []
        for patch in self.patches(state="proposed"):
            files = ", ".join(patch["files"][:3]) + (
                f" and {len(patch['files']) - 3} more" if len(patch["files"]) > 3 else ""
            )
            text = f"{patch['agent']} would change {files}. {patch['proof_words']}".strip()
            acts = [
                _act("accept", f"/patches/{patch['id']}/accept"),
                _act("reject", f"/patches/{patch['id']}/reject", {"reason": ""}, danger=True),
            ]
            title = f"Patch {patch['id']} of {patch['task_name']} waits for a word"
            more = {"run": patch["run"], "task": patch["task"], "patch": patch["id"], "name": patch["task_name"]}
            href = f"/patches/{patch['id']}"
            rows.append({**_row(f"patch:{patch['id']}", PATCH, "patch", title, text, patch["at"], acts, href), **more})
        return rows

    def _case_rows(self) -> list[Row]:
        """Cases that a person has, that ask a person, and that nobody could reproduce."""
        rows = []
        for wait in waits(self.case_record.waiting(str(self.workspace))):
            acts = [_act(label, path, body, danger=danger) for label, path, body, danger in wait.acts]
            row = _row(
                f"case:{wait.case}", CASE, "case", wait.title, wait.text, wait.since, acts, f"/cases/{wait.case}"
            )
            rows.append({**row, "case": wait.case, "to": wait.to, "name": f"C{wait.case}"})
        return rows

    def _assigned_rows(self) -> list[Row]:
        """Tasks of the roadmap that a person has; that they are done they say with a note, on the change's page."""
        rows = []
        for found in self.roadmap_inbox():
            acts = [_act("done", "/roadmap/done", {"ref": found["ref"], "note": ""})]
            acts.append(_act("give it back", "/roadmap/withdraw", {"id": found["id"], "reason": ""}, danger=True))
            row = _row(
                f"roadmap:{found['id']}",
                ROADMAP,
                "roadmap",
                found["title"],
                found["text"],
                found["at"],
                acts,
                found["href"],
            )
            rows.append({**row, "ref": found["ref"], "to": found["to"], "name": found["ref"]})
        return rows

    def _schedule_rows(self) -> list[Row]:
        """Schedules whose newest due time started nothing, and whose pipeline nobody has started since."""
        try:
            schedules = read_config(self.workspace).schedules
        except ConfigError:
            return []
        last = self._history.schedules() if schedules else {}
        rows = []
        for schedule in schedules.values():
            fired = last.get(f"{self.workspace}:{schedule.name}")
            if fired is None or fired["run"] or fired["note"] in ("", "seen for the first time"):
                continue
            if fired["note"].startswith(("quiet hours", "run ")) or self._ran_since(schedule.pipeline, fired["due"]):
                continue
            missed = (
                f" {_count(fired['missed'], 'earlier time was', 'earlier times were')} missed too."
                if fired["missed"]
                else ""
            )
            text = f"It was due and started nothing: {fired['note'].rstrip('.')}.{missed}"
            acts = [_act("run it now", "/runs", {"pipeline": schedule.pipeline})]
            title = f"Schedule '{schedule.name}' missed its time"
            rows.append(
                _row(f"schedule:{schedule.name}", SCHEDULE, "schedule", title, text, fired["due"], acts, "/runs/new")
            )
        return rows

    def _ran_since(self, pipeline: str, at: float) -> bool:
        where = str(self.workspace)
        return any(
            row["name"] == pipeline and row["workspace"] == where and row["submitted"] >= at
            for row in self._history.runs(50)
        )

    # -- acting ------------------------------------------------------------------------------------------------

    def trust_workspace(self, digest: str, by: str) -> None:
        """Trusts the workspace as the person saw it; raises `Refused` when what it would run has changed since."""
        if not self._trust.why_not(self.workspace):
            raise Refused("the workspace is trusted already")
        if digest != standing_of(self.workspace).digest:
            raise Refused("callboard.toml has changed since you looked at it; look again")
        self._trust.grant(self.workspace, by)

    def decide(self, task_id: str, choice: str, by: str) -> None:
        """As `Wishes.decide`; who comes second is told whose word counts."""
        self._first_wins(self.key(task_id), ("DecisionMade",), lambda: super(Inbox, self).decide(task_id, choice, by))

    def answer(self, task_id: str, question: str, choice: str, by: str) -> None:
        """As `Wishes.answer`; who comes second is told whose word counts."""

        def act() -> None:
            super(Inbox, self).answer(task_id, question, choice, by)

        self._first_wins(self.key(task_id), ("QuestionAnswered",), act, question)

    def _first_wins(self, key: TaskKey, kinds: tuple[str, ...], act: Callable[[], None], question: str = "") -> None:
        open_ones = {row["question"] for row in self.questions() if row["task"] == str(key)}
        try:
            act()
        except Refused as refused:
            if (question or "decision") in open_ones and self._still_asks(key, question):
                raise
            for event in self._news.newest(key.run, key.task, kinds):
                if isinstance(event, DecisionMade | QuestionAnswered) and (
                    not question or getattr(event, "question", "") == question
                ):
                    raise Refused(f"{event.by} was faster: '{event.choice}' counts for task {key}") from refused
            raise

    def _still_asks(self, key: TaskKey, question: str) -> bool:
        return any(row["task"] == str(key) and row["question"] == (question or "decision") for row in self.questions())


def _row(
    id: str,
    rank: int,
    kind: str,
    title: str,
    text: str,
    since: float | None,
    acts: list[Row] | None = None,
    href: str = "",
) -> Row:
    return {
        "id": id, "kind": kind, "title": clean(title, 300), "text": clean(text, 2_000), "since": since, "run": None,
        "task": None, "name": None, "question": None, "patch": None, "href": href,
        "choices": [act["label"] for act in acts or ()], "acts": acts or [], "rank": rank,
    }  # fmt: skip


def _act(label: str, path: str, body: Mapping[str, Any] | None = None, *, danger: bool = False) -> Row:
    return {"label": clean(label, 200), "post": {"path": path, "body": dict(body or {})}, "danger": danger}


def _of_task(row: Row, task: Task, question: str | None = None) -> Row:
    return {**row, "run": task.run.id, "task": str(task.key), "name": task.spec.name, "question": question}


def _decision(task: Task) -> Row:
    path = f"/tasks/{task.key}/decide"
    acts = [_act("retry", path, {"choice": "retry"}), _act("give up", path, {"choice": "give up"}, danger=True)]
    title = f"What becomes of {task.spec.name}?"
    row = _row(
        f"decision:{task.key}", DECISION, "decision", title, task.outcome_reason, task.ended, acts, f"/tasks/{task.key}"
    )
    return _of_task(row, task, "decision")


def _in_hand(task: Task) -> Row:
    """A task that a person has taken over; how they finished it they say on its page."""
    hand = task.taken
    by, why = (hand.by, hand.reason) if hand else ("", "")
    text = f"{why or 'No reason was given'}. Nobody starts it until {by} says that it is done, that it failed, or gives it back."
    acts = [_act("give it back", f"/tasks/{task.key}/release")]
    row = _row(
        f"taken:{task.key}", DECISION, "person", f"{by} does {task.spec.name} by hand", text, hand.at if hand else None, acts,
        f"/tasks/{task.key}",
    )  # fmt: skip
    return {**_of_task(row, task, "taken"), "by": by}


def _questions(task: Task) -> list[Row]:
    rows = []
    for number, (text, choices, at) in (task.questions or {}).items():
        acts = [_act(choice, f"/tasks/{task.key}/answer", {"question": number, "choice": choice}) for choice in choices]
        title = f"{task.spec.name} asks"
        row = _row(f"question:{task.key}:{number}", QUESTION, "question", title, text, at, acts, f"/tasks/{task.key}")
        rows.append(_of_task(row, task, number))
    return rows


def _nobody(kind: str, words: str, tasks: list[Task], state: State) -> Row:
    first = tasks[0]
    others = [c.agent for c in first.spec.candidates if c.agent != first.spec.agent and not state.trouble_of(c.agent)]
    acts = [_act(f"move to {agent}", f"/tasks/{first.key}/move", {"agent": agent}) for agent in others[:3]]
    if kind == "nobody":
        acts.append(_act("look for agents again", "/agents/rescan"))
    acts.append(_act("cancel it", f"/tasks/{first.key}/cancel", {"reason": words[:200]}, danger=True))
    more = f" So do {_count(len(tasks) - 1, 'other task', 'other tasks')}." if len(tasks) > 1 else ""
    who = "Nobody can do" if kind == "nobody" else "No room is ever enough for"
    title = f"{who} {first.spec.name}"
    text = f"{words[:1].upper()}{words[1:].rstrip('.')}.{more}"
    row = _row(
        f"nobody:{first.key}", NOBODY, "stuck task", title, text, state.since_of(first), acts, f"/tasks/{first.key}"
    )
    return {**_of_task(row, first), "tasks": [str(task.key) for task in tasks]}


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
