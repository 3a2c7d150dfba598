"""Makes fixes in a worktree, proves them, and leaves out the rules whose fixes break the proof."""

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    Worktree,
    clean,
    counted,
    failed,
    passed,
    unknown,
)
from callboard_code_refactor.evidence import NOTHING, Standing, families_of, named, proof_of
from callboard_code_refactor.names import Modules, found_in
from callboard_code_refactor.proof import Imported, TestRun, Trier, compile_files
from callboard_code_refactor.ruff import Diagnostic, diagnostics, ruff_files
from callboard_code_refactor.sources import TESTS, python_files

MOST_TEST_RUNS = 8
SLOWER = 2.0  # tests that take longer than this many times what they took before are not just waiting for the machine


@dataclass(frozen=True, slots=True)
class Group:
    """Files, and the options by which ruff looks at them."""

    options: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(slots=True)
class Trial:
    """What came of fixing by some rules: findings that are left, and what broke, as (rule of the finding, path, words)."""

    after: list[Diagnostic]
    standing: Standing
    broke: list[tuple[str, str, str]] = field(default_factory=list)


class Fixer:
    """One run of fixing. The worktree holds the files as they were, then those of the best set of rules."""

    def __init__(
        self,
        ctx: Context,
        tree: Worktree,
        groups: Sequence[Group],
        folder: str,
        with_tests: bool,
        tests_timeout: float,
        name: str,
    ) -> None:
        self._ctx = ctx
        self._tree = tree
        self._groups = groups
        self._folder = folder
        self._with_tests = with_tests
        self._timeout = tests_timeout
        self._name = name
        self._originals: dict[str, bytes] = {}
        self._left_out: dict[str, Trial] = {}
        self._spared: dict[str, dict[str, str]] = {}  # rule -> file that it leaves alone -> why
        self._test_runs = 0
        self._last: tuple[tuple[str, ...], Trial] | None = None  # by which rules the tree stands now
        self._spent = 0.0
        self._lasted = 0.0  # seconds of the tests on the files as they were
        self._all = python_files(ctx.workspace)
        self._python, obstacle = _interpreter(ctx, folder, with_tests, self._all, tests_timeout)
        self._trier = Trier(ctx, self._python, tree.path, folder, self._all, obstacle)
        self._before = NOTHING
        self._modules = Modules(tree.path, ())

    def fixed(self) -> Result:
        """Looks, fixes by all rules, halves the rules as long as something breaks, and keeps what is left as a patch."""
        where = self._tree.path
        self._groups = [
            Group(group.options, tuple(ruff_files(self._ctx, where, group.files))) for group in self._groups
        ]
        kept = [path for group in self._groups for path in group.files]
        if not kept:
            return unknown("the ruff settings exclude every Python file")
        before = self._diagnosed()
        torn = {item.path for item in before if item.rule == "invalid-syntax"}
        if len(torn) >= len(kept):
            return unknown(f"none of {counted(len(kept), 'Python file')} could be parsed")
        safe = [item for item in before if item.safe]
        self._ctx.metric("refactor.fixes.safe", len(safe))
        if not safe:
            left = f"; left for a person: {counted(len(before), 'finding')} of ruff" if before else ""
            return passed(f"nothing to fix safely in {counted(len(kept), 'file')}{left}")
        self._originals = {path: (where / path).read_bytes() for path in {item.path for item in safe}}
        self._modules = Modules(where, self._all)
        self._before = self._stands(kept, "before")
        self._ctx.progress(0.4, f"{counted(len(safe), 'safe fix', 'safe fixes')}")
        rules = sorted({item.rule for item in safe})
        chosen = self._largest(rules, kept)
        if not chosen:
            return self._refused()
        trial = self._last[1] if self._last and self._last[0] == tuple(chosen) else self._tried(chosen, kept)
        return self._refused() if trial.broke else self._kept(chosen, kept, before, trial)

    def _diagnosed(self) -> list[Diagnostic]:
        return [
            item
            for group in self._groups
            if group.files
            for item in diagnostics(self._ctx, self._tree.path, group.files, group.options)
        ]

    def _stands(self, files: Sequence[str], when: str, *, tests: bool = True) -> Standing:
        where = self._tree.path
        self._modules.read(self._originals)
        if not self._with_tests:
            imported, ran = Imported(reason="not asked for"), TestRun(reason="not asked for")
        else:
            known = self._before.imported
            imported = known if known.reason else self._trier.imported(sorted(self._originals))
            ran = self._tested(when) if tests else TestRun(reason="not needed")
        return Standing(
            compile_files(self._ctx, self._python, where, files), frozenset(self._modules.missing()), imported, ran
        )

    def _largest(self, rules: Sequence[str], files: Sequence[str]) -> list[str]:
        """A set of rules, as large as halving finds it, that breaks nothing; the rules that break alone are left out."""
        trial = self._tried(rules, files)
        if not trial.broke:
            return list(rules)
        if len(rules) == 1:
            if self._spare(rules[0], trial) and not (trial := self._tried(rules, files)).broke:
                return list(rules)
            self._left_out[rules[0]] = trial
            return []
        half = len(rules) // 2
        first, second = self._largest(rules[:half], files), self._largest(rules[half:], files)
        both = [*first, *second]
        if first and second and self._tried(both, files).broke:
            for rule in second:
                self._left_out[rule] = trial
            return first
        return both

    def _spare(self, rule: str, trial: Trial) -> bool:
        """Whether all that a rule broke is imports of names that it took out of certain files; it then spares those files."""
        lost = trial.standing.missing - self._before.missing
        files = {self._modules.path_of(item.module) for item in lost} & set(self._originals)
        if not files or any(kind != "fix-breaks-import" or not path for kind, path, _ in trial.broke):
            return False
        for item in sorted(lost, key=lambda one: (one.module, one.name)):
            self._spared.setdefault(rule, {})[self._modules.path_of(item.module)] = (
                f"{item.path} imports '{item.name}' from here"
            )
        return True

    def _fix(self, rules: Sequence[str]) -> list[Diagnostic]:
        """Fixes each file by the rules that do not spare it; what is left is told."""
        left: list[Diagnostic] = []
        for group in self._groups:
            parts: dict[tuple[str, ...], list[str]] = {}
            for path in group.files:
                fitting = tuple(rule for rule in rules if path not in self._spared.get(rule, {}))
                parts.setdefault(fitting, []).append(path)
            for fitting, files in parts.items():
                only = [*group.options, "--fixable", ",".join(fitting)] if fitting else list(group.options)
                left += diagnostics(self._ctx, self._tree.path, files, only, fix=bool(fitting))
        return left

    def _tried(self, rules: Sequence[str], files: Sequence[str]) -> Trial:
        """Fixes by these rules alone, from the files as they were; the costly checks only while the cheap ones hold."""
        before = self._before
        self._restore()
        after = self._fix(rules)
        cheap = self._stands(files, "after", tests=False)
        trial = Trial(after, cheap)
        self._last = (tuple(rules), trial)
        for path in sorted(cheap.compiled.broken - before.compiled.broken):
            trial.broke.append(("fix-breaks-syntax", path, "this file no longer compiles"))
        for path, words in found_in(cheap.missing - before.missing).items():
            trial.broke.append(("fix-breaks-import", path, words))
        for name in sorted(before.imported.good - cheap.imported.good):
            trial.broke.append(("fix-breaks-import", "", f"the module '{name}' can no longer be imported"))
        if trial.broke or not before.tests.passed:
            return trial
        if self._test_runs >= MOST_TEST_RUNS:
            trial.broke.append(("fix-not-proved", "", f"the tests were run {MOST_TEST_RUNS} times, and no more"))
            return trial
        self._test_runs += 1
        ran = self._tested("after")
        trial.standing = replace(cheap, tests=ran)
        if ran.is_late:
            return trial
        for test in self._failing(before.tests, ran):
            trial.broke.append(("fix-breaks-test", "", f"the test '{test}' passed before and does not pass after"))
        if ran.reason:
            trial.broke = [("fix-not-proved", "", f"tests: {ran.reason}")]
        return trial

    def _tested(self, when: str) -> TestRun:
        """The tests in what is left of their time. Late are those that could not end in it, as far as that can be told."""
        left = self._timeout - self._spent
        late = TestRun(reason=f"not proved by tests within {self._timeout:.0f} s", is_late=True)
        if left < max(self._lasted, 1.0):
            return late
        started = time.monotonic()
        ran = self._trier.tests(when, left)
        lasted = time.monotonic() - started
        self._spent += lasted
        if when == "before":
            self._lasted = lasted
            return late if ran.is_late else ran
        if not ran.is_late:
            return ran
        return late if left < SLOWER * self._lasted else replace(ran, is_late=False)

    def _failing(self, before: TestRun, after: TestRun) -> list[str]:
        """Tests that the fixes broke. One that also fails on the former files when it is run again is just unsteady."""
        failing = before.passed - after.passed
        if not failing or after.reason or self._test_runs >= MOST_TEST_RUNS:
            return sorted(failing)
        fixed = {path: (self._tree.path / path).read_bytes() for path in self._originals}
        self._restore()
        self._test_runs += 1
        again = self._tested("again")
        for path, content in fixed.items():
            (self._tree.path / path).write_bytes(content)
        if not again.reason:
            self._before = replace(self._before, tests=TestRun(self._before.tests.passed & again.passed))
            failing &= again.passed
        return sorted(failing)

    def _restore(self) -> None:
        for path, content in self._originals.items():
            (self._tree.path / path).write_bytes(content)

    def _told(self) -> list[str]:
        """Reports each rule that was left out, and says it in words."""
        words: list[str] = []
        for rule, files in sorted(self._spared.items()):
            if rule in self._left_out:
                continue
            for path, why in sorted(files.items()):
                message = f"the safe fixes of {rule} are left out here: {why}; import it from where it comes from"
                self._ctx.finding(Finding("fix-breaks-import", Severity.LOW, message, path=path, line=1, tool="ruff"))
            words.append(f"{rule} in {counted(len(files), 'file')}")
        for rule, trial in sorted(self._left_out.items()):
            for kind, path, what in trial.broke[:20]:
                message = f"the safe fixes of {rule} are left out: {what}; look at them by hand"
                self._ctx.finding(
                    Finding(kind, Severity.MEDIUM, message, path=path, line=1 if path else 0, tool="ruff")
                )
            kinds = Counter(kind.removeprefix("fix-") for kind, _, _ in trial.broke)
            what = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
            words.append(f"{rule} ({what})")
        return words

    def _refused(self) -> Result:
        words = self._told()
        return failed(
            f"every safe fix broke something, so no patch was kept: {', '.join(words[:5]) or 'it cannot be proved'}"
        )

    def _without_traces(self, files: Sequence[str]) -> list[str]:
        """Takes out of the worktree what the tests left behind, so that the patch holds the fixes alone."""
        known = set(files)
        _, changed = self._tree.diff()
        for path in changed:
            if path in known:
                continue
            original, copy = self._ctx.workspace.path / path, self._tree.path / path
            if original.is_file() and not original.is_symlink():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original, copy)
            else:
                copy.unlink(missing_ok=True)
        return [path for path in changed if path in known]

    def _kept(self, rules: Sequence[str], files: Sequence[str], before: Sequence[Diagnostic], trial: Trial) -> Result:
        mended = Counter(item.rule for item in before)
        mended.subtract(item.rule for item in trial.after)
        left_out = self._told()
        proof = proof_of(self._before, trial.standing, len(before), len(trial.after), self._modules.imports())
        proof |= {
            "tool": "ruff",
            "version": self._ctx.version("ruff"),
            "rules": list(rules),
            "mended": {rule: number for rule, number in sorted(mended.items()) if number > 0},
            "families": families_of(mended),
            "left_out": left_out,
        }
        changed = self._without_traces(list(self._originals))
        proof["words"] = f"{named(mended)}; {proof['words']}"
        patch = self._ctx.patch(self._tree, self._name, proof)
        if patch is None:
            return unknown("ruff announced safe fixes but changed nothing")
        self._ctx.metric("refactor.fixes.mended", len(before) - len(trial.after))
        summary = (
            f"a patch for {counted(len(changed), 'file')} takes ruff from {len(before)} to {len(trial.after)} findings"
        )
        summary += f" ({proof['words']})"
        summary += f"; left out, since they break something: {', '.join(left_out[:5])}" if left_out else ""
        return passed(summary, outputs={"patch": patch.name, "files": len(changed)})


def _interpreter(
    ctx: Context, folder: str, with_tests: bool, files: Sequence[str], seconds: float
) -> tuple[Path | None, str]:
    """What the code of the project can run on, or why there is nothing; an environment is only made to run tests in."""
    if not with_tests or not any(TESTS.search(path) for path in files):
        return ctx.python_of(folder), "the workspace has no virtual environment"
    try:
        return ctx.environment(folder, install_limit=seconds).python, ""
    except CallboardError as error:
        return None, clean(str(error), 200)
