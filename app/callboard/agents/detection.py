"""Asks all plugins what they propose for a workspace, in a process of their own, and checks the answers."""

import fnmatch
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from callboard.agents.bounded import run_bounded
from callboard.agents.catalogue import json_lines
from callboard.agents.claims import Claim, needs_of
from callboard.agents.crew import Catalogue
from callboard.errors import ConfigError, PluginError
from callboard.work.finding import clean
from callboard.work.jobs import Job
from callboard.work.options import check_options

DETECT_S = 10.0
LARGEST = 64_000_000
LARGEST_OPTIONS = 50_000
MOST_JOBS = 5_000
FILES_S = 70.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a plugin's proposals; what is right of them stands."""

    plugin: str
    error: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """The jobs, each under its own name and with dependencies among them alone; `plugins` says by name of the job who
    proposed it; `files` is how many files were looked at."""

    jobs: tuple[Job, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    plugins: Mapping[str, str] = field(default_factory=dict)
    files: int = 0


def detect(
    workspace: Path,
    catalogue: Catalogue,
    config: Mapping[str, Any] | None = None,
    *,
    paths: Sequence[Path] = (),
    seconds: float = DETECT_S,
) -> Proposals:
    """What the plugins propose; each has `seconds`, all together twice that; blocks meanwhile.

    A plugin that fails, or proposes something wrong, is among the troubles and stops nothing. `config` holds the plain
    tables of `callboard.toml`. Nothing of the workspace is run. Raises `PluginError` only when no detecting process
    can be started.
    """
    broken = [plugin.name for plugin in catalogue.plugins if plugin.error and not plugin.agents]
    asked = {
        "workspace": str(workspace),
        "config": dict(config or {}),
        "leave_out": broken,
        "paths": [str(path) for path in paths],
        "seconds": seconds,
    }
    ran = run_bounded(
        [sys.executable, "-I", "-m", "callboard.agents.detecting"],
        seconds=seconds * 2 + FILES_S,
        most_bytes=LARGEST,
        given=json.dumps(asked).encode(),
    )
    lines = json_lines(ran.output)
    if ran.code != 0 and not lines:
        raise PluginError(f"nobody can look at {workspace}: {ran.trouble or f'exit code {ran.code}'}")
    return proposals_from(lines, catalogue)


def proposals_from(lines: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> Proposals:
    """The proposals in what the detecting process printed, every value checked."""
    jobs: dict[str, Job] = {}
    plugins: dict[str, str] = {}
    troubles: list[Trouble] = []
    order = {plugin.name: place for place, plugin in enumerate(catalogue.plugins)}
    answers = [line for line in lines if line.get("t") == "plugin" and isinstance(line.get("name"), str)]
    for line in sorted(answers, key=lambda line: order.get(line["name"], len(order))):
        plugin = clean(line["name"], 200)
        if line.get("error"):
            troubles.append(Trouble(plugin, clean(str(line["error"]), 1_000)))
        offered = line.get("jobs")
        for value in offered if isinstance(offered, list) else ():
            try:
                job = _job(value, catalogue, plugin)
                if job.name in jobs:
                    raise PluginError(
                        f"job '{job.name}' of plugin '{plugin}' is already proposed by plugin '{plugins[job.name]}'"
                    )
                if len(jobs) >= MOST_JOBS:
                    raise PluginError(f"more than {MOST_JOBS:,} jobs are proposed; the rest is left out")
            except PluginError as error:
                troubles.append(Trouble(plugin, str(error)))
                if len(jobs) >= MOST_JOBS:
                    break
                continue
            jobs[job.name] = job
            plugins[job.name] = plugin
    counts = [line["count"] for line in lines if line.get("t") == "files" and isinstance(line.get("count"), int)]
    return Proposals(tuple(_within(job, jobs) for job in jobs.values()), tuple(troubles), plugins, sum(counts[:1]))


def _job(value: Any, catalogue: Catalogue, plugin: str) -> Job:
    claim = Claim(value, f"a job of plugin '{plugin}'")
    name = claim.text("name", longest=200)
    if not name or name != claim.raw("name"):
        raise PluginError(
            f"a job of plugin '{plugin}' has the name {clean(repr(claim.raw('name')), 80)}; use plain words"
        )
    claim.where = f"job '{name}' of plugin '{plugin}'"
    action = claim.text("action", longest=200)
    described = catalogue.action(action)
    if described is None:
        known = get_close_matches(action, [info.name for info in catalogue.actions], n=2)
        hint = f"; did you mean {' or '.join(map(repr, known))}?" if known else ""
        raise PluginError(f"job '{name}' of plugin '{plugin}' names the action '{action}', which nobody offers{hint}")
    options = claim.raw("options")
    if not isinstance(options, dict) or len(json.dumps(options)) > LARGEST_OPTIONS:
        raise PluginError(f"options of {claim.where} must be a mapping of at most {LARGEST_OPTIONS:,} bytes")
    given = {key: option for key, option in options.items() if option is not None}
    try:
        check_options(described.schema, given, claim.where)
    except ConfigError as error:
        raise PluginError(str(error)) from error
    return Job(
        name=name,
        action=action,
        because=claim.text("because"),
        options=given,
        needs_jobs=claim.texts("needs_jobs"),
        after=claim.texts("after"),
        needs=None if claim.raw("needs") is None else needs_of(claim.part("needs")),
        stage=claim.text("stage", longest=50),
        estimate=claim.number("estimate", high=31_536_000),
    )


def _within(job: Job, jobs: Mapping[str, Job]) -> Job:
    """The job with the names that its patterns fit, and without dependencies on what nobody proposes."""
    needs = _fitting(job, job.needs_jobs, jobs)
    return replace(job, needs_jobs=needs, after=tuple(n for n in _fitting(job, job.after, jobs) if n not in needs))


def _fitting(job: Job, patterns: Sequence[str], jobs: Mapping[str, Job]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for pattern in patterns:
        if pattern in jobs:
            found[pattern] = None
        elif any(sign in pattern for sign in "*?["):
            found |= dict.fromkeys(name for name in jobs if fnmatch.fnmatchcase(name, pattern) and name != job.name)
    return tuple(found)
