"""Numbered steps from one form of the database to the next, each in a transaction, after a backup."""

from collections.abc import Callable, Sequence

from peewee import SqliteDatabase

from callboard.errors import RecordError
from callboard.record.models import MODELS, SectionRow

Migration = Callable[[SqliteDatabase], None]


def first_tables(database: SqliteDatabase) -> None:
    """1: all tables, and the triggers that keep the log append-only."""
    database.create_tables(MODELS)
    database.execute_sql("CREATE INDEX event_fired ON event (seq) WHERE kind = 'ScheduleFired'")
    for act in ("UPDATE", "DELETE"):
        database.execute_sql(
            f"CREATE TRIGGER event_no_{act.lower()} BEFORE {act} ON event "
            "BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END"
        )


def sections(database: SqliteDatabase) -> None:
    """2: what the sections of the agents' pages show."""
    database.create_tables([SectionRow])


MIGRATIONS: Sequence[Migration] = (first_tables, sections)


def version_of(database: SqliteDatabase) -> int:
    """How many migrations the database has seen."""
    return int(database.execute_sql("PRAGMA user_version").fetchone()[0])


def migrate(
    database: SqliteDatabase, backup: Callable[[int], None], migrations: Sequence[Migration] = MIGRATIONS
) -> list[int]:
    """Carries out what is missing and returns the numbers; `backup(version)` is called before the first step on a used database.

    Raises `RecordError` for a database that a newer program made; that one is not touched.
    """
    version = version_of(database)
    if version > len(migrations):
        raise RecordError(
            f"the database has form {version}, this program knows {len(migrations)}: it was written by a newer version; "
            "install that one, or use another data folder with --data"
        )
    done: list[int] = []
    if 0 < version < len(migrations):
        backup(version)
    for number in range(version + 1, len(migrations) + 1):
        with database.atomic("IMMEDIATE"):
            migrations[number - 1](database)
            database.execute_sql(f"PRAGMA user_version = {number}")
        done.append(number)
    return done
