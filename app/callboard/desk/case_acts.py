"""What people do with cases: triage, assign, accept, close, reopen, merge, split, comment. Whoever is first wins."""

import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from callboard.agents.crew import Catalogue
from callboard.core.case_commands import CaseCommand, MergeCases, MoveCase, NoteCase, SplitCase
from callboard.core.case_facts import CaseState
from callboard.core.case_owner import Owner, owner_of
from callboard.core.cases import Case
from callboard.core.state import State
from callboard.desk.cases import CaseDesk
from callboard.errors import ConfigError, NotFound, Refused
from callboard.rows import Row
from callboard.work.finding import clean

LONGEST_NAME = 80
LONGEST_COMMENT = 8_000
AUTO = "auto"
UNITS = {"h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0}


class CaseActs(CaseDesk):
    """Each act gives the page of the case as it is then."""

    def triage_case(self, number: int, by: str, reason: str = "", turn: int | None = None) -> Row:
        """Somebody has looked at it."""
        return self._moved(MoveCase(number, CaseState.TRIAGED, by, reason=reason, turn=turn))

    def assign_case(
        self, number: int, to: str, by: str, reason: str = "", turn: int | None = None, *, instead: bool = False
    ) -> Row:
        """Gives it to an agent ('quality'), a person ('@ann', '@me'), or with 'auto' to who can act; the reason is kept."""
        case = self.case_of(number)
        chosen = self._owner(case, to, by)
        words = chosen.why + (f"; {by} says: {reason}" if reason else "")
        return self._moved(
            MoveCase(
                number, CaseState.ASSIGNED, by, words, reason, chosen.kind, chosen.name, turn=turn, instead=instead
            )
        )

    def _owner(self, case: Case, to: str, by: str) -> Owner:
        to = clean(to, 200).strip()
        if to in ("", AUTO):
            here = self._engine.inspect(_agents)
            return owner_of(case, here, self.case_fixers(case), by)
        if to.startswith("@") or to == "me":
            return Owner("person", person_of(to.removeprefix("@"), by), f"{by} gave it")
        _check_agent(self._catalogue, to)
        return Owner("agent", to, f"{by} gave it")

    def case_fixers(self, case: Case) -> Sequence[str]:
        """The agents that are known to offer a fix for it."""
        noted = case.known.get("known-fix")
        name = str(noted.facts.get("agent") or "") if noted is not None else ""
        return (name,) if name else ()

    def accept_case(self, number: int, reason: str, until: str | float, by: str, turn: int | None = None) -> Row:
        """It may stay until the end of a day; then it comes back by itself."""
        if not reason.strip():
            raise ConfigError("'reason' is needed: why may it stay?")
        moment = end_of(until, time.time())
        return self._moved(MoveCase(number, CaseState.ACCEPTED, by, reason=reason, until=moment, turn=turn))

    def close_case(self, number: int, reason: str, by: str, turn: int | None = None) -> Row:
        """It is closed by a person's word, which is shown as such; it is reopened when it is seen again."""
        if not reason.strip():
            raise ConfigError("'reason' is needed: how do you know that it is gone?")
        return self._moved(MoveCase(number, CaseState.CLOSED, by, reason=reason, turn=turn))

    def reopen_case(self, number: int, reason: str, by: str, turn: int | None = None) -> Row:
        """A closed or accepted one is open again."""
        case = self.case_of(number)
        if case.is_open and case.state is not CaseState.ACCEPTED:
            raise Refused(f"{case.name} is open: it is {case.state}")
        return self._moved(MoveCase(number, CaseState.NEW, by, reason=reason, turn=turn))

    def merge_case(self, number: int, into: int, reason: str, by: str, turn: int | None = None) -> Row:
        """Both are one, `into`; such symptoms are joined from then on. Gives the page of `into`."""
        self.case_of(into)
        self.tell_case(MergeCases(number, into, by, reason, turn), number, into)
        return self.case(into)

    def split_case(self, number: int, symptoms: Sequence[str], reason: str, by: str, turn: int | None = None) -> Row:
        """These symptoms become a case of their own; such symptoms are kept apart from then on. Gives the new case's page."""
        before = self.case_of(number)
        self.tell_case(SplitCase(number, tuple(symptoms), by, reason, turn), number)
        keys = [key for key in symptoms if key in before.symptoms]
        holders = self.case_record.having(before.workspace, keys[:1])
        return self.case(next(iter(holders.values()), number))

    def comment_case(self, number: int, text: str, by: str) -> Row:
        """A word for the others."""
        text = clean(text, LONGEST_COMMENT).strip()
        if not text:
            raise ConfigError("'text' is needed: say something")
        self.tell_case(NoteCase(number, "comment", text, by), number)
        return self.case(number)

    def _moved(self, command: MoveCase) -> Row:
        self.tell_case(command, command.case)
        return self.case(command.case)

    def tell_case(self, command: CaseCommand, *cases: int) -> None:
        """Carries out a command about these cases; those that were closed long ago are brought back first. Raises `NotFound`."""
        self.remember_cases(cases)
        self._do(command)

    def remember_cases(self, cases: Sequence[int]) -> None:
        """Lets the engine know closed cases that it has forgotten, so that something can be said of them; raises `NotFound`."""
        absent = self._engine.inspect(lambda state: [number for number in cases if state.cases.get(number) is None])
        kept = [self.case_of(number) for number in absent]
        if kept:
            self._engine.inspect(lambda state: _remember(state, kept))


def _agents(state: State) -> dict[str, str]:
    return {name: state.trouble_of(name) for name, agent in state.agents.items() if agent.present}


def _remember(state: State, cases: Sequence[Case]) -> None:
    for case in cases:
        state.cases.remember(case)


def _check_agent(catalogue: Catalogue, name: str) -> None:
    known = [agent.name for agent in catalogue.agents]
    if name not in known:
        raise NotFound(
            f"there is no agent '{clean(name, 60)}'; the agents: {', '.join(known) or 'none'}; a person is written @name"
        )


def person_of(name: str, by: str) -> str:
    """The name of a person, 'me' for who asks; raises `ConfigError`."""
    said = by if name in ("me", "") else name
    if not said or len(said) > LONGEST_NAME or any(sign in said for sign in "/\\#@\n"):
        raise ConfigError(f"'@{said[:LONGEST_NAME]}' is no name of a person; write it as @ann, or @me")
    return said


def end_of(until: str | float, now: float) -> float:
    """The moment that '2027-01-31' (the end of that day here), '12h', '7d', '2w' or a number of seconds names."""
    if isinstance(until, (int, float)):
        return float(until)
    words = until.strip()
    length = re.fullmatch(r"(\d{1,4})([hdw])", words)
    if length:
        return now + float(length[1]) * UNITS[length[2]]
    try:
        moment = datetime.fromisoformat(words)
        if len(words) <= len("2027-01-31"):
            moment += timedelta(days=1)
        return moment.astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"'{clean(words, 40)}' is no day; say 2027-01-31, or 12h, 7d, 2w from now") from error
