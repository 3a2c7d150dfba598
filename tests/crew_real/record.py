"""Writes streams.json: what CrewAI's bus says in each shape of work, as far as the observer reads it.

Run by an interpreter that has crewai.
"""

import contextlib
import json
import os
import sys
import threading
from pathlib import Path

os.environ.pop("CALLBOARD_CREW", None)
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "app" / "callboard" / "link" / "observer")]

import journal  # noqa: E402
from callboard_crew_observer import EVENTS, _kind  # noqa: E402
from crewai import events  # noqa: E402

SHAPES = {
    "sequential": {},
    "failed": {"fail": "research"},
    "hierarchical": {"process": "hierarchical", "shorter": 3},
    "sent back": {"refuse": "onboard", "shorter": 3},
    "two at once": {"how": "async", "subjects": ["tides", "winds"], "shorter": 3},
    "flow": {"how": "flow", "shorter": 2},
}
IDS = ("event_id", "parent_event_id", "started_event_id", "task_id")
PLAIN = ("crew_name", "retry_count", "usage", "flow_name", "method_name", "error")


def agent(found):
    return None if found is None else {"role": found.role, "_original_role": getattr(found, "_original_role", None)}


def task(found):
    if found is None:
        return None
    return {"id": str(found.id), "name": found.name, "description": found.description, "agent": agent(found.agent)}


def plain(source, event):
    said = {"class": type(event).__name__, "type": event.type, "at": event.timestamp.timestamp()}
    said |= {name: str(getattr(event, name)) for name in IDS if getattr(event, name, None)}
    for name in PLAIN:
        value = getattr(event, name, None)
        if value is not None:
            said[name] = value if isinstance(value, int | dict) else str(value)
    if getattr(event, "error_type", None) is not None:
        said["error_type"] = event.error_type.__name__
    if getattr(event, "task", None) is not None:
        said["task"] = task(event.task)
    if getattr(event, "agent", None) is not None:
        said["agent"] = agent(event.agent)
    if type(source).__name__ == "Crew":
        said["source"] = {
            "id": str(source.id), "process": source.process.value, "tasks": [task(t) for t in source.tasks],
            "agents": [agent(a) for a in source.agents], "manager_agent": agent(source.manager_agent),
        }  # fmt: skip
    return said


def main():
    lock, heard = threading.Lock(), []

    def hear(source, event):
        with lock:
            heard.append(plain(source, event))

    for name in EVENTS:
        events.crewai_event_bus.on(_kind(events, name))(hear)
    streams = {}
    for name, wish in SHAPES.items():
        heard.clear()
        with contextlib.suppress(ConnectionError):
            journal.results(wish)
        events.crewai_event_bus.flush()
        streams[name] = list(heard)
    text = json.dumps(streams, indent=0, sort_keys=True)
    (Path(__file__).parent / "streams.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
