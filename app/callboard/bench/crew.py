"""What it costs a crew to be watched: the same workflow of nine real CrewAI agents with and without the observer, in turns.

Needs a checkout (the crew lies in `tests/crew_real`), and a Python that has crewai, named by CALLBOARD_CREW_PYTHON.
"""

import json
import os
import subprocess
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from callboard.bench.figures import Figure, figure_of
from callboard.bench.served import served
from callboard.errors import CallboardError
from callboard.settings import checkout

PAIRS_A_RUN = 6
PAUSE_S = 0.1
LONGEST_S = 900.0
OBSERVER = "callboard.link.observer"


def crew(runs: int) -> list[Figure]:
    """Six pairs for each run: what is added to the time of a workflow, in time and in CPU, as shares of its time."""
    python = os.environ.get("CALLBOARD_CREW_PYTHON", "")
    root = checkout()
    if not python:
        raise CallboardError("set CALLBOARD_CREW_PYTHON to a Python with crewai")
    if root is None:
        raise CallboardError("this bench needs a checkout of Callboard, with its tests")
    program = root / "tests" / "crew_real" / "overhead.py"
    with served(1, 5) as stage:
        found = _measured(python, program, stage.server.address, stage.server.token, PAIRS_A_RUN * runs)
    if not found["same"]:
        raise CallboardError("the crew's outputs differ when it is watched")
    figures = []
    for kind, name in (("seconds", "time"), ("cpu", "CPU")):
        place = 0 if kind == "seconds" else 1
        whole = found["seconds"]["without"]
        pairs = zip(found["with"], found["without"], strict=True)
        added = [100 * (on[place] - off[place]) / whole for on, off in pairs]
        figures.append(figure_of(f"watched: {name} added to a workflow of {whole:.1f} s", "%", "≤ 1", added))
    lost = float(found["state"]["dropped"])
    return [*figures, figure_of(f"lost of {found['facts_a_run']} facts a workflow", "facts", "0", [lost])]


def _measured(python: str, program: Path, address: str, token: str, pairs: int) -> Any:
    with as_file(files(OBSERVER)) as observer, tempfile.TemporaryDirectory(prefix="callboard-bench-") as home:
        environment = {
            "PATH": os.environ.get("PATH", ""), "HOME": home, "PYTHONPATH": str(observer), "PYTHONDONTWRITEBYTECODE": "1",
            "CALLBOARD_CREW": address, "CALLBOARD_CREW_TOKEN": token,
        }  # fmt: skip
        done = subprocess.run(
            [python, str(program), json.dumps({"runs": pairs, "pause": PAUSE_S})],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_S, check=False,
        )  # fmt: skip
    said = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), "")
    if not said:
        raise CallboardError(f"the crew did not run: {done.stderr[-500:]}")
    return json.loads(said.removeprefix("RESULT "))
