"""OpenSpec by its own command line, where it is installed: what is invalid, what each change lacks, and archiving as a patch."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    clean,
    counted,
    failed,
    judged,
    passed,
    unknown,
)
from callboard_config.envfiles import in_tree
from callboard_config.options import Archive, OpenSpec

QUIET = {"OPENSPEC_TELEMETRY": "0", "DO_NOT_TRACK": "1", "OPENSPEC_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
LEVELS = {"ERROR": Severity.MEDIUM, "WARNING": Severity.LOW, "INFO": Severity.INFO}
REFUSES = "Archive would refuse"
NAME = re.compile(r"[^\W_][\w. -]{0,199}")
MISSING = "openspec is not installed; `callboard tools install openspec`, or npm install -D @fission-ai/openspec"
MOST_CHANGES = 200
MOST_ISSUES = 500
CALL_S = 120.0


def validate(ctx: Context, options: OpenSpec) -> Result:
    """Findings for what `openspec validate` says, and a section with what each change still lacks."""
    if ctx.program("openspec") is None:
        return unknown(MISSING)
    strict = ["--strict"] if options.strict else []
    told, trouble = _asked(ctx, "validate", "--all", *strict, "--json", "--no-interactive")
    items = [item for item in _list(told, "items") if isinstance(item, dict)]
    if trouble or not isinstance(told.get("items"), list):
        return unknown(f"openspec validate gave no report: {trouble or _status(told)}")
    for item in items:
        for issue in _list(item, "issues")[:MOST_ISSUES]:
            if isinstance(issue, dict):
                ctx.finding(_finding(item, issue))
    changes = [str(item.get("id", "")) for item in items if item.get("type") == "change"]
    states, unchecked = _states(ctx, changes if options.status else [])
    _show(ctx, items, states)
    if not items:
        return unknown("openspec knows no change and no spec here")
    specs = len(items) - len(changes)
    looked_at = " and ".join(counted(n, noun) for n, noun in ((len(changes), "change"), (specs, "spec")) if n)
    return judged(ctx, options.fail_on, looked_at, unchecked=unchecked, notes=[])


def _finding(item: Mapping[str, Any], issue: Mapping[str, Any]) -> Finding:
    name, kind = str(item.get("id", "")), str(item.get("type", ""))
    below = str(issue.get("path", "")).strip("/")
    message = str(issue.get("message", "")) or "it is invalid"
    if kind == "spec":
        path = f"openspec/specs/{name}/spec.md"
    else:
        inside = (
            f"specs/{below}"
            if below.endswith(".md") and not below.startswith(("specs/", "tasks", "proposal"))
            else below
        )
        path = f"openspec/changes/{name}/{inside}" if inside.endswith(".md") else f"openspec/changes/{name}"
    severity = LEVELS.get(str(issue.get("level", "")), Severity.LOW)
    if message.startswith(REFUSES):
        severity = min(severity, Severity.LOW, key=lambda one: one.rank)
    rule = "openspec-archive" if message.startswith(REFUSES) else f"openspec-{kind or 'item'}"
    return Finding(
        rule=rule,
        severity=severity,
        path=clean(path, 500),
        message=clean(f"{kind} '{name}': {message}", 1_500),
        tool="openspec",
    )


def _states(ctx: Context, changes: list[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What each change has and lacks by its schema, and what could not be asked."""
    found: dict[str, dict[str, Any]] = {}
    dumb: list[str] = []
    asked = [name for name in changes[:MOST_CHANGES] if NAME.fullmatch(name)]
    for number, name in enumerate(asked):
        ctx.progress(number / len(asked), name)
        told, trouble = _asked(ctx, "status", "--change", name, "--json")
        if trouble or not isinstance(told.get("artifacts"), list):
            dumb.append(name)
        else:
            found[name] = told
    left = len(changes) - len(asked)
    unchecked = [f"the status of {counted(len(dumb), 'change')}"] if dumb else []
    return found, unchecked + ([f"the status of {left} more"] if left and changes else [])


def _show(ctx: Context, items: list[dict[str, Any]], states: Mapping[str, Mapping[str, Any]]) -> None:
    bad = sum(item.get("valid") is not True for item in items)
    rows: list[list[Any]] = []
    for item in items:
        name = str(item.get("id", ""))
        issues = _list(item, "issues")
        parts = [part for part in _list(states.get(name, {}), "artifacts") if isinstance(part, dict)]
        done = sum(part.get("status") == "done" for part in parts)
        lacks = ", ".join(str(part.get("id", "")) for part in parts if part.get("status") != "done")
        words = f"{done} of {len(parts)}{f', lacks {lacks}' if lacks else ''}" if parts else ""
        valid = item.get("valid") is True
        rows.append(
            [
                str(item.get("type", "")),
                clean(name, 200),
                Cell("valid", state="good") if valid else Cell("invalid", state="bad"),
                len(issues),
                clean(words, 200),
            ]
        )
    rows.sort(key=lambda row: (row[2].text == "valid", row[0], row[1]))
    ctx.show(
        "openspec",
        Figures([Figure("changes and specs", len(items)), Figure("invalid", bad, state="bad" if bad else "good")]),
        Table(["kind", "name", "state", "remarks", "documents"], rows[:MOST_CHANGES]),
    )
    ctx.metric("config.openspec.invalid", bad, "items")


def archive(ctx: Context, options: Archive) -> Result:
    """A patch that is what `openspec archive` would do; nothing is changed before a person accepts it."""
    name = options.change.strip()
    if not NAME.fullmatch(name) or ".." in name:
        return unknown(f"'{clean(name, 100)}' is no name of a change; write the name of its folder")
    if ctx.program("openspec") is None:
        return unknown(MISSING)
    try:
        with ctx.worktree() as tree:
            return _archived(ctx, options, name, tree, in_tree(ctx, tree.path))
    except BoundaryError as error:
        return unknown(f"no patch is kept: {error}")
    except CallboardError as error:
        return unknown(str(error))


def _archived(ctx: Context, options: Archive, name: str, tree: Any, place: Path) -> Result:
    told, trouble = _asked(ctx, "list", "--json", cwd=place)
    change = next((c for c in _list(told, "changes") if isinstance(c, dict) and c.get("name") == name), None)
    if change is None:
        return unknown(
            f"there is no open change '{name}': {trouble or _status(told) or 'openspec list does not name it'}"
        )
    done, total = change.get("completedTasks"), change.get("totalTasks")
    if done != total and not options.unfinished:
        return failed(
            f"{done} of {total} tasks of '{name}' are done; finish them, or archive it with unfinished = true"
        )
    skip = ["--skip-specs"] if options.skip_specs else []
    told, trouble = _asked(ctx, "archive", name, "--yes", "--json", *skip, cwd=place)
    result = told.get("archive")
    if trouble or not isinstance(result, dict):
        return failed(f"{done} of {total} tasks done, but archive refuses: {trouble or _status(told)}")
    checked, _ = _asked(ctx, "validate", "--specs", "--strict", "--json", "--no-interactive", cwd=place)
    bad = [
        str(item.get("id", ""))
        for item in _list(checked, "items")
        if isinstance(item, dict) and item.get("valid") is not True
    ]
    totals = result.get("totals")
    counts = ", ".join(f"{key} {value}" for key, value in totals.items() if value) if isinstance(totals, dict) else ""
    checks = [
        {"name": "tasks that are done", "before": f"{done} of {total}", "after": f"{done} of {total}"},
        {"name": "specs are valid", "before": "", "after": f"no: {', '.join(bad[:5])}" if bad else "yes"},
    ]
    words = f"Archives '{name}' as {result.get('archivedAs', '')}; requirements of the specs: {counts or 'unchanged'}."
    kept = ctx.patch(tree, f"archive-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)[:80]}", {"checks": checks, "words": words})
    if kept is None:
        return unknown(f"archiving '{name}' changed no file that git looks after")
    return passed(f"a patch archives '{name}' ({counts or 'specs unchanged'}); it waits for a person's acceptance")


def _asked(ctx: Context, *words: str, cwd: Path | None = None) -> tuple[dict[str, Any], str]:
    """What openspec answers as JSON, and why there is none."""
    run = ctx.run_tool(["openspec", *words], cwd=cwd, env=QUIET, timeout=CALL_S)
    try:
        told = json.loads(run.stdout)
    except (ValueError, RecursionError):
        return {}, run.trouble or clean(
            run.stderr.strip().splitlines()[-1] if run.stderr.strip() else f"exit {run.code}", 300
        )
    return (told, "") if isinstance(told, dict) else ({}, "it printed no object")


def _status(told: Mapping[str, Any]) -> str:
    first = next((s for s in _list(told, "status") if isinstance(s, dict)), {})
    return clean(str(first.get("message", "")), 500)


def _list(told: Mapping[str, Any], key: str) -> list[Any]:
    value = told.get(key)
    return value if isinstance(value, list) else []
