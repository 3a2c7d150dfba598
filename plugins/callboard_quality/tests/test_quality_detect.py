"""What is proposed after a look at a workspace, and what a project says that its tests need."""

import json
from pathlib import Path

import pytest

from callboard.api import Workspace
from callboard_quality import callboard_detect
from callboard_quality.projects import projects, pytest_options
from callboard_quality.requirements import declared, locked

PACKAGE = "[project]\nname = 'x'\nversion = '1'\n"
TEST = "def test_a():\n    pass\n"


def workspace(root: Path, files: dict[str, str]) -> Workspace:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Workspace(root)


def names(root: Path, files: dict[str, str]) -> set[str]:
    return {job.name for job in callboard_detect(workspace(root, files))}


def test_nothing_is_proposed_where_there_is_nothing(tmp_path: Path) -> None:
    assert names(tmp_path, {"README.md": "hello", "package.json": "{}"}) == set()


def test_code_without_tests_is_only_linted(tmp_path: Path) -> None:
    assert names(tmp_path, {"pyproject.toml": PACKAGE, "x.py": "a = 1\n"}) == {"quality.lint"}


def test_nested_projects_have_jobs_of_their_own(tmp_path: Path) -> None:
    files = {
        "backend/pyproject.toml": PACKAGE,
        "backend/tests/test_a.py": TEST,
        "services/mail/setup.py": "",
        "services/mail/test_mail.py": TEST,
        "frontend/package.json": json.dumps({"scripts": {"test": "vitest run"}}),
        "tools/package.json": json.dumps({"scripts": {"test": 'echo "Error: no test specified" && exit 1'}}),
    }
    assert names(tmp_path, files) == {
        "quality.lint",
        "quality.tests:backend",
        "quality.tests:services/mail",
        "quality.npm_tests:frontend",
    }


def test_packages_of_an_npm_workspace_are_tested_by_the_upper_one(tmp_path: Path) -> None:
    script = {"scripts": {"test": "vitest run"}}
    files = {
        "package.json": json.dumps({**script, "workspaces": ["packages/*"]}),
        "packages/a/package.json": json.dumps(script),
        "tests/fixtures/b/package.json": json.dumps(script),
    }
    assert names(tmp_path / "one", files) == {"quality.npm_tests"}
    files["package.json"] = json.dumps({"workspaces": ["packages/*"]})
    assert names(tmp_path / "two", files) == {"quality.npm_tests:packages/a"}


def test_a_job_at_the_top_leaves_the_nested_tests_to_their_own_job(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PACKAGE,
        "tests/test_top.py": TEST,
        "backend/pyproject.toml": PACKAGE,
        "backend/tests/test_a.py": TEST,
    }
    jobs = {job.name: job for job in callboard_detect(workspace(tmp_path, files))}
    assert jobs["quality.tests"].options == {"ignore": ["backend"]}
    assert jobs["quality.tests:backend"].options == {"folder": "backend"}
    assert "1 test file, such as tests/test_top.py" in jobs["quality.tests"].because


def test_testpaths_of_the_top_take_the_tests_of_a_nested_project(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PACKAGE + "[tool.pytest.ini_options]\ntestpaths = ['backend/tests']\n",
        "backend/pyproject.toml": PACKAGE,
        "backend/tests/test_a.py": TEST,
    }
    assert names(tmp_path, files) == {"quality.lint", "quality.tests"}


def test_sample_projects_among_the_tests_are_no_projects(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PACKAGE,
        "tests/test_a.py": TEST,
        "tests/data/sample/pyproject.toml": PACKAGE,
        "tests/data/sample/test_b.py": TEST,
    }
    [found] = projects(workspace(tmp_path, files))
    assert (found.folder, found.nested) == ("", ())


def test_a_folder_with_only_tool_settings_is_no_project(tmp_path: Path) -> None:
    files = {"a/pyproject.toml": "[tool.ruff]\nline-length = 99\n", "a/test_a.py": TEST}
    assert [project.folder for project in projects(workspace(tmp_path, files))] == [""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[tool]\npytest = 5\n",
        "[tool.pytest]\nini_options = 3\n",
        "a = " + "[" * 5_000,
        "[project]\nname = 3\ndynamic = 5\noptional-dependencies = 3",
        "tool = 5\nproject = 5\ndependency-groups = 3",
        "[dependency-groups]\ntest = 3\n[tool]\npoetry = 3\nuv = []\nhatch = 1",
    ],
)
def test_odd_configurations_are_survived(tmp_path: Path, text: str) -> None:
    odd = workspace(tmp_path, {"pyproject.toml": text, "setup.cfg": "nonsense", "tox.ini": "[[", "test_a.py": TEST})
    assert {job.name for job in callboard_detect(odd)} == {"quality.lint", "quality.tests"}
    declared(odd, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -q\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['-q']\n"),
        ("pyproject.toml", "[tool.pytest]\naddopts = ['-q']\n"),
        ("tox.ini", "[pytest]\naddopts = -q\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -q\n"),
    ],
)
def test_pytests_configuration_is_read_wherever_it_stands(tmp_path: Path, name: str, text: str) -> None:
    assert pytest_options(workspace(tmp_path, {name: text}), "")["addopts"] == "-q"


BUILD = "[build-system]\nrequires = ['hatchling']\n"
NEEDS = {
    "groups": (
        PACKAGE + BUILD + "[dependency-groups]\ntest = ['a>1', {include-group = 'more'}]\nmore = ['b']\ndocs = ['c']\n",
        ("a>1", "b"),
        (),
    ),
    "a circle of groups": (
        BUILD + PACKAGE + "[dependency-groups]\ntest = ['a', {include-group = 'test'}]\n",
        ("a",),
        (),
    ),
    "extras": (PACKAGE + BUILD + "[project.optional-dependencies]\ntesting = ['a']\ndocs = ['b']\n", (), ("testing",)),
    "an application": (
        PACKAGE + "dependencies = ['fastapi']\n[project.optional-dependencies]\ndev = ['a']\n",
        ("fastapi", "a"),
        (),
    ),
    "hatch": (PACKAGE + BUILD + "[tool.hatch.envs.test]\ndependencies = ['a']\n", ("a",), ()),
    "poetry": (
        "[tool.poetry]\nname = 'x'\n[tool.poetry.dependencies]\npython = '^3.11'\n[tool.poetry.group.test.dependencies]\n"
        "a = '^1.2'\nb = {version = '~2.1', extras = ['e']}\nc = {path = '../c'}\nd = '*'\n[build-system]\nrequires = []\n",
        ("a>=1.2,<2", "b[e]>=2.1,==2.1.*", "d"),
        None,
    ),
    "no options of pip": (PACKAGE + BUILD + "[dependency-groups]\ntest = ['--index-url=http://x', 'a']\n", ("a",), ()),
}


@pytest.mark.parametrize("case", NEEDS)
def test_what_the_tests_need_is_read_from_where_it_is_said(tmp_path: Path, case: str) -> None:
    text, requirements, extras = NEEDS[case]
    needs = declared(workspace(tmp_path, {"pyproject.toml": text}), "")
    assert (needs.requirements, needs.extras) == (requirements, extras)


def test_requirement_files_and_tox_are_read(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "a",
        "requirements-dev.txt": "b",
        "tox.ini": "[testenv]\ndeps =\n  pytest>7\n  {other}\n  -r{toxinidir}/t.txt\n",
        "t.txt": "c",
    }
    needs = declared(workspace(tmp_path, files), "")
    assert (needs.requirements, needs.files) == (("pytest>7",), ("requirements.txt", "t.txt"))


def test_locked_versions_are_constraints(tmp_path: Path) -> None:
    text = (
        '[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n'
        '[[package]]\nname = "b"\nversion = "1"\nresolution-markers = ["python_version < \'3.10\'"]\n'
        '[[package]]\nname = "b"\nversion = "2"\nresolution-markers = ["python_version >= \'3.10\'"]\n'
        '[[package]]\nname = "me"\nversion = "0.1"\nsource = { editable = "." }\n'
        '[[package]]\nname = "odd; import os"\nversion = "1"\n'
    )
    assert locked(workspace(tmp_path, {"uv.lock": text}), "") == [
        "a==1.0",
        "b==1 ; (python_version < '3.10')",
        "b==2 ; (python_version >= '3.10')",
    ]
