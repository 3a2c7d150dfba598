"""Which tasks need not run again, because an earlier pass of the same files, options and tools stands; and why the others do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import peewee

from callboard.core.graph import order
from callboard.core.task import TaskSpec
from callboard.learn.contents import differences
from callboard.learn.digests import PARTS, Digests, Inputs

CLOCK_S = 0.02
NAMED = 3
WORDS = {"options": "options", "plugin": "plugin", "settings": "settings in callboard.toml"}
DIGEST = "json_extract(t.spec, '$.digest')"
PASSES = (
    f"SELECT t.run, t.place, t.attempt, {DIGEST}, json_extract(t.spec, '$.digested') FROM task t JOIN run r ON r.id = t.run"  # noqa: S608
    " JOIN attempt a ON a.run = t.run AND a.task = t.place AND a.attempt = t.attempt"
    f" WHERE {{}} AND {DIGEST} != '' AND t.name = ? AND t.action = ? AND r.workspace = ?"
    " AND t.state = 'succeeded' AND coalesce(t.verdict, 'pass') = 'pass' AND t.hand = ''"
    " AND a.data_age_days IS NULL AND NOT EXISTS (SELECT 1 FROM event e"
    " WHERE e.run = t.run AND e.task = t.place AND e.kind IN ('TasksAdded', 'TaskMoved'))"
    " ORDER BY t.run DESC, t.place DESC LIMIT 1"
)
OF_DIGEST = PASSES.format(f"{DIGEST} = ?")
OF_NAME = PASSES.format("'' = ?")


@dataclass(frozen=True, slots=True)
class Pass:
    """An earlier attempt that passed, and the digest of its inputs as they were looked at, at `digested`."""

    run: int
    place: int
    attempt: int
    digest: str
    digested: float


def passes(
    database: peewee.SqliteDatabase, workspace: str, name: str, digest: str = "", action: str = ""
) -> Pass | None:
    """The newest pass of a job in a workspace, of the digest if one is named.

    Those that handed work on to other tasks, or judged by data that ages, do not count.
    """
    found = database.execute_sql(OF_DIGEST if digest else OF_NAME, (digest, name, action, workspace)).fetchone()
    return Pass(found[0], found[1], found[2], found[3], found[4]) if found else None


def with_digests(specs: Sequence[TaskSpec], digests: Digests) -> tuple[tuple[TaskSpec, ...], dict[int, Inputs]]:
    """The specs with the digests of their inputs, where they have any, and these inputs by place."""
    found = {place: inputs for place, spec in enumerate(specs) if (inputs := digests.of(spec)) is not None}
    marked = tuple(
        replace(spec, digest=found[place].digest, digested=found[place].at) if place in found else spec
        for place, spec in enumerate(specs)
    )
    return marked, found


def affected(
    specs: Sequence[TaskSpec],
    inputs: Mapping[int, Inputs],
    digests: Digests,
    database: peewee.SqliteDatabase,
    workspace: str,
) -> tuple[tuple[TaskSpec, ...], dict[int, list[str]]]:
    """The specs, each that an earlier pass stands for marked so and all with the reason; and by place the paths of inputs
    that changed. A pass stands only when those of all tasks that this one needs stand too."""
    marked = list(specs)
    changes: dict[int, list[str]] = {}
    for place in order([spec.depends for spec in specs]):
        spec, own = specs[place], inputs.get(place)
        again = next((specs[p].name for p in spec.depends if marked[p].stands_for is None), "")
        if own is None:
            what = (
                "a command that does not say what it reads"
                if spec.argv
                else "its verdict depends on more than the files that it reads"
            )
            marked[place] = replace(spec, affected=f"runs always: {what}")
            continue
        same = passes(database, workspace, spec.name, own.digest, spec.action)
        touched = _touched(own, same) if same else ""
        if same and not touched and not again:
            count = len(own.files)
            words = f"unchanged since run {same.run}: the same {count:,} {'file' if count == 1 else 'files'}, options and tools"
            stands = (same.run, same.place, same.attempt)
            marked[place] = replace(spec, affected=words, stands_for=stands, estimate=0.0)
        elif same and not touched:
            marked[place] = replace(
                spec, affected=f"its own inputs are unchanged, but it needs {again}, which runs again"
            )
        elif same:
            marked[place] = replace(
                spec, affected=f"{touched} was written while or after run {same.run} looked at it, so it runs again"
            )
        else:
            words, changes[place] = _changed(own, passes(database, workspace, spec.name, "", spec.action), digests)
            marked[place] = replace(spec, affected=words)
    return tuple(marked), changes


def _touched(own: Inputs, same: Pass) -> str:
    """An input that may have been another one while the earlier attempt ran; '' when none may."""
    late = (name for name, changed in own.changed.items() if changed > same.digested - CLOCK_S)
    return next(late, "")


def _changed(own: Inputs, last: Pass | None, digests: Digests) -> tuple[str, list[str]]:
    if last is None:
        return "it has not passed here yet", []
    kept = digests.kept(last.digest)
    if kept is None:
        return f"its inputs changed since run {last.run}", []
    files, parts = kept
    names = differences(files, own.files)
    if names:
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        shown = ", ".join(str(PurePosixPath(name)) for name in names[:NAMED])
        return f"{len(names):,} of {len(own.files):,} inputs changed since run {last.run}: {shown}{more}", names
    other = [_part_words(part, parts.get(part), own.parts.get(part)) for part in PARTS]
    told = ", ".join(word for word in other if word)
    return f"its {told or 'inputs'} changed since run {last.run}", []


def _part_words(part: str, old: object, new: object) -> str:
    if old == new:
        return ""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        return f"tools ({', '.join(map(str, names))})"
    return WORDS.get(part, part)
