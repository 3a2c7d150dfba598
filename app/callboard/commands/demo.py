"""`demo`: makes a sample workspace with planted faults, runs on it, and says what to try next."""

import argparse
import shlex
import sys
from pathlib import Path

from callboard.cli import DONE, parser
from callboard.demo import faults, make
from callboard.demo.faults import SAMPLE

NEXT = """
what to try next, in {folder} (its README.md says more):
  callboard up                     the dashboard, with a guided tour: from a symptom to its verified cure, and what to do next
  callboard patches                what the agents would change; callboard patch accept NUMBER takes it in
  callboard findings               what they found; callboard accept FINDING --until DAY lives with one
  callboard run --affected         only what has changed since it passed
  callboard do infra.deploy -o environment=staging -o override='to see it'
                                   starts the shop as staging; infra.undo goes back, infra.stop ends it
"""


def demo(given: argparse.Namespace) -> int:
    """Makes the sample in the named folder, then runs there unless told otherwise."""
    folder: Path = given.folder
    make(folder)
    sys.stdout.write(
        f"made a sample workspace in {folder}, with {len(faults())} planted faults; they are listed in {SAMPLE / 'FAULTS.toml'}\n"
    )
    if given.no_run:
        sys.stdout.write(f"now: cd {shlex.quote(str(folder))} && callboard run --trust\n")
        return DONE
    from callboard.commands.work import run

    code = run(as_run(given))
    if not given.json:
        sys.stdout.write(NEXT.format(folder=folder))
    return code


def as_run(given: argparse.Namespace) -> argparse.Namespace:
    """The command line as if `callboard run --trust` had been typed in the sample."""
    words = ["run", "--trust", "--workspace", str(given.folder)]
    words += ["--data", str(given.data)] if given.data else []
    return parser().parse_args([*words, "--json"] if given.json else words)
