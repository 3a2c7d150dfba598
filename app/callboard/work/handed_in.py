"""Reports that were handed in from elsewhere: where the file is, what its paths mean here, and which commit it is about."""

import re
from pathlib import Path

from callboard.errors import CallboardError
from callboard.work.context import Context
from callboard.work.finding import clean
from callboard.work.workspace import Workspace

NAME = re.compile(r"[0-9a-f]{16}/[0-9]{1,3}")


def handed_in(ctx: Context, file: str) -> Path:
    """The file that an upload was kept as; raises `CallboardError` for anything else."""
    place = ctx.data / "uploads" / file
    if not NAME.fullmatch(file) or place.is_symlink() or not place.is_file():
        raise CallboardError(f"there is no upload '{clean(file, 80)}'; hand the report in with `callboard ingest`")
    return place


def path_here(workspace: Workspace, path: str, known: frozenset[str] | None = None) -> str:
    """The file of the workspace that a path of another machine means: its longest ending that exists here.

    A relative path of which nothing exists here stays as it is; an absolute one becomes ''. `known` are the files of the
    workspace, for whoever asks often.
    """
    plain = path.removeprefix("file://").replace("\\", "/")
    known = known if known is not None else frozenset(workspace.files)
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    for first in range(len(parts)):
        ending = "/".join(parts[first:])
        if ending in known:
            return ending
    absolute = plain.startswith("/") or re.match(r"[A-Za-z]:", plain)
    return "" if absolute or ".." in parts else "/".join(parts)


def origin_words(ctx: Context, name: str, source: str, commit: str) -> str:
    """'report.xml from GitHub Actions, commit 1a2b3c4 (the workspace is at 9f8e7d6, so lines may have moved)'."""
    words = clean(name, 200) or "the report"
    if source:
        words += f" from {clean(source, 100)}"
    if commit:
        words += f", commit {clean(commit, 64)[:7]}"
        head = ctx.run_tool(["git", "rev-parse", "HEAD"], timeout=20).stdout.strip()
        if re.fullmatch(r"[0-9a-f]{40,64}", head) and not head.startswith(commit.lower()):
            words += f" (the workspace is at {head[:7]}, so lines may have moved)"
    return words
