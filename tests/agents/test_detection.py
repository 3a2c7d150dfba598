"""What plugins propose for a workspace is asked away from this process and checked."""

import subprocess
from pathlib import Path

from callboard.agents.catalogue import scan
from callboard.agents.detection import detect, proposals_from
from plugin_maker import make_plugin

PLUGIN = """
from dataclasses import dataclass
from callboard.api import Agent, Job, Lock, Needs, action, hookimpl, option, passed

@dataclass(frozen=True, slots=True)
class Options:
    depth: int = option(1, minimum=1)

class Mine(Agent):
    name = "{name}"

    @action("Look", options=Options)
    def look(self, ctx, options):
        return passed("seen")

@hookimpl
def callboard_agents():
    return [Mine()]

@hookimpl
def callboard_detect(workspace):
    {body}
"""


def site(tmp_path: Path, **bodies: str) -> Path:
    for name, body in bodies.items():
        make_plugin(tmp_path / "site", name, PLUGIN.format(name=name, body=body))
    return tmp_path / "site"


def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "app.py").write_text("x = 1\n")
    return folder


def test_proposals_arrive_whole_and_without_names_that_nobody_proposes(tmp_path: Path) -> None:
    place = site(
        tmp_path,
        one="return [Job('one.look', 'one.look', f'{len(workspace.files)} files', {{'depth': 2}}, needs_jobs=('gone',), "
        "after=('two.look:a b', 'gone'), needs=Needs(2, 64, (Lock('l', True),)), stage='test', estimate=4)]".replace(
            "{{", "{"
        ).replace("}}", "}"),
        two="return (Job('two.look:' + f, 'two.look', 'x') for f in ('a b',))",
    )
    catalogue = scan(paths=[place])
    found = detect(workspace(tmp_path), catalogue, paths=[place])
    jobs = {job.name: job for job in found.jobs}
    one = jobs["one.look"]
    assert (one.because, one.options, one.needs_jobs, one.after) == ("1 files", {"depth": 2}, (), ("two.look:a b",))
    assert one.needs is not None
    assert (one.needs.cpus, one.needs.locks[0].shared, one.stage, one.estimate) == (2, True, "test", 4)
    assert found.plugins["two.look:a b"] == "two"
    assert found.files == 1


def test_what_fails_or_is_wrong_is_told_beside_the_rest(tmp_path: Path) -> None:
    place = site(
        tmp_path,
        good="return [Job('good.look', 'good.look', 'x')]",
        hangs="import time; time.sleep(1e9)",
        dies="import os; os._exit(9)",
        raises="raise KeyError('x')",
        twice="return [Job('good.look', 'twice.look', 'x')]",
        unknown="return [Job('u', 'unknown.lok', 'x')]",
        options="return [Job('o', 'options.look', 'x', dict(depth=0))]",
        odd="return ['job']",
        named="return [Job('a' + chr(27), 'named.look', 'x')]",
    )
    catalogue = scan(paths=[place])
    found = detect(workspace(tmp_path), catalogue, paths=[place], seconds=2)
    assert "good.look" in {job.name for job in found.jobs}
    troubles = {trouble.plugin: trouble.error for trouble in found.troubles}
    assert "took longer than 2 s" in troubles["hangs"]
    assert "exit code 9" in troubles["dies"]
    assert "KeyError" in troubles["raises"]
    assert troubles["twice"] == "job 'good.look' of plugin 'twice' is already proposed by plugin 'good'"
    assert "did you mean 'unknown.look'?" in troubles["unknown"]
    assert "its minimum is 1" in troubles["options"]
    assert "instances of Job" in troubles["odd"]
    assert "\x1b" not in troubles["named"]


def test_looking_at_a_hostile_repository_runs_nothing_of_it(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    canary = tmp_path / "canary"
    trap = folder / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {canary}\n")
    trap.chmod(0o755)
    for name in ("setup.py", "conftest.py", "noxfile.py", "sitecustomize.py"):
        (folder / name).write_text(f"open({str(canary)!r}, 'w')\n")
    git = ["git", "-C", str(folder), "-c", "user.email=a@b", "-c", "user.name=n"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    for key in ("core.fsmonitor", "core.sshCommand", "filter.x.clean", "diff.external", "core.pager", "alias.ls-files"):
        subprocess.run([*git, "config", key, f"!{trap}" if key.startswith("alias") else str(trap)], check=True)
    (folder / ".gitattributes").write_text("* filter=x\n")
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        (folder / ".git" / "hooks" / hook).write_text(trap.read_text())
        (folder / ".git" / "hooks" / hook).chmod(0o755)
    canary.unlink(missing_ok=True)
    found = detect(folder, scan())
    assert found.files >= 5
    assert not canary.exists()


def test_hostile_lines_are_no_proposals() -> None:
    lines = [
        {"t": "plugin", "name": "p", "error": "", "jobs": value}
        for value in (None, {}, "x", [1, None, [], {"name": 3}, {"name": "a", "action": ["x"]}])
    ]
    found = proposals_from(lines, scan())
    assert found.jobs == ()
    assert len(found.troubles) == 5
