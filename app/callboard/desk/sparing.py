"""The boundary in force, in the words of every surface: each rule, its value, whose it is; and what was refused lately."""

import time
from pathlib import Path
from typing import Any

from callboard.config import read_config
from callboard.core.boundary import FIXED, Boundary
from callboard.desk.room import Room
from callboard.errors import BoundaryError, ConfigError
from callboard.rows import Row
from callboard.work.sparing.refusals import lately, note

MOST_SHOWN = 50
WORDS = {
    "protected_paths": "no patch touches them, and no Python of an attempt writes them; ! takes out",
    "protected_ports": "never bound by us; whoever listens there on this machine is live",
    "protected_processes": "never signalled, neither by agents nor by stop and undo of services",
    "live_hosts": "the live platform",
    "live_reads": "whether what is live may be asked with GET and HEAD",
    "test_hosts": "may be asked anything; any other host nothing",
    "probes_per_second": "most requests a second to one host, by all of Callboard together",
}


class Sparing(Room):
    """What the team's platform is spared."""

    def boundary(self) -> Row:
        """The rules in force for the workspace, and the newest refusals."""
        return boundary_row(self.workspace, self.data)

    def note_refusal(self, error: BoundaryError, who: str) -> None:
        """Keeps that something was refused to a person or a program."""
        note(self.data, error, who, time.time())


def boundary_row(workspace: Path, data: Path) -> Row:
    """{"workspace", "file", "why", "rules", "fixed", "refused"}; `why` is for a `callboard.toml` that cannot be read."""
    safe, why = Boundary(), ""
    try:
        config = read_config(workspace)
        boundary, file = config.boundary, str(config.source.file) if config.exists else ""
    except ConfigError as error:
        boundary, file, why = (
            safe,
            str(error.file),
            f"{error}; until it is mended the defaults hold and nothing is planned",
        )
    rules: list[dict[str, Any]] = []
    for name, words in WORDS.items():
        value, usual = getattr(boundary, name), getattr(safe, name)
        plain = list(value) if isinstance(value, tuple) else value
        rules.append(
            {"rule": f"boundary.{name}", "value": plain, "words": words, "by": "default" if value == usual else "team"}
        )
    return {
        "workspace": str(workspace),
        "file": file,
        "why": why,
        "rules": rules,
        "fixed": [{"rule": rule, "words": words} for rule, words in FIXED.items()],
        "refused": lately(data, MOST_SHOWN),
    }
