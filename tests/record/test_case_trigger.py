"""How runs that were started for a case are told from all others."""

import sqlite3

import pytest

from callboard.record.case_trigger import OF_A_CASE, OF_NO_CASE, only_looks, said_by, trigger_of

COUNT = "SELECT count(*) FROM run WHERE"


@pytest.mark.parametrize(
    ("trigger", "said", "looks"),
    [
        (trigger_of(7, "bisect"), (7, "bisect", False), True),
        (trigger_of(12, "reproduce", goes_on=True), (12, "reproduce", True), True),
        (trigger_of(3, "verify"), (3, "verify", False), False),
        ("schedule case C7", None, False),
        ("case closed", None, False),
        ("by hand", None, False),
    ],
)
def test_a_run_for_a_case_is_known_by_what_set_it_off(
    trigger: str, said: tuple[int, str, bool] | None, looks: bool
) -> None:
    assert said_by(trigger) == said
    assert only_looks(trigger) is looks
    with sqlite3.connect(":memory:") as database:
        database.execute('CREATE TABLE run ("trigger" TEXT)')
        database.execute("INSERT INTO run VALUES (?)", (trigger,))
        found = [database.execute(sql).fetchone()[0] for sql in (f"{COUNT} {OF_A_CASE}", f"{COUNT} {OF_NO_CASE}")]
    database.close()
    assert found == ([1, 0] if said else [0, 1])
