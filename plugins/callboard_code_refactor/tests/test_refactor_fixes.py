"""The patch of safe fixes and its proof."""

import subprocess
import sys
from pathlib import Path

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor
from callboard_code_refactor.names import Modules


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


def checks(proof: dict[str, object]) -> dict[str, tuple[int, int]]:
    listed = proof["checks"]
    assert isinstance(listed, list)
    return {check["name"]: (check["before"], check["after"]) for check in listed}


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
    assert checks(proof) == {
        "findings of ruff": (2, 1),
        "files that compile": (2, 2),
        "imports between the workspace's modules that lead nowhere": (0, 0),
    }
    assert (proof["mended"], proof["families"]) == ({"F401": 1}, {"F": 1})
    assert "mends 1 F (Pyflakes)" in summary(outcome)[1]
    assert (
        "neither modules nor tests could prove it: not run, the workspace has no virtual environment"
        in summary(outcome)[1]
    )
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
    (root / ".venv/bin/python").write_text(
        f'#!/bin/sh\nPYTEST_DISABLE_PLUGIN_AUTOLOAD=1 exec "{sys.executable}" "$@"\n'
    )
    (root / ".venv/bin/python").chmod(0o755)
    return root


def test_the_tests_prove_the_fix_with_the_code_of_the_worktree(tmp_path: Path) -> None:
    root = with_pytest(checkout(tmp_path, TESTED))
    outcome = run_action(CodeRefactor(), "fixes", root)
    proof = proof_of(outcome)
    assert checks(proof)["tests that pass"] == (2, 2)
    assert checks(proof)["changed modules that can be imported"] == (1, 1)
    assert "tests: 2 passed before, 2 after" in str(proof["words"])
    assert patch_of(outcome)["files"] == ["src/shop/__init__.py"]
    assert not (root / "trace.txt").exists()


SLOW = "import time\n\n\ndef test_slow():\n    time.sleep({seconds})\n"


def test_tests_that_take_too_long_prove_nothing_and_the_patch_says_so(tmp_path: Path) -> None:
    root = with_pytest(checkout(tmp_path, {**TESTED, "tests/test_slow.py": SLOW.format(seconds=30)}))
    outcome = run_action(CodeRefactor(), "fixes", root, {"tests_timeout": 2})
    assert summary(outcome)[0] is Verdict.PASS
    assert "tests could not prove it: not proved by tests within 2 s" in str(proof_of(outcome)["words"])
    assert patch_of(outcome)["files"] == ["src/shop/__init__.py"]


def test_the_time_for_tests_is_for_all_their_runs_together(tmp_path: Path) -> None:
    root = with_pytest(checkout(tmp_path, {**TESTED, "tests/test_slow.py": SLOW.format(seconds=2.5)}))
    outcome = run_action(CodeRefactor(), "fixes", root, {"tests_timeout": 5})
    assert "tests could not prove it: not proved by tests within 5 s" in str(proof_of(outcome)["words"])
    assert not [name for name in outcome.artifacts if name.startswith("tests-after")]


BREAKING = {
    ".gitignore": ".venv/\n",
    "src/shop/__init__.py": "from shop import core\n\n__all__ = ['core']\n",
    "src/shop/core.py": "import os\n",
    "tests/test_shop.py": "import shop\n\n\ndef test_reexport():\n    assert shop.core.os\n",
}


def test_a_fix_that_breaks_a_test_gives_no_patch(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "fixes", with_pytest(checkout(tmp_path, BREAKING)))
    verdict, words = summary(outcome)
    assert (verdict, words) == (
        Verdict.FAIL,
        "every safe fix broke something, so no patch was kept: F401 (1 breaks-test)",
    )
    assert [f.rule for f in outcome.findings] == ["fix-breaks-test"]
    assert "test_reexport" in outcome.findings[0].message
    assert "safe-fixes.patch" not in outcome.artifacts


@pytest.mark.long
def test_only_the_rule_whose_fix_breaks_a_test_is_left_out(tmp_path: Path) -> None:
    pyproject = '[tool.ruff]\ntarget-version = "py311"\nlint.select = ["F", "UP"]\n'
    files = {**BREAKING, "pyproject.toml": pyproject, "src/shop/old.py": "class A(object):\n    pass\n"}
    root = with_pytest(checkout(tmp_path, files))
    outcome = run_action(CodeRefactor(), "fixes", root)
    assert summary(outcome)[0] == Verdict.PASS
    assert "left out, since they break something: F401" in summary(outcome)[1]
    proof = proof_of(outcome)
    assert (patch_of(outcome)["files"], proof["rules"], proof["families"]) == (
        ["src/shop/old.py"],
        ["UP004"],
        {"UP": 1},
    )
    assert [f.rule for f in outcome.findings] == ["fix-breaks-test"]


def test_a_file_from_which_others_import_keeps_what_looks_unused(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/core.py": "import json\nimport os\n\nprint(json)\n",
        "shop/more.py": "from shop.core import os\n\nprint(os)\n",
        "shop/plain.py": "import os\n",
    }
    outcome = run_action(CodeRefactor(), "fixes", checkout(tmp_path, files))
    assert summary(outcome)[0] == Verdict.PASS
    assert "left out, since they break something: F401 in 1 file" in summary(outcome)[1]
    assert patch_of(outcome)["files"] == ["shop/plain.py"]
    assert [(f.rule, f.path) for f in outcome.findings] == [("fix-breaks-import", "shop/core.py")]
    assert "shop/more.py imports 'os'" in outcome.findings[0].message
    (tmp_path / "shop/more.py").write_text("import os\n\nprint(os)\n")
    mended = run_action(CodeRefactor(), "fixes", tmp_path)
    assert (mended.findings, patch_of(mended)["files"]) == ((), ["shop/core.py", "shop/plain.py"])


def test_without_an_environment_the_proof_says_that_no_test_ran(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "fixes", checkout(tmp_path, TESTED), {"run_tests": False})
    assert summary(outcome)[0] == Verdict.PASS
    assert "neither modules nor tests could prove it: not asked for" in summary(outcome)[1]


def test_newer_syntax_as_a_patch_for_the_oldest_python_of_each_project(tmp_path: Path) -> None:
    code = "from typing import Optional\n\nx: Optional[int] = 1\n"
    files = {
        "old/pyproject.toml": '[project]\nname = "a"\nrequires-python = ">=3.8"\n',
        "old/a.py": code,
        "new/pyproject.toml": '[project]\nname = "b"\nrequires-python = ">=3.11"\n',
        "new/b.py": code,
    }
    root = checkout(tmp_path, files)
    outcome = run_action(CodeRefactor(), "outdated_syntax", root, {"patch": True})
    assert summary(outcome)[0] == Verdict.PASS
    assert patch_of(outcome)["files"] == ["new/b.py"]
    git(root, "apply", str(outcome.artifacts["newer-syntax.patch"]))
    assert "x: int | None = 1" in (root / "new/b.py").read_text()
    assert (root / "old/a.py").read_text() == code


def test_files_that_do_not_parse_do_not_stop_the_fixes(tmp_path: Path) -> None:
    torn = checkout(tmp_path / "torn", {"a.py": "def f(:\n"})
    assert summary(run_action(CodeRefactor(), "fixes", torn)) == (
        Verdict.UNKNOWN,
        "none of 1 Python file could be parsed",
    )
    both = checkout(tmp_path / "both", {"a.py": "def f(:\n", "b.py": "import os\n"})
    outcome = run_action(CodeRefactor(), "fixes", both)
    assert patch_of(outcome)["files"] == ["b.py"]
    assert checks(proof_of(outcome))["files that compile"] == (1, 1)


def test_below_settings_that_cannot_be_read_nothing_is_fixed(tmp_path: Path) -> None:
    files = {"a.py": "import os\n", "part/pyproject.toml": "[project\n", "part/b.py": "import os\n"}
    outcome = run_action(CodeRefactor(), "fixes", checkout(tmp_path / "nested", files))
    assert patch_of(outcome)["files"] == ["a.py"]
    assert "1 file below settings that are no TOML left out (part/pyproject.toml)" in summary(outcome)[1]
    top = checkout(tmp_path / "top", {"a.py": "import os\n", "pyproject.toml": "[project\n"})
    verdict, words = summary(run_action(CodeRefactor(), "fixes", top))
    assert (verdict, "pyproject.toml is no TOML" in words) == (Verdict.UNKNOWN, True)


def test_what_modules_take_from_each_other(tmp_path: Path) -> None:
    files = {
        "src/a/__init__.py": "from .b import x, gone\n",
        "src/a/b.py": "x = 1\nif x:\n    y = 2\n",
        "src/a/c.py": "from a.b import y\nfrom a import b, nothing\nfrom a.star import anything\nimport json\n",
        "src/a/star.py": "from json import *\n",
        "torn.py": "def f(:\n",
        "d.py": "from torn import z\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {(item.path, item.module, item.name) for item in Modules(tmp_path, files).missing()}
    assert found == {("src/a/__init__.py", "a.b", "gone"), ("src/a/c.py", "a", "nothing")}


@pytest.mark.long
def test_a_test_that_also_fails_without_the_fixes_is_not_held_against_them(tmp_path: Path) -> None:
    count = tmp_path / "count"
    unsteady = (
        f"from pathlib import Path\n\nCOUNT = Path({str(count)!r})\n\n\ndef test_steady():\n    assert True\n\n\n"
        "def test_only_the_first_time():\n    first = not COUNT.exists()\n    COUNT.touch()\n    assert first\n"
    )
    files = {".gitignore": ".venv/\n", "tests/test_a.py": unsteady, "a.py": "import os\n"}
    outcome = run_action(CodeRefactor(), "fixes", with_pytest(checkout(tmp_path / "ws", files)))
    assert (summary(outcome)[0], outcome.findings, patch_of(outcome)["files"]) == (Verdict.PASS, (), ["a.py"])
    assert checks(proof_of(outcome))["tests that pass"] == (1, 1)
    assert "-import os" in outcome.artifacts["safe-fixes.patch"].read_text()
