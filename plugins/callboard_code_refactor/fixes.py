"""Ruff's safe fixes, made in a worktree and handed back as a patch with its proof; fixes that break the proof stay out."""

from collections.abc import Sequence
from dataclasses import replace

from callboard.api import BoundaryError, CallboardError, Context, Result, counted, unknown
from callboard_code_refactor.fixer import Fixer, Group
from callboard_code_refactor.ruff import RuffTrouble, under_torn
from callboard_code_refactor.sources import broken, python_files, sized


def make_fixes(
    ctx: Context, select: str, folder: str, with_tests: bool, tests_timeout: float, paths: Sequence[str] = ()
) -> Result:
    """Passed with a patch, or with nothing to fix; failed when no fix could be made that breaks nothing."""
    rules = ("--select", select) if select else ()
    files = tuple(name for name in python_files(ctx.workspace, folder) if not paths or name in paths)
    return fixed(ctx, [Group(rules, files)], folder, with_tests, tests_timeout)


def fixed(
    ctx: Context,
    groups: Sequence[Group],
    folder: str,
    with_tests: bool,
    tests_timeout: float,
    name: str = "safe-fixes",
) -> Result:
    """The same for files that are fixed by rules of their own; what is protected is left alone."""
    if ctx.program("ruff") is None:
        return unknown("ruff is not installed; pip install 'callboard[tools]'")
    groups = [Group(group.options, tuple(sized(ctx.workspace, group.files)[0])) for group in groups]
    torn, refused = under_torn(ctx.workspace, [path for group in groups for path in group.files])
    for path, words in torn.items() if refused else ():
        ctx.finding(broken(path, f"no TOML ({words})", "ruff", 0))
    allowed = [
        Group(group.options, tuple(path for path in group.files if path not in refused and _allowed(ctx, path)))
        for group in groups
    ]
    if not any(group.files for group in allowed):
        why = "; ".join(f"{path} is no TOML ({words})" for path, words in torn.items())
        return unknown(
            f"nothing was fixed, since ruff cannot read its settings: {why}"
            if refused
            else "there are no Python files to fix"
        )
    try:
        with ctx.worktree() as tree:
            result = Fixer(ctx, tree, allowed, folder, with_tests, tests_timeout, name).fixed()
    except RuffTrouble as trouble:
        return unknown(str(trouble))
    except CallboardError as error:
        return unknown(f"no worktree could be made, so nothing was fixed: {error}")
    if refused:
        note = f"{counted(len(refused), 'file')} below settings that are no TOML left out ({', '.join(torn)})"
        return replace(result, summary=f"{result.summary}; {note}")
    return result


def _allowed(ctx: Context, path: str) -> bool:
    try:
        ctx.boundary.check_path(path)
    except BoundaryError:
        return False
    return True
