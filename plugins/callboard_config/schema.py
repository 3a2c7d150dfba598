"""Configuration files: whether they can be parsed, and fit their published schemas."""

import fnmatch
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from callboard.api import Context, Finding, Result, Severity, Workspace, counted, judged, unknown
from callboard_config.options import Schema
from callboard_config.places import is_docs, is_test
from callboard_config.secrecy import is_secret_name

LARGEST = 5_000_000
BATCH = 300
COMMENTED_JSON = (
    "tsconfig*.json", "jsconfig*.json", ".eslintrc*", "*.code-workspace", "devcontainer.json", "*/.vscode/*", ".vscode/*",
    "*.jsonc",
    "*.json5", "tslint.json", ".swcrc", "api-extractor.json", "biome.json", "turbo.json", "nx.json",
    "project.json",
    "deno.json", "wrangler.json", ".babelrc*", "angular.json", "typedoc.json", "oxlintrc.json", ".oxlintrc.json",
    "*/.devcontainer/*", ".devcontainer/*", "keybindings.json", "settings.json", "launch.json", "tasks.json",
)  # fmt: skip
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
)
_PARSABLE = re.compile(r"^(.*?):(\d+):(\d+): \[(error|warning)\] (.*?)(?: \(([a-z-]+)\))?$")


def check(ctx: Context, options: Schema) -> Result:
    """Parses every JSON, TOML and YAML file that is no test data; UNKNOWN when there is none."""
    json_files, toml_files, yaml_files = candidates(ctx.workspace)
    unchecked: list[str] = []
    for path in json_files:
        _json(ctx, path)
    for path in toml_files:
        _toml(ctx, path)
    if yaml_files:
        trouble = _yaml(ctx, yaml_files)
        if trouble:
            unchecked.append(f"{counted(len(yaml_files), 'YAML file')}: {trouble}")
    here = set(ctx.workspace.files)
    known = [(schema, path) for schema, paths in SCHEMAS for path in paths if path in here]
    for schema, path in known:
        if path not in {finding.path for finding in ctx.findings}:
            trouble = _against(ctx, schema, path)
            if trouble:
                unchecked.append(f"{path}: {trouble}")
    total = len(json_files) + len(toml_files) + len(yaml_files)
    if not total and not known:
        return unknown("there are no JSON, TOML or YAML files to check, besides tests and what InfraDeploy checks")
    looked_at = f"{len(json_files)} JSON, {len(toml_files)} TOML and {counted(len(yaml_files), 'YAML file')}"
    notes = [f"{counted(len(known), 'file')} with a published schema"] if known else []
    return judged(ctx, options.fail_on, looked_at, unchecked=unchecked, notes=notes)


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


def _worst(path: str) -> Severity:
    return Severity.LOW if is_docs(path) else Severity.HIGH


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
            help="Mend the place that is named; programs refuse a file that they cannot parse",
            tool=tool,
        )
    )


def _json(ctx: Context, path: str) -> None:
    repeated: list[str] = []

    def pairs(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(entries)
        if len(table) < len(entries):
            counts = Counter(key for key, _ in entries)
            repeated.extend(key for key, count in counts.items() if count > 1)
        return table

    text = ctx.workspace.text(path, LARGEST)
    if len(text) >= LARGEST:
        return
    try:
        json.loads(text.removeprefix("\ufeff"), object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        _report(ctx, "json-syntax", path, error.lineno, error.colno, f"This is no JSON: {error.msg}", _worst(path))
    except (ValueError, RecursionError) as error:
        _report(ctx, "json-syntax", path, 1, 0, f"This JSON cannot be read: {type(error).__name__}", _worst(path))
    for key in repeated[:20]:
        said = f"The key '{key[:80]}' stands here twice; the last one counts"
        _report(ctx, "json-duplicate-key", path, 0, 0, said, Severity.LOW if is_docs(path) else Severity.MEDIUM)


def _toml(ctx: Context, path: str) -> None:
    try:
        tomllib.loads(ctx.workspace.text(path, LARGEST))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        _report(ctx, "toml-syntax", path, line, column, f"This is no TOML: {error}", _worst(path))
    except RecursionError:
        _report(ctx, "toml-syntax", path, 1, 0, "This TOML is nested too deep to be read", _worst(path))


def _yaml(ctx: Context, paths: Sequence[str]) -> str:
    """Reports what yamllint calls errors of syntax and repeated keys; returns why it could not look."""
    if ctx.program("yamllint") is None:
        return "yamllint is not installed; pip install yamllint"
    for start in range(0, len(paths), BATCH):
        operands = [f"./{path}" for path in paths[start : start + BATCH]]
        run = ctx.run_tool(["yamllint", "-d", YAMLLINT, "-f", "parsable", "--", *operands], cwd=ctx.workspace.path)
        if run.code not in (0, 1, 2):
            return f"yamllint ended with {run.code}: {run.trouble}"
        for path, line, column, said, rule in lint_lines(run.stdout):
            if rule == "key-duplicates":
                severity = Severity.LOW if is_docs(path) else Severity.MEDIUM
                _report(ctx, "yaml-duplicate-key", path, line, column, said, severity, "yamllint")
            elif not _is_template(ctx, path):
                _report(ctx, "yaml-syntax", path, line, column, said, _worst(path), "yamllint")
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
        words = f"{place}: {said} (schema {schema.removeprefix('vendor.')})"
        if words in told:
            continue
        told.add(words)
        _report(ctx, "schema", path, 1, 0, words, Severity.MEDIUM, "check-jsonschema")
    return ""
