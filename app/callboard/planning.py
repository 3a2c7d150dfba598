"""From a workspace to a pipeline that can be shown, and submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from callboard.agents.catalogue import scan
from callboard.agents.crew import Catalogue
from callboard.agents.detection import Proposals, detect
from callboard.config import BuiltPipeline, Config, build, read_config, single
from callboard.core.commands import Submit
from callboard.core.graph import critical_path
from callboard.core.plan import NeverStarts, Span, foresee
from callboard.core.resources import Capacity
from callboard.core.task import Priority, TaskSpec
from callboard.core.yielding import Rule, weighed
from callboard.learn.contents import Contents
from callboard.learn.digests import Digests, Inputs
from callboard.learn.durations import ENOUGH, Learned, with_estimates
from callboard.learn.needs import with_needs
from callboard.learn.unchanged import affected, with_digests
from callboard.record.history import History
from callboard.rows import Row, needs_row
from callboard.work.finding import clean

UNSURE = 1.5
MOST_CHANGES = 100


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pipeline of a workspace with all that a surface says about it.

    `inputs` are what the verdicts of its pure tasks depend on, and `changes` the inputs that changed since, both by place,
    once they were looked at; `git` says where the workspace stands, once git was asked.
    """

    workspace: Path
    config: Config
    catalogue: Catalogue
    proposals: Proposals
    built: BuiltPipeline
    inputs: Mapping[int, Inputs] = field(default_factory=dict)
    changes: Mapping[int, Sequence[str]] = field(default_factory=dict)
    git: Mapping[str, Any] = field(default_factory=dict)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What went wrong while looking, one sentence each."""
        return tuple(f"plugin '{trouble.plugin}': {trouble.error}" for trouble in self.proposals.troubles)

    def command(self, *, by: str, trigger: str, priority: Priority | None, key: str = "") -> Submit:
        """The submission of this pipeline."""
        return Submit(
            name=self.built.name,
            workspace=str(self.workspace),
            specs=self.built.specs,
            by=by,
            trigger=trigger,
            priority=self.built.priority if priority is None else priority,
            config=dict(self.config.table),
            key=key,
            git=dict(self.git),
        )


def prepare(
    workspace: Path,
    data: Path,
    *,
    pipeline: str = "",
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    cpus: float = 0.0,
    memory_mb: float = 0.0,
    known: Mapping[str, Learned] | None = None,
    rescan: bool = False,
) -> Prepared:
    """Reads the configuration, asks the agents what they propose, and builds the pipeline; runs nothing of the workspace.

    `options` are other options for this once, by job. `known` is what earlier runs taught: it becomes the estimates, and
    corrects the needs. Raises `ConfigError`.
    """
    workspace = workspace.resolve()
    config = read_config(workspace)
    catalogue = scan(data, rescan=rescan)
    off = frozenset(name for name, agent in config.agents.items() if not agent.enabled)
    able = catalogue.without(off)
    proposals = detect(workspace, catalogue, config.table) if config.detect else Proposals()
    built = build(
        config,
        proposals.jobs,
        catalogue,  # also the agents that are switched off: their tasks wait, and go on when somebody switches them on
        pipeline=pipeline or "default",
        only=only,
        skip=skip,
        options=options,
        cpus=cpus,
        memory_mb=memory_mb,
    )
    return Prepared(
        workspace, config, able, proposals, _taught(built, config.coordination, known or {}, cpus, memory_mb)
    )


def prepare_one(
    workspace: Path,
    data: Path,
    *,
    action: str = "",
    wants: str = "",
    options: Mapping[str, Any] | None = None,
    folder: str = "",
    cpus: float = 0.0,
    memory_mb: float = 0.0,
    known: Mapping[str, Learned] | None = None,
) -> Prepared:
    """A pipeline of one task: the action, or what is wanted. Raises `ConfigError`."""
    workspace = workspace.resolve()
    config = read_config(workspace)
    catalogue = scan(data)
    off = frozenset(name for name, agent in config.agents.items() if not agent.enabled)
    built = single(
        config,
        catalogue,
        action=action,
        wants=wants,
        options=options,
        folder=folder,
        cpus=cpus,
        memory_mb=memory_mb,
    )
    taught = _taught(built, config.coordination, known or {}, cpus, memory_mb)
    return Prepared(workspace, config, catalogue.without(off), Proposals(), taught)


def _taught(
    built: BuiltPipeline, rule: Rule, known: Mapping[str, Learned], cpus: float, memory_mb: float
) -> BuiltPipeline:
    fixed = {job.name for job in built.jobs if job.fixed}
    specs = with_needs(with_estimates(built.specs, known), known, fixed=fixed, cpus=cpus, memory_mb=memory_mb)
    return replace(built, specs=weighed(specs, rule))


def looked_at(prepared: Prepared, data: Path, history: History, *, only_affected: bool, keep: bool) -> Prepared:
    """The same with digests of what its pure tasks depend on; with `only_affected`, those for which an earlier pass stands
    are marked so. `keep` writes the digests down, for a run that is to be submitted."""
    contents = Contents(prepared.workspace, data)
    digests = Digests(contents, data, prepared.catalogue, prepared.config.table)
    specs, inputs = with_digests(prepared.built.specs, digests)
    changes: Mapping[int, Sequence[str]] = {}
    if only_affected:
        specs, changes = affected(specs, inputs, digests, history.database, str(prepared.workspace))
    if inputs:
        contents.keep()
        if keep:
            for found in inputs.values():
                digests.keep(found)
            digests.forget()
    return replace(prepared, built=replace(prepared.built, specs=specs), inputs=inputs, changes=changes)


def _slow(spec: TaskSpec, known: Mapping[str, Learned]) -> float:
    """Seconds that four of five tries do not pass."""
    if spec.stands_for is not None:
        return 0.0
    return max(known[spec.name].p80, spec.estimate) if spec.name in known else spec.estimate * UNSURE


def plan_row(prepared: Prepared, capacity: Capacity, limits: dict[str, int], known: Mapping[str, Learned]) -> Row:
    """The plan as a surface shows it: order, agents, needs, locks, and start and end of each job as a range.

    The ranges come from the planner itself, run ahead with the usual (P50) and with slow (P80) durations.
    """
    specs = prepared.built.specs
    trouble = list(prepared.troubles)
    usual = [spec.estimate for spec in specs]
    slow = [_slow(spec, known) for spec in specs]
    spans: list[tuple[Span, Span] | None] = [None] * len(specs)
    try:
        p50 = foresee(specs, capacity, durations=usual, limits=limits)
        p80 = foresee(specs, capacity, durations=slow, limits=limits)
        spans = list(zip(p50, p80, strict=True))
    except NeverStarts as error:
        trouble.append(str(error))
    parents = [(*spec.depends, *spec.after) for spec in specs]
    critical = set(critical_path(parents, usual))
    jobs = []
    for place, spec in enumerate(specs):
        span = spans[place]
        learned = known.get(spec.name)
        jobs.append(
            {
                "id": f"0.{place}",
                "name": spec.name,
                "agent": spec.agent or None,
                "action": spec.action or "command",
                "title": " ".join(spec.argv)[:200],
                "stage": spec.stage,
                "folder": spec.folder,
                "because": spec.because,
                "options": dict(spec.options),
                "depends": [f"0.{p}" for p in spec.depends],
                "after": [f"0.{p}" for p in spec.after],
                "needs": needs_row(spec.needs, spec.learned),
                "affected": spec.affected,
                "heavy": spec.heavy,
                "stands_for": "{}.{}#{}".format(*spec.stands_for) if spec.stands_for is not None else None,
                "time_limit": spec.limits.time_s,
                "attempts_allowed": spec.retry.attempts,
                "idempotent": spec.idempotent,
                "estimate": round(spec.estimate, 3),
                "estimate_from": f"median of {learned.n} earlier" if learned else "the agent's own estimate",
                "critical": place in critical,
                "start": {"p50": round(span[0].start, 3), "p80": round(span[1].start, 3)} if span else None,
                "end": {"p50": round(span[0].end, 3), "p80": round(span[1].end, 3)} if span else None,
                "changes": [clean(path, 500) for path in prepared.changes.get(place, ())][:MOST_CHANGES],
            }
        )
    standing = sum(spec.stands_for is not None for spec in specs)
    measured = sum(1 for spec in specs if spec.name in known and known[spec.name].n >= ENOUGH)
    if not specs:
        note = "no job"
    elif measured == len(specs):
        note = "durations learned from earlier runs"
    else:
        note = f"too little data for {len(specs) - measured} of {len(specs)} jobs: their times are the agents' own estimates"
    whole = [span for span in spans if span is not None]
    span_row = {
        "p50": round(max((a.end for a, _ in whole), default=0.0), 3),
        "p80": round(max((b.end for _, b in whole), default=0.0), 3),
    }
    return {
        "pipeline": prepared.built.name,
        "workspace": str(prepared.workspace),
        "priority": prepared.built.priority.name.lower(),
        "jobs": jobs,
        "span": span_row if whole else None,
        "capacity": {"cpus": round(capacity.cpus, 2), "memory_mb": round(capacity.memory_mb)},
        "note": note,
        "unchanged": standing,
        "notes": list(prepared.built.notes),
        "trouble": trouble,
        "pipelines": ["default", *(name for name in prepared.config.pipelines if name != "default")],
        "files": prepared.proposals.files,
    }
