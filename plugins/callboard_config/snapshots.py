"""Versions of the configuration: taken, compared, and brought back by a patch."""

import getpass
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from callboard.api import (
    Act,
    Block,
    BoundaryError,
    CallboardError,
    Cell,
    Context,
    Result,
    SealError,
    Table,
    Words,
    counted,
    keyed_hash,
    passed,
    sealing_key,
    unknown,
)
from callboard_config.config_files import certain_secrets, config_paths, look_at, parses
from callboard_config.envfiles import GIT, in_tree
from callboard_config.options import Compare, Restore, Snapshot
from callboard_config.redact import suspicious
from callboard_config.secret_dates import note_secrets

INDEX = "snapshots"
MOST = 60
NOTE = "Values of .env files, and of any file that holds a secret, are never kept; only whether they changed."


def take(ctx: Context, options: Snapshot) -> Result:
    """Keeps a version, unless nothing changed since the last one."""
    paths = config_paths(ctx.workspace, options.include)
    if not paths:
        return unknown("there are no configuration files to keep versions of")
    files, texts = _now(ctx, options.include)
    note_secrets(ctx)
    index = _index(ctx)
    former = _load(ctx, index[-1]["id"]) if index else None
    changes = differences(former["files"], files) if former else []
    kept = sum(1 for entry in files.values() if entry["kept"])
    what = f"{counted(len(files), 'configuration file')}, {kept} of them with their text"
    if former is not None and not changes and former["key"] == _key_mark(ctx):
        _show(ctx, index, [], f"{what}: nothing changed since version {index[-1]['id']}")
        return passed(f"{what}: nothing changed since version {index[-1]['id']} of {index[-1]['when']}")
    number = int(index[-1]["id"][1:]) + 1 if index else 1
    head = {
        "id": f"v{number}",
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "who": _who(),
        "commit": _commit(ctx),
        "note": options.note[:200],
        "files": len(files),
        "changes": len(changes),
    }
    for digest, text in texts.items():
        ctx.memory.put(f"text.{digest}", text)
    ctx.memory.put(f"snapshot.{head['id']}", {**head, "files": files, "key": _key_mark(ctx)})
    index = ctx.memory.append(INDEX, head, MOST)
    _tidy(ctx, index)
    _show(ctx, index, changes, f"Changed since the version before {head['id']}")
    ctx.metric("config.changes", float(len(changes)))
    since = f"; {counted(len(changes), 'change')} since {index[-2]['id']}" if former is not None else ""
    return passed(f"version {head['id']} of {what}{since}", outputs={"snapshot": head["id"]})


def compare(ctx: Context, options: Compare) -> Result:
    """Says which keys were added, removed and changed, by file; UNKNOWN without a version."""
    index = _index(ctx)
    if not index:
        return unknown("no version was kept yet; run config.snapshot first")
    if options.against and not options.snapshot:
        return unknown(f"say which version {options.against[:40]} is compared with, by the option 'snapshot'")
    old_id = options.snapshot or index[-1]["id"]
    old = _load(ctx, old_id)
    if old is None:
        return unknown(f"there is no version '{old_id[:40]}'; there are {_ids(index)}")
    if old["key"] != _key_mark(ctx):
        return unknown(
            "the key of the data folder is another one than when the version was kept; they cannot be compared"
        )
    if options.against:
        new = _load(ctx, options.against)
        if new is None:
            return unknown(f"there is no version '{options.against[:40]}'; there are {_ids(index)}")
        files = new["files"]
    else:
        files, _ = _now(ctx, [])
        files |= _also(ctx, old["files"], files)
    changes = differences(old["files"], files)
    title = f"From {old_id} to {options.against or 'now'}"
    _show(ctx, index, changes, title, old_id)
    paths = {path for path, _, _ in changes}
    words = f"{counted(len(changes), 'change')} in {counted(len(paths), 'file')}" if changes else "nothing changed"
    return passed(
        f"{title[0].lower()}{title[1:]}: {words}, of {counted(len(files), 'file')}", outputs={"changes": len(changes)}
    )


def restore(ctx: Context, options: Restore) -> Result:
    """Proposes a patch that brings one file back; UNKNOWN when its text was not kept, and git has it not either."""
    path = options.path
    try:
        ctx.boundary.check_path(path)
    except BoundaryError as error:
        return unknown(f"no patch is made: {error}")
    if options.commit:
        source, text = f"commit {options.commit[:40]}", _from_git(ctx, options.commit, path)
    else:
        index = _index(ctx)
        wanted = options.snapshot or (index[-1]["id"] if index else "")
        version = _load(ctx, wanted)
        if version is None:
            return unknown(f"there is no version '{wanted[:40]}'; there are {_ids(index) or 'none'}")
        entry = version["files"].get(path)
        if entry is None:
            return unknown(f"version {wanted} has no file '{path[:200]}'")
        source, text = f"version {wanted}", None
        if entry["kept"]:
            text = ctx.memory.get(f"text.{entry['digest']}")
        elif version["commit"]:
            text = _from_git(ctx, version["commit"], path)
            if text is not None and keyed_hash(sealing_key(ctx.data), text) != entry["digest"]:
                text = None  # it was changed and not committed when the version was kept
        if text is None:
            return unknown(f"the text of '{path}' was not kept with {source}: it holds, or might hold, secrets. {NOTE}")
    if not isinstance(text, str):
        return unknown(f"'{path[:200]}' is not in {source}, or is no text")
    if certain_secrets(path, text):
        return unknown(
            f"'{path}' of {source} holds a secret, and a patch would keep it; bring it back yourself with git checkout"
        )
    return _propose(ctx, path, text, source)


def _propose(ctx: Context, path: str, text: str, source: str) -> Result:
    try:
        with ctx.worktree() as tree:
            place = in_tree(ctx, tree.path) / path
            if place.is_symlink() or not place.resolve().is_relative_to(tree.path.resolve()):
                return unknown(f"'{path}' is a link, which is not followed")
            try:
                before = place.read_bytes().decode("utf-8") if place.exists() else ""
            except UnicodeDecodeError:
                return unknown(f"'{path}' is not UTF-8 now; bring it back with git")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode("utf-8"))
            checks = [
                {"name": f"{path} is as in {source}", "before": "yes" if before == text else "no", "after": "yes"}
            ]
            if parses(path, text):
                checks.append({"name": f"{path} parses", "before": parses(path, before), "after": parses(path, text)})
            proof = {"checks": checks, "words": f"Brings {path} back to {source}. Tests were not run."}
            secrets = sorted(certain_secrets(path, before) | suspicious(before))
            secrets = [secret for secret in secrets if len(secret) >= 3 and "\n" not in secret and secret not in path]
            kept = ctx.patch(tree, "restore", proof, secrets=secrets)
    except (BoundaryError, SealError) as error:
        return unknown(f"no patch is kept: {error}")
    except CallboardError as error:
        return unknown(str(error))
    if kept is None:
        return passed(f"'{path}' is as in {source} already")
    return passed(f"a patch brings '{path}' back to {source}")


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(path, key, change) from one version to another; the key is '' for a whole file."""
    found: list[tuple[str, str, str]] = []
    for path in sorted({*old, *new}):
        if path not in new:
            found.append((path, "", "file removed"))
        elif path not in old:
            found.append((path, "", "file added"))
        elif old[path]["digest"] != new[path]["digest"]:
            before, after = old[path]["keys"], new[path]["keys"]
            differing = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
            keys = [(k, "removed" if k not in after else "added" if k not in before else "changed") for k in differing]
            found += [(path, key, change) for key, change in keys] or [(path, "", "text changed, no key")]
    return found


def _now(ctx: Context, include: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The files as they are: entries for a version, and the texts that may be kept by digest."""
    files: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for path in config_paths(ctx.workspace, include):
        entry, text = _entry(ctx, path)
        files[path] = entry
        if text is not None:
            texts[entry["digest"]] = text
    return files, texts


def _entry(ctx: Context, path: str) -> tuple[dict[str, Any], str | None]:
    raw = (ctx.workspace.path / path).read_bytes()
    try:
        text, exact = raw.decode("utf-8"), True
    except UnicodeDecodeError:
        text, exact = raw.decode("utf-8", "replace"), False
    seen = look_at(path, text, sealing_key(ctx.data))
    kept = seen.text if exact else None
    return {"digest": seen.digest, "keys": dict(seen.keys), "secret": seen.secret, "kept": kept is not None}, kept


def _also(ctx: Context, old: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Files that a version has by its own patterns and that are still there."""
    found = {}
    for path in old:
        place = ctx.workspace.path / path
        if path not in now and place.is_file() and not place.is_symlink():
            found[path] = _entry(ctx, path)[0]
    return found


def _index(ctx: Context) -> list[dict[str, Any]]:
    index = ctx.memory.get(INDEX, [])
    return index if isinstance(index, list) else []


def _load(ctx: Context, number: str) -> dict[str, Any] | None:
    if not re.fullmatch(r"v\d{1,9}", number):
        return None
    version = ctx.memory.get(f"snapshot.{number}")
    return version if isinstance(version, dict) and "files" in version else None


def _ids(index: list[dict[str, Any]]) -> str:
    return ", ".join(entry["id"] for entry in index[-10:])


def _key_mark(ctx: Context) -> str:
    return keyed_hash(sealing_key(ctx.data), "the key itself")


def _tidy(ctx: Context, index: list[dict[str, Any]]) -> None:
    """Forgets versions that fell out of the list, and texts that no version has."""
    keys = ctx.memory.keys()
    known = {f"snapshot.{entry['id']}" for entry in index}
    for key in keys:
        if key.startswith("snapshot.") and key not in known:
            ctx.memory.forget(key)
    if not any(key.startswith("text.") for key in keys) or len(index) % 10:
        return
    used = {f"text.{e['digest']}" for key in known for e in (ctx.memory.get(key) or {"files": {}})["files"].values()}
    for key in keys:
        if key.startswith("text.") and key not in used:
            ctx.memory.forget(key)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _commit(ctx: Context) -> str:
    run = ctx.run_tool([*GIT, "rev-parse", "--verify", "-q", "HEAD"], timeout=60)
    return run.stdout.strip() if run.code == 0 else ""


def _from_git(ctx: Context, commit: str, path: str) -> str | None:
    """The file's text in a commit; None when it is not there, or is no UTF-8."""
    if not re.fullmatch(r"[A-Za-z0-9][\w./~^@{}-]{0,99}", commit):
        return None
    found = ctx.run_tool([*GIT, "rev-parse", "--verify", "-q", "--end-of-options", f"{commit}^{{commit}}"], timeout=60)
    if found.code != 0:
        return None
    run = ctx.run_tool([*GIT, "cat-file", "blob", f"{found.stdout.strip()}:./{path}"], timeout=60)
    return run.stdout if run.code == 0 and "\ufffd" not in run.stdout and not run.truncated else None


def _show(
    ctx: Context, index: list[dict[str, Any]], changes: list[tuple[str, str, str]], title: str, base: str = ""
) -> None:
    blocks: list[Block] = [Words(NOTE, "quiet")]
    rows: list[list[str | int | Cell]] = []
    for entry in reversed(index[-50:]):
        again = Cell("", act=Act("Compare with now", "config.diff", {"snapshot": entry["id"]}))
        told = [entry[key] for key in ("id", "when", "who", "commit", "files", "changes", "note")]
        told[3] = told[3][:10]
        rows.append([*told, again])
    columns = ["Version", "When (UTC)", "Who", "Commit", "Files", "Changes", "Note", "Compare"]
    blocks.append(Table(columns, rows, "Versions", more=max(0, len(index) - 50)))
    if changes:
        listed: list[list[str | Cell]] = []
        offered: set[str] = set()
        old = base or (index[-2]["id"] if len(index) > 1 else "")
        for path, key, change in changes[:300]:
            back: str | Cell = ""
            if old and path not in offered and change != "file added":
                back = Cell("", act=Act(f"Propose {old}", "config.restore", {"path": path, "snapshot": old}))
            offered.add(path)
            listed.append([Cell(path, "", path), key, change, back])
        blocks.append(Table(["File", "Key", "Change", "Bring back"], listed, title, more=max(0, len(changes) - 300)))
    else:
        blocks.append(Words(f"{title}: no change" if base else title, "good"))
    ctx.show("history", *blocks)
