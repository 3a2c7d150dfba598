"""What the last attempt of each action said, and whether what it looked at is still the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from callboard.api import Context, Result, Verdict, Workspace
from callboard_security.packages import LOCKS, REQUIREMENTS

DEPENDENCY_FILES = (*LOCKS, *REQUIREMENTS, "pyproject.toml", "setup.py", "setup.cfg", "package.json", "callboard.toml")
LOOKED_AT: dict[str, tuple[str, ...]] = {
    "static": ("*.py", ".bandit", "bandit.y*ml", "callboard.toml"),
    "secrets": ("*",),
    "sbom": DEPENDENCY_FILES,
    "dependencies": DEPENDENCY_FILES,
    "licences": DEPENDENCY_FILES,
}


@dataclass(frozen=True, slots=True)
class Last:
    """What an action of this agent last said. `same` tells whether the files that it looked at are as they were then."""

    verdict: Verdict
    summary: str
    at: datetime
    task: str
    same: bool
    data_age_days: float | None = None
    outputs: dict[str, Any] = field(default_factory=dict)


def keep(ctx: Context, action: str, result: Result) -> Result:
    """Remembers the result and gives it back."""
    ctx.memory.put(
        f"last.{action}",
        {
            "verdict": str(result.verdict),
            "summary": result.summary[:2_000],
            "at": datetime.now(UTC).isoformat(),
            "task": ctx.task,
            "stamp": stamp(ctx.workspace, LOOKED_AT[action]),
            "data_age_days": result.data_age_days,
            "outputs": dict(result.outputs),
        },
    )
    return result


def recall(ctx: Context, action: str) -> Last | None:
    """What is remembered of an action; None for nothing, and for what cannot be read."""
    kept = ctx.memory.get(f"last.{action}")
    try:
        return Last(
            verdict=Verdict(kept["verdict"]),
            summary=str(kept["summary"]),
            at=datetime.fromisoformat(kept["at"]),
            task=str(kept["task"]),
            same=kept["stamp"] == stamp(ctx.workspace, LOOKED_AT[action]),
            data_age_days=kept["data_age_days"],
            outputs=dict(kept["outputs"]),
        )
    except (TypeError, KeyError, ValueError):
        return None


def stamp(workspace: Workspace, patterns: Sequence[str]) -> str:
    """Changes when one of the files is changed, comes or goes: by names, sizes and times of change."""
    paths = workspace.files if "*" in patterns else workspace.matching(*patterns)
    digest = hashlib.sha256()
    for path in paths:
        try:
            facts = (workspace.path / path).stat()
        except OSError:
            continue
        digest.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode("utf-8", "replace"))
    return digest.hexdigest()[:32]
