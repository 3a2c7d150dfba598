"""A trusted git workspace with a data folder whose record tells of patches, as attempts would have left them."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callboard.core.events import ArtifactKept, AttemptBegan, AttemptDecided, AttemptEnded, Event, RunSubmitted
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskSpec, TaskState, Verdict
from callboard.desk import Desk
from callboard.guard.trust import Trust
from callboard.record.database import open_database
from callboard.record.log import SqliteLog
from callboard.settings import settings_from
from callboard.wiring import House

CONFIG = """[workspace]
detect = false
[jobs."shop.tidy"]
command = ["sh", "-c", "echo tidy"]
[jobs.lint]
command = ["sh", "-c", "echo lint"]
[jobs.other]
command = ["sh", "-c", "echo other"]
"""


class PatchStage:
    """`propose` writes a run with one task that kept a patch; `house` is the program over what was written."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "shop"
        self.data = folder / "data"
        self.workspace.mkdir()
        (self.workspace / "app").mkdir()
        self.write("app/a.py", "".join(f"a{n} = {n}\n" for n in range(1, 41)))
        self.write("app/b.py", "b = 1\n")
        self.write("callboard.toml", CONFIG)
        self.write(".env", "KEY=1\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A", "-f")
        self.git("commit", "-qm", "first")
        Trust(self.data).grant(self.workspace, "ann")
        self.runs = 0

    def write(self, path: str, text: str) -> None:
        (self.workspace / path).write_text(text)

    def read(self, path: str) -> str:
        return (self.workspace / path).read_text()

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.workspace), "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    def diff(self, **files: str | None) -> bytes:
        """What git writes when files (app__a for app/a.py) get other texts; the workspace is left as it was."""
        named = {name.replace("__", "/") + ".py": text for name, text in files.items()}
        before = {path: self.read(path) if (self.workspace / path).exists() else None for path in named}
        for path, text in named.items():
            self.write(path, text) if text is not None else (self.workspace / path).unlink()
        self.git("add", "-A", "-N", "app")
        text = subprocess.run(
            ["git", "-C", str(self.workspace), "diff", "--binary"], check=True, capture_output=True
        ).stdout
        for path, was in before.items():
            self.write(path, was) if was is not None else (self.workspace / path).unlink()
        self.git("reset", "-q")
        return text

    def swapped(self, number: int, word: str = "changed") -> str:
        """app/a.py with another line `number`."""
        lines = self.read("app/a.py").splitlines()
        lines[number - 1] = f"a{number} = '{word}'"
        return "\n".join(lines) + "\n"

    def propose(
        self, patch: bytes, name: str = "tidy", job: str = "shop.tidy", proof: Mapping[str, Any] | None = None
    ) -> None:
        """One more run, ended, whose task kept the patch."""
        self.runs += 1
        run, at = self.runs, 1_000.0 + self.runs
        spool = self.data / "attempts" / str(run) / "0" / "1" / "artifacts"
        spool.mkdir(parents=True)
        (spool / f"{name}.patch").write_bytes(patch)
        about = {
            "base": self.git("rev-parse", "HEAD").strip(),
            "files": ["app/a.py"],
            "proof": proof or {"checks": [{"name": "lint", "before": 3, "after": 0}], "words": "all still compiles"},
        }
        events: list[Event] = [
            RunSubmitted(
                at, run, "default", str(self.workspace), "ann", "by hand", Priority.MEDIUM,
                (TaskSpec(job, argv=("sh", "-c", "echo tidy")),),
            ),
            AttemptDecided(at, run, 0, 1, 1, "first"),
            AttemptBegan(at, run, 0, 1, Process(1, 1, "b")),
            ArtifactKept(at, run, 0, 1, name, f"artifacts/{name}.patch", len(patch), "patch", about),
            AttemptEnded(at + 1, run, 0, 1, How.EXITED, TaskState.SUCCEEDED, "a patch", Verdict.PASS),
        ]  # fmt: skip
        database = open_database(self.data)
        state = State()
        state.last_run = run - 1
        for event in events:
            fold(state, event)
            SqliteLog(database).append([event], state, durable=True)
        database.close()

    @contextmanager
    def house(self) -> Iterator[Desk]:
        """The desk, with an engine that works."""
        settings = settings_from({"data": self.data, "workspace": self.workspace}, {}, self.workspace)
        with House(settings) as house:
            yield house.desk
