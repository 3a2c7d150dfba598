"""Which workspaces a person has trusted, so that work may run their code."""

import hashlib
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from callboard.errors import Refused
from callboard.guard.running import private_folder, read_private, write_private
from callboard.work.workspace import GIT_SAFE

EXECUTABLE = ("callboard.toml",)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a workspace is: where, from where, and a hash over what says what is executed."""

    path: str
    remote: str
    digest: str


def standing_of(workspace: Path) -> Standing:
    """Looks at the workspace without running anything of it."""
    sum_ = hashlib.sha256()
    for name in EXECUTABLE:
        try:
            sum_.update(name.encode() + b"\0" + (workspace / name).read_bytes())
        except OSError:
            sum_.update(name.encode() + b"\0-")
    return Standing(str(workspace.resolve()), _remote(workspace), sum_.hexdigest())


def _remote(workspace: Path) -> str:
    if not (workspace / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", *GIT_SAFE, "-C", str(workspace), "config", "--local", "--get", "remote.origin.url"],
            capture_output=True, timeout=10, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()[:500]


class Trust:
    """The trusted workspaces of a data folder, in a file that its owner alone can read."""

    def __init__(self, data: Path) -> None:
        self._file = data / "trust.json"

    def why_not(self, workspace: Path) -> str:
        """'' for a trusted workspace, else a sentence that says why it is not."""
        known = self._known().get(str(workspace.resolve()))
        if known is None:
            return f"{workspace} was never trusted"
        standing = standing_of(workspace)
        if known.get("remote") != standing.remote:
            return f"{workspace} comes from another git remote than when it was trusted"
        if known.get("digest") != standing.digest:
            return f"the callboard.toml of {workspace} has changed since it was trusted"
        return ""

    def require(self, workspace: Path) -> None:
        """Raises `Refused` for a workspace that is not trusted."""
        why = self.why_not(workspace)
        if why:
            raise Refused(f"{why}; its code would run: look at it, then say so with --trust")

    def grant(self, workspace: Path, by: str) -> None:
        """A person trusts the workspace as it is now."""
        standing = standing_of(workspace)
        known = self._known()
        known[standing.path] = {"remote": standing.remote, "digest": standing.digest, "by": by, "at": time.time()}
        private_folder(self._file.parent)
        write_private(self._file, json.dumps(known, indent=1).encode())

    def _known(self) -> dict[str, dict[str, object]]:
        raw = read_private(self._file)
        if raw is None:
            return {}
        try:
            known = json.loads(raw)
        except ValueError:
            return {}
        return known if isinstance(known, dict) else {}


def user_name() -> str:
    """Who sits here, for histories: the name of the operating system's user."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
