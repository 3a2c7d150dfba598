"""Makes tasks of the jobs that an attempt wants to add to its run, by what agents offer and what the team wrote down."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.agents.catalogue import scan
from callboard.agents.crew import Catalogue
from callboard.config import Config
from callboard.config.jobs import laid_over, proposed, spec_of
from callboard.config.model import JobTable
from callboard.config.reading import config_of_table
from callboard.core.joining import Joining
from callboard.core.resources import Capacity
from callboard.core.yielding import weighed
from callboard.errors import CallboardError, ConfigError
from callboard.work.jobs import Job


class CatalogueResolver:
    """Looks at the catalogue in a thread of its own; `capacity` says what the machine has, `paths` are searched for plugins too."""

    def __init__(self, data: Path, capacity: Callable[[], Capacity], *, paths: Sequence[Path] = ()) -> None:
        self._data = data
        self._paths = paths
        self._capacity = capacity
        self._working: set[asyncio.Task[None]] = set()

    def resolve(
        self,
        workspace: str,
        config: Mapping[str, Any],
        jobs: Sequence[Mapping[str, Any]],
        done: Callable[[Sequence[Joining] | str], None],
    ) -> None:
        """See the port."""
        work = asyncio.get_running_loop().create_task(self._resolve(workspace, config, jobs, done))
        self._working.add(work)
        work.add_done_callback(self._working.discard)

    async def _resolve(
        self,
        workspace: str,
        config: Mapping[str, Any],
        jobs: Sequence[Mapping[str, Any]],
        done: Callable[[Sequence[Joining] | str], None],
    ) -> None:
        capacity = self._capacity()
        answer: Sequence[Joining] | str
        try:
            answer = await asyncio.to_thread(self._made, Path(workspace), config, jobs, capacity)
        except CallboardError as error:
            answer = str(error)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        done(answer)

    def _made(
        self, workspace: Path, table: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], capacity: Capacity
    ) -> list[Joining]:
        return joinings(
            jobs,
            config_of_table(table, workspace),
            scan(self._data, paths=self._paths),
            cpus=capacity.total_cpus,
            memory_mb=capacity.total_memory_mb,
        )


def joinings(
    jobs: Sequence[Mapping[str, Any]],
    config: Config,
    catalogue: Catalogue,
    *,
    cpus: float = 0.0,
    memory_mb: float = 0.0,
) -> list[Joining]:
    """The tasks of the jobs, with what `[jobs.NAME]` says laid over them; those that are switched off there are left out.

    Raises `ConfigError` for an action that nobody offers and for options that it does not take.
    """
    tables = [_laid_over(Job(**job), config) for job in jobs]
    off = {table.name for table in tables if not table.enabled}
    gone = set(off)
    while more := {t.name for t in tables if t.name not in gone and any(name in gone for name in t.needs or ())}:
        gone |= more
    made = []
    for table in tables:
        if table.name in gone:
            continue
        spec = spec_of(table, config, catalogue, cpus, memory_mb)
        if spec.action and not spec.plugin:
            raise ConfigError(f"job '{table.name}' names the action '{spec.action}', which nobody offers")
        (spec,) = weighed([spec], config.coordination)
        made.append(Joining(spec, tuple(table.needs or ()), tuple(table.after or ())))
    return made


def _laid_over(job: Job, config: Config) -> JobTable:
    written = config.jobs.get(job.name)
    return proposed(job) if written is None else laid_over(proposed(job), written)
