"""Workflows of crews in the database: what is read again, and what is forgotten."""

from pathlib import Path

from callboard.core.commands import TellCrew, grant
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.record import crew_rows
from callboard.record.crews import CrewRecord
from callboard.record.database import open_database
from callboard.record.log import SqliteLog


def test_of_many_workflows_the_newest_are_read_again_and_a_bounded_number_is_kept(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    log, state, now = SqliteLog(database), State(), 1_000.0
    for number in range(120):
        now += 10.0
        name = f"w{number}"
        facts = [
            {"what": "workflow-started", "workflow": name, "at": now, "tasks": [["t", "draw", "Media"]]},
            {"what": "task-started", "workflow": name, "task": "t", "role": "Media", "at": now},
            {
                "what": "llm",
                "workflow": name,
                "task": "t",
                "role": "Media",
                "calls": 1,
                "input": 5,
                "output": 2,
                "at": now,
            },
            {
                "what": "task-ended",
                "workflow": name,
                "task": "t",
                "role": "Media",
                "at": now + 2,
                "ok": number % 10 != 0,
            },
            {"what": "workflow-ended", "workflow": name, "ok": number % 10 != 0, "at": now + 2},
        ]
        events = grant(state, TellCrew("journal", "observer", tuple(facts)), now + 3)
        for event in events:
            fold(state, event)
        log.append(events, state, durable=False)
    again = State()
    for _, event in log.load():
        fold(again, event)
    assert again.crews["journal"].workflows == state.crews["journal"].workflows
    assert len(again.crews["journal"].workflows) == crew_rows.LATEST
    assert CrewRecord(database).totals("journal")["Media"] == {
        "done": 108, "failed": 12, "retries": 0, "input": 600, "output": 240,
    }  # fmt: skip
    assert CrewRecord(database).tokens("journal") == (600, 240)
    crew_rows.forget_crews(database)
    assert database.execute_sql("SELECT count(*) FROM crew_workflow").fetchone() == (120,)
    database.execute_sql("DELETE FROM crew_workflow WHERE id != 'w7'")
    crew_rows.forget_crews(database)
    assert database.execute_sql("SELECT count(*) FROM crew_task").fetchone() == (1,)
    assert database.execute_sql("SELECT count(*) FROM crew_use").fetchone() == (1,)
    database.close()
