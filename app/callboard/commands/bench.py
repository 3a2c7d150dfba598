"""`bench`: measures what Callboard costs, and prints the medians beside the goals."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from callboard.bench.figures import Figure, machine
from callboard.cli import DONE, USAGE
from callboard.commands.show import paint, print_json

WHAT = {
    "engine": "the engine with its log on disk and work that costs nothing",
    "processes": "500 real processes, all in",
    "follow": "how soon a child starts when its parent ended",
    "action": "an agent's action that does nothing, warm",
    "big": "a run of 100,000 tasks",
    "start": "how long commands, the engine and the server take to start, and what the server takes when idle",
    "runs": "the page of a run of 500, 10,000 and 100,000 tasks: how soon it opens, how fluent it stays",
    "logs": "a log of 1,000,000 lines on a page, and the console under a flood",
    "pages": "50 open pages and 200 changes a second",
    "roadmap": "reading 30 changes and 1,620 tasks of OpenSpec, the first time and after a change; checks and a forecast",
    "insight": "the forecast of a run of 1,000 tasks: the first range, the refined one, and what the engine feels of it",
    "cases": "22,000 cases with 100,000 symptoms: a start, lists, a page, a search, turns of the keeper and of the adviser",
    "crew": "what it adds to a workflow of nine real CrewAI agents to be watched; takes minutes",
    "platform": "a small platform with a real crew beside Callboard: down, up, watched, killed, at work; takes minutes",
    "soak": "pages that are left open over a day, in two minutes",
    "schedule": "`schedule IN.json OUT.json`: the planner on a graph, in virtual time",
    "dispatch": "the planner online: JSON lines in, JSON lines out",
}


def bench(given: argparse.Namespace) -> int:
    """One bench, or the list of them; 'all' runs those that need no file."""
    if given.name == "schedule":
        from callboard.bench.schedule import schedule

        if len(given.files) != 2:
            sys.stderr.write(
                "callboard: name the graph and where to write: callboard bench schedule IN.json OUT.json\n"
            )
            return USAGE
        length = schedule(Path(given.files[0]), Path(given.files[1]))
        sys.stderr.write(f"make-span {length:g}\n")
        return DONE
    if given.name == "dispatch":
        from callboard.bench.schedule import dispatch

        dispatch(sys.stdin, sys.stdout)
        return DONE
    measures = _measures()
    if given.name not in (*measures, "all"):
        for name, words in WHAT.items():
            sys.stdout.write(f"{name:<12} {words}\n")
        sys.stdout.write(f"{'all':<12} everything that needs no file\n")
        return DONE if not given.name else USAGE
    chosen = [name for name in measures if name not in ("platform", "crew")] if given.name == "all" else [given.name]
    figures: list[Figure] = []
    for name in chosen:
        found = measures[name](max(1, given.runs))
        figures += found
        if not given.json:
            for figure in found:
                _print(figure)
    if given.json:
        print_json({"name": given.name, "figures": [asdict(figure) for figure in figures], "machine": dict(machine())})
    return DONE


def _print(figure: Figure) -> None:
    spread = f"{figure.min:g} – {figure.max:g}, median of {figure.runs}"
    goal = f"goal {figure.goal}" if figure.goal else ""
    sys.stdout.write(
        f"{figure.figure:<46} {paint(f'{figure.value:>9g}', '1')} {figure.unit:<6} {goal:<14} {paint(spread, '2')}\n"
    )
    sys.stdout.flush()


def _measures() -> dict[str, Callable[[int], list[Figure]]]:
    from callboard.bench.cases import cases
    from callboard.bench.crew import crew
    from callboard.bench.engine import big, engine
    from callboard.bench.insight import insight
    from callboard.bench.logs import logs
    from callboard.bench.pages import pages
    from callboard.bench.platform import platform
    from callboard.bench.processes import action, follow, processes
    from callboard.bench.roadmap import roadmap
    from callboard.bench.runs import runs
    from callboard.bench.soak import soak
    from callboard.bench.starting import start

    return {
        "engine": engine,
        "processes": processes,
        "follow": follow,
        "action": action,
        "big": big,
        "start": start,
        "cases": cases,
        "crew": crew,
        "logs": logs,
        "pages": pages,
        "runs": runs,
        "roadmap": roadmap,
        "insight": insight,
        "soak": soak,
        "platform": platform,
    }
