"""`demo`: makes a sample workspace with planted faults, and runs on it."""

import argparse
import sys
from pathlib import Path

from callboard.cli import DONE
from callboard.demo import make
from callboard.demo.faults import SAMPLE


def demo(given: argparse.Namespace) -> int:
    """Makes the sample in the named folder, then runs there unless told otherwise."""
    folder: Path = given.folder
    make(folder)
    sys.stdout.write(
        f"made a sample workspace in {folder}; its planted faults are listed in {SAMPLE / 'FAULTS.toml'}\n"
    )
    if given.no_run:
        sys.stdout.write(f"now: callboard run --trust --workspace {folder}\n")
        return DONE
    from callboard.commands.work import run

    given.workspace = folder
    given.trust = True
    for name, value in (
        ("pipeline", ""),
        ("only", []),
        ("skip", []),
        ("priority", None),
        ("events", False),
        ("detach", False),
    ):
        setattr(given, name, value)
    return run(given)
