"""What the verdict of a pure task depends on, as one digest: the files that it reads, its options, tools and settings."""

import datetime
import importlib.util
import json
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import callboard
from callboard.agents.catalogue import write_cache
from callboard.agents.crew import ActionInfo, AgentInfo, Catalogue
from callboard.core.task import TaskSpec
from callboard.learn.contents import Contents, short_hash
from callboard.work.interpreter import find_program

KEPT = Path("cache", "inputs")
MOST_KEPT = 400
OTHERS = frozenset(("jobs", "pipelines", "schedules", "engine", "agents", "workspace"))
PARTS = ("options", "tools", "plugin", "settings")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a task depends on. `files` are fingerprints by path, `changed` is when the newest of them was touched,
    `at` when they were looked at; `parts` are digests of all that is no file."""

    digest: str
    at: float
    files: Mapping[str, str]
    changed: Mapping[str, float]
    parts: Mapping[str, Any]


class Digests:
    """Works out inputs for one look at a workspace, and keeps them in the data folder, so that it can be said later
    which files changed. What is kept may be lost at any time: then only that cannot be said."""

    def __init__(
        self,
        contents: Contents,
        data: Path,
        catalogue: Catalogue,
        config: Mapping[str, Any],
        today: datetime.date | None = None,
    ) -> None:
        self._contents = contents
        self._folder = data / KEPT
        self._data = data
        self._catalogue = catalogue
        self._config = config
        self._today = today or datetime.datetime.now().astimezone().date()
        self._marks: dict[str, str] = {}

    def of(self, spec: TaskSpec) -> Inputs | None:
        """The inputs of a task, None when its verdict depends on more than can be looked at, or nothing that it reads is here."""
        if spec.argv:
            return self._of_command(spec)
        action = self._catalogue.action(spec.action) if spec.action else None
        agent = self._catalogue.agent(spec.agent)
        if action is None or agent is None or not action.effects.pure or not action.effects.reads:
            return None
        folder = spec.options.get("folder")
        found = self._contents.matching(action.effects.reads, folder if isinstance(folder, str) else "")
        if not found:
            return None
        files = {name: content.print for name, content in found.items()}
        parts = {
            "options": short_hash([action.name, dict(spec.options)]),
            "tools": {name: _tool_mark(agent, name, self._contents.path, self._data) for name in action.tools},
            "plugin": self._plugin_mark(action),
            "settings": short_hash(_settings(self._config, agent.name, self._today)),
        }
        digest = short_hash([files, parts])
        changed = {name: content.changed for name, content in found.items()}
        return Inputs(digest, self._contents.began, files, changed, parts)

    def _of_command(self, spec: TaskSpec) -> Inputs | None:
        """The inputs of a command that says what it reads: these files, its words, and the program that they start."""
        found = self._contents.matching(spec.reads) if spec.reads else {}
        if not found:
            return None
        word = spec.argv[0]
        program = str(self._contents.path / spec.folder / word) if "/" in word else shutil.which(word)
        parts = {
            "options": short_hash([spec.argv, spec.folder]),
            "tools": {word: _state_of(Path(program) if program else None)},
            "plugin": callboard.__version__,
            "settings": short_hash(_settings(self._config, "", self._today)),
        }
        files = {name: content.print for name, content in found.items()}
        changed = {name: content.changed for name, content in found.items()}
        return Inputs(short_hash([files, parts]), self._contents.began, files, changed, parts)

    def keep(self, inputs: Inputs) -> None:
        """Writes the inputs down, unless they are."""
        target = self._folder / inputs.digest
        if target.exists():
            return
        tree = short_hash(dict(inputs.files))
        write_cache(target, {"files": tree, "parts": dict(inputs.parts)})
        if not (self._folder / tree).exists():
            packed = zlib.compress(json.dumps(dict(inputs.files)).encode("utf-8", "surrogatepass"), 1)
            write_cache(self._folder / tree, packed.hex())

    def kept(self, digest: str) -> tuple[Mapping[str, str], Mapping[str, Any]] | None:
        """The fingerprints and the parts that were written down under a digest, None when they are lost."""
        if not digest.isalnum():
            return None
        try:
            told = json.loads((self._folder / digest).read_bytes())
            packed = bytes.fromhex(json.loads((self._folder / str(told["files"])).read_bytes()))
            files = json.loads(zlib.decompress(packed))
            return ({str(k): str(v) for k, v in files.items()}, dict(told["parts"]))
        except (OSError, ValueError, TypeError, KeyError, zlib.error, RecursionError):
            return None

    def forget(self) -> None:
        """Removes the oldest of what was kept, beyond MOST_KEPT."""
        try:
            found = sorted(os.scandir(self._folder), key=lambda entry: entry.stat().st_mtime)
            for entry in found[: max(0, len(found) - MOST_KEPT)]:
                os.unlink(entry.path)
        except OSError:
            return

    def _plugin_mark(self, action: ActionInfo) -> str:
        """The state of the sources of the plugin, and the version of Callboard; nothing of it is imported."""
        name = action.entry.partition(":")[0].partition(".")[0].strip()
        if name not in self._marks:
            self._marks[name] = short_hash([callboard.__version__, _sources(name)])
        return self._marks[name]


def _sources(package: str) -> list[list[Any]]:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    folders: Sequence[str] = tuple(spec.submodule_search_locations or ())
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    found: list[list[Any]] = []
    for path in paths or [Path(spec.origin or "")]:
        try:
            state = path.stat()
        except OSError:
            continue
        found.append([str(path), state.st_mtime_ns, state.st_size])
    return found


def _tool_mark(agent: AgentInfo, name: str, workspace: Path, data: Path) -> str:
    """Which program stands behind the tool: another version is another file, or another time."""
    place = next((tool.place for tool in agent.tools if tool.name == name), "callboard")
    return _state_of(find_program(name, workspace, "", place, data))


def _state_of(program: Path | None) -> str:
    if program is None:
        return ""
    try:
        state = program.stat()
    except OSError:
        return ""
    return f"{program} {state.st_mtime_ns} {state.st_size}"


def _settings(config: Mapping[str, Any], agent: str, day: datetime.date) -> dict[str, Any]:
    """What `callboard.toml` says to the agent, with whether each accepted finding has expired by that day, as actions count it."""
    today = day.isoformat()
    accepted = config.get("accepted") or ()
    expired = [str(table.get("until") or "9999")[:10] < today for table in accepted if isinstance(table, Mapping)]
    own = (config.get("agents") or {}).get(agent)
    return {**{key: value for key, value in config.items() if key not in OTHERS}, "own": own, "expired": expired}
