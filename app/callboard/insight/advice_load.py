"""What is advised about load: room for agents, what waiting costs, what is declared wrongly, what got slower, what repeats."""

import math
import re
from collections.abc import Iterator, Sequence

from callboard.insight.advice_drafts import NO_GAIN, NO_RISK, Draft, Risk, count, lasting, percent
from callboard.insight.advice_facts import Act, AgentFact, Cause, Facts, Gain, part, typed
from callboard.insight.advice_measures import Measure

LEAST_COST_S = 600.0
LEAST_SHARE = 0.1
NEED_TIMES = 2.0
NEED_RUNS = 5
REPEAT_RUNS, REPEAT_GOOD, REPEAT_S = 10, 0.9, 300.0
FLAKY_S = 60.0
DRIFT_TIMES, DRIFT_S = 1.25, 5.0
ENOUGH_DAYS = 3
PER_WEEK = 7
BY_INCIDENT = re.compile(r"\bincident (\d+): ")  # such a pause is no slip: only a person who ends the incident lifts it


def of_load(facts: Facts) -> Iterator[Draft]:
    """Agents that lack room, then what waiting, flakiness, wrong numbers and repetition cost."""
    for agent in facts.agents:
        yield from _of_agent(agent, facts)
    busy = {agent.name for agent in facts.agents if agent.relief is not None}
    yield from (_bottleneck(cause) for cause in facts.causes if _is_costly(cause, busy))
    yield from _of_numbers(facts)


def _of_agent(agent: AgentFact, facts: Facts) -> Iterator[Draft]:
    if agent.paused_by and agent.waiting:
        yield _paused(agent)
    elif agent.waiting and agent.relief is not None and (agent.overloaded or agent.relief.to):
        if agent.relief.limit is not None:
            yield _raise(agent, facts)
        elif agent.relief.to and agent.relief.task:
            yield _give_away(agent)
    if facts.machine.pressed and agent.running > 1:
        yield _lower(agent)


def _concurrency(agent: str, limit: int, title: str, undo: Act | None = None) -> Act:
    return Act(
        title, "POST", f"/agents/{part(agent)}/concurrency", {"limit": limit}, typed("callboard", "concurrency", agent, str(limit)),
        "concurrency", undo,
    )  # fmt: skip


def _raise(agent: AgentFact, facts: Facts) -> Draft:
    relief = agent.relief
    limit = (relief.limit if relief else None) or agent.limit + 1
    back = _concurrency(agent.name, agent.limit, f"Back to {agent.limit} at once")
    act = _concurrency(agent.name, limit, f"Let {agent.name} do {limit} at once", back)
    starts = relief.starts if relief else 0
    return Draft(
        kind="concurrency-raise", about=agent.name, title=f"Let {agent.name} do {limit} at once instead of {agent.limit}",
        words=f"Its limit is {agent.limit}, there is room for more, and {count(agent.waiting, 'task waits', 'tasks wait')}.",
        severity="medium",
        reasons=(
            f"{agent.words}.",
            f"Tried with the real admission on a copy of what waits: {count(starts, 'task')} would start at once.",
            *((f"{_cap(agent.simulated)}.",) if agent.simulated else ()),
        ),
        evidence=((f"Agent {agent.name}", f"/agents/{part(agent.name)}"), ("The machine", "/machine")),
        href=f"/agents/{part(agent.name)}",
        risk=Risk("low", "What runs at once shares cores and memory: each may take longer. The former number is one click away."),
        measure=Measure("wait", agent.held[0][0] if agent.held else f"agent {agent.name}", agent.name), acts=(act,),
        gain=agent.gain or gain_of_days(agent.waited_days, "waited for it"),
        no_gain="Too little has waited here before to say what it saves; it would start work that waits now.",
        waits_since=facts.now - agent.oldest_s, blocks=agent.waiting,
        blocks_words=count(agent.waiting, "task waits", "tasks wait"), agents=(agent.name,),
    )  # fmt: skip


def _give_away(agent: AgentFact) -> Draft:
    to, task = (agent.relief.to, agent.relief.task) if agent.relief else ("", "")
    act = Act(
        f"Move {task} to {to}", "POST", f"/tasks/{task}/move", {"agent": to}, typed("callboard", "move", task, to), "move",
        Act(f"Move {task} back to {agent.name}", "POST", f"/tasks/{task}/move", {"agent": agent.name},
            typed("callboard", "move", task, agent.name), "move"),
    )  # fmt: skip
    return Draft(
        kind="give-away", about=f"{agent.name} to {to}", title=f"Give {to} what waits for {agent.name}",
        words=f"{to} offers the same and has room; the task that waits first would start at once.", severity="medium",
        reasons=(f"{agent.words}.", f"{agent.relief.words}." if agent.relief else ""),
        evidence=((f"Agent {agent.name}", f"/agents/{part(agent.name)}"), (f"Task {task}", f"/tasks/{task}")),
        href=f"/tasks/{task}",
        risk=Risk("low", "Another agent may use another tool for the same; it can be moved back while it waits."),
        measure=Measure("task", task), acts=(act,), no_gain=NO_GAIN, blocks=agent.waiting,
        blocks_words=count(agent.waiting, "task waits", "tasks wait"), agents=(agent.name, to),
    )  # fmt: skip


def _paused(agent: AgentFact) -> Draft:
    act = Act(
        f"Let {agent.name} work again", "POST", f"/agents/{part(agent.name)}/resume", {}, typed("callboard", "resume", agent.name),
        "resume",
        Act(f"Pause {agent.name} again", "POST", f"/agents/{part(agent.name)}/pause", {"reason": agent.pause_reason},
            typed("callboard", "pause", agent.name), "pause"),
    )  # fmt: skip
    why = f": {agent.pause_reason}" if agent.pause_reason else ", and said no reason"
    incident = BY_INCIDENT.search(agent.pause_reason)
    title = f"Ask {agent.paused_by} whether {agent.name} may work again"
    if incident is not None:
        title = f"Incident {incident[1]} keeps {agent.name} paused: end it once it is over"
        why += f"; `callboard incident end {incident[1]}` lets it work again"
    return Draft(
        kind="resume", about=agent.name, title=title,
        words=f"{agent.paused_by} paused it{why}. {count(agent.waiting, 'task waits', 'tasks wait')} for it and for nothing else.",
        severity="high",
        reasons=(f"{count(agent.waiting, 'task waits', 'tasks wait')}, the oldest for {lasting(agent.oldest_s)}.",),
        evidence=((f"Agent {agent.name}", f"/agents/{part(agent.name)}"),), href=f"/agents/{part(agent.name)}",
        risk=Risk("medium", f"{agent.paused_by} had a reason to pause it, and may still have it."),
        measure=Measure("gone", f"paused:{agent.name}"), acts=() if incident is not None else (act,),
        waits_since=agent.paused_at or None, blocks=agent.waiting,
        blocks_words=count(agent.waiting, "task waits", "tasks wait"), agents=(agent.name,),
    )  # fmt: skip


def _lower(agent: AgentFact) -> Draft:
    limit = max(1, agent.running - 1)
    back = _concurrency(agent.name, agent.limit, f"Back to {agent.limit or 'no limit of its own'}")
    act = _concurrency(agent.name, limit, f"Let {agent.name} do {limit} at once", back)
    return Draft(
        kind="concurrency-lower", about=agent.name, title=f"Let {agent.name} do {limit} at once until there is memory again",
        words=f"Memory is short on this machine, so nothing new starts, and {agent.name} does {agent.running} things at once.",
        severity="high", reasons=(f"Memory is short; {agent.name} runs {count(agent.running, 'task')}.",),
        evidence=(("The machine", "/machine"),), href="/machine",
        risk=Risk("low", "What runs goes on; its work takes longer in all. The former number is one click away."),
        measure=Measure("wait", "memory", ""), acts=(act,), blocks=agent.waiting, agents=(agent.name,),
        blocks_words=count(agent.waiting, "task waits", "tasks wait") if agent.waiting else "",
    )  # fmt: skip


def _is_costly(cause: Cause, busy: set[str]) -> bool:
    if cause.seconds < LEAST_COST_S or cause.share < LEAST_SHARE:
        return False
    return not (len(cause.agents) == 1 and cause.agents[0] in busy)


def _bottleneck(cause: Cause) -> Draft:
    return Draft(
        kind="bottleneck", about=cause.key, title=f"{_cap(cause.words)} cost {lasting(cause.seconds)} this week",
        words=_cap(cause.relief) + "." if cause.relief else "Look at what holds it and for how long; no change was tried for it.",
        severity="medium",
        reasons=(
            f"{count(cause.tasks, 'task')} waited for it {lasting(cause.seconds)} in all, {percent(cause.share)} of all waiting.",
            f"{_cap(cause.detail)}." if cause.detail else "",
            f"Work of {', '.join(cause.agents[:5])}." if cause.agents else "",
        ),
        acts=(
            _concurrency(
                cause.agent, cause.limit + 1, f"Let {cause.agent} do {cause.limit + 1} at once",
                _concurrency(cause.agent, cause.limit, f"Back to {cause.limit} at once"),
            ),
        )
        if cause.agent and cause.limit
        else (),
        evidence=(("Where the time went", cause.href or "/insights"),), href=cause.href or "/insights", risk=NO_RISK,
        measure=Measure("wait", cause.key), gain=gain_of_days(cause.days, "waited for it"),
        no_gain=f"Fewer than {ENOUGH_DAYS} days are known, so it is not said what a change saves.", agents=cause.agents,
        weights=(("share", round(cause.share * 15, 1), f"{percent(cause.share)} of all waiting"),),
    )  # fmt: skip


def _of_numbers(facts: Facts) -> Iterator[Draft]:
    for need in facts.needs:
        over = need.memory_used_mb and need.memory_mb > NEED_TIMES * need.memory_used_mb
        over = over or (need.cpus_used and need.cpus > NEED_TIMES * need.cpus_used)
        if need.killed or (need.fixed and over and need.n >= NEED_RUNS):
            yield _need(need.job, need.declared, need.used, need.n, killed=need.killed, fixed=need.fixed)
    for drift in facts.drifts:
        if drift.after_s >= DRIFT_TIMES * drift.before_s and drift.after_s - drift.before_s >= DRIFT_S:
            more = drift.after_s - drift.before_s
            yield Draft(
                kind="drift", about=drift.job, title=f"{drift.job} takes {lasting(more)} longer than it did",
                words="Compare a run of now with one of before: what changed in between is named there.", severity="medium",
                reasons=(
                    f"{_cap(drift.words)}.",
                    f"{lasting(drift.before_s)} before, {lasting(drift.after_s)} in {count(drift.n, 'run')} since.",
                ),
                evidence=((drift.job, drift.href or "/runs"),), href=drift.href or "/runs", risk=NO_RISK,
                measure=Measure("job-time", drift.job),
                gain=Gain("for each run of it, if it were as fast as before", 0.0, more), jobs=(drift.job,),
                waits_since=drift.since,
            )  # fmt: skip
    for flaky in facts.flaky:
        if flaky.seconds >= FLAKY_S:
            yield Draft(
                kind="flaky-cost", about=flaky.name, title=f"Unsteady {flaky.name} cost {lasting(flaky.seconds)} this week",
                words="Mend it or put it aside: each of its further tries is paid by all that waits for it.", severity="medium",
                reasons=(f"{_cap(flaky.words)}.",), evidence=((flaky.name, flaky.href or "/insights"),),
                href=flaky.href or "/insights", risk=NO_RISK, measure=Measure("job-good", flaky.name),
                gain=Gain("a week, if it came out right at the first try", 0.0, flaky.seconds), jobs=(flaky.name,),
            )  # fmt: skip
    for repeat in facts.repeats:
        if repeat.runs >= REPEAT_RUNS and repeat.good >= REPEAT_GOOD * repeat.runs and repeat.seconds >= REPEAT_S:
            yield _reads(repeat.job, repeat.runs, repeat.good, repeat.seconds, repeat.days, repeat.href)


def _need(job: str, declared: str, used: str, n: int, *, killed: bool, fixed: bool) -> Draft:
    what = "raise its memory limit" if killed else "declare less"
    why = "it was ended at its memory limit" if killed else f"it never used half of that in {n} runs"
    keeps = ", and `fixed = true` keeps runs from correcting it" if fixed else ""
    return Draft(
        kind="need", about=job, title=f"{job} declares {declared} and used {used}: {what}",
        words=f"Change [jobs.\"{job}\"] in callboard.toml, as {why}{keeps}.",
        severity="medium" if killed else "low", reasons=(f"Declared {declared}, used {used} in {n} runs.",),
        evidence=(("What jobs need", "/insights"),), href="/insights", risk=NO_RISK,
        measure=Measure("job-good", job) if killed else Measure("wait", "memory"), jobs=(job,),
        no_gain="How much sooner other work would start was not simulated; `callboard whatif` tells.",
    )  # fmt: skip


def _reads(job: str, runs: int, good: int, seconds: float, days: float, href: str) -> Draft:
    saved = max(0.0, seconds * PER_WEEK / max(1.0, days))
    return Draft(
        kind="reads", about=job, title=f"Say which files {job} reads",
        words=f"Write reads = ['…'] into [jobs.\"{job}\"]: while none of these files changes, `--affected` leaves the job out.",
        severity="low",
        reasons=(f"It ran {runs} times in {days:.0f} days, {good} of them good, and took {lasting(seconds)} in all.",),
        evidence=((job, href),), href=href,
        risk=Risk("low", "A file that is forgotten there would let a broken job pass until it is run whole."),
        measure=Measure("job-cost", job), jobs=(job,),
        gain=Gain("a week, from nothing (its files change each time) to all that it took", 0.0, saved),
    )  # fmt: skip


def gain_of_days(days: Sequence[float], what: str) -> Gain | None:
    """What was lost on 8 of 10 days, from the 10th to the 90th percentile, as a week; None for fewer than ENOUGH_DAYS."""
    if len(days) < ENOUGH_DAYS or max(days) <= 0:
        return None
    ordered = sorted(days)
    low, high = _at(ordered, 0.1), _at(ordered, 0.9)
    words = f"at most, a week: from {lasting(low)} to {lasting(high)} a day {what} (10th to 90th percentile of {len(days)} days)"
    return Gain(words, low * PER_WEEK, high * PER_WEEK)


def _at(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _cap(words: str) -> str:
    said = words.rstrip(". ")
    return f"{said[:1].upper()}{said[1:]}"
