"""The trial process: `python -I -m callboard.agents.trial` runs one action once in a sample workspace and prints one
JSON line about what came of it."""

import json
import os
import sys
from pathlib import Path

from callboard.agents.children import said
from callboard.agents.loading import entry_points, hook_functions, listed
from callboard.errors import CallboardError
from callboard.testing import run_action
from callboard.work.agent import Agent, Result


def main() -> None:
    """Reads `{"plugin", "agent", "action", "workspace", "spool", "paths"}` from standard input."""
    asked = json.load(sys.stdin)
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        told = _tried(asked)
    except CallboardError as error:
        told = {"refused": str(error)}
    except BaseException as error:
        told = {"trouble": said(error)}
    with open(out, "w", encoding="utf-8") as answer:
        print(json.dumps(told), file=answer)


def _tried(asked: dict[str, str]) -> dict[str, object]:
    point = next(point for point in entry_points(tuple(asked["paths"])) if point.name == asked["plugin"])
    offered = [agent for call in hook_functions(point, "callboard_agents") for agent in listed(call(), "it")]
    agent = next(agent for agent in offered if isinstance(agent, Agent) and agent.name == asked["agent"])
    outcome = run_action(agent, asked["action"], Path(asked["workspace"]), spool=Path(asked["spool"]))
    result = outcome.result
    if result is not None and not isinstance(result, Result):
        return {
            "trouble": f"it returned {type(result).__name__}; it must return passed(...), failed(...) or unknown(...)"
        }
    return {"verdict": str(result.verdict) if result else None, "summary": str(result.summary) if result else ""}


if __name__ == "__main__":
    main()
