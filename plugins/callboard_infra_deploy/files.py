"""Which files of a workspace are Dockerfiles, compose files, CI files and shell scripts."""

import re

from callboard.api import Workspace

DOCKERFILES = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile", "Containerfile.*")
NO_DOCKERFILE = (".dockerignore", ".containerignore", ".md", ".txt", ".rst", ".py", ".sh", ".j2", ".jinja", ".in")
TEMPLATES = (".tmpl", ".tpl", ".template", ".orig", ".bak", ".json", ".yml", ".yaml")
COMPOSE = (
    "compose.yml",
    "compose.yaml",
    "compose.*.yml",
    "compose.*.yaml",
    "*docker-compose*.yml",
    "*docker-compose*.yaml",
)
SHEBANG = re.compile(rb"^#!\s*(?:/usr)?(?:/local)?/bin/(?:env\s+(?:-S\s+)?)?(?:sh|bash|dash|ksh)(?:\s|$)")
MOST_OPENED = 3_000

# the schema of check-jsonschema, and the files that it is for, relative to the top
GITHUB_FOLDER = ".github/workflows/"
OTHER_CI = {
    "vendor.gitlab-ci": (".gitlab-ci.yml", ".gitlab-ci.yaml"),
    "vendor.dependabot": (".github/dependabot.yml", ".github/dependabot.yaml"),
    "vendor.azure-pipelines": ("azure-pipelines.yml", "azure-pipelines.yaml"),
    "vendor.circle-ci": (".circleci/config.yml", ".circleci/config.yaml"),
    "vendor.bitbucket-pipelines": ("bitbucket-pipelines.yml",),
}


def dockerfiles(workspace: Workspace) -> list[str]:
    """Dockerfiles and Containerfiles, without templates and ignore files."""
    return [p for p in workspace.matching(*DOCKERFILES) if not p.lower().endswith((*NO_DOCKERFILE, *TEMPLATES))]


def compose_files(workspace: Workspace) -> list[str]:
    """Compose files, in any folder."""
    return workspace.matching(*COMPOSE)


def ci_files(workspace: Workspace) -> dict[str, list[str]]:
    """CI files by the name of their schema; GitHub reads workflows in the one folder at the top only."""
    found: dict[str, list[str]] = {}
    known = {path: schema for schema, paths in OTHER_CI.items() for path in paths}
    for path in workspace.files:
        name = path.rsplit("/", 1)[-1]
        if path in known:
            found.setdefault(known[path], []).append(path)
        elif path == GITHUB_FOLDER + name and name.endswith((".yml", ".yaml")):
            found.setdefault("vendor.github-workflows", []).append(path)
        elif name in ("action.yml", "action.yaml") and re.search(r"(?m)^runs:", workspace.text(path, 200_000)):
            found.setdefault("vendor.github-actions", []).append(path)
    return found


def shell_scripts(workspace: Workspace) -> list[str]:
    """Files named *.sh or *.bash, and files without a suffix that a shell is to run by their first line."""
    found: list[str] = []
    opened = 0
    for path in workspace.files:
        name = path.rsplit("/", 1)[-1]
        if name.endswith((".sh", ".bash")):
            found.append(path)
        elif "." not in name.lstrip(".") and opened < MOST_OPENED:
            opened += 1
            if SHEBANG.match(_first_bytes(workspace, path)):
                found.append(path)
    return found


def _first_bytes(workspace: Workspace, path: str) -> bytes:
    try:
        with open(workspace.path / path, "rb") as file:
            return file.read(80)
    except OSError:
        return b""
