"""One span, with the few of its attributes that say who did what and how long; texts of prompts are left behind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_VALUE = 300
LONGEST_LIST = 65_536
LISTS = frozenset({"crew_tasks", "crewai.crew.tasks"})  # of which ids and roles are taken
# The attributes that are read; all others, with what people asked and models answered, are left in the request.
ROLE = ("crewai.agent.role", "gen_ai.agent.role", "agent_role", "agent.role", "gen_ai.agent.name", "graph.node.id", "agent.name",
        "agent_name", "crewai.task.agent")  # fmt: skip
TASK_ID = ("task_id", "crewai.task.id", "gen_ai.task.id", "gen_ai.agent.task.id", "task_key")
TASK_NAME = ("task_name", "crewai.task.name", "gen_ai.task.name")
INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens")
OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
          "llm.usage.completion_tokens")  # fmt: skip
ERROR = ("error.type", "exception.type", "error_type")
PROCESS = ("crew_process", "crewai.crew.process")
TOTAL = ("crew_number_of_tasks", "crewai.crew.tasks.count")
KIND = ("openinference.span.kind", "traceloop.span.kind")
OPERATION = "gen_ai.operation.name"
STATUS = ("http.response.status_code", "http.status_code")
ROUTE = ("http.route", "http.target")
METHOD = ("http.request.method", "http.method")
OF_RESOURCE = frozenset({"service.name", "callboard.crew"})
READ = frozenset((
    *ROLE, *TASK_ID, *TASK_NAME, *INPUT, *OUTPUT, *ERROR, *PROCESS, *TOTAL, *KIND, *STATUS, *ROUTE, *METHOD, *LISTS, OPERATION,
    "crew_id", "llm.request.type", *OF_RESOURCE,
))  # fmt: skip
_TRACE = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")
SERVER = 2


def kept(key: str, value: Any) -> Any:
    """The value as it is kept, None for one that is not read."""
    if key not in READ or not isinstance(value, str | int | float):
        return None
    return value[: LONGEST_LIST if key in LISTS else LONGEST_VALUE] if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Span:
    """Times are seconds since the epoch; `parent` is '' for a root."""

    trace: str
    id: str
    parent: str
    name: str
    kind: int
    started: float
    ended: float
    failed: bool
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, self.ended - self.started)

    @classmethod
    def made(
        cls,
        trace: Any,
        span: Any,
        parent: Any,
        name: Any,
        kind: int,
        started: int,
        ended: int,
        failed: bool,
        attributes: Mapping[str, Any],
        resource: Mapping[str, Any],
    ) -> "Span | None":
        """The span of these values (times in nanoseconds), None when they make none."""
        trace, span = str(trace).lower(), str(span).lower()
        above = str(parent or "").lower()
        if not _TRACE.fullmatch(trace) or not _SPAN.fullmatch(span) or not started or not ended:
            return None
        above = above if _SPAN.fullmatch(above) and set(above) != {"0"} else ""
        text = name[:300] if isinstance(name, str) else ""
        return cls(trace, span, above, text, kind, started / 1e9, ended / 1e9, failed, attributes, resource)
