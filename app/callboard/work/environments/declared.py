"""What a project says that its tests need, wherever it says so."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.work.reports.bounds import mapping
from callboard.work.workspace import Workspace

TEST_NAMES = ("test", "tests", "testing", "dev", "develop", "development", "dev-dependencies")
TEST_FILES = [
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "test_requirements.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "tests/requirements.txt",
    "test/requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
]

PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+")


@dataclass(frozen=True, slots=True)
class Declared:
    """How a project's test environment is made.

    `installable` means that it is a package itself; `extras` are those for tests, None when only its build knows them;
    `requirements` are single requirements, `files` requirement files relative to the project, `said_by` where it is said.
    """

    installable: bool
    extras: tuple[str, ...] | None
    requirements: tuple[str, ...]
    files: tuple[str, ...]
    said_by: str

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to install at all."""
        return not (self.installable or self.extras or self.requirements or self.files)


def declared(workspace: Workspace, folder: str) -> Declared:
    """What the project in the folder declares: dependency groups, extras, requirement files, tox, hatch, PDM, uv, Poetry."""
    prefix = f"{folder}/" if folder else ""
    here = workspace.path / folder
    tables = workspace.toml(f"{prefix}pyproject.toml")
    project, tool = mapping(tables.get("project")), mapping(tables.get("tool"))
    poetry = mapping(tool.get("poetry"))
    legacy = (here / "setup.py").is_file() or bool(workspace.ini(f"{prefix}setup.cfg", "metadata"))
    package = (
        mapping(tool.get("uv")).get("package", True) is not False and poetry.get("package-mode", True) is not False
    )
    installable = package and ("build-system" in tables or legacy)
    said: list[str] = []
    wanted = list(_group(mapping(tables.get("dependency-groups")), said))
    wanted += _tool_requirements(tool, said)
    tox, tox_files = _tox_requirements(workspace, folder) if not said else ([], [])
    wanted += tox
    said += ["tox.ini"] if tox or tox_files else []
    static = mapping(project.get("optional-dependencies"))
    extras: tuple[str, ...] | None = None
    if "name" in project and "optional-dependencies" not in _texts(project.get("dynamic")):
        extras = test_names(static)
        said += [f"the extra '{name}'" for name in extras]
    if not installable:
        wanted += _texts(project.get("dependencies"))
        wanted += [line for name in extras or () for line in _texts(static.get(name))]
        wanted += list(_poetry(mapping(poetry.get("dependencies"))))
        extras = ()
    files = [name for name in (*tox_files, *TEST_FILES) if (here / name).is_file()][:1]
    if not installable and (here / "requirements.txt").is_file():
        files.insert(0, "requirements.txt")
    if installable and not said and not files and (here / "requirements.txt").is_file():
        files = ["requirements.txt"]
    plain = tuple(dict.fromkeys(line for line in wanted if line[:1].isalnum()))
    return Declared(installable, extras, plain, tuple(files), ", ".join([*said, *files]))


def locked(workspace: Workspace, folder: str) -> list[str]:
    """The versions that a lock file of uv, Poetry or PDM names, as constraints.

    A package with several versions keeps those that say for which interpreters they are.
    """
    for spot in dict.fromkeys((folder, "")):
        for name in ("uv.lock", "poetry.lock", "pdm.lock"):
            try:
                tables = tomllib.loads(workspace.text(f"{spot}/{name}" if spot else name, 8_000_000))
            except (tomllib.TOMLDecodeError, RecursionError):
                continue
            pins = _pins(tables.get("package"))
            if pins:
                return pins
    return []


def _pins(packages: Any) -> list[str]:
    found: dict[str, dict[str, str]] = {}
    for package in packages if isinstance(packages, list) else []:
        name, version = package.get("name"), package.get("version")
        source = package.get("source")
        local = isinstance(source, dict) and not {"editable", "virtual", "directory", "path", "git", "url"}.isdisjoint(
            source
        )
        if isinstance(name, str) and isinstance(version, str) and not local and PIN.fullmatch(f"{name}=={version}"):
            markers = " or ".join(
                f"({marker})" for marker in _texts(package.get("resolution-markers")) if "\n" not in marker
            )
            found.setdefault(name, {})[version] = markers
    return [
        f"{name}=={version}" + (f" ; {markers}" if len(versions) > 1 else "")
        for name, versions in sorted(found.items())
        for version, markers in versions.items()
        if len(versions) == 1 or markers
    ]


def test_names(names: Mapping[str, Any] | list[str]) -> tuple[str, ...]:
    """The groups or extras for tests among the names: those called after tests, else those for development."""
    known = {re.sub(r"[-_.]+", "-", name).lower(): name for name in names}
    for wanted in (TEST_NAMES[:3], TEST_NAMES[3:]):
        found = tuple(known[name] for name in wanted if name in known)
        if found:
            return found
    return ()


test_names.__test__ = False  # type: ignore[attr-defined]


def _group(groups: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    for name in test_names(groups):
        said.append(f"the dependency group '{name}'")
        yield from _expanded(groups, name, frozenset())


def _expanded(groups: Mapping[str, Any], name: str, seen: frozenset[str]) -> Iterator[str]:
    entries = groups.get(name)
    for entry in entries if isinstance(entries, list) and name not in seen else []:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and isinstance(entry.get("include-group"), str):
            yield from _expanded(groups, entry["include-group"], seen | {name})


def _tool_requirements(tool: Mapping[str, Any], said: list[str]) -> Iterator[str]:
    environments = mapping(mapping(tool.get("hatch")).get("envs"))
    for name in ("test", "tests", "hatch-test", *(("default",) if not said else ())):
        lines = _texts(mapping(environments.get(name)).get("dependencies"))
        lines += _texts(mapping(environments.get(name)).get("extra-dependencies"))
        if lines:
            said.append(f"hatch's environment '{name}'")
        yield from lines
    lines = _texts(mapping(tool.get("uv")).get("dev-dependencies"))
    groups = mapping(mapping(tool.get("pdm")).get("dev-dependencies"))
    lines += [line for name in test_names(groups) for line in _texts(groups[name])]
    poetry = mapping(tool.get("poetry"))
    groups = mapping(poetry.get("group"))
    for name in test_names(groups):
        lines += _poetry(mapping(mapping(groups.get(name)).get("dependencies")))
    lines += _poetry(mapping(poetry.get("dev-dependencies")))
    if lines:
        said.append("the development dependencies in pyproject.toml")
    yield from lines


def _tox_requirements(workspace: Workspace, folder: str) -> tuple[list[str], list[str]]:
    """The plain requirements and the requirement files of tox's common environment."""
    lines = [
        line.strip()
        for line in workspace.ini(f"{folder}/tox.ini" if folder else "tox.ini", "testenv").get("deps", "").splitlines()
    ]
    files = [re.sub(r"^-r\s*(\{toxinidir\}/)?", "", line) for line in lines if line.startswith("-r")]
    plain = [line for line in lines if re.fullmatch(r"[A-Za-z0-9][^{}:#]*", line)]
    return plain, [name for name in files if ".." not in name and not name.startswith("/")]


def _poetry(table: Mapping[str, Any]) -> Iterator[str]:
    """Poetry's tables as requirements; what is only a path, an address or optional is left out."""
    for name, value in table.items():
        version = value.get("version", "") if isinstance(value, dict) else value
        if name == "python" or not isinstance(version, str) or (isinstance(value, dict) and value.get("optional")):
            continue
        if isinstance(value, dict) and "version" not in value:
            continue
        extras = ",".join(_texts(value.get("extras"))) if isinstance(value, dict) else ""
        bounds = [_bound(part.strip()) for part in version.split(",")]
        yield name + (f"[{extras}]" if extras else "") + ",".join(bound for bound in bounds if bound)


def _bound(version: str) -> str:
    if version in ("*", ""):
        return ""
    if version[0] == "^":
        parts = version[1:].split(".")
        first = next((n for n, part in enumerate(parts) if part != "0"), len(parts) - 1)
        upper = [*parts[:first], str(int(parts[first]) + 1)] if parts[first].isdigit() else []
        return f">={version[1:]}" + (f",<{'.'.join(upper)}" if upper else "")
    if version[0] == "~" and version[1:2] != "=":
        parts = version[1:].split(".")
        return f">={version[1:]},=={'.'.join(parts[:2] if len(parts) > 1 else parts)}.*"
    return version if version[0] in "<>=!~" else f"=={version}"


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
