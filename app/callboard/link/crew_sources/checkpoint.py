"""What a checkpoint of CrewAI says: the events that its program had recorded until then."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from callboard.link.crew_sources.snapshot import INPUT, OUTPUT, USAGE
from callboard.link.crew_sources.values import count_of, error_of, first_of, moment_of, name_of, text_of

Fact = dict[str, Any]
MOST_EVENTS = 200_000
MOST_TASKS = 200
DEEPEST = 200
ENDINGS = {
    "crew_kickoff_completed": ("workflow-ended", True),
    "crew_kickoff_failed": ("workflow-ended", False),
    "task_completed": ("task-ended", True),
    "task_failed": ("task-ended", False),
    "llm_call_completed": ("llm", True),
    "llm_call_failed": ("llm", False),
    "tool_usage_finished": ("tool", True),
    "tool_usage_error": ("tool", False),
}


class Checkpoint:
    """The crews, tasks and events of one checkpoint, whatever else it holds (prompts, outputs) left aside."""

    def __init__(self, said: Any) -> None:
        table = said if isinstance(said, Mapping) else {}
        self.tasks: dict[str, tuple[str, str]] = {}
        self.plans: dict[str, list[list[str]]] = {}
        self.process: dict[str, str] = {}
        for crew in _mappings(table.get("entities")):
            if crew.get("entity_type") == "crew":
                self._read_crew(crew)
        record = table.get("event_record")
        nodes = record.get("nodes") if isinstance(record, Mapping) else None
        self._events: dict[str, Mapping[str, Any]] = {}
        for key, node in islice(nodes.items(), MOST_EVENTS) if isinstance(nodes, Mapping) else ():
            event = node.get("event") if isinstance(node, Mapping) else None
            if isinstance(event, Mapping) and isinstance(event.get("type"), str):
                self._events[key] = event

    @property
    def is_one(self) -> bool:
        """Whether it holds what a checkpoint holds."""
        return bool(self.plans or self._events)

    def _read_crew(self, crew: Mapping[str, Any]) -> None:
        plan: list[list[str]] = []
        for number, task in enumerate(list(_mappings(crew.get("tasks")))[:MOST_TASKS], 1):
            agent = task.get("agent")
            role = text_of(agent.get("role")) if isinstance(agent, Mapping) else ""
            key = text_of(task.get("id"), 120)
            name = name_of(task.get("name") or task.get("description"), number)
            self.tasks[key] = (name, role)
            plan.append([key, name, role])
        name = text_of(crew.get("name"))
        self.plans.setdefault(name, plan)
        self.process.setdefault(name, text_of(crew.get("process")).removeprefix("Process."))

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Each event that says something, with its id, in the order in which they were recorded."""
        done: dict[str, set[str]] = {}
        told = {
            text_of(event.get("started_event_id"), 120)
            for event in self._events.values()
            if event["type"] in ("crew_kickoff_completed", "crew_kickoff_failed")
        }
        for key, event in self._events.items():
            kind = str(event["type"])
            at = moment_of(event.get("timestamp"))
            if at is None:
                continue
            if kind == "crew_kickoff_started":
                done[key] = set()
                yield key, self._begun(key, event, at)
                continue
            workflow = self._workflow_of(event, key)
            if not workflow:
                continue
            base: Fact = {"at": at, "workflow": workflow}
            task = text_of(event.get("task_id"), 120)
            name, role = self.tasks.get(task, ("", ""))
            role = role or text_of(event.get("agent_role"))
            if kind == "task_started":
                yield (
                    key,
                    {"what": "task-started", **base, "task": task, "name": name or f"task {task[:8]}", "role": role},
                )
            elif kind in ENDINGS:
                what, well = ENDINGS[kind]
                if what == "workflow-ended" and self._ancestor(event, "crew_kickoff_started", 2) not in ("", workflow):
                    continue
                fact = {"what": what, **base, "ok": well}
                if what in ("llm", "tool"):
                    fact |= {"calls": 1, "failed": int(not well), "task": task or self._task_of(event), "role": role}
                    _add_tokens(fact, event)
                elif what == "task-ended":
                    fact |= {"task": task, "name": name or f"task {task[:8]}", "role": role}
                if not well and what != "llm":
                    fact["error"] = error_of(event.get("error"))
                yield key, fact
                if what == "task-ended" and well:
                    done[workflow] = done.get(workflow, set()) | {task}
                    plan = self._plan(workflow)
                    if plan and workflow not in told and {row[0] for row in plan} <= done[workflow]:
                        yield f"{workflow} ended", {"what": "workflow-ended", **base, "ok": True}

    def _begun(self, key: str, event: Mapping[str, Any], at: float) -> Fact:
        fact: Fact = {"what": "workflow-started", "at": at, "workflow": key}
        plan = self._plan(key)
        if plan:
            fact |= {"total": len(plan), "tasks": plan}
        process = self.process.get(text_of(event.get("crew_name")), "")
        if process in ("sequential", "hierarchical"):
            fact["process"] = process
        return fact

    def _plan(self, workflow: str) -> list[list[str]]:
        """The tasks of the crew that was kicked off."""
        event = self._events.get(workflow)
        name = text_of(event.get("crew_name")) if event is not None else ""
        return self.plans.get(name) or (next(iter(self.plans.values())) if len(self.plans) == 1 else [])

    def _workflow_of(self, event: Mapping[str, Any], key: str) -> str:
        started = text_of(event.get("started_event_id"), 120)
        if started in self._events and self._events[started]["type"] == "crew_kickoff_started":
            return started
        return self._ancestor(event, "crew_kickoff_started")

    def _task_of(self, event: Mapping[str, Any]) -> str:
        found = self._events.get(self._ancestor(event, "task_started"))
        return text_of(found.get("task_id"), 120) if found is not None else ""

    def _ancestor(self, event: Mapping[str, Any], kind: str, most: int = DEEPEST) -> str:
        """The nearest event of that kind above this one, '' for none."""
        for _ in range(most):
            parent = event.get("parent_event_id")
            above = self._events.get(parent) if isinstance(parent, str) else None
            if above is None:
                return ""
            if above["type"] == kind:
                return str(parent)
            event = above
        return ""


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    for item in value[:1_000] if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item


def _add_tokens(fact: Fact, event: Mapping[str, Any]) -> None:
    usage = first_of(event, USAGE)
    if isinstance(usage, Mapping):
        for key, names in (("input", INPUT[:3]), ("output", OUTPUT[:3])):
            value = first_of(usage, names)
            count = count_of(value) if not isinstance(value, list | Mapping) else None
            if count is not None:
                fact[key] = count
