"""Python code that nothing uses, found by vulture."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, ToolRun, counted, unknown
from callboard_code_refactor.health import note
from callboard_code_refactor.sources import broken, fault, judge, large_note, python_files, sized

FOUND = re.compile(r"^(?P<path>.+?):(?P<line>\d+): (?P<what>.+) \((?P<sure>\d+)% confidence(?:, \d+ lines?)?\)$")
ENDINGS = {0, 1, 3}
USUAL = 80  # figures at another confidence do not belong in one row with these


def check_dead_code(ctx: Context, min_confidence: int, folder: str, fail_on: str) -> Result:
    """All files are given at once, since a use in one file is what keeps another's code alive."""
    if ctx.program("vulture") is None:
        return unknown("vulture is not installed; pip install 'callboard[tools]'")
    files, large = sized(ctx.workspace, python_files(ctx.workspace, folder))
    if not files:
        return unknown("; ".join(["there are no Python files to look at", *large_note(large)]))
    config = ctx.scratch / "vulture.toml"
    config.write_text(_config(ctx.workspace.path / "pyproject.toml", files), "utf-8")
    run = ctx.run_tool(
        ["vulture", "--config", str(config), "--min-confidence", str(min_confidence)],
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        timeout=500,
    )
    found = [match for match in map(FOUND.match, run.stdout.splitlines()) if match]
    # what vulture tells of them is cut where a line is very long: so we look ourselves which files do not parse
    torn = _torn(ctx, files) if run.stderr.strip() else {}
    if _crashed(run, bool(torn)):
        why = "took longer than 500 s" if run.timed_out else f"ended with {run.code}: {run.trouble}"
        return unknown(f"vulture {why}")
    for match in found:
        _report(ctx, match)
    for path, (line, words) in torn.items():
        ctx.finding(
            broken(path, f"no Python that can be parsed ({words}), so what it uses is not seen", "vulture", line)
        )
    looked = len(files) - len(torn)
    if looked <= 0:
        return unknown(f"none of {counted(len(files), 'Python file')} could be parsed")
    ctx.metric("refactor.dead_code", len(found))
    if min_confidence == USUAL:
        note(ctx, folder, dead_code=len(found))
    notes = [f"{counted(len(found), 'unused piece')} of code (confidence {min_confidence} % or more)"]
    return judge(ctx, fail_on, counted(looked, "file"), notes=[*notes, *large_note(large)])


def _torn(ctx: Context, files: list[str]) -> dict[str, tuple[int, str]]:
    return {path: wrong for path in files if (wrong := fault(ctx.workspace.path / path))}


def _config(own: Path, files: list[str]) -> str:
    """The project's own vulture settings with our list of files; values are written as JSON, which TOML reads."""
    try:
        settings: dict[str, Any] = tomllib.loads(own.read_text("utf-8"))["tool"]["vulture"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        settings = {}
    kept = {key: settings[key] for key in ("exclude", "ignore_decorators", "ignore_names") if key in settings}
    lines = [f"{key} = {_toml(value)}" for key, value in kept.items() if isinstance(value, list)]
    return "\n".join(["[tool.vulture]", f"paths = {_toml([f'./{name}' for name in files])}", *lines, ""])


def _toml(value: list[Any]) -> str:
    words = [json.dumps(str(item), ensure_ascii=False).replace("\x7f", "\\u007f") for item in value]
    return "[" + ", ".join(words) + "]"


def _crashed(run: ToolRun, broken: bool) -> bool:
    if run.timed_out or run.code not in ENDINGS or "Traceback (most recent call last)" in run.stderr:
        return True
    return run.code == 1 and not broken


def _report(ctx: Context, match: re.Match[str]) -> None:
    what = match["what"]
    rule = re.sub(r"[^a-z]+", "-", re.sub(r"'[^']*'", "", what).lower()).strip("-").removesuffix("-after")
    ctx.finding(
        Finding(
            rule=rule,
            severity=Severity.LOW,
            message=f"{what} ({match['sure']} % confidence); delete it, or whitelist it if it is used from outside",
            path=match["path"].removeprefix("./"),
            line=int(match["line"]),
            help="https://github.com/jendrikseipp/vulture#handling-false-positives",
            tool="vulture",
        )
    )
