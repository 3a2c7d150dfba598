"""What CrewAI writes into a log: `output_log_file` as text or JSON, verbose panels, or a team's own JSON lines."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from callboard.link.crew_sources.events import Events
from callboard.link.crew_sources.panels import AGENT_STARTED, Panels
from callboard.link.crew_sources.values import error_of, moment_of, name_of, text_of

Fact = dict[str, Any]
LONGEST_LINE = 16_384
MOST_JOINED = 200
QUIET_S = 60.0
FAR_S = 900.0
_ENTRY = re.compile(r'^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d): (?=task_name=")')
_FIELDS = re.compile(r'task_name="(.*?)", task="(.*)", agent="(.*?)", status="(\w+)"(?:, output=.*)?$', re.DOTALL)
# A description may hold quotes and commas, so that the last `status` of what is not yet output counts.
_UNTIL_OUTPUT = re.compile(r'(?<="), output="')


class Logbook:
    """Facts of entries in their order.

    The log names no workflow: one begins with its first task, and is over when all its tasks are done (as many as the one
    before had), when a task begins anew, or when nothing has begun for a minute.
    """

    def __init__(self, kind: str = "log") -> None:
        self._kind = kind
        self._events = Events(kind)
        self._panels = Panels()
        self._entry: list[str] = []
        self._workflow = ""
        self._former = ""
        self._tasks: dict[str, str] = {}
        self._running: dict[str, None] = {}
        self._last = 0.0
        self._read = 0.0
        self._usual = 0
        self._named = False
        self.known = 0
        self.strange = 0

    def line(self, text: str, at: float) -> list[Fact]:
        """The facts of one line; `at` is when it was read."""
        text = text[:LONGEST_LINE]
        facts: list[Fact] = []
        if _ENTRY.match(text):
            facts += self.flush(at)
            self._entry = [text]
        elif self._entry:
            if len(self._entry) < MOST_JOINED:
                self._entry.append(text)
        else:
            return self._other(text, at)
        whole = "\n".join(self._entry)
        if re.search(r'", status="started"$', text) or '", status="completed", output="' in text:
            self._entry = []
            facts += self._text_entry(whole, at)
        return facts

    def flush(self, at: float) -> list[Fact]:
        """What was left of an entry of several lines."""
        whole, self._entry = "\n".join(self._entry), []
        return self._text_entry(whole, at) if whole else []

    def _text_entry(self, whole: str, at: float) -> list[Fact]:
        found = _ENTRY.match(whole)
        said = _FIELDS.match(_UNTIL_OUTPUT.split(whole[found.end() :])[0]) if found else None
        if found is None or said is None:
            return []
        task_name, task, agent, status = said.groups()
        return self.entry(
            {"task_name": task_name, "task": task, "agent": agent, "status": status}, at, moment_of(found[1])
        )

    def entry(self, said: Mapping[str, Any], at: float, when: float | None) -> list[Fact]:
        """One entry of `output_log_file` that was read at `at`; `when` is its own time, which may be of another time zone."""
        status = text_of(said.get("status"))
        task = said.get("task")
        if status not in ("started", "completed") or not isinstance(task, str):
            return []
        self.known += 1
        key = hashlib.sha256(task.encode("utf-8", "replace")).hexdigest()[:12]
        role = text_of(said.get("agent"))
        self._read = at
        own = at if when is None else when
        if at - FAR_S <= own <= at:
            at = own
        return self._task(
            key, said.get("task_name"), "" if role == "None" else role, status == "started", True, at, f"{own:.0f}"
        )

    def _task(self, key: str, name: Any, role: str, started: bool, well: bool, at: float, mark: str = "") -> list[Fact]:
        facts: list[Fact] = []
        if started and self._workflow and key in self._tasks and not self._named:
            facts += self._left()
        if not self._workflow:
            self._workflow = f"{self._kind}@{mark or f'{at:.0f}'}"
            self._workflow += "+" * (self._workflow == self._former)
            self._former = self._workflow
            fact: Fact = {"what": "workflow-started", "at": at, "workflow": self._workflow}
            facts.append({**fact, "total": self._usual} if self._usual else fact)
        shown = self._tasks.setdefault(key, name_of(name, len(self._tasks) + 1))
        base: Fact = {"at": at, "workflow": self._workflow, "task": key, "name": shown, "role": role}
        self._last = at
        if started:
            self._running[key] = None
            return [*facts, {"what": "task-started", **base}]
        self._running.pop(key, None)
        facts.append({"what": "task-ended", **base, "ok": well})
        if well and self._usual and len(self._tasks) == self._usual and not self._running and not self._named:
            facts += self._close(at, True)
        return facts

    def _close(self, at: float, well: bool, error: str = "") -> list[Fact]:
        if not self._workflow:
            return []
        fact: Fact = {"what": "workflow-ended", "at": at, "workflow": self._workflow, "ok": well}
        if error:
            fact["error"] = error
        if well and self._tasks:
            self._usual = len(self._tasks)
        self._workflow, self._tasks, self._running, self._named = "", {}, {}, False
        return [fact]

    def _left(self) -> list[Fact]:
        """Another workflow begins: this one is over if nothing of it runs; what became of it otherwise the log does not say."""
        if not self._running:
            return self._close(self._last, True)
        self._workflow, self._tasks, self._running, self._named = "", {}, {}, False
        return []

    def rest(self, at: float) -> list[Fact]:
        """What silence says: nothing runs and nothing has begun for a minute, so the workflow is over."""
        if self._workflow and not self._running and not self._named and at - self._read > QUIET_S:
            return self._close(self._last, True)
        return []

    def _other(self, text: str, at: float) -> list[Fact]:
        """A panel, or a line of JSON that tells an event."""
        panel = self._panels.line(text)
        if panel is not None:
            return self._panel(*panel, at)
        if text.startswith("{"):
            try:
                facts = self._events.facts(json.loads(text), at)
            except (ValueError, RecursionError):
                facts = None
            if facts is not None:
                self.known += 1
                return facts
        if text.strip() and not self._panels.seen:
            self.strange += 1
        return []

    def _panel(self, head: str, values: Mapping[str, str], at: float) -> list[Fact]:
        self.known += 1
        self._read = at
        if head == AGENT_STARTED:
            return self._taken_up(text_of(values.get("Agent", "")), at)
        name, role = values.get("Name", ""), text_of(values.get("Agent", ""))
        if head == "Crew Execution Started":
            facts = self._left()
            self._workflow, self._named = f"{values.get('ID') or self._kind}@{at:.0f}", True
            fact: Fact = {"what": "workflow-started", "at": at, "workflow": self._workflow, "name": text_of(name)}
            return [*facts, {**fact, "total": self._usual} if self._usual else fact]
        if head in ("Crew Execution Completed", "Crew Execution Failed"):
            return self._close(at, head.endswith("Completed"), error_of(values.get("Error", "")))
        if head in ("Task Started", "Task Completed", "Task Failed") and name:
            key = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]
            facts = self._task(key, name, role, head == "Task Started", head == "Task Completed", at)
            if head == "Task Failed" and not self._named:
                facts += self._close(at, False)
            return facts
        return []

    def _taken_up(self, role: str, at: float) -> list[Fact]:
        """The panel of a task does not say whose it is; the one of the agent that follows does."""
        key = next(reversed(self._running), "")
        if not role or not key:
            return []
        return [
            {
                "what": "task-started",
                "at": at,
                "workflow": self._workflow,
                "task": key,
                "name": self._tasks[key],
                "role": role,
            }
        ]
