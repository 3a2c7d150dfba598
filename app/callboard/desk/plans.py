"""What can be planned and submitted: a pipeline, or one action."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callboard.core.commands import Submit
from callboard.core.task import Priority
from callboard.desk.outlines import Outlines
from callboard.desk.previews import as_planned, previewed
from callboard.desk.sections import Sections
from callboard.errors import ConfigError
from callboard.learn.commits import git_facts
from callboard.planning import Prepared, looked_at, plan_row, prepare, prepare_one
from callboard.rows import Row

JobOptions = Mapping[str, Mapping[str, Any]]


class Plans(Outlines, Sections):
    """From a wish for work to a run."""

    def prepare(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        workspace: Path | None = None,
        *,
        affected: bool = False,
        options: JobOptions | None = None,
        keep: bool = True,
    ) -> Prepared:
        """The pipeline of the workspace as it is now.

        With `affected`, tasks for which an earlier pass stands are marked so. `options` are other options by job, for this
        once. With `keep` the inputs of its tasks are looked at and written down, as for a run.
        """
        place = self._place(workspace)
        capacity = self._engine.capacity
        prepared = prepare(
            place,
            self.data,
            pipeline=pipeline,
            only=only,
            skip=skip,
            options=options,
            cpus=capacity.total_cpus,
            memory_mb=capacity.total_memory_mb,
            known=self.learned(place),
        )
        if not (affected or keep):
            return prepared
        return looked_at(prepared, self.data, self._history, only_affected=affected, keep=keep)

    def plan(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        workspace: str | None = None,
        affected: bool = False,
        options: JobOptions | None = None,
    ) -> Row:
        """What a run would do, in which order, with which needs, when each job would start and end, whom it may ask, what is
        taken back if it fails, what cannot run here, and what is left out."""
        place = Path(workspace) if workspace else None
        prepared = self.prepare(pipeline, only, skip, place, affected=affected, options=options, keep=False)
        limits = self._engine.inspect(
            lambda state: {name: agent.limit for name, agent in state.agents.items() if agent.limit}
        )
        row = plan_row(prepared, self._engine.capacity, limits, self.learned(prepared.workspace))
        heavy = sum(job["heavy"] for job in row["jobs"])
        reasons = self._engine.inspect(lambda state: [active.words for active in state.yields.active.values()])
        if heavy and reasons:
            words = f"{heavy} of these jobs are heavy and would wait now ({reasons[0]}); the times are without that"
            row["notes"] = [*row["notes"], words]
        return previewed(row, prepared, self.able())

    def submit(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        priority: str = "",
        by: str = "",
        key: str | None = None,
        workspace: str | None = None,
        prepared: Prepared | None = None,
        affected: bool = False,
        options: JobOptions | None = None,
        planned: Mapping[str, str] | None = None,
    ) -> int:
        """Starts a run of the workspace's pipeline; returns its number once it is durable.

        `workspace` is another one than the desk's own; both must be trusted. The same `key` again gives the same run.
        `affected` and `options` are those of `prepare`. `planned` are the marks of the plan that was looked at: the run says
        whether it is the same.
        """
        place = Path(workspace) if workspace else self.workspace

        def whole() -> Prepared:
            return prepared or self.prepare(pipeline, only, skip, place, affected=affected, options=options)

        return self._started(place, whole, by, key, priority, planned)

    def do(
        self,
        action: str = "",
        options: Mapping[str, Any] | None = None,
        folder: str = "",
        by: str = "",
        key: str | None = None,
        wants: str = "",
        workspace: str | None = None,
        priority: str = "",
    ) -> int:
        """Starts a run of one action, or of whatever offers what is wanted; returns its number once it is durable.

        Texts among the options are read by the action's schema. Trust and `key` are as for `submit`.
        """
        place = self._place(Path(workspace) if workspace else None)
        return self._started(place, lambda: self.prepare_one(action, options, folder, wants, place), by, key, priority)

    def _started(
        self,
        place: Path,
        prepare: Callable[[], Prepared],
        by: str,
        key: str | None,
        priority: str,
        planned: Mapping[str, str] | None = None,
    ) -> int:
        """Submits what is prepared, once the workspace is trusted, or gives the run that the same key made."""
        self._trust.require(place)
        known = self._history.run_by_key(key) if key else 0
        if known:
            return known
        ready = prepare()
        self.name_agents()
        wanted = Priority[priority.upper()] if priority else None
        trigger = f"by hand, {as_planned(planned, ready.built.specs)}" if planned else "by hand"
        return self._do(self.submission(ready, by=by, trigger=trigger, priority=wanted, key=key or ""))

    def prepare_one(
        self,
        action: str = "",
        options: Mapping[str, Any] | None = None,
        folder: str = "",
        wants: str = "",
        workspace: Path | None = None,
    ) -> Prepared:
        """A pipeline of one task."""
        place = self._place(workspace)
        capacity = self._engine.capacity
        prepared = prepare_one(
            place,
            self.data,
            action=action,
            wants=wants,
            options=options,
            folder=folder,
            cpus=capacity.total_cpus,
            memory_mb=capacity.total_memory_mb,
            known=self.learned(place),
        )
        return looked_at(prepared, self.data, self._history, only_affected=False, keep=True)

    def submission(
        self, prepared: Prepared, *, by: str, trigger: str = "by hand", priority: Priority | None = None, key: str = ""
    ) -> Submit:
        """The command that submits it, with what git says of the workspace now; only for a trusted one."""
        known = replace(prepared, git=git_facts(prepared.workspace))
        return known.command(by=by, trigger=trigger, priority=priority, key=key)

    def require_trust(self) -> None:
        """Raises `Refused` for a workspace that nobody trusted."""
        self._trust.require(self.workspace)

    def _place(self, workspace: Path | None) -> Path:
        place = workspace or self.workspace
        if not place.is_dir():
            raise ConfigError(f"the workspace {place} is not a folder")
        return place
