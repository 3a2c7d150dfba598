"""The database file: made, refused, put aside; never overwritten."""

import hashlib
import sqlite3
from pathlib import Path

import peewee
import pytest

from callboard.core.events import EngineStarted, MetricsTaken, RunSubmitted
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.core.task import Priority
from callboard.errors import RecordError, RecordFull
from callboard.record import migrations
from callboard.record.check import differences
from callboard.record.database import NAME, backup_to, connect, open_database, put_aside
from callboard.record.log import SqliteLog
from callboard.record.migrations import MIGRATIONS, migrate, version_of
from core_story import Story, spec


def fill(folder: Path, runs: int = 30) -> None:
    """A closed database with some runs."""
    database = open_database(folder)
    log, state = SqliteLog(database), State()
    for number in range(1, runs + 1):
        event = RunSubmitted(
            1.0, number, "ci", "/w", "ann", "by hand", Priority.LOW, tuple(spec(f"t{n}") for n in range(20))
        )
        fold(state, event)
        log.append([event], state, durable=True)
        state.changed_runs.clear()
        state.changed_tasks.clear()
    database.close()


def everything(folder: Path) -> dict[str, str]:
    """Name and content of each file of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_fresh_one_has_all_tables_and_belongs_to_its_user_alone(tmp_path: Path) -> None:
    database = open_database(tmp_path / "new" / "data")
    assert version_of(database) == len(MIGRATIONS)
    assert {"event", "run", "task", "attempt", "finding", "schedule"} <= set(database.get_tables())
    path = tmp_path / "new" / "data" / NAME
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert database.execute_sql("PRAGMA journal_mode").fetchone()[0] == "wal"
    database.close()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    first = open_database(tmp_path)
    name = first.execute_sql("SELECT value FROM meta WHERE name = 'data id'").fetchone()
    first.close()
    again = open_database(tmp_path)
    assert again.execute_sql("SELECT value FROM meta WHERE name = 'data id'").fetchone() == name
    assert differences(again) == []
    assert not (tmp_path / "backups").exists()
    again.close()


@pytest.mark.parametrize(
    "sql", ["UPDATE event SET body = '{}'", "DELETE FROM event", "DELETE FROM event WHERE seq = 1"]
)
def test_the_log_is_append_only(tmp_path: Path, sql: str) -> None:
    fill(tmp_path, 2)
    database = open_database(tmp_path)
    with pytest.raises(peewee.IntegrityError, match="the event log is append-only"):
        database.execute_sql(sql)
    assert len(list(SqliteLog(database).load_all())) == 2
    database.close()


def test_one_that_a_newer_program_wrote_is_refused_and_not_touched(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    with sqlite3.connect(tmp_path / NAME) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = everything(tmp_path)
    with pytest.raises(RecordError) as refused:
        open_database(tmp_path)
    assert str(refused.value) == (
        f"the database has form 99, this program knows {len(MIGRATIONS)}: it was written by a newer version; "
        "install that one, or use another data folder with --data"
    )
    assert everything(tmp_path)[NAME] == before[NAME]
    assert not (tmp_path / "quarantine").exists()


def test_a_backup_is_made_before_a_used_one_is_changed(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    with sqlite3.connect(tmp_path / NAME) as older:
        older.execute("DROP INDEX event_fired")
        older.execute("DROP TRIGGER event_no_update")
        older.execute("DROP TRIGGER event_no_delete")
        older.execute("PRAGMA user_version = 0")
    older.close()
    database = connect(tmp_path / NAME)
    made: list[int] = []
    assert migrate(database, made.append) == list(range(1, len(MIGRATIONS) + 1))
    assert made == []  # form 0 is one that was never used
    assert migrate(database, made.append) == []
    database.close()


def test_a_step_that_fails_leaves_the_form_before_it(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    database = connect(tmp_path / NAME)
    database.connect()

    def breaks(of: peewee.SqliteDatabase) -> None:
        of.execute_sql("CREATE TABLE half (x)")
        raise RecordError("no")

    backups: list[int] = []
    with pytest.raises(RecordError, match="no"):
        migrations.migrate(database, backups.append, (*MIGRATIONS, breaks))
    assert backups == [len(MIGRATIONS)]
    assert version_of(database) == len(MIGRATIONS)
    assert "half" not in database.get_tables()
    database.close()


def garbage_first_page(path: Path) -> None:
    with open(path, "r+b") as file:
        file.write(b"\x13garbage" * 512)


def cut_in_half(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


def cut_within_the_first_page(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(1000)


def garbage_in_the_middle(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 4096 // 2 * 4096)
        file.write(b"\xff" * 8192)


def some_text(path: Path) -> None:
    path.write_text("this was my database\n")


def emptied(path: Path) -> None:
    (path.parent / "attempts" / "1").mkdir(parents=True)
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [garbage_first_page, cut_in_half, cut_within_the_first_page, garbage_in_the_middle, some_text, emptied]
)
def test_a_damaged_one_is_put_aside_whole_and_said_to_be(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    fill(tmp_path)
    damage(tmp_path / NAME)
    before = everything(tmp_path)
    with pytest.raises(RecordError) as refused:
        open_database(tmp_path)
    words = str(refused.value)
    assert not isinstance(refused.value, RecordFull)
    assert "is damaged" in words
    assert "put aside" in words
    assert "Copy a backup from" in words
    after = everything(tmp_path)
    (aside,) = [name for name in after if name.startswith("quarantine/") and name.endswith(NAME)]
    assert aside in words
    assert after[aside] == before[NAME]
    fresh = open_database(tmp_path)
    assert differences(fresh) == []
    fresh.close()
    assert everything(tmp_path)[aside] == before[NAME]


def test_an_empty_file_of_a_first_start_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"")
    database = open_database(tmp_path)
    assert version_of(database) == len(MIGRATIONS)
    database.close()


def left_after_a_crash(folder: Path, copy: Path, runs: int) -> Path:
    """A copy of a database whose newest change stands in its -wal alone."""
    fill(folder, runs)
    copy.mkdir()
    writer = sqlite3.connect(folder / NAME)
    writer.execute("CREATE TABLE newest (x)")
    writer.executemany("INSERT INTO newest VALUES (?)", [("x" * 3000,)] * 30 * runs)
    writer.commit()
    for suffix in ("", "-wal"):
        (copy / (NAME + suffix)).write_bytes((folder / (NAME + suffix)).read_bytes())
    writer.close()
    return copy


def test_a_wal_that_was_left_is_taken_in(tmp_path: Path) -> None:
    data = left_after_a_crash(tmp_path / "a", tmp_path / "data", 3)
    database = open_database(data)
    assert database.execute_sql("SELECT count(*) FROM newest").fetchone() == (90,)
    assert differences(database) == []
    database.close()


@pytest.mark.parametrize("damage", [None, b"\x00\xff" * 20_000, b""])
def test_a_lost_wal_leaves_what_was_in_the_file_whole(tmp_path: Path, damage: bytes | None) -> None:
    """What only stood in the -wal is gone with it; what is left is consistent, and the start works."""
    data = left_after_a_crash(tmp_path / "a", tmp_path / "data", 3)
    (data / (NAME + "-wal")).unlink()
    if damage is not None:
        (data / (NAME + "-wal")).write_bytes(damage)
    database = open_database(data)
    assert differences(database) == []
    assert len(list(SqliteLog(database).load_all())) == 3
    database.close()


def test_a_wal_of_another_database_is_not_carried_over_into_the_file(tmp_path: Path) -> None:
    data = left_after_a_crash(tmp_path / "a", tmp_path / "data", 3)
    other = left_after_a_crash(tmp_path / "b", tmp_path / "other", 9)
    (data / (NAME + "-wal")).write_bytes((other / (NAME + "-wal")).read_bytes())
    before = everything(data)
    with pytest.raises(RecordError, match="was put aside as"):
        open_database(data)
    after = everything(data)
    for name in (NAME, NAME + "-wal"):
        (aside,) = [path for path in after if path.startswith("quarantine/") and path.endswith(name)]
        assert after[aside] == before[name]


def test_a_folder_in_the_place_of_the_file_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(RecordError, match="cannot be opened"):
        open_database(tmp_path)
    assert (tmp_path / NAME).is_dir()


def test_what_is_put_aside_twice_in_a_second_is_kept_twice(tmp_path: Path) -> None:
    places = set()
    for text in ("one", "two", "three"):
        (tmp_path / NAME).write_text(text)
        (tmp_path / (NAME + "-wal")).write_text(f"wal of {text}")
        places.add(put_aside(tmp_path))
    assert sorted(place.read_text() for place in places) == ["one", "three", "two"]
    assert sorted(place.with_name(NAME + "-wal").read_text() for place in places) == [
        "wal of one",
        "wal of three",
        "wal of two",
    ]


def test_a_backup_of_one_in_use_is_whole(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    database = open_database(tmp_path)
    backup_to(database, tmp_path / "backups" / NAME)
    database.close()
    assert (tmp_path / "backups" / NAME).stat().st_mode & 0o777 == 0o600
    copy = open_database(tmp_path / "backups")
    assert differences(copy) == []
    assert len(list(SqliteLog(copy).load_all())) == 5
    copy.close()


def test_what_cannot_be_written_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A number that JSON does not have comes second in a batch; the first event is not kept alone, and writing goes on."""
    database = open_database(tmp_path)
    log, story = SqliteLog(database), Story()
    run = story.submit(spec("a"))
    story.run_all(run.tasks)
    started = EngineStarted(1.0, 2, "1")
    with pytest.raises(ValueError, match="JSON"):
        log.append([started, MetricsTaken(1.0, 1, 0, 1, (("m", float("nan"), ""),))], State(), durable=True)
    assert list(log.load_all()) == []
    assert log.append([started], State(), durable=True) == 1
    database.close()


def test_a_database_that_another_program_holds_is_a_thing_to_try_again(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    database.execute_sql("PRAGMA busy_timeout = 20")
    log = SqliteLog(database)
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordFull, match="another program holds the database"):
        log.append([EngineStarted(1.0, 1, "1")], State(), durable=True)
    other.execute("ROLLBACK")
    other.close()
    assert log.append([EngineStarted(1.0, 1, "1")], State(), durable=True) == 1
    database.close()
