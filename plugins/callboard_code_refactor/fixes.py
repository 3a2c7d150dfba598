"""Ruff's safe fixes, made in a worktree and handed back as a patch with its proof."""

import shutil
from collections import Counter
from collections.abc import Sequence
from typing import Any

from callboard.api import (
    BoundaryError,
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    Worktree,
    failed,
    passed,
    unknown,
)
from callboard_code_refactor.proof import Compiled, TestRun, broken_by, compile_files, run_tests
from callboard_code_refactor.ruff import RuffTrouble, diagnostics, ruff_files
from callboard_code_refactor.sources import counted, python_files


def make_fixes(ctx: Context, select: str, folder: str, with_tests: bool, tests_timeout: float) -> Result:
    """Passed with a patch, or with nothing to fix; failed when the fixes broke something (then there is no patch)."""
    if ctx.program("ruff") is None:
        return unknown("ruff is not installed; pip install 'callboard[tools]'")
    files = [name for name in python_files(ctx.workspace, folder) if _allowed(ctx, name)]
    if not files:
        return unknown("there are no Python files to fix")
    try:
        with ctx.worktree() as tree:
            return _Fixer(ctx, tree, select, folder, with_tests, tests_timeout).fixed(files)
    except RuffTrouble as trouble:
        return unknown(str(trouble))
    except CallboardError as error:
        return unknown(f"no worktree could be made, so nothing was fixed: {error}")


def _allowed(ctx: Context, path: str) -> bool:
    try:
        ctx.boundary.check_path(path)
    except BoundaryError:
        return False
    return True


class _Fixer:
    def __init__(
        self, ctx: Context, tree: Worktree, select: str, folder: str, with_tests: bool, tests_timeout: float
    ) -> None:
        self._ctx = ctx
        self._tree = tree
        self._folder = folder
        self._rules = ["--select", select] if select else []
        self._with_tests = with_tests
        self._timeout = tests_timeout

    def fixed(self, files: Sequence[str]) -> Result:
        """Looks, fixes, looks again, and keeps the patch if all that worked before still works."""
        ctx, where = self._ctx, self._tree.path
        kept = ruff_files(ctx, where, files)
        if not kept:
            return unknown("the ruff settings exclude every Python file")
        before = diagnostics(ctx, where, kept, self._rules)
        safe = [item for item in before if item.safe]
        ctx.metric("safe fixes", len(safe))
        if not safe:
            left = f"; left for a person: {counted(len(before), 'finding')} of ruff" if before else ""
            return passed(f"nothing to fix safely in {counted(len(kept), 'file')}{left}")
        python = ctx.python_of(self._folder)
        compiled_before = compile_files(ctx, python, where, kept)
        tests_before = self._tests("before", files)
        ctx.progress(0.5, f"{counted(len(safe), 'safe fix', 'safe fixes')}")
        after = diagnostics(ctx, where, kept, self._rules, fix=True)
        compiled_after = compile_files(ctx, python, where, kept)
        tests_after = self._tests("after", files)
        damage = sorted(compiled_after.broken - compiled_before.broken)
        failing = broken_by(tests_before, tests_after)
        if damage or failing:
            return self._refused(damage, failing)
        rules = Counter(item.rule for item in before)
        rules.subtract(item.rule for item in after)
        proof = _proof(ctx.version("ruff"), len(before), len(after), rules, compiled_before, compiled_after)
        proof["tests"] = _tests_proof(tests_before, tests_after)
        return self._kept(proof, kept, len(before), len(after))

    def _tests(self, when: str, files: Sequence[str]) -> TestRun:
        if not self._with_tests:
            return TestRun(reason="not asked for")
        return run_tests(self._ctx, self._tree.path, self._folder, files, when, self._timeout)

    def _refused(self, damage: Sequence[str], failing: Sequence[str]) -> Result:
        for path in damage:
            message = "a safe fix of ruff made this file unparsable; please report it to ruff"
            self._ctx.finding(Finding("fix-breaks-syntax", Severity.MEDIUM, message, path=path, line=1, tool="ruff"))
        for test in failing[:100]:
            message = f"the test '{test}' passed before the safe fixes and does not pass after them"
            self._ctx.finding(Finding("fix-breaks-test", Severity.MEDIUM, message, tool="pytest"))
        broken = [counted(len(damage), "file")] if damage else []
        broken += [counted(len(failing), "test")] if failing else []
        return failed(f"the safe fixes broke {' and '.join(broken)}, so no patch was kept")

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

    def _kept(self, proof: dict[str, Any], files: Sequence[str], before: int, after: int) -> Result:
        changed = self._without_traces(files)
        patch = self._ctx.patch(self._tree, "safe-fixes", proof)
        if patch is None:
            return unknown("ruff announced safe fixes but changed nothing")
        self._ctx.metric("findings that the patch mends", before - after)
        summary = f"a patch for {counted(len(changed), 'file')} takes ruff from {before} to {after} findings"
        summary += f" and all {proof['files_compiled_after']} files that compiled still do; {proof['tests']['words']}"
        return passed(summary, outputs={"patch": patch.name, "files": len(changed)})


def _proof(
    version: str, before: int, after: int, rules: Counter[str], compiled_before: Compiled, compiled_after: Compiled
) -> dict[str, Any]:
    return {
        "tool": "ruff",
        "version": version,
        "findings_before": before,
        "findings_after": after,
        "mended": {rule: number for rule, number in sorted(rules.items()) if number > 0},
        "interpreter": compiled_after.interpreter,
        "files_compiled_before": compiled_before.good,
        "files_compiled_after": compiled_after.good,
    }


def _tests_proof(before: TestRun, after: TestRun) -> dict[str, Any]:
    if before.reason or after.reason:
        why = before.reason or after.reason
        return {"ran": False, "reason": why, "words": f"tests: {why}"}
    words = f"tests: {len(before.passed)} passed before, {len(after.passed)} after"
    return {"ran": True, "passed_before": len(before.passed), "passed_after": len(after.passed), "words": words}
