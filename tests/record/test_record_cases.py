"""Cases in the record: the tables say what the log says, a new engine knows what it has to, words are found."""

import random
from collections import Counter, deque
from pathlib import Path

import pytest

from callboard.core.case_batch import Opening, Sighting
from callboard.core.case_commands import MergeCases, MoveCase, NoteCase, SplitCase
from callboard.core.case_facts import Cause
from callboard.core.state import State
from callboard.engine import restored
from callboard.errors import CallboardError
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.record.log import SqliteLog
from case_story import Story, symptom


class Kept(Story):
    """A story whose log is a real file, with the state of the engine settled after each step."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.database = open_database(folder)
        self.log = SqliteLog(self.database)

    def do(self, command):  # type: ignore[no-untyped-def]
        granted = super().do(command)
        if granted:
            self.log.append(granted, self.state, durable=False)
            self.state.cases.settle()
        return granted

    def loaded(self) -> State:
        """What a new engine knows."""
        return brought_back(self.log)


def brought_back(log: SqliteLog) -> State:
    """The state of an engine that begins on this log."""
    state = State()
    deque(restored(state, log), maxlen=0)
    state.cases.settle()
    return state


@pytest.mark.parametrize("seed", range(3))
def test_log_state_and_tables_are_equal_after_a_random_history_of_cases(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    story = Kept(tmp_path)
    for turn in range(60):
        cases = story.state.cases
        known = [*cases.open(), *cases.closed()]
        case = dice.choice(known) if known else None
        code = f"c{turn}"
        try:
            match dice.randrange(9) if case is not None else 0:
                case 0 | 1:
                    some = [symptom(dice.choice(("q.t", "q.l")), f"f{dice.randrange(20)}", code) for _ in range(3)]
                    story.tell(
                        opened=[Opening("a case", "high", Cause("file", "a.py", "it cannot be parsed"), tuple(some))]
                    )
                case 2:
                    story.see(case.id, *list(case.symptoms.values())[:2])
                case 3 | 4:
                    story.part(case.id, *case.symptoms.values(), code=code)
                case 5:
                    story.do(
                        NoteCase(
                            case.id, dice.choice(("comment", "fix-tried")), f"tried {turn}", facts={"ok": turn % 2 == 0}
                        )
                    )
                case 6:
                    story.do(MergeCases(case.id, dice.choice(known).id, "ann", "the same"))
                case 7:
                    story.do(SplitCase(case.id, (next(iter(case.symptoms)),), "ann", "not the same"))
                case 8:
                    goal = dice.choice(("closed", "new", "triaged", "accepted"))
                    by, until = dice.choice(("ann", "bob")), story.now + 500.0
                    story.do(MoveCase(case.id, goal, by, reason="so", until=until))
        except CallboardError:
            continue
    assert differences(story.database) == []
    loaded, state = story.loaded().cases.facts(), story.state.cases.facts()
    assert loaded == state
    folded = list(story.again().cases.open())
    assert {case.id: case for case in folded} == loaded["open"], "read back it is what its events make"
    assert [list(case.symptoms) for case in story.loaded().cases.open()] == [list(case.symptoms) for case in folded]
    back = story.loaded().cases
    several = Counter((case.workspace, key) for case in folded for key in case.symptoms)
    for place in (place for place, number in several.items() if number == 1):
        live, read = story.state.cases.of(*place), back.of(*place)
        assert live is None or read == live or not live.is_open, "it is seen at the same case as before"
    before = [story.loaded().cases.due(story.now + 1_000.0), story.again().cases.due(story.now + 1_000.0)]
    assert before[0] == before[1], "an accepted one comes back at its time"
    assert story.loaded().cases.last == story.state.cases.last
    free = [
        {case.id: cases.may_join(case) for case in cases.open()} for cases in (story.loaded().cases, story.state.cases)
    ]
    assert free[0] == free[1], "which cases a rule may join is in the log"
    story.database.execute_sql("ALTER TABLE case_row DROP COLUMN newest")
    story.database.execute_sql("ALTER TABLE case_row DROP COLUMN handled")
    story.database.execute_sql("PRAGMA user_version = 16")
    story.database.close()
    old = open_database(tmp_path)
    assert brought_back(SqliteLog(old)).cases.facts() == state, "a data folder of an older version is understood"
    assert differences(old) == []
    old.close()


def test_what_it_was_closed_by_counts_until_it_is_back(tmp_path: Path) -> None:
    story = Kept(tmp_path)
    test = symptom()
    case = story.open(test)
    story.do(NoteCase(case.id, "fix-tried", "pinned flask", facts={"ok": True, "what": "pin flask<3"}))
    story.part(case.id, test, code="c2")
    read = "SELECT kind, what, worked FROM case_resolved ORDER BY at"
    assert story.database.execute_sql(read).fetchall() == [("patch", "pin flask<3", 1)]
    story.see(case.id, test)
    assert story.database.execute_sql(read).fetchall() == [("patch", "pin flask<3", 0)]
    story.database.close()


def test_an_event_writes_only_its_own_symptoms(tmp_path: Path) -> None:
    story = Kept(tmp_path)
    case = story.open(*(symptom(fingerprint=f"f{n}") for n in range(900)))
    before = story.database.execute_sql("SELECT total_changes()").fetchone()[0]
    story.tell(seen=[Sighting(case.id, (symptom(fingerprint="f7"),))])
    assert story.database.execute_sql("SELECT total_changes()").fetchone()[0] - before < 20
    story.database.close()
