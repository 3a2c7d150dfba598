"""A new plugin is a whole project: its tests pass, it builds as a wheel, and Callboard finds what was installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.agents.catalogue import scan
from callboard.agents.checking import Grade, check_plugin
from callboard.agents.detection import detect
from callboard.agents.scaffold import plugin_files, write_plugin
from callboard.errors import CallboardError
from plugin_maker import make_plugin


def run(*words: str | Path, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, env={**os.environ, **env}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_plugin_passes_its_own_tests_and_checks(tmp_path: Path) -> None:
    folder = write_plugin("note-finder", tmp_path)
    out = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, PYTHONPATH=str(folder / "src"))
    assert "5 passed" in out
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


BAD = '''
import os, time
from dataclasses import dataclass
from callboard.api import Agent, Effects, action, hookimpl, option, passed

@dataclass(frozen=True, slots=True)
class Silent:
    depth: int = option(1)

class Bad(Agent):
    name = "bad"

    @action("Writes")
    def writes(self, ctx, options):
        (ctx.workspace.path / "left.txt").write_text("x")
        return passed("done")

    @action("Dies")
    def dies(self, ctx, options):
        os._exit(3)

    @action("Hangs", time_limit=1)
    def hangs(self, ctx, options):
        time.sleep(1e9)

    @action("Odd")
    def odd(self, ctx, options):
        return "fine"

    @action("Deploy", effects=Effects(environment="prod", idempotent=False))
    def deploy(self, ctx, options):
        raise AssertionError("it must not be tried")

    @action("Silent", options=Silent)
    def silent(self, ctx, options):
        """Looks."""
        print("{}")
        return passed("done")

@hookimpl
def callboard_agents():
    return [Bad()]

@hookimpl
def callboard_fixes(symptom):
    raise KeyError("x")
'''


def test_the_check_of_a_new_plugin_finds_no_fault(tmp_path: Path) -> None:
    folder = write_plugin("note-finder", tmp_path)
    site = make_plugin(tmp_path / "site", "note-finder", "", entry="callboard_note_finder")
    (folder / "src" / "callboard_note_finder").rename(site / "callboard_note_finder")
    checks = check_plugin("note-finder", paths=[site])
    assert {check.grade for check in checks} == {Grade.GOOD}
    words = "\n".join(check.words for check in checks)
    assert "note-finder.notes in an empty workspace: unknown" in words
    assert "in the sample workspace it proposes note-finder.notes" in words


def test_the_check_of_a_bad_plugin_names_each_fault(tmp_path: Path) -> None:
    site = make_plugin(tmp_path, "bad", BAD)
    checks = check_plugin("bad", paths=[site])
    faults = "\n".join(check.words for check in checks if check.grade is Grade.FAULT)
    assert "bad.writes in the sample workspace: it changed files of the workspace" in faults
    assert "bad.dies in the sample workspace: its process ended with 3" in faults
    assert "bad.hangs in an empty workspace: it took longer than 1 s" in faults
    assert "bad.odd in the sample workspace: it returned str" in faults
    assert "callboard_fixes: KeyError" in faults
    advice = "\n".join(check.words for check in checks if check.grade is Grade.ADVICE)
    assert "bad.silent: say what its options mean, with help=: depth" in advice
    assert "bad.silent in an empty workspace: it passes; where there is nothing to look at" in advice
    assert any("bad.deploy: not tried" in check.words for check in checks)
    with pytest.raises(CallboardError, match="no plugin 'bda' is installed"):
        check_plugin("bda", paths=[site])
