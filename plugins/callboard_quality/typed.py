"""The action `quality.types`: the type checker that the workspace is configured for, from its own environment."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    ToolRun,
    Workspace,
    failed,
    failing,
    load_json,
    passed,
    sarif_of,
    set_apart,
    unknown,
)
from callboard_quality.options import TypeOptions
from callboard_quality.packages import described, is_installed, missing_words, own_program, read_package
from callboard_quality.projects import ini_section, table

LEVELS = {"error": Severity.MEDIUM, "warning": Severity.LOW, "note": Severity.INFO, "information": Severity.INFO}
MYPY_LINE = re.compile(
    r"^(?P<path>[^\n]+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<level>error|warning|note): (?P<text>.*?)"
    r"(?:  \[(?P<code>[\w-]+)\])?$",
    re.MULTILINE,
)
TSC_LINE = re.compile(
    r"^(?:(?P<path>[^\n(]+)\((?P<line>\d+),(?P<column>\d+)\): )?error (?P<code>TS\d+): (?P<text>.*)$", re.MULTILINE
)
MYPY_SUMMARY = re.compile(r"^(?:Success: no issues found in|Found .* \(checked) (\d+) source files?", re.MULTILINE)


def configured_checkers(workspace: Workspace, folder: str) -> list[str]:
    """Of mypy, pyright and tsc, those that the project has a configuration for."""
    prefix = f"{folder}/" if folder else ""
    tool = table(workspace.toml(f"{prefix}pyproject.toml"), "tool")
    here = workspace.path / folder
    found = []
    files = any((here / name).is_file() for name in ("mypy.ini", ".mypy.ini"))
    if "mypy" in tool or files or ini_section(workspace, folder, "setup.cfg", "mypy"):
        found.append("mypy")
    if "pyright" in tool or (here / "pyrightconfig.json").is_file():
        found.append("pyright")
    if (here / "tsconfig.json").is_file() and "typescript" in described(
        workspace, folder, read_package(workspace, folder)
    ).dependencies:
        found.append("tsc")
    return found


def own_checker(python: Path | None, name: str) -> Path | None:
    """The checker in the environment of an interpreter, None when it is not there."""
    program = python.parent / name if python is not None else None
    return program if program is not None and program.is_file() else None


def run_types(ctx: Context, options: TypeOptions) -> Result:
    """Runs the configured checker as the project's own configuration says."""
    configured = configured_checkers(ctx.workspace, options.folder)
    if options.checker != "auto":
        configured = [options.checker]
    if not configured:
        return unknown("types were not checked: the project is configured for neither mypy nor pyright nor tsc")
    if configured[0] == "tsc":
        return _with_tsc(ctx, options)
    python = ctx.python_of(options.folder)
    if python is None:
        return unknown("types were not checked: the workspace has no virtual environment; make one in .venv")
    name, program = next(((n, p) for n in configured if (p := own_checker(python, n))), ("", None))
    if program is None:
        return unknown(f"types were not checked: {python.parent.parent.name} has no {configured[0]}; install it there")
    here = ctx.workspace.path / options.folder
    if name == "mypy":
        words = [
            "--no-pretty",
            "--no-color-output",
            "--show-column-numbers",
            "--show-error-codes",
            "--error-summary",
            f"--cache-dir={ctx.scratch / 'mypy'}",
        ]
        run = ctx.run_tool([program, *words, *_mypy_targets(ctx, options.folder)], cwd=here, timeout=options.timeout)
    else:
        run = ctx.run_tool([program, "--outputjson"], cwd=here, timeout=options.timeout)
    if run.timed_out:
        return unknown(f"types were not checked: {name} took longer than {options.timeout:.0f} s")
    try:
        files, findings = _mypy(run, here) if name == "mypy" else _pyright(run)
    except CallboardError as error:
        return unknown(f"types were not checked: {name} ended with code {run.code}: {run.trouble or error}")
    return _judged(ctx, options, name, files, findings)


def _with_tsc(ctx: Context, options: TypeOptions) -> Result:
    """The workspace's own tsc on tsconfig.json, and on what that refers to."""
    found = described(ctx.workspace, options.folder, read_package(ctx.workspace, options.folder))
    if not is_installed(ctx.workspace, options.folder):
        missing = missing_words(options.folder, found).partition(", or set")[0]
        return unknown(f"types were not checked: {missing}")
    program = own_program(ctx.workspace, options.folder, "tsc")
    if program is None:
        return unknown(f"types were not checked: node_modules has no typescript; run '{found.command}' first")
    here = ctx.workspace.path / options.folder
    text = ctx.workspace.text(f"{options.folder}/tsconfig.json" if options.folder else "tsconfig.json", 200_000)
    parts = re.findall(r'"path"\s*:\s*"([^"]+)"', text.partition('"references"')[2]) or ["tsconfig.json"]
    files, findings = set[str](), list[Finding]()
    for part in parts:
        words = [
            "--noEmit",
            "--pretty",
            "false",
            "--incremental",
            "false",
            "--composite",
            "false",
            "--listFiles",
            "-p",
            part,
        ]
        run = ctx.run_tool([program, *words], cwd=here, timeout=options.timeout)
        if run.timed_out:
            return unknown(f"types were not checked: tsc took longer than {options.timeout:.0f} s")
        listed = {line for line in run.stdout.splitlines() if line.startswith("/") and "/node_modules/" not in line}
        told = list(_tsc(run.stdout, here))
        if run.code not in (0, 1, 2) or (run.code != 0 and not told):
            return unknown(f"types were not checked: tsc ended with code {run.code}: {run.trouble}")
        setting = [finding for finding in told if not finding.path and not listed]
        if setting:
            return unknown(f"types were not checked: {setting[0].rule}: {setting[0].message}")
        files |= listed
        findings += told
    return _judged(ctx, options, "tsc", len(files), findings)


def _tsc(text: str, here: Path) -> Iterator[Finding]:
    for match in TSC_LINE.finditer(text):
        syntax = match["code"].startswith("TS1") and len(match["code"]) == 6
        path = str(here / match["path"]) if match["path"] else ""
        yield Finding(
            match["code"],
            Severity.HIGH if syntax else Severity.MEDIUM,
            match["text"],
            path,
            int(match["line"] or 0),
            int(match["column"] or 0),
            tool="tsc",
        )


def _judged(ctx: Context, options: TypeOptions, name: str, files: int | None, findings: list[Finding]) -> Result:
    for finding in findings:
        ctx.finding(finding)
    path = ctx.scratch / f"{name}.sarif"
    path.write_text(json.dumps(sarif_of(ctx.findings, name)), "utf-8")
    ctx.artifact(path, kind="sarif")
    errors = sum(finding.severity is Severity.MEDIUM for finding in findings)
    ctx.metric("quality.types.errors", errors)
    words = f"{name} reports {errors} errors" + (f"; it looked at {files} files" if files is not None else "")
    words += set_apart(ctx)
    if failing(ctx, options.fail_on):
        return failed(words)
    return passed(words) if files else unknown(f"types were not checked: {name} looked at no file")


def _mypy_targets(ctx: Context, folder: str) -> list[str]:
    """Nothing when the configuration names what to check, else the folder."""
    prefix = f"{folder}/" if folder else ""
    tables: list[Any] = [table(table(ctx.workspace.toml(f"{prefix}pyproject.toml"), "tool"), "mypy")]
    tables += [ini_section(ctx.workspace, folder, name, "mypy") for name in ("mypy.ini", ".mypy.ini", "setup.cfg")]
    named = any(isinstance(t, dict) and ({"files", "packages", "modules"} & set(t)) for t in tables)
    return [] if named else ["."]


def _mypy(run: ToolRun, here: Path) -> tuple[int | None, list[Finding]]:
    """The text of mypy: its JSON output has neither columns of old versions nor the number of files."""
    findings = []
    for match in MYPY_LINE.finditer(run.stdout):
        if match["level"] == "note":
            continue
        code = match["code"] or "misc"
        findings.append(
            Finding(
                rule=code,
                severity=Severity.HIGH if code == "syntax" else LEVELS[match["level"]],
                message=match["text"],
                path=str(here / match["path"]),
                line=int(match["line"]),
                column=int(match["column"] or 0),
                help=f"https://mypy.readthedocs.io/en/stable/_refs.html#code-{code}",
                tool="mypy",
            )
        )
    summary = MYPY_SUMMARY.search(run.stdout)
    if summary is None and not (run.code == 2 and findings):
        raise CallboardError("it wrote no summary")
    return int(summary[1]) if summary else None, findings


def _pyright(run: ToolRun) -> tuple[int | None, list[Finding]]:
    document = load_json(run.stdout, "pyright")
    findings = []
    for entry in document.get("generalDiagnostics", []):
        start = entry.get("range", {}).get("start", {})
        findings.append(
            Finding(
                rule=str(entry.get("rule") or "syntax"),
                severity=LEVELS.get(str(entry.get("severity")), Severity.LOW),
                message=str(entry.get("message", "")),
                path=str(entry.get("file", "")),
                line=int(start.get("line", -1)) + 1,
                column=int(start.get("character", -1)) + 1,
                tool="pyright",
            )
        )
    return document.get("summary", {}).get("filesAnalyzed"), findings
