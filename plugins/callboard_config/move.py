"""Moves hard-coded secrets into settings: a patch that holds no secret, with its proof."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callboard.api import BoundaryError, CallboardError, Context, Result, SealError, Worktree, counted, passed, unknown
from callboard_config.assignments import Assignment, python_assignments, script_assignments, yaml_assignments
from callboard_config.dotenv import is_example, parse
from callboard_config.envfiles import GIT, in_tree
from callboard_config.hardcoded import is_secret, sources
from callboard_config.move_python import PythonMoves, parsed
from callboard_config.move_text import browser_folders, compose_move, example_move, script_move
from callboard_config.moves import Move, Names, applied
from callboard_config.options import MoveSecrets
from callboard_config.places import covers, folder_of
from callboard_config.projects import Projects
from callboard_config.redact import suspicious
from callboard_config.scripts import blanked
from callboard_config.yaml_text import load_bounded

SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".vue", ".svelte", ".astro")
COMPOSE_NAME = re.compile(r"(docker-)?compose[^/]*\.ya?ml$")
HEAD = "# What this project must be told; copy to .env and fill in\n"


@dataclass(slots=True)
class Changed:
    """A file with its moves; `text` is what it becomes, without byte order mark."""

    path: str
    before: str
    text: str
    moves: list[Move]
    mark: bool


@dataclass(slots=True)
class Work:
    """What was done, and what was left."""

    changed: list[Changed] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    found: int = 0
    looked_at: int = 0


def move(ctx: Context, options: MoveSecrets) -> Result:
    """Makes the patch; UNKNOWN when there is no commit to work from, or nothing that was found can be moved."""
    try:
        with ctx.worktree() as tree:
            return _moved(ctx, options, tree)
    except (BoundaryError, SealError) as error:
        return unknown(f"no patch is kept: {error}")
    except CallboardError as error:
        return unknown(str(error))


def _moved(ctx: Context, options: MoveSecrets, tree: Worktree) -> Result:
    work = Work()
    names = Names()
    root = in_tree(ctx, tree.path)
    browser = browser_folders(ctx.workspace)
    for path, items in sources(ctx, options.ignore_paths):
        work.looked_at += 1
        chosen = [item for item in items if is_secret(item)]
        work.secrets |= {item.value for item in chosen}
        if options.paths and path not in options.paths:
            continue
        if options.line:
            chosen = [item for item in chosen if item.line == options.line]
        if chosen:
            work.found += len(chosen)
            _move_in(ctx, root, path, chosen, names, browser, work)
    if not work.looked_at:
        return unknown("there is no code and no configuration to look at, besides tests")
    if not work.found:
        return passed(f"no hard-coded secret in {counted(work.looked_at, 'file')}: there is nothing to move")
    left = "; ".join(work.left[:5]) + (f"; and {len(work.left) - 5} more" if len(work.left) > 5 else "")
    if not work.changed:
        return unknown(f"none of {counted(work.found, 'hard-coded secret')} can be moved by itself: {left}")
    return _keep(ctx, tree, root, work, left)


def _move_in(
    ctx: Context, root: Path, path: str, items: list[Assignment], names: Names, browser: list[str], work: Work
) -> None:
    raw = _read(root / path)
    if raw is None or "\r" in raw.replace("\r\n", ""):
        work.left.append(f"{path}: it is not UTF-8, or its lines end in an old way")
        return
    mark = raw.startswith("\ufeff")
    source = raw.removeprefix("\ufeff")
    try:
        ctx.boundary.check_path(path)
        python = PythonMoves(source, path, names) if path.endswith(".py") else None
    except BoundaryError as error:
        work.left.append(str(error))
        return
    except (SyntaxError, ValueError, RecursionError):
        work.left.append(f"{path}: it cannot be parsed")
        return
    fresh = _fresh_items(path, source, items)
    moves: list[Move] = []
    for item in items:
        now = fresh.pop((item.name, item.line, item.value), None)
        if now is None:
            continue
        if python is not None:
            done = python.move(now)
        elif path.endswith(SCRIPTS):
            done = script_move(source, path, now, names, browser)
        elif COMPOSE_NAME.search(path):
            done = compose_move(source, now, names)
        elif is_example(path.rsplit("/", 1)[-1]) and now.form == "env":
            done = example_move(source, now, names)
        else:
            done = "the program that loads this file must read it from the environment; that cannot be seen from here"
        if isinstance(done, str):
            work.left.append(f"{path}:{item.line} '{item.name}': {done}")
        elif all(done.edit.end <= m.edit.start or m.edit.end <= done.edit.start for m in moves):
            moves.append(done)
    if not moves:
        return
    text = applied(source, [each.edit for each in moves])
    try:
        text = python.with_import(text) if python is not None else text
    except (SyntaxError, ValueError, RecursionError):
        work.left.append(f"{path}: the change would not parse")
        return
    change = Changed(path, source, text, moves, mark)
    trouble = proof_of(change)
    if trouble:
        work.left.append(f"{path}: {trouble}")
        return
    (root / path).write_bytes((("\ufeff" if mark else "") + text).encode("utf-8"))
    work.secrets |= suspicious(source)
    work.changed.append(change)


def _fresh_items(path: str, source: str, items: list[Assignment]) -> dict[tuple[str, int, str], Assignment]:
    """The same assignments, read again from the very text that is edited."""
    if path.endswith(".py"):
        found: Iterator[Assignment] = python_assignments(source)
    elif path.endswith(SCRIPTS):
        found = script_assignments(source)
    elif path.endswith((".yml", ".yaml")):
        found = yaml_assignments(source)
    else:
        return {(item.name, item.line, item.value): item for item in items}
    return {(item.name, item.line, item.value): item for item in found}


def proof_of(change: Changed) -> str:
    """Why the change is not sound, '' when it is: it parses as before, defines the same names, and the secrets are gone."""
    if change.path.endswith(".py"):
        try:
            before, after = parsed(change.before), parsed(change.text)
            compile(after, change.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError):
            return "the change would not parse"
        if _names(before) != _names(after) - {"os"} and _names(before) != _names(after):
            return "the change would define other names"
    elif change.path.endswith(SCRIPTS):
        if _skeleton(change.before) != _skeleton(change.text):
            return "the change would alter more than the literal"
    elif change.path.endswith((".yml", ".yaml")) and load_bounded(change.text) is None:
        return "the change would not parse"
    return ""


def _skeleton(source: str) -> list[str]:
    return re.findall(r"[{}()\[\];]", blanked(source))


def _names(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return found


def _keep(ctx: Context, tree: Worktree, root: Path, work: Work, left: str) -> Result:
    told = sorted({each.name for change in work.changed for each in change.moves})
    unnamed = _name_in_examples(ctx, root, work)
    ignored = _ignore_env(ctx, root, work)
    moved = sum(len(change.moves) for change in work.changed)
    checks = []
    for change in work.changed:
        how = "compiles, and defines the same names" if change.path.endswith(".py") else "parses"
        if change.path.endswith(SCRIPTS):
            how = "the code around the literals is the same (it was not run through a parser)"
        checks.append({"name": f"{change.path}: {how}", "before": "yes", "after": "yes"})
    checks.append({"name": "hard-coded secrets", "before": str(work.found), "after": str(work.found - moved)})
    words = (
        f"Set {', '.join(told)} where the program runs before you accept this (in .env, which git must ignore, or in a secret"
        " store): it stops without. Then change the secrets themselves: the history of the repository keeps the old ones."
        " The patch is kept sealed: marks stand for the secrets, and they are read from your own files when you accept it."
        " Tests were not run."
    )
    for path, why in unnamed:
        words += f" {path} could not be given the names ({why}): add them there yourself."
    if ignored:
        words += f" {ignored}"
    if left:
        words += f" Left as they are: {left}."
    paths = [change.path for change in work.changed]
    plain = " ".join([*paths, *told])
    secrets = sorted(secret for secret in work.secrets if _sealable(secret) and secret not in plain)
    kept = ctx.patch(tree, "secrets-to-settings", {"checks": checks, "words": words}, secrets=secrets)
    if kept is None:
        return unknown("the change came out empty")
    summary = (
        f"a patch moves {moved:,} of {counted(work.found, 'hard-coded secret')} to {counted(len(told), 'setting')}"
        f" ({', '.join(told[:6])}{' …' if len(told) > 6 else ''}) in {counted(len(paths), 'file')}; it is sealed"
    )
    if left:
        summary += f"; left: {left}"
    return passed(summary, outputs={"moved": moved, "settings": told})


def _sealable(secret: str) -> bool:
    return len(secret) >= 3 and "\n" not in secret


def _name_in_examples(ctx: Context, root: Path, work: Work) -> list[tuple[str, str]]:
    """Adds `NAME=` to the example of each project; returns those that could not be changed, and why."""
    projects = Projects(ctx.workspace)
    examples = [p for p in ctx.workspace.files if is_example(p.rsplit("/", 1)[-1]) and "env" in p.rsplit("/", 1)[-1]]
    wanted: dict[str, list[str]] = {}
    for change in work.changed:
        near = [p for p in examples if covers(folder_of(p), change.path)]
        folder = projects.of(change.path)
        place = max(
            near, key=lambda p: len(folder_of(p)), default=f"{folder}/.env.example" if folder else ".env.example"
        )
        if place != change.path:
            wanted.setdefault(place, []).extend(each.name for each in change.moves)
    refused = []
    for place, names in sorted(wanted.items()):
        try:
            ctx.boundary.check_path(place)
        except BoundaryError as error:
            refused.append((place, str(error)))
            continue
        raw = _read(root / place)
        text = (raw or "") if (root / place).exists() else HEAD
        if raw is None and (root / place).exists():
            refused.append((place, "it is not UTF-8"))
            continue
        known = {entry.name for entry in parse(text).entries}
        end = "\r\n" if "\r\n" in text else "\n"
        added = "".join(f"{name}={end}" for name in dict.fromkeys(names) if name not in known)
        if added:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            gap = "" if not text or text.endswith("\n") else end
            (root / place).write_bytes((text + gap + added).encode("utf-8"))
            work.secrets |= {entry.value for entry in parse(text).entries if len(entry.value) >= 6} & suspicious(text)
    return refused


def _ignore_env(ctx: Context, root: Path, work: Work) -> str:
    """Sees to it that git ignores the .env of each project; words for what it could not mend."""
    projects = Projects(ctx.workspace)
    folders = sorted({projects.of(change.path) for change in work.changed})
    places = [f"{folder}/.env" if folder else ".env" for folder in folders]
    tracked = ctx.run_tool([*GIT, "--literal-pathspecs", "ls-files", "-z", "--", *places], cwd=root).stdout
    open_places = []
    for place in places:
        run = ctx.run_tool([*GIT, "check-ignore", "-q", "--no-index", "--", place], cwd=root)
        if run.code == 1:
            open_places.append(place)
    words = ""
    if tracked:
        which = tracked.replace("\0", " ").strip()
        words = f"git tracks {which}: take it out with git rm --cached, or the secrets are in the repository again."
    if open_places:
        try:
            ctx.boundary.check_path(".gitignore")
        except BoundaryError as error:
            return f"{words} .gitignore could not be changed ({error}); name .env in it."
        text = _read(root / ".gitignore") or ""
        gap = "" if not text or text.endswith("\n") else "\n"
        end = "\r\n" if "\r\n" in text else "\n"
        (root / ".gitignore").write_bytes(f"{text}{gap}.env{end}".encode())
    return words


def _read(path: Path) -> str | None:
    """The text with its own line ends; None for what is no UTF-8 file."""
    try:
        if path.is_symlink():
            return None
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
