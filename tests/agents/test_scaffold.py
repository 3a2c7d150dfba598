"""A new plugin is a whole project: its tests pass, it builds as a wheel, and Callboard finds what was installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.agents.catalogue import scan
from callboard.agents.detection import detect
from callboard.agents.scaffold import plugin_files, write_plugin
from callboard.errors import CallboardError


def run(*words: str | Path, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, env={**os.environ, **env}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_plugin_passes_its_own_tests_and_checks(tmp_path: Path) -> None:
    folder = write_plugin("note-finder", tmp_path)
    out = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, PYTHONPATH=str(folder / "src"))
    assert "4 passed" in out
    run("-m", "ruff", "check", "--no-cache", ".", cwd=folder)
    run("-m", "ruff", "format", "--check", "--no-cache", ".", cwd=folder)
    run("-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "mypy"), "src", cwd=folder)


def test_a_built_and_installed_wheel_shows_up_beside_the_seven(tmp_path: Path) -> None:
    folder = write_plugin("note-finder", tmp_path)
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    run("-m", "pip", "wheel", *quiet, "--no-build-isolation", "-w", wheels, folder, cwd=tmp_path)
    (wheel,) = wheels.glob("*.whl")
    before = scan(tmp_path / "data", paths=[site])
    run("-m", "pip", "install", *quiet, "--target", site, wheel, cwd=tmp_path)
    catalogue = scan(tmp_path / "data", paths=[site], rescan=True)
    assert len(catalogue.plugins) == len(before.plugins) + 1
    (found,) = [plugin for plugin in catalogue.plugins if plugin.name == "note-finder"]
    assert (found.error, found.agents, found.distribution) == ("", ("note-finder",), "callboard-note-finder")
    notes = catalogue.action("note-finder.notes")
    assert notes is not None
    assert notes.schema["properties"]["most"]["minimum"] == 0
    workspace = tmp_path / "w"
    workspace.mkdir()
    (workspace / "a.py").write_text("x = 1\n")
    assert "note-finder.notes" in {job.name for job in detect(workspace, catalogue, paths=[site]).jobs}


@pytest.mark.parametrize("name", ["", "Quality", "a b", "../x", "a_b", "-a", "x" * 41, "quality"])
def test_a_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(CallboardError):
        plugin_files(name)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    folder = write_plugin("mine", tmp_path)
    (folder / "README.md").write_text("changed")
    with pytest.raises(CallboardError, match="there already"):
        write_plugin("mine", tmp_path)
    assert (folder / "README.md").read_text() == "changed"
