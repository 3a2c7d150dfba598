"""What changed in a workspace: its files, and the commit that it stands on; looked at, never run."""

from collections.abc import Sequence
from pathlib import Path

from callboard.work.workspace import Workspace

LARGEST = 16_000_000


def stamps(workspace: Path, patterns: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Modification time in nanoseconds and size of each file that fits one of the patterns ('app/**', '*.py')."""
    found: dict[str, tuple[int, int]] = {}
    widened = [pattern.replace("**", "*") for pattern in patterns]
    for name in Workspace(workspace).matching(*widened):
        try:
            status = (workspace / name).stat()
        except OSError:
            continue
        found[name] = (status.st_mtime_ns, status.st_size)
    return found


def changed(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> list[str]:
    """The files that came, went or changed, sorted."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def head_of(workspace: Path) -> str:
    """The commit that the workspace stands on, read from git's own files; '' when there is none."""
    folder = workspace / ".git"
    try:
        if folder.is_file():
            folder = (workspace / _text(folder).removeprefix("gitdir:").strip()).resolve()
        head = _text(folder / "HEAD").strip()
        if not head.startswith("ref:"):
            return head[:64]
        ref = head.removeprefix("ref:").strip()
        common = folder
        if (folder / "commondir").is_file():
            common = (folder / _text(folder / "commondir").strip()).resolve()
        for place in (folder, common):
            target = (place / ref).resolve()
            if target.is_relative_to(place.resolve()) and target.is_file():
                return _text(target).strip()[:64]
        for line in _text(common / "packed-refs").splitlines():
            commit, _, name = line.partition(" ")
            if name == ref:
                return commit[:64]
    except (OSError, ValueError):
        return ""
    return ""


def _text(path: Path) -> str:
    """The text of a regular file, at most LARGEST bytes; a pipe or a device in its place is not waited for."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with open(path, "rb") as file:
        return file.read(LARGEST).decode("utf-8")
