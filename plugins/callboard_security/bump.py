"""Raises a dependency where it is declared, as a patch; a lock is left to its own tool, and then no patch is made."""

import fnmatch
import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from callboard.api import CallboardError, Context, Fix, Result, Symptom, clean, failed, passed, unknown
from callboard_security.found import normal
from callboard_security.options import Bump
from callboard_security.packages import LOCKS
from callboard_security.requirement import CLAUSES, is_less, raised

ADVICE = re.compile(r"^Upgrade (@?[A-Za-z0-9][\w./-]{0,150}) to ([0-9][A-Za-z0-9.+!_-]{0,60}) or later; ")
PACKAGE = re.compile(r"@?[A-Za-z0-9][\w./-]{0,150}")
VERSION = re.compile(r"[0-9][A-Za-z0-9.+!_-]{0,60}")
SPECIFIER = rf"(\s*(?:\[[^\]\n]*\])?\s*\(?)({CLAUSES})(?=\)?\s*(?:$|[\"';#\s]))"
RENEW = {
    "package-lock.json": "npm install", "npm-shrinkwrap.json": "npm install", "yarn.lock": "yarn upgrade",
    "pnpm-lock.yaml": "pnpm update", "poetry.lock": "poetry update", "uv.lock": "uv lock --upgrade-package",
    "pdm.lock": "pdm update", "Pipfile.lock": "pipenv update",
}  # fmt: skip
RENEWS = {
    "npm": [["npm", "install"], ["npm", "update"]], "yarn": [["yarn", "upgrade"], ["yarn", "install"]],
    "pnpm": [["pnpm", "update"], ["pnpm", "install"]], "poetry": [["poetry", "update"], ["poetry", "lock"]],
    "uv": [["uv", "lock"], ["uv", "sync"]], "pdm": [["pdm", "update"], ["pdm", "lock"]],
    "pipenv": [["pipenv", "update"], ["pipenv", "lock"]],
}  # fmt: skip


def mends(symptom: Symptom) -> list[Fix]:
    """The raise that the advisory names; none for what has no fixed version, and for what only a lock's own tool can write."""
    match = ADVICE.match(symptom.help)
    if match is None or not symptom.path or is_lock(symptom.path):
        return []
    options = {"package": match[1], "version": match[2], "path": symptom.path}
    return [Fix("security.bump", options, f"raise {match[1]} to {match[2]} in {symptom.path}")]


def is_lock(path: str) -> bool:
    """Whether the file is written by a tool that also keeps hashes in it."""
    name = path.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LOCKS)


def raise_version(ctx: Context, options: Bump) -> Result:
    """A patch with the one number changed; unknown, with the mend in words, where that would not be enough."""
    package, version, path = options.package, options.version, options.path
    if not PACKAGE.fullmatch(package) or not VERSION.fullmatch(version):
        return failed("name a package and a version, such as package = 'flask' and version = '2.3.2'")
    if path not in ctx.workspace.files:
        return failed(f"there is no file '{clean(path, 200)}' in the workspace")
    name = path.rpartition("/")[2]
    if is_lock(path):
        command = RENEW.get(name, "its own tool")
        return unknown(f"{path} is a lock with hashes, which only {command} can write; {_renew(ctx, name, package)}")
    text = ctx.workspace.text(path)
    if "--hash" in text:
        return unknown(f"{path} holds hashes of archives, which nobody knows here; raise {package} with what wrote it")
    beside = [other for other in ctx.workspace.files if other.rpartition("/")[0] == path.rpartition("/")[0]]
    locks = [other for other in beside if is_lock(other) and _belongs(name, other)]
    if locks:
        words = _renew(ctx, locks[0].rpartition("/")[2], package)
        return unknown(f"{locks[0]} lies beside it and would disagree; {words}, which writes both")
    try:
        after = _raised(text, path, package, version)
        with ctx.worktree() as tree:
            (tree.path / path).write_text(after, "utf-8")
            words = f"one number of {path} is another; what depends on {package} was not installed, so not tried"
            kept = ctx.patch(
                tree, f"raise-{re.sub(r'[^A-Za-z0-9]+', '-', package).strip('-')}", {"checks": [], "words": words}
            )
    except (CallboardError, OSError, UnicodeDecodeError) as error:
        return unknown(f"no patch was made: {error}")
    if kept is None:
        return passed(f"{path} asks for {package} {version} or later already")
    return passed(f"a patch raises {package} to {version} in {path}; install it, then the tests say whether it fits")


def _renew(ctx: Context, lock: str, package: str) -> str:
    """How the lock is written anew: by the job of the team that does it, where there is one, else by its tool."""
    command = RENEW.get(lock, "its own tool")
    try:
        jobs = tomllib.loads(ctx.workspace.text("callboard.toml")).get("jobs")
    except (OSError, ValueError, CallboardError):
        jobs = None
    for name, job in jobs.items() if isinstance(jobs, dict) else ():
        words = job.get("command") if isinstance(job, dict) else None
        if isinstance(words, list) and [str(word) for word in words[:2]] in RENEWS.get(command.split()[0], []):
            return f"`callboard run --only {clean(str(name), 80)}` is the team's way to renew it"
    return f"run `{command} {package}`"


def _belongs(name: str, lock: str) -> bool:
    """Whether a lock is one of what the file declares."""
    scripts = lock.endswith(("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"))
    return scripts == (name == "package.json") and not (name.endswith((".txt", ".in")))


def _raised(text: str, path: str, package: str, version: str) -> str:
    if path.endswith("package.json"):
        return _in_package_json(text, package, version)
    spelt = r"[-_.]+".join(re.escape(part) for part in re.split(r"[-_.]+", package))
    pattern = re.compile(rf"(?im)(^[ \t]*|[\"'])({spelt}){SPECIFIER}")
    after, troubles = text, []
    for match in reversed(list(pattern.finditer(text))):
        if normal(match[2]) != normal(package):
            continue
        try:
            other = raised(match[4], version)
        except ValueError as trouble:
            troubles.append(str(trouble))
            continue
        if other is not None:
            after = after[: match.start(4)] + other + after[match.end(4) :]
    if troubles:
        raise CallboardError(f"'{package}' in {path}: {troubles[-1]}")
    if after == text:
        raise CallboardError(f"'{package}' is not declared in {path} with a version that could be raised")
    if path.endswith(".toml") and _shape(tomllib.loads, after) != _shape(tomllib.loads, text):
        raise CallboardError(f"{path} would read otherwise; raise '{package}' by hand")
    return after


def _in_package_json(text: str, package: str, version: str) -> str:
    groups = json.loads(text)
    asked = {
        (groups.get(group) or {}).get(package) for group in ("dependencies", "devDependencies", "optionalDependencies")
    } - {None}
    pattern = re.compile(rf'("{re.escape(package)}"\s*:\s*")([~^]|>=\s*)?([0-9][\w.+-]*)(")')
    found = [m for m in pattern.finditer(text) if (m[2] or "") + m[3] in asked and is_less(m[3], version, "npm")]
    if not found:
        raise CallboardError(f"'{package}' is not asked for with one version that could be raised")
    for match in reversed(found):
        text = text[: match.start(3)] + version + text[match.end(3) :]
    return text


def _shape(read: Callable[[str], Any], text: str) -> Any:
    """What a text holds, with all texts as one, so that two can be compared but for them."""
    try:
        return _without_texts(read(text))
    except (ValueError, RecursionError) as error:
        raise CallboardError(f"it cannot be read: {error}") from error


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    return "" if isinstance(value, str) else value
