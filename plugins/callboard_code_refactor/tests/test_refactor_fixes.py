"""The patch of safe fixes and its proof."""

import subprocess
import sys
from pathlib import Path

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor


def checkout(root: Path, files: dict[str, str]) -> Path:
    """A git checkout with one commit of these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first")
    return root


def git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True)
    return done.stdout


def patch_of(outcome: Outcome) -> dict[str, object]:
    return next(message for message in outcome.messages if message["t"] == "patch")


def proof_of(outcome: Outcome) -> dict[str, object]:
    proof = patch_of(outcome)["proof"]
    assert isinstance(proof, dict)
    return proof


def summary(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_safe_fixes_become_a_patch_that_applies_and_the_workspace_stays_as_it_was(tmp_path: Path) -> None:
    files = {"a.py": "import os\nimport sys\nprint(sys.path)\n", "b.py": "print(nowhere)\n"}
    root = checkout(tmp_path, {**files, "pyproject.toml": '[tool.ruff.lint]\nselect = ["F"]\n'})
    outcome = run_action(CodeRefactor(), "fixes", root)
    assert summary(outcome)[0] == Verdict.PASS
    assert patch_of(outcome)["files"] == ["a.py"]
    proof = proof_of(outcome)
    assert (proof["findings_before"], proof["findings_after"]) == (2, 1)
    assert (proof["files_compiled_before"], proof["files_compiled_after"]) == (2, 2)
    assert proof["mended"] == {"F401": 1}
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "worktree", "list").count("\n") == 1
    git(root, "apply", str(outcome.artifacts["safe-fixes.patch"]))
    assert (root / "a.py").read_text() == "import sys\nprint(sys.path)\n"
    assert (root / "b.py").read_text() == "print(nowhere)\n"


def test_uncommitted_work_is_fixed_too_and_stays_out_of_the_patch(tmp_path: Path) -> None:
    root = checkout(tmp_path, {"a.py": "x = 1\n"})
    (root / "new.py").write_text("import os\nimport sys\nprint(sys)\n")
    (root / "a.py").write_text("x = 2\n")
    outcome = run_action(CodeRefactor(), "fixes", root)
    text = outcome.artifacts["safe-fixes.patch"].read_text()
    assert patch_of(outcome)["files"] == ["new.py"]
    assert "-import os" in text
    assert "x = 2" not in text


def test_nothing_to_fix_is_a_pass_without_a_patch(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "fixes", checkout(tmp_path, {"b.py": "print(nowhere)\n"}))
    assert summary(outcome) == (Verdict.PASS, "nothing to fix safely in 1 file; left for a person: 1 finding of ruff")
    assert "safe-fixes.patch" not in outcome.artifacts


def test_unsafe_fixes_are_never_made_though_the_project_allows_them(tmp_path: Path) -> None:
    settings = '[tool.ruff]\nunsafe-fixes = true\nfix = true\nlint.select = ["F", "B"]\n'
    root = checkout(tmp_path, {"pyproject.toml": settings, "a.py": "def f():\n    x = g()\n", "c.py": "import os\n"})
    outcome = run_action(CodeRefactor(), "fixes", root)
    assert patch_of(outcome)["files"] == ["c.py"]
    assert git(root, "status", "--porcelain") == ""


def test_without_a_checkout_it_is_unknown_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\n")
    verdict, words = summary(run_action(CodeRefactor(), "fixes", tmp_path))
    assert verdict == Verdict.UNKNOWN
    assert "commit once with git" in words
    assert (tmp_path / "a.py").read_text() == "import os\n"


def test_protected_files_are_left_alone(tmp_path: Path) -> None:
    root = checkout(tmp_path, {"live/a.py": "import os\n", "b.py": "import os\n"})
    config = {"boundary": {"protected_paths": ["live/**"]}}
    outcome = run_action(CodeRefactor(), "fixes", root, config=config)
    assert patch_of(outcome)["files"] == ["b.py"]


TESTED = {
    ".gitignore": ".venv/\n",
    "src/shop/__init__.py": "import os\nimport json\n\n\ndef total(xs):\n    return sum(xs)\n",
    "tests/test_shop.py": (
        "from pathlib import Path\n\nimport shop\n\n\ndef test_total():\n    assert shop.total([1, 2]) == 3\n\n\n"
        "def test_leaves_a_trace():\n    Path('trace.txt').write_text('x')\n"
    ),
}


def with_pytest(root: Path) -> Path:
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (root / ".venv/bin/python").chmod(0o755)
    return root


def test_the_tests_prove_the_fix_with_the_code_of_the_worktree(tmp_path: Path) -> None:
    root = with_pytest(checkout(tmp_path, TESTED))
    outcome = run_action(CodeRefactor(), "fixes", root, {"run_tests": True})
    tests = proof_of(outcome)["tests"]
    assert tests == {"ran": True, "passed_before": 2, "passed_after": 2, "words": "tests: 2 passed before, 2 after"}
    assert patch_of(outcome)["files"] == ["src/shop/__init__.py"]
    assert not (root / "trace.txt").exists()


def test_a_fix_that_breaks_a_test_gives_no_patch(tmp_path: Path) -> None:
    files = dict(TESTED)
    files["tests/test_shop.py"] = "import shop\n\n\ndef test_reexport():\n    assert shop.core.os\n"
    files["src/shop/__init__.py"] = "from shop import core\n\n__all__ = ['core']\n"
    files["src/shop/core.py"] = "import os\n"
    root = with_pytest(checkout(tmp_path, files))
    outcome = run_action(CodeRefactor(), "fixes", root, {"run_tests": True})
    assert summary(outcome) == (Verdict.FAIL, "the safe fixes broke 1 test, so no patch was kept")
    assert [f.rule for f in outcome.findings] == ["fix-breaks-test"]
    assert "safe-fixes.patch" not in outcome.artifacts


def test_without_an_environment_the_proof_says_that_no_test_ran(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "fixes", checkout(tmp_path, TESTED), {"run_tests": True})
    assert summary(outcome)[0] == Verdict.PASS
    assert "no virtual environment" in summary(outcome)[1]
