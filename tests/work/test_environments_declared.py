"""What a project says that its tests need, wherever it says so."""

from pathlib import Path

import pytest

from callboard.api import Workspace, declared
from callboard.work.environments.declared import locked

PACKAGE = "[project]\nname = 'x'\nversion = '1'\n"
BUILD = "[build-system]\nrequires = ['hatchling']\n"


def workspace(root: Path, files: dict[str, str]) -> Workspace:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Workspace(root)


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
