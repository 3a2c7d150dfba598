"""A world around the real engine: everything that can happen to it, in an order that a seed decides."""

import asyncio
import math
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from callboard.core import commands as c
from callboard.core.chronicle import Chronicle
from callboard.core.events import AttemptDecided, CancelAsked, DecisionMade, RetryAsked, TaskTaken
from callboard.core.facts import Asked, Found, How, Kept, Measured, Progressed
from callboard.core.invariants import (
    cancelled_is_quiet,
    capacity_kept,
    log_equals_state,
    nothing_lost,
    of_state,
)
from callboard.core.resources import Capacity, Lock, Needs
from callboard.core.task import AttemptKey, Candidate, Limits, Priority, Retry, TaskKey, TaskSpec, TaskState, Verdict
from callboard.core.yielding import Reading, Rule, Surroundings
from callboard.engine import Engine
from fakes import Crash, FakeClock, FakeLauncher, FakeLog, FakeMeter, FakeResolver

WHOLE = Capacity(4.0, 4096.0, 4.0, 4096.0, {"gpu": 2.0}, slots=6)
RULE = Rule(
    quiet=True, yield_endpoints=("api",), yield_p95_ms=500.0, resume_after_s=5.0, stale_after_s=60.0, at_most_s=90.0
)
AGENTS = ("alpha", "beta")
PEOPLE = ("ann", "bob")
FINDING = {"rule": "r", "severity": "low", "path": "a.py", "line": 1, "column": 0, "message": "m", "help": "",
           "tool": "t", "tool_version": "1", "fingerprint": "f"}  # fmt: skip


class Broken(AssertionError):
    """A promise was broken; the message holds what and the last steps."""


def random_specs(dice: random.Random, most: int) -> tuple[TaskSpec, ...]:
    """A random graph, whose places are in no particular order."""
    count = dice.randint(1, most)
    places = list(range(count))
    dice.shuffle(places)
    specs: dict[int, TaskSpec] = {}
    for nth, place in enumerate(places):
        before = places[:nth]
        depends = tuple(p for p in before if dice.random() < 1.2 / (nth + 1))
        after = tuple(p for p in before if dice.random() < 0.5 / (nth + 1))
        agent = dice.choice(("", *AGENTS))
        locks = tuple(Lock(n, dice.random() < 0.5) for n in ("db", "port") if dice.random() < 0.25)
        candidates = (
            tuple(Candidate("p", name, f"{name}.do", "doing") for name in AGENTS) if dice.random() < 0.4 else ()
        )
        specs[place] = TaskSpec(
            name=f"job{place}",
            plugin="p" if agent else "",
            undo="undo" if agent and dice.random() < 0.4 else "",
            candidates=candidates if agent else (),
            wants="doing" if agent and candidates and dice.random() < 0.5 else "",
            agent=agent,
            action=f"{agent}.do" if agent else "",
            depends=depends,
            after=after,
            needs=Needs(
                cpus=dice.choice((0.5, 1.0, 2.0, 3.0)),
                memory_mb=dice.choice((64.0, 512.0, 1500.0, 3000.0)),
                locks=locks,
                extra=(("gpu", dice.choice((1.0, 2.0))),) if dice.random() < 0.15 else (),
            ),
            limits=Limits(time_s=dice.choice((0.0, 20.0, 60.0))),
            retry=Retry(attempts=dice.choice((1, 1, 2, 3))),
            idempotent=dice.random() < 0.7,
            strict=dice.random() < 0.2,
            estimate=dice.choice((0.5, 5.0, 30.0)),
            heavy=(place + nth) % 3 == 0,
        )
    return tuple(specs[place] for place in range(count))


class World:
    """The real engine on fakes. `play` lets `steps` things happen and checks every promise after each; `calm` ends all work."""

    def __init__(
        self,
        seed: int,
        engine: Callable[..., Engine] = Engine,
        log: Callable[[], FakeLog] = FakeLog,
        launcher: Callable[..., FakeLauncher] = FakeLauncher,
    ) -> None:
        self.dice = random.Random(seed)
        self.sky = random.Random(seed + 1)  # over the platform, so that the rest goes on as without it
        self.clock = FakeClock(1000.0)
        self.log = log()
        self.launcher = launcher(self.clock, stop_takes=lambda: self.dice.uniform(0.0, 9.0))
        self.meter = FakeMeter(WHOLE)
        self.make = engine
        self.resolver = FakeResolver()
        self.around = Surroundings(RULE)
        self.story: list[str] = []
        self.acknowledged: list[int] = []
        self.cancelled: dict[int, float] = {}
        self.words: dict[TaskKey, int] = {}
        self.asked: list[tuple[asyncio.Task[int], c.Command]] = []
        self.chronicle = Chronicle(math.inf)  # while the disk is full a wish has no effect; `cancelled` knows
        self._chronicled = 0

    async def start(self) -> None:
        """A new engine takes over."""
        self.engine = self.make(
            clock=self.clock, log=self.log, launcher=self.launcher, meter=self.meter, dice=self.dice.random,
            version="1", keep_ended=3, resolver=self.resolver,
        )  # fmt: skip
        self.engine.surroundings = self.around
        self.log.fault = ""
        for run in self.cancelled:
            self.cancelled[run] = self.clock.now
        await self.engine.take_over()
        self.check()

    async def crash(self) -> None:
        """The engine's process is gone, with all that it had not written; time goes by, then a new one comes."""
        self.launcher.deliver = lambda fact: None
        for task, _ in self.asked:
            task.cancel()
        await asyncio.gather(*(task for task, _ in self.asked), return_exceptions=True)
        self.asked.clear()
        self.resolver.waiting.clear()
        for _ in range(self.dice.randint(0, 3)):
            self.pass_time(self.dice.choice((0.1, 3.0, 40.0)))
            self.move_an_attempt()
        if self.launcher.alive and self.dice.random() < 0.3:
            self.launcher.vanish(self.dice.choice(sorted(self.launcher.alive)))
        await self.start()

    async def step(self) -> None:
        """One step of the engine, and what it answers."""
        written, halted = len(self.log.events), self.engine.state.halted
        held = tuple(self.engine.state.yields.active)
        try:
            self.engine.step()
        except Crash:
            self.note(f"crash {self.log.fault} writing")
            await self.crash()
            return
        await asyncio.sleep(0)
        for task, command in [pair for pair in self.asked if pair[0].done()]:
            self.asked.remove((task, command))
            if task.exception() is None and isinstance(command, c.Submit):
                self.acknowledged.append(task.result())
        fresh = self.log.events[written:]
        decided = [TaskKey(event.run, event.task) for event in fresh if isinstance(event, AttemptDecided)]
        wrong = [] if halted else self.spare_the_platform(decided, held)
        if wrong:
            raise Broken("\n".join([*wrong, "after:", *self.story[-40:]]))
        self.check(() if halted else decided)  # what a full disk held back was decided for the room of then

    def check(self, started: Collection[TaskKey] = ()) -> None:
        """All eight promises."""
        state, now = self.engine.state, self.clock.now
        fresh = self.log.events[self._chronicled :]
        self._chronicled = len(self.log.events)
        for event in fresh:
            self.chronicle.add(event)
            match event:
                case CancelAsked() if event.task < 0:
                    self.cancelled.setdefault(event.run, now)
                case TaskTaken():
                    self.cancelled.pop(event.run, None)
                case RetryAsked():
                    self.cancelled.pop(event.run, None)
                    for key in {key.of for key in self.launcher.ran if key.run == event.run}:
                        self.words[key] = self.words.get(key, 0) + 1
                case DecisionMade() if event.choice == "retry":
                    key = TaskKey(event.run, event.task)
                    self.words[key] = self.words.get(key, 0) + 1
                case _:
                    pass
        wrong = [*self.chronicle.wrong, *self.launcher.wrong, *of_state(state, now)]
        wrong += nothing_lost(self.log.events, self.acknowledged)
        wrong += self.run_too_often()
        wrong += capacity_kept(state, started)
        if not state.halted:
            wrong += cancelled_is_quiet(state, self.cancelled, now)
            wrong += log_equals_state(state, self.log.events)
        if wrong:
            raise Broken("\n".join([*wrong[:5], "after:", *self.story[-40:]]))

    def run_too_often(self) -> list[str]:
        """6, by what the launcher saw: work that is not idempotent began once, and once more for each person's word."""
        return [
            f"{order.key.of} ran {self.launcher.runs_of(order.key.of)} times"
            for order in self.launcher.orders
            if not order.spec.idempotent and self.launcher.runs_of(order.key.of) > 1 + self.words.get(order.key.of, 0)
        ]

    def note(self, words: str) -> None:
        self.story.append(f"{self.clock.now:.1f} {words}")

    def ask(self, command: c.Command) -> None:
        """Wishes for something; refusals are fine."""
        self.note(str(command)[:200])
        task = asyncio.ensure_future(self.engine.ask(command))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.asked.append((task, command))

    def pass_time(self, seconds: float) -> None:
        """Time goes by in steps, in which told attempts end."""
        until = self.clock.now + seconds
        due = sorted(a.stop_by for a in self.launcher.alive.values() if a.stop_by is not None and a.stop_by <= until)
        for moment in due:
            self.clock.now = max(self.clock.now, moment)
            self.launcher.tick()
        self.clock.now = until

    def move_an_attempt(self) -> None:
        """Something happens to one attempt."""
        if not self.launcher.alive:
            return
        key = self.dice.choice(sorted(self.launcher.alive))
        attempt = self.launcher.alive[key]
        if attempt.process is None and self.dice.random() < 0.8:
            self.launcher.begin(key)
            self.note(f"{key} began")
            return
        how, code, verdict = self.dice.choice(
            ((How.EXITED, 0, None), (How.EXITED, 0, Verdict.PASS), (How.EXITED, 1, None), (How.EXITED, 0, Verdict.FAIL),
             (How.EXITED, 0, Verdict.UNKNOWN), (How.CRASHED, -11, None), (How.TIME, None, None), (How.MEMORY, None, None),
             (How.LOST, None, None), (How.NOT_STARTED, None, None))
        )  # fmt: skip
        if attempt.process is None:
            how = How.NOT_STARTED
        elif how is How.NOT_STARTED:
            how = How.CRASHED
        self.note(f"{key} ends: {how} {code} {verdict}")
        self.launcher.end(key, how, code=code, verdict=verdict, jobs=self.jobs(key))

    def jobs(self, key: AttemptKey) -> tuple[Mapping[str, Any], ...]:
        """What an attempt wants to add: mostly nothing, seldom what cannot be."""
        dice = self.dice
        if dice.random() < 0.75:
            return ()
        names = [f"added {key} {nth}" for nth in range(dice.randint(1, 4))]
        known = [*names, "job0", "job1", "job*", "added *", "nobody"]
        return tuple(
            {
                "name": dice.choice(known) if dice.random() < 0.05 else name,
                "action": "nowhere.at all" if dice.random() < 0.05 else f"{dice.choice(AGENTS)}.do",
                "needs_jobs": tuple(dice.choice((*names[:nth], *known[-5:])) for _ in range(dice.choice((0, 0, 1, 2)))),
                "after": (dice.choice(known),) if dice.random() < 0.15 else (),
            }
            for nth, name in enumerate(names)
        )

    def speak(self) -> None:
        """An attempt says something; also of attempts that are long over, and things that were said before."""
        if self.launcher.told and self.dice.random() < 0.5:
            self.engine.deliver(self.dice.choice(self.launcher.told))
            return
        key = self.dice.choice(sorted(self.launcher.alive)) if self.launcher.alive else AttemptKey(1, 0, 1)
        now = self.clock.now
        self.engine.deliver(
            self.dice.choice(
                (Found(key, now, (FINDING,)), Measured(key, now, (("m", 1.0, ""),)), Kept(key, now, "a", "a", 1),
                 Asked(key, now, "q1", "Go on?", ("yes", "no")), Progressed(key, now, 0.5, "half"))
            )
        )  # fmt: skip

    def wish(self) -> None:
        """A person wants something, sensible or not."""
        dice, state = self.dice, self.engine.state
        run = dice.choice(sorted(state.runs)) if state.runs else 1
        size = len(state.runs[run].tasks) if run in state.runs else 1
        place = dice.randrange(size)
        undecided = [t for r in state.runs.values() for t in r.tasks if t.state is TaskState.NEEDS_DECISION]
        if undecided and dice.random() < 0.5:
            task = dice.choice(undecided)
            self.ask(
                dice.choice(
                    (
                        c.DecideTask(task.run.id, task.index, dice.choice(("retry", "give up")), "ann"),
                        c.FinishTask(task.run.id, task.index, dice.choice(PEOPLE), dice.random() < 0.6, "by a script"),
                        c.ReleaseTask(task.run.id, task.index, dice.choice(PEOPLE)),
                    )
                )
            )
            return
        agent = dice.choice(AGENTS)
        wishes: tuple[c.Command, ...] = (
            c.Cancel(run, place, "ann"),
            c.Cancel(run, None, "ann", "enough"),
            c.TryAgain(run, place, "ann"),
            c.TryAgain(run, None, "ann"),
            c.DecideTask(run, place, "retry", "ann"),
            c.AnswerQuestion(run, place, "q1", dice.choice(("yes", "maybe")), "ann"),
            c.SetPriority(run, dice.choice(list(Priority)), "ann"),
            c.PauseAgent(agent, "ann"),
            c.ResumeAgent(agent, "ann"),
            c.DrainAgent(agent, dice.choice(PEOPLE), "upgrade"),
            c.StopAgent(agent, "ann", "broken", restart=dice.random() < 0.6),
            c.TakeTask(run, place, dice.choice(PEOPLE)),
            c.TakeTask(run, place, "ann"),
            c.FinishTask(run, place, dice.choice(PEOPLE), dice.random() < 0.6, "by a script"),
            c.ReleaseTask(run, place, dice.choice(PEOPLE)),
            c.LimitAgent(agent, dice.choice((-1, 0, 1, 2)), "ann"),
            c.NameAgents(dice.choice((AGENTS, AGENTS, ("alpha",)))),
            c.MoveTask(run, place, agent, "ann"),
            c.PassOver("nightly", self.clock.now, 0, "quiet"),
        )
        self.ask(dice.choice(wishes))

    def submit(self) -> None:
        """A run of a random graph; sometimes the same key again."""
        key = self.dice.choice(("", "", "k1", "k2"))
        self.ask(
            c.Submit("p", "/w", random_specs(self.dice, 7), "ann", priority=self.dice.choice(list(Priority)), key=key)
        )

    def shift_room(self) -> None:
        """The machine has another amount of room."""
        dice = self.dice
        self.meter.now = Capacity(
            dice.choice((0.0, 1.0, 2.0, 4.0)), dice.choice((0.0, 600.0, 2000.0, 4096.0)), 4.0, 4096.0,
            {"gpu": dice.choice((0.0, 1.0, 2.0))}, slots=dice.choice((1, 3, 6)), pressed=dice.random() < 0.25,
        )  # fmt: skip
        self.note(f"room {self.meter.now}")

    def shift_platform(self) -> None:
        """The platform is slower or quicker, nobody measures it any more, a crew begins or ends, or the team changes the rule."""
        dice, now = self.sky, self.clock.now
        rule = dice.choice((RULE, RULE, RULE, replace(RULE, quiet=False), replace(RULE, yield_p95_ms=None), Rule()))
        reading = Reading("api", dice.choice((90.0, 499.0, 501.0, 4_000.0, None)), 100.0, dice.choice((1, 20)), now)
        self.around = Surroundings(rule, dice.choice(((), (reading,), (reading,), self.around.readings)))
        self.engine.surroundings = self.around
        self.note(f"platform {self.around}")
        if dice.random() < 0.5:
            what = dice.choice(("workflow-started", "workflow-ended"))
            fact = {"what": what, "at": now, "workflow": dice.choice(("w1", "w2")), "ok": True}
            self.ask(c.TellCrew("journal", "observer", (fact,)))

    def spare_the_platform(self, decided: Collection[TaskKey], before: Collection[str]) -> list[str]:
        """No heavy task starts while a rule holds, but one that has waited for as long as it has to."""
        yields, now = self.engine.state.yields, self.clock.now
        if not yields.active or set(before) != set(yields.active):
            return []
        tasks = [self.engine.state.task(key) for key in decided if key.run in self.engine.state.runs]
        return [
            f"{task.key} is heavy and starts while {', '.join(yields.active)} holds"
            for task in tasks
            if task.spec.heavy and not yields.spent(task.yielded, now)
        ]

    async def play(self, steps: int) -> None:
        """Lets things happen."""
        await self.start()
        self.ask(c.NameAgents(AGENTS))
        for _ in range(steps):
            chance = self.dice.random()
            if self.dice.random() < 0.5:
                self.resolver.answer()
            if chance < 0.10 and len(self.engine.state.runs) < 5:
                self.submit()
            elif chance < 0.55:
                self.move_an_attempt()
            elif chance < 0.68:
                self.wish()
            elif chance < 0.74:
                self.speak()
            elif chance < 0.80:
                self.shift_room()
            elif chance < 0.83:
                self.log.fault = self.dice.choice(("full", "held", "before", "after"))
                self.note(f"log fault {self.log.fault}")
            elif chance < 0.86:
                self.note("crash")
                await self.crash()
            else:
                self.log.fault = ""
            if self.sky.random() < 0.08:
                self.shift_platform()
            self.pass_time(self.dice.choice((0.0, 0.2, 1.5, 8.0)))
            await asyncio.sleep(0)
            await self.step()

    async def calm(self) -> None:
        """All is well from now on: everything must come to an end, or wait for a person, within bounded time."""
        self.log.fault = ""
        self.meter.now = WHOLE
        if self.sky.random() < 0.5:
            self.around = replace(self.around, readings=())
            self.engine.surroundings = self.around
        self.ask(c.NameAgents(AGENTS))
        for agent in AGENTS:
            self.ask(c.ResumeAgent(agent, "ann"))
        for _ in range(400):
            self.resolver.answer()
            await asyncio.sleep(0)
            await self.step()
            state = self.engine.state
            waiting = [t for r in state.runs.values() for t in r.tasks if not t.final]
            if not waiting and not self.launcher.alive and not self.asked:
                return
            for task in waiting:
                if task.taken is not None:
                    self.ask(
                        c.FinishTask(task.run.id, task.index, task.taken.by, self.dice.random() < 0.7, "in the end")
                    )
                elif task.state is TaskState.NEEDS_DECISION:
                    self.ask(c.DecideTask(task.run.id, task.index, "give up", "ann"))
            for key, attempt in list(self.launcher.alive.items()):
                if attempt.process is None:
                    self.launcher.begin(key)
                elif self.dice.random() < 0.5:
                    self.launcher.end(key, How.EXITED, code=0)
            self.pass_time(self.dice.choice((1.0, 5.0, 20.0)))
        holds = [f"{t.key} {t.state}: {h.words() if (h := state.hold_of(t, self.clock.now)) else ''}" for t in waiting]
        raise Broken("\n".join(["these wait for ever:", *holds, "after:", *self.story[-40:]]))
