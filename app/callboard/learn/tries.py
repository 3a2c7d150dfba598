"""The tries of a workspace's jobs, as the record has them."""

import peewee

from callboard.learn.distributions import BAD, CRASH, GOOD, Tried

MOST_TRIES = 12_000
BROKE_OFF = frozenset({"crashed", "time limit", "not started", "lost"})
COUNTED = BROKE_OFF | {"exited", "memory limit", "output limit", "process limit"}
_TRIES = (
    "SELECT t.name, a.run, a.ended, a.ended - a.started, a.how, a.outcome, a.cpu_s, a.peak_mb, a.attempt, a.started - a.decided"
    " FROM attempt a"
    " JOIN task t ON t.run = a.run AND t.place = a.task JOIN run r ON r.id = a.run"
    " WHERE r.workspace = ? AND a.ended IS NOT NULL AND a.started IS NOT NULL AND a.run < ?"
    " ORDER BY a.run DESC, a.ended DESC LIMIT ?"
)


def tries(
    database: peewee.SqliteDatabase, workspace: str, before: int = 1 << 60, most: int = MOST_TRIES
) -> list[Tried]:
    """Those of runs before that one, newest first; without those that somebody stopped."""
    found = []
    for job, run, ended, seconds, how, outcome, cpu_s, peak_mb, attempt, lead in database.execute_sql(
        _TRIES, (workspace, before, most)
    ).fetchall():
        if how not in COUNTED or outcome == "cancelled":
            continue
        end = (
            GOOD
            if outcome in ("succeeded", "unchanged")
            else CRASH
            if how in BROKE_OFF or outcome == "waiting"
            else BAD
        )
        found.append(
            Tried(job, run, ended, max(0.0, seconds), end, cpu_s or 0.0, peak_mb or 0.0, attempt, max(0.0, lead))
        )
    return found
