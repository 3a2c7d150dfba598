"""What the agent proposes after a look at a workspace."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from callboard.api import Job, Workspace
from callboard_quality.journeys import npm_folders, python_files
from callboard_quality.npm_lint import configured_linter
from callboard_quality.packages import package
from callboard_quality.projects import (
    SAMPLES,
    Project,
    inside,
    is_django,
    projects,
    pytest_options,
    speaks_pytest,
    table,
)
from callboard_quality.typed import configured_checkers, own_checker

MOST = 8  # a page of jobs that a person can still look through
ENVIRONMENTS = (".venv", "venv", "env")


def propose(workspace: Workspace) -> Iterator[Job]:
    """Jobs for tests, lint and types of every project in the workspace."""
    found = projects(workspace)
    python = workspace.matching("*.py", "*.pyi")
    if python:
        yield Job(
            "quality.lint", "quality.lint", _lint_evidence(workspace, len(python)), estimate=2 + len(python) / 500
        )
    tested = sorted(found, key=lambda project: -len(project.tests))[:MOST]
    yield from _few([_tests(workspace, project) for project in found], {project.folder for project in tested})
    typed = {"", *(project.folder for project in found), *workspace.folders_with("tsconfig.json")}
    own = [folder for folder in sorted(typed) if SAMPLES.isdisjoint(folder.split("/"))]
    yield from _few([job for folder in own for job in _types(workspace, folder)])
    yield from _few(list(_npm(workspace)))
    yield from _few(list(_npm_lint(workspace)))
    yield from _few(list(_journeys(workspace, found)))


def _few(jobs: Sequence[Job], chosen: Collection[object] | None = None) -> Iterator[Job]:
    """The jobs of the chosen folders, else the first of them; the first one names the folders that are left out."""
    if chosen is None:
        chosen = [job.options.get("folder", "") for job in jobs[:MOST]]
    kept = [job for job in jobs if job.options.get("folder", "") in chosen]
    left = [str(job.options.get("folder", "")) or "the top folder" for job in jobs if job not in kept]
    if kept and left:
        more = f" and {len(left) - 20} more" if len(left) > 20 else ""
        how = f'[jobs."{kept[0].action}:NAME"] with options = {{folder = "…"}} in callboard.toml adds one'
        kept[0] = replace(kept[0], because=f"{kept[0].because}; left out: {', '.join(left[:20])}{more}; {how}")
    yield from kept


def named(action: str, folder: str) -> str:
    """The name of a job: the action, with the folder behind it where that is not the top."""
    return f"{action}:{folder}" if folder else action


def _tests(workspace: Workspace, project: Project) -> Job:
    framework = "pytest" if speaks_pytest(workspace, project) else "unittest"
    own = _own(workspace, project.folder)
    count = len(project.tests)
    because = f"{count} test {'file' if count == 1 else 'files'}, such as {project.tests[0]}, for {framework}; "
    because += f"{own} is there" if own else "no virtual environment, so a throw-away one is made"
    options: dict[str, object] = {"folder": project.folder} if project.folder else {}
    if is_django(workspace, project.folder):
        because = because.replace(f"for {framework}", "for Django's own runner")
    nested = [folder[len(project.folder) :].lstrip("/") for folder in project.nested]
    left = nested if not pytest_options(workspace, project.folder).get("testpaths") else []
    left = [*left, *(path[len(project.folder) :].lstrip("/") for path in python_files(workspace, project.folder))]
    if left:
        options["ignore"] = left
    estimate = 5.0 + count + (0 if own else 45)
    return Job(
        named("quality.tests", project.folder),
        "quality.tests",
        because,
        options,
        after=("quality.lint",),
        stage="test",
        estimate=estimate,
    )


def _own(workspace: Workspace, folder: str) -> str:
    spots = [folder, *(folder.rsplit("/", n)[0] for n in range(1, folder.count("/") + 1)), ""]
    for spot in spots:
        for name in ENVIRONMENTS:
            if (workspace.path / spot / name / "bin" / "python").is_file():
                return f"{spot}/{name}" if spot else name
    return ""


def _lint_evidence(workspace: Workspace, count: int) -> str:
    configured = workspace.matching("ruff.toml", ".ruff.toml")
    if "ruff" in table(workspace.toml("pyproject.toml"), "tool"):
        configured.insert(0, "[tool.ruff] in pyproject.toml")
    said = f"configured by {configured[0]}" if configured else "with ruff's defaults, as there is no configuration"
    return f"{count} Python {'file' if count == 1 else 'files'}, {said}"


def _types(workspace: Workspace, folder: str) -> Iterator[Job]:
    own = _own(workspace, folder)
    for checker in configured_checkers(workspace, folder):
        is_script = checker == "tsc"
        if is_script or (own and own_checker(workspace.path / own / "bin" / "python", checker)):
            because = "a tsconfig.json and typescript in package.json" if is_script else ""
            because = because or f"a configuration of {checker}, which is in {own}"
            options = {"folder": folder} if folder else {}
            yield Job(named("quality.types", folder), "quality.types", because, options, stage="check", estimate=30)
            return


def _npm(workspace: Workspace) -> Iterator[Job]:
    """A job for each package with a real test script, but for samples and for those that an upper package tests with its own."""
    speakers: list[str] = []
    for folder in sorted(workspace.folders_with("package.json"), key=lambda name: (name.count("/"), name)):
        found = package(workspace, folder)
        if found is None or not SAMPLES.isdisjoint(folder.split("/")) or any(inside(folder, s) for s in speakers):
            continue
        if found.workspaces:
            speakers.append(folder)
        where = f"{folder}/package.json" if folder else "package.json"
        shown = found.script if len(found.script) <= 80 else found.script[:79] + "…"
        options = {"folder": folder} if folder else {}
        because = f"{where} has the script test: {shown}"
        yield Job(named("quality.npm_tests", folder), "quality.npm_tests", because, options, stage="test", estimate=30)


def _npm_lint(workspace: Workspace) -> Iterator[Job]:
    for folder in workspace.folders_with("package.json"):
        linter = configured_linter(workspace, folder) if SAMPLES.isdisjoint(folder.split("/")) else None
        if linter is not None:
            options = {"folder": folder} if folder else {}
            because = f"a configuration of {linter}, which package.json depends on"
            yield Job(
                named("quality.npm_lint", folder), "quality.npm_lint", because, options, stage="check", estimate=20
            )


def _journeys(workspace: Workspace, found: list[Project]) -> Iterator[Job]:
    """A job for the browser journeys of each folder that declares Playwright."""
    folders = dict.fromkeys(npm_folders(workspace), "a configuration of Playwright, which package.json depends on")
    for project in found:
        files = python_files(workspace, project.folder)
        if files:
            folders.setdefault(project.folder, f"{len(files)} test files that open a page, such as {files[0]}")
    for folder, because in sorted(folders.items()):
        options = {"folder": folder} if folder else {}
        yield Job(named("quality.journeys", folder), "quality.journeys", because, options, stage="verify", estimate=60)
