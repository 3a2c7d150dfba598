"""One job: what is written down laid over what an agent proposes, made into a task."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from callboard.agents.crew import ActionInfo, Catalogue
from callboard.config.fields import near
from callboard.config.model import Config, JobTable
from callboard.core.resources import Needs
from callboard.core.task import NO_OPTIONS, Candidate, Limits, Retry, TaskSpec
from callboard.errors import ConfigError
from callboard.work.jobs import Job
from callboard.work.options import check_options

LEAST_MEMORY_LIMIT_MB = 2_048.0
MEMORY_SHARE = 0.8
T = TypeVar("T")


def proposed(job: Job) -> JobTable:
    """A proposal in the form of a table."""
    options = {key: value for key, value in job.options.items() if value is not None}
    own = job.needs
    return JobTable(
        name=job.name,
        action=job.action,
        options=options or None,
        needs=tuple(job.needs_jobs),
        after=tuple(job.after),
        cpus=own.cpus if own else None,
        memory_mb=own.memory_mb if own else None,
        locks=own.locks if own else None,
        resources=own.extra if own else None,
        estimate_s=job.estimate if job.estimate > 0 else None,
        stage=job.stage,
        because=job.because,
    )


def laid_over(lower: JobTable, upper: JobTable) -> JobTable:
    """The lower table with all that the upper one says; options are laid over each other too, unless the work differs."""
    said = {field.name: getattr(upper, field.name) for field in fields(upper)}
    merged = replace(lower, **{key: value for key, value in said.items() if value is not None})
    if upper.command is not None:
        return replace(merged, action=None, wants=None, options=None)
    if upper.wants is not None:
        return replace(merged, action=None, options=upper.options)
    if upper.action is not None:
        merged = replace(merged, wants=None)
    if upper.options is not None and upper.action in (None, lower.action):
        return replace(merged, options={**(lower.options or {}), **upper.options})
    if upper.action not in (None, lower.action):
        return replace(merged, options=upper.options)
    return merged


def spec_of(job: JobTable, config: Config, catalogue: Catalogue, cpus: float, memory_mb: float) -> TaskSpec:
    """The task of the job, without its dependencies, on a machine with so much (0: unknown).

    The job's own values go before the action's. The memory limit of an action that names none is four times its
    needs, at least LEAST_MEMORY_LIMIT_MB, at most MEMORY_SHARE of the machine; a command that names neither gets
    that share alone. Raises `ConfigError` for an action or an option that does not exist.
    """
    able = _able(job, config, catalogue)
    name = able[0].name if job.wants and able else "" if job.wants else action_name(job)
    info = catalogue.action(name) if not job.command else None
    if not job.wants:
        _check(job, name, info, config, catalogue)
    needs = _needs(job, info)
    idempotent = _first(job.idempotent, info.effects.idempotent if info else not job.command)
    attempts = _first(job.attempts, info.attempts if info else 1)
    if job.attempts is not None and attempts > 1 and not idempotent:
        raise config.source.fault(
            f"job '{job.name}' asks for {attempts} attempts, but may not be run twice; "
            "write idempotent = true if that does no harm",
            *("jobs", job.name, "attempts"),
        )
    plain = Limits()
    return TaskSpec(
        name=job.name,
        agent=(job.agent or "") if job.command else name.partition(".")[0],
        action="" if job.command else name,
        plugin=info.entry if info else "",
        argv=job.command or (),
        folder=job.folder or "",
        reads=job.reads or () if job.command else (),
        options=dict(job.options) if job.options else NO_OPTIONS,
        needs=replace(needs, cpus=min(needs.cpus, cpus)) if cpus else needs,
        limits=Limits(
            time_s=_first(job.time_limit_s, info.time_limit if info else plain.time_s),
            memory_mb=_memory_limit(job, info, needs, memory_mb),
            output_mb=_first(job.output_limit_mb, plain.output_mb),
            processes=_first(job.process_limit, plain.processes),
        ),
        retry=Retry(attempts=attempts, first_s=_first(job.backoff_s, Retry().first_s)),
        idempotent=idempotent,
        strict=job.strict or False,
        estimate=_first(job.estimate_s, TaskSpec(name="").estimate),
        stage=job.stage or "",
        because=job.because or f"written down in {config.file.name}",
        undo=info.undo if info else "",
        wants=job.wants or "",
        candidates=tuple(
            Candidate(other.entry, other.agent, other.name, _shared(other, job.wants, info)) for other in able
        ),
    )


def _able(job: JobTable, config: Config, catalogue: Catalogue) -> tuple[ActionInfo, ...]:
    """Who could do the job: those that offer the capability that it wants or that its action offers, and take its options.

    An agent that is switched off comes last. Empty where only the one that is named can. Raises `ConfigError` when
    somebody offers what is wanted, but nobody with these options.
    """
    if job.command:
        return ()
    own = None if job.wants else catalogue.action(action_name(job))
    words = (job.wants,) if job.wants else own.provides if own else ()
    offered = [*([own] if own else []), *(other for word in words for other in catalogue.providing(word))]
    found = list({other.name: other for other in offered}.values())
    fits = [other for other in found if other is own or _takes(other, job.options or {})]
    if job.wants and found and not fits:
        _check_options(job, found[0], config)
    off = {name for name, agent in config.agents.items() if not agent.enabled}
    fits.sort(key=lambda other: (other is not own, other.agent in off))
    one_each: dict[str, ActionInfo] = {}
    for other in fits:
        one_each.setdefault(other.agent, other)
    return tuple(one_each.values()) if job.wants or len(one_each) > 1 else ()


def _takes(action: ActionInfo, options: Mapping[str, Any]) -> bool:
    try:
        check_options(action.schema, options, action.name)
    except ConfigError:
        return False
    return True


def _shared(other: ActionInfo, wanted: str | None, own: ActionInfo | None) -> str:
    """The capability for which the other one comes into question."""
    return wanted or next((word for word in (own.provides if own else ()) if word in other.provides), "")


def action_name(job: JobTable) -> str:
    """The full name of the action: as it says, else the job's name before ':'; of no use for one that `wants` something."""
    return job.action or job.name.partition(":")[0]


def _check(job: JobTable, name: str, info: ActionInfo | None, config: Config, catalogue: Catalogue) -> None:
    """Refuses an action that its agent does not have, and options that the action does not take."""
    if job.command:
        return
    place = ("jobs", job.name, "action")
    if job.agent is not None:
        raise config.source.fault(
            f"job '{job.name}' is done by the agent of its action; remove 'agent', it is for commands",
            *("jobs", job.name, "agent"),
        )
    if info is not None:
        _check_options(job, info, config)
        return
    if "." not in name:
        raise config.source.fault(f"job '{job.name}' has neither an action nor a command; write one", *place)
    agent = catalogue.agent(name.partition(".")[0])
    if agent is not None:
        known = [action.name for action in agent.actions]
        raise config.source.fault(
            f"job '{job.name}': there is no action '{name}'.{near(name, known)} "
            f"Agent '{agent.name}' has {', '.join(known) or 'none'}",
            *place,
        )


def _check_options(job: JobTable, info: ActionInfo, config: Config) -> None:
    properties: Mapping[str, Any] = info.schema.get("properties", {})
    place = ("jobs", job.name, "options")
    where = f"job '{job.name}'" if job.name == info.name else f"job '{job.name}' ({info.name})"
    for key, value in (job.options or {}).items():
        if key not in properties:
            known = ", ".join(properties) or "none"
            raise config.source.fault(
                f"{where} has no option '{key}'.{near(key, properties)} Its options: {known}", *place, key
            )
        try:
            check_options({"properties": {key: properties[key]}}, {key: value}, where)
        except ConfigError as error:
            raise config.source.fault(str(error), *place, key) from error
    try:
        check_options(info.schema, job.options or {}, where)
    except ConfigError as error:
        raise config.source.fault(str(error), *place) from error


def _needs(job: JobTable, info: ActionInfo | None) -> Needs:
    base = info.needs if info else Needs()
    return Needs(
        cpus=_first(job.cpus, base.cpus),
        memory_mb=_first(job.memory_mb, base.memory_mb),
        locks=_first(job.locks, base.locks),
        extra=_first(job.resources, base.extra),
    )


def _memory_limit(job: JobTable, info: ActionInfo | None, needs: Needs, memory_mb: float) -> float:
    if job.memory_limit_mb is not None:
        return job.memory_limit_mb
    if info is not None and info.memory_limit_mb > 0 and job.memory_mb is None:
        return info.memory_limit_mb
    share = memory_mb * MEMORY_SHARE
    if info is None and job.memory_mb is None:
        return share
    worked_out = max(4 * needs.memory_mb, LEAST_MEMORY_LIMIT_MB)
    return min(worked_out, max(share, needs.memory_mb)) if share else worked_out


def _first(own: T | None, otherwise: T) -> T:
    return otherwise if own is None else own
