"""The env files of a workspace, those included that git ignores."""

from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context, Workspace
from callboard_config.dotenv import Entry, is_env_name, is_example, parse
from callboard_config.places import folder_of

MANIFESTS = (
    "pyproject.toml",
    "package.json",
    "requirements*.txt",
    "setup.py",
    "manage.py",
    "Dockerfile*",
    "*compose*.y*ml",
)
GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
LARGEST = 500_000


@dataclass(frozen=True, slots=True)
class EnvFile:
    """`tracked` is None when git cannot say."""

    path: str
    entries: tuple[Entry, ...]
    bad_lines: tuple[int, ...]
    example: bool
    tracked: bool | None = None

    @property
    def names(self) -> frozenset[str]:
        """What it sets."""
        return frozenset(entry.name for entry in self.entries)


def env_paths(workspace: Workspace) -> list[str]:
    """Their paths: the ones that git lists, and ignored ones beside a manifest or an example."""
    listed = {path for path in workspace.files if is_env_name(path.rsplit("/", 1)[-1])}
    folders = {"", *workspace.folders_with(*MANIFESTS), *(folder_of(path) for path in listed)}
    for folder in folders:
        place = workspace.path / folder
        try:
            inside = [p.name for p in place.iterdir() if is_env_name(p.name) and p.is_file() and not p.is_symlink()]
        except OSError:
            continue
        listed |= {f"{folder}/{name}" if folder else name for name in inside}
    return sorted(listed)


def in_tree(ctx: Context, tree: Path) -> Path:
    """The workspace's own folder in a worktree, which is of the whole repository."""
    run = ctx.run_tool([*GIT, "rev-parse", "--show-prefix"], timeout=60)
    prefix = run.stdout.removesuffix("\n") if run.code == 0 else ""
    return tree / prefix


def env_files(ctx: Context) -> list[EnvFile]:
    """All of them, parsed, with what git says about each."""
    paths = env_paths(ctx.workspace)
    tracked = _tracked(ctx, paths)
    found = []
    for path in paths:
        text = parse(ctx.workspace.text(path, LARGEST))
        example = is_example(path.rsplit("/", 1)[-1])
        known = None if tracked is None else path in tracked
        found.append(EnvFile(path, text.entries, text.bad_lines, example, known))
    return found


def _tracked(ctx: Context, paths: list[str]) -> set[str] | None:
    if not paths:
        return set()
    run = ctx.run_tool([*GIT, "--literal-pathspecs", "ls-files", "-z", "--", *paths], timeout=60)
    return set(run.stdout.split("\0")) - {""} if run.code == 0 else None
