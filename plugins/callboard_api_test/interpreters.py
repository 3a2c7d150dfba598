"""Which Python can run the application."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import Context, NoEnvironment, Workspace, declared
from callboard_api_test.apps import PROJECT_FILES, App, is_apart, module_of, nearest
from callboard_api_test.pins import other_version

FRAMEWORK = {
    "fastapi": "fastapi", "starlette": "starlette", "flask": "flask", "django": "django", "connexion": "connexion",
}  # fmt: skip
SERVER = {"flask": "werkzeug", "django": "django"}
EXTRA = {"flask": (), "django": ()}
SERVES_ASGI = ("uvicorn", "websockets")
INSTALL_LIMIT = 420.0
CHOICES = "interpreters"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and whose it is, in words for a summary; `though` says why its versions are not what the project wants."""

    path: Path
    owner: str
    is_kept: bool = False
    though: str = ""


@dataclass(slots=True)
class Choice:
    """The interpreters that could run an application, the first to try first; `reasons` say why others cannot.

    `passed_over` is the workspace's own Python where it lacks the framework or a server, `mend` how it gets them.
    """

    ctx: Context
    app: App
    wanted: str
    serve: bool
    reasons: list[str] = field(default_factory=list)
    passed_over: Path | None = None
    mend: str = ""

    def candidates(self) -> Iterator[Interpreter]:
        """The workspace's own Python where it has what is needed; else Callboard's; else a throw-away environment.

        The last is made only when nobody's own can do, and from then on it is the first, for it is what the project declares.
        It also goes before Callboard's where that has another version of the framework than the project wants.
        """
        own = self.ctx.python_of(self.app.folder)
        if self.wanted in ("auto", "workspace"):
            missing = self._missing(own) if own is not None else []
            if own is None:
                self.reasons.append("the workspace has no virtual environment")
            elif not missing:
                yield Interpreter(own, "the workspace's own Python")
                return
            else:
                self._lacking(own, missing)
        if self._remembers_kept() and self.wanted == "auto":
            yield from self._kept()
            return
        though = other_version(self.ctx.workspace, self.app, FRAMEWORK.get(self.app.kind, "starlette"))
        may_keep = self.wanted in ("auto", "kept") or (own is None and self.wanted == "workspace")
        if may_keep and though:
            yield from self._kept()
        if self.wanted in ("auto", "callboard"):
            missing = self._missing(Path(sys.executable))
            if not missing:
                yield Interpreter(Path(sys.executable), "Callboard's Python", though=though)
            else:
                self.reasons.append(f"Callboard's environment has no {' and no '.join(missing)}")
        if may_keep and not though:
            yield from self._kept()

    def own_has(self, module: str) -> bool:
        """Whether the workspace's environment was passed over although it has this module: then it is not what is missing."""
        return bool(module) and self.passed_over is not None and not without(self.ctx, self.passed_over, [module])

    def chosen(self, interpreter: Interpreter) -> None:
        """Remembers which one did, so that the next action does not try the others first."""
        mark = f"{self.app.folder}:{self.app.target}"

        def changed(former: object) -> dict[str, bool]:
            known = former if isinstance(former, dict) else {}
            return {**dict(list(known.items())[-50:]), mark: True}

        if interpreter.is_kept and not self._remembers_kept():
            self.ctx.memory.update(CHOICES, changed, {})

    def _lacking(self, own: Path, missing: list[str]) -> None:
        """Says what the workspace's environment lacks, and how it gets it."""
        home, top = own.parent.parent, self.ctx.workspace.path
        where = str(home.relative_to(top)) if home.is_relative_to(top) else str(home)
        self.passed_over = own
        self.reasons.append(f"the workspace's environment {where} has no {' and no '.join(missing)}")
        self.mend = f"{where}/bin/python -m pip install {' '.join(missing)}"

    def _remembers_kept(self) -> bool:
        known = self.ctx.memory.get(CHOICES, {})
        return isinstance(known, dict) and bool(known.get(f"{self.app.folder}:{self.app.target}"))

    def _kept(self) -> Iterator[Interpreter]:
        if declared(self.ctx.workspace, self.app.folder).nothing:
            place = self.app.folder or "the top"
            self.reasons.append(
                f"{place} declares no dependencies (pyproject.toml, requirements.txt), so none can be installed"
            )
            return
        extra = EXTRA.get(self.app.kind, SERVES_ASGI)
        try:
            made = self.ctx.environment(self.app.folder, extra=extra, interpreter="kept", install_limit=INSTALL_LIMIT)
        except NoEnvironment as error:
            self.reasons.append(f"no throw-away environment could be made: {error.reason}")
            return
        missing = self._missing(made.python)
        if missing:
            self.reasons.append(
                f"{made.words} has no {' and no '.join(missing)}: {made.said_by or 'the project'} does not declare it"
            )
            return
        yield Interpreter(made.python, made.words, is_kept=True)

    def _missing(self, python: Path) -> list[str]:
        needed = [FRAMEWORK.get(self.app.kind, "starlette")] if self.app.kind != "asgi" else []
        needed += [SERVER.get(self.app.kind, "uvicorn")] if self.serve else []
        return without(self.ctx, python, needed)


def without(ctx: Context, python: Path, names: list[str]) -> list[str]:
    """Which of the modules an interpreter does not have; nothing is imported to find out."""
    script = Path(__file__).with_name("having.py")
    run = ctx.run_tool([str(python), "-I", str(script), *names], cwd=ctx.scratch, timeout=60)
    try:
        found = json.loads(run.stdout)
        return [name for name in names if not found[name]]
    except (ValueError, KeyError, TypeError):
        return names


def is_own(ctx: Context, app: App, module: str) -> bool:
    """Whether a module lies where the application's own do, so that no installation brings it."""
    top = module.partition(".")[0]
    places = {
        f"{place}/" if place else "" for place in ("", "src", app.folder, app.root, f"{app.folder}/src".lstrip("/"))
    }
    return any(
        path == f"{place}{top}.py" or path.startswith(f"{place}{top}/")
        for path in ctx.workspace.files
        for place in places
    )


def project_with(workspace: Workspace, app: App, module: str) -> str:
    """The folder of another project of the workspace that has the module ('libs/common'), '' when there is none."""
    top = module.partition(".")[0]
    likely = [path for path in workspace.files if path.endswith((f"/{top}.py", f"/{top}/__init__.py"))]
    known = set(workspace.matching("__init__.py")) if likely else set()
    places = [path for path in likely if not is_apart(path) and module_of(path, known)[0] == top]
    projects = workspace.folders_with(*PROJECT_FILES) if places else []
    holding = [nearest(path, projects) for path in places]
    return min((folder for folder in holding if folder and folder != app.folder), key=len, default="")
