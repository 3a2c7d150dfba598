"""From a workspace to a pipeline that can be shown, and submitted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from callboard.agents.catalogue import scan
from callboard.agents.crew import Catalogue
from callboard.agents.detection import Proposals, detect
from callboard.config import BuiltPipeline, Config, build, read_config
from callboard.core.commands import Submit
from callboard.core.graph import critical_path
from callboard.core.plan import NeverStarts, Span, foresee
from callboard.core.resources import Capacity
from callboard.core.task import Priority
from callboard.learn.durations import ENOUGH, Learned, with_estimates
from callboard.rows import Row, needs_row

UNSURE = 1.5


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pipeline of a workspace with all that a surface says about it."""

    workspace: Path
    config: Config
    catalogue: Catalogue
    proposals: Proposals
    built: BuiltPipeline

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
        )


def prepare(
    workspace: Path,
    data: Path,
    *,
    pipeline: str = "",
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    cpus: float = 0.0,
    memory_mb: float = 0.0,
    known: dict[str, Learned] | None = None,
    rescan: bool = False,
) -> Prepared:
    """Reads the configuration, asks the agents what they propose, and builds the pipeline; runs nothing of the workspace.

    `known` are learned durations, which become the estimates. Raises `ConfigError`.
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
        cpus=cpus,
        memory_mb=memory_mb,
    )
    if known:
        built = replace(built, specs=with_estimates(built.specs, known))
    return Prepared(workspace, config, able, proposals, built)


def plan_row(prepared: Prepared, capacity: Capacity, limits: dict[str, int], known: dict[str, Learned]) -> Row:
    """The plan as a surface shows it: order, agents, needs, locks, and start and end of each job as a range.

    The ranges come from the planner itself, run ahead with the usual (P50) and with slow (P80) durations.
    """
    specs = prepared.built.specs
    trouble = list(prepared.troubles)
    usual = [spec.estimate for spec in specs]
    slow = [max(known[s.name].p80, s.estimate) if s.name in known else s.estimate * UNSURE for s in specs]
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
                "needs": needs_row(spec.needs),
                "time_limit": spec.limits.time_s,
                "attempts_allowed": spec.retry.attempts,
                "idempotent": spec.idempotent,
                "estimate": round(spec.estimate, 3),
                "estimate_from": f"median of {learned.n} earlier" if learned else "the agent's own estimate",
                "critical": place in critical,
                "start": {"p50": round(span[0].start, 3), "p80": round(span[1].start, 3)} if span else None,
                "end": {"p50": round(span[0].end, 3), "p80": round(span[1].end, 3)} if span else None,
                "changes": [],
            }
        )
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
        "notes": list(prepared.built.notes),
        "trouble": trouble,
        "pipelines": ["default", *(name for name in prepared.config.pipelines if name != "default")],
        "files": prepared.proposals.files,
    }
