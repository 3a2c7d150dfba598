"""What is proposed after a look at a workspace, and what a project says that its tests need."""

import json
from pathlib import Path

import pytest

from callboard.api import Workspace, declared
from callboard_quality import callboard_detect
from callboard_quality.neighbours import lacking_neighbour, project_with
from callboard_quality.projects import projects, pytest_options

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


def test_scripts_types_and_journeys_are_proposed_where_they_are_configured(tmp_path: Path) -> None:
    dev = {"eslint": "9", "typescript": "5", "@playwright/test": "1"}
    files = {
        "web/package.json": json.dumps({"devDependencies": dev}),
        "web/eslint.config.js": "",
        "web/tsconfig.json": "{}",
        "web/playwright.config.ts": "",
        "docs/package.json": json.dumps({"devDependencies": dev}),
        "docs/eslint.config.js": "",
    }
    assert names(tmp_path, files) == {"quality.npm_lint:web", "quality.types:web", "quality.journeys:web"}


def test_tests_that_open_a_page_are_journeys_and_left_out_of_the_others(tmp_path: Path) -> None:
    files = {
        "requirements-test.txt": "pytest-playwright\n",
        "tests/test_a.py": TEST,
        "tests/test_shop.py": "def test_buys(page):\n    page.goto('/')\n",
    }
    jobs = {job.name: job for job in callboard_detect(workspace(tmp_path, files))}
    assert set(jobs) == {"quality.lint", "quality.tests", "quality.journeys"}
    assert jobs["quality.tests"].options == {"ignore": ["tests/test_shop.py"]}


def test_many_projects_get_few_jobs_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    files = {f"services/s{number:02}/tests/test_a.py": TEST for number in range(11)}
    files |= {f"services/s{number:02}/setup.py": "" for number in range(11)}
    files["services/s10/tests/test_b.py"] = TEST
    files |= {f"web/w{number}/package.json": json.dumps({"scripts": {"test": "vitest run"}}) for number in range(9)}
    jobs = {job.name: job for job in callboard_detect(workspace(tmp_path, files))}
    tests = [name for name in jobs if name.startswith("quality.tests:")]
    assert tests == [*(f"quality.tests:services/s0{number}" for number in range(7)), "quality.tests:services/s10"]
    words = jobs["quality.tests:services/s00"].because
    assert "; left out: services/s07, services/s08, services/s09; [jobs." in words
    assert len([name for name in jobs if name.startswith("quality.npm_tests")]) == 8
    assert "left out: web/w8;" in jobs["quality.npm_tests:web/w0"].because


def test_what_no_index_has_may_be_a_project_of_the_workspace(tmp_path: Path) -> None:
    found = workspace(
        tmp_path,
        {
            "libs/common/setup.py": "from setuptools import setup\nsetup(name='acme_common')\n",
            "libs/common/acme_common/__init__.py": "",
            "services/a/pyproject.toml": PACKAGE,
            "services/a/app/__init__.py": "",
            "services/b/pyproject.toml": PACKAGE,
            "services/b/app/__init__.py": "",
        },
    )
    words = "No matching distribution found for acme-common"
    mend = "put both into a virtual environment in .venv (pip install -e ./libs/common -e ./services/a)"
    assert lacking_neighbour(found, words, "services/a") == f"acme-common is libs/common of this workspace; {mend}"
    assert lacking_neighbour(found, "Because acme-common was not found in the package registry", "services/a")
    assert lacking_neighbour(found, "No matching distribution found for requests", "services/a") == ""
    assert project_with(found, "acme_common", "services/a") == "libs/common"
    assert project_with(found, "app", "services/a") is None, "its own"
    assert project_with(found, "app", "libs/common") is None, "one of two"
