"""The roadmap's memory and order by value: what an assignment becomes, what it waits for, what may start."""

import contextlib
import random
from collections.abc import Sequence
from typing import Any

import pytest

from callboard.core import events as e
from callboard.core import roadmap_events as r
from callboard.core.commands import Cancel, Submit, TryAgain, grant
from callboard.core.fold import fold
from callboard.core.roadmap import Assignment, Stage, find_circle
from callboard.core.roadmap_commands import AssignTask, NoteTick, PlaceChange, TaskDoneBy, WithdrawTask, ends
from callboard.core.roadmap_order import Lane, Order, Sheet
from callboard.core.task import TaskState, Verdict
from callboard.errors import CallboardError, NotFound, Refused
from core_story import Story, spec

W = "/w"


class Board:
    """A state with a roadmap of changes, as the desk would see it."""

    def __init__(self, lanes: dict[str, tuple[int, tuple[str, ...]]], archived: Sequence[str] = ()) -> None:
        self.story = Story()
        self.story.agents("quality")
        self.state = self.story.state
        self.ticked: set[str] = set()
        self.lanes = lanes
        self.archived = frozenset(archived)
        self.log: list[e.Event] = []

    def order(self) -> Order:
        lanes = {
            name: Lane(name, tuple((f"{name}#{n}", f"{name}#{n}" in self.ticked) for n in range(1, count + 1)), after)
            for name, (count, after) in self.lanes.items()
        }
        return Order(Sheet(lanes, self.archived), self.state.roadmaps.standing(W))

    def ask(self, command: Any, at: float = 10.0) -> list[e.Event]:
        """As a step of the engine does it: all of it, or none."""
        events = grant(self.state, command, at)
        self.state.changed_runs.clear()
        for event in events:
            fold(self.state, event)
        self.log += [*events, *ends(self.state, at)]
        return events

    def assign(self, ref: str, to: str = "quality", kind: str = "agent", id: str = "") -> str:
        id = id or f"a{len(self.log)}"
        self.ask(AssignTask(id, W, ref, "Do it", to, kind, "quality.do" if kind == "agent" else "", "", "ann"))
        return id

    def one(self, ref: str) -> Assignment:
        found = self.state.roadmaps.of(W, ref)
        assert found is not None
        return found

    def start(self, ref: str) -> int:
        one = self.one(ref)
        job = spec("do", agent="quality", action="quality.do")
        events = self.ask(Submit("do", W, (job,), "ann", f"roadmap {ref}", key=f"roadmap:{one.id}", assignment=one.id))
        run = next(event.run for event in events if isinstance(event, e.RunSubmitted))
        self.story.run_all(self.state.runs[run].tasks)
        return run

    def end(self, run: int, outcome: TaskState = TaskState.SUCCEEDED, verdict: Verdict | None = Verdict.PASS) -> None:
        self.state.changed_runs.clear()
        self.story.end(self.state.runs[run].tasks[0], outcome, verdict=verdict)
        self.log += ends(self.state, 20.0)

    def waits(self, ref: str) -> str:
        wait = self.order().wait_of(self.one(ref))
        return wait.words if wait else ""

    def due(self) -> list[str]:
        return [one.ref for one in self.order().due()]


def test_a_task_waits_for_the_assigned_one_before_it_and_starts_when_that_is_done() -> None:
    board = Board({"x": (4, ())})
    board.assign("x#2")
    board.assign("x#3", "bob", "person")
    board.assign("x#4")
    assert (board.due(), board.waits("x#4")) == (["x#2"], "waits for x#2 (quality has it)")
    run = board.start("x#2")
    assert (board.due(), board.waits("x#4")) == ([], "waits for x#2, which runs as run 1")
    board.end(run)
    done = board.one("x#2")
    assert (done.state, done.words, done.task) == (Stage.DONE, "do in run 1 passed", "1.0")
    assert board.waits("x#4") == "waits for x#3 (@bob has it)"
    board.ask(TaskDoneBy(W, "x#3", "asked them", "bob", "-", ""))
    assert board.due() == ["x#4"]


def test_a_change_waits_until_all_tasks_of_the_one_before_it_are_done() -> None:
    board = Board({"x": (2, ()), "y": (1, ("x", "old", "ghost"))}, archived=["old"])
    board.assign("y#1")
    wait = board.order().wait_of(board.one("y#1"))
    assert wait is not None
    assert (wait.words, wait.href, wait.change) == (
        "waits for change x, 2 of 2 tasks of which are open",
        "/roadmap/x",
        "x",
    )
    board.ticked.add("x#1")
    board.ask(TaskDoneBy(W, "x#2", "so", "ann", "n", ""))  # evidence counts, ticked or not
    assert board.waits("y#1") == "waits for change ghost, which is neither active nor archived"
    board.lanes["ghost"] = (0, ())
    assert board.waits("y#1") == "waits for change ghost, which has no tasks yet"
    board.archived = frozenset(("old", "ghost"))
    del board.lanes["ghost"]
    assert board.due() == ["y#1"]


def test_what_is_gone_ticked_or_in_a_circle_never_starts_and_says_so() -> None:
    board = Board({"x": (1, ("y",)), "y": (1, ("x",)), "z": (2, ())})
    for ref in ("x#1", "z#1", "z#2"):
        board.assign(ref)
    assert board.waits("x#1") == "can never start: x comes after y, which comes after x"
    board.ticked.add("z#1")
    assert board.waits("z#1") == "z#1 is ticked already; withdraw it"
    board.lanes["z"] = (1, ())
    assert board.waits("z#2") == "z#2 is not in the files any more; withdraw it, or write the task back"
    assert board.due() == []


@pytest.mark.parametrize(
    ("outcome", "verdict", "words"),
    [
        (TaskState.SUCCEEDED, Verdict.UNKNOWN, "do in run 1 ended with verdict unknown; that is no evidence"),
        (TaskState.SUCCEEDED, Verdict.FAIL, "do in run 1 ended with verdict fail; that is no evidence"),
        (TaskState.SUCCEEDED, None, "do in run 1 ended with verdict unknown; that is no evidence"),
        (TaskState.FAILED, None, "do in run 1 is failed; that is no evidence"),
    ],
)
def test_only_a_pass_is_evidence(outcome: TaskState, verdict: Verdict | None, words: str) -> None:
    board = Board({"x": (2, ())})
    board.assign("x#1")
    board.assign("x#2")
    board.end(board.start("x#1"), outcome, verdict)
    assert (board.one("x#1").state, board.one("x#1").words) == (Stage.FAILED, words)
    assert (board.due(), board.waits("x#2")) == ([], "waits for x#1, which failed")


def test_a_failed_run_that_is_tried_again_and_passes_is_evidence_after_all() -> None:
    board = Board({"x": (1, ())})
    board.assign("x#1")
    run = board.start("x#1")
    board.end(run, TaskState.FAILED, None)
    board.ask(TryAgain(run, None, "ann"))
    with pytest.raises(Refused, match="run 1 of an earlier assignment of x#1 still goes on"):
        board.ask(AssignTask("n", W, "x#1", "", "bob", "person", "", "", "ann", instead=True))
    board.story.run_all(board.state.runs[run].tasks)
    board.end(run)
    assert board.one("x#1").state is Stage.DONE


def test_withdrawing_cancels_the_run_and_the_task_is_free_again() -> None:
    board = Board({"x": (1, ())})
    id = board.assign("x#1")
    run = board.start("x#1")
    assert [type(event).__name__ for event in board.ask(WithdrawTask(id, "ann", "no"))] == [
        "RoadmapWithdrawn",
        "CancelAsked",
    ]
    board.end(run, TaskState.CANCELLED, None)
    assert board.state.roadmaps.of(W, "x#1") is None
    board.assign("x#1", id="second")
    assert board.due() == ["x#1"]


def test_ticked_is_forgotten_and_a_refused_tick_is_kept() -> None:
    board = Board({"x": (1, ())})
    board.ask(TaskDoneBy(W, "x#1", "so", "ann", "n", "Do it"))
    board.ask(NoteTick("n", "refused", "the line reads otherwise now", "Callboard"))
    assert (board.one("x#1").tick, board.one("x#1").tick_why) == ("refused", "the line reads otherwise now")
    assert board.ask(NoteTick("n", "refused", "the line reads otherwise now", "Callboard")) == []
    board.ask(NoteTick("n", "ticked", "line 3", "ann"))
    assert (board.state.roadmaps.of(W, "x#1"), len(board.state.roadmaps)) == (None, 0)
    with pytest.raises(NotFound):
        board.ask(NoteTick("n", "ticked", "line 3", "bob"))


def test_places_are_kept_piece_by_piece_and_a_circle_is_refused_with_its_path() -> None:
    board = Board({})
    board.ask(PlaceChange(W, "x", "ann", layer="high", reason="legal"))
    board.ask(PlaceChange(W, "x", "bob", rank=2))
    board.ask(PlaceChange(W, "x", "bob", after=("y",)))
    board.ask(PlaceChange(W, "y", "bob", after=("z",)))
    place = board.state.roadmaps.places(W)["x"]
    assert (place.layer, place.rank, place.after) == ("high", 2, ("y",))
    assert (place.by["layer"], place.by["after"]) == ("placed by ann: legal", "placed by bob")
    with pytest.raises(
        Refused, match="z cannot come after x: z comes after x, which comes after y, which comes after z"
    ):
        board.ask(PlaceChange(W, "z", "eve", after=("x",)))
    assert "z" not in board.state.roadmaps.places(W)
    board.ask(PlaceChange(W, "x", "ann", layer="", rank=-1, after=()))
    place = board.state.roadmaps.places(W)["x"]
    assert (place.layer, place.rank, place.after) == (None, None, ())


def test_a_deep_order_is_looked_through_without_recursion() -> None:
    deep = {str(n): (str(n + 1),) for n in range(20_000)}
    assert find_circle(deep) == ()
    assert len(find_circle({**deep, "20000": ("0",)})) == 20_002


REFS = [f"{change}#{n}" for change in "xyz" for n in range(1, 4)]


def act(board: Board, dice: random.Random, number: int) -> None:
    """One thing that somebody might do, sensible or not."""
    ref = dice.choice(REFS)
    one = board.state.roadmaps.of(W, ref)
    match dice.randrange(10):
        case 0 | 1 | 2:
            kind = dice.choice(("agent", "agent", "person"))
            board.ask(AssignTask(f"n{number}", W, ref, "", "quality" if kind == "agent" else "bob", kind, "quality.do", "",
                                 dice.choice(("ann", "bob")), instead=dice.random() < 0.3))  # fmt: skip
        case 3:
            board.ask(WithdrawTask(one.id if one else "none", "ann"))
        case 4:
            board.ask(TaskDoneBy(W, ref, "so", dice.choice(("ann", "bob")), f"n{number}", ""))
        case 5:
            outcome = dice.choice(("ticked", "off", "refused"))
            board.ask(NoteTick(one.id if one else "none", outcome, "why", "ann"))
            board.ticked |= {ref} if outcome == "ticked" else set()
        case 6:
            for due in board.order().due():
                board.start(due.ref)
        case _:
            live = [run for run in board.state.runs.values() if run.unfinished]
            if not live:
                return
            run = dice.choice(live)
            if run.tasks[0].state is not TaskState.RUNNING:
                board.story.run_all(run.tasks)
            if dice.random() < 0.2:
                board.ask(Cancel(run.id, None, "ann"))
            verdict = dice.choice((Verdict.PASS, Verdict.PASS, Verdict.UNKNOWN, None))
            board.end(run.id, dice.choice((TaskState.SUCCEEDED, TaskState.SUCCEEDED, TaskState.FAILED)), verdict)
            if not board.state.runs[run.id].unfinished and dice.random() < 0.3:
                board.ask(TryAgain(run.id, None, "ann"))


def check(board: Board) -> None:
    """What holds after every step, by the log alone."""
    by_id: dict[str, r.RoadmapAssigned] = {}
    runs: dict[str, list[int]] = {}
    state: dict[str, str] = {}
    for event in board.log:
        if isinstance(event, r.RoadmapAssigned):
            open_ones = [
                id for id, was in by_id.items() if was.ref == event.ref and state[id] not in ("withdrawn", "ticked")
            ]
            assert open_ones == [], f"{event.ref} is assigned twice"
            by_id[event.id], state[event.id] = event, "waits"
        elif isinstance(event, r.RoadmapStarted):
            assert state[event.id] == "waits"
            assert runs.setdefault(by_id[event.id].ref, []).count(event.in_run) == 0
            runs[by_id[event.id].ref].append(event.in_run)
            state[event.id] = "running"
        elif isinstance(event, r.RoadmapDone):
            state[event.id] = "done" if event.ok else "failed"
        elif isinstance(event, r.RoadmapTicked):
            assert state[event.id] in ("done",)
            state[event.id] = "ticked" if event.mark == "ticked" else "done"
        elif isinstance(event, r.RoadmapWithdrawn):
            state[event.id] = "withdrawn"
    standing = {one.id for one in board.state.roadmaps.standing(W)}
    assert standing == {id for id, now in state.items() if now not in ("withdrawn", "ticked")}, (
        "one is lost, or too many"
    )
    for ref, numbers in runs.items():
        live = [n for n in numbers if board.state.runs[n].unfinished]
        assert len(live) <= 1, f"{ref} runs twice: {live}"
    for one in board.state.roadmaps.standing(W):
        if one.state is Stage.RUNNING:
            assert board.state.runs[one.run].unfinished, f"{one.ref} is said to run, and its run has ended"


@pytest.mark.parametrize("seed", range(25))
def test_whatever_people_do_nothing_runs_twice_starts_early_or_is_lost(seed: int) -> None:
    dice = random.Random(seed)
    board = Board({"x": (3, ()), "y": (3, ("x",)), "z": (3, ())})
    for number in range(120):
        before = len(board.log)
        done = {ref for ref in REFS if board.order().is_done(ref)}
        with contextlib.suppress(CallboardError):
            act(board, dice, number)
        for event in board.log[before:]:
            one = board.state.roadmaps.get(event.id) if isinstance(event, r.RoadmapStarted) else None
            if one is not None and one.change == "y":
                assert {ref for ref in REFS if ref.startswith("x")} <= done, f"{one.ref} started before x was done"
        check(board)


def test_the_state_from_the_log_equals_the_state() -> None:
    board = Board({"x": (3, ()), "y": (3, ("x",)), "z": (3, ())})
    dice = random.Random(7)
    for number in range(80):
        with contextlib.suppress(CallboardError):
            act(board, dice, number)
    again = Board({}).state
    for event in board.log:
        if type(event).__name__.startswith("Roadmap"):
            fold(again, event)
    assert list(again.roadmaps.standing(W)) == list(board.state.roadmaps.standing(W))
