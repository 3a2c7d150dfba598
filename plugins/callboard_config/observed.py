"""What a workspace says about settings: its code, its env files, its other definitions."""

from dataclasses import dataclass, field

from callboard.api import Context, Workspace
from callboard_config.defines import Definition, compose_reads, definitions
from callboard_config.envfiles import EnvFile, env_files
from callboard_config.places import is_test
from callboard_config.python_helpers import Shared, shared
from callboard_config.python_reads import python_reads
from callboard_config.read import Read
from callboard_config.scripts import script_reads

SCRIPTS = ("*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.mts", "*.cts", "*.vue", "*.svelte", "*.astro")
LARGEST_CODE = 1_000_000
POINTER = "version https://git-lfs.github.com/spec/"


@dataclass(slots=True)
class Seen:
    """All that was read of a workspace."""

    reads: list[Read] = field(default_factory=list)
    sets: set[str] = field(default_factory=set)
    dynamic: list[tuple[str, int]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    files: list[EnvFile] = field(default_factory=list)
    defined: list[Definition] = field(default_factory=list)
    code_files: int = 0

    def names(self) -> set[str]:
        """Every setting that is read."""
        return {name for read in self.reads for name in (read.name, *read.others)}


def observe(ctx: Context) -> Seen:
    """Reads code, env files and definitions."""
    seen = Seen()
    workspace = ctx.workspace
    python = workspace.matching("*.py")
    known = _shared(workspace, python)
    names = {name for module in known for name in (*module.helpers, *module.dynaconf)}
    scripts = [path for path in workspace.matching(*SCRIPTS) if not path.endswith(".min.js")]
    total = len(python) + len(scripts)
    for number, path in enumerate([*python, *scripts]):
        ctx.progress(number / total, path)
        text = workspace.text(path, LARGEST_CODE)
        seen.code_files += 1
        worth = "env" in text.lower() or "Settings" in text or "onfig" in text
        if text.startswith(POINTER) or "\0" in text:
            seen.unread.append(path)
            continue
        if not worth and not any(name in text for name in names):
            continue
        try:
            reads = python_reads(text, path, known) if number < len(python) else script_reads(text, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            seen.unread.append(path)
            continue
        seen.reads += reads.reads
        seen.sets.update(reads.sets)
        seen.dynamic += [(path, line) for line in reads.dynamic]
    seen.reads += compose_reads(workspace)
    seen.files = env_files(ctx)
    seen.defined = list(definitions(workspace))
    return seen


def _shared(workspace: Workspace, python: list[str]) -> list[Shared]:
    """The helpers that modules offer to each other; tests' own are left to the tests."""
    found = []
    for path in python:
        if is_test(path):
            continue
        try:
            module = shared(workspace.text(path, LARGEST_CODE).removeprefix("\ufeff"), path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if module is not None:
            found.append(module)
    return found
