"""Configuration files: whether they can be parsed, and fit their published schemas."""

import fnmatch
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from callboard.api import (
    Context,
    Finding,
    Result,
    Severity,
    Workspace,
    counted,
    judged,
    root_cause,
    unknown,
    unparsable,
)
from callboard_config.file_state import trouble_of
from callboard_config.options import Schema
from callboard_config.places import COMMENTED_JSON, is_docs, is_test
from callboard_config.redact import masked
from callboard_config.secrecy import is_secret_name
from callboard_config.shapes import STRICT_INI, ini_trouble, package_shape, pyproject_shape
from callboard_config.yaml_text import MOST_ALIASES

LARGEST = 5_000_000
LARGE_YAML = 400_000  # yamllint reads some 50 kB a second
BATCH = 300
OTHERS_OWN = (
    ".github/workflows/*", "*compose*.yml", "*compose*.yaml", ".gitlab-ci.yml", "action.yml", "action.yaml",
)  # fmt: skip
TEMPLATES = ("*/templates/*", "templates/*", "*.j2.yml", "*.tpl.yaml", "*.tmpl.yaml", "*/{{*", "{{*")
YAMLLINT = "{rules: {key-duplicates: enable}}"
SCHEMAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("vendor.dependabot", (".github/dependabot.yml", ".github/dependabot.yaml")),
    ("vendor.renovate", ("renovate.json", ".github/renovate.json", ".renovaterc.json")),
    ("vendor.readthedocs", (".readthedocs.yml", ".readthedocs.yaml")),
    ("vendor.codecov", ("codecov.yml", ".codecov.yml", ".github/codecov.yml")),
    ("vendor.citation-file-format", ("CITATION.cff",)),
    ("vendor.mergify", (".mergify.yml", ".github/mergify.yml")),
    ("vendor.taskfile", ("Taskfile.yml", "Taskfile.yaml")),
    ("vendor.github-issue-config", (".github/ISSUE_TEMPLATE/config.yml",)),
    ("vendor.azure-pipelines", ("azure-pipelines.yml", "azure-pipelines.yaml")),
    ("vendor.bitbucket-pipelines", ("bitbucket-pipelines.yml",)),
    ("vendor.circle-ci", (".circleci/config.yml",)),
    ("vendor.buildkite", (".buildkite/pipeline.yml", ".buildkite/pipeline.yaml")),
    ("vendor.cloudbuild", ("cloudbuild.yaml", "cloudbuild.yml")),
    ("vendor.drone-ci", (".drone.yml",)),
    ("vendor.travis", (".travis.yml",)),
    ("vendor.woodpecker-ci", (".woodpecker.yml",)),
    ("vendor.snapcraft", ("snapcraft.yaml", "snap/snapcraft.yaml")),
    ("vendor.meltano", ("meltano.yml",)),
)
_PARSABLE = re.compile(r"^(.*?):(\d+):(\d+): \[(error|warning)\] (.*?)(?: \(([a-z-]+)\))?$")


def check(ctx: Context, options: Schema) -> Result:
    """Parses every JSON, TOML, YAML and strict ini file that is no test data; UNKNOWN when there is none."""
    json_files, toml_files, yaml_files = candidates(ctx.workspace)
    ini_files = ini_candidates(ctx.workspace)
    unchecked: list[str] = []
    templates: list[str] = []
    for read, paths in ((_json, json_files), (_toml, toml_files), (_ini, ini_files)):
        for path in paths:
            ctx.progress(None, path)
            if _readable(ctx, path, unchecked):
                read(ctx, path, templates)
    linted = [path for path in yaml_files if _readable(ctx, path, unchecked) and _is_yaml(ctx, path, templates)]
    if linted:
        trouble = _yaml(ctx, linted, templates)
        if trouble:
            unchecked.append(f"{counted(len(linted), 'YAML file')}: {trouble}")
    here = set(ctx.workspace.files)
    known = [(schema, path) for schema, paths in SCHEMAS for path in paths if path in here]
    for schema, path in known:
        if path not in {finding.path for finding in ctx.findings}:
            trouble = _against(ctx, schema, path)
            if trouble:
                unchecked.append(f"{path}: {trouble}")
    total = len(json_files) + len(toml_files) + len(yaml_files) + len(ini_files)
    if not total and not known:
        return unknown("there are no JSON, TOML or YAML files to check, besides tests and what InfraDeploy checks")
    looked_at = f"{len(json_files)} JSON, {len(toml_files)} TOML, {len(ini_files)} ini and {counted(len(yaml_files), 'YAML file')}"
    notes = [f"{counted(len(known), 'file')} with a published schema"] if known else []
    left_out = len(set(templates))
    if left_out:
        notes.append(
            f"{counted(left_out, 'of them is a template', 'of them are templates')}, which are read when they are filled in"
        )
    if total and left_out == total and not known:
        return unknown(f"all {counted(total, 'file')} are templates, to be read when filled in")
    return judged(ctx, options.fail_on, looked_at, unchecked=unchecked, notes=notes)


def ini_candidates(workspace: Workspace) -> list[str]:
    """Ini files whose readers are strict; others have dialects of their own."""
    return [path for path in workspace.matching(*STRICT_INI) if not is_test(path)]


def _readable(ctx: Context, path: str, unchecked: list[str]) -> bool:
    """Whether the format's own parser should look at it; says once what stands in the way."""
    text = ctx.workspace.text(path, LARGEST)
    if len(text) >= LARGEST:
        unchecked.append(f"{path} is larger than {LARGEST:,} bytes")
        return False
    found = trouble_of(ctx.workspace, path, text)
    if found is None:
        return True
    if found.grave:
        _torn(ctx, [], path, found.line, 0, found.said)
    else:
        _report(ctx, found.rule, path, found.line, 0, found.said, Severity.LOW if is_docs(path) else Severity.MEDIUM)
    return False


def _is_yaml(ctx: Context, path: str, templates: list[str]) -> bool:
    """Whether yamllint should look: large files go through libyaml, and what is one bare text is no configuration."""
    text = ctx.workspace.text(path, LARGEST)
    if text.count("*") > MOST_ALIASES and re.search(r"(?m)^\s*(?:-|[\w.-]+:)\s*[\[{]?\s*\*\w", text):
        aliases = len(re.findall(r"[\s\[{,]\*\w+", text))
        if aliases > MOST_ALIASES:
            said = f"It refers to other parts of itself {aliases:,} times; expanded, that can fill all memory"
            _report(ctx, "yaml-aliases", path, 1, 0, said, Severity.LOW if is_docs(path) else Severity.MEDIUM)
    start, line = "", 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if not start and isinstance(event, yaml.NodeEvent):
                start, line = type(event).__name__, 1 + (event.start_mark.line if event.start_mark else 0)
                if len(text) < LARGE_YAML:
                    break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if len(text) >= LARGE_YAML:
            where = (1, 0) if mark is None else (mark.line + 1, mark.column + 1)
            _torn(ctx, templates, path, *where, f"no YAML: {error.problem}")
        return len(text) < LARGE_YAML
    except (yaml.YAMLError, ValueError, RecursionError):
        return len(text) < LARGE_YAML
    bare = start == "ScalarEvent" and len(text.strip()) > 0 and not _is_template(ctx, path)
    if bare:
        said = "This is no YAML configuration: as YAML it is one single text"
        _report(ctx, "yaml-not-configuration", path, line, 0, said, Severity.LOW if is_docs(path) else Severity.MEDIUM)
    return not bare and len(text) < LARGE_YAML


def candidates(workspace: Workspace) -> tuple[list[str], list[str], list[str]]:
    """The JSON, TOML and YAML files that are no test data, no templates, and nobody else's matter."""
    files = [path for path in workspace.files if path.endswith((".json", ".toml", ".yml", ".yaml"))]
    files = [path for path in files if not is_test(path) and not _is(path, OTHERS_OWN)]
    return (
        [path for path in files if path.endswith(".json") and not _is(path, COMMENTED_JSON)],
        [path for path in files if path.endswith(".toml")],
        [path for path in files if path.endswith((".yml", ".yaml")) and not _is(path, TEMPLATES)],
    )


def _is(path: str, patterns: Sequence[str]) -> bool:
    name = path.rsplit("/", 1)[-1]
    return any(fnmatch.fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns)


def _torn(ctx: Context, templates: list[str], path: str, line: int, column: int, said: str, tool: str = "") -> None:
    """Reports a file that no program can read, as everybody does who meets it; a template is put with the others."""
    cause = root_cause(ctx.workspace, path)
    if cause is not None and cause.is_meant:
        templates.append(path)
    else:
        severity = Severity.LOW if is_docs(path) else Severity.HIGH
        ctx.finding(unparsable(path, said, line=line, column=column, tool=tool, severity=severity))


def _report(
    ctx: Context, rule: str, path: str, line: int, column: int, said: str, severity: Severity, tool: str = ""
) -> None:
    ctx.finding(
        Finding(
            rule=rule,
            severity=severity,
            message=said,
            path=path,
            line=line,
            column=column,
            help="Mend the place that is named",
            tool=tool,
        )
    )


def _json(ctx: Context, path: str, templates: list[str]) -> None:
    repeated: list[str] = []

    def pairs(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(entries)
        if len(table) < len(entries):
            counts = Counter(key for key, _ in entries)
            repeated.extend(key for key, count in counts.items() if count > 1)
        return table

    text = ctx.workspace.text(path, LARGEST)
    try:
        json.loads(text.removeprefix("\ufeff"), object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and _is_lines(text):
            return
        said = "it is empty" if not text.strip() else f"no JSON: {error.msg}"
        _torn(ctx, templates, path, error.lineno, error.colno, said)
        return
    except (ValueError, RecursionError) as error:
        _torn(ctx, templates, path, 1, 0, f"no JSON: {type(error).__name__}")
        return
    for key in repeated[:20]:
        said = f"The key '{masked(key[:80])}' stands here twice; the last one counts"
        places = [
            match.start() for match in re.finditer(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:", text)
        ]
        line = text.count("\n", 0, places[1]) + 1 if len(places) > 1 else 0
        _report(ctx, "json-duplicate-key", path, line, 0, said, Severity.LOW if is_docs(path) else Severity.MEDIUM)
    if path.rsplit("/", 1)[-1] == "package.json":
        _shape(ctx, path, package_shape(text), text)


def _is_lines(text: str) -> bool:
    """Whether it is one JSON value on each line, as logs and data sets are."""
    lines = [line for line in text.splitlines() if line.strip()][:20]
    try:
        return len(lines) > 1 and all(json.loads(line) is not None for line in lines)
    except (ValueError, RecursionError):
        return False


def _shape(ctx: Context, path: str, troubles: Iterable[tuple[str, str]], text: str) -> None:
    for key, said in list(troubles)[:20]:
        match = re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", text) if key else None
        line = text.count("\n", 0, match.start()) + 1 if match else 1
        _report(ctx, "manifest-shape", path, line, 0, said, Severity.LOW if is_docs(path) else Severity.MEDIUM)


def _toml(ctx: Context, path: str, templates: list[str]) -> None:
    text = ctx.workspace.text(path, LARGEST)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        said = "it begins with a byte order mark" if text.startswith("\ufeff") else masked(str(error))
        _torn(ctx, templates, path, line, column, f"no TOML: {said}")
    except RecursionError:
        _torn(ctx, templates, path, 1, 0, "no TOML that can be read: it is nested too deep")
    else:
        if path.rsplit("/", 1)[-1] == "pyproject.toml":
            _shape(ctx, path, pyproject_shape(text), text)


def _ini(ctx: Context, path: str, templates: list[str]) -> None:
    found = ini_trouble(ctx.workspace.text(path, LARGEST))
    if found is not None:
        _torn(ctx, templates, path, found[0], 0, masked(found[1]))


def _yaml(ctx: Context, paths: Sequence[str], templates: list[str]) -> str:
    """Reports what yamllint calls errors of syntax and repeated keys; returns why it could not look."""
    if ctx.program("yamllint") is None:
        return "yamllint is not installed; pip install yamllint"
    troubles = [_lint(ctx, paths[start : start + BATCH], templates) for start in range(0, len(paths), BATCH)]
    return next((trouble for trouble in troubles if trouble), "")


def _lint(ctx: Context, paths: Sequence[str], templates: list[str]) -> str:
    """One run of yamllint; where it breaks down, each half for itself, so that one file does not hide the others."""
    argv = ["yamllint", "-d", YAMLLINT, "-f", "parsable", "--", *(f"./{path}" for path in paths)]
    run = ctx.run_tool(argv, cwd=ctx.workspace.path, timeout=300)
    if run.code not in (0, 1, 2) or "Traceback" in run.stderr:
        if len(paths) == 1:
            return f"yamllint ended with {run.code} at {paths[0]}"
        half = len(paths) // 2
        return _lint(ctx, paths[:half], templates) or _lint(ctx, paths[half:], templates)
    for path, line, column, said, rule in lint_lines(run.stdout):
        if rule == "key-duplicates":
            severity = Severity.LOW if is_docs(path) else Severity.MEDIUM
            _report(ctx, "yaml-duplicate-key", path, line, column, masked(said), severity, "yamllint")
        elif _is_template(ctx, path):
            templates.append(path)
        else:
            _torn(
                ctx,
                templates,
                path,
                line,
                column,
                f"no YAML: {masked(said).removeprefix('syntax error: ')}",
                "yamllint",
            )
    return ""


def lint_lines(text: str) -> Iterator[tuple[str, int, int, str, str]]:
    """(path, line, column, words, rule) of yamllint's parsable output."""
    for line in text.splitlines():
        match = _PARSABLE.match(line)
        if match is not None:
            yield match[1].removeprefix("./"), int(match[2]), int(match[3]), match[5], match[6] or "syntax"


def _is_template(ctx: Context, path: str) -> bool:
    """Whether it only becomes YAML when it is filled in."""
    return re.search(r"\{%|\{\{[^}]", ctx.workspace.text(path, LARGEST)) is not None


def _against(ctx: Context, schema: str, path: str) -> str:
    """Reports where the file does not fit; returns why that could not be seen."""
    if ctx.program("check-jsonschema") is None:
        return "check-jsonschema is not installed; pip install check-jsonschema"
    argv = ["check-jsonschema", "--builtin-schema", schema, "--output-format", "json", "--", f"./{path}"]
    run = ctx.run_tool(argv, timeout=60)
    try:
        report = json.loads(run.stdout)
        errors = [*report.get("errors", []), *report.get("parse_errors", [])]
    except (ValueError, AttributeError, RecursionError):
        return run.trouble or f"check-jsonschema gave no report (exit {run.code})"
    told: set[str] = set()
    for error in errors:
        place = str(error.get("path", "$"))
        said = str(error.get("message", "it does not fit"))
        inner = error.get("best_deep_match")
        if isinstance(inner, dict):
            place, said = str(inner.get("path", place)), str(inner.get("message", said))
        if is_secret_name(place.rsplit(".", 1)[-1]):
            said = "the value does not fit"
        words = f"{masked(place)}: {masked(said)} (schema {schema.removeprefix('vendor.')})"
        if words in told:
            continue
        told.add(words)
        _report(ctx, "schema", path, 1, 0, words, Severity.MEDIUM, "check-jsonschema")
    return ""
