"""The boundary as an attempt and its children carry it: in their environment, and in force from inside."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from callboard.core.boundary import Boundary
from callboard.core.boundary_paths import protector
from callboard.errors import BoundaryError
from callboard.work.sparing import guard
from callboard.work.sparing.guard import RULES

CHILDREN = Path(__file__).with_name("children")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Forbidden(BoundaryError, PermissionError):
    """What the guard raises in an attempt: our own error, which libraries take for one of the operating system."""


def rules_of(boundary: Boundary, workspace: str | Path, data: str | Path, who: str) -> dict[str, Any]:
    """What the guard of a process goes by, as plain values."""
    return {
        "ports": list(boundary.protected_ports),
        "live": [name.lower() for name in boundary.live_hosts],
        "reads": boundary.live_reads,
        "top": os.path.realpath(workspace),
        "paths": list(boundary.protected_paths),
        "processes": [entry for entry in boundary.protected_processes if entry not in boundary.pid_files],
        "pid_files": list(boundary.pid_files),
        "log": str(refusals_file(Path(data))),
        "who": who,
    }


def refusals_file(data: Path) -> Path:
    """Where it is kept what was refused lately."""
    return data / "boundary" / "refused.jsonl"


def child_environment(rules: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """What is added to the environment of a child so that its Python, and what that starts, keeps within the rules.

    What a program sends cannot be seen, a redirected POST for one: so it sends nothing to what is live, may it be read or not.
    A proxy is passed by on the way to live hosts and to this machine: else nobody sees where a request goes.
    """
    former = [place for place in given.get("PYTHONPATH", "").split(os.pathsep) if place and place != str(CHILDREN)]
    added = {RULES: json.dumps({**rules, "reads": False}), "PYTHONPATH": os.pathsep.join([str(CHILDREN), *former])}
    if any(given.get(name) or given.get(name.lower()) for name in PROXIES):
        spared = ["localhost", "127.0.0.1", "::1", *(name.removeprefix("*") for name in rules["live"])]
        known = (given.get("NO_PROXY") or given.get("no_proxy") or "").split(",")
        words = ",".join(dict.fromkeys(word.strip() for word in (*known, *spared) if word.strip()))
        added |= {"NO_PROXY": words, "no_proxy": words}
    return added


def keep_within(boundary: Boundary, rules: dict[str, Any]) -> None:
    """Puts the guard into this process for good; what it starts is looked at too, however it is started."""

    def started(place: int, environment: int) -> Callable[[tuple[Any, ...]], None]:
        def look(given: tuple[Any, ...]) -> None:
            words, variables = given[place], given[environment] if len(given) > environment else None
            with_words = [os.fsdecode(word) for word in words] if isinstance(words, list | tuple) else []
            try:
                boundary.check_words(with_words)
                if isinstance(variables, Mapping):
                    text = {os.fsdecode(name): os.fsdecode(value) for name, value in variables.items()}
                    boundary.check_environment({name: value for name, value in text.items() if name != RULES})
            except BoundaryError as error:
                _told.refuse(plain_words(error), error.rule)

        return look

    _told = guard.Guard(rules, protector, Forbidden)
    more = {
        "subprocess.Popen": started(1, 3),
        "os.posix_spawn": started(1, 2),
        "os.exec": started(1, 2),
    }
    guard.install(rules, protector, Forbidden, more)


def plain_words(error: BoundaryError) -> str:
    """What was refused, without the rule's name at the end."""
    return str(error).removesuffix(f" (rule: {error.rule})")
