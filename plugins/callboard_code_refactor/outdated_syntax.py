"""Syntax that the project's oldest Python has a better form for, by ruff's UP rules."""

import ast
import configparser
import re
from collections.abc import Sequence

from callboard.api import Context, Finding, Result, Severity, Verdict, Workspace, counted, failed, unknown
from callboard_code_refactor.fixer import Group
from callboard_code_refactor.fixes import fixed
from callboard_code_refactor.health import note
from callboard_code_refactor.ruff import Diagnostic, RuffTrouble, diagnostics, ruff_files, under_torn
from callboard_code_refactor.sources import (
    broken,
    fault,
    in_utf8,
    is_template,
    judge,
    large_note,
    nearest,
    python_files,
    sized,
)

FIRST_KNOWN, LAST_KNOWN = 7, 14


def check_syntax(
    ctx: Context, target: str, folder: str, fail_on: str, patch: bool, paths: Sequence[str] = ()
) -> Result:
    """The project's own ruff settings hold, but the rules are UP and nothing is fixed, except in the patch.

    Ruff follows a `target-version` of its settings; the oldest Python that a nested project declares, it is told.
    """
    if ctx.program("ruff") is None:
        return unknown("ruff is not installed; pip install 'callboard[tools]'")
    chosen_files = [name for name in python_files(ctx.workspace, folder) if not paths or name in paths]
    files, large = sized(ctx.workspace, chosen_files)
    if not files:
        return unknown("; ".join(["there are no Python files to look at", *large_note(large)]))
    if target and not re.fullmatch(r"py3\d{1,2}", target):
        return unknown(f"the option target is '{target}'; it looks like 'py311'")
    files, others = in_utf8(ctx.workspace, files)
    for path in others:
        if wrong := fault(ctx.workspace.path / path):
            why = f"no Python that can be parsed ({wrong[1]}), so it was not looked at"
            ctx.finding(broken(path, why, "ruff", wrong[0]))
    torn, refused = under_torn(ctx.workspace, files)
    found: list[Diagnostic] = []
    groups: list[Group] = []
    looked = 0
    undeclared = False
    try:
        for version, members in _groups(ctx.workspace, files, target).items():
            told = ("--target-version", version) if version.startswith("py") else ()
            for isolated in (False, True):
                part = [name for name in members if (name in refused) == isolated]
                # without the settings, which cannot be read, ruff goes by its own
                alone = ("--isolated",) if isolated else ()
                kept = ruff_files(ctx, ctx.workspace.path, part, alone)
                looked += len(kept)
                undeclared |= version == "" and bool(kept)
                chosen = ("--select", "UP", *told, *alone)
                found += diagnostics(ctx, ctx.workspace.path, kept, chosen) if kept else []
                groups += [] if isolated else [Group(chosen, tuple(part))]
    except RuffTrouble as trouble:
        return unknown(str(trouble))
    notes = ["no requires-python is declared, so ruff's own default holds"] if undeclared else []
    notes += [f"{counted(len(others), 'file')} not in UTF-8 left out"] if others else []
    for path, why in torn.items():
        ctx.finding(broken(path, f"no TOML ({why})", "ruff", 0))
    spoilt = [path for path in torn if not is_template(ctx.workspace, path)]
    unread = [f"the settings of {path}, which is no TOML" for path in spoilt] if refused else []
    result = _judge(ctx, found, looked, folder, fail_on, [*notes, *large_note(large)], unread)
    if not patch or (result.verdict is Verdict.UNKNOWN and not looked) or not any(item.safe for item in found):
        return result
    made = fixed(ctx, groups, folder, with_tests=True, tests_timeout=120.0, name="newer-syntax")
    summary = f"{result.summary}; {made.summary}"
    if result.verdict is Verdict.FAIL:
        return failed(summary, outputs=made.outputs)
    return Result(made.verdict, summary, outputs=made.outputs)


def _judge(
    ctx: Context,
    found: list[Diagnostic],
    looked: int,
    folder: str,
    fail_on: str,
    notes: list[str],
    unchecked: list[str],
) -> Result:
    torn = {item.path for item in found if item.rule == "invalid-syntax"}
    seen: set[str] = set()
    for item in found:
        if item.path not in torn:
            _report(ctx, item)
        elif item.path not in seen:
            why = f"no Python that can be parsed ({item.message}), so it was not looked at"
            ctx.finding(broken(item.path, why, "ruff", item.line))
            seen.add(item.path)
    if looked == len(torn):
        why = f"none of {counted(looked, 'file')} could be parsed" if looked else "ruff reads none of the files"
        return unknown("; ".join([why, *notes]))
    outdated = [item for item in found if item.path not in torn]
    safe = sum(item.safe for item in outdated)
    ctx.metric("refactor.outdated_syntax", len(outdated))
    note(ctx, folder, outdated=len(outdated))
    words = counted(len(outdated), "outdated form") + (f", {safe} with a safe fix" if outdated else "")
    return judge(ctx, fail_on, counted(looked - len(torn), "file"), notes=[words, *notes], unchecked=unchecked)


def _report(ctx: Context, item: Diagnostic) -> None:
    mend = "; 'refactor.outdated_syntax' with the option patch can do it" if item.safe else ""
    ctx.finding(
        Finding(
            rule=item.rule,
            severity=Severity.LOW,
            message=item.message + mend,
            path=item.path,
            line=item.line,
            column=item.column,
            end_line=item.end_line,
            help=item.help,
            tool="ruff",
        )
    )


def _groups(workspace: Workspace, files: Sequence[str], target: str) -> dict[str, list[str]]:
    """Files by the version to tell ruff: 'py38', 'own' where its settings say it, '' where none is declared."""
    if target:
        return {target: list(files)}
    versions: dict[str, str] = {}
    for folder in workspace.folders_with("pyproject.toml", "ruff.toml", ".ruff.toml", "setup.cfg", "setup.py"):
        declared = _declared(workspace, folder)
        if declared:
            versions[folder] = declared
    groups: dict[str, list[str]] = {}
    for name in files:
        folder_of = nearest(name, versions)
        groups.setdefault("" if folder_of is None else versions[folder_of], []).append(name)
    return groups


def _declared(workspace: Workspace, folder: str) -> str:
    prefix = f"{folder}/" if folder else ""
    project = workspace.toml(f"{prefix}pyproject.toml")
    settings = workspace.toml(f"{prefix}ruff.toml") | workspace.toml(f"{prefix}.ruff.toml")
    own = project.get("project")
    tools = project.get("tool")
    ruff = tools.get("ruff") if isinstance(tools, dict) else None
    if "target-version" in settings or (isinstance(ruff, dict) and "target-version" in ruff):
        return "own"
    wanted = own.get("requires-python", "") if isinstance(own, dict) else ""
    poetry = tools.get("poetry") if isinstance(tools, dict) else None
    if not wanted and isinstance(poetry, dict) and isinstance(poetry.get("dependencies"), dict):
        wanted = poetry["dependencies"].get("python", "")
    return oldest(str(wanted) or _from_setup(workspace, prefix))


def _from_setup(workspace: Workspace, prefix: str) -> str:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        config.read_string(workspace.text(f"{prefix}setup.cfg"))
        declared = config.get("options", "python_requires", fallback="")
    except configparser.Error:
        declared = ""
    if declared:
        return declared
    try:
        tree = ast.parse(workspace.text(f"{prefix}setup.py"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "python_requires" and isinstance(node.value, ast.Constant):
            return str(node.value.value)
    return ""


def oldest(specifier: str) -> str:
    """The ruff name of the oldest Python that a specifier such as '>=3.8,<4' allows; '' when it names none."""
    match = re.search(r"(?:>=|~=|==|\^|~)\s*3\.(\d{1,2})|>\s*3\.(\d{1,2})", specifier)
    if match is None:
        return ""
    minor = int(match[1]) if match[1] else int(match[2]) + 1
    return f"py3{min(max(minor, FIRST_KNOWN), LAST_KNOWN)}"
