"""What the code imports beside what its project declares, by deptry."""

import json
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, Severity, ToolRun, clean, counted, unknown
from callboard_code_refactor.declarations import Declaration, declarations, module_names
from callboard_code_refactor.guarded import guarded_lines
from callboard_code_refactor.health import note
from callboard_code_refactor.sources import (
    broken,
    inside,
    is_template,
    judge,
    package_roots,
    project_folders,
    python_files,
    torn_toml,
)

KINDS = {"DEP001": "missing", "DEP002": "unused", "DEP003": "transitive", "DEP004": "misplaced", "DEP005": "standard"}
MENDS = {
    "DEP001": "declare the package that brings it",
    "DEP002": "remove it from the declaration, or list it under [tool.deptry] if it is used without an import",
    "DEP003": "it is there only because another package needs it: declare it",
    "DEP004": "it is declared for development only: declare it as a dependency",
    "DEP005": "it is part of Python itself: remove it from the declaration",
}
APART = (
    r"(?:.*/)?(?:tests?|docs?(?:_src)?|examples?|benchmarks?)/",
    r"(?:.*/)?(?:test_[^/]*|[^/]*_test|conftest|noxfile|setup|fabfile|tasks)\.py$",
    r"(?:.*/)?node_modules/",
)
# Imports all of deptry, then shows it the workspace's packages in place of Callboard's own.
LAUNCH = """\
import sys
import deptry.cli, importlib.metadata, tomllib
from deptry.cli import deptry
places = [sys.argv.pop(1)]
sys.path[:] = [p for p in sys.path if "site-packages" not in p and "dist-packages" not in p] + [p for p in places if p]
sys.argv[0] = "deptry"
deptry()
"""


@dataclass(slots=True)
class Tally:
    """What all projects together came to."""

    kinds: Counter[str] = field(default_factory=Counter)
    files: int = 0
    projects: int = 0
    guessed: int = 0
    troubles: list[str] = field(default_factory=list)


SKIPPED = re.compile(r"Skipping processing of (.+?) because of the following error")


def check_dependencies(ctx: Context, folder: str, fail_on: str) -> Result:
    """One look at each project that declares dependencies; UNKNOWN when none does, or when none could be read."""
    folders = [name for name in project_folders(ctx.workspace) if inside(name, folder)]
    declared = declarations(ctx.workspace, folders, ctx.scratch)
    if not declared:
        return unknown(_nothing(ctx, folders, folder))
    if ctx.program("deptry") is None:
        return unknown("deptry is not installed; pip install 'callboard[tools]'")
    tally = Tally()
    torn = {path: why for path, why in torn_toml(ctx.workspace, "pyproject.toml").items() if inside(path, folder)}
    for path, why in torn.items():
        ctx.finding(broken(path, f"no TOML ({why})", "deptry", 0))
        if is_template(ctx.workspace, path):
            continue
        tally.troubles.append(f"what {path} declares: it is no TOML ({why})")
    for number, found in enumerate(declared):
        ctx.progress(number / len(declared), found.source)
        project = replace(found, is_torn=f"{found.folder}/pyproject.toml".lstrip("/") in torn)
        others = [name for name in folders if name != project.folder and inside(name, project.folder)]
        _check_python(ctx, project, others, tally)
    return _judge(ctx, tally, folder, fail_on)


def _nothing(ctx: Context, folders: Sequence[str], folder: str) -> str:
    if folders:
        return "no declaration of dependencies could be read; declare them under [project] in pyproject.toml"
    if any(inside(path, folder) for path in ctx.workspace.matching("package.json")):
        return "there is no Python declaration of dependencies; 'refactor.knip' looks at those of npm"
    return "nothing declares dependencies (no pyproject.toml, requirements file, setup.cfg or setup.py)"


def _check_python(ctx: Context, project: Declaration, others: Sequence[str], tally: Tally) -> None:
    files = python_files(ctx.workspace, project.folder)
    if not files:
        return
    own = ctx.python_of(project.folder)
    names = module_names("\n".join(ctx.workspace.text(path) for path in _sources(project)))
    report = ctx.scratch / f"deptry-{tally.projects}-{len(tally.troubles)}.json"
    cwd = ctx.workspace.path / project.folder
    run = ctx.run_tool(
        [*_launch(ctx, own), *_options(project, others, files, names, report)],
        cwd=cwd,
        env={"PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "400"},
        timeout=300,
    )
    try:
        issues = json.loads(report.read_text("utf-8"))
        places = [_place(ctx, project, issue) for issue in issues]
    except (OSError, ValueError, KeyError, TypeError):
        words = _words(run)
        tally.troubles.append(f"deptry could not read {project.source} (exit {run.code}): {words}")
        _name_the_line(ctx, project, words)
        return
    for path in sorted(set(SKIPPED.findall(run.stderr + run.stdout))):
        name = posixpath.normpath(f"{project.folder}/{path}".lstrip("/"))
        ctx.finding(broken(name, "no Python that can be parsed, so what it imports is not seen", "deptry"))
    scanned = re.search(r"Scanning (\d+) files?", run.stderr + run.stdout)
    tally.files += int(scanned[1]) if scanned else 0
    tally.projects += 1
    tally.guessed += (run.stderr + run.stdout).count("Assuming the corresponding module name of package")
    for issue, (path, line, column) in zip(issues, places, strict=True):
        _report(ctx, project, issue, path, line, column, sure=own is not None)
        tally.kinds[KINDS.get(issue["error"]["code"], "other")] += 1


def _words(run: ToolRun) -> str:
    """What deptry died of: the exception that its traceback ends with, with all of its lines."""
    lines = run.stderr.rstrip().splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z_][\w.]*: ", line)]
    told = lines[starts[-1] :] if starts else []
    spoken = "; ".join(line.strip() for line in told if line.strip(" ^~|"))
    return clean(spoken.rpartition("packaging.requirements.")[2] or run.trouble, 300)


def _name_the_line(ctx: Context, project: Declaration, words: str) -> None:
    """Reports the line of a requirements file that deptry stopped at, when its words end with one."""
    last = words.rpartition("; ")[2].strip()
    for path in _sources(project) if last else ():
        for number, line in enumerate(ctx.workspace.text(path).splitlines(), start=1):
            if line.strip() == last and not path.endswith(".toml"):
                ctx.finding(broken(path, f"line {number} is no requirement: {clean(last, 200)}", "deptry", number))
                return


def _sources(project: Declaration) -> list[str]:
    prefix = f"{project.folder}/" if project.folder else ""
    named = [f"{prefix}{name}" for name in (*project.requirements, *project.development) if not name.startswith("/")]
    return sorted({project.source, *named})


def _launch(ctx: Context, own: Path | None) -> list[str]:
    """Deptry in its own interpreter, but with a view of the packages that the workspace has installed."""
    program = ctx.program("deptry")
    python = Path(sys.executable) if program is None else program.parent / "python"
    if not python.is_file():
        return ["deptry"]
    packages = sorted((own.parent.parent / "lib").glob("python3*/site-packages")) if own else []
    return [str(python), "-I", "-c", LAUNCH, str(packages[0]) if packages else ""]


def _options(
    project: Declaration, others: Sequence[str], files: Sequence[str], names: Mapping[str, str], report: Path
) -> list[str]:
    settings = project.settings or {}
    empty = report.with_suffix(".toml")  # the settings are handed over as options, and a torn file stops deptry
    empty.write_text("", "utf-8")
    words = [".", "--no-ansi", "--json-output", str(report)]
    words += ["--config", str(empty)] if project.is_torn else []
    if "extend_exclude" not in settings:
        for pattern in APART:
            words += ["--extend-exclude", pattern]
        for other in others:
            inner = other[len(project.folder) :].lstrip("/")
            words += ["--extend-exclude", f"(?:\\./)?{re.escape(inner)}/"]
    if "known_first_party" not in settings:
        for name in sorted(package_roots(files)):
            words += ["--known-first-party", name]
    if names and "package_module_name_map" not in settings:
        words += ["--package-module-name-map", ",".join(f"{name}={module}" for name, module in names.items())]
    if project.requirements and "requirements_files" not in settings:
        words += ["--requirements-files", ",".join(project.requirements)]
        words += ["--requirements-files-dev", ",".join(project.development)] if project.development else []
    if project.groups and not {"optional_dependencies_dev_groups", "pep621_dev_dependency_groups"} & set(settings):
        words += ["--optional-dependencies-dev-groups", ",".join(project.groups)]
    return words


def _place(ctx: Context, project: Declaration, issue: dict[str, Any]) -> tuple[str, int, int]:
    """Where the finding stands; one about a declaration is looked up in its text."""
    location = issue["location"]
    line, column = int(location["line"] or 0), int(location["column"] or 0)
    if line:
        prefix = f"{project.folder}/" if project.folder else ""
        return prefix + str(location["file"]).removeprefix("./"), line, column
    name = re.sub(r"[-_.]+", "[-_.]+", re.escape(str(issue["module"])).replace("\\", ""))
    found = re.search(rf"(?i)(?<![\w-]){name}(?![\w-])", ctx.workspace.text(project.source))
    return project.source, found.string.count("\n", 0, found.start()) + 1 if found else 0, 0


def _report(
    ctx: Context, project: Declaration, issue: dict[str, Any], path: str, line: int, column: int, *, sure: bool
) -> None:
    code = str(issue["error"]["code"])
    severity = Severity.MEDIUM if sure and code in ("DEP001", "DEP004") else Severity.LOW
    message = f"{issue['error']['message']}; {MENDS.get(code, 'see the help')}"
    if code in ("DEP001", "DEP003", "DEP004") and line in guarded_lines(ctx.workspace.text(path)):
        severity = Severity.INFO
        message += " (the import is guarded, so it may be optional)"
    ctx.finding(
        Finding(
            rule=code,
            severity=severity,
            message=f"{message}, in {project.source}" if line and path != project.source else message,
            path=path,
            line=line,
            column=column,
            help="https://deptry.com/rules-violations/",
            tool="deptry",
        )
    )


def _judge(ctx: Context, tally: Tally, folder: str, fail_on: str) -> Result:
    if not tally.files:
        return unknown("; ".join(tally.troubles[:3]) or "no file was looked at: everything is excluded")
    total = tally.kinds.total()
    ctx.metric("refactor.dependencies", total)
    if not tally.troubles:
        note(ctx, folder, dependencies=total)
    notes = [", ".join(f"{number} {kind}" for kind, number in tally.kinds.most_common())] if total else []
    if tally.guessed:
        guessed = counted(tally.guessed, "package is", "packages are")
        notes.append(f"{guessed} not installed, so their module names are guessed")
    looked_at = f"{counted(tally.projects, 'project')}, {counted(tally.files, 'file')}"
    return judge(ctx, fail_on, looked_at, notes=notes, unchecked=tally.troubles)
