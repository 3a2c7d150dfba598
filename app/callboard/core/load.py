"""How loaded each agent is: what waits for room, for how long, why, and what would relieve it."""

from collections.abc import Iterable
from dataclasses import dataclass

from callboard.core.admit import Policy
from callboard.core.holds import (
    AgentBusy,
    AgentDrains,
    AgentPaused,
    Hold,
    NobodyCan,
    Reserved,
    WaitsForCpus,
    WaitsForMemory,
)
from callboard.core.queue import Bucket
from callboard.core.relief import Relief, relief
from callboard.core.state import State

MOST_HELD = 6
LONG_S = 60.0
SOON_S = 5.0
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class HeldBy:
    """`tasks` wait for the same reason; one sentence of it is `hold`, true for at least `seconds`."""

    hold: Hold
    tasks: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """What an agent has to do. `queue` counts tasks that lack nothing but room; the oldest became ready `oldest_wait_s` ago.

    An agent is `overloaded` when something has waited for LONG_S, or more waits than it does in ROUNDS rounds and not only
    since just now; one that is paused or not here is not.
    """

    agent: str
    queue: int
    oldest_wait_s: float | None
    running: int
    limit: int
    held: tuple[HeldBy, ...]
    overloaded: bool

    @property
    def words(self) -> str:
        """'9 wait, the oldest for 4 min, most for cpus'; '' when nothing waits."""
        if not self.queue or self.oldest_wait_s is None:
            return ""
        first = self.held[0]
        share = "" if self.queue == 1 or first.tasks == self.queue else "most "
        if self.queue == 1:
            return f"1 waits, for {lasting(self.oldest_wait_s)}, {cause(first.hold)}"
        return f"{self.queue} wait, the oldest for {lasting(self.oldest_wait_s)}, {share}{cause(first.hold)}"


def lasting(seconds: float) -> str:
    """'40 s', '4 min', '2 h'."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0.0, seconds) // 1:.0f} s"


def cause(hold: Hold) -> str:
    """'for cpus', 'because ann paused it'."""
    match hold:
        case AgentPaused(by=by):
            return f"because {by} paused it"
        case AgentDrains(by=by):
            return f"because {by} drains it"
        case AgentBusy(limit=limit):
            return f"for its limit of {limit} at once"
        case NobodyCan():
            return "because it is not here"
        case WaitsForCpus() | WaitsForMemory():
            return f"for {hold.kind}"
        case Reserved(name=name):
            return f"because room is kept for {name}"
        case _:
            return f"for {hold.key}"


def loads(state: State, now: float) -> dict[str, Load]:
    """The load of every agent for which something waits for room; O(kinds of waiting tasks)."""
    by_agent: dict[str, list[Bucket]] = {}
    for bucket in state.ready.buckets():
        if bucket.count:
            by_agent.setdefault(bucket.agent, []).append(bucket)
    return {agent: _load(state, agent, found, now) for agent, found in by_agent.items()}


def no_load(state: State, agent: str) -> Load:
    """The load of an agent for which nothing waits for room."""
    known = state.agents.get(agent)
    return Load(agent, 0, None, len(state.working.get(agent, ())), known.limit if known else 0, (), False)


def relief_of(state: State, now: float, policy: Policy, load: Load) -> Relief | None:
    """What would let some of it start now, None where nothing is found."""
    return relief(state, now, policy, load.agent, [held.hold for held in load.held]) if load.queue else None


def _load(state: State, agent: str, buckets: Iterable[Bucket], now: float) -> Load:
    queue, since = 0, now
    held: dict[str, HeldBy] = {}
    for bucket in buckets:
        oldest, head = bucket.oldest(), bucket.head()
        hold = state.hold_of(head, now) if head is not None else None
        if oldest is None or head is None or hold is None:
            continue
        queue += bucket.count
        since = min(since, now if oldest.ready_at is None else oldest.ready_at)
        known = held.get(hold.key)
        seconds = max(0.0, now - state.since_of(head))
        if known is None:
            held[hold.key] = HeldBy(hold, bucket.count, seconds)
        else:
            held[hold.key] = HeldBy(known.hold, known.tasks + bucket.count, max(known.seconds, seconds))
    plain = no_load(state, agent)
    most = sorted(held.values(), key=lambda one: -one.tasks)[:MOST_HELD]
    wait = now - since
    able = not state.trouble_of(agent) if agent else True
    busy = queue > ROUNDS * max(1, plain.running) and wait >= SOON_S
    overloaded = able and queue > 0 and (busy or wait >= LONG_S)
    return Load(agent, queue, wait if queue else None, plain.running, plain.limit, tuple(most), overloaded)
