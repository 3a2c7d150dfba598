"""Which checks of configuration fit a workspace."""

from collections.abc import Iterator

from callboard.api import Job, Workspace
from callboard_config.config_files import PATTERNS
from callboard_config.defines import COMPOSE
from callboard_config.dotenv import is_example
from callboard_config.envfiles import env_paths
from callboard_config.environments import DEFAULT, environment_of, service_of
from callboard_config.places import is_test
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
    staged = comparable(workspace, env)
    if staged:
        because = f"{', '.join(staged[:3])}{' …' if len(staged) > 3 else ''} for several environments"
        yield Job("config.drift", "config.drift", because, estimate=2)
    real = [path for path in env if not is_example(path.rsplit("/", 1)[-1])]
    looked_after = len(workspace.matching(*PATTERNS)) + len(env)
    if looked_after:
        because = f"{_number(looked_after, 'configuration file')} whose versions can be told apart"
        yield Job("config.snapshot", "config.snapshot", because, stage="verify", estimate=1 + looked_after / 100)
    if real:
        because = f"{', '.join(real[:3])}{' …' if len(real) > 3 else ''} may hold secrets that grow old"
        yield Job("config.rotation", "config.rotation", because, after=("config.snapshot",), stage="verify", estimate=2)
    if code or files:
        because = f"{_number(code, 'code file')} and {_number(files, 'configuration file')}"
        yield Job("config.hardcoded", "config.hardcoded", because, estimate=1 + (code + files) / 300)
    planned = len(
        {path.split("/")[2] for path in workspace.matching("openspec/changes/*/**") if path.count("/") > 2}
        - {"archive"}
    )
    if planned:
        because = f"{_number(planned, 'change')} in openspec/changes"
        yield Job("config.openspec", "config.openspec", because, estimate=3 + 2 * planned)
    parsed = sum(len(paths) for paths in candidates(workspace))
    if parsed:
        because = f"{_number(parsed, 'JSON, TOML or YAML file')} to parse"
        yield Job("config.schema", "config.schema", because, estimate=1 + parsed / 100)


def comparable(workspace: Workspace, env: list[str]) -> list[str]:
    """Env files of one folder or of folders for environments, and compose files, that say the same thing for several."""
    compose = [path for path in workspace.matching(*COMPOSE) if environment_of(path.rsplit("/", 1)[-1]) != DEFAULT]
    groups: dict[tuple[str, str], list[str]] = {}
    for path in [path for path in env if not path.endswith((".local", ".flaskenv")) and not is_test(path)]:
        groups.setdefault(service_of(path), []).append(path)
    found = [path for paths in groups.values() if len({environment_of(p) for p in paths}) > 1 for path in paths]
    return found + (compose if len(compose) > 1 else [])


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
