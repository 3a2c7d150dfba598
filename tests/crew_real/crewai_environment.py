"""An interpreter that has the real CrewAI, for the long drills: CALLBOARD_CREW_PYTHON, or one that is made once and kept."""

import os
import subprocess
import sys
from pathlib import Path

VERSION = "1.15.30"
NAME = "CALLBOARD_CREW_PYTHON"


def crewai_python() -> Path:
    """Makes an environment in the user's cache folder the first time: 745 MB, some minutes.

    Raises `RuntimeError` when it cannot.
    """
    given = os.environ.get(NAME, "")
    if given:
        return Path(given)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / f"callboard-crewai-{VERSION}"
    python = cache / "bin" / "python"
    if not (cache / "complete").exists():
        for argv in (
            [sys.executable, "-m", "venv", "--clear", str(cache)],
            [str(python), "-m", "pip", "install", "-q", f"crewai=={VERSION}"],
        ):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"no environment with CrewAI could be made; set {NAME}: {done.stderr[-500:]}")
        (cache / "complete").touch()
    return python
