"""Running ruff so that it only looks, and reading what it says."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import Context, Workspace, clean
from callboard_code_refactor.sources import batches, inside, torn_toml

LOOK_ONLY = ("--no-fix", "--no-fix-only", "--no-unsafe-fixes")


class RuffTrouble(Exception):
    """Ruff could not do its work; the text is its own words."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that ruff noticed. `path` is relative to where it ran; `safe` when it has a safe fix."""

    rule: str
    message: str
    path: str
    line: int
    column: int
    end_line: int
    help: str
    safe: bool


def ruff_files(ctx: Context, where: Path, files: Sequence[str], options: Sequence[str] = ()) -> list[str]:
    """Those of the files that the project's own ruff settings do not exclude."""
    kept: list[str] = []
    for batch in batches(files):
        text = _ruff(ctx, where, ["--show-files", "--force-exclude", "--no-cache", *LOOK_ONLY, *options, "--", *batch])
        for line in text.splitlines():
            try:
                kept.append(Path(line).relative_to(where.resolve()).as_posix())
            except ValueError:
                continue
    wanted = set(files)
    return [name for name in kept if name in wanted]


def under_torn(workspace: Workspace, files: Iterable[str]) -> tuple[dict[str, str], set[str]]:
    """The ruff settings that are no TOML with the parser's words, and the files below them, which ruff refuses for it."""
    torn = torn_toml(workspace, "pyproject.toml", "ruff.toml", ".ruff.toml")
    folders = {path.rpartition("/")[0] for path in torn}
    return torn, {name for name in files if any(inside(name, folder) for folder in folders)}


def diagnostics(
    ctx: Context, where: Path, files: Sequence[str], options: Sequence[str], *, fix: bool = False
) -> list[Diagnostic]:
    """What ruff notices in the files; with `fix` what is left after its safe fixes. Raises `RuffTrouble`."""
    how = ("--fix", "--no-fix-only", "--no-unsafe-fixes") if fix else LOOK_ONLY
    found: list[Diagnostic] = []
    for batch in batches(files):
        words = ["--output-format", "json", "--no-cache", "--exit-zero", "--quiet", *how, *options, "--", *batch]
        try:
            told = json.loads(_ruff(ctx, where, words) or "[]")
            found += [_diagnostic(item, where.resolve()) for item in told]
        except (ValueError, KeyError, TypeError) as error:
            raise RuffTrouble(f"ruff gave a report that cannot be read ({error})") from error
    return found


def _ruff(ctx: Context, where: Path, words: Sequence[str]) -> str:
    run = ctx.run_tool(
        ["ruff", "check", *words], cwd=where, env={"NO_COLOR": "1", "RUFF_NO_CACHE": "true"}, timeout=300
    )
    if run.code != 0:
        lines = [line.strip() for line in run.stderr.splitlines() if line.strip(" |^")]
        raise RuffTrouble(f"ruff ended with {run.code}: {clean('; '.join(lines)[-400:] or run.trouble)}")
    return run.stdout


def _diagnostic(item: Mapping[str, Any], where: Path) -> Diagnostic:
    path = Path(item["filename"])
    fix = item.get("fix") or {}
    return Diagnostic(
        rule=str(item.get("code") or "invalid-syntax"),
        message=str(item["message"]),
        path=path.relative_to(where).as_posix() if path.is_relative_to(where) else path.as_posix(),
        line=int(item["location"]["row"]),
        column=int(item["location"]["column"]),
        end_line=int(item["end_location"]["row"]),
        help=str(item.get("url") or ""),
        safe=fix.get("applicability") == "safe",
    )
