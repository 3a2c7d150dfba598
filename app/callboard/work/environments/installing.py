"""Installing a project with what it declares into a virtual environment, with uv where the machine has it, else with pip."""

import os
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from callboard.work.environments.declared import Declared, locked, test_names
from callboard.work.environments.shapes import NoEnvironment, Room
from callboard.work.interpreter import find_program
from callboard.work.running import ToolRun

INSIDE = Path(__file__).parent / "inside"
PIP_CONFIGS = (
    "/etc/pip.conf",
    "~/.config/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/Library/Application Support/pip/pip.conf",
)
OWN_VENV = "make a virtual environment in .venv yourself"


def new_environment(room: Room, place: Path, with_pip: bool, timeout: float) -> None:
    """Makes an empty virtual environment of Callboard's Python version."""
    bare = find_spec("pip") is not None or not with_pip or _uv() is not None
    made = room.run(
        [sys.executable, "-m", "venv", *(["--without-pip"] if bare else []), place], timeout=min(180, timeout)
    )
    if made.code != 0:
        raise NoEnvironment(f"no virtual environment could be made: {made.trouble}", OWN_VENV)


def _uv() -> Path | None:
    """uv, unless only pip is told where packages come from here."""
    if any(
        name in os.environ for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_NO_INDEX", "PIP_FIND_LINKS")
    ) or any(Path(name).expanduser().is_file() for name in PIP_CONFIGS):
        return find_program("uv") if "UV_DEFAULT_INDEX" in os.environ or "UV_INDEX_URL" in os.environ else None
    return find_program("uv")


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs into the environment of `python`; `base` is the copy of the workspace, `folder` the project in it.

    `until` is the monotonic time at which it must be over.
    """

    room: Room
    python: Path
    base: Path
    folder: str
    until: float

    @property
    def here(self) -> Path:
        """The project in the copy."""
        return self.base / self.folder

    def install(self, needs: Declared, extra: list[str]) -> str:
        """Installs all that is declared and `extra`, with the locked versions if that can be; says which of it in words."""
        rest = [*needs.requirements, *extra]
        for name in needs.files:
            rest += ["-r", name]
        pins = locked(self.room.workspace, self.folder)
        if pins:
            self.room.say("installs the project and what it needs, as locked")
            constraints = self.room.scratch / "locked.txt"
            constraints.write_text("\n".join(pins) + "\n", "utf-8")
            try:
                self._all(needs, [*rest, "-c", str(constraints)])
                return " with the locked versions"
            except NoEnvironment:
                self.room.warn("what is locked cannot be installed here; trying without the lock")
        self.room.say("installs the project and what it needs")
        self._all(needs, rest)
        return ""

    def _all(self, needs: Declared, rest: list[str]) -> None:
        if not needs.installable:
            self.packages(rest)
            return
        if needs.extras is not None:
            self.project(f".[{','.join(needs.extras)}]" if needs.extras else ".", rest)
            return
        self.project(".", [])
        asked = self.room.run([self.python, INSIDE / "extras.py", self.here.resolve().as_uri()], timeout=60)
        extras = test_names(asked.stdout.split())
        if extras:
            self.project(f".[{','.join(extras)}]", rest)
        elif rest:
            self.packages(rest)

    def project(self, what: str, rest: list[str]) -> None:
        """Installs editable, so that the copy itself is what runs; where the build cannot do that, as a plain package."""
        try:
            self.packages(["-e", what, *rest])
        except NoEnvironment as error:
            if "editable" not in str(error):
                raise
            self.packages([what, *rest])

    def packages(self, what: list[str]) -> None:
        """Installs what the words of pip's command line name; raises `NoEnvironment` with its words."""
        added = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        if not (self.here / "PKG-INFO").is_file() and not (self.here / ".git").exists():
            added["SETUPTOOLS_SCM_PRETEND_VERSION"] = "0.0.0"
        uv = _uv()
        if uv is not None:
            words: list[str | Path] = [uv, "pip", "install", "--python", self.python, "--quiet", "--compile-bytecode"]
            done = self._run([*words, *what], {**added, "UV_NO_PROGRESS": "1", "UV_NO_CONFIG": "1"})
            if done.code == 0 or find_spec("pip") is None:
                self._check(done)
                return
        own = find_spec("pip") is not None
        pip: list[str | Path] = (
            [sys.executable, "-m", "pip", "--python", self.python] if own else [self.python, "-m", "pip"]
        )
        self._check(self._run([*pip, "install", "--retries", "1", "--progress-bar", "off", "--quiet", *what], added))

    def _run(self, words: list[str | Path], added: dict[str, str]) -> ToolRun:
        return self.room.run(words, cwd=self.here, env=added, timeout=max(1.0, self.until - time.monotonic()))

    def _check(self, done: ToolRun) -> None:
        if done.timed_out:
            raise NoEnvironment(
                f"the installation of the project and its requirements took longer than {done.seconds:.0f} s",
                "make a virtual environment in .venv, or raise install_limit",
            )
        if done.code != 0:
            raise NoEnvironment(
                f"the project and its test requirements could not be installed: {_why(done)}",
                "correct what it says, or make a virtual environment in .venv",
            )


def _why(done: ToolRun) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith(("ERROR:", "error:"))]
    return ("; ".join(dict.fromkeys(errors[-3:])) or done.trouble or f"it ended with code {done.code}")[:600]
