"""A pipeline of one task: an action that somebody asks for now, whatever jobs there are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from callboard.agents.crew import ActionInfo, Catalogue
from callboard.config.fields import near
from callboard.config.jobs import spec_of
from callboard.config.model import Config, JobTable
from callboard.config.pipeline import BuiltPipeline, remarks
from callboard.config.tables import wrong_folder
from callboard.config.typed import typed_options
from callboard.errors import ConfigError
from callboard.work.options import check_options


def single(
    config: Config,
    catalogue: Catalogue,
    *,
    action: str = "",
    wants: str = "",
    options: Mapping[str, Any] | None = None,
    folder: str = "",
    cpus: float = 0.0,
    memory_mb: float = 0.0,
) -> BuiltPipeline:
    """One task for the action of that full name, or for whoever offers what is wanted.

    Texts among the options are read by the action's schema. What `callboard.toml` says of jobs does not count; settings of
    agents and the boundary do. Raises `ConfigError` for an action, a capability, an option or a folder that is not there.
    """
    if bool(action) == bool(wants):
        raise ConfigError("name either an action, such as 'quality.lint', or what is wanted, such as 'python-tests'")
    bare = replace(config, jobs={})
    if folder and wrong_folder(folder):
        raise ConfigError(f"the folder '{folder}' cannot be: {wrong_folder(folder)}")
    if folder and not (config.file.parent / folder).is_dir():
        raise ConfigError(f"the workspace has no folder '{folder}'")
    able = _named(catalogue, action) if action else _offering(catalogue, wants)
    given = {**(options or {}), **({"folder": folder} if folder else {})}
    faults: list[ConfigError] = []
    fits: dict[str, dict[str, Any]] = {}
    for info in able:
        try:
            fits[info.name] = typed_options(info.schema, given, info.name)
            check_options(info.schema, fits[info.name], info.name)
        except ConfigError as error:
            fits.pop(info.name, None)
            faults.append(error)
    if not fits:
        raise faults[0]
    name = action or wants
    job = JobTable(
        name=f"{name}:{folder}" if folder else name,
        action=action or None,
        wants=wants or None,
        options=next(iter(fits.values())) or None,
        because=f"somebody asked for '{wants}'" if wants else "somebody asked for it",
    )
    spec = spec_of(job, bare, catalogue, cpus, memory_mb)
    notes = tuple(remarks(spec, config, catalogue, memory_mb))
    return BuiltPipeline(f"do {name}", (spec,), notes, jobs=(job,))


def _named(catalogue: Catalogue, name: str) -> tuple[ActionInfo, ...]:
    found = catalogue.action(name)
    if found is None:
        known = [action.name for action in catalogue.actions]
        raise ConfigError(f"nobody offers an action '{name[:100]}'.{near(name, known)} See `callboard actions`")
    return (found,)


def _offering(catalogue: Catalogue, wants: str) -> tuple[ActionInfo, ...]:
    found = catalogue.providing(wants)
    if not found:
        known = sorted({word for action in catalogue.actions for word in action.provides})
        raise ConfigError(
            f"nobody offers '{wants[:100]}'.{near(wants, known)} What is offered: {', '.join(known) or 'nothing'}"
        )
    return found
