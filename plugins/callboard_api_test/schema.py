"""Finding or exporting the OpenAPI schema, and checking it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, unknown, unparsable
from callboard_api_test import DocumentOptions, SchemaOptions
from callboard_api_test.apps import App
from callboard_api_test.fetching import fetched
from callboard_api_test.found import Described, chosen_app, made_with, opened, read_schema, schema_files
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import Handler, find_handlers, place_of
from callboard_api_test.importing import could_not
from callboard_api_test.judging import counted, judged
from callboard_api_test.openapi import Fault, Unparsable, faults, operations, parsed

START_TIMEOUT = 90.0
GUIDE = "https://spec.openapis.org/oas/latest.html"


def check_schema(ctx: Context, options: SchemaOptions) -> Result:
    """UNKNOWN when there is neither an application that can be imported nor a schema file that can be read."""
    described: list[Described] = []
    troubles: list[str] = []
    app: App | None = None
    words = ""
    outputs: dict[str, Any] = {}
    if options.url:
        try:
            described.append(Described(parsed(fetched(ctx, options.url), options.url)))
            words = f"at {options.url}"
        except BoundaryError:
            raise
        except CallboardError as error:
            return unknown(str(error))
    elif not options.schema:
        try:
            app = chosen_app(ctx.workspace, options.app, options.folder)
            if app is not None:
                document, words = _exported(ctx, app, options)
                described += [Described(document)] if document is not None else []
        except CallboardError as error:
            refused = could_not(ctx, error)
            troubles.append(refused.summary)
            outputs = dict(refused.outputs)
    described += _files(ctx, options.schema, options.folder, troubles)
    if not described:
        nothing = "no application and no openapi or swagger file is found"
        return unknown("; ".join(troubles) or words or nothing, outputs=outputs)
    result = _judge(ctx, options.fail_on, app, described, troubles, words)
    return replace(result, outputs={**outputs, "operations": sum(1 for _ in operations(described[0].document))})


def check_documents(ctx: Context, options: DocumentOptions) -> Result:
    """The schema files alone; nothing is run. UNKNOWN when there is none that can be read."""
    troubles: list[str] = []
    described = _files(ctx, options.schema, options.folder, troubles)
    if not described:
        return unknown("; ".join(troubles) or "no openapi or swagger file is found")
    return _judge(ctx, options.fail_on, None, described, troubles, "")


def _files(ctx: Context, wanted: str, folder: str, troubles: list[str]) -> list[Described]:
    """The schema files that can be read; the others are findings, and in `troubles`."""
    found: list[Described] = []
    for path in [wanted] if wanted else schema_files(ctx.workspace, folder):
        try:
            found.append(read_schema(ctx.workspace, path))
        except Unparsable as error:
            troubles.append(str(error))
            ctx.finding(unparsable(path, error.why, line=error.line, tool="openapi"))
        except CallboardError as error:
            troubles.append(str(error))
            _report_unreadable(ctx, path, str(error))
    return found


def _exported(ctx: Context, app: App, options: SchemaOptions) -> tuple[dict[str, Any] | None, str]:
    with opened(ctx, app, options, serve=False, start_timeout=START_TIMEOUT) as instance:
        told = instance.told
    if told.schema is None:
        return None, f"{app.shown} ({told.kind}) makes no schema itself"
    path = ctx.scratch / "openapi.json"
    path.write_text(json.dumps(told.schema, indent=2), "utf-8")
    ctx.artifact(path, kind="openapi")
    return told.schema, f"exported from {app.shown} with {made_with(told.versions)}"


def _judge(
    ctx: Context, fail_on: str, app: App | None, described: list[Described], troubles: list[str], words: str
) -> Result:
    handlers = find_handlers(ctx.workspace, app.folder) if app else []
    number = 0
    for item in described:
        names = {operation.label: operation.name for operation in operations(item.document)}
        number = max(number, len(names))
        for fault in faults(item.document):
            _report(ctx, item, fault, handlers, names, app)
    if not described[0].file:
        for item in described[1:]:
            _report_drift(ctx, described[0].document, item)
    gauge(ctx, app, "operations", number)
    sources = [item.file for item in described if item.file]
    summary = f"{counted(number, 'operation')}, {counted(len(ctx.findings), 'fault')} in "
    summary += " and ".join([*([f"the schema {words}"] if words and not described[0].file else []), *sources[:3]])
    if not number and not troubles:
        return unknown(f"{summary}: the schema describes no operation, so nothing was checked")
    if troubles:
        summary += f"; not everything could be checked: {troubles[0]}"
        result = judged(ctx, fail_on, summary)
        return result if result.verdict == "fail" else unknown(summary)
    return judged(ctx, fail_on, summary)


def _report(
    ctx: Context,
    item: Described,
    fault: Fault,
    handlers: list[Handler],
    names: Mapping[str, str],
    app: App | None,
) -> None:
    if item.file:
        path, line = item.file, line_of(ctx.workspace.text(item.file, 10_000_000), fault.place)
    else:
        path, line = place_of(handlers, fault.place, names)
        if not path and app is not None:
            path, line = app.path, app.line
    ctx.finding(Finding(fault.rule, fault.severity, fault.message, path, line, help=GUIDE))


def _report_unreadable(ctx: Context, path: str, message: str) -> None:
    ctx.finding(Finding("unreadable-schema", Severity.MEDIUM, message, path, 1, help=GUIDE))


def _report_drift(ctx: Context, own: Mapping[str, Any], item: Described) -> None:
    """Operations that only one of the two has: the file is stale, or the application lost something that was promised."""
    base = _base(item.document)
    of_app = {operation.label for operation in operations(own)}
    of_file = {f"{o.method.upper()} {base}{o.path}" for o in operations(item.document)}
    if not of_app & of_file:
        of_file = {operation.label for operation in operations(item.document)}
    if not of_app & of_file:
        return  # another API's file
    text = ctx.workspace.text(item.file, 10_000_000)
    for label in sorted(of_file - of_app):
        message = f"{label} is in this file but the application no longer has it; callers that rely on it break"
        line = line_of(text, label)
        ctx.finding(Finding("operation-gone", Severity.MEDIUM, message, item.file, line, help="write the file anew"))
    for label in sorted(of_app - of_file):
        message = f"the application has {label} but this file does not; write the file anew"
        ctx.finding(Finding("operation-undocumented", Severity.LOW, message, item.file, 1, help=GUIDE))


def _base(document: Mapping[str, Any]) -> str:
    servers = document.get("servers")
    first = servers[0].get("url", "") if isinstance(servers, list) and servers and isinstance(servers[0], dict) else ""
    base = document.get("basePath") or re.sub(r"^[a-z]+://[^/]*", "", str(first))
    return str(base).rstrip("/")


def line_of(text: str, place: str) -> int:
    """The line of an operation ('GET /items') or of a reference in the text of a schema; 1 when it is not found."""
    method, space, path = place.partition(" ")
    spot = text.find(f'"{place}"') if not space else -1
    if space:
        found = re.search(rf"""^\s*["']?{re.escape(path)}["']?\s*:""", text, re.MULTILINE)
        if found:
            inner = re.compile(rf"""^\s*["']?{method.lower()}["']?\s*:""", re.MULTILINE).search(text, found.end())
            spot = (inner or found).end()
    elif spot < 0 and place:
        spot = text.find(place)
    return text.count("\n", 0, spot) + 1 if spot >= 0 else 1
