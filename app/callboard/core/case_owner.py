"""Who should have a case: a written rule that names one and says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callboard.core.cases import Case

BEYOND_AGENTS = ("host", "upstream", "person")
LONGEST_PERSON = 80


@dataclass(frozen=True, slots=True)
class Owner:
    """An agent or a person, and why this one."""

    kind: str
    name: str
    why: str


def owner_of(case: Case, agents: Mapping[str, str], fixers: Sequence[str], by: str) -> Owner:
    """An agent that offers a fix for it, else the agent whose checks saw the most of it, else who broke it, else `by`.

    `agents` are those that there are, each with why it takes no work ('' when it does); `fixers` those that offer a fix.
    """
    free = {name for name, trouble in agents.items() if not trouble}
    for name in fixers:
        if name in free:
            return Owner("agent", name, f"{name} offers a fix for it")
    if case.cause.kind in BEYOND_AGENTS:
        return _person(case, by, f"its cause ({case.cause.kind}) is nothing that an agent can mend")
    seen: dict[str, int] = {}
    for symptom in case.symptoms.values():
        if symptom.agent and not symptom.gone:
            seen[symptom.agent] = seen.get(symptom.agent, 0) + 1
    total = sum(seen.values())
    for name, count in sorted(seen.items(), key=lambda item: (-item[1], item[0])):
        if name in free:
            return Owner("agent", name, f"{name}'s checks saw {count} of {total} symptoms; no fix is known yet")
    absent = ", ".join(f"{name} {agents.get(name) or 'is not here'}" for name in seen)
    return _person(case, by, f"no agent that knows it takes work ({absent})" if absent else "no agent saw it")


def _person(case: Case, by: str, why: str) -> Owner:
    noted = case.known.get("bisected") or case.known.get("blamed")
    author = str(noted.facts.get("author") or "") if noted is not None else ""
    name = author.partition("<")[0].strip()
    if name and len(name) <= LONGEST_PERSON and not any(sign in name for sign in "/\\#@\n"):
        return Owner("person", name, f"{why}; {name}'s commit {str(noted.facts.get('commit') or '')[:10]} broke it"
                     if noted is not None else why)  # fmt: skip
    return Owner("person", by, f"{why}; {by} asked")
