"""What an action is handed: its workspace, its options, and the ways to say something."""

import copy
import datetime
import json
import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from callboard.core.boundary import boundary_from
from callboard.core.task import Verdict
from callboard.errors import CallboardError
from callboard.work.accepting import accepted_of, cover
from callboard.work.agent import Tool
from callboard.work.environments.keeping import Hold
from callboard.work.environments.obtaining import Wanted, obtain
from callboard.work.environments.shapes import Environment, Room
from callboard.work.finding import (
    LONGEST_PATH,
    UNPARSABLE,
    Finding,
    Severity,
    clean,
    identified,
    relative_path,
    scope_of,
)
from callboard.work.interpreter import find_program, workspace_python
from callboard.work.jobs import Job
from callboard.work.memory import Memory, memory_folder
from callboard.work.messages import ANSWERS, MESSAGES, MessageWriter
from callboard.work.root_cause import root_cause
from callboard.work.running import ToolRun, run_tool
from callboard.work.sealing import seal, sealing_key
from callboard.work.sections import MOST_BLOCKS, Block, block_fields
from callboard.work.sighting import Sightings
from callboard.work.sparing.budget import Budget
from callboard.work.sparing.commands import check_command
from callboard.work.sparing.processes import check_signal
from callboard.work.sparing.reach import check_reached
from callboard.work.upstream import Upstream, upstream_of
from callboard.work.workspace import Workspace
from callboard.work.worktree import Worktree

MOST_FINDINGS = 5_000
JOBS_AT_ONCE = 50


class Context:
    """The world of one attempt.

    `workspace` is a read-only view; `scratch` a private folder that is removed afterwards; `config` the checked
    tables of `callboard.toml`, `settings` the agent's own table in it; `boundary` what must not be touched;
    `task` and `attempt` say who this is, `options` what it was asked with, `by` who asked for the run. `memory` is what
    the agent remembers about this workspace.
    """

    def __init__(
        self,
        *,
        workspace: Path,
        spool: Path,
        scratch: Path,
        agent: str = "",
        task: str = "",
        attempt: int = 1,
        config: Mapping[str, Any] | None = None,
        tools: Sequence[Tool] = (),
        data: Path | None = None,
        before: Sequence[Mapping[str, Any]] = (),
        by: str = "",
        options: Mapping[str, Any] | None = None,
        sections: Collection[str] | None = None,
    ) -> None:
        self.workspace = Workspace(workspace, config)
        self.spool = spool
        self.scratch = scratch
        self.task = task
        self.attempt = attempt
        self.config: Mapping[str, Any] = config or {}
        self.settings: Mapping[str, Any] = self.config.get("agents", {}).get(agent, {})
        self.agent = agent
        self.by = clean(by, 100)
        self.options: Mapping[str, Any] = options or {}
        self.data = data or spool / "data"
        self.memory = Memory(memory_folder(self.data, workspace, agent or "none"))
        self._before = before
        self._sections = sections
        self.boundary = boundary_from(self.config.get("boundary", {}))
        self.artifacts = spool / "artifacts"
        self._tools = {tool.name: tool for tool in tools}
        self._writer = MessageWriter(spool / MESSAGES)
        self._seen: Counter[tuple[str, str, str, str]] = Counter()
        self._sources: dict[str, list[str]] = {}
        self._versions: dict[str, str] = {}
        self._said = 0.0
        self._held: dict[Path, Hold] = {}
        self._accepted = accepted_of(self.config)
        self._today = datetime.datetime.now().astimezone().date()
        self._sightings = Sightings(self.memory, task)
        self.findings: list[Finding] = []
        self.expired: list[Finding] = []
        self.left_out = 0

    def progress(self, fraction: float | None, note: str = "") -> None:
        """How far the work is, 0 to 1 or None when that cannot be known; more than ten a second are dropped."""
        now = time.monotonic()
        if now - self._said < 0.1 and fraction not in (0, 1):
            return
        self._said = now
        bounded = None if fraction is None else min(1.0, max(0.0, float(fraction)))
        self._writer.send("progress", fraction=bounded, note=clean(note, 200))

    def log(self, text: str, level: str = "info") -> None:
        """A line in the attempt's log; `level` is debug, info, warning or error."""
        print(text if level == "info" else f"{level.upper()}: {text}", flush=True)

    def finding(self, finding: Finding) -> None:
        """Reports a finding; path, message and fingerprint are made regular. Twins are told apart by their order.

        Whether `callboard.toml` accepts it, and since when it is known, is added; what was accepted once and counts again
        is in `expired`. After MOST_FINDINGS further ones are only counted, in `left_out`.
        """
        if len(self.findings) >= MOST_FINDINGS:
            self.left_out += 1
            return
        path = relative_path(finding.path, self.workspace.path)
        if finding.rule == UNPARSABLE and path:
            finding = self._explained(finding, path)
        text = self.line(path, finding.line)
        scope = scope_of(self._sources.get(path, ()), finding.line) if text else ""
        twin = (finding.rule, path, scope, " ".join(text.split()) or finding.message)
        regular = replace(
            finding,
            severity=Severity(finding.severity),
            rule=clean(finding.rule, 200),
            path=clean(path, LONGEST_PATH),
            message=clean(finding.message),
            help=clean(finding.help),
            tool_version=finding.tool_version or (self.version(finding.tool) if finding.tool else ""),
        )
        regular = identified(regular, text, self._seen[twin], scope)
        self._seen[twin] += 1
        now, formerly = cover(self._accepted, regular, self._today)
        since, is_new = self._sightings.see(regular.fingerprint)
        regular = replace(regular, accepted=now.words if now else "", since=since, is_new=is_new)
        if formerly is not None:
            self.expired.append(regular)
        self.findings.append(regular)
        self._writer.send("finding", **asdict(regular))

    def _explained(self, finding: Finding, path: str) -> Finding:
        """What cannot be parsed, told by its root cause where the file itself shows one."""
        cause = root_cause(self.workspace, path)
        if cause is None:
            return finding
        return replace(
            finding,
            message=f"{path} cannot be read: {cause.why}",
            line=cause.line or finding.line,
            help=cause.mend,
            severity=Severity.LOW if cause.is_meant else finding.severity,
        )

    @property
    def fresh(self) -> int | None:
        """How many of the findings the last run of this task had not seen; None when there was no earlier run."""
        return None if self._sightings.former is None else self._sightings.fresh

    def metric(self, name: str, value: float, unit: str = "") -> None:
        """A number with its unit ('s', 'ms', '%', 'MiB', '' for a count), kept over time."""
        self._writer.send("metric", name=clean(name, 200), value=float(value), unit=clean(unit, 20))

    def artifact(self, path: Path, name: str = "", kind: str = "") -> Path:
        """Keeps a file beyond the attempt and returns where it is kept; raises FileNotFoundError for one that is not there.

        `kind` may be a format: sarif, junit, cyclonedx, coverage, patch, text.
        """
        self.artifacts.mkdir(mode=0o700, exist_ok=True)
        label = clean(name or path.name, 200).replace("/", "_")
        kept = self.artifacts / label
        if path.resolve() != kept.resolve():
            shutil.copyfile(path, kept)
        self._writer.send("artifact", name=label, path=f"artifacts/{label}", size=kept.stat().st_size, format=kind)
        return kept

    def show(self, section: str, *blocks: Block) -> None:
        """Puts the blocks into a section that the agent declares with the hook `callboard_sections`, in place of what was there.

        One that it does not declare is refused, with a word in the log. Raises `CallboardError` for more than MOST_BLOCKS, and
        ValueError for a state or an action that there cannot be, and when they are larger than a message may be.
        """
        if self._sections is not None and section not in self._sections:
            known = ", ".join(sorted(self._sections)) or "none"
            self.log(f"section '{section}' is not shown: callboard_sections declares {known}", "warning")
            return
        if len(blocks) > MOST_BLOCKS:
            raise CallboardError(f"section '{section}' gets {len(blocks)} blocks; at most {MOST_BLOCKS} are shown")
        self._writer.send("section", name=clean(section, 80), blocks=[block_fields(block) for block in blocks])

    @cached_property
    def upstream(self) -> Mapping[str, Upstream]:
        """The tasks of the same run that this one needs or comes after, by name, with their outputs and artefacts."""
        return upstream_of(self._before)

    def add_tasks(self, jobs: Sequence[Job]) -> None:
        """Adds tasks to the run that this attempt belongs to: a fan-out over what was found.

        A job may need tasks of the run and others of the same call, by name; `because` says why it was added. They start when this
        attempt has succeeded, and whoever needs this task then waits for them too. All are added, or none: names that are taken,
        cycles, unknown actions and wrong options fail the attempt, with the reason.
        """
        for first in range(0, len(jobs), JOBS_AT_ONCE):
            self._writer.send("tasks", jobs=[asdict(job) for job in jobs[first : first + JOBS_AT_ONCE]])

    def ask(self, question: str, choices: Sequence[str], timeout: float | None = None) -> str:
        """Asks a person and waits; returns one of `choices`. Raises TimeoutError after `timeout` seconds."""
        number = f"q{time.monotonic_ns()}"
        self._writer.send("ask", id=number, question=clean(question), choices=[clean(c, 100) for c in choices])
        started = time.monotonic()
        while timeout is None or time.monotonic() - started < timeout:
            answers = self.spool / ANSWERS
            if answers.exists():
                for line in answers.read_text("utf-8").splitlines():
                    answer = json.loads(line)
                    if answer.get("id") == number and answer.get("choice") in choices:
                        return str(answer["choice"])
            time.sleep(0.2)
        raise TimeoutError(f"nobody answered '{question}' within {timeout} s")

    def run_tool(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 600.0,
        echo: bool = False,
    ) -> ToolRun:
        """Runs a program without a shell; its first word is looked up as `program` does. See `running.run_tool`.

        Raises `BoundaryError` for words or variables that name a protected port or what is live.
        """
        words = [str(word) for word in argv]
        self.check_command(words, cwd, env)
        if "/" not in words[0]:
            words[0] = str(self.program(words[0]) or words[0])
        return run_tool(
            words, cwd=cwd or self.workspace.path, scratch=self.scratch, env=env, timeout=timeout, echo=echo
        )

    def program(self, name: str, folder: str = "") -> Path | None:
        """Where a tool is, None when it is not installed."""
        tool = self._tools.get(name)
        return find_program(name, self.workspace.path, folder, tool.place if tool else "callboard", self.data)

    def version(self, name: str) -> str:
        """The version that a tool prints of itself, '' when it cannot be asked; asked once."""
        if name not in self._versions:
            self._versions[name] = self._asked_version(name)
        return self._versions[name]

    def _asked_version(self, name: str) -> str:
        place = self.program(name)
        if place is None:
            return ""
        tool = self._tools.get(name)
        return program_version(place, tool.version_args if tool else ("--version",), self.scratch)

    @cached_property
    def python(self) -> Path | None:
        """The workspace's own interpreter, None when it has no virtual environment."""
        return workspace_python(self.workspace.path)

    def python_of(self, folder: str) -> Path | None:
        """The interpreter that is nearest to a folder of the workspace."""
        return workspace_python(self.workspace.path, folder)

    def environment(
        self,
        folder: str = "",
        *,
        extra: Sequence[str] = ("pytest", "coverage"),
        interpreter: str = "",
        create: bool = True,
        install_limit: float = 600.0,
    ) -> Environment:
        """Where the Python code of the project in `folder` can run.

        That is the `interpreter` asked for ('callboard', 'kept' or a path), else the workspace's own environment that is
        nearest to the folder, else, with `create`, a throw-away one: the project with all that it declares and `extra`,
        in a copy of the workspace that may be written to. What it depends on is installed once and kept in the data
        folder for all agents and attempts; it is made anew when the declarations change.
        Coverage alone is no reason to install. Raises `NoEnvironment` with reason and mend.
        """
        room = Room(
            workspace=self.workspace,
            scratch=self.scratch,
            kept=self.data / "environments",
            run=self.run_tool,
            say=lambda words: self.progress(0.0, words),
            warn=lambda words: self.log(words, "warning"),
        )
        environment, hold = obtain(room, Wanted(folder, tuple(extra), interpreter, create, install_limit))
        if hold is not None:
            self._held[environment.python] = hold
        return environment

    def let_go(self, environment: Environment) -> None:
        """Removes a throw-away environment before the attempt is over; for who works with many, one after the other."""
        hold = self._held.pop(environment.python, None)
        if hold is not None:
            shutil.rmtree(environment.base, ignore_errors=True)
            shutil.rmtree(environment.python.parent.parent, ignore_errors=True)
            hold.release()

    def at(self, tree: Path) -> Self:
        """The same attempt with another tree for its workspace, such as an older commit in a `Worktree`."""
        other = copy.copy(self)
        other.workspace = Workspace(tree, self.config)
        other._sources = {}
        other.__dict__.pop("python", None)
        return other

    def worktree(self, *, with_changes: bool = True) -> Worktree:
        """A copy of the workspace for changes, a context manager; see `Worktree`."""
        return Worktree(self.workspace.path, self.scratch, with_changes=with_changes)

    def patch(
        self, worktree: Worktree, name: str, proof: Mapping[str, Any], *, secrets: Sequence[str] = ()
    ) -> Path | None:
        """Keeps what was changed in the worktree as a patch with its proof; None when nothing was changed.

        `secrets` that the patch removes are not kept with it: it is sealed, and the proof's 'sealed' says how (see `sealing`).
        Raises `BoundaryError` for a patch that touches a protected path, `SealError` for one that cannot be sealed.
        """
        text, files = worktree.diff()
        if not files:
            return None
        for changed in files:
            self.boundary.check_path(changed)
        if secrets:
            sealed, seals = seal(text.decode("utf-8", "surrogateescape"), secrets, sealing_key(self.data))
            text, proof = sealed.encode("utf-8", "surrogateescape"), {**proof, "sealed": seals}
        path = self.scratch / f"{name}.patch"
        path.write_bytes(text)
        kept = self.artifact(path, kind="patch")
        self._writer.send(
            "patch", name=name, path=f"artifacts/{kept.name}", base=worktree.base, files=files, proof=dict(proof)
        )
        return kept

    def check_command(self, argv: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        """Raises `BoundaryError` for a command that would take a protected port or names what is live; `run_tool` asks too."""
        check_command(self.boundary, argv, cwd or self.workspace.path, env)

    def reach(self, method: str, url: str) -> tuple[str, ...]:
        """The addresses that a request may be sent to: the boundary allows the name and what it leads to.

        Raises `BoundaryError`, and `CallboardError` for a host that is not found.
        """
        return check_reached(self.boundary, method, url)

    def budget(self, per_second: float = 0.0) -> Budget:
        """How often a host may be asked, shared with everybody in this data folder; never more than the boundary allows."""
        allowed = self.boundary.probes_per_second
        return Budget(self.data, min(per_second, allowed) if per_second > 0 else allowed)

    def check_signal(self, pid: int) -> None:
        """Raises `BoundaryError` for a process of the agent's that is protected all the same; asked before it is signalled."""
        check_signal(pid, boundary=self.boundary)

    def free_port(self) -> int:
        """A port on 127.0.0.1 that nobody listens on now and that is not protected."""
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in self.boundary.protected_ports:
                return port

    def line(self, path: str, number: int) -> str:
        """The text of a line of the workspace, '' when it cannot be read."""
        if not path or number < 1:
            return ""
        if path not in self._sources:
            if len(self._sources) > 64:
                self._sources.clear()
            self._sources[path] = self.workspace.text(path).splitlines()
        lines = self._sources[path]
        return lines[number - 1] if number <= len(lines) else ""

    def remember(self, verdict: Verdict | None) -> None:
        """Keeps which findings there are, for the next run; the runner of the attempt calls it."""
        self._sightings.keep(is_whole=verdict in (Verdict.PASS, Verdict.FAIL) and not self.left_out)

    def result(self, fields: Mapping[str, Any]) -> None:
        """Sends the end of the work and remembers what was seen; the runner of the attempt calls it."""
        self.remember(fields.get("verdict"))
        self._writer.send("result", **fields)


def program_version(place: Path, arguments: Sequence[str], scratch: Path) -> str:
    """The first word with a digit and a dot that the program prints about its version; '' when there is none."""
    import re
    import subprocess

    try:
        done = subprocess.run(
            [str(place), *arguments],
            capture_output=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            cwd=scratch,
            check=False,
            env={**os.environ, "NO_COLOR": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    text = (done.stdout or done.stderr)[:4_000].decode("utf-8", "replace")
    match = re.search(r"\d+(?:\.\d+)+(?:[-+.\w]*)", text)
    return match.group(0) if match else ""
