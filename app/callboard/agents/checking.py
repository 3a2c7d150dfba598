"""Checks a plugin before it is given to others: its entry point, hooks, descriptions, and a trial in a workspace."""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from callboard.agents.bounded import run_bounded
from callboard.agents.catalogue import json_lines, scan
from callboard.agents.crew import ActionInfo, Catalogue, PluginInfo
from callboard.agents.detection import detect
from callboard.agents.fixes import offers
from callboard.errors import CallboardError
from callboard.work.finding import clean
from callboard.work.fixes import Symptom

TRIAL_S = 60.0
SAMPLE = {
    "README.md": "# Sample\n\nTODO: write more\n",
    "pyproject.toml": '[project]\nname = "sample"\nversion = "1"\ndependencies = []\n',
    "sample/__init__.py": '"""A sample."""\n\n\ndef twice(number: int) -> int:\n    return number * 2\n',
    "tests/test_sample.py": "from sample import twice\n\n\ndef test_twice() -> None:\n    assert twice(2) == 4\n",
    "web/package.json": '{"name": "sample", "version": "1.0.0", "private": true}\n',
    "web/index.js": "export const twice = (number) => number * 2;\n",
    "Dockerfile": 'FROM python:3.12-slim\nCMD ["python"]\n',
    ".env.example": "MODE=test\n",
}

STRANGE = (
    Symptom(
        "quality.tests",
        "test",
        rule="test-failed",
        message="test_twice: assert 5 == 4",
        path="tests/test_sample.py",
        line=5,
    ),
    Symptom(
        "lint", rule="E999", severity="high", message="SyntaxError", path="sample/__init__.py", line=4, tool="ruff"
    ),
    Symptom("build", "task", message="exit code 2"),
    Symptom("", "alert", message="disk-low"),
)


class Grade(StrEnum):
    """How a check ended."""

    GOOD = "good"
    ADVICE = "advice"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, in a sentence with its mend."""

    grade: Grade
    words: str


def check_plugin(name: str, *, paths: Sequence[Path] = (), seconds: float = TRIAL_S) -> list[Check]:
    """All checks of the installed plugin; each action that changes nothing outside is run once in a sample workspace.

    Runs the plugin's code, in processes of its own. Raises `CallboardError` when no plugin of that name is installed.
    """
    catalogue = scan(paths=paths)
    plugin = next((plugin for plugin in catalogue.plugins if plugin.name == name), None)
    if plugin is None:
        known = ", ".join(plugin.name for plugin in catalogue.plugins) or "none"
        raise CallboardError(f"no plugin '{name}' is installed; installed: {known}")
    return [
        *_described(plugin, catalogue),
        *_detected(plugin, catalogue, paths),
        *_fixes(plugin, catalogue, paths),
        *_tried(plugin, catalogue, paths, seconds),
    ]


def _described(plugin: PluginInfo, catalogue: Catalogue) -> Iterator[Check]:
    yield Check(Grade.GOOD, f"entry point {plugin.name} = '{plugin.value}' of {plugin.distribution} {plugin.version}")
    if plugin.error:
        yield Check(Grade.FAULT, plugin.error)
    elif plugin.agents:
        yield Check(Grade.GOOD, f"hooks are spelt right; it offers {', '.join(plugin.agents)}")
    else:
        yield Check(Grade.ADVICE, "it offers no agent; return one from callboard_agents")
    for action in _actions(plugin, catalogue):
        silent = [key for key, entry in action.schema.get("properties", {}).items() if not entry.get("description")]
        if silent:
            yield Check(Grade.ADVICE, f"{action.name}: say what its options mean, with help=: {', '.join(silent)}")
        if action.summary == action.title:
            yield Check(Grade.ADVICE, f"{action.name}: give the method a docstring; its first line is the summary")
    for name in plugin.agents:
        agent = catalogue.agent(name)
        if agent is not None and not agent.summary:
            yield Check(Grade.ADVICE, f"agent '{name}': say in `summary` what it does")
        if agent is not None and not agent.actions:
            yield Check(Grade.FAULT, f"agent '{name}' has no action; mark a method with @action")


def _detected(plugin: PluginInfo, catalogue: Catalogue, paths: Sequence[Path]) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="callboard-check-") as folder:
        empty, sample = _workspaces(Path(folder))
        for workspace, words in ((empty, "an empty workspace"), (sample, "the sample workspace")):
            found = detect(workspace, catalogue, paths=paths)
            for trouble in found.troubles:
                if trouble.plugin == plugin.name:
                    yield Check(Grade.FAULT, f"callboard_detect in {words}: {trouble.error}")
            own = [job for job, by in found.plugins.items() if by == plugin.name]
            yield Check(Grade.GOOD, f"in {words} it proposes {', '.join(own) or 'nothing'}")


def _fixes(plugin: PluginInfo, catalogue: Catalogue, paths: Sequence[Path]) -> Iterator[Check]:
    """What it offers for symptoms that it has never seen: mostly nothing, but it must not break."""
    with tempfile.TemporaryDirectory(prefix="callboard-check-") as folder:
        _, sample = _workspaces(Path(folder))
        found = offers(STRANGE, sample, catalogue, paths=paths)
        mine = f"plugin '{plugin.name}'"
        for trouble in found.troubles:
            if trouble.startswith(f"{mine}: ") or mine in trouble.partition(" names ")[0]:
                yield Check(Grade.FAULT, f"callboard_fixes: {trouble.removeprefix(f'{mine}: ')}")
        own = sorted({offer.fix.action for offer in found.offers if offer.plugin == plugin.name})
        if own:
            yield Check(Grade.GOOD, f"for sample symptoms it offers {', '.join(own)}")


def _tried(plugin: PluginInfo, catalogue: Catalogue, paths: Sequence[Path], seconds: float) -> Iterator[Check]:
    for action in _actions(plugin, catalogue):
        effects = action.effects
        if effects.environment or effects.network or not effects.idempotent:
            yield Check(Grade.GOOD, f"{action.name}: not tried, as it touches more than the workspace")
            continue
        if action.schema.get("required"):
            yield Check(
                Grade.GOOD, f"{action.name}: not tried, as it needs options: {', '.join(action.schema['required'])}"
            )
            continue
        with tempfile.TemporaryDirectory(prefix="callboard-check-", ignore_cleanup_errors=True) as folder:
            for workspace in _workspaces(Path(folder)):
                yield _trial(plugin, action, workspace, paths, seconds)


def _trial(plugin: PluginInfo, action: ActionInfo, workspace: Path, paths: Sequence[Path], seconds: float) -> Check:
    where = f"{action.name} in {'an empty' if workspace.name == 'empty' else 'the sample'} workspace"
    before = _print(workspace)
    spool = workspace.parent / f"spool-{workspace.name}"
    spool.mkdir()
    asked = {
        "plugin": plugin.name,
        "agent": action.agent,
        "action": action.name.partition(".")[2],
        "workspace": str(workspace),
        "spool": str(spool),
        "paths": [str(path) for path in paths],
    }
    ran = run_bounded(
        [sys.executable, "-I", "-m", "callboard.agents.trial"],
        seconds=min(seconds, action.time_limit or seconds),
        most_bytes=1_000_000,
        given=json.dumps(asked).encode(),
    )
    told = next(iter(json_lines(ran.output)), {})
    if ran.trouble or not told:
        return Check(Grade.FAULT, f"{where}: {ran.trouble or f'its process ended with {ran.code}'}")
    if "trouble" in told:
        return Check(Grade.FAULT, f"{where}: {clean(str(told['trouble']), 500)}")
    if _print(workspace) != before:
        return Check(Grade.FAULT, f"{where}: it changed files of the workspace; use ctx.scratch or ctx.worktree()")
    if "refused" in told:
        return Check(Grade.GOOD, f"{where}: it says that it cannot: {clean(str(told['refused']), 300)}")
    if workspace.name == "empty" and told.get("verdict") == "pass":
        return Check(Grade.ADVICE, f"{where}: it passes; where there is nothing to look at, return unknown(...)")
    return Check(
        Grade.GOOD, f"{where}: {told.get('verdict') or 'no verdict'}, {clean(str(told.get('summary', '')), 300)}"
    )


def _actions(plugin: PluginInfo, catalogue: Catalogue) -> list[ActionInfo]:
    return [action for action in catalogue.actions if action.agent in plugin.agents]


def _workspaces(folder: Path) -> tuple[Path, Path]:
    empty, sample = folder / "empty", folder / "sample"
    empty.mkdir()
    for path, text in SAMPLE.items():
        (sample / path).parent.mkdir(parents=True, exist_ok=True)
        (sample / path).write_text(text, "utf-8")
    return empty, sample


def _print(workspace: Path) -> str:
    """A fingerprint of all files."""
    total = hashlib.sha256()
    for folder, folders, names in os.walk(workspace):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            total.update(f"{path.relative_to(workspace)}\0".encode("utf-8", "replace"))
            total.update(b"link" if path.is_symlink() else path.read_bytes())
    return total.hexdigest()
