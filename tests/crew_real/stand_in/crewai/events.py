"""A bus like CrewAI's that says again what streams.json has: handlers run on several threads, as they do there."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

STREAMS = Path(__file__).parents[2] / "streams.json"
WORKERS = 4


def said(stream):
    return json.loads(STREAMS.read_text())[stream]


class Bus:
    def __init__(self):
        self.handlers = {}

    def on(self, kind):
        return lambda handler: self.handlers.setdefault(kind.__name__, handler)

    def replay(self, stream, pace=0.0, mark=""):
        """Says the events of a stream, with times of today; `mark` makes the ids those of another run of it."""
        events = said(stream)
        shift = time.time() - 20.0 - min(event["at"] for event in events)
        with ThreadPoolExecutor(WORKERS) as pool:
            for told in events:
                source, event = alive(told, shift, mark)
                handler = self.handlers.get(told["class"])
                if handler is not None:
                    pool.submit(handler, source, event)
                time.sleep(pace)


class Model:
    """Anything of CrewAI's: what it was not given it does not have."""

    def __init__(self, fields):
        self.__dict__.update({name: value_of(name, value) for name, value in fields.items()})


def value_of(name, value):
    if name == "usage" or not isinstance(value, dict | list):
        return value
    return [Model(inner) for inner in value] if isinstance(value, list) else Model(value)


def alive(told, shift, mark):
    fields = {name: value for name, value in told.items() if name not in ("class", "at", "source")}
    for name in ("event_id", "parent_event_id", "started_event_id"):
        if name in fields:
            fields[name] = mark + fields[name]
    event = Model(fields)
    event.timestamp = datetime.fromtimestamp(told["at"] + shift, UTC)
    if "error_type" in told:
        event.error_type = type(told["error_type"], (Exception,), {})
    source = Model(told.get("source", {}))
    if "process" in source.__dict__:
        source.process = SimpleNamespace(value=source.process)
    return source, event


crewai_event_bus = Bus()


def __getattr__(name):
    if name.endswith("Event"):
        return type(name, (), {})
    raise AttributeError(name)
