"""GitHub Actions files become workflows, jobs, steps and commands; whatever they hold, reading them ends in words."""

import os
from pathlib import Path

import pytest

from callboard.link.github import commands_of, purpose_of_action, purpose_of_command, read_workflows

FILE = """\
name: All
on:
  push: {branches: [main, 'release/*']}
  schedule: [{cron: '0 3 * * *'}]
jobs:
  test:
    needs: lint
    runs-on: ${{ matrix.os }}
    strategy: {matrix: {os: [ubuntu, macos], python: ['3.11', '3.12']}}
    defaults: {run: {working-directory: backend}}
    steps:
      - uses: actions/checkout@v4
      - name: Tests
        run: |
          pip install -e .
          uv run --group test pytest -x
      - run: npm test
        working-directory: web
  other:
    uses: ./.github/workflows/reused.yml
"""


def workspace(folder: Path, **files: str) -> Path:
    place = folder / ".github" / "workflows"
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_workflow_is_read_with_its_lines(tmp_path: Path) -> None:
    (found,), trouble = read_workflows(workspace(tmp_path, all=FILE))
    assert trouble == []
    assert (found.path, found.name) == (".github/workflows/all.yml", "All")
    assert found.triggers == ("push: main, release/*", "schedule: 0 3 * * *")
    test, other = found.jobs
    assert (test.id, test.line, test.needs, test.matrix) == (
        "test", 6, ("lint",), (("os", ("ubuntu", "macos")), ("python", ("3.11", "3.12"))),
    )  # fmt: skip
    assert [(step.line, step.folder, step.uses) for step in test.steps] == [
        (12, "backend", "actions/checkout@v4"), (14, "backend", ""), (17, "web", ""),
    ]  # fmt: skip
    assert other.calls == "./.github/workflows/reused.yml"


@pytest.mark.parametrize(
    ("script", "tools"),
    [
        ("pytest -x", [("tests", "pytest")]),
        ("python -m pip install -e . && python3.12 -m pytest", [("setup", "pip"), ("tests", "pytest")]),
        ("CI=1 poetry run mypy src; npx --yes eslint .", [("types", "mypy"), ("lint", "eslint")]),
        ("uv run --with x coverage run -m pytest", [("tests", "pytest")]),
        (
            "yarn lint\npnpm -C web run test:unit\nnpm ci",
            [("lint", "npm lint"), ("tests", "npm test:unit"), ("setup", "npm")],
        ),
        ("npm run e2e", [("browser tests", "npm e2e")]),
        ("echo 'a && pytest' # pytest", [("setup", "echo")]),
        ("cat <<EOF > x\npytest\nEOF\nruff check", [("setup", "cat"), ("lint", "ruff")]),
        ("docker build -t x . | tee log", [("build", "docker-build"), ("setup", "tee")]),
        ("if [ -f x ]; then tox; fi", [("setup", "["), ("tests", "tox")]),
        ("pytest \\\n  -k 'a;b'", [("tests", "pytest")]),
        ("./scripts/mystery.sh", [("", "mystery.sh")]),
        ("make test", [("tests", "make test")]),
        ("echo 'unclosed", [("setup", "echo")]),
    ],
)
def test_a_script_is_told_by_its_tools(script: str, tools: list[tuple[str, str]]) -> None:
    assert [purpose_of_command(command) for command in commands_of(script)] == tools


def test_ready_made_actions_are_told_by_their_names() -> None:
    assert purpose_of_action("github/codeql-action/analyze@v3") == ("security", "codeql")
    assert purpose_of_action("actions/setup-python@v5")[0] == "setup"
    assert purpose_of_action("acme/thing@v1") == ("", "acme/thing")


def test_what_cannot_be_read_says_why_and_spares_the_others(tmp_path: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    files = {
        "broken": "a: [", "text": "only words", "nojobs": "on: push\n",
        "bomb": bomb + "on: *i\njobs: {x: {needs: *i, steps: *i}}\n",
        "fine": FILE, "deep": "[" * 5_000,
    }  # fmt: skip
    place = workspace(tmp_path, **files) / ".github" / "workflows"
    (place / "out.yml").symlink_to("/etc/passwd")
    os.mkfifo(place / "pipe.yml")
    (place / "bytes.yml").write_bytes(b"\xff\xfe\x00")
    (place / "large.yml").write_bytes(b"#" * 1_000_001)
    found, trouble = read_workflows(tmp_path)
    assert "All" in [workflow.name for workflow in found]
    told = {t.path.rpartition("/")[2]: t.words for t in trouble}
    assert {"broken.yml", "text.yml", "out.yml", "pipe.yml", "bytes.yml", "large.yml", "deep.yml"} <= told.keys()
    assert "leads out of the workspace" in told["out.yml"]
    assert [t.words for workflow in found for t in workflow.trouble if "nojobs" in t.path] == ["it has no jobs"]


def test_a_workspace_without_ci_is_nothing_special(tmp_path: Path) -> None:
    assert read_workflows(tmp_path) == ([], [])
