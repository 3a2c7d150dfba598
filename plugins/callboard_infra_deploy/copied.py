"""A copy of the workspace that a build may write into."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callboard.api import CallboardError, Context

LARGEST_COPY = 1_000_000_000


@contextmanager
def copied(ctx: Context) -> Iterator[Path]:
    """A git worktree, so that versions from tags are found; without a checkout or commit a plain copy of the files.

    Raises `CallboardError` when that is more than LARGEST_COPY bytes.
    """
    try:
        worktree = ctx.worktree()
        path = worktree.__enter__().path
    except CallboardError as error:
        ctx.log(f"no git worktree, so the files are copied: {error}", "warning")
        yield _plain_copy(ctx)
        return
    try:
        yield path
    finally:
        worktree.__exit__(None, None, None)


def _plain_copy(ctx: Context) -> Path:
    target = ctx.scratch / "copy"
    size = 0
    for name in ctx.workspace.files:
        source, copy = ctx.workspace.path / name, target / name
        try:
            size += os.path.getsize(source)
            if size > LARGEST_COPY:
                raise CallboardError(f"the workspace has more than {LARGEST_COPY // 1_000_000} MB; it was not copied")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        except OSError as error:
            ctx.log(f"{name} was not copied: {error.strerror or error}", "warning")
    return target
