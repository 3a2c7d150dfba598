"""A platform's crew as its team would write it: nine CrewAI agents make a journal, with a model that needs no network.

Run by an interpreter that has crewai: `python journal.py '{"process": "sequential"}'`. Prints one JSON object: the outputs,
and how long it took. The two lines that let Callboard watch come after the imports; without CALLBOARD_CREW they do nothing.
"""

import hashlib
import json
import os
import sys
import tempfile
import time

for name, value in {
    "CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true", "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true", "CREWAI_TESTING": "true",
    "CREWAI_STORAGE_DIR": os.path.join(tempfile.gettempdir(), "crew-storage"),
}.items():  # fmt: skip
    os.environ.setdefault(name, value)

from crewai import Agent, BaseLLM, Crew, Process, Task  # noqa: E402
from crewai.events.types.llm_events import LLMCallType  # noqa: E402
from crewai.flow import Flow, listen, start  # noqa: E402
from crewai.llms.base_llm import llm_call_context  # noqa: E402

try:  # a program of a team needs only the two lines; this one also runs where the file is not
    import callboard_crew_observer

    callboard_crew_observer.watch("journal")
except ImportError:
    pass

ROLES = (
    "Manager", "Onboarding", "Discovery", "Research", "Content Curator", "Editor", "Media", "PDF Builder", "Platform Setup",
)  # fmt: skip
STEPS = ("plan", "onboard", "discover", "research", "curate", "edit", "illustrate", "print", "publish")
SECRET = "the-secret-of-the-prompt"


class LocalModel(BaseLLM):
    """Answers from what it was asked, always the same; emits the events that a real provider emits."""

    pause: float = 0.0
    broken_at: str = ""
    delegates: bool = False

    def call(
        self, messages, tools=None, callbacks=None, available_functions=None, from_task=None, from_agent=None, **more
    ):
        with llm_call_context():
            self._emit_call_started_event(messages=messages, tools=tools, from_task=from_task, from_agent=from_agent)
            text = messages if isinstance(messages, str) else "\n".join(str(m.get("content", "")) for m in messages)
            if self.pause:
                time.sleep(self.pause)
            if self.broken_at and f"step '{self.broken_at}'" in text:
                self._emit_call_failed_event(
                    error=f"no answer, key {SECRET}", from_task=from_task, from_agent=from_agent
                )
                raise ConnectionError(f"the model is away, key {SECRET}")
            answer = self._answer(text)
            usage = {"prompt_tokens": len(text) // 4, "completion_tokens": len(answer) // 4,
                     "total_tokens": (len(text) + len(answer)) // 4}  # fmt: skip
            self._track_token_usage_internal(usage)
            self._emit_call_completed_event(
                response=answer, call_type=LLMCallType.LLM_CALL, from_task=from_task, from_agent=from_agent,
                messages=messages, usage=usage,
            )  # fmt: skip
            return answer

    def _answer(self, text):
        step = next((s for s in STEPS if f"step '{s}'" in text), "unknown")
        if self.delegates and "coworker" in text and "Observation:" not in text.split("Current Task")[-1]:
            coworker = ROLES[STEPS.index(step)] if step in STEPS and step != "plan" else "Research"
            wish = {"task": f"do step '{step}' of the journal", "context": "all of it", "coworker": coworker}
            return f"Thought: somebody else knows this better\nAction: Delegate work to coworker\nAction Input: {json.dumps(wish)}"
        mark = hashlib.sha256(step.encode()).hexdigest()[:12]
        return f"Thought: I now can give a great answer\nFinal Answer: {step} done, {mark}"

    def supports_function_calling(self):
        return False

    def get_context_window_size(self):
        return 100_000


def make(wish):
    """A crew as `wish` says: process, pause (s for each call), fail (a step), slow ({role: s}), refuse (a step whose output
    is sent back once), shorter (only so many steps), human."""
    refused = []

    def strict(output):
        if not refused:
            refused.append(1)
            return (False, f"not good enough, says {SECRET}")
        return (True, output.raw)

    def model(role, delegates=False):
        pause = wish.get("slow", {}).get(role, wish.get("pause", 0.0))
        return LocalModel(model="local", pause=pause, broken_at=wish.get("fail", ""), delegates=delegates)

    hierarchical = wish.get("process") == "hierarchical"
    agents = [
        Agent(role=role, goal=f"be a good {role}, {SECRET}", backstory="years of it", llm=model(role, hierarchical and i == 0),
              allow_delegation=hierarchical and i == 0, max_retry_limit=0)
        for i, role in enumerate(ROLES)
    ]  # fmt: skip
    count = int(wish.get("shorter", len(STEPS)))
    tasks = [
        Task(
            name=step, description=f"do step '{step}' for {{subject}}, {SECRET}", expected_output="a short text",
            agent=None if hierarchical else agents[i], guardrail=strict if wish.get("refuse") == step else None,
            human_input=wish.get("human") == step,
        )
        for i, step in enumerate(STEPS[:count])
    ]  # fmt: skip
    if hierarchical:
        return Crew(
            name="journal", agents=agents[1:], tasks=tasks, process=Process.hierarchical, manager_agent=agents[0]
        )
    return Crew(name="journal", agents=agents, tasks=tasks, process=Process.sequential)


def flow_of(wish):
    """A flow that kicks a crew off in the middle."""

    class Journal(Flow):
        @start()
        def prepare(self):
            return "prepared"

        @listen(prepare)
        def write(self, before):
            return str(make(wish).kickoff(inputs={"subject": "flows"}))

        @listen(write)
        def deliver(self, before):
            return f"{before}; delivered"

    return Journal()


def results(wish):
    """The outputs of what the wish asks for, in the order of the subjects."""
    import asyncio

    subjects = wish.get("subjects", ["tides"])
    inputs = [{"subject": subject} for subject in subjects]
    match wish.get("how", "kickoff"):
        case "kickoff":
            return [_told(make(wish).kickoff(inputs=given)) for given in inputs]
        case "for_each":
            return [_told(output) for output in make(wish).kickoff_for_each(inputs=inputs)]
        case "async":

            async def work():
                return await asyncio.gather(*(make(wish).kickoff_async(inputs=given) for given in inputs))

            return [_told(output) for output in asyncio.run(work())]
        case "native_async":

            async def native():
                return await asyncio.gather(*(make(wish).akickoff(inputs=given) for given in inputs))

            return [_told(output) for output in asyncio.run(native())]
        case "same_crew":
            crew = make(wish)
            return [_told(crew.kickoff(inputs=given)) for given in inputs]
        case "flow":
            return [str(flow_of(wish).kickoff()) for _ in inputs]
    raise ValueError(wish["how"])


def _told(output):
    return {
        "raw": output.raw,
        "tasks": [task.raw for task in output.tasks_output],
        "tokens": output.token_usage.total_tokens,
    }


def main(argv):
    wish = json.loads(argv[1]) if len(argv) > 1 else {}
    began, cpu = time.perf_counter(), time.process_time()
    answer = {"outputs": None, "error": ""}
    for _ in range(int(wish.get("rounds", 1))):
        try:
            answer["outputs"] = results(wish)
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
    answer |= {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    sys.stdout.write("\nRESULT " + json.dumps(answer, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
