"""Messages that tell one event each, in CrewAI's words or in a team's own, as facts."""

import re
from collections.abc import Mapping
from typing import Any

from callboard.link.crew_sources.snapshot import (
    DONE,
    ERROR,
    INPUT,
    OUTPUT,
    PROCESS,
    ROLE,
    SECONDS,
    STATE,
    TASK_KEY,
    TOTAL,
    USAGE,
)
from callboard.link.crew_sources.values import (
    FAILED,
    RUNNING,
    SUCCEEDED,
    count_of,
    error_of,
    first_of,
    moment_of,
    name_of,
    number_of,
    state_of,
    text_of,
)

Fact = dict[str, Any]
TYPE = ("type", "event", "event_type", "event_name", "kind", "action", "topic")
INNER = ("data", "payload", "event", "body", "detail", "details", "message")
WORKFLOW_ID = ("workflow_id", "kickoff_id", "execution_id", "run_id", "job_id", "session_id", "flow_id", "journal_id",
               "crew_id", "request_id", "source_fingerprint")  # fmt: skip
TIMES = ("timestamp", "time", "ts", "at", "created_at")
OF_TASK = frozenset({"task", "step", "stage"})
OF_AGENT = frozenset({"agent"})
OF_WORKFLOW = frozenset(
    {"crew", "kickoff", "workflow", "flow", "job", "run", "execution", "journal", "pipeline", "session"}
)
STARTS = frozenset({"started", "start", "starting", "begin", "begun", "began"})
ENDS_WELL = frozenset({"completed", "complete", "finished", "finish", "done", "ended", "end", "succeeded", "success"})
ENDS_BADLY = frozenset({"failed", "fail", "error", "errored", "failure", "cancelled", "canceled", "aborted", "crashed"})
STANDINGS = frozenset("update updated status progress state snapshot changed change heartbeat".split())
RETRIES = frozenset({"retry", "retried", "retrying", "restarted"})
MOST_NAMES = 1_000


def words_of(name: str) -> tuple[str, ...]:
    """'TaskStartedEvent', 'task.started' and 'task_started' are the same words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name[:100])
    return tuple(word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word and word != "event")


class Events:
    """Facts of messages in their order. Where they name no workflow, one begins with the first and ends when they say so."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._open = ""
        self._now: dict[tuple[str, str], str] = {}
        self._numbers: dict[tuple[str, str], int] = {}

    def facts(self, said: Any, at: float) -> list[Fact] | None:
        """The facts of one message, perhaps none; None when it is no event."""
        if not isinstance(said, Mapping):
            return None
        told = first_of(said, TYPE)
        body: Mapping[str, Any] = said
        for name in INNER:
            inner = said.get(name)
            if isinstance(inner, Mapping):
                body = {**said, **inner}
                told = told if isinstance(told, str) else first_of(inner, TYPE)
                break
        if not isinstance(told, str):
            return None
        words = words_of(told)
        subject, verb = self._meaning(words, body)
        if subject == "workflow" and STANDINGS & set(words):
            return None  # it tells how a workflow stands, not what happened
        if not subject or not verb:
            return None
        moment = moment_of(first_of(body, TIMES))
        return self._told(subject, verb, body, moment if moment is not None and moment <= at else at)

    def _meaning(self, words: tuple[str, ...], body: Mapping[str, Any]) -> tuple[str, str]:
        known = set(words)
        subject = (
            "llm" if "llm" in known
            else "tool" if "tool" in known
            else "task" if known & OF_TASK
            else "agent" if known & OF_AGENT
            else "workflow" if known & OF_WORKFLOW
            else ""
        )  # fmt: skip
        if known & RETRIES:
            return subject, "retried"
        verb = (
            "failed" if known & ENDS_BADLY
            else "started" if known & STARTS
            else "ended" if known & ENDS_WELL
            else {RUNNING: "started", SUCCEEDED: "ended", FAILED: "failed"}.get(state_of(first_of(body, STATE)), "")
        )  # fmt: skip
        return subject, verb

    def _told(self, subject: str, verb: str, body: Mapping[str, Any], at: float) -> list[Fact]:
        own = WORKFLOW_ID if subject != "workflow" else (*WORKFLOW_ID, "id")
        named = text_of(first_of(body, own), 120)
        if subject == "workflow":
            return self._workflow(verb, named, body, at)
        facts: list[Fact] = []
        workflow = named or self._open
        if not workflow:
            workflow = self._open = f"{self._kind}@{at:.0f}"
            facts.append({"what": "workflow-started", "at": at, "workflow": workflow})
        agent = first_of(body, ROLE)
        role = text_of(first_of(agent, ("role", "name")) if isinstance(agent, Mapping) else agent)
        fact: Fact = {"at": at, "workflow": workflow, "role": role}
        if subject == "task":
            self._task(fact, verb, body)
        elif subject == "agent":
            fact["what"] = "agent-started" if verb == "started" else "agent-ended"
            fact["task"] = self._now.get((workflow, ""), "")
        else:
            if verb == "started" or verb == "retried":
                return facts
            fact |= {
                "what": subject,
                "calls": 1,
                "failed": int(verb == "failed"),
                "task": self._now.get((workflow, ""), ""),
            }
        if verb in ("ended", "failed") and subject in ("task", "agent"):
            fact["ok"] = verb == "ended"
            took = number_of(first_of(body, SECONDS))
            if took is not None and took >= 0:
                fact["seconds"] = took
        if verb in ("failed", "retried"):
            fact["error"] = error_of(first_of(body, ERROR))
        _add_tokens(fact, body, subject)
        return [*facts, fact]

    def _task(self, fact: Fact, verb: str, body: Mapping[str, Any]) -> None:
        workflow = str(fact["workflow"])
        task = body.get("task")
        inside = task if isinstance(task, Mapping) else body
        key = text_of(first_of(inside, (*TASK_KEY, "task", "step", "stage")), 120)
        if not fact["role"] and isinstance(task, Mapping):
            agent = first_of(task, ROLE)
            fact["role"] = text_of(first_of(agent, ("role", "name")) if isinstance(agent, Mapping) else agent)
        key = key or fact["role"] or self._now.get((workflow, ""), "") or "1"
        number = self._numbers.setdefault((workflow, key), 1 + sum(one == workflow for one, _ in self._numbers))
        if len(self._numbers) > MOST_NAMES:
            self._numbers.pop(next(iter(self._numbers)))
        fact["what"] = {"started": "task-started", "retried": "task-retried"}.get(verb, "task-ended")
        fact["task"] = key
        named = first_of(inside, ("task_name", "name", "title", "task", "step", "stage"))
        if verb == "started" or text_of(named):
            fact["name"] = name_of(named, number)
        if verb == "started":
            self._now[workflow, ""] = key
            if len(self._now) > MOST_NAMES:
                self._now.pop(next(iter(self._now)))

    def _workflow(self, verb: str, named: str, body: Mapping[str, Any], at: float) -> list[Fact]:
        if verb == "retried":
            return []
        if verb == "started":
            workflow = named or f"{self._kind}@{at:.0f}"
            self._open = workflow if not named else self._open
            fact: Fact = {"what": "workflow-started", "at": at, "workflow": workflow}
            process = text_of(first_of(body, PROCESS)).lower().removeprefix("process.")
            if process:
                fact["process"] = process
            total = count_of(first_of(body, TOTAL))
            if total:
                fact["total"] = total
            name = text_of(first_of(body, ("workflow_name", "flow_name", "title", "name")))
            return [{**fact, "name": name} if name else fact]
        workflow = named or self._open
        if not workflow:
            return []
        if workflow == self._open:
            self._open = ""
        fact = {"what": "workflow-ended", "at": at, "workflow": workflow, "ok": verb == "ended"}
        if verb == "failed":
            fact["error"] = error_of(first_of(body, ERROR))
        _add_tokens(fact, body, "workflow")
        done, total = count_of(first_of(body, DONE)), count_of(first_of(body, TOTAL))
        if done is not None and total:
            progress: Fact = {"what": "progress", "at": at, "workflow": workflow, "done": done, "total": total}
            return [progress, fact]
        return [fact]


def _add_tokens(fact: Fact, body: Mapping[str, Any], subject: str) -> None:
    usage = first_of(body, USAGE)
    if not isinstance(usage, Mapping):
        if subject == "workflow":
            return
        usage = body
    for key, names in (("input", INPUT[:3]), ("output", OUTPUT[:3])):
        value = first_of(usage, names)
        count = count_of(value) if not isinstance(value, list | Mapping) else None
        if count is not None:
            fact[key] = count
