"""How far the git history of a workspace reaches, asked without running anything of the workspace's."""

from collections.abc import Sequence
from dataclasses import dataclass

from callboard.api import Context

SAFE_GIT = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.fsmonitor",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "core.hooksPath",
    "GIT_CONFIG_VALUE_1": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
}


@dataclass(frozen=True, slots=True)
class Extent:
    """How many commits are looked through and left out, and the commit from which on (itself left out)."""

    commits: int
    left_out: int = 0
    first: str = ""
    shallow: bool = False


def git(ctx: Context, *words: str, timeout: float = 60) -> str | None:
    """What git says about the workspace, None when it fails."""
    if not (ctx.workspace.path / ".git").exists():
        return None
    run = ctx.run_tool(["git", "--no-pager", *words], env=SAFE_GIT, timeout=timeout)
    return run.stdout if run.code == 0 else None


def measure(ctx: Context, most: int) -> Extent | str:
    """What the newest `most` commits are (0 for all), or why there are none."""
    if not (ctx.workspace.path / ".git").exists():
        return "this is no git checkout"
    told = git(ctx, "rev-list", "--count", "--all", "HEAD")
    if told is None or not told.strip().isdigit():
        return "git cannot count its commits; is there one?"
    total = int(told)
    shallow = (git(ctx, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    if not most or total <= most:
        return Extent(total, shallow=shallow)
    first = _nth(git(ctx, "rev-list", "--date-order", f"--skip={most}", "--max-count=1", "--all", "HEAD"))
    return Extent(most, total - most, first, shallow) if first else "git cannot list its commits"


def _nth(told: str | None) -> str:
    lines: Sequence[str] = (told or "").split()
    return lines[0] if lines else ""
