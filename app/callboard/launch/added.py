"""Checks what an attempt wants to add to its run: proper jobs of bounded size with clean text, and nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from callboard.agents.claims import Claim, needs_of
from callboard.errors import PluginError
from callboard.launch.values import BadMessage, regular
from callboard.work.finding import clean

MOST_JOBS = 2_000
LARGEST_JOBS = 16_000_000
LARGEST_OPTIONS = 50_000
LONGEST_NAME = 200


class Added:
    """What an attempt wants to add, gathered from its messages; `unfit` says why none of it can be, '' if it can."""

    def __init__(self) -> None:
        self.jobs: list[Mapping[str, Any]] = []
        self.unfit = ""
        self._size = 0

    def take(self, message: Mapping[str, Any], size: int) -> None:
        """One message of `size` bytes; raises `BadMessage` for one that is none, and remembers why."""
        try:
            self._size += size
            listed = message.get("jobs")
            if not isinstance(listed, list):
                raise BadMessage("'jobs' is no list")
            if len(self.jobs) + len(listed) > MOST_JOBS or self._size > LARGEST_JOBS:
                raise BadMessage(f"an attempt may add {MOST_JOBS:,} tasks and {LARGEST_JOBS:,} bytes at most")
            self.jobs += [job_fields(value) for value in listed]
        except (ValueError, RecursionError, PluginError) as error:
            self.jobs.clear()
            self.unfit = self.unfit or str(error) or "they are nested too deeply"
            raise BadMessage(self.unfit) from error


def job_fields(value: Any) -> dict[str, Any]:
    """The fields of a `callboard.work.jobs.Job`; raises `BadMessage` or `PluginError` for what is none."""
    claim = Claim(value, "an added task")
    name = claim.text("name", longest=LONGEST_NAME)
    if not name or name != claim.raw("name"):
        raise BadMessage(f"{clean(repr(claim.raw('name')), 80)} is no name for a task; use plain words on one line")
    claim.where = f"added task '{name}'"
    options = claim.raw("options")
    options = {} if options is None else options
    if not isinstance(options, dict) or len(json.dumps(options)) > LARGEST_OPTIONS:
        raise BadMessage(f"options of {claim.where} must be a mapping of at most {LARGEST_OPTIONS:,} bytes")
    return {
        "name": name,
        "action": claim.text("action", longest=200),
        "because": claim.text("because", ""),
        "options": {key: regular(option) for key, option in options.items() if option is not None},
        "needs_jobs": _names(claim, "needs_jobs"),
        "after": _names(claim, "after"),
        "needs": None if claim.raw("needs") is None else needs_of(claim.part("needs")),
        "stage": claim.text("stage", "", longest=50),
        "estimate": claim.number("estimate", 0.0, high=31_536_000),
    }


def _names(claim: Claim, key: str) -> tuple[str, ...]:
    found = claim.items(key, MOST_JOBS)
    if not all(isinstance(item, str) and len(item) <= LONGEST_NAME for item in found):
        raise BadMessage(f"{key} of {claim.where} must hold names alone")
    return tuple(found)
