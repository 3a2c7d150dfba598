"""For which share of a job's tries an earlier pass would have stood: nothing that its verdict depends on had changed."""

from collections.abc import Collection

import peewee

MOST_TASKS = 4_000
FEW = 3


def reuse(database: peewee.SqliteDatabase, workspace: str, jobs: Collection[str]) -> dict[str, tuple[float, int]]:
    """By job the share and of how many tries; jobs whose inputs are not known are left out."""
    rows = database.execute_sql(
        "SELECT t.name, json_extract(t.spec, '$.digest'), t.state FROM task t JOIN run r ON r.id = t.run"
        " WHERE r.workspace = ? AND t.ended IS NOT NULL ORDER BY t.run DESC, t.place LIMIT ?",
        (workspace, MOST_TASKS),
    ).fetchall()
    passed: dict[str, set[str]] = {}
    counts: dict[str, list[int]] = {}
    for name, digest, state in reversed(rows):
        if name not in jobs or not digest:
            continue
        count = counts.setdefault(name, [0, 0])
        count[0] += digest in passed.get(name, ())
        count[1] += 1
        if state in ("succeeded", "unchanged"):
            passed.setdefault(name, set()).add(digest)
    return {name: (stood / n, n) for name, (stood, n) in counts.items() if n >= FEW}
