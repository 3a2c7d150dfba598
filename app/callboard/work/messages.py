"""What an attempt says to the engine: one JSON object a line, appended to a file in its spool folder.

Every message has `t` (its kind) and `at` (seconds since the epoch, wall time):

progress   fraction (0..1 or null), note
log        level, text
finding    the fields of a Finding
metric     name, value, unit
artifact   name, path (relative to the spool folder), size, format
ask        id, question, choices; answered by a line in the file of answers: id, choice, by
patch      name, path, base (commit), files, proof
section    name, blocks (see `callboard.work.sections`)
tasks      jobs: the fields of a Job each; they join the run once the attempt has succeeded
result     verdict (pass|fail|unknown|null), summary, data_age_days, outputs
"""

import json
import os
import time
from pathlib import Path
from typing import Any

MESSAGES = "messages.jsonl"
ANSWERS = "answers.jsonl"
LONGEST_LINE = 262_144


class MessageWriter:
    """Appends messages; each is one write, so that lines of several threads do not mix."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def send(self, kind: str, **fields: Any) -> None:
        """Writes one message; raises ValueError for one that is longer than LONGEST_LINE bytes."""
        line = json.dumps({"t": kind, "at": round(time.time(), 3), **fields}, default=str) + "\n"
        encoded = line.encode("utf-8", "replace")
        if len(encoded) > LONGEST_LINE:
            raise ValueError(f"a message of kind '{kind}' has {len(encoded)} bytes; at most {LONGEST_LINE} are taken")
        os.write(self._descriptor, encoded)
