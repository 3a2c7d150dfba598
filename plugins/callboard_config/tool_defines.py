"""Settings that tools' own configuration files give: pyproject, tox, nox, hosting platforms, cluster maps, dynaconf."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from callboard.api import Workspace
from callboard_config.yaml_text import load_bounded

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ENV_KEYS = frozenset(
    "env environment env-vars set_env setenv vars variables build.environment environment_variables envVars".split()
)
TOML = (
    "pyproject.toml", "tox.toml", "hatch.toml", "fly*.toml", "wrangler.toml", "netlify.toml", "pixi.toml", "mise.toml", "Pipfile",
)  # fmt: skip
DYNACONF = ("settings*.toml", ".secrets*.toml", "settings*.yml", "settings*.yaml", ".secrets*.yml", ".secrets*.yaml")
JSON = ("app.json", "vercel.json", "now.json", "turbo.json")
YAML = ("render.yml", "render.yaml", "app.yaml", "app.yml", "serverless.yml", "serverless.yaml", "cloudbuild.yaml")
SECTIONS = frozenset({"default", "development", "production", "staging", "testing", "global"})
LARGEST = 1_000_000
_SETENV = re.compile(r"^(set_?env|pass_?env|env)\s*=(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_PAIR = re.compile(r"(?:^|[\s=])(?:D:|R:)*([A-Za-z_]\w*)\s*=")
_NOX = re.compile(r"\bsession\.env\[\s*['\"]([A-Za-z_]\w*)['\"]\s*\]\s*=")
_MAP_KEY = re.compile(r"^[ \t]+[\"']?([A-Z][A-Z0-9_]*)[\"']?[ \t]*:", re.MULTILINE)


def tool_names(workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    """(name, path, kind) of each; kind is tool, platform, dynaconf or cluster."""
    for path in workspace.matching(*TOML):
        kind = "platform" if path.rsplit("/", 1)[-1].startswith(("fly", "wrangler", "netlify")) else "tool"
        for name in _below(workspace.toml(path)):
            yield name, path, kind
    for path in workspace.matching("tox.ini", "setup.cfg", "pytest.ini"):
        for match in _SETENV.finditer(workspace.text(path, LARGEST)):
            for name in _PAIR.findall(match[2]):
                yield name, path, "tool"
    for path in workspace.matching("noxfile.py"):
        for name in _NOX.findall(workspace.text(path, LARGEST)):
            yield name, path, "tool"
    for path in workspace.matching(*JSON):
        try:
            tables = json.loads(workspace.text(path, LARGEST))
        except (ValueError, RecursionError):
            continue
        for name in _below(tables):
            yield name, path, "platform"
    for path in workspace.matching(*YAML):
        for name in _below(load_bounded(workspace.text(path, LARGEST))):
            yield name, path, "platform"
    for path in workspace.matching(*DYNACONF):
        for name in _dynaconf(workspace.text(path, LARGEST), path):
            yield name, path, "dynaconf"


def map_names(text: str) -> Iterator[str]:
    """The keys of ConfigMaps' and Secrets' data, by text: such files are often templates."""
    for document in re.split(r"^---", text, flags=re.MULTILINE):
        if re.search(r"^kind:\s*(ConfigMap|Secret|SealedSecret|ExternalSecret)\b", document, re.MULTILINE):
            for part in re.findall(
                r"^(?:data|stringData|encryptedData)\s*:\s*\r?\n((?:[ \t]+.*\r?\n?|\r?\n)*)", document, re.M
            ):
                yield from _MAP_KEY.findall(part)


def _below(tables: Any) -> Iterator[str]:
    """The names below every key that holds variables: a table, or a list of NAME=value or of {key, value}."""
    pending, steps = [tables], 0
    while pending and steps < 100_000:
        steps += 1
        node = pending.pop()
        if isinstance(node, Mapping):
            for key, value in node.items():
                if str(key) in ENV_KEYS:
                    yield from _names(value)
                pending.append(value)
        elif isinstance(node, list):
            pending += node


def _names(value: Any) -> Iterator[str]:
    for entry in value if isinstance(value, (Mapping, list)) else ():
        if isinstance(entry, Mapping):
            entry = entry.get("key") or entry.get("name") or ""
        name = str(entry).partition("=")[0].strip().removeprefix("D:").removeprefix("R:")
        if NAME.fullmatch(name):
            yield name


def _dynaconf(text: str, path: str) -> Iterator[str]:
    """The keys of a settings file, with and without its sections for environments."""
    try:
        tables = tomllib.loads(text) if path.endswith(".toml") else load_bounded(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    for key, value in tables.items() if isinstance(tables, Mapping) else ():
        if isinstance(value, Mapping) and str(key).lower() in SECTIONS:
            yield from (str(name).upper() for name in value)
        else:
            yield str(key).upper()
