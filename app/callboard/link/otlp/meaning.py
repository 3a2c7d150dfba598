"""What spans say of a crew, by the conventions that are in use: OpenInference, OpenTelemetry's GenAI, Traceloop, CrewAI's own."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from callboard.link.crew_sources.values import count_of, error_of, name_of, text_of
from callboard.link.otlp.span import (
    ERROR,
    INPUT,
    KIND,
    LISTS,
    OPERATION,
    OUTPUT,
    PROCESS,
    ROLE,
    TASK_ID,
    TASK_NAME,
    TOTAL,
    Span,
)

Fact = dict[str, Any]
MOST_TRACES = 1_000
MOST_TASKS = 200
DEEPEST = 30
LLM_OPERATIONS = frozenset({"chat", "text_completion", "generate_content", "completion", "embeddings"})
WORKFLOW_NAMES = frozenset({"crewai.workflow", "Crew Execution"})


def meaning_of(span: Span) -> str:
    """'workflow', 'task', 'agent', 'llm', 'tool', or '' for what is none of a crew's."""
    said = span.attributes
    kind = next((str(said[key]).lower() for key in KIND if key in said), "")
    operation = str(said.get(OPERATION, "")).lower()
    if span.name in WORKFLOW_NAMES or operation == "invoke_workflow" or kind == "workflow":
        return "workflow"
    if span.name.endswith((".kickoff", ".kickoff_async")) and (kind == "chain" or "crew_id" in said):
        return "workflow"
    if kind == "llm" or operation in LLM_OPERATIONS or "llm.request.type" in said:
        return "llm"
    if kind == "tool" or operation == "execute_tool":
        return "tool"
    if span.name == "Task Execution" or kind == "task":
        return "task"
    if kind == "agent" or operation == "invoke_agent":
        return "task" if _first(said, TASK_ID) or kind != "agent" or "graph.node.id" in said else "agent"
    return ""


class Meaning:
    """Facts of spans, which come when they have ended, the inner ones first. A trace is a workflow; it is over with its root,
    or with its crew's kickoff. `facts` may be called by one thread at a time."""

    def __init__(self) -> None:
        self._traces: dict[str, None] = {}

    def facts(self, spans: Iterable[Span]) -> list[Fact]:
        """The facts of a batch."""
        facts: list[Fact] = []
        batch = list(spans)
        above = {(span.trace, span.id): span for span in batch}
        for span in batch:
            meaning = meaning_of(span)
            if meaning:
                self._traces.pop(span.trace, None)
                self._traces[span.trace] = None
                while len(self._traces) > MOST_TRACES:
                    del self._traces[next(iter(self._traces))]
            if meaning == "workflow" or (not span.parent and span.trace in self._traces):
                facts += _workflow(span, meaning == "workflow")
            if meaning in ("task", "agent"):
                facts += _work(span, meaning)
            elif meaning in ("llm", "tool"):
                facts.append(_call(span, meaning, _lineage(span, above)))
        return facts


def _lineage(span: Span, above: Mapping[tuple[str, str], Span]) -> list[Span]:
    """The span and those around it that came in the same batch."""
    found = [span]
    while len(found) < DEEPEST:
        parent = above.get((span.trace, found[-1].parent))
        if parent is None:
            break
        found.append(parent)
    return found


def _workflow(span: Span, whole: bool) -> list[Fact]:
    started: Fact = {"what": "workflow-started", "at": span.started, "workflow": span.trace}
    said = span.attributes
    facts: list[Fact] = []
    if whole:
        process = text_of(_first(said, PROCESS)).lower().removeprefix("process.")
        if process:
            started["process"] = process
        tasks = _planned(_first(said, sorted(LISTS)))
        if tasks:
            started |= {"tasks": tasks, "total": len(tasks)}
        elif (total := count_of(_first(said, TOTAL))) is not None:
            started["total"] = total
    ended: Fact = {"what": "workflow-ended", "at": span.ended, "workflow": span.trace, "ok": not span.failed}
    if span.failed:
        ended["error"] = error_of(_first(said, ERROR))
    return [*facts, started, ended]


def _planned(value: Any) -> list[list[str]]:
    """Ids and roles of the tasks that a crew was made of; their descriptions are left."""
    if not isinstance(value, str):
        return []
    try:
        rows = json.loads(value)
    except (ValueError, RecursionError):
        return []
    return [
        [text_of(row.get("id"), 120), "", text_of(row.get("agent_role") or row.get("agent"))]
        for row in (rows[:MOST_TASKS] if isinstance(rows, list) else ())
        if isinstance(row, Mapping)
    ]


def _work(span: Span, meaning: str) -> list[Fact]:
    said = span.attributes
    task = text_of(_first(said, TASK_ID), 120)
    role = text_of(_first(said, ROLE))
    if not role and " " in span.name and str(said.get(OPERATION, "")) == "invoke_agent":
        role = text_of(span.name.partition(" ")[2])
    base: Fact = {"workflow": span.trace, "role": role}
    if meaning == "task":
        base["task"] = task or span.id
        named = name_of(_first(said, TASK_NAME), 0)
        base["name"] = named if named != "task 0" else role or "task"
    elif task:
        base["task"] = task
    ended: Fact = {"what": f"{meaning}-ended", "at": span.ended, **base, "ok": not span.failed, "seconds": span.seconds}
    if span.failed:
        ended["error"] = error_of(_first(said, ERROR))
    _add_tokens(ended, said)
    return [{"what": f"{meaning}-started", "at": span.started, **base}, ended]


def _call(span: Span, meaning: str, lineage: list[Span]) -> Fact:
    fact: Fact = {"what": meaning, "at": span.ended, "workflow": span.trace, "calls": 1, "failed": int(span.failed)}
    for key, names, longest in (("role", ROLE, 200), ("task", TASK_ID, 120)):
        said = next((value for one in lineage if (value := _first(one.attributes, names)) is not None), None)
        if said is not None:
            fact[key] = text_of(said, longest)
    if meaning == "llm":
        _add_tokens(fact, span.attributes)
    return fact


def _add_tokens(fact: Fact, said: Mapping[str, Any]) -> None:
    for key, names in (("input", INPUT), ("output", OUTPUT)):
        count = count_of(_first(said, names))
        if count is not None:
            fact[key] = count


def _first(said: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((said[name] for name in names if said.get(name) not in (None, "")), None)
