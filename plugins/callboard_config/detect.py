"""Which checks of configuration fit a workspace."""

from collections.abc import Iterator

from callboard.api import Job, Workspace
from callboard_config.envfiles import env_paths
from callboard_config.schema import candidates

CODE = ("*.py", "*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.vue", "*.svelte")
CONFIGURATION = ("*.json", "*.toml", "*.yml", "*.yaml")


def propose(workspace: Workspace) -> list[Job]:
    """The jobs, each with what was seen; none for an empty workspace."""
    return list(_jobs(workspace))


def _jobs(workspace: Workspace) -> Iterator[Job]:
    code, files = len(workspace.matching(*CODE)), len(workspace.matching(*CONFIGURATION))
    env = env_paths(workspace)
    if code or env:
        because = f"{_number(code, 'code file')} that may read settings" if code else ""
        if env:
            because = f"{because}{' and ' if because else ''}{', '.join(env[:3])}{' …' if len(env) > 3 else ''}"
        yield Job("config.inventory", "config.inventory", because, estimate=1 + code / 400)
    if code or files:
        because = f"{_number(code, 'code file')} and {_number(files, 'configuration file')}"
        yield Job("config.hardcoded", "config.hardcoded", because, estimate=1 + (code + files) / 300)
    parsed = sum(len(paths) for paths in candidates(workspace))
    if parsed:
        because = f"{_number(parsed, 'JSON, TOML or YAML file')} to parse"
        yield Job("config.schema", "config.schema", because, estimate=1 + parsed / 100)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
