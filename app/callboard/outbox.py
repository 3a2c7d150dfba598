"""What a step owes to the world, kept until the log has it: attempts to start and to stop, answers, acknowledgements."""

import asyncio
from collections.abc import Sequence

from callboard.core.decide import Decision
from callboard.core.events import AttemptDecided, AttemptStopping, CancelAsked, Event, QuestionAnswered, TaskTaken
from callboard.core.state import State
from callboard.core.task import AttemptKey
from callboard.ports import Before, Launcher, Order

MOST_BEFORE = 2_000


class Outbox:
    """Filled while a step decides; `act` carries all of it out, once the step is in the log."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._starts: list[AttemptDecided] = []
        self._stops: list[tuple[AttemptKey, str]] = []
        self._answers: list[QuestionAnswered] = []
        self._owed: list[tuple[asyncio.Future[int], int]] = []

    def owe(self, answer: asyncio.Future[int], number: int, events: Sequence[Event]) -> None:
        """A command was granted as these events; its acknowledgement is due."""
        self._owed.append((answer, number))
        self._answers += [event for event in events if isinstance(event, QuestionAnswered)]

    def stop(self, key: AttemptKey, reason: str) -> None:
        """The attempt is to be ended."""
        self._stops.append((key, reason))

    def plan(self, state: State, events: Sequence[Event], decision: Decision) -> None:
        """What follows from the events and decisions of a step."""
        self._starts += decision.starts
        for event in events:
            match event:
                case CancelAsked() | TaskTaken():
                    tasks = state.runs[event.run].tasks
                    chosen = tasks if event.task < 0 else [tasks[event.task]]
                    self._stops += [(task.attempt_key, task.stopping) for task in chosen if task.live]
                case AttemptStopping():
                    self._stops.append((AttemptKey(event.run, event.task, event.attempt), event.reason))
                case _:
                    pass
        self._stops += [(AttemptKey(e.run, e.task, e.attempt), e.reason) for e in decision.stops]

    def act(self, state: State) -> None:
        """Carries out what is in the log by now."""
        starts, self._starts = self._starts, []
        stops, self._stops = self._stops, []
        answers, self._answers = self._answers, []
        owed, self._owed = self._owed, []
        if starts:
            self._launcher.launch([_order(state, event) for event in starts])
        for key, reason in stops:
            self._launcher.stop(key, reason)
        for event in answers:
            key = AttemptKey(event.run, event.task, event.attempt)
            self._launcher.answer(key, event.question, event.choice, event.by)
        for answer, number in owed:
            if not answer.done():
                answer.set_result(number)

    def open_answers(self) -> list[asyncio.Future[int]]:
        """Those who wait for an acknowledgement."""
        return [answer for answer, _ in self._owed]


def _order(state: State, event: AttemptDecided) -> Order:
    run = state.runs[event.run]
    spec = run.tasks[event.task].spec
    before = []
    if spec.plugin and (spec.depends or spec.after):
        for place in list(dict.fromkeys((*spec.depends, *spec.after)))[:MOST_BEFORE]:
            task = run.tasks[place]
            stands = task.spec.stands_for
            key = AttemptKey(*stands) if stands is not None else task.attempt_key
            before.append(Before(task.spec.name, task.spec.action, task.state.value, key))
    key = AttemptKey(event.run, event.task, event.attempt)
    return Order(key, event.epoch, spec, run.workspace, run.config, tuple(before), run.by)
