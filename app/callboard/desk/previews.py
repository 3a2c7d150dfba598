"""What a plan says besides its times: who may be asked, what is undone, gates, boundary, what cannot run and what is left out."""

import fnmatch
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from callboard.agents.crew import ActionInfo
from callboard.config.jobs import action_name
from callboard.core.boundary import Boundary
from callboard.core.task import TaskSpec
from callboard.errors import BoundaryError
from callboard.planning import Prepared
from callboard.rows import Row
from callboard.work.sparing.commands import check_command

Able = Mapping[str, tuple[bool | None, str]]
MOST_TOLD = 4
DIGITS = 12


def previewed(row: Row, prepared: Prepared, able: Able) -> Row:
    """The plan with all that somebody wants to know before it is started; `able` is what the preflight says of actions."""
    specs = prepared.built.specs
    infos = [prepared.catalogue.action(spec.action) if spec.action else None for spec in specs]
    names = [spec.name for spec in specs]
    jobs = []
    for job, spec, info in zip(row["jobs"], specs, infos, strict=True):
        ready = able.get(spec.action)
        jobs.append(
            {
                **job,
                "effects": asdict(info.effects) if info else None,
                "asks": info.asks if info else "",
                "undo": spec.undo or None,
                "gates": _gates(spec, specs, prepared),
                "refused": _refused(spec, info, prepared),
                "here": {"ready": ready[0], "words": ready[1]} if ready else None,
                "others": [c.agent for c in spec.candidates if c.agent != spec.agent],
            }
        )
    going = [job for job in jobs if not job["stands_for"]]
    marks = marks_of(specs)
    return {
        **row,
        "jobs": jobs,
        "asks": _asks(going),
        "undo": [{"job": job["name"], "by": job["undo"]} for job in going if job["undo"]],
        "gates": [{"job": job["name"], **gate} for job in going for gate in job["gates"]],
        "locks": _locks(going),
        "refused": [{"job": job["name"], "why": why} for job in going for why in job["refused"]],
        "cannot": [
            {"job": job["name"], **job["here"]} for job in going if job["here"] and job["here"]["ready"] is not True
        ],
        "left": [
            {
                "name": left.job.name,
                "kind": left.kind,
                "why": left.why,
                "depends": list(left.job.needs or ()),
                "stage": left.job.stage or "",
                "agent": (left.job.agent or "") if left.job.command else action_name(left.job).partition(".")[0],
                "action": "command" if left.job.command else left.job.wants or action_name(left.job),
            }
            for left in prepared.built.left
        ],
        "boundary": _boundary(prepared.config.boundary),
        "marks": marks,
        "digest": _hash(sorted(marks.items()), 64),
        "in_order": sorted(names, key=lambda name: _place(jobs, names, name)),
    }


def marks_of(specs: Sequence[TaskSpec]) -> dict[str, str]:
    """By name a few digits that change with what the job does, with whose work it needs, and with whether it runs at all."""
    return {
        spec.name: _hash(
            [
                spec.agent, spec.action, spec.argv, spec.folder, dict(spec.options), [specs[p].name for p in spec.depends],
                [specs[p].name for p in spec.after], [asdict(lock) for lock in spec.needs.locks], spec.stands_for is None,
            ],
            DIGITS,
        )
        for spec in specs
    }  # fmt: skip


def as_planned(planned: Mapping[str, str], specs: Sequence[TaskSpec]) -> str:
    """'as planned', or how what is started differs from the plan that was looked at."""
    now = marks_of(specs)
    parts = [
        _some("more", [name for name in now if name not in planned]),
        _some("fewer", [name for name in planned if name not in now]),
        _some("changed", [name for name in now if name in planned and now[name] != planned[name]]),
    ]
    told = ", ".join(part for part in parts if part)
    return f"not as planned: {told}" if told else "as planned"


def _some(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"{len(names)} {what} ({', '.join(names[:MOST_TOLD])}{more})"


def _hash(value: Any, digits: int) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:digits]


def _place(jobs: Sequence[Row], names: Sequence[str], name: str) -> tuple[float, int]:
    place = names.index(name)
    start = jobs[place]["start"]
    return (start["p50"] if start else float("inf"), place)


def _asks(jobs: Iterable[Row]) -> list[Row]:
    """Where a person may be needed: what the agents say that they ask, and what nobody but a person runs twice."""
    asked = [{"job": job["name"], "when": "while it runs", "what": job["asks"]} for job in jobs if job["asks"]]
    once = [
        {"job": job["name"], "when": "if it is lost", "what": "whether it may run again: it is not repeated by itself"}
        for job in jobs
        if not job["idempotent"]
    ]
    return asked + once


def _gates(spec: TaskSpec, specs: Sequence[TaskSpec], prepared: Prepared) -> list[Row]:
    """What has to be green before it, by the environment that it changes; a pattern that fits no job keeps the gate shut."""
    environments = prepared.config.table.get("environments")
    known = environments if isinstance(environments, Mapping) else {}
    table = known.get(str(spec.options.get("environment") or (next(iter(known)) if len(known) == 1 else "")))
    info = prepared.catalogue.action(spec.action)
    if not isinstance(table, Mapping) or info is None or not info.effects.environment or not spec.undo:
        return []
    before = [specs[place].name for place in (*spec.depends, *spec.after)]
    return [
        {"pattern": str(pattern), "jobs": [name for name in before if fnmatch.fnmatchcase(name, str(pattern))]}
        for pattern in table.get("gate") or ()
    ]


def _refused(spec: TaskSpec, info: ActionInfo | None, prepared: Prepared) -> list[str]:
    """What the boundary will refuse, as far as it can be known from what is written down."""
    boundary, table, place = prepared.config.boundary, prepared.config.table, prepared.workspace
    found: list[str] = []

    def look(check: Any, *given: Any) -> None:
        try:
            check(*given)
        except BoundaryError as error:
            found.append(str(error))

    for pattern in info.effects.writes if info else ():
        if "*" not in pattern:
            look(boundary.check_path, pattern)
    for kind, option in (("services", "service"), ("environments", "environment")):
        declared = table.get(kind)
        one = declared.get(str(spec.options.get(option))) if isinstance(declared, Mapping) else None
        if isinstance(one, Mapping):
            look(boundary.check_bind, one.get("port"))
            look(boundary.check_written_environment, one.get("env") or {})
            for key in ("command", "start"):
                look(check_command, boundary, one.get(key) or (), place / str(one.get("folder") or ""))
    look(boundary.check_options, spec.options)
    if spec.argv:
        look(check_command, boundary, spec.argv, place / spec.folder)
    for value in spec.options.values():
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and text.startswith(("http://", "https://", "ws://", "wss://")):
                look(boundary.check_request, "GET", text)
    return list(dict.fromkeys(found))


def _locks(jobs: Iterable[Row]) -> list[Row]:
    """Locks with the jobs that take them, those that keep jobs apart first."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for job in jobs:
        for lock in job["needs"]["locks"]:
            found.setdefault(lock["name"], []).append((job["name"], lock["shared"]))
    rows = [
        {
            "name": name,
            "jobs": [job for job, _ in takers],
            "apart": len(takers) > 1 and not all(shared for _, shared in takers),
        }
        for name, takers in found.items()
    ]
    return sorted(rows, key=lambda row: (not row["apart"], str(row["name"])))


def _boundary(boundary: Boundary) -> Row:
    return {
        "protected_paths": list(boundary.protected_paths),
        "protected_ports": list(boundary.protected_ports),
        "protected_processes": list(boundary.protected_processes),
        "test_hosts": list(boundary.test_hosts),
        "live_hosts": list(boundary.live_hosts),
        "live_reads": boundary.live_reads,
    }
