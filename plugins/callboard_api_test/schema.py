"""Finding or exporting the OpenAPI schema, and checking it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from callboard.api import CallboardError, Context, Finding, Result, Severity, unknown
from callboard_api_test import SchemaOptions
from callboard_api_test.apps import App
from callboard_api_test.found import Described, chosen_app, instance_of, made_with, read_schema, schema_files
from callboard_api_test.handlers import Handler, find_handlers, place_of
from callboard_api_test.judging import counted, judged
from callboard_api_test.openapi import Fault, faults, operations

GUIDE = "https://spec.openapis.org/oas/latest.html"


def check_schema(ctx: Context, options: SchemaOptions) -> Result:
    """UNKNOWN when there is neither an application that can be imported nor a schema file that can be read."""
    described: list[Described] = []
    troubles: list[str] = []
    app: App | None = None
    words = ""
    if not options.schema:
        try:
            app = chosen_app(ctx.workspace, options.app, options.folder)
            if app is not None:
                document, words = _exported(ctx, app, options)
                described += [Described(document)] if document is not None else []
        except CallboardError as error:
            troubles.append(str(error))
    for path in [options.schema] if options.schema else schema_files(ctx.workspace, options.folder):
        try:
            described.append(read_schema(ctx.workspace, path))
        except CallboardError as error:
            troubles.append(str(error))
            _report_unreadable(ctx, path, str(error))
    if not described:
        nothing = "no application and no openapi or swagger file is found"
        return unknown("; ".join(troubles) or words or nothing)
    return _judge(ctx, options, app, described, troubles, words)


def _exported(ctx: Context, app: App, options: SchemaOptions) -> tuple[dict[str, Any] | None, str]:
    with instance_of(ctx, app, options, serve=False) as instance:
        told = instance.told
    if told.schema is None:
        return None, f"{app.shown} ({told.kind}) makes no schema itself"
    path = ctx.scratch / "openapi.json"
    path.write_text(json.dumps(told.schema, indent=2), "utf-8")
    ctx.artifact(path, kind="openapi")
    return told.schema, f"exported from {app.shown} with {made_with(told.versions)}"


def _judge(
    ctx: Context, options: SchemaOptions, app: App | None, described: list[Described], troubles: list[str], words: str
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
    ctx.metric("operations", number)
    sources = [item.file for item in described if item.file]
    summary = f"{counted(number, 'operation')}, {counted(len(ctx.findings), 'fault')} in "
    summary += " and ".join([*([f"the schema {words}"] if words and not described[0].file else []), *sources[:3]])
    if not number and not troubles:
        return unknown(f"{summary}: the schema describes no operation, so nothing was checked")
    if troubles:
        summary += f"; not everything could be checked: {troubles[0]}"
        result = judged(ctx, options.fail_on, summary)
        return result if result.verdict == "fail" else unknown(summary)
    return judged(ctx, options.fail_on, summary)


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
