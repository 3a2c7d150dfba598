"""Opening the database: whole, of the right form, or put aside."""

import os
import sqlite3
import time
import uuid
from pathlib import Path

import peewee

from callboard.errors import RecordError, RecordFull, RecordHeld
from callboard.record.migrations import migrate, version_of
from callboard.record.models import MODELS, MetaRow

NAME = "callboard.db"
BUSY_S = 20


def connect(path: Path) -> peewee.SqliteDatabase:
    """A database with one connection a thread, WAL and foreign keys; nothing is opened yet."""
    return peewee.SqliteDatabase(
        str(path),
        timeout=BUSY_S,
        pragmas={"journal_mode": "wal", "foreign_keys": 1, "synchronous": "NORMAL", "wal_autocheckpoint": 2000},
    )


def open_database(folder: Path) -> peewee.SqliteDatabase:
    """The database of a data folder, made or migrated as needed, with its models bound.

    A damaged one is put aside in `quarantine/` with all its files, and `RecordError` says so: nothing is overwritten,
    and the next start begins anew or with a restored backup.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / NAME
    if path.exists() and not path.is_file():
        raise RecordError(f"the database {path} cannot be opened: something that is no file stands there")
    existed = path.exists() and path.stat().st_size > 0
    database = connect(path)
    try:
        if path.is_file() and not existed and (folder / "attempts").exists():
            raise peewee.DatabaseError("it is empty, and there are attempts that it should tell of")
        if existed:
            _look_through(path)
        database.connect(reuse_if_open=True)
        if not existed:
            os.chmod(path, 0o600)
        database.bind(MODELS)
        migrate(database, lambda version: backup_to(database, folder / "backups" / f"before-form-{version + 1}.db"))
        MetaRow.get_or_create(name="data id", defaults={"value": uuid.uuid4().hex})
    except RecordError:
        database.close()
        raise
    except peewee.DatabaseError as error:
        database.close()
        if _is_full(error):
            raise RecordFull(f"no room for the database in {folder}: {error}; free some space") from error
        if isinstance(error, peewee.OperationalError) and "malformed" not in str(error):
            raise RecordError(f"the database {path} cannot be opened: {error}") from error
        aside = put_aside(folder)
        raise RecordError(
            f"the database {path} is damaged ({error}); it was put aside as {aside}. "
            f"Copy a backup from {folder / 'backups'} to {path}, or start again to begin with an empty one"
        ) from error
    return database


def _look_through(path: Path) -> None:
    """Raises for a database that is not whole. Reads only: one that writes would carry a wrong -wal over into the file."""
    try:
        probe = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
        try:
            answer = probe.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            probe.close()
    except sqlite3.OperationalError as error:
        raise peewee.OperationalError(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise peewee.DatabaseError(str(error)) from error
    if answer != "ok":
        raise peewee.DatabaseError(str(answer))


def put_aside(folder: Path) -> Path:
    """Moves the database with its -wal and -shm to `quarantine/` and returns the new place."""
    place = folder / "quarantine" / time.strftime("%Y%m%d-%H%M%S")
    number = 0
    while place.exists():
        number += 1
        place = place.with_name(f"{place.name.split('_')[0]}_{number}")
    place.mkdir(mode=0o700, parents=True)
    for suffix in ("", "-wal", "-shm"):
        source = folder / (NAME + suffix)
        if source.exists():
            source.rename(place / source.name)
    return place / NAME


def backup_to(database: peewee.SqliteDatabase, target: Path) -> None:
    """A copy of the database while it is in use, checked before it gets its name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    copy = sqlite3.connect(part)
    try:
        database.connection().backup(copy)
        answer = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    finally:
        copy.close()
    if answer != "ok":
        raise RecordError(f"the backup {part} is not whole: {answer}")
    os.chmod(part, 0o600)
    part.replace(target)


def _is_full(error: Exception) -> bool:
    words = str(error).lower()
    return "full" in words or "disk i/o" in words or "no space" in words


def full_or_raise(error: Exception) -> RecordFull:
    """`RecordFull` for an error that may pass: a full disk, a database that is held; raises `RecordError` for any other."""
    if _is_full(error):
        return RecordFull(
            f"the disk of the data folder is full ({error}); free some space, then work goes on by itself"
        )
    if "locked" in str(error).lower():
        return RecordHeld(f"another program holds the database ({error}); end it, then work goes on by itself")
    raise RecordError(f"the log cannot be written: {error}") from error


def look_at(path: Path) -> tuple[str, int, int]:
    """What SQLite says of the database ('ok' when it is whole), its form, and how many events it holds; nothing is changed.

    Raises `RecordError` when it cannot be read.
    """
    database = connect(path)
    try:
        database.connect()
        answer = str(database.execute_sql("PRAGMA quick_check(1)").fetchone()[0])
        events = int(database.execute_sql("SELECT count(*) FROM event").fetchone()[0])
        return answer, version_of(database), events
    except peewee.PeeweeException as error:
        raise RecordError(f"the database {path} cannot be read: {error}") from error
    finally:
        database.close()
