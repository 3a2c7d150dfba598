"""Files checked against the schemas that check-jsonschema carries."""

import json
import re
from collections.abc import Mapping
from typing import Any

from callboard.api import Context, Finding, Severity
from callboard_infra_deploy.judge import Looked, batches, missing, own, torn
from callboard_infra_deploy.yamlfile import Document, Path, Unreadable, read_yaml

STEP = re.compile(r"""\.([A-Za-z0-9_$-]+)|\[(\d+)\]|\[(['"])(.*?)\3\]""")

# GitHub itself takes one word for a list of one, and a number or a boolean for a string; the published schema does not
TAKEN_ALL_THE_SAME = re.compile(r"'[^']*' is not of type 'array'|(?:True|False|\d+(?:\.\d+)?) is not of type 'string'")


def read_all(ctx: Context, files: list[str], kind: str, looked: Looked) -> dict[str, Document]:
    """The files that can be read, by path, and counted; a fault of syntax is a finding, a template is left out."""
    documents: dict[str, Document] = {}
    for path in own(files, looked):
        try:
            document = read_yaml(ctx.workspace.text(path))
        except Unreadable as error:
            torn(ctx, looked, path, f"this {kind} is no YAML: {error}", line=error.line)
            continue
        documents[path] = document
    looked.count += len(documents)
    return documents


def check_schema(ctx: Context, schema: str, documents: Mapping[str, Document], kind: str, looked: Looked) -> None:
    """A finding for each place where a document breaks the schema."""
    if not documents:
        return
    if ctx.program("check-jsonschema") is None:
        looked.unchecked.append(
            f"the schema of {len(documents)} {kind}s: {missing('check-jsonschema', 'check-jsonschema')}"
        )
        return
    command = ["check-jsonschema", "--builtin-schema", schema, "--output-format", "json", "--regex-variant", "default"]
    if schema in ("vendor.gitlab-ci", "vendor.azure-pipelines"):
        command += ["--data-transform", schema.removeprefix("vendor.")]
    for batch in batches(sorted(documents)):
        run = ctx.run_tool([*command, "--", *batch], timeout=120, env={"NO_COLOR": "1"})
        try:
            report = json.loads(run.stdout)
            errors, unread = report.get("errors", []), report.get("parse_errors", [])
            found = [_finding(error, documents, kind, schema) for error in errors]
        except (ValueError, AttributeError, KeyError, TypeError):
            looked.unchecked.append(f"check-jsonschema with {schema}: {run.trouble or f'exit {run.code}'}")
            continue
        for finding in found:
            ctx.finding(finding)
        for entry in unread:
            looked.unchecked.append(f"the schema of {entry.get('filename')}: {entry.get('message')}")


def _finding(error: dict[str, Any], documents: Mapping[str, Document], kind: str, schema: str) -> Finding:
    best = error.get("best_deep_match") or error.get("best_match") or error
    file = str(error["filename"]).removeprefix("./")
    place = str(best["path"])
    document = documents.get(file)
    taken = schema.startswith("vendor.github-") and TAKEN_ALL_THE_SAME.fullmatch(str(best["message"]))
    return Finding(
        rule="schema",
        severity=Severity.LOW if taken else Severity.HIGH,
        message=f"{place}: {_short(str(best['message']))}",
        path=file,
        line=document.line(path_of(place)) if document else 0,
        help=f"this place of the {kind} does not fit the schema {schema.removeprefix('vendor.')}",
        tool="check-jsonschema",
    )


def path_of(place: str) -> Path:
    """The keys and indexes of a JSONPath such as `$.jobs['a b'].steps[0]`."""
    steps: list[str | int] = []
    for match in STEP.finditer(place):
        name, index, _, quoted = match.groups()
        steps.append(int(index) if index is not None else name if name is not None else quoted)
    return tuple(steps)


def _short(message: str, longest: int = 300) -> str:
    """A validator repeats the whole value in front of what is wrong with it: the end says what matters."""
    return message if len(message) <= longest else f"…{message[-longest:]}"
