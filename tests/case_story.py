"""Cases for tests: a driver that grants commands to a state and keeps the log, as the engine does."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from callboard.core.case_batch import Opening, Sighting
from callboard.core.case_commands import TellCases, cases_due
from callboard.core.case_facts import Cause, Symptom, family_of
from callboard.core.case_life import Parting
from callboard.core.cases import Case
from callboard.core.commands import Command, grant
from callboard.core.events import Event
from callboard.core.fold import fold
from callboard.core.state import State

SHOP = "/home/ann/shop"


def symptom(check: str = "quality.tests", fingerprint: str = "f1", code: str = "c1", **more: Any) -> Symptom:
    """A failing test, or what `more` makes of it."""
    values: dict[str, Any] = {
        "kind": "test", "rule": "test-failed", "severity": "high", "title": "tests/test_cart.py::test_total fails",
        "path": "tests/test_cart.py", "line": 12, "message": "assert 3 == 4", "agent": check.partition(".")[0],
        "witnesses": (("pytest", "9.0.0"),), "run": 1, "task": "1.0", "attempt": 1,
    }  # fmt: skip
    values |= more
    family = family_of(values["rule"], values["witnesses"][0][0], values["message"])
    return Symptom(check=check, fingerprint=fingerprint, code=code, **{"family": family, **values})


class Story:
    """A state and its log; `now` moves by itself."""

    def __init__(self) -> None:
        self.state = State()
        self.events: list[Event] = []
        self.now = 1_000_000.0
        self.upto = 0

    def do(self, command: Command) -> list[Event]:
        """Grants it and folds what it gives; returns that."""
        self.now += 10.0
        granted = grant(self.state, command, self.now)
        for event in granted:
            fold(self.state, event)
        self.events += granted
        return granted

    def tell(
        self,
        opened: Sequence[Opening] = (),
        seen: Sequence[Sighting] = (),
        gone: Sequence[Parting] = (),
        missing: Sequence[tuple[int, str]] = (),
        workspace: str = SHOP,
    ) -> list[Event]:
        """What a keeper tells."""
        self.upto += 1
        return self.do(TellCases(workspace, self.upto, tuple(opened), tuple(seen), tuple(gone), tuple(missing)))

    def open(self, *symptoms: Symptom, severity: str = "high", title: str = "") -> Case:
        """A case of these symptoms."""
        first = symptoms[0]
        self.tell([Opening(title or first.title, severity, Cause("single", first.path, "one check saw it"), symptoms)])
        return self.state.cases.case(self.state.cases.last)

    def see(self, case: int, *symptoms: Symptom, **more: Any) -> list[Event]:
        """They were seen again."""
        return self.tell(seen=[Sighting(case, symptoms, **more)])

    def part(self, case: int, *symptoms: Symptom, code: str = "c2", **more: Any) -> list[Event]:
        """Their checks looked and did not report them."""
        keys = tuple(one.key for one in symptoms)
        return self.tell(gone=[Parting(case, keys, f"{symptoms[0].check} did not report it", code=code, **more)])

    def later(self, seconds: float) -> list[Event]:
        """Time goes by."""
        self.now += seconds
        came = cases_due(self.state, self.now)
        self.events += came
        return came

    def again(self) -> State:
        """What the log folded from the start gives."""
        state = State()
        for event in self.events:
            fold(state, event)
        return state


def with_code(one: Symptom, code: str) -> Symptom:
    """The same, seen at other code."""
    return replace(one, code=code)
