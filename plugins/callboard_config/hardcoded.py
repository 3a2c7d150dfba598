"""Secrets that are written into code and configuration, by the names that they are assigned to."""

import fnmatch
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable

from callboard.api import Context, Finding, Result, Severity, counted, judged, unknown
from callboard_config.assignments import (
    Assignment,
    docker_assignments,
    ini_assignments,
    json_assignments,
    python_assignments,
    script_assignments,
    toml_assignments,
    yaml_assignments,
)
from callboard_config.envfiles import env_files
from callboard_config.options import Hardcoded
from callboard_config.places import is_docs, is_test
from callboard_config.secrecy import is_secret_name, is_strong, looks_real, url_password

LARGEST = 1_000_000
LOCKS = (
    "package-lock.json",
    "*.lock",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "*.min.js",
    "*.map",
    "*.ipynb",
    "*.min.mjs",
)
Reader = Callable[[str], Iterable[Assignment]]
READERS: tuple[tuple[tuple[str, ...], Reader], ...] = (
    (("*.py", "*.pyi"), python_assignments),
    (("*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.mts", "*.cts", "*.vue", "*.svelte"), script_assignments),
    (("*.yml", "*.yaml"), yaml_assignments),
    (("*.toml",), toml_assignments),
    (("*.json",), json_assignments),
    (("*.ini", "*.cfg", "*.conf", "*.properties"), ini_assignments),
    (("Dockerfile*", "*.dockerfile", "Containerfile*"), docker_assignments),
)


def look(ctx: Context, options: Hardcoded) -> Result:
    """Reports each assignment that looks like a secret; test code and its data are left out."""
    looked_at, unread, large = 0, 0, 0
    left_out = set(ctx.workspace.matching(*LOCKS))
    seen: Counter[str] = Counter()
    for patterns, reader in READERS:
        for path in ctx.workspace.matching(*patterns):
            if path in left_out or is_test(path) or any(fnmatch.fnmatchcase(path, p) for p in options.ignore_paths):
                continue
            ctx.progress(None, path)
            text = ctx.workspace.text(path, LARGEST + 1)
            if len(text) > LARGEST:
                large += 1
                continue
            looked_at += 1
            try:
                found = list(reader(text))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                unread += 1
                continue
            _report(ctx, path, found, seen)
    for file in env_files(ctx):
        if is_test(file.path) or not (file.example or file.tracked):
            continue
        looked_at += 1
        entries = [Assignment(entry.name, entry.value, entry.line, "env") for entry in file.entries]
        _report(ctx, file.path, entries, seen, example=file.example)
    if looked_at - unread <= 0:
        return unknown("there is no code and no configuration to look at, besides tests")
    notes = ["tests are left out"]
    if large:
        notes.append(f"{counted(large, 'file')} above {LARGEST:,} bytes left out")
    if unread:
        notes.append(f"{counted(unread, 'file')} could not be parsed")
    return judged(ctx, options.fail_on, counted(looked_at - unread, "file"), notes=notes)


def _report(ctx: Context, path: str, found: Iterable[Assignment], seen: Counter[str], *, example: bool = False) -> None:
    told: set[tuple[str, int]] = set()
    for item in found:
        in_url = url_password(item.value)
        if in_url is None and not (is_secret_name(item.name) and looks_real(item.name, item.value)):
            continue
        if (item.name, item.line) in told:
            continue
        told.add((item.name, item.line))
        mark = "\x1f".join(("secret-hardcoded", path, item.name))
        fingerprint = hashlib.sha256(f"{mark}\x1f{seen[mark]}".encode("utf-8", "replace")).hexdigest()[:16]
        seen[mark] += 1
        ctx.finding(
            Finding(
                rule="secret-in-example" if example else "secret-hardcoded",
                severity=severity(path, item, in_url),
                message=message(item, in_url is not None),
                path=path,
                line=item.line,
                help="Read it from the environment or a secret store, and change it where it is used: the repository has it",
                fingerprint=fingerprint,
            )
        )


def severity(path: str, item: Assignment, in_url: str | None) -> Severity:
    """High for what a machine made or a password of the program itself; less in documents, and for defaults."""
    if is_docs(path):
        return Severity.LOW
    if item.form == "default" and not is_strong(item.value):
        return Severity.MEDIUM
    value = in_url if in_url is not None else item.value
    return Severity.HIGH if is_strong(value) or len(value) >= 8 else Severity.MEDIUM


def message(item: Assignment, in_url: bool) -> str:
    """One sentence without the value."""
    if in_url:
        where = f"The address in '{item.name}'" if item.name else "An address here"
        return f"{where} holds a password"
    if item.form == "default":
        return f"The default of '{item.name}' looks like a real secret; without the setting everybody knows it"
    return f"'{item.name}' is given what looks like a real secret"
