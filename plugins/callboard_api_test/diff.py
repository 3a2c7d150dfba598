"""What the working tree changes of the API since an earlier commit, and which of it breaks callers."""

from collections.abc import Sequence
from dataclasses import replace

from callboard.api import (
    BoundaryError,
    CallboardError,
    Cell,
    Context,
    Figure,
    Figures,
    Finding,
    Result,
    Severity,
    Table,
    Words,
    Workspace,
    unknown,
)
from callboard_api_test import DiffOptions
from callboard_api_test.apps import App
from callboard_api_test.differences import Differences, differences
from callboard_api_test.found import Described, chosen_app, made_with, opened, read_schema, schema_files
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.history import Base, base_of, files_at
from callboard_api_test.importing import could_not
from callboard_api_test.judging import counted, judged
from callboard_api_test.narrowing import BREAKS, MAY_BREAK, Change
from callboard_api_test.openapi import operations
from callboard_api_test.schema import START_TIMEOUT, line_of

MENDS = {
    BREAKS: "keep the former form beside the new one, or give the API a new version",
    MAY_BREAK: "tell those who call it before it is released",
}


def check_diff(ctx: Context, options: DiffOptions) -> Result:
    """Failed for changes at or above `fail_on`: high breaks callers, medium may. UNKNOWN when one of both cannot be had."""
    try:
        base = base_of(ctx, options.base)
        now, how = _document(ctx, options, ctx.workspace)
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)
    try:
        former = files_at(ctx, base)
        try:
            was, _ = _document(ctx, options, former)
        except CallboardError as error:
            was, now, how = _by_files(ctx, options, former, error)
    except BoundaryError:
        raise
    except CallboardError as error:
        return unknown(f"the API of {base.shown} cannot be had: {error}")
    found = differences(was.document, now.document)
    app = chosen_app(ctx.workspace, options.app, options.folder)
    _report(ctx, app, now, found)
    return _judge(ctx, options, app, base, now, found, how)


def _document(ctx: Context, options: DiffOptions, workspace: Workspace) -> tuple[Described, str]:
    """The document of a tree: what its application says, else its file."""
    app = None if options.schema else chosen_app(workspace, options.app, options.folder)
    if app is None:
        return _file(workspace, options), "by its file"
    with opened(ctx, app, options, serve=False, workspace=workspace, start_timeout=START_TIMEOUT) as instance:
        told = instance.told
    if told.schema is None:
        return _file(workspace, options), "by its file"
    return Described(told.schema), f"of {app.shown} with {made_with(told.versions)}"


def _file(workspace: Workspace, options: DiffOptions) -> Described:
    files = [options.schema] if options.schema else schema_files(workspace, options.folder) or schema_files(workspace)
    if not files:
        raise CallboardError("there is neither an application that makes a schema nor an openapi or swagger file")
    return read_schema(workspace, files[0])


def _by_files(
    ctx: Context, options: DiffOptions, former: Workspace, error: CallboardError
) -> tuple[Described, Described, str]:
    """Both documents by the files of the commits, where the former application cannot be run any more."""
    try:
        return (
            _file(former, options),
            _file(ctx.workspace, options),
            f"by its file, since the former application cannot be run ({error})",
        )
    except CallboardError:
        raise error from None


def _report(ctx: Context, app: App | None, now: Described, found: Differences) -> None:
    for change in found.changes:
        path, line = _place(ctx, app, now, change)
        message = f"{change.operation}: {change.message}"
        if change.severity in MENDS:
            message += f"; {MENDS[change.severity]}"
        ctx.finding(Finding(change.rule, change.severity, message, path, line, tool="api.diff"))


def _place(ctx: Context, app: App | None, now: Described, change: Change) -> tuple[str, int]:
    if now.file:
        return now.file, line_of(ctx.workspace.text(now.file, 10_000_000), change.operation)
    names = {operation.label: operation.name for operation in operations(now.document)}
    path, line = place_of(find_handlers(ctx.workspace, app.folder if app else ""), change.operation, names)
    return (path, line) if path else (app.path, app.line) if app else ("", 0)


def _judge(
    ctx: Context, options: DiffOptions, app: App | None, base: Base, now: Described, found: Differences, how: str
) -> Result:
    may = sum(change.severity is MAY_BREAK for change in found.changes)
    total = sum(1 for _ in operations(now.document))
    gauge(ctx, app, "diff.breaking", found.breaking)
    gauge(ctx, app, "diff.changes", len(found.changes))
    _show(ctx, base, found, may)
    words = (
        f"{counted(total, 'operation')} {how} against {base.shown}: {found.breaking:,} breaking, {may:,} that may break"
    )
    words += f", {counted(len(found.changes) - found.breaking - may, 'slight change')}"
    words += f", {counted(len(found.added), 'operation')} added, {found.same:,} unchanged"
    if not total and not found.changes:
        return unknown(f"{words}: neither document describes an operation")
    if found.cut and not found.breaking:
        return unknown(f"{words}; they are too large or nested too deep to be compared to the end")
    return replace(judged(ctx, options.fail_on, words), outputs={"breaking": found.breaking, "base": base.commit})


def _show(ctx: Context, base: Base, found: Differences, may: int) -> None:
    figures = Figures(
        [
            Figure("breaking", found.breaking, state="bad" if found.breaking else "good"),
            Figure("may break", may, state="unsure" if may else "good"),
            Figure("added", len(found.added)),
            Figure("unchanged", found.same),
        ]
    )
    rows = [_row(change) for change in _ordered(found.changes)]
    words = Words(f"Compared with {base.shown}.")
    table = Table(("operation", "change", "for callers", "rule"), rows, title="Changes")
    added = Table(("operation",), [[label] for label in found.added], title="Added")
    ctx.show("contract", figures, words, *([table] if rows else []), *([added] if found.added else []))


def _row(change: Change) -> list[str | float | int | Cell | None]:
    return [change.operation, change.message, _cell(change.severity), change.rule]


def _cell(severity: Severity) -> Cell:
    said = {BREAKS: "breaks", MAY_BREAK: "may break"}.get(severity, "slight")
    return Cell(said, state="bad" if severity is BREAKS else "unsure" if severity is MAY_BREAK else "quiet")


def _ordered(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change.severity.rank, change.operation))
