"""Runners for what is no Python test: the team's own command, and the test script of an npm package."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context, Environment, TestCase, TestOutcome
from callboard_quality.npm import cases_of, name_of, reporter
from callboard_quality.packages import QUIET
from callboard_quality.target import Target
from callboard_quality.trying import WHOLE, Way, Went, same_test, symptom_of

# the lines by which Python, Node and what runs on them say what went wrong, and those that say that code cannot be read
ERROR_LINE = re.compile(r"^(?:E\s+)?((?:[A-Za-z_]\w*\.)*\w*(?:Error|Exception)\b.*)", re.MULTILINE)
UNREADABLE = re.compile(
    r"SyntaxError|IndentationError|TabError|ModuleNotFoundError|ImportError"
    r"|Error(?: \[ERR_MODULE_NOT_FOUND\])?: Cannot find (?:module|package)"
)
UNTESTABLE = 125  # as `git bisect run` has it


@dataclass(frozen=True, slots=True)
class CommandRunner:
    """Runs a command of the team: exit code 0 is a pass, UNTESTABLE says that this tree cannot be judged."""

    ctx: Context
    command: Sequence[str]
    here: Path
    environment: Environment | None = None

    @property
    def words(self) -> str:
        return self.environment.words if self.environment else "as the job runs it"

    def alone(self, names: Sequence[str], timeout: float) -> dict[str, Went]:
        if not self.here.is_dir():
            return {WHOLE: Went("missing", "", f"there is no folder {self.here.name}")}
        env = self.environment.variables if self.environment else {}
        run = self.ctx.run_tool(self.command, cwd=self.here, env=env, timeout=timeout)
        if run.timed_out:
            return {WHOLE: Went("timeout", "timeout:", f"took longer than {timeout:.0f} s", "", run.seconds)}
        if run.code == 0:
            return {WHOLE: Went("passed", seconds=run.seconds)}
        if run.code in (None, UNTESTABLE, 126, 127):
            why = "it says that it cannot judge" if run.code == UNTESTABLE else run.trouble or "it does not start"
            return {WHOLE: Went("untold", "", f"exit code {run.code}: {why}", "", run.seconds)}
        text = f"{run.stdout[-10_000:]}\n{run.stderr[-10_000:]}".strip()
        told = [line.strip() for line in ERROR_LINE.findall(text)]
        way: Way = "collect" if told and UNREADABLE.match(told[-1]) else "exit"
        symptom = symptom_of(way, f"{run.code} {told[-1]}") if told else f"exit: {run.code}"
        words = f"exit code {run.code}: {told[-1] if told else run.trouble}"
        return {WHOLE: Went(way, symptom, words[:300], text, run.seconds)}

    def close(self) -> None:
        if self.environment is not None:
            self.ctx.let_go(self.environment)


@dataclass(frozen=True, slots=True)
class NpmRunner:
    """Runs the test script of a package; only the files of the named tests where its runner takes words, else the whole script."""

    ctx: Context
    target: Target
    program: str
    script: str
    manager: str
    tree: Path

    @property
    def words(self) -> str:
        return f"'{self.manager} run {self.target.npm.script}'"

    def alone(self, names: Sequence[str], timeout: float) -> dict[str, Went]:
        here = self.tree / self.target.folder
        report = self.ctx.scratch / "npm-try"
        report.unlink(missing_ok=True)
        extra, added = reporter(self.script, report)
        extra = [*extra, *self._chosen(names, here)]
        passes = ["--"] if extra and self.manager in ("npm", "bun") else []
        words = [self.program, "run", self.target.npm.script, *passes, *extra]
        run = self.ctx.run_tool(words, cwd=here, env={**QUIET, **added}, timeout=timeout)
        if run.timed_out:
            late = Went("timeout", "timeout:", f"took longer than {timeout:.0f} s", "", run.seconds)
            return dict.fromkeys(names or [WHOLE], late)
        cases, _ = cases_of(report)
        text = f"{run.stdout[-10_000:]}\n{run.stderr[-10_000:]}".strip()
        if not names or cases is None:
            if run.code == 0:
                return dict.fromkeys(names or [WHOLE], Went("passed", seconds=run.seconds))
            if run.code is None or "ERR_MODULE_NOT_FOUND" in text or "Missing script" in text:
                return dict.fromkeys(
                    names or [WHOLE], Went("start", symptom_of("start", run.trouble), run.trouble, text)
                )
            went = Went("exit", f"exit: {run.code}", f"exit code {run.code}", text, run.seconds)
            return dict.fromkeys(names or [WHOLE], went)
        found: dict[str, Went] = {}
        for name in names:
            own = [case for case in cases if _is_meant(case, name, here)]
            bad = next((c for c in own if c.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)), None)
            if bad is not None:
                way: Way = "failed" if bad.outcome is TestOutcome.FAILED else "error"
                found[name] = Went(way, symptom_of(way, bad.message), bad.message[:300], bad.text, bad.seconds)
            elif any(case.outcome is TestOutcome.PASSED for case in own):
                found[name] = Went("passed", seconds=sum(case.seconds for case in own))
            else:
                broken = next((c for c in cases if c.outcome is TestOutcome.ERROR and name.startswith(c.name)), None)
                found[name] = (
                    Went("skipped") if own else Went("collect", "", broken.message) if broken else Went("missing")
                )
        return found

    def _chosen(self, names: Sequence[str], here: Path) -> list[str]:
        """The files of the tests, where the script's last command takes them and has none of its own."""
        files = list(dict.fromkeys(name.partition(" > ")[0] for name in names))
        if not files or not all((here / name).is_file() for name in files):
            return []
        last = re.split(r"&&|\|\||;|\|", self.script)[-1].strip()
        if re.fullmatch(r"(?:npx )?(?:vitest(?: run)?|jest|playwright test)(?: -.*)?|(?:node )(?:-\S+ )*--test", last):
            return [re.escape(name) if re.search(r"\bjest\b", last) else name for name in files]
        return []

    def close(self) -> None:
        """Nothing is held."""


def _is_meant(case: TestCase, name: str, here: Path) -> bool:
    """Whether a case goes by the name: as the history has it, or as its finding begins; node's own reports have no file."""
    if same_test(name_of(case, here), name) or name in (case.name, f"{case.classname} {case.name}"):
        return True
    return not case.file and case.classname in ("", "test") and name.endswith(f" > {case.name}")
