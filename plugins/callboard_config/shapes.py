"""The shape of the two manifests that most projects stand on, and of ini files that tools read strictly."""

import configparser
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

STRICT_INI = ("setup.cfg", "tox.ini", "pytest.ini", "mypy.ini", ".coveragerc", ".flake8", "alembic.ini", ".pylintrc")
TABLES = ("scripts", "dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "engines")


def package_shape(text: str) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of a package.json that parses."""
    try:
        tables = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return
    if not isinstance(tables, Mapping):
        yield "", "package.json must hold one object"
        return
    for key in TABLES:
        table = tables.get(key)
        if key in tables and not isinstance(table, Mapping):
            yield key, f"'{key}' must be an object of names and texts"
        elif isinstance(table, Mapping):
            yield from (
                (str(n)[:80], f"'{key}.{str(n)[:80]}' must be a text")
                for n, v in table.items()
                if not isinstance(v, str)
            )
    for key in ("name", "version", "main", "type"):
        if key in tables and not isinstance(tables[key], str):
            yield key, f"'{key}' must be a text"
    if tables.get("type") not in (None, "module", "commonjs"):
        yield "type", '\'type\' must be "module" or "commonjs"'


def pyproject_shape(text: str) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of a pyproject.toml that parses: the tables that its specification names."""
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    project, build = tables.get("project"), tables.get("build-system")
    if project is not None and not isinstance(project, dict):
        yield "project", "'project' must be a table"
    elif isinstance(project, dict):
        dynamic = project.get("dynamic", [])
        if not isinstance(project.get("name"), str):
            yield "project", "[project] needs a 'name'"
        if "version" not in project and "version" not in (dynamic if isinstance(dynamic, list) else []):
            yield "project", "[project] needs a 'version', or names it in 'dynamic'"
        for key in ("dependencies", "classifiers", "keywords", "dynamic"):
            value = project.get(key, [])
            if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
                yield key, f"'project.{key}' must be a list of texts"
        for key in ("optional-dependencies", "scripts", "urls"):
            if not isinstance(project.get(key, {}), dict):
                yield key, f"'project.{key}' must be a table"
        for each in dynamic if isinstance(dynamic, list) else []:
            if isinstance(each, str) and each in project:
                yield "dynamic", f"'{each}' is given, and named in 'dynamic' as well"
    if build is not None and (not isinstance(build, dict) or not isinstance(build.get("requires"), list)):
        yield "build-system", "[build-system] needs 'requires', a list"
    tool = tables.get("tool")
    if tool is not None and not isinstance(tool, dict):
        yield "tool", "'tool' must be a table"


def ini_trouble(text: str) -> tuple[int, str] | None:
    """(line, what is wrong) of an ini file as Python's configparser sees it; its own words are not shown: they quote lines."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, allow_no_value=True)
    try:
        parser.read_string(text.removeprefix("\ufeff"))
    except configparser.DuplicateOptionError as error:
        return error.lineno or 0, f"'{error.option[:80]}' is set twice in [{error.section[:80]}]"
    except configparser.DuplicateSectionError as error:
        return error.lineno or 0, f"The section [{error.section[:80]}] stands here twice"
    except configparser.MissingSectionHeaderError as error:
        return error.lineno, "Something stands above the first section"
    except configparser.ParsingError as error:
        return (error.errors[0][0] if error.errors else 0), "This line is neither a section nor NAME = value"
    except (configparser.Error, ValueError, AttributeError):
        return 0, "This ini file cannot be parsed"
    return None
