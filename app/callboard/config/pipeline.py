"""Builds a pipeline: what is detected, what is written down, and what a person picks, as tasks with their places."""

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from callboard.agents.crew import Catalogue
from callboard.config.fields import near
from callboard.config.jobs import action_name, laid_over, proposed, spec_of
from callboard.config.model import Config, JobTable, PipelineTable
from callboard.config.typed import typed_options
from callboard.core.graph import CycleFound, order
from callboard.core.task import Priority, TaskSpec
from callboard.errors import ConfigError
from callboard.work.jobs import Job

DEFAULT = "default"
Links = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
Unfit = Callable[[str], ConfigError]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A job that does not run this time. `kind` is 'off' (switched off), 'skip' (by hand), 'lost' (it needs one that is left
    out), 'only' (others were asked for) or 'pipeline' (the pipeline does not name it)."""

    job: JobTable
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class BuiltPipeline:
    """A pipeline that is ready to be submitted. `jobs` are the tables behind `specs`, place by place: all that was
    detected or written down. `notes` are sentences about what was left out, and why; `left` are the other jobs."""

    name: str
    specs: tuple[TaskSpec, ...]
    notes: tuple[str, ...] = ()
    priority: Priority = Priority.MEDIUM
    jobs: tuple[JobTable, ...] = ()
    left: tuple[LeftOut, ...] = ()


def build(
    config: Config,
    proposals: Sequence[Job],
    catalogue: Catalogue,
    *,
    pipeline: str = DEFAULT,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    cpus: float = 0.0,
    memory_mb: float = 0.0,
) -> BuiltPipeline:
    """The pipeline of that name; 'default' is the one that `[workspace] pipeline` names, else all jobs.

    `only` picks jobs by name or pattern and brings along what they need; `skip` leaves jobs out, with all that needs
    them. `options` are other options for this once, by the name or pattern of the jobs. `cpus` and `memory_mb` are what the
    machine has, 0 if unknown. A job whose agent is absent is built: the engine holds it. Raises `ConfigError`, with file
    and line where something is written down, for a cycle, a missing or doubled name, an action or an option that does not
    exist.
    """
    notes: list[str] = []
    jobs = _all_jobs(config, proposals, notes)
    for word, given in (options or {}).items():
        for name in _matching(word, jobs, lambda word: _not_there(word, pipeline, jobs)):
            jobs[name] = _with_options(jobs[name], given, catalogue, notes)
    links = {name: _links(name, jobs, config) for name in jobs}
    ordered = _ordered(jobs, links, config)
    table = _pipeline(config, pipeline)
    names = _picked(table.jobs, jobs, links, lambda word: _unfit(config, table.name, word, jobs))
    named = set(names)
    if only:
        inside = [name for name in jobs if name in names]
        names = _picked(only, inside, links, lambda word: _not_there(word, table.name, inside))
    gone = {name for name, job in jobs.items() if not job.enabled}
    for word in skip:
        gone.update(_matching(word, jobs, lambda word: _not_there(word, table.name, jobs)))
    lost = _lost([name for name in ordered if name in names], gone, links)
    for name in only:
        if name in lost:
            raise ConfigError(f"'{name}' cannot run: it needs {lost[name]}, which is left out")
    chosen = [name for name in jobs if name in names and name not in gone and name not in lost]
    places = {name: place for place, name in enumerate(chosen)}
    notes += [f"{name} is left out: it needs {parent}, which is left out" for name, parent in lost.items()]
    written = [
        replace(jobs[name], needs=links[name][0], after=tuple(p for p in links[name][1] if p in places))
        for name in chosen
    ]
    specs: list[TaskSpec] = []
    for job in written:
        spec = spec_of(job, config, catalogue, cpus, memory_mb)
        notes += remarks(spec, config, catalogue, memory_mb)
        needs, after = job.needs or (), job.after or ()
        specs.append(
            replace(
                spec,
                depends=tuple(places[parent] for parent in needs),
                after=tuple(places[parent] for parent in after if parent not in needs),
            )
        )
    if not specs:
        notes.append(
            "nothing to do: " + ("no job is left" if jobs else "no agent found work here, and no job is written down")
        )
    left = tuple(
        _left(jobs[name], table.name, named, names, lost, config.file.name) for name in jobs if name not in places
    )
    return BuiltPipeline(table.name, tuple(specs), tuple(notes), table.priority, tuple(written), left)


def _left(
    job: JobTable, pipeline: str, named: set[str], asked: set[str], lost: Mapping[str, str], file: str
) -> LeftOut:
    if job.name not in named:
        return LeftOut(job, "pipeline", f"pipeline '{pipeline}' does not name it")
    if not job.enabled:
        return LeftOut(job, "off", f"it is switched off in {file}")
    if job.name not in asked:
        return LeftOut(job, "only", "others were asked for")
    if job.name in lost:
        return LeftOut(job, "lost", f"it needs {lost[job.name]}, which is left out")
    return LeftOut(job, "skip", "by hand")


def _all_jobs(config: Config, proposals: Sequence[Job], notes: list[str]) -> dict[str, JobTable]:
    """What is detected, unless that is switched off, with what is written down laid over it and added to it.

    What is detected for an agent that is switched off is left out.
    """
    jobs: dict[str, JobTable] = {}
    off = [name for name, agent in config.agents.items() if not agent.enabled]
    for job in proposals if config.detect else ():
        if job.name in jobs:
            raise ConfigError(f"two jobs are proposed under the name '{job.name}'")
        agent = job.action.partition(".")[0]
        if agent in off and job.name not in config.jobs:
            notes.append(f"{job.name} is left out: agent '{agent}' is switched off in {config.file.name}")
            continue
        jobs[job.name] = proposed(job)
    for name, table in config.jobs.items():
        jobs[name] = laid_over(jobs[name], table) if name in jobs else table
    return jobs


def _with_options(job: JobTable, given: Mapping[str, Any], catalogue: Catalogue, notes: list[str]) -> JobTable:
    """The job with other options, typed by the schema of its action."""
    able = catalogue.providing(job.wants) if job.wants else filter(None, [catalogue.action(action_name(job))])
    info = next(iter(able), None) if not job.command else None
    if info is None:
        why = "is a command, which takes no options" if job.command else "names an action that nobody offers"
        raise ConfigError(f"job '{job.name}' {why}")
    typed = typed_options(info.schema, given, f"job '{job.name}'")
    notes += [f"{job.name}: {key} is {value!r} this time" for key, value in typed.items()]
    return replace(job, options={**(job.options or {}), **typed})


def _links(name: str, jobs: Mapping[str, JobTable], config: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that the job needs, and those after which it comes. A missing one is refused where it is written
    down, and left out of a proposal."""
    written = config.jobs.get(name)
    found = []
    for key in ("needs", "after"):
        names: tuple[str, ...] = getattr(jobs[name], key) or ()
        if written is not None and getattr(written, key) is not None:
            for place, parent in enumerate(names):
                if parent not in jobs:
                    raise config.source.fault(
                        f"job '{name}' names '{parent}' in {key}, but there is no such job.{near(parent, jobs)}",
                        *("jobs", name, key, place),
                    )
        found.append(tuple(dict.fromkeys(parent for parent in names if parent in jobs)))
    return found[0], found[1]


def _ordered(jobs: Mapping[str, JobTable], links: Links, config: Config) -> list[str]:
    """The names, each after all that it waits for; a cycle is refused with its path."""
    names = list(jobs)
    places = {name: place for place, name in enumerate(names)}
    try:
        return [names[i] for i in order([[places[p] for p in (*links[name][0], *links[name][1])] for name in names])]
    except CycleFound as error:
        path = [names[place] for place in error.path]
        message = f"jobs wait for each other: {' → '.join(path)}; take one of them out of needs or after"
        for name, parent in pairwise(path):
            table = config.jobs.get(name)
            for key in ("needs", "after") if table else ():
                listed = getattr(table, key) or ()
                if parent in listed:
                    raise config.source.fault(message, "jobs", name, key, listed.index(parent)) from error
        raise ConfigError(message) from error


def _pipeline(config: Config, name: str) -> PipelineTable:
    if name == DEFAULT and DEFAULT not in config.pipelines:
        name = config.pipeline
    table = config.pipelines.get(name)
    if table is not None:
        return table
    if name == DEFAULT:
        return PipelineTable(DEFAULT)
    known = [DEFAULT, *config.pipelines]
    raise ConfigError(f"there is no pipeline '{name}'.{near(name, known)} Known: {', '.join(known)}")


def _matching(word: str, jobs: Iterable[str], unfit: Unfit) -> list[str]:
    """The jobs of that name, else those that fit the pattern; raises what `unfit` makes when there is none."""
    names = list(jobs)
    found = [word] if word in names else [name for name in names if fnmatch.fnmatchcase(name, word)]
    if not found and word != "*":
        raise unfit(word)
    return found


def _picked(words: Sequence[str], jobs: Iterable[str], links: Links, unfit: Unfit) -> set[str]:
    """The jobs that fit a word, and all that they need."""
    names = list(jobs)
    waiting = [name for word in words for name in _matching(word, names, unfit)]
    picked: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in picked:
            picked.add(name)
            waiting += links[name][0]
    return picked


def _lost(ordered: Sequence[str], gone: set[str], links: Links) -> dict[str, str]:
    """The names that need, directly or not, one that is gone, each with the next one on the way there."""
    lost: dict[str, str] = {}
    for name in ordered:
        parent = next((parent for parent in links[name][0] if parent in gone or parent in lost), None)
        if parent is not None and name not in gone:
            lost[name] = parent
    return lost


def _unfit(config: Config, pipeline: str, word: str, jobs: Iterable[str]) -> ConfigError:
    words = config.pipelines[pipeline].jobs if pipeline in config.pipelines else ()
    place = words.index(word) if word in words else 0
    return config.source.fault(
        f"pipeline '{pipeline}' names '{word}', but no job fits.{near(word, jobs)}",
        "pipelines",
        pipeline,
        "jobs",
        place,
    )


def _not_there(word: str, pipeline: str, jobs: Iterable[str]) -> ConfigError:
    return ConfigError(f"no job of pipeline '{pipeline}' fits '{word}'.{near(word, jobs)}")


def remarks(spec: TaskSpec, config: Config, catalogue: Catalogue, memory_mb: float) -> list[str]:
    """What a person should know of the task before it runs."""
    notes = []
    agent = config.agents.get(spec.agent)
    if agent is not None and not agent.enabled and spec.action:
        notes.append(f"{spec.name}: nobody can do this now: agent '{agent.name}' is switched off in {config.file.name}")
    elif spec.wants and not spec.candidates:
        known = sorted({word for action in catalogue.actions for word in action.provides})
        notes.append(f"{spec.name}: nobody can do this now: needs '{spec.wants}'.{near(spec.wants, known)}")
    elif spec.action and not spec.plugin:
        known = [action.name for action in catalogue.actions]
        notes.append(f"{spec.name}: nobody can do this now: needs {spec.action}.{near(spec.action, known)}")
    if memory_mb and spec.needs.memory_mb > memory_mb:
        notes.append(f"{spec.name} needs {spec.needs.memory_mb:,.0f} MiB, but the machine has {memory_mb:,.0f} in all")
    return notes
