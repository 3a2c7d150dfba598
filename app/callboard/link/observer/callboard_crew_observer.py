# MIT License
#
# Copyright (c) 2026 The Callboard authors
#
# Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
# files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
# modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
# Software is furnished to do so, subject to the following conditions:
#
# The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
# Software.
#
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
# WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
# COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
# ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""Lets Callboard watch a CrewAI crew. Two lines in the crew's program, after its other imports:

    import callboard_crew_observer
    callboard_crew_observer.watch("journal")

Without the environment variable CALLBOARD_CREW this does nothing and imports nothing. With it:

    CALLBOARD_CREW             http://127.0.0.1:6771, or a folder for files and no network at all
    CALLBOARD_CREW_TOKEN       what `callboard crew token --new` printed; or CALLBOARD_CREW_TOKEN_FILE, a file that holds it
    CALLBOARD_CREW_NAME        the crew's name, where `watch()` names none
    CALLBOARD_CREW_TEXT=1      error messages too, and the first words of tasks without a name; never answers of the model

It hears CrewAI's event bus, puts small records into a bounded queue and sends them from a thread of its own: names, ids,
times and token counts. It never raises, never waits, and loses records rather than memory: what is lost is counted and told.
`python -m callboard_crew_observer` says whether Callboard would take what is sent. Standard library only; Python 3.10 or later.
"""

import atexit
import collections
import contextlib
import http.client
import importlib
import itertools
import json
import os
import sys
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]
Fact = dict[str, Any]
Place = tuple[str, str, str]

VERSION = 1
MOST_WAITING = 20_000
MOST_UNSENT = 5_000
MOST_NODES = 20_000
MOST_TASKS = 200
FACTS_A_BATCH = 200
LONGEST_BATCH = 48_000
LONGEST_NAME = 120
ROUND_S = 0.5
COUNTS_S = 5.0
BEAT_S = 20.0
PARENT_WAIT_S = 1.0
ANSWER_S = 2.0
EXIT_S = 1.0
LONGEST_PAUSE_S = 30.0
LONGEST_FILE = 1 << 20
MOST_FILES = 50

EVENTS = (
    "CrewKickoffStartedEvent", "CrewKickoffCompletedEvent", "CrewKickoffFailedEvent",
    "TaskStartedEvent", "TaskCompletedEvent", "TaskFailedEvent",
    "AgentExecutionStartedEvent", "AgentExecutionCompletedEvent", "AgentExecutionErrorEvent",
    "LLMCallStartedEvent", "LLMCallCompletedEvent", "LLMCallFailedEvent", "LLMGuardrailStartedEvent",
    "ToolUsageStartedEvent", "ToolUsageFinishedEvent", "ToolUsageErrorEvent",
    "FlowStartedEvent", "FlowFinishedEvent", "FlowFailedEvent", "FlowPausedEvent",
    "MethodExecutionStartedEvent", "MethodExecutionFinishedEvent", "MethodExecutionFailedEvent", "MethodExecutionPausedEvent",
    "HumanFeedbackRequestedEvent", "HumanFeedbackReceivedEvent", "FlowInputRequestedEvent", "FlowInputReceivedEvent",
)  # fmt: skip

_observer: "_Observer | None" = None


def watch(name: str = "") -> None:
    """Begins to watch every crew of this process, if CALLBOARD_CREW is set; may be called more than once."""
    global _observer
    try:
        if _observer is None and os.environ.get("CALLBOARD_CREW"):
            observer = _Observer(name or os.environ.get("CALLBOARD_CREW_NAME", ""))
            if observer.hook():
                _observer = observer
    except Exception:  # a program that is watched runs as one that is not
        return


def state() -> dict[str, Any]:
    """{"watching", "sent", "waiting", "dropped", "trouble"} of this process: how the watching itself goes."""
    if _observer is None:
        return {"watching": False, "sent": 0, "waiting": 0, "dropped": 0, "trouble": ""}
    return _observer.state()


class _Observer:
    """Hears the bus, and keeps the thread that sends."""

    def __init__(self, name: str) -> None:
        self.name = _line(name) or "crew"
        self.with_text = os.environ.get("CALLBOARD_CREW_TEXT", "") == "1"
        self.sink = _sink(os.environ["CALLBOARD_CREW"], self.name)
        self.begin()

    def begin(self) -> None:
        """A fresh start, also in the child of a fork: nothing of the parent's is sent twice, no lock of it is taken."""
        self.stream = uuid.uuid4().hex
        self.heard: collections.deque[Record] = collections.deque()
        self.dropped = 0
        self.weaver = _Weaver()
        self.mail = _Mail(self.name, self.stream, self.sink)
        self.closing = False
        self.wake = threading.Event()
        self.thread: threading.Thread | None = None

    def hook(self) -> bool:
        """Registers with the bus; what this version of CrewAI does not know is left out."""
        try:
            events = importlib.import_module("crewai.events")
        except ImportError:
            events = importlib.import_module("crewai.utilities.events")
        bus = events.crewai_event_bus
        known = 0
        for name in EVENTS:
            kind = _kind(events, name)
            if isinstance(kind, type):
                bus.on(kind)(self.hear)
                known += 1
        if known:
            atexit.register(self.close)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=self.begin)
        return bool(known)

    def hear(self, source: Any, event: Any) -> None:
        """Called by the bus: copies a few names and numbers, and returns."""
        try:
            if len(self.heard) >= MOST_WAITING:
                self.dropped += 1
                return
            record = _record(source, event, self.with_text)
            if record is not None:
                self.heard.append(record)
                if self.thread is None:
                    self.start()
        except Exception:
            self.dropped += 1

    def start(self) -> None:
        """At the first record; two that come at once may start two threads, of which one ends at once."""
        thread = threading.Thread(target=self.work, name="callboard-crew-observer", daemon=True)
        self.thread = thread
        thread.start()

    def work(self) -> None:
        """Until the program ends."""
        mine = threading.current_thread()
        while self.thread is mine:
            self.wake.wait(ROUND_S)
            closing = self.closing
            try:
                self.round(closing)
            except Exception:
                self.dropped += 1
            if closing:
                return

    def round(self, last: bool = False) -> None:
        """Takes what was heard, and sends."""
        records: list[Record] = []
        while self.heard and len(records) < MOST_WAITING:
            records.append(self.heard.popleft())
        for fact in self.weaver.weave(records, last):
            self.mail.add(fact)
        if self.dropped:
            self.mail.add({"what": "dropped", "calls": self.dropped, "at": time.time()})
            self.dropped = 0
        self.mail.send(last)

    def close(self) -> None:
        """At the end of the program: what is left is sent, if that goes quickly."""
        try:
            self.closing = True
            self.wake.set()
            thread = self.thread
            if thread is not None and thread.is_alive():
                thread.join(EXIT_S)
        except Exception:
            return

    def state(self) -> dict[str, Any]:
        mail = self.mail
        return {
            "watching": True, "sent": mail.sent, "waiting": len(self.heard) + len(mail.unsent),
            "dropped": self.dropped + mail.dropped, "trouble": mail.trouble,
        }  # fmt: skip


# -- what is read of an event ----------------------------------------------------------------------------------------


def _record(source: Any, event: Any, with_text: bool) -> Record | None:
    """Plain names and numbers of an event; nothing of CrewAI's is held on to."""
    kind = str(event.type)
    stamp = getattr(event, "timestamp", None)
    record = {
        "type": kind,
        "at": stamp.timestamp() if stamp is not None else time.time(),
        "id": _id(getattr(event, "event_id", None)),
        "parent": _id(getattr(event, "parent_event_id", None)),
        "started": _id(getattr(event, "started_event_id", None)),
        "task": _id(getattr(event, "task_id", None)),
    }
    read = _READERS.get(kind.partition("_")[0])
    if read is not None:
        read(record, source, event, with_text)
    return record


def _of_crew(record: Record, source: Any, event: Any, with_text: bool) -> None:
    record["crew"] = _id(getattr(source, "id", None))
    if record["type"].endswith("_started"):
        process = getattr(source, "process", None)
        record["process"] = str(getattr(process, "value", process or ""))
        record["name"] = _line(getattr(event, "crew_name", ""))
        rows = []
        for number, task in enumerate(list(getattr(source, "tasks", None) or ())[:MOST_TASKS], 1):
            rows.append(
                [
                    _id(getattr(task, "id", None)),
                    _task_name(task, number, with_text),
                    _role(getattr(task, "agent", None)),
                ]
            )
        record["tasks"] = rows
        agents = list(getattr(source, "agents", None) or ())[:MOST_TASKS]
        manager = getattr(source, "manager_agent", None)
        record["roles"] = [_role(agent) for agent in ([manager] if manager is not None else []) + agents]
    elif record["type"].endswith("_failed"):
        record["error"] = _error(None, event, with_text)


def _of_task(record: Record, source: Any, event: Any, with_text: bool) -> None:
    task = getattr(event, "task", None) or source
    record["task"] = record["task"] or _id(getattr(task, "id", None))
    record["role"] = _role(getattr(task, "agent", None))
    if with_text or getattr(task, "name", None):
        record["name"] = _task_name(task, 0, with_text)
    if record["type"].endswith("_failed"):
        record["error"] = _error(getattr(event, "error_type", None), event, with_text)


def _of_agent(record: Record, source: Any, event: Any, with_text: bool) -> None:
    agent = getattr(event, "agent", None)
    record["role"] = _role(agent if agent is not None else source)
    record["task"] = record["task"] or _id(getattr(getattr(event, "task", None), "id", None))
    if record["type"].endswith("_error"):
        record["error"] = _error(None, event, with_text)


def _of_llm(record: Record, source: Any, event: Any, with_text: bool) -> None:
    if record["type"] == "llm_guardrail_started":
        record["retry"] = int(getattr(event, "retry_count", 0) or 0)
        return
    usage = getattr(event, "usage", None)
    if isinstance(usage, dict):
        record["input"] = _count(usage, "prompt_tokens", "input_tokens", "prompt_token_count", "inputTokens")
        record["output"] = _count(usage, "completion_tokens", "output_tokens", "candidates_token_count", "outputTokens")


def _of_flow(record: Record, source: Any, event: Any, with_text: bool) -> None:
    record["name"] = _line(getattr(event, "flow_name", ""))
    if record["type"].endswith("_failed"):
        record["error"] = _error(type(getattr(event, "error", None)), event, with_text)


def _of_method(record: Record, source: Any, event: Any, with_text: bool) -> None:
    record["name"] = _line(getattr(event, "method_name", ""))
    if record["type"].endswith("_failed"):
        record["error"] = _error(type(getattr(event, "error", None)), event, with_text)


_READERS = {
    "crew": _of_crew, "task": _of_task, "agent": _of_agent, "llm": _of_llm, "flow": _of_flow, "method": _of_method,
}  # fmt: skip


def _id(value: Any) -> str:
    return str(value)[:80] if value is not None else ""


def _line(value: Any) -> str:
    """One line; roles from YAML end with line breaks."""
    return " ".join(str(value).split())[:LONGEST_NAME] if value else ""


def _role(agent: Any) -> str:
    """As it was written, before a kickoff's inputs were put in: the same agent has the same name in each workflow."""
    if agent is None:
        return ""
    return _line(getattr(agent, "_original_role", None) or getattr(agent, "role", ""))


def _task_name(task: Any, number: int, with_text: bool) -> str:
    """Its name; a description is what the model is asked, so it is no name unless texts are wanted."""
    name = _line(getattr(task, "name", None))
    if not name and with_text:
        name = _line(getattr(task, "description", ""))[:60]
    return name or (f"task {number}" if number else "")


def _error(kind: Any, event: Any, with_text: bool) -> str:
    """The type of an error; what it says, which may hold anything, only if texts are wanted."""
    name = kind.__name__ if isinstance(kind, type) and issubclass(kind, BaseException) else ""
    if with_text:
        return _line(f"{name}: {getattr(event, 'error', '')}" if name else getattr(event, "error", ""))
    return name


def _count(usage: dict[Any, Any], *names: str) -> int:
    for name in names:
        value = usage.get(name)
        if isinstance(value, int) and value >= 0:
            return value
    return 0


def _kind(events: Any, name: str) -> Any:
    """The class of an event; some are in the module of their kind alone, and a version may not have it."""
    found = getattr(events, name, None)
    if found is None:
        with contextlib.suppress(ImportError):
            found = getattr(importlib.import_module("crewai.events.types.flow_events"), name, None)
    return found


# -- from records to facts -------------------------------------------------------------------------------------------


class _Weaver:
    """Finds the workflow and the task that each record belongs to, by the ids of the events around it.

    Handlers of the bus run on several threads, so that a record may come before the one that it hangs on: it waits a moment.
    """

    def __init__(self) -> None:
        self.nodes: collections.OrderedDict[str, Place] = collections.OrderedDict()
        self.by_task: collections.OrderedDict[str, str] = collections.OrderedDict()
        self.flows: set[str] = set()
        self.running: collections.OrderedDict[str, bool] = collections.OrderedDict()
        self.errors: dict[str, str] = {}
        self.failed_agents: set[Place] = set()
        self.waiting: list[tuple[float, Record]] = []
        self.counts: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self.counted = time.monotonic()
        self.beaten = time.monotonic()
        self.roles: list[str] = []

    def weave(self, records: Iterable[Record], last: bool = False) -> list[Fact]:
        """The facts that the records tell, oldest first."""
        now = time.monotonic()
        work = self.waiting + [(now, record) for record in records]
        work.sort(key=lambda pair: pair[1]["at"])
        self.waiting = []
        facts: list[Fact] = []
        for since, record in work:
            parent = record["parent"]
            orphan = parent and parent not in self.nodes and record["started"] not in self.nodes
            if orphan and not last and now - since < PARENT_WAIT_S:
                self.waiting.append((since, record))
            else:
                facts += self.fact_of(record)
        ended = any(fact["what"] in ("task-ended", "workflow-ended") for fact in facts)
        if self.counts and (ended or last or now - self.counted >= COUNTS_S):
            self.counted = now
            facts += self.take_counts()
        if now - self.beaten >= BEAT_S:
            self.beaten = now
            facts += [{"what": "seen", "workflow": workflow, "at": time.time()} for workflow in self.running]
        return facts

    def fact_of(self, record: Record) -> list[Fact]:
        act = getattr(self, "_" + record["type"], None)
        return act(record) if act is not None else []

    # crews

    def _crew_kickoff_started(self, r: Record) -> list[Fact]:
        flow = self.place(r["parent"])[0]
        self.note(r["id"], r["id"], "", "")
        for key, _, _ in r["tasks"]:
            self.by_task[key] = r["id"]
        self.run(r["id"])
        facts: list[Fact] = []
        if r["roles"] and r["roles"] != self.roles:
            self.roles = r["roles"]
            facts.append({"what": "crew", "roles": r["roles"], "at": r["at"]})
        started = {"what": "workflow-started", "workflow": r["id"], "process": r["process"], "name": r["name"],
                   "total": len(r["tasks"]), "tasks": r["tasks"], "parent": flow, "at": r["at"]}  # fmt: skip
        return [*facts, started]

    def _crew_kickoff_completed(self, r: Record) -> list[Fact]:
        return self.end(r, True)

    def _crew_kickoff_failed(self, r: Record) -> list[Fact]:
        return self.end(r, False)

    def end(self, r: Record, ok: bool) -> list[Fact]:
        workflow = r["started"] or self.place(r["parent"])[0]
        if not workflow:
            return []
        self.running.pop(workflow, None)
        error = r.get("error") or self.errors.pop(workflow, "")
        return [{"what": "workflow-ended", "workflow": workflow, "ok": ok, "error": "" if ok else error, "at": r["at"]}]

    # tasks

    def _task_started(self, r: Record) -> list[Fact]:
        workflow = self.place(r["parent"])[0] or self.by_task.get(r["task"]) or r["parent"]
        if not workflow:
            return []
        self.note(r["id"], workflow, r["task"], r["role"])
        self.by_task[r["task"]] = workflow
        self.run(workflow)
        return [self.of_task("task-started", r, workflow)]

    def _task_completed(self, r: Record) -> list[Fact]:
        return self.task_ended(r, True)

    def _task_failed(self, r: Record) -> list[Fact]:
        return self.task_ended(r, False)

    def task_ended(self, r: Record, ok: bool) -> list[Fact]:
        workflow = (
            self.place(r["started"])[0] or self.place(r["parent"])[0] or self.by_task.get(r["task"]) or r["parent"]
        )
        if not workflow:
            return []
        fact = self.of_task("task-ended", r, workflow)
        fact["ok"] = ok
        if not ok:
            fact["error"] = r.get("error", "")
            self.errors[workflow] = fact["error"]
            while len(self.errors) > 1_000:
                self.errors.pop(next(iter(self.errors)))
        return [fact]

    def of_task(self, what: str, r: Record, workflow: str) -> Fact:
        fact = {"what": what, "workflow": workflow, "task": r["task"], "role": r["role"], "at": r["at"]}
        if r.get("name"):
            fact["name"] = r["name"]
        return fact

    def _llm_guardrail_started(self, r: Record) -> list[Fact]:
        workflow, task, role = self.found(r)
        if not (workflow and task and r["retry"]):
            return []
        return [
            {
                "what": "task-retried",
                "workflow": workflow,
                "task": task,
                "role": role,
                "error": "guardrail",
                "at": r["at"],
            }
        ]

    # agents

    def _agent_execution_started(self, r: Record) -> list[Fact]:
        workflow, task, _ = self.found(r)
        if not workflow:
            return []
        self.note(r["id"], workflow, task, r["role"])
        facts = [{"what": "agent-started", "workflow": workflow, "task": task, "role": r["role"], "at": r["at"]}]
        if (workflow, task, r["role"]) in self.failed_agents:
            self.failed_agents.discard((workflow, task, r["role"]))
            facts.insert(0, {"what": "task-retried", "workflow": workflow, "task": task, "role": r["role"],
                             "error": "agent", "at": r["at"]})  # fmt: skip
        return facts

    def _agent_execution_completed(self, r: Record) -> list[Fact]:
        return self.agent_ended(r, True)

    def _agent_execution_error(self, r: Record) -> list[Fact]:
        return self.agent_ended(r, False)

    def agent_ended(self, r: Record, ok: bool) -> list[Fact]:
        workflow, task, _ = self.found(r)
        if not workflow:
            return []
        if not ok and len(self.failed_agents) < 1_000:
            self.failed_agents.add((workflow, task, r["role"]))
        return [{"what": "agent-ended", "workflow": workflow, "task": task, "role": r["role"], "ok": ok, "at": r["at"],
                 "error": r.get("error", "")}]  # fmt: skip

    # counts

    def _llm_call_started(self, r: Record) -> list[Fact]:
        self.note(r["id"], *self.found(r))
        return []

    def _llm_call_completed(self, r: Record) -> list[Fact]:
        return self.count("llm", r, 0)

    def _llm_call_failed(self, r: Record) -> list[Fact]:
        return self.count("llm", r, 1)

    def _tool_usage_started(self, r: Record) -> list[Fact]:
        self.note(r["id"], *self.found(r))
        return []

    def _tool_usage_finished(self, r: Record) -> list[Fact]:
        return self.count("tool", r, 0)

    def _tool_usage_error(self, r: Record) -> list[Fact]:
        return self.count("tool", r, 1)

    def count(self, what: str, r: Record, failed: int) -> list[Fact]:
        workflow, task, role = self.found(r)
        if workflow:
            kept = self.counts.setdefault(
                (what, workflow, task, role), {"calls": 0, "failed": 0, "input": 0, "output": 0}
            )
            kept["calls"] += 1
            kept["failed"] += failed
            kept["known"] = kept.get("known") or "input" in r
            kept["input"] += r.get("input", 0)
            kept["output"] += r.get("output", 0)
            kept["at"] = r["at"]
        return []

    def take_counts(self) -> list[Fact]:
        facts = []
        for (what, workflow, task, role), kept in self.counts.items():
            fact = {"what": what, "workflow": workflow, "task": task, "role": role}
            fact.update((key, kept[key]) for key in ("calls", "failed", "at"))
            if kept["known"]:
                fact.update(input=kept["input"], output=kept["output"])
            facts.append(fact)
        self.counts = {}
        return facts

    # flows

    def _flow_started(self, r: Record) -> list[Fact]:
        workflow, task, role = self.place(r["parent"])
        if role or r["name"] == "AgentExecutor":  # how an agent works inside; no workflow of the team's
            self.note(r["id"], workflow, task, role)
            return []
        self.note(r["id"], r["id"], "", "")
        self.flows.add(r["id"])
        self.run(r["id"])
        return [{"what": "workflow-started", "workflow": r["id"], "process": "flow", "name": r["name"], "parent": workflow,
                 "at": r["at"]}]  # fmt: skip

    def _flow_finished(self, r: Record) -> list[Fact]:
        return self.flow_ended(r, True)

    def _flow_failed(self, r: Record) -> list[Fact]:
        return self.flow_ended(r, False)

    def flow_ended(self, r: Record, ok: bool) -> list[Fact]:
        if r["started"] not in self.flows:
            return []
        self.flows.discard(r["started"])
        return self.end(r, ok)

    def _method_execution_started(self, r: Record) -> list[Fact]:
        if r["parent"] not in self.flows:
            return []
        self.note(r["id"], r["parent"], r["id"], "")
        return [{"what": "task-started", "workflow": r["parent"], "task": r["id"], "name": r["name"], "at": r["at"]}]

    def _method_execution_finished(self, r: Record) -> list[Fact]:
        return self.method_ended(r, True)

    def _method_execution_failed(self, r: Record) -> list[Fact]:
        return self.method_ended(r, False)

    def method_ended(self, r: Record, ok: bool) -> list[Fact]:
        if r["parent"] not in self.flows or not r["started"]:
            return []
        return [{"what": "task-ended", "workflow": r["parent"], "task": r["started"], "name": r["name"], "ok": ok,
                 "error": r.get("error", ""), "at": r["at"]}]  # fmt: skip

    def waits(self, r: Record, on: bool) -> list[Fact]:
        workflow = self.place(r["parent"])[0] or self.place(r["started"])[0]
        return [{"what": "waits", "workflow": workflow, "on": on, "at": r["at"]}] if workflow else []

    def _human_feedback_requested(self, r: Record) -> list[Fact]:
        return self.waits(r, True)

    def _flow_input_requested(self, r: Record) -> list[Fact]:
        return self.waits(r, True)

    def _flow_paused(self, r: Record) -> list[Fact]:
        return self.waits(r, True)

    def _method_execution_paused(self, r: Record) -> list[Fact]:
        return self.waits(r, True)

    def _human_feedback_received(self, r: Record) -> list[Fact]:
        return self.waits(r, False)

    def _flow_input_received(self, r: Record) -> list[Fact]:
        return self.waits(r, False)

    # places

    def place(self, event: str) -> Place:
        return self.nodes.get(event, ("", "", "")) if event else ("", "", "")

    def found(self, r: Record) -> Place:
        """By the event around it, else by its task."""
        place = self.place(r["parent"])
        if not place[0] and r["started"]:
            place = self.place(r["started"])
        if not place[0] and r["task"]:
            place = (self.by_task.get(r["task"], ""), r["task"], r.get("role", ""))
        return place

    def note(self, event: str, workflow: str, task: str, role: str) -> None:
        if event and workflow:
            self.nodes[event] = (workflow, task, role)
        for kept in (self.nodes, self.by_task):
            while len(kept) > MOST_NODES:
                kept.popitem(last=False)

    def run(self, workflow: str) -> None:
        self.running[workflow] = True
        while len(self.running) > 100:
            self.running.popitem(last=False)


# -- sending ---------------------------------------------------------------------------------------------------------


class _Mail:
    """Facts with their numbers, kept until somebody took them; the numbers let the taker count each once."""

    def __init__(self, crew: str, stream: str, sink: "_Http | _Folder") -> None:
        self.crew = crew
        self.stream = stream
        self.sink = sink
        self.unsent: collections.deque[Fact] = collections.deque()
        self.number = 0
        self.sent = 0
        self.dropped = 0
        self.trouble = ""
        self.pause = 0.0
        self.not_before = 0.0

    def add(self, fact: Fact) -> None:
        if len(self.unsent) >= MOST_UNSENT:
            self.unsent.popleft()
            self.dropped += 1
        self.number += 1
        fact["n"] = self.number
        self.unsent.append(fact)

    def send(self, last: bool = False) -> None:
        """As many batches as are taken; after a failure it pauses, longer each time."""
        if time.monotonic() < self.not_before and not last:
            return
        if self.dropped and self.unsent and not self.trouble:
            dropped, self.dropped = self.dropped, 0
            self.add({"what": "dropped", "calls": dropped, "at": time.time()})
        until = time.monotonic() + (EXIT_S if last else 10 * ANSWER_S)
        while self.unsent and time.monotonic() < until:
            body, count = self.batch()
            taken, trouble = self.sink.put(body)
            self.trouble = trouble
            if taken is None:
                self.pause = min(LONGEST_PAUSE_S, 2 * self.pause or 1.0)
                self.not_before = time.monotonic() + self.pause
                return
            self.pause = 0.0
            for _ in range(count):
                self.unsent.popleft()
            if taken:
                self.sent += count
            else:
                self.dropped += count

    def batch(self) -> tuple[bytes, int]:
        facts: list[str] = []
        size = 0
        for fact in itertools.islice(self.unsent, FACTS_A_BATCH):
            text = json.dumps(fact, separators=(",", ":"))
            if facts and size + len(text) > LONGEST_BATCH:
                break
            facts.append(text)
            size += len(text)
        head = {"version": VERSION, "crew": self.crew, "observer": self.stream, "sent": time.time()}
        return (
            '{},"facts":[{}]}}'.format(json.dumps(head, separators=(",", ":"))[:-1], ",".join(facts))
        ).encode(), len(facts)


def _sink(where: str, name: str) -> "_Http | _Folder":
    """An http address, else a folder."""
    if where.startswith(("http://", "https://")):
        return _Http(where)
    return _Folder(where, name)


class _Http:
    """Posts batches to Callboard; no proxy is asked, no redirect is followed."""

    def __init__(self, address: str) -> None:
        parts = urllib.parse.urlsplit(address)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port
        self.path = parts.path.rstrip("/") + "/api/v1/crew/events"

    def put(self, body: bytes) -> tuple[bool | None, str]:
        """(True, '') for taken, (False, why) for refused for good, (None, why) for not now."""
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=ANSWER_S)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            token = _token()
            if token:
                headers["Authorization"] = "Bearer " + token
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            answer.read(1_000)
            status = answer.status
        except Exception as error:
            return None, f"{self.host} is not reachable: {type(error).__name__}"
        finally:
            connection.close()
        if status == 202:
            return True, ""
        words = f"Callboard answered {status}"
        if status in (400, 409, 413, 422):
            return False, words
        return None, words


class _Folder:
    """Appends batches as lines to a file of this process; a full file becomes FILE.1 and a new one begins."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder = os.path.expanduser(folder)
        self.name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in name)[:40]
        self.tidied = False

    def put(self, body: bytes) -> tuple[bool | None, str]:
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            if not self.tidied:
                self.tidied = True
                self.tidy()
            path = os.path.join(self.folder, f"{self.name}-{os.getpid()}.jsonl")
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            descriptor = os.open(path, flags, 0o600)
            try:
                os.write(descriptor, body + b"\n")
                size = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
            if size > LONGEST_FILE:
                os.replace(path, path + ".1")
        except Exception as error:
            return None, f"{self.folder} cannot be written: {type(error).__name__}"
        return True, ""

    def tidy(self) -> None:
        """Of the files of this name the newest stay."""
        mine = []
        for entry in os.scandir(self.folder):
            if (
                entry.name.startswith(self.name + "-")
                and ".jsonl" in entry.name
                and entry.is_file(follow_symlinks=False)
            ):
                mine.append((entry.stat(follow_symlinks=False).st_mtime, entry.path))
        for _, path in sorted(mine)[: max(0, len(mine) - MOST_FILES)]:
            os.unlink(path)


def _token() -> str:
    """Read anew each time, so that a new token is used without a restart."""
    token = os.environ.get("CALLBOARD_CREW_TOKEN", "")
    file = os.environ.get("CALLBOARD_CREW_TOKEN_FILE", "")
    if not token and file:
        try:
            with open(os.path.expanduser(file), encoding="ascii") as opened:
                token = opened.read(1_000)
        except (OSError, ValueError):
            return ""
    token = token.strip()
    return token if token.isascii() and token.isprintable() else ""


def main() -> int:
    """Says whether Callboard takes what would be sent; sends nothing but a greeting."""
    where = os.environ.get("CALLBOARD_CREW", "")
    if not where:
        print("CALLBOARD_CREW is not set: nothing is watched.")
        return 2
    name = _line(os.environ.get("CALLBOARD_CREW_NAME", "")) or "crew"
    mail = _Mail(name, uuid.uuid4().hex, _sink(where, name))
    body, _ = mail.batch()
    taken, trouble = mail.sink.put(body)
    print(f"Callboard takes what crew '{name}' sends." if taken else trouble)
    return 0 if taken else 1


if __name__ == "__main__":
    sys.exit(main())
