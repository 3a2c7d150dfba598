"""Which environment a file of settings is for, and which files are the same thing for several environments."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from callboard.api import Context, Workspace
from callboard_config.defines import COMPOSE, service_variables
from callboard_config.envfiles import EnvFile
from callboard_config.places import folder_of, is_docs, is_test
from callboard_config.projects import Projects

WORDS = {
    "dev": "development", "develop": "development", "development": "development", "local": "local", "override": "development",
    "test": "test", "tests": "test", "testing": "test", "ci": "ci", "qa": "qa", "uat": "uat", "preview": "preview", "demo": "demo",
    "stage": "staging", "staging": "staging", "stg": "staging", "preprod": "staging", "sandbox": "sandbox",
    "prod": "production", "prd": "production", "production": "production", "live": "production",
}  # fmt: skip
EXAMPLE = "example"
DEFAULT = "default"
LAYERED = re.compile(
    r'"(?:vite|next|react-scripts|nuxt|astro|@sveltejs/kit|@angular/core|dotenv-flow|gatsby|@vue/cli-service|bun-types|@types/bun)"\s*:'
)


@dataclass(frozen=True, slots=True)
class Told:
    """A setting of one environment; `value` stays in memory and is never shown or kept."""

    value: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of one environment: its own, and those that it inherits from a file below all."""

    label: str
    path: str
    own: Mapping[str, Told]
    inherited: Mapping[str, Told]

    def all(self) -> dict[str, Told]:
        """What the program is told there."""
        return {**self.inherited, **self.own}


@dataclass(frozen=True, slots=True)
class Group:
    """The same thing for several environments, by label; `title` names it."""

    title: str
    environments: tuple[Environment, ...]


def environment_of(path: str) -> str:
    """'production', 'staging', …; 'example' for a template, 'default' when the path does not say."""
    folder, _, name = path.rpartition("/")
    parts = [part for part in re.split(r"[._-]", name.lower()) if part]
    if set(parts) & {"example", "sample", "template", "dist", "defaults", "skel"}:
        return EXAMPLE
    if name.endswith(".local") and len(parts) == 2:
        return "local"
    for part in [*parts[::-1], *folder.lower().split("/")[::-1]]:
        if part in WORDS and not (part == "local" and len(parts) > 2):
            return WORDS[part]
    return DEFAULT


def service_of(path: str) -> tuple[str, str]:
    """(folder, name) with everything that names an environment taken out."""
    folder, _, name = path.rpartition("/")
    parts = [p for p in re.split(r"[._-]", name.lower()) if p and p not in WORDS]
    rest = [p for p in parts if p not in ("env", "example", "sample", "template", "dist", "defaults", "skel", "dotenv")]
    steps = ["*" if step.lower() in WORDS else step for step in folder.split("/")]
    return "/".join(steps), "-".join(rest)


def groups(ctx: Context, files: list[EnvFile]) -> list[Group]:
    """Env files and compose files that can be compared; those with one environment alone are left out."""
    projects = Projects(ctx.workspace)
    by_key: dict[tuple[str, str, str], list[EnvFile]] = defaultdict(list)
    for file in files:
        if not is_test(file.path) and not is_docs(file.path) and not file.path.endswith(".flaskenv"):
            by_key[(projects.of(file.path), *service_of(file.path))].append(file)
    found = []
    for (project, folder, service), members in sorted(by_key.items()):
        group = _of_files(ctx.workspace, project, members)
        if len(group) > 1:
            title = f"{folder or '.'}/{service}" if service else folder or "."
            found.append(Group(title, tuple(group)))
    return found + list(_of_compose(ctx.workspace))


def _of_files(workspace: Workspace, project: str, members: list[EnvFile]) -> list[Environment]:
    layered = LAYERED.search(workspace.text(f"{project}/package.json" if project else "package.json")) is not None
    tables: dict[str, dict[str, Told]] = {}
    places: dict[str, str] = {}
    for file in sorted(members, key=lambda f: (f.path.endswith(".local"), f.path)):
        label = environment_of(file.path)
        table = tables.setdefault(label, {})
        places.setdefault(label, file.path)
        table.update({entry.name: Told(entry.value, file.path, entry.line) for entry in file.entries})
    base = tables.get(DEFAULT, {}) if layered else {}
    real = [label for label in tables if label not in (EXAMPLE, "local")]
    if len(real) == 1 and real[0] != DEFAULT and EXAMPLE not in tables:
        return []
    if "local" in tables and (layered or len(real) > 0):
        tables.pop("local")  # lies on top of another file, on one machine
    return [
        Environment(label, places[label], own, {} if label in (EXAMPLE, DEFAULT) else base)
        for label, own in tables.items()
    ]


def _of_compose(workspace: Workspace) -> list[Group]:
    """Per service: each override's variables on top of the base file's."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in workspace.matching(*COMPOSE):
        if not is_test(path) and not is_docs(path):
            by_folder[folder_of(path)].append(path)
    found = []
    for folder, paths in sorted(by_folder.items()):
        tables = {path: service_variables(workspace, path) for path in paths}
        bases = [path for path in paths if environment_of(path.rsplit("/", 1)[-1]) == DEFAULT]
        overrides = [path for path in paths if path not in bases]
        for service in sorted({name for table in tables.values() for name in table}):
            base = {
                name: Told(value, path, line)
                for path in bases
                for name, (value, line) in tables[path].get(service, {}).items()
            }
            environments = [
                Environment(
                    environment_of(path.rsplit("/", 1)[-1]),
                    path,
                    {name: Told(value, path, line) for name, (value, line) in tables[path][service].items()},
                    base,
                )
                for path in overrides
                if service in tables[path]
            ]
            labels = {environment.label for environment in environments}
            if len(environments) > 1 and len(labels) == len(environments):
                found.append(Group(f"{folder or '.'}: service {service}", tuple(environments)))
    return found
