"""Code that stands in more than one place: jscpd for all languages, pylint's symilar for Python where jscpd is not there."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.api import Cell, Context, Figure, Figures, Finding, Result, Severity, Table, Words, counted, unknown
from callboard_code_refactor.groups import Clone, Group, Place, grouped
from callboard_code_refactor.health import note
from callboard_code_refactor.sources import TESTS, code_files, judge, large_note, python_files, sized
from callboard_code_refactor.symilar import symilar_clones

HAND_OVER = frozenset(
    "ignorePattern mode maxLines ignoreCase ignoreIdentifiers ignoreLiterals ignoreAnnotations".split()
)
INSTALL = "callboard tools install jscpd, or symilar for Python alone"
SHOWN = 100
MOST_FINDINGS = 500
IMPORTS = re.compile(
    r"\s*(?:from\s+\S+\s+import\b|import\b|export\s.*\bfrom\b|[\w\s,*{}()]*(?:,|\)|\}(?:\s*from\s+\S+)?;?)?\s*$|#|//)"
)


@dataclass(slots=True)
class Copies:
    """What a tool found. `lines` and `duplicated` are its own totals; `trouble` says why there is nothing.

    `is_broken` when the tool itself does not work.
    """

    tool: str
    files: int
    clones: list[Clone] = field(default_factory=list)
    lines: int = 0
    duplicated: int = 0
    percent: float = 0.0
    notes: list[str] = field(default_factory=list)
    trouble: str = ""
    is_broken: bool = False


def check_clones(ctx: Context, limit: float, min_lines: int, min_tokens: int, folder: str, fail_on: str) -> Result:
    """One finding for each group of copies; with a `limit` a larger share of duplicated lines is a high finding."""
    files, large = sized(ctx.workspace, code_files(ctx.workspace, folder))
    if not files:
        return unknown("; ".join(["there are no source files to compare", *large_note(large)]))
    if ctx.program("jscpd") is not None:
        copies = _by_jscpd(ctx, files, min_lines, min_tokens)
        if copies.is_broken and ctx.program("symilar") is not None:
            copies = _by_symilar(ctx, folder, min_lines, copies.trouble)
    elif ctx.program("symilar") is not None:
        copies = _by_symilar(ctx, folder, min_lines, "jscpd is not installed")
    else:
        return unknown(f"neither jscpd nor symilar is installed; {INSTALL}")
    if copies.trouble:
        return unknown(copies.trouble)
    groups = grouped(copies.clones)
    for group in groups[:MOST_FINDINGS]:
        ctx.finding(_finding(ctx, group, copies.tool))
    share = f"{copies.percent:.1f} % of {counted(copies.lines, 'line')} duplicated"
    if limit and copies.percent > limit:
        message = f"{share}, {limit:g} % is allowed; begin with the largest group"
        ctx.finding(Finding("duplication-limit", Severity.HIGH, message, tool=copies.tool))
    _show(ctx, copies, groups)
    ctx.metric("refactor.duplication", round(copies.percent, 2), "%")
    ctx.metric("refactor.duplication.groups", len(groups))
    note(ctx, folder, duplication=copies.percent)
    notes = [share, f"{counted(len(copies.clones), 'pair')} by {copies.tool} in {counted(len(groups), 'group')}"]
    if len(groups) > MOST_FINDINGS:
        notes.append(f"the {len(groups) - MOST_FINDINGS} smallest groups are only counted")
    return judge(ctx, fail_on, counted(copies.files, "file"), notes=[*notes, *copies.notes, *large_note(large)])


def _by_jscpd(ctx: Context, files: Sequence[str], min_lines: int, min_tokens: int) -> Copies:
    settings = _project_settings(ctx)
    ignored = [str(item) for item in _list(settings.get("ignore"))]
    place = ctx.scratch / "jscpd"
    place.mkdir()
    config: dict[str, Any] = {
        **{key: value for key, value in settings.items() if key in HAND_OVER},
        "path": [str(ctx.workspace.path / name) for name in files],
        "ignore": ignored,
        "minLines": min_lines,
        "minTokens": min_tokens,
        "maxSize": "5mb",
        "reporters": ["json", "sarif"],
        "output": str(place),
        "absolute": True,  # else a name is relative to whatever path of the list it was found by
        "gitignore": False,
        "noSymlinks": True,
    }
    written = ctx.scratch / "jscpd.json"
    written.write_text(json.dumps(config), "utf-8")
    run = ctx.run_tool(["jscpd", "--no-colors", "--config", str(written)], env={"NO_COLOR": "1"}, timeout=300)
    copies = Copies("jscpd", len(files))
    try:
        told = json.loads((place / "jscpd-report.json").read_text("utf-8"))
        total = told["statistics"]["total"]
        copies.clones = [_clone(item, ctx.workspace.path) for item in told["duplicates"]]
        copies.lines, copies.duplicated = int(total["lines"]), int(total["duplicatedLines"])
        copies.percent = float(total["percentage"])
    except (OSError, ValueError, KeyError, TypeError):
        copies.is_broken = True
        copies.trouble = f"jscpd gave no report that can be read (exit {run.code}): {run.trouble}"
        return copies
    if not copies.lines:
        reason = "its settings leave out every file" if ignored else f"no file has as many as {min_tokens} tokens"
        copies.trouble = f"jscpd compared nothing: {reason}"
    if ignored:
        copies.notes.append("what the project's jscpd settings ignore is left out")
    if (place / "jscpd-report.sarif").exists():
        ctx.artifact(place / "jscpd-report.sarif", "clones.sarif", kind="sarif")
    return copies


def _project_settings(ctx: Context) -> Mapping[str, Any]:
    """The project's own settings for jscpd, read as data."""
    for name, key in ((".jscpd.json", ""), ("package.json", "jscpd")):
        try:
            told = json.loads(ctx.workspace.text(name))
        except (ValueError, RecursionError):
            continue
        found = told.get(key) if key and isinstance(told, dict) else told
        if isinstance(found, dict):
            return found
    return {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _clone(item: Mapping[str, Any], top: Path) -> Clone:
    def place(side: str) -> Place:
        name = Path(str(item[side]["name"]))
        inner = name.relative_to(top) if name.is_relative_to(top) else name
        return Place(inner.as_posix(), int(item[side]["start"]), int(item[side]["end"]))

    first, second = place("firstFile"), place("secondFile")
    return Clone(first, second, int(item["lines"]), int(item["tokens"]))


def _by_symilar(ctx: Context, folder: str, min_lines: int, why: str) -> Copies:
    files, _ = sized(ctx.workspace, python_files(ctx.workspace, folder))
    copies = Copies("symilar", len(files))
    if not files:
        copies.trouble = f"without jscpd only Python is compared, and there is none ({why}); {INSTALL}"
        return copies
    found = symilar_clones(ctx, files, min_lines)
    copies.clones, copies.lines, copies.duplicated, copies.percent = (
        found.clones,
        found.lines,
        found.duplicated,
        found.percent,
    )
    copies.files = found.files
    copies.trouble = found.trouble
    copies.notes = [*found.notes, f"Python alone, and only between files: {why}"]
    return copies


def _finding(ctx: Context, group: Group, tool: str) -> Finding:
    places = group.places
    first = places[0]
    others = ", ".join(f"{place.path}:{place.start}" for place in places[1:6])
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    imports = _only_imports(ctx, first)
    tests = all(TESTS.search(place.path) for place in places)
    size = counted(group.lines, "line") + (f" ({group.tokens:,} tokens)" if group.tokens else "")
    what = "imports stand" if imports else "stand"
    mend = "let one place bring them" if imports else "give the common part a name, and call it from all"
    return Finding(
        rule="duplicate-code",
        severity=Severity.INFO if imports or tests else Severity.LOW,
        message=f"{size} {'of ' if imports else ''}{what} in {len(places)} places: here and in {others}{more}; {mend}",
        path=first.path,
        line=first.start,
        end_line=first.end,
        tool=tool,
    )


def _only_imports(ctx: Context, place: Place) -> bool:
    lines = ctx.workspace.text(place.path).splitlines()[place.start - 1 : place.end]
    if any(len(line) > 200 for line in lines):
        return False
    return any("import" in line for line in lines) and all(IMPORTS.match(line) for line in lines if line.strip())


def _show(ctx: Context, copies: Copies, groups: Sequence[Group]) -> None:
    rows = [
        [
            group.lines,
            group.tokens or None,
            len(group.places),
            Cell(_named(group.places[0]), path=group.places[0].path, line=group.places[0].start),
            Cell(_named(group.places[1]), path=group.places[1].path, line=group.places[1].start),
        ]
        for group in groups[:SHOWN]
    ]
    figures = [
        Figure("duplicated lines", round(copies.percent, 1), "%", note=f"{copies.duplicated:,} of {copies.lines:,}"),
        Figure("groups", len(groups)),
        Figure("files compared", copies.files, note=f"by {copies.tool}"),
    ]
    table = Table(
        ["lines", "tokens", "places", "first", "second"], rows, title="Largest groups", more=max(0, len(groups) - SHOWN)
    )
    words = [Words("; ".join(copies.notes))] if copies.notes else []
    ctx.show("duplication", Figures(figures), table, *words)


def _named(place: Place) -> str:
    return f"{place.path}:{place.start}-{place.end}"
