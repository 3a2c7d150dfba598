"""Which Python can run the application."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context
from callboard_api_test.apps import App

CHECK = """\
import importlib.util, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.util.find_spec(name) is not None
    except Exception:
        found[name] = False
print(json.dumps(found))
"""
FRAMEWORK = {"fastapi": "fastapi", "starlette": "starlette", "flask": "flask", "django": "django"}
SERVER = {"flask": "werkzeug", "django": "django"}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and whose it is, in words for a summary."""

    path: Path
    owner: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The interpreter to try; None with the reason when there is none."""

    interpreter: Interpreter | None
    reason: str = ""


def choose(ctx: Context, app: App, wanted: str, *, serve: bool) -> Choice:
    """The workspace's own Python where it has what the application needs, else Callboard's unless 'workspace' is wanted."""
    needed = [FRAMEWORK.get(app.kind, "starlette"), *([SERVER.get(app.kind, "uvicorn")] if serve else [])]
    reasons: list[str] = []
    if wanted in ("auto", "workspace"):
        own = ctx.python_of(app.folder)
        if own is None:
            reasons.append("the workspace has no virtual environment")
        else:
            missing = _missing(ctx, own, needed)
            if not missing:
                return Choice(Interpreter(own, "the workspace's own Python"))
            reasons.append(f"the workspace's environment has no {' and no '.join(missing)}")
    if wanted in ("auto", "callboard"):
        missing = _missing(ctx, Path(sys.executable), needed)
        if not missing:
            return Choice(Interpreter(Path(sys.executable), "Callboard's Python"))
        reasons.append(f"Callboard's environment has no {' and no '.join(missing)}")
    return Choice(None, "; ".join(reasons) + "; install what is missing into the workspace's virtual environment")


def _missing(ctx: Context, python: Path, names: list[str]) -> list[str]:
    run = ctx.run_tool([str(python), "-I", "-c", CHECK, *names], cwd=ctx.scratch, timeout=60)
    try:
        found = json.loads(run.stdout)
        return [name for name in names if not found[name]]
    except (ValueError, KeyError, TypeError):
        return names
