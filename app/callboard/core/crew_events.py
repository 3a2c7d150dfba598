"""What was seen of a crew that belongs to the platform: it is watched, never touched, and no event of it belongs to a run.

A *crew* is a set of agents of the platform (nine CrewAI agents, say), a *workflow* one execution of it (a kickoff or a flow).
A *fact* is a plain mapping in one normal form, whatever saw it. `checked_facts` in `callboard.core.crew_facts` makes every fact
so, and drops what does not fit. Each has `what` and `at` (seconds since the epoch, by our clock); further keys, all optional
but `workflow`, which only `source`, `crew` and `dropped` do without:

| what             | further keys                                                                                            |
|------------------|---------------------------------------------------------------------------------------------------------|
| crew             | title; roles: names of the agents that the crew has, in order                                           |
| workflow-started | workflow, process (sequential, hierarchical, flow), total (of tasks), name, parent (a workflow), tasks: |
|                  | [[key, name, role], …] that it is going to do, in order                                                 |
| workflow-ended   | workflow, ok, error (the type of the error, such as ValueError)                                         |
| task-started     | workflow, task (its key: what tells it from the others of the workflow), name, role                     |
| task-ended       | workflow, task, name, role, ok, error; seconds, where the sender knows better; input, output (tokens)   |
| task-retried     | workflow, task, role, error: it goes on after a guardrail or an error sent it back                      |
| agent-started    | workflow, role, task: an agent takes up work, for a task of its own or as asked by another              |
| agent-ended      | workflow, role, task, ok, error, seconds                                                                |
| llm              | workflow, task, role, calls, failed, input, output (tokens, as counts to add)                           |
| tool             | workflow, task, role, calls, failed (counts to add)                                                     |
| waits            | workflow, on (true: it waits for a person; false: no more)                                              |
| progress         | workflow, done, total: where a source knows counts alone                                                |
| seen             | workflow: it still goes on; who says so once is expected to say it again                                |
| source           | state (fresh, stale, off, error), words: how the source itself is                                       |
| dropped          | calls: so many facts were lost on the way                                                               |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Fact = Mapping[str, Any]
SOURCES = ("observer", "status", "socket", "checkpoints", "log", "otlp")


@dataclass(frozen=True, slots=True)
class CrewSeen:
    """One of SOURCES saw these facts. `stream` names the sender and `upto` the number of its newest fact, where it has one:
    what it sends again counts once."""

    at: float
    crew: str
    source: str
    facts: tuple[Fact, ...]
    stream: str = ""
    upto: int = 0


@dataclass(frozen=True, slots=True)
class CrewSilent:
    """Nothing was heard of these running workflows for too long: nobody knows what became of them."""

    at: float
    crew: str
    workflows: tuple[str, ...]
