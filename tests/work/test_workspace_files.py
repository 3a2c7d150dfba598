"""Which files of a workspace count as the team's own."""

import subprocess
from pathlib import Path

from callboard.api import Workspace


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")


def test_a_file_that_is_called_as_a_generated_folder_is_seen(tmp_path: Path) -> None:
    put(tmp_path, "scripts/build", "scripts/coverage", "build/made.py", "node_modules/a/index.js", ".git")
    assert Workspace(tmp_path).files == ("scripts/build", "scripts/coverage")


def test_a_package_with_the_name_of_a_generated_folder_is_seen_where_git_knows_it(tmp_path: Path) -> None:
    put(tmp_path, "src/build/__init__.py", "src/build/env.py", "src/build/env/x.py", "dist/app.js", "env/__init__.py")
    assert Workspace(tmp_path).files == ()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert Workspace(tmp_path).files == ("env/__init__.py", "src/build/__init__.py", "src/build/env.py")


def test_a_repository_about_which_git_says_nothing_is_told_with_the_reason(tmp_path: Path) -> None:
    assert Workspace(tmp_path).git_trouble == ""
    (tmp_path / ".git").write_text("gitdir: nowhere\n", "utf-8")
    assert Workspace(tmp_path).git_trouble.startswith("git does not answer: fatal: not a git repository: ")
