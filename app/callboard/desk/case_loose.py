"""What a workspace has changed without a commit, as one patch for whoever wants to see a case again elsewhere."""

import os
import re
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from callboard.desk.source import read_inside
from callboard.desk.veil import is_all_secret
from callboard.learn.commits import ask_git, git_facts
from callboard.learn.versions import loose_files

MOST_BYTES = 1_000_000
MOST_NEW, LARGEST_NEW = 50, 100_000
DIFF = (
    "diff",
    "--unified=0",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def uncommitted(workspace: Path, git: Mapping[str, Any], secret: Container[str]) -> str:
    """For `git apply --unidiff-zero` in the folder of the workspace, on the commit of `git`; what is not known stands before it.

    Lines beside a change are left out: a veiled one would keep it from fitting. '' when nothing was changed. Files that hold
    secrets, by their name or in `secret`, are left out. The workspace is trusted.
    """
    if not git.get("changed"):
        return ""
    now = git_facts(workspace)
    if now.get("commit") != git.get("commit"):
        return "# another commit is checked out now: what was changed without a commit is not known any more\n"
    same = now.get("digest") == git.get("digest")
    said = ["# as it was when the task ran" if same else "# as it is now: files were written again since the task ran"]
    told = _asked(workspace, *DIFF, "--name-only", "-z", "HEAD", "--", ".")
    fresh = loose_files(workspace)
    if told is None or fresh is None:
        return f"{said[0]}\n# git does not say what differs\n"
    changed, new = [name for name in told.split("\0") if name], sorted(fresh)
    left = [name for name in (*changed, *new) if is_all_secret(name) or name in secret]
    said += [f"# {name} holds secrets, so it is left out" for name in left]
    kept = [name for name in changed if name not in left]
    text = _asked(workspace, *DIFF, "HEAD", "--", *kept[:1_000]) if kept else ""
    if text is None:
        said.append(f"# the changes of {len(kept)} files are too large to be told here")
    parts = [text or ""]
    for name in [name for name in new if name not in left][:MOST_NEW]:
        part = _new_file(workspace, name)
        said += [] if part else [f"# {name} is new, and too large or no text"]
        parts.append(part)
    return "\n".join(said) + "\n" + "".join(parts)


def origin(workspace: Path) -> str:
    """Where the repository can be had, without anybody's password; '' where nobody says so."""
    told = _asked(workspace, "remote", "get-url", "origin")
    return CREDENTIALS.sub("", (told or "").strip())


def _new_file(workspace: Path, name: str) -> str:
    text = read_inside(workspace, name)
    lines = list(text.lines)
    if text.trouble or text.note or sum(map(len, lines)) > LARGEST_NEW or not name.isprintable() or '"' in name:
        return ""
    head = [f"diff --git a/{name} b/{name}", "new file mode 100644"]
    if lines:
        head += ["--- /dev/null", f"+++ b/{name}", f"@@ -0,0 +1,{len(lines)} @@"]
    return "\n".join([*head, *(f"+{line}" for line in lines)]) + "\n"


def _asked(workspace: Path, *words: str) -> str | None:
    ran = ask_git(workspace, *words, most_bytes=MOST_BYTES)
    return os.fsdecode(ran.output) if ran.code == 0 and not ran.trouble else None
