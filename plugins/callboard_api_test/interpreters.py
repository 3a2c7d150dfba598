"""Which Python can run the application."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import Context, NoEnvironment, declared
from callboard_api_test.apps import App
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
    """The interpreters that could run an application, the first to try first; `reasons` say why others cannot."""

    ctx: Context
    app: App
    wanted: str
    serve: bool
    reasons: list[str] = field(default_factory=list)

    def candidates(self) -> Iterator[Interpreter]:
        """The workspace's own Python where it has what is needed; else Callboard's; else a throw-away environment.

        The last is made only when nobody's own can do, and from then on it is the first, for it is what the project declares.
        It also goes before Callboard's where that has another version of the framework than the project wants.
        """
        own = self.ctx.python_of(self.app.folder)
        kept_first = self._remembers_kept() and own is None and self.wanted == "auto"
        if kept_first:
            yield from self._kept()
            return
        if self.wanted in ("auto", "workspace"):
            missing = self._missing(own) if own is not None else []
            if own is None:
                self.reasons.append("the workspace has no virtual environment")
            elif not missing:
                yield Interpreter(own, "the workspace's own Python")
                return
            else:
                self.reasons.append(f"the workspace's environment has no {' and no '.join(missing)}")
        though = other_version(self.ctx.workspace, self.app, FRAMEWORK.get(self.app.kind, "starlette"))
        may_keep = own is None and self.wanted in ("auto", "workspace", "kept")
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

    def chosen(self, interpreter: Interpreter) -> None:
        """Remembers which one did, so that the next action does not try the others first."""
        mark = f"{self.app.folder}:{self.app.target}"

        def changed(former: object) -> dict[str, bool]:
            known = former if isinstance(former, dict) else {}
            return {**dict(list(known.items())[-50:]), mark: True}

        if interpreter.is_kept and not self._remembers_kept():
            self.ctx.memory.update(CHOICES, changed, {})

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
            made = self.ctx.environment(self.app.folder, extra=extra, install_limit=INSTALL_LIMIT)
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
