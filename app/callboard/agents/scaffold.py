"""A new plugin as a complete project: an agent with one action, what it proposes, tests, and how to install it."""

import re
from importlib.util import find_spec
from pathlib import Path
from string import Template

from callboard.errors import CallboardError

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.26,<2"]
build-backend = "hatchling.build"

[project]
name = "callboard-$name"
version = "0.1.0"
description = "$title: an agent for Callboard"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["callboard>=0.1,<1"]

[project.optional-dependencies]
test = ["pytest>=8"]

# This is how Callboard finds the plugin.
[project.entry-points.callboard]
$name = "$package"

[tool.hatch.build.targets.wheel]
packages = ["src/$package"]

[tool.pytest.ini_options]
testpaths = ["tests"]

[tool.ruff]
line-length = 120

[tool.ruff.lint.flake8-bugbear]
extend-immutable-calls = ["callboard.api.option"]
"""

PACKAGE = '''\
"""$title: finds notes that were left in the code, such as TODO and FIXME."""

from collections.abc import Sequence
from dataclasses import dataclass

from callboard.api import (
    Agent,
    Context,
    Effects,
    Figure,
    Figures,
    Finding,
    Fix,
    Job,
    Needs,
    Result,
    Section,
    Severity,
    Symptom,
    Table,
    Workspace,
    action,
    failed,
    hookimpl,
    option,
    passed,
    unknown,
)

PATTERNS = ("*.py", "*.js", "*.ts", "*.tsx", "*.sh", "*.md")


@dataclass(frozen=True, slots=True)
class NoteOptions:
    """The form on the page, the flags and the JSON schema are made from these fields."""

    words: list[str] = option(["TODO", "FIXME"], help="Words that mark a note")
    most: int = option(20, help="The most notes that are still in order", minimum=0)


@dataclass(frozen=True, slots=True)
class DropOptions:
    """Which line is dropped."""

    path: str = option("", help="The file")
    line: int = option(0, help="The line, from 1", minimum=0)


class $klass(Agent):
    """The agent: a name, and methods that are marked as actions."""

    name = "$name"
    title = "$title"
    summary = "Finds notes that were left in the code"
    version = "0.1.0"

    @action(
        "Find notes",
        options=NoteOptions,
        needs=Needs(cpus=1.0, memory_mb=128),
        effects=Effects(reads=PATTERNS),
        time_limit=120,
    )
    def notes(self, ctx: Context, options: NoteOptions) -> Result:
        """Reports each line that holds one of the words."""
        files = ctx.workspace.matching(*PATTERNS)
        if not files:
            return unknown("there is no source file to look at")
        found: dict[str, int] = {}
        for place, path in enumerate(files):
            ctx.progress(place / len(files), path)
            for number, line in enumerate(ctx.workspace.text(path).splitlines(), 1):
                for word in options.words:
                    if word in line:
                        found[path] = found.get(path, 0) + 1
                        ctx.finding(
                            Finding(
                                rule=f"note/{word}",
                                severity=Severity.LOW,
                                message=f"{word} was left here; do it, or write an issue",
                                path=path,
                                line=number,
                            )
                        )
        total = sum(found.values())
        ctx.metric("$name.notes", total)
        worst = sorted(found.items(), key=lambda item: -item[1])
        figure = Figure("notes", total, state="bad" if total > options.most else "good")
        ctx.show("notes", Figures([figure]), Table(["file", "notes"], worst))
        words = f"{total} notes in {len(files)} files"
        return failed(f"{words}, more than {options.most}") if total > options.most else passed(words)

    @action("Drop a note", options=DropOptions, time_limit=120)
    def drop(self, ctx: Context, options: DropOptions) -> Result:
        """Proposes a patch without the line; only a line that is nothing but a comment is dropped."""
        if options.path not in ctx.workspace.files or not ctx.line(options.path, options.line).lstrip().startswith("#"):
            return unknown("there is no line that is only a comment; do what the note says, or drop it by hand")
        with ctx.worktree() as tree:
            file = tree.path / options.path
            lines = file.read_text("utf-8").splitlines(keepends=True)
            file.write_text("".join(lines[: options.line - 1] + lines[options.line :]), "utf-8")
            ctx.patch(tree, "drop-note", {"checks": [], "words": "one comment less"})
        return passed(f"a patch drops line {options.line} of {options.path}")


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The agents of this plugin."""
    return [$klass()]


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """What the agent's page shows of a workspace; the action fills it with `ctx.show`."""
    empty = "Run $name.notes to see which files hold notes."
    return [Section("notes", agent="$name", title="Notes", empty=empty, trends=("$name.notes",))]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """A job where there is something to look at; this only looks, and never runs what it sees."""
    files = workspace.matching(*PATTERNS)
    if not files:
        return []
    because = f"{len(files)} source files"
    return [Job(name="$name.notes", action="$name.notes", because=because, estimate=1.0)]


@hookimpl
def callboard_fixes(symptom: Symptom) -> Sequence[Fix]:
    """What mends a case: an action that proposes a patch. Any plugin may offer some for what any other one found."""
    if not symptom.rule.startswith("note/"):
        return []
    options = {"path": symptom.path, "line": symptom.line}
    return [Fix("$name.drop", options, f"drop the note in {symptom.path} line {symptom.line}")]
'''

TESTS = '''\
"""The agent does what its README says."""

import subprocess
from pathlib import Path

from callboard.api import Symptom, Verdict, Workspace
from callboard.testing import run_action

from $package import $klass, callboard_detect, callboard_fixes


def test_a_note_is_found_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\\ny = 2  # TODO: z\\n")
    outcome = run_action($klass(), "notes", tmp_path)
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("note/TODO", "a.py", 2)]
    figures, table = outcome.sections()["notes"]
    assert (figures["figures"][0]["value"], table["rows"]) == (1, [["a.py", 1]])
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS


def test_too_many_notes_fail(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# LATER\\n# LATER\\n")
    outcome = run_action($klass(), "notes", tmp_path, {"words": ["LATER"], "most": 1})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL


def test_a_note_that_is_a_comment_can_be_dropped_by_a_patch(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# TODO: z\\nx = 1\\n")
    for words in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm x"):
        subprocess.run(["git", "-C", str(tmp_path), *words.split()], check=True)
    (fix,) = callboard_fixes(Symptom("$name.notes", rule="note/TODO", path="a.py", line=1))
    outcome = run_action($klass(), fix.action.partition(".")[2], tmp_path, fix.options)
    assert "-# TODO: z" in outcome.artifacts["drop-note.patch"].read_text()
    assert callboard_fixes(Symptom("x.y", rule="other")) == []


def test_nothing_to_look_at_is_no_pass(tmp_path: Path) -> None:
    outcome = run_action($klass(), "notes", tmp_path)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert callboard_detect(Workspace(tmp_path)) == []


def test_a_workspace_with_source_gets_the_job(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\\n")
    (job,) = callboard_detect(Workspace(tmp_path))
    assert (job.action, job.because) == ("$name.notes", "1 source files")
'''

README = """\
# $title

An agent for [Callboard](https://pypi.org/project/callboard/). It has two actions:

| action | what it does | options |
|---|---|---|
| `$name.notes` | finds notes that were left in the code | `words` (TODO, FIXME), `most` (20): more of them fail |
| `$name.drop` | proposes a patch without a line that is only a comment | `path`, `line` |

It reads text files alone, needs no tool and no network, and changes nothing.

## Install it

```
pip install -e ".[test]"
pytest
callboard plugin check $name
callboard plugin list
```

Callboard finds it through the entry point in `pyproject.toml`; press Rescan on the page of plugins when the dashboard
is open. In a workspace, `callboard run --only '$name.*'` runs it.

## Make it yours

- `src/$package/__init__.py` holds the agent. A method that is marked with `@action` is an action; it gets a `Context`
  (the workspace, progress, findings, metrics, artefacts, tools) and its options.
- `callboard_sections` declares what the agent's page shows; `ctx.show` fills it, and `callboard show $name` prints it.
- `callboard_fixes` offers what mends a case; Callboard runs it, verifies the patch in a copy, and a person accepts it.
- `passed`, `failed` and `unknown` are the results. What could not be checked is `unknown`, never a pass.
- Import `callboard.api` alone, and keep the import of the package cheap.
"""

FILES = {
    "pyproject.toml": PYPROJECT,
    "README.md": README,
    "src/$package/__init__.py": PACKAGE,
    "src/$package/py.typed": "",
    "tests/test_$package.py": TESTS,
    ".gitignore": "__pycache__/\ndist/\n.pytest_cache/\n*.egg-info/\n",
}


def plugin_files(name: str) -> dict[str, str]:
    """The files of a new plugin by their paths; raises `CallboardError` for a name that cannot be used."""
    if not NAME.fullmatch(name) or len(name) > 40:
        raise CallboardError(
            f"'{name}' is no name for a plugin; use small letters, digits and '-', such as 'note-finder'"
        )
    package = f"callboard_{name.replace('-', '_')}"
    if find_spec(package) is not None:
        raise CallboardError(f"there already is a package '{package}'; choose another name")
    words = {
        "name": name,
        "package": package,
        "klass": "".join(word.capitalize() for word in name.split("-")),
        "title": " ".join(word.capitalize() for word in name.split("-")),
    }
    return {Template(path).substitute(words): Template(text).substitute(words) for path, text in FILES.items()}


def write_plugin(name: str, parent: Path) -> Path:
    """Writes the project into the new folder `callboard-NAME` below `parent` and returns it.

    Raises `CallboardError` when the folder is there already, or cannot be written.
    """
    files = plugin_files(name)
    folder = parent / f"callboard-{name}"
    try:
        folder.mkdir(parents=True)
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
    except FileExistsError as error:
        raise CallboardError(f"{folder} is there already; choose another name or remove it") from error
    except OSError as error:
        raise CallboardError(f"{folder} cannot be written: {error.strerror}") from error
    return folder
