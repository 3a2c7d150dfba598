"""The incident bundle: what was so at this moment, frozen, without secrets, to be checked with `sha256sum -c`."""

import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callboard.api import Context, Finding, Result, counted, passed, unknown
from callboard_security.controls.archive import write_zip
from callboard_security.controls.excerpts import redacted
from callboard_security.history import git
from callboard_security.options import Incident
from callboard_security.packages import LOCKS, REQUIREMENTS
from callboard_security.remembered import LOOKED_AT

LARGEST_HASHED = 256_000_000
LARGEST_KEPT = 10_000_000
MOST_PROCESSES = 200
SUMS = "SHA256SUMS"
KEPT = (".cdx.json", ".sarif", "licences.json", "controls.zip")
README = """Incident bundle of the workspace '{name}', frozen {when} UTC.
Reason: {reason}

Check it:            sha256sum -c SHA256SUMS
Check the workspace: sha256sum -c <this folder>/workspace.sha256   (in the workspace)

git/          where HEAD was, what was changed, the newest commits (redacted)
tasks.json    what the tasks of the same run said, with the SHA-256 of their artefacts
findings.json what they found, by task, since when it is known (redacted; of each task the worst 2,000)
last.json     what the actions of SecurityCompliance said last
artefacts/    bills of materials, SARIF, licences and controls of those tasks
locks/        the locks and requirements as they were
machine.json  the machine, without names of people and without values of the environment
services.json processes that work in this workspace
"""


def freeze(ctx: Context, options: Incident) -> Result:
    """Keeps one archive with all that is known now; its manifest covers every file in it."""
    if not ctx.workspace.files:
        return unknown("there are no files to freeze")
    members: dict[str, str | bytes] = {}
    now = datetime.now(UTC)
    reason = redacted(options.reason) or "none given"
    members["README.txt"] = README.format(name=ctx.workspace.path.name, when=f"{now:%Y-%m-%d %H:%M:%S}", reason=reason)
    ctx.progress(0.1, "git")
    members |= dict(_git(ctx))
    ctx.progress(0.3, "tasks")
    members |= _tasks(ctx)
    members["last.json"] = _json({action: ctx.memory.get(f"last.{action}") for action in LOOKED_AT})
    for path in ctx.workspace.matching(*LOCKS, *REQUIREMENTS):
        source = ctx.workspace.path / path
        if source.stat().st_size <= LARGEST_KEPT:
            members[f"locks/{path}"] = _without_addresses(source.read_bytes())
    members["machine.json"] = _json(_machine(ctx))
    services, seen = _services(ctx.workspace.path)
    members["services.json"] = _json(services if seen else "not visible on this system")
    ctx.progress(0.5, "hashes")
    sums, hashed = _hashes(ctx)
    members["workspace.sha256"] = sums
    members[SUMS] = "".join(
        f"{hashlib.sha256(_bytes(members[name])).hexdigest()}  {name}\n" for name in sorted(members)
    )
    place = ctx.scratch / f"incident-{now:%Y%m%dT%H%M%SZ}.zip"
    write_zip(place, members)
    kept = ctx.artifact(place, kind="zip")
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    words = f"{counted(len(members), 'file')} frozen in {kept.name}, with the hashes of {counted(hashed, 'file')} of the workspace"
    notes = [] if seen else ["services are not visible on this system"]
    return passed("; ".join([words, *notes, f"SHA-256 {digest}"]), outputs={"archive": kept.name, "sha256": digest})


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"


def _lines(text: str) -> str:
    return "".join(f"{redacted(line)}\n" for line in text.splitlines())


def _without_addresses(raw: bytes) -> bytes:
    """A lock without passwords in the addresses of registries."""
    return re.sub(rb"(://[^\s:/@'\"]*:)[^\s@'\"/]+@", rb"\1...@", raw)


def _git(ctx: Context) -> Iterator[tuple[str, str]]:
    asked = {
        "head.txt": ("log", "--max-count=1", "--no-show-signature", "--format=%H%n%cI%n%s"),
        "branches.txt": ("for-each-ref", "--format=%(objectname) %(refname)"),
        "status.txt": ("status", "--porcelain=v1", "--branch"),
        "changes.txt": ("diff", "--no-ext-diff", "--no-textconv", "--stat", "HEAD"),
        "log.txt": ("log", "--max-count=200", "--no-show-signature", "--format=%h %cI %s"),
    }
    if not (ctx.workspace.path / ".git").exists():
        yield "git/none.txt", "this is no git checkout\n"
        return
    for name, words in asked.items():
        told = git(ctx, *words)
        yield f"git/{name}", "git could not tell\n" if told is None else _lines(told)


def _tasks(ctx: Context) -> dict[str, str | bytes]:
    members: dict[str, str | bytes] = {}
    told = []
    found = {task.name: [_found(finding) for finding in task.findings] for task in ctx.upstream.values()}
    members["findings.json"] = _json(found)
    for task in ctx.upstream.values():
        artefacts = {}
        for name, path in task.artifacts.items():
            size = path.stat().st_size
            artefacts[name] = {"sha256": _digest(path) if size <= LARGEST_HASHED else None, "size": size}
            if name.endswith(KEPT) and size <= LARGEST_KEPT:
                members[f"artefacts/{task.name.replace('/', '_').replace(':', '_')}/{name}"] = path.read_bytes()
        told.append(
            {
                "task": task.name, "action": task.action, "state": task.state, "verdict": task.verdict,
                "summary": redacted(task.summary), "findings": len(task.findings) + task.more_findings,
                "outputs": dict(task.outputs), "artefacts": artefacts,
            }
        )  # fmt: skip
    members["tasks.json"] = _json(told)
    return members


def _found(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule, "severity": str(finding.severity), "message": redacted(finding.message), "path": finding.path,
        "line": finding.line, "tool": finding.tool, "fingerprint": finding.fingerprint, "accepted": redacted(finding.accepted),
        "since": datetime.fromtimestamp(finding.since, UTC).isoformat(timespec="seconds") if finding.since else "",
    }  # fmt: skip


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hashes(ctx: Context) -> tuple[str, int]:
    """Lines for `sha256sum -c`, names escaped as it does; files that cannot be read or are huge are left out."""
    lines = []
    for path in ctx.workspace.files:
        place = ctx.workspace.path / path
        try:
            if place.stat().st_size <= LARGEST_HASHED:
                mark = "\\" if "\\" in path else ""
                lines.append(f"{mark}{_digest(place)}  {path.replace(chr(92), chr(92) * 2)}\n")
        except OSError:
            continue
    return "".join(lines), len(lines)


def _machine(ctx: Context) -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": os.cpu_count(),
        "variables": sorted(os.environ),
        "tools": {name: ctx.version(name) for name in ("git", "kingfisher", "bandit") if ctx.program(name)},
    }


def _services(workspace: Path) -> tuple[list[dict[str, Any]], bool]:
    """Processes of this user that work in the workspace, where /proc shows them; whether it does."""
    top = Path("/proc")
    if not (top / "self" / "cwd").exists():
        return [], False
    found: list[dict[str, Any]] = []
    for place in sorted(top.glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            folder = Path(os.readlink(place / "cwd"))
            if place.name == str(os.getpid()) or not (folder == workspace or workspace in folder.parents):
                continue
            words = (place / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        found.append({"process": int(place.name), "command": redacted(" ".join(words)), "folder": str(folder)})
        if len(found) >= MOST_PROCESSES:
            break
    return found, True
