"""Tools that Callboard installs for itself: each in an environment of its own in the data folder, only what an agent declares."""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from callboard.agents.bounded import run_bounded
from callboard.agents.crew import Catalogue, ToolInfo
from callboard.errors import CallboardError, NotFound
from callboard.work.agent import Install
from callboard.work.interpreter import CURRENT

INSTALL_S = 900.0
MOST_OUTPUT = 1_000_000
PASSED_ON = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "requests_ca_bundle",
    "node_extra_ca_certs",
    "pip_",
    "npm_config_",
)


def installable(catalogue: Catalogue, name: str) -> tuple[ToolInfo, Install]:
    """The tool and how it is installed; raises `NotFound` for what no agent declares, `CallboardError` for what cannot be."""
    tools = [tool for agent in catalogue.agents for tool in agent.tools if tool.name == name]
    if not tools:
        known = sorted({tool.name for agent in catalogue.agents for tool in agent.tools if tool.install})
        raise NotFound(
            f"no agent declares a tool '{name[:80]}'; those that can be installed: {', '.join(known) or 'none'}"
        )
    for tool in tools:
        if tool.install is not None:
            return tool, tool.install
    by = f"; get it by: {tools[0].provided_by}" if tools[0].provided_by else ""
    raise CallboardError(f"{name} is not installed by Callboard{by}")


def install(data: Path, name: str, how: Install, seconds: float = INSTALL_S) -> Path:
    """Installs the tool into `tools/NAME` of the data folder and returns where the program is; all of it, or nothing.

    Raises `CallboardError` with the installer's words, or when the program is not among what was installed.
    """
    home = data / "tools" / name
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(home):
        place = home / f"v{time.time_ns()}"
        try:
            _fill(place, how, seconds)
            if not os.access(place / "bin" / name, os.X_OK):
                raise CallboardError(f"{', '.join(how.packages)} brings no program '{name}'; tell the agent's author")
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        fresh = home / "fresh"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(place.name)
        os.replace(fresh, home / CURRENT)
        for old in home.glob("v*"):
            if old != place:
                shutil.rmtree(old, ignore_errors=True)
    return home / CURRENT / "bin" / name


def _fill(place: Path, how: Install, seconds: float) -> None:
    until = time.monotonic() + seconds
    if how.kind == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise CallboardError("npm is not there; install Node.js, then try again")
        place.mkdir(mode=0o700)
        words = [
            npm,
            "install",
            "--prefix",
            str(place),
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-update-notifier",
        ]
        _run([*words, "--", *how.packages], until)
        (place / "bin").symlink_to(Path("node_modules", ".bin"))
        return
    own = find_spec("pip") is not None
    _run([sys.executable, "-m", "venv", *(["--without-pip"] if own else []), str(place)], until)
    python = str(place / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python] if own else [python, "-m", "pip"]
    words = [
        "install",
        "--retries",
        "1",
        "--progress-bar",
        "off",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    _run([*pip, *words, "--", *how.packages], until)


def _run(words: Sequence[str], until: float) -> None:
    passed = {name: text for name, text in os.environ.items() if name.lower().startswith(PASSED_ON)}
    seconds = max(1.0, until - time.monotonic())
    ran = run_bounded(words, seconds=seconds, most_bytes=MOST_OUTPUT, with_errors=True, env=passed)
    if ran.code != 0 or ran.trouble:
        lines = [line.strip() for line in ran.output.decode("utf-8", "replace").splitlines() if line.strip()]
        errors = [line for line in lines if line.lower().startswith(("error", "npm error", "npm err"))]
        why = "; ".join(dict.fromkeys(errors[-3:] or lines[-1:])) or ran.trouble or f"it ended with {ran.code}"
        raise CallboardError(
            f"{Path(words[0]).name} could not install it: {f'{ran.trouble}: ' if ran.trouble else ''}{why}"[:600]
        )


def remove(data: Path, name: str) -> bool:
    """Removes what was installed; False when nothing was. Raises `NotFound` for what is no name of a tool."""
    home = data / "tools" / name
    if not name or home.parent != data / "tools" or name in (".", "..") or not home.is_dir():
        return False
    with _locked(home):
        (home / CURRENT).unlink(missing_ok=True)
        for old in home.glob("v*"):
            shutil.rmtree(old, ignore_errors=True)
    return True


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Waits for whoever works on the same tool."""
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
