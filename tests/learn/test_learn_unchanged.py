"""One changed file makes exactly the tasks that read it, and those that need them, run again; everything else stands."""

import datetime
import fnmatch
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import peewee
import pytest

from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue
from callboard.core import events as e
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.resources import Needs
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskSpec, TaskState, Verdict
from callboard.learn.contents import Contents
from callboard.learn.digests import Digests, Inputs
from callboard.learn.unchanged import affected, with_digests
from callboard.record.database import open_database
from callboard.record.log import SqliteLog
from callboard.work.agent import Effects

SETTLE_S = 0.06
READS = {"text": ("*.txt",), "code": ("src/*.py", "*.cfg"), "all": ("**",), "docs": ("docs/**",), "none": ()}


def action(name: str, *, pure: bool = True) -> ActionInfo:
    effects = Effects(reads=READS[name.partition(".")[2]], pure=pure)
    return ActionInfo(name, "a", name, "", Needs(), effects, {"properties": {}}, 60, 0, 1, (), "plug", "plug")


CATALOGUE = Catalogue(agents=(AgentInfo("a", "A", "", "1", "plug", (), tuple(action(f"a.{n}") for n in READS)),))


class Past:
    """A workspace, a record of its runs, and looks at what has changed."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "shop"
        self.workspace.mkdir()
        self.data = folder / "data"
        self.database: peewee.SqliteDatabase = open_database(self.data)
        self.log = SqliteLog(self.database)
        self.state = State()
        self.config: dict[str, Any] = {}
        self._say(e.EngineStarted(time.time(), 1, "1"))

    def _say(self, *events: e.Event) -> None:
        for event in events:
            fold(self.state, event)
        self.log.append(events, self.state, durable=False)
        self.state.changed_tasks.clear()
        self.state.changed_runs.clear()

    def write(self, path: str, text: str) -> None:
        target = self.workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        time.sleep(SETTLE_S)

    def digests(self) -> Digests:
        return Digests(Contents(self.workspace, self.data), self.data, CATALOGUE, self.config)

    def look(self, specs: Sequence[TaskSpec]) -> tuple[tuple[TaskSpec, ...], dict[int, list[str]]]:
        """The specs as they would be submitted with --affected, and what changed."""
        digests = self.digests()
        marked, inputs = with_digests(specs, digests)
        self._keep(digests, inputs)
        return affected(marked, inputs, digests, self.database, str(self.workspace))

    def _keep(self, digests: Digests, inputs: dict[int, Inputs]) -> None:
        for found in inputs.values():
            digests.keep(found)

    def run(self, specs: Sequence[TaskSpec], verdict: Verdict | None = Verdict.PASS, **ended: Any) -> int:
        """A run of all of them that do not stand, each with this verdict."""
        number, at = self.state.last_run + 1, time.time()
        self._say(e.RunSubmitted(at, number, "p", str(self.workspace), "ann", "t", Priority.LOW, tuple(specs)))
        outcome = TaskState.FAILED if verdict is Verdict.FAIL else TaskState.SUCCEEDED
        for task in self.state.runs[number].tasks:
            if not task.final:
                self._say(
                    e.AttemptDecided(at, number, task.index, 1, 1, "now"),
                    e.AttemptBegan(at, number, task.index, 1, Process(1, 1, "b")),
                    e.AttemptEnded(at, number, task.index, 1, How.EXITED, outcome, "", verdict, **ended),
                )
        return number

    def add(self, event: e.Event) -> None:
        self._say(event)


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    made = Past(tmp_path)
    yield made
    made.database.close()


def task(name: str, *depends: int, **fields: Any) -> TaskSpec:
    return TaskSpec(name, agent="a", action=f"a.{name}", plugin="plug", depends=depends, **fields)


def again(specs: Sequence[TaskSpec]) -> set[str]:
    return {spec.name for spec in specs if spec.stands_for is None}


def words(specs: Sequence[TaskSpec]) -> dict[str, str]:
    return {spec.name: spec.affected for spec in specs}


@pytest.mark.parametrize("seed", range(6))
def test_one_mutated_file_makes_exactly_its_readers_run_again(past: Past, seed: int) -> None:
    dice = random.Random(seed)
    paths = [
        f"{place}{n}.{end}"
        for place in ("", "src/", "docs/", "docs/deep/")
        for n in (1, 2)
        for end in ("txt", "py", "cfg")
    ]
    for path in paths:
        (past.workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (past.workspace / path).write_text(f"{path}\n")
    time.sleep(SETTLE_S)
    names = dice.sample(["text", "code", "all", "docs"], 4)
    specs = [task(name, *((dice.randrange(n),) if n and dice.random() < 0.4 else ())) for n, name in enumerate(names)]
    first, _ = past.look(specs)
    assert again(first) == set(names)
    past.run(first)
    assert again(past.look(specs)[0]) == set()
    for _ in range(3):
        path = dice.choice(paths)
        past.write(path, f"{dice.random()}\n")
        readers = {name for name in names if any(fits(path, pattern) for pattern in READS[name])}
        expected = set(readers)
        for spec in specs:
            if any(names[p] in expected for p in spec.depends):
                expected.add(spec.name)
        marked, changes = past.look(specs)
        assert again(marked) == expected
        assert {names[place] for place in changes if changes[place] == [path]} == readers
        past.run(marked)


def fits(path: str, pattern: str) -> bool:
    """The meaning of the patterns of this test, said once more."""
    if pattern == "**":
        return True
    return fnmatch.fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern)


def test_the_words_say_which_run_stands_and_what_changed(past: Past) -> None:
    for n in range(5):
        past.write(f"{n}.txt", "x")
    specs = [task("text"), TaskSpec("build", argv=("make",))]
    marked, _ = past.look(specs)
    assert words(marked) == {
        "text": "it has not passed here yet",
        "build": "runs always: a command that does not say what it reads",
    }
    past.run(marked)
    marked, _ = past.look(specs)
    assert words(marked)["text"] == "unchanged since run 1: the same 5 files, options and tools"
    assert marked[0].stands_for == (1, 0, 1)
    for n in range(4):
        past.write(f"{n}.txt", "y")
    marked, changes = past.look(specs)
    assert words(marked)["text"] == "4 of 5 inputs changed since run 1: 0.txt, 1.txt, 2.txt and 1 more"
    assert changes == {0: ["0.txt", "1.txt", "2.txt", "3.txt"]}
    (past.workspace / "0.txt").unlink()
    assert past.look(specs)[1][0][0] == "0.txt"


def test_other_options_and_settings_run_again_and_are_named(past: Past) -> None:
    past.write("1.txt", "x")
    past.run(past.look([task("text")])[0])
    marked, _ = past.look([task("text", options={"limit": 3})])
    assert words(marked) == {"text": "its options changed since run 1"}
    past.config = {"agents": {"a": {"limit": 3}}}
    assert words(past.look([task("text")])[0]) == {"text": "its settings in callboard.toml changed since run 1"}
    past.config = {"agents": {"other": {"limit": 3}}, "jobs": {"b": {}}}
    assert again(past.look([task("text")])[0]) == set()


def test_a_command_that_says_what_it_reads_runs_again_only_when_that_changed(past: Past) -> None:
    past.write("src/a.ts", "x")
    past.write("notes.md", "x")
    build = TaskSpec("build", argv=("true",), reads=("src/**", "package.json"))
    past.run(past.look([build])[0], None)
    past.write("notes.md", "y")
    marked, _ = past.look([build])
    assert words(marked) == {"build": "unchanged since run 1: the same 1 file, options and tools"}
    assert again(past.look([TaskSpec("build", argv=("true", "-x"), reads=build.reads)])[0]) == {"build"}
    past.write("package.json", "{}")
    assert words(past.look([build])[0]) == {"build": "1 of 2 inputs changed since run 1: package.json"}
    assert again(past.look([TaskSpec("build", argv=("true",), reads=("*.none",))])[0]) == {"build"}


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.UNKNOWN])
def test_only_a_pass_stands(past: Past, verdict: Verdict) -> None:
    past.write("1.txt", "x")
    past.run(past.look([task("text")])[0], verdict)
    assert again(past.look([task("text")])[0]) == {"text"}


def test_an_acceptance_that_expires_makes_it_run_again(past: Past) -> None:
    past.config = {"accepted": [{"rule": "x", "reason": "r", "owner": "o", "until": "2027-01-31"}]}
    past.write("a.txt", "1")
    contents = Contents(past.workspace, past.data)
    last, after = (
        Digests(contents, past.data, CATALOGUE, past.config, datetime.date(2027, month, day)).of(task("text"))
        for month, day in ((1, 31), (2, 1))
    )
    assert last is not None
    assert after is not None
    assert last.digest != after.digest
    assert last.parts["settings"] != after.parts["settings"]


def test_a_pass_by_data_that_ages_does_not_stand(past: Past) -> None:
    past.write("1.txt", "x")
    past.run(past.look([task("text")])[0], data_age_days=2.0)
    assert again(past.look([task("text")])[0]) == {"text"}


def test_a_file_that_was_written_while_the_attempt_ran_makes_it_uncertain(past: Past) -> None:
    past.write("1.txt", "x")
    specs = past.look([task("text")])[0]
    past.write("1.txt", "y")
    past.run(specs)
    past.write("1.txt", "x")
    marked, _ = past.look([task("text")])
    assert words(marked) == {"text": "1.txt was written while or after run 1 looked at it, so it runs again"}


def test_what_handed_on_work_does_not_stand_for_it(past: Past) -> None:
    past.write("1.txt", "x")
    specs = past.look([task("text"), TaskSpec("later", argv=("make",))])[0]
    number, at = past.state.last_run + 1, time.time()
    past.add(e.RunSubmitted(at, number, "p", str(past.workspace), "ann", "t", Priority.LOW, specs))
    past.add(e.AttemptDecided(at, number, 0, 1, 1, "now"))
    past.add(e.AttemptBegan(at, number, 0, 1, Process(1, 1, "b")))
    past.add(e.AttemptEnded(at, number, 0, 1, How.EXITED, TaskState.SUCCEEDED, "", Verdict.PASS))
    past.add(e.TasksAdded(at, number, f"{number}.0#1", (TaskSpec("more", argv=("make",), after=(0,)),), 0))
    assert again(past.look([task("text")])[0]) == {"text"}


def test_nothing_to_read_is_no_pass_that_stands(past: Past) -> None:
    marked, _ = past.look([task("text"), task("none")])
    assert again(marked) == {"text", "none"}
    assert [spec.digest for spec in marked] == ["", ""]


def test_an_action_that_is_not_pure_always_runs(past: Past) -> None:
    past.write("1.txt", "x")
    impure = Catalogue(agents=(replace(CATALOGUE.agents[0], actions=(action("a.text", pure=False),)),))
    digests = Digests(Contents(past.workspace, past.data), past.data, impure, {})
    assert digests.of(task("text")) is None


def test_a_record_of_inputs_that_is_lost_costs_the_list_of_names_alone(past: Past) -> None:
    past.write("1.txt", "x")
    past.run(past.look([task("text")])[0])
    for kept in (past.data / "cache" / "inputs").iterdir():
        kept.write_bytes(b"\xff broken")
    past.write("1.txt", "y")
    assert words(past.look([task("text")])[0]) == {"text": "its inputs changed since run 1"}
