"""Which tests a change affects: by what each test ran last time, else by who imports whom."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from callboard.api import CallboardError, Context, Environment, load_json
from callboard_quality.changes import blob, git, head, touched_lines
from callboard_quality.history import History
from callboard_quality.projects import TEST_FILES
from callboard_quality.projects import inside as is_inside
from callboard_quality.suite import SuiteRun, variables

LARGEST_MAP = 15_000_000
MOST_GRAPHED = 5_000
IMPORT = re.compile(r"^\s*(?:from\s+([.\w]+)\s+import\s+([\w, *(]+)|import\s+([\w., ]+))", re.MULTILINE)
EVERYTHING = frozenset(
    "pyproject.toml setup.py setup.cfg pytest.ini .pytest.ini pytest.toml tox.ini uv.lock poetry.lock pdm.lock Pipfile.lock".split()
)
HARMLESS = re.compile(
    r"(?:^|/)(?:docs?|\.github)/|\.(?:md|rst|adoc|svg|png|jpe?g|gif|po|mo)$|(?:^|/)(?:LICENSE|CHANGES|AUTHORS|callboard\.toml)"
)


@dataclass(slots=True)
class Affected:
    """What is to run first: ids and files (as pytest's ids begin), each with the reason; `known` are the ids of the last run.

    `everything` says why any test may be affected, '' when that can be told apart. `by` says how it is known.
    """

    tests: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    known: list[str] | None = None
    everything: str = ""
    by: str = ""

    def plan(self, *, only: bool) -> dict[str, Any] | None:
        """What our pytest plugin is told; None when the tests' own order is as good."""
        rest = not only or bool(self.everything)
        if not self.tests and not self.files and rest and self.known is None:
            return None
        return {"first": list(self.tests), "first_files": list(self.files), "known": self.known, "rest": rest}


def affected(ctx: Context, folder: str, name: str, history: History) -> Affected:
    """What the changes since the last run affect, with what failed in it; nothing is run for it."""
    found = Affected(known=list(history.tests) or None)
    for test, record in history.tests.items():
        if record.is_failing or record.results.endswith("k"):
            found.tests[test] = "it failed in the last run"
    kept = ctx.memory.get(f"map.{name}")
    ran = kept if isinstance(kept, dict) and isinstance(kept.get("blobs"), dict) else None
    if ran is None:
        found.everything = "" if history.tests else "there was no run before"
        _by_imports(ctx, folder, _changed_by_git(ctx, history.green or head(ctx.workspace.path)), "", found)
        found.by = "by who imports whom"
        return found
    root = str(ran.get("root", ""))
    blobs: Mapping[str, str] = ran["blobs"]
    now = blobs_of(ctx, folder)
    changed = [path for path in {*now, *blobs} if now.get(path) != blobs.get(path)]
    others = [path for path in _changed_by_git(ctx, str(ran.get("commit", ""))) if not path.endswith(".py")]
    loud = [p for p in (*changed, *others) if PurePosixPath(p).name in EVERYTHING]
    loud += [p for p in others if is_inside(p, folder) and not HARMLESS.search(p)]
    if loud:
        found.everything = f"{sorted(loud)[0]} changed"
    found.by = "by what each test ran last time"
    left = []
    for path in sorted(path for path in changed if path.endswith(".py")):
        if not _by_map(ctx, ran, path, blobs.get(path, ""), root, found):
            left.append(path)
    if left:
        _by_imports(ctx, folder, left, root, found)
    return found


def _by_map(ctx: Context, ran: Mapping[str, Any], path: str, old: str, root: str, found: Affected) -> bool:
    """Whether the map could say who is affected by a changed file."""
    tests, entry = ran.get("tests"), (ran.get("files") or {}).get(path)
    mine = path[len(root) :].lstrip("/") if root else path
    if path.rpartition("/")[2] == "conftest.py":
        below = mine.rpartition("/")[0]
        for name in found.known or ():
            if is_inside(name, below):
                found.tests.setdefault(name, f"{path} changed")
        return True
    is_test = any(PurePosixPath(path).match(pattern) for pattern in TEST_FILES)
    if is_test:
        found.files[mine] = f"{path} changed"
    if not isinstance(entry, dict) or not isinstance(tests, list) or not entry.get("by"):
        return is_test
    lines = touched_lines(ctx.workspace.path, old, ctx.workspace.path / path)
    at_import = lines is None or not lines.isdisjoint(entry.get("import") or ())
    for spans, who in entry["by"]:
        if at_import or not spans or any(_meets(spans, number) for number in lines or ()):
            what = f"{path} changed" if at_import else f"lines of {path} that it ran changed"
            for number in who:
                if isinstance(number, int) and 0 <= number < len(tests):
                    found.tests.setdefault(str(tests[number]), what)
    return True


def _meets(spans: list[int], number: int) -> bool:
    return any(spans[at] <= number <= spans[at + 1] for at in range(0, len(spans) - 1, 2))


def _by_imports(ctx: Context, folder: str, changed: Iterable[str], root: str, found: Affected) -> None:
    """Adds the test files that import a changed module, through others too."""
    wanted = [path for path in changed if path.endswith(".py")]
    if not wanted:
        return
    files = ctx.workspace.matching("*.py")[:MOST_GRAPHED]
    importers = _importers(ctx, files)
    for path in wanted:
        todo, seen = [path], {path}
        for place in todo:
            fresh = importers.get(place, set()) - seen
            seen |= fresh
            todo += sorted(fresh)
        for place in seen:
            name = place.rpartition("/")[2]
            if is_inside(place, folder) and any(PurePosixPath(name).match(pattern) for pattern in TEST_FILES):
                reason = f"{path} changed" if place == path else f"it imports {path}, which changed"
                for form in {place, place[len(root or folder) :].lstrip("/")}:
                    found.files.setdefault(form, reason)


def _importers(ctx: Context, files: list[str]) -> dict[str, set[str]]:
    """By file, the files that import it; modules are found by the ends of their paths."""
    by_name: dict[str, list[str]] = {}
    for path in files:
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        for start in range(len(parts)):
            by_name.setdefault(".".join(parts[start:]), []).append(path)
    found: dict[str, set[str]] = {}
    for path in files:
        for module in _imported(path, ctx.workspace.text(path, 500_000)):
            for target in by_name.get(module, ()):
                found.setdefault(target, set()).add(path)
    return found


def _imported(path: str, text: str) -> Iterator[str]:
    package = path.split("/")[:-1]
    for source, names, plain in IMPORT.findall(text):
        if plain:
            yield from (name.split()[0] for name in plain.split(",") if name.split())
            continue
        if source.startswith("."):
            dots = len(source) - len(source.lstrip("."))
            base = package[: len(package) - dots + 1]
            source = ".".join([*base, *filter(None, [source.lstrip(".")])])
        yield source
        yield from (f"{source}.{name.split()[0]}" for name in names.strip(" (").split(",") if name.split())


def _changed_by_git(ctx: Context, commit: str) -> list[str]:
    """The files that git says changed since a commit, with those that it does not know yet."""
    if not commit:
        return []
    named = (
        git(ctx.workspace.path, "diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", commit, "--", ".") or ""
    )
    fresh = git(ctx.workspace.path, "ls-files", "-z", "-o", "--exclude-standard") or ""
    return [name for name in (*named.split("\0"), *fresh.split("\0")) if name]


def blobs_of(ctx: Context, folder: str) -> dict[str, str]:
    """What the Python files and the settings of tests contain, by the names that git gives to contents."""
    paths = [*ctx.workspace.matching("*.py"), *(p for p in ctx.workspace.matching(*EVERYTHING) if is_inside(p, folder))]
    return {path: blob(ctx.workspace.path / path) for path in paths[:20_000]}


def keep_map(ctx: Context, environment: Environment, folder: str, name: str, suite: SuiteRun) -> None:
    """Remembers what each test ran, of a whole run with coverage; what is too large is forgotten, and said in the log."""
    out = ctx.scratch / "map.json"
    given = variables(ctx, environment, ctx.scratch / "unused.jsonl")
    words: list[str | Path] = [environment.python, ctx.scratch / "inside" / "callboard_contexts.py"]
    done = ctx.run_tool([*words, "map", out, environment.base], cwd=environment.base / folder, env=given, timeout=120)
    if done.code != 0 or not out.is_file() or out.stat().st_size > LARGEST_MAP:
        ctx.log("which test runs which lines cannot be remembered", "warning")
        return
    try:
        found = load_json(out.read_text("utf-8", "replace"), out)
        root = Path(suite.story.root).resolve().relative_to(environment.base.resolve()).as_posix()
        kept = {
            **found,
            "root": "" if root == "." else root,
            "commit": head(ctx.workspace.path),
            "blobs": blobs_of(ctx, folder),
        }
        ctx.memory.put(f"map.{name}", kept)
    except (CallboardError, OSError, ValueError, TypeError) as error:
        ctx.log(f"which test runs which lines cannot be remembered: {error}", "warning")


def keep_reasons(ctx: Context, found: Affected) -> None:
    """Keeps, for whoever asks, why a test ran before the others."""
    path = ctx.scratch / "affected.json"
    reasons = {"by": found.by, "everything": found.everything, "tests": found.tests, "files": found.files}
    path.write_text(json.dumps(reasons, indent=1), "utf-8", "replace")
    ctx.artifact(path, kind="text")
