"""What tasks and the host used at moments: kept with less care than events, and for a limited time."""

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any

import peewee

from callboard.record.codec import to_json

Sample = tuple[float, int, int, float, float, dict[str, Any] | None]
KEEP_S = 7 * 24 * 3600.0
HOST = (0, 0)


class Samples:
    """Writes on the engine's thread; samples that cannot be written are dropped."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def write(self, samples: Sequence[Sample]) -> None:
        """(at, run, task, cores, MiB, more) each; run 0 is the host."""
        rows = [
            (at, run, task, cpus, memory, to_json(more) if more else None)
            for at, run, task, cpus, memory, more in samples
        ]
        self._change("INSERT INTO sample (at, run, task, cpus, memory_mb, more) VALUES (?,?,?,?,?,?)", rows)

    def forget(self, now: float) -> None:
        """Drops what is older than KEEP_S."""
        self._change("DELETE FROM sample WHERE at < ?", [(now - KEEP_S,)])

    def _change(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        connection: sqlite3.Connection = self._database.connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(sql, rows)
            connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
