"""The files of a release: the exact commit in a folder of its own, and what the build makes there."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from callboard.api import CallboardError, Context
from callboard_infra_deploy.deployment.target import Environment, surroundings
from callboard_infra_deploy.processes import MARK, SERVICE, WORKSPACE

GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit")
BUILD_LIMIT = 1_500.0


def git(ctx: Context, *words: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> str:
    """What git says about the workspace; raises `CallboardError` with its words when it fails."""
    run = ctx.run_tool([*GIT, *words], env={"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(env or {})}, timeout=timeout)
    if run.code != 0:
        raise CallboardError(f"git {words[0]} failed: {run.trouble}")
    return run.stdout.strip()


def commit_of(ctx: Context, wanted: str) -> tuple[str, str]:
    """The full name of a commit and its subject; raises `CallboardError` when there is none."""
    try:
        found = git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted or 'HEAD'}^{{commit}}")
    except CallboardError as error:
        what = f"no commit '{wanted}'" if wanted else "no commit yet"
        raise CallboardError(
            f"the workspace has {what}; a release is the exact content of a commit, so commit with git first"
        ) from error
    return found, git(ctx, "log", "-1", "--format=%s", found)[:100]


def uncommitted(ctx: Context) -> list[str]:
    """Tracked files of the workspace that differ from HEAD, but for callboard.toml, which no release runs."""
    listed = git(ctx, "diff", "--name-only", "--relative", "-z", "HEAD", "--", ".", env={"GIT_OPTIONAL_LOCKS": "0"})
    return [name for name in listed.split("\0") if name and name != "callboard.toml"]


def check_out(ctx: Context, commit: str, tree: Path) -> None:
    """Writes the files of the commit into a new folder; the user's own tree, index and list of worktrees stay as they are."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    index = {"GIT_INDEX_FILE": str(tree.parent / "index"), "GIT_OPTIONAL_LOCKS": "0"}
    top = git(ctx, "rev-parse", "--show-prefix")
    git(ctx, "read-tree", f"{commit}:{top}" if top else commit, env=index)
    git(
        ctx,
        "--work-tree",
        str(tree),
        "checkout-index",
        "--all",
        "--force",
        env=index | {"GIT_DIR": _git_dir(ctx)},
        timeout=600,
    )
    (tree.parent / "index").unlink(missing_ok=True)


def _git_dir(ctx: Context) -> str:
    return git(ctx, "rev-parse", "--absolute-git-dir")


def given_for(ctx: Context, environment: Environment, tree: Path, name: str, mark: str, **more: str) -> dict[str, str]:
    """The variables for a command of a release, with the mark by which its processes are known."""
    given = surroundings(ctx, environment)
    for own in (tree / environment.folder / ".venv", tree / ".venv"):
        if (own / "bin").is_dir():
            given["PATH"] = f"{own / 'bin'}{os.pathsep}{given.get('PATH', os.defpath)}"
            given["VIRTUAL_ENV"] = str(own)
            break
    given.update(more)
    return given | {SERVICE: name, MARK: mark, WORKSPACE: str(ctx.workspace.path)}


def program(words: list[str], folder: Path, given: Mapping[str, str]) -> str:
    """Where the program of a command is; raises `CallboardError` when there is none."""
    found = str(folder / words[0]) if "/" in words[0] else shutil.which(words[0], path=given.get("PATH"))
    if not found or not (Path(found).is_file() and os.access(found, os.X_OK)):
        raise CallboardError(f"'{words[0]}' is not there, or may not be run")
    return found


def run_logged(words: list[str], folder: Path, given: Mapping[str, str], log: Path, limit: float = BUILD_LIMIT) -> str:
    """Runs a command with its output added to the log; what is wrong, '' for nothing."""
    try:
        place = program(words, folder, given)
    except CallboardError as error:
        return str(error)
    shown = " ".join(words)[:200]
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab") as out:
        out.write(f"$ {shown}\n".encode())
        out.flush()
        process = subprocess.Popen(
            [place, *words[1:]],
            cwd=folder,
            env=dict(given),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"'{shown}' ran longer than {limit:g} s"
    return f"'{shown}' ended with {code}" if code else ""
