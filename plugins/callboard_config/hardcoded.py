"""Secrets that are written into code and configuration, by the names that they are assigned to."""

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from callboard.api import (
    Act,
    Block,
    Cell,
    Context,
    Finding,
    Result,
    Severity,
    Table,
    Words,
    counted,
    judged,
    secret_print,
    unknown,
)
from callboard_config.assignments import (
    Assignment,
    docker_assignments,
    ini_assignments,
    json_assignments,
    line_assignments,
    python_assignments,
    script_assignments,
    toml_assignments,
    yaml_assignments,
)
from callboard_config.dotenv import is_example
from callboard_config.envfiles import env_files
from callboard_config.options import Hardcoded
from callboard_config.places import is_docs, is_test
from callboard_config.secrecy import is_secret_name, is_strong, looks_real, url_password
from callboard_config.unread import torn_files, unread_words

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


@dataclass(slots=True)
class Left:
    """Files that could not be parsed, and how many were too large."""

    unread: list[str] = field(default_factory=list)
    large: int = 0


def sources(ctx: Context, ignored: Sequence[str], left: Left | None = None) -> Iterator[tuple[str, list[Assignment]]]:
    """Each file that is no test, with what is assigned in it; env files only where they are examples, or tracked."""
    left = left or Left()
    left_out = set(ctx.workspace.matching(*LOCKS))
    for patterns, reader in READERS:
        for path in ctx.workspace.matching(*patterns):
            if path in left_out or is_test(path) or any(fnmatch.fnmatchcase(path, p) for p in ignored):
                continue
            ctx.progress(None, path)
            text = ctx.workspace.text(path, LARGEST + 1)
            if len(text) > LARGEST:
                left.large += 1
                continue
            try:
                found = list(reader(text))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                left.unread.append(path)
                continue
            yield path, found
    for file in env_files(ctx):
        if not is_test(file.path) and (file.example or file.tracked):
            yield file.path, [Assignment(entry.name, entry.value, entry.line, "env") for entry in file.entries]


def look(ctx: Context, options: Hardcoded) -> Result:
    """Reports each assignment that looks like a secret; tests are left out, what does not parse is read by line."""
    looked_at, left = 0, Left()
    seen: Counter[str] = Counter()
    for path, assigned in sources(ctx, options.ignore_paths, left):
        looked_at += 1
        example = is_example(path.rsplit("/", 1)[-1]) and any(item.form == "env" for item in assigned[:1])
        _report(ctx, path, assigned, seen, example=example)
    for path in left.unread:
        _report(ctx, path, line_assignments(ctx.workspace.text(path, LARGEST)), seen)
    torn = torn_files(ctx, left.unread)
    if not looked_at and left.unread:
        return unknown(f"{counted(len(left.unread), 'file')} could not be parsed, and there is nothing else to look at")
    if not looked_at:
        return unknown("there is no code and no configuration to look at, besides tests")
    found = [finding for finding in ctx.findings if finding.rule != "unparsable"]
    ctx.show("hardcoded", *_blocks(found))
    ctx.metric("config.hardcoded", float(len(found)))
    notes = ["tests are left out"]
    if left.large:
        notes.append(f"{counted(left.large, 'file')} above {LARGEST:,} bytes left out")
    if len(left.unread) > len(torn):
        more = len(left.unread) - len(torn)
        notes.append(f"{counted(more, 'template or sample', 'templates or samples')} read line by line")
    gaps = [f"{unread_words(torn)}, and only read line by line"] if torn else []
    return judged(ctx, options.fail_on, counted(looked_at, "file"), notes=notes, unchecked=gaps)


def _blocks(findings: Sequence[Finding]) -> list[Block]:
    """A row for each, with the button that proposes its move; no values."""
    if not findings:
        return [Words("No hard-coded secret was found.", "good")]
    everything = Cell("all of them", act=Act("Move to settings", "config.move"))
    rows: list[list[str | Cell]] = [[everything, "", ""]]
    for finding in findings[:300]:
        act = Act("Move to settings", "config.move", {"paths": [finding.path], "line": finding.line})
        rows.append(
            [
                Cell(f"{finding.path}:{finding.line}", "bad", finding.path, finding.line),
                finding.message,
                Cell("", act=act),
            ]
        )
    return [Table(["Where", "What", "Mend"], rows, more=max(0, len(findings) - 300))]


def is_secret(item: Assignment) -> bool:
    """Whether it is a password in an address, or a real-looking value under the name of a secret."""
    return url_password(item.value) is not None or (is_secret_name(item.name) and looks_real(item.name, item.value))


def _report(ctx: Context, path: str, found: Iterable[Assignment], seen: Counter[str], *, example: bool = False) -> None:
    told: set[tuple[str, int]] = set()
    for item in found:
        if not is_secret(item):
            continue
        in_url = url_password(item.value)
        if (item.name, item.line) in told:
            continue
        told.add((item.name, item.line))
        text = ctx.line(path, item.line)
        mark = secret_print(path, text)
        fingerprint = secret_print(path, text, seen[mark])
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
