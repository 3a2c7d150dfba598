"""What very many cases cost: a start, lists, a page, a search, a turn of the keeper and of the adviser; in CPU of one process."""

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from callboard.agents.catalogue import scan
from callboard.bench.figures import Figure, figure_of
from callboard.bench.instant import FixedMeter
from callboard.bench.past import put
from callboard.bench.ticking import TickingLauncher
from callboard.clock import SystemClock
from callboard.core.case_events import CaseGone, CaseMoved, CaseOpened, CaseSeen
from callboard.core.case_facts import CaseState, Cause, Symptom, family_of
from callboard.core.events import (
    AttemptBegan,
    AttemptDecided,
    AttemptEnded,
    EngineStarted,
    Event,
    FindingsFound,
    RunSubmitted,
)
from callboard.core.facts import How
from callboard.core.resources import Capacity
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskSpec, TaskState, Usage, Verdict
from callboard.desk import Desk
from callboard.desk.case_keeper import CaseKeeper
from callboard.desk.case_look import CaseLooking
from callboard.engine import Engine
from callboard.live import LiveFeed
from callboard.record.case_looks import CaseLooks
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog

OPEN, CLOSED, SYMPTOMS, TIMES = 2_000, 20_000, 100_000, 3
LARGEST = 1_000
ROOM = Capacity(4.0, 8_000.0, total_cpus=4.0, total_memory_mb=8_000.0)
CHECKS = tuple(
    f"{agent}.{job}"
    for agent in ("quality", "security", "api", "infra", "data")
    for job in ("tests", "lint", "types", "scan")
)
RULES = ("test-failed", "F401", "E501", "S105", "arg-type", "CVE-2026-1234", "drift")
WORDS = ("total", "cart", "order", "login", "token", "price", "stock", "mail", "queue", "index", "report", "invoice")
SEVERITIES = ("critical", "high", "medium", "medium", "low", "low", "info")


def cases(runs: int) -> list[Figure]:
    """The figures, each from `runs` tries on one data folder."""
    with tempfile.TemporaryDirectory(prefix="callboard-cases-") as folder:
        place = Path(folder)
        many_cases(place, OPEN, CLOSED, SYMPTOMS, TIMES)
        return measured(place, runs)


def measured(place: Path, runs: int) -> list[Figure]:
    """The figures of the data folder `data` and the workspace `shop` in the place."""
    took: dict[str, list[float]] = {}
    memory: list[float] = []
    for turn in range(runs):
        before = psutil.Process().memory_info().rss
        begun = time.process_time()
        database = open_database(place / "data")
        engine = Engine(
            clock=SystemClock(), log=SqliteLog(database), launcher=TickingLauncher(SystemClock(), 0.0, 0), meter=FixedMeter(ROOM),
            dice=lambda: 0.5, version="bench",
        )  # fmt: skip
        engine.state.halted = "a bench starts nothing"
        history = History(database)
        thread = threading.Thread(target=lambda engine=engine: asyncio.run(engine.run()), name="engine", daemon=True)
        thread.start()
        engine.ready.wait()
        took.setdefault("start of the engine", []).append((time.process_time() - begun) * 1_000)
        memory.append(max(0, psutil.Process().memory_info().rss - before) / (1 << 20))
        data = place / "data"
        desk = Desk(
            engine=engine, feed=LiveFeed(engine, dict, history.last_of_agents), history=history, data=data,
            workspace=place / "shop", version="bench", catalogue=scan(data),
        )  # fmt: skip
        try:
            _look(engine, desk, took, turn)
        finally:
            if engine.loop is not None:
                engine.loop.call_soon_threadsafe(engine.close)
            thread.join()
            database.close()
    goals = {
        "start of the engine": "≤ 3,500", "a list of 50": "≤ 200", "a list of 200 of all states": "≤ 400",
        "a list of 2,000": "≤ 2,500", "a list of 50 closed": "≤ 50", "search in words": "≤ 200", "a page": "≤ 100",
        "the first turn of the keeper": "≤ 7,500", "a turn of the adviser": "≤ 500",
    }  # fmt: skip
    named = f"{OPEN:,} open and {CLOSED:,} closed cases"
    figures = [figure_of(f"{named}: {name}", "ms", goals.get(name, ""), values) for name, values in took.items()]
    return [*figures, figure_of("memory that they take", "MiB", "≤ 400", memory[:1])]


def _look(engine: Engine, desk: Desk, took: dict[str, list[float]], turn: int) -> None:
    desk.cases(limit=1)
    wants: dict[str, Callable[[], object]] = {
        "a list of 50": lambda: desk.cases(state="open", limit=50),
        "a list of 200 of all states": lambda: desk.cases(),
        "a list of 2,000": lambda: desk.cases(state="open", limit=2_000),
        "a list of one agent": lambda: desk.cases(agent="quality", limit=50),
        "a list of one kind": lambda: desk.cases(kind="test", limit=50),
        "a list of 50 closed": lambda: desk.cases(state="closed", limit=50),
        "search in words": lambda: desk.cases(text="invoice queue", limit=50),
        "search everywhere": lambda: desk.search("invoice"),
        "a page": lambda: desk.case(CLOSED + 900),
        "the page of the largest": lambda: desk.case(CLOSED + 1),
        "the inbox": lambda: desk.inbox(),
        "the knowledge": lambda: desk.knowledge("invoice"),
        "how many are open": lambda: desk.case_count(),
    }
    for name, want in wants.items():
        _timed(took, name, want)
    desk.advice_watched = True
    desk.advise_anew()
    _timed(took, "a turn of the adviser", lambda: desk.advise_anew())
    keeper = CaseKeeper(
        engine, CaseLooking(desk, CaseLooks(desk.case_record.database), desk.spool, lambda _: "not trusted")
    )
    if turn == 0:
        _timed(took, "the first turn of the keeper", keeper.step)


def _timed(took: dict[str, list[float]], name: str, do: Callable[[], object]) -> None:
    begun = time.process_time()
    do()
    took.setdefault(name, []).append((time.process_time() - begun) * 1_000)


def many_cases(place: Path, opened: int, closed: int, symptoms: int, times: int, seed: int = 1) -> None:
    """A data folder with so many cases, made through the real record, a workspace, and a run that failed in a new way."""
    shop = place / "shop"
    shop.mkdir(parents=True, exist_ok=True)
    (shop / "callboard.toml").write_text("[workspace]\ndetect = false\n[cases]\nautomatic = false\n", "utf-8")
    dice = random.Random(seed)  # noqa: S311
    database = open_database(place / "data")
    log, state = SqliteLog(database), State()
    try:
        put(log, state, [EngineStarted(_begin(), 1, "bench")])
        for events in _story(dice, str(shop), opened, closed, symptoms, times):
            put(log, state, events)
    finally:
        database.close()


def _begin() -> float:
    return time.time() - 30 * 86_400.0


def _story(
    dice: random.Random, where: str, opened: int, closed: int, symptoms: int, times: int
) -> Iterator[list[Event]]:
    at, number = _begin(), 0
    yield [*_run(at, 1, f"{where}-before", "")]
    for _ in range(closed):
        at, number = at + 60.0, number + 1
        one = _symptom(dice, number, 0, at)
        words = "it went with commit 1234567"
        resolution = {"kind": "commit", "words": words, "what": "a commit"}
        yield [
            CaseOpened(at, number, where, one.title, one.severity, Cause("single", one.path, "one check saw it"), (one,)),
            CaseGone(at + 20.0, number, (one.key,), "it looked again", 1, "1.0", "c2"),
            CaseMoved(at + 20.0, number, CaseState.CLOSED, "Callboard", words, resolution=resolution),
        ]  # fmt: skip
    for size in _sizes(dice, opened, symptoms - closed):
        at, number = at + 60.0, number + 1
        several = tuple(_symptom(dice, number, nth, at) for nth in range(size))
        title = several[0].title
        cause = Cause("file", several[0].path, f"{several[0].path} cannot be parsed")
        yield [CaseOpened(at, number, where, title, several[0].severity, cause, several)]
        for again in range(1, times):
            yield [CaseSeen(at + again, number, several)]
    yield [*_run(time.time() - 60.0, 2, where, "tests/test_new.py::test_invoice fails")]


def _sizes(dice: random.Random, number: int, total: int) -> list[int]:
    """How many symptoms each case has: one is as large as can be, most are small."""
    weights = [dice.paretovariate(1.1) for _ in range(number - 1)]
    left = total - min(LARGEST, total // 2) - (number - 1)
    share = left / sum(weights)
    return [min(LARGEST, total // 2), *(1 + min(LARGEST - 1, int(weight * share)) for weight in weights)]


def _symptom(dice: random.Random, case: int, nth: int, at: float) -> Symptom:
    check, rule = dice.choice(CHECKS), dice.choice(RULES)
    words = dice.sample(WORDS, 3)
    kind = "test" if rule == "test-failed" else "finding"
    path = f"{words[0]}/{words[1]}_{case % 700}.py"
    message = f"{words[2]} of {words[0]} {case}.{nth}: expected {dice.randrange(100)}, was {dice.randrange(100)}"
    return Symptom(
        check, f"{case:x}-{nth:x}", kind, rule, dice.choice(SEVERITIES), f"{path}: {rule} {message}", path, dice.randrange(1, 900),
        message, family_of(rule, "tool", message), (("tool", "1.2.3"),), check.partition(".")[0], 1, "1.0", 1, at, at, code="c1 d1",
        why=f"{path} is where the others are too",
    )  # fmt: skip


def _run(at: float, number: int, where: str, fails: str) -> Iterator[Event]:
    """A run of all checks; with `fails` the first fails with that."""
    checks = ("quality.new",) if fails else CHECKS
    specs = tuple(TaskSpec(check, check.partition(".")[0], check, estimate=5.0) for check in checks)
    yield RunSubmitted(at, number, "default", where, "bench", "", Priority.MEDIUM, specs)
    for place, _ in enumerate(specs):
        bad = bool(fails) and place == 0
        yield AttemptDecided(at, number, place, 1, 1, "")
        yield AttemptBegan(at + 1.0, number, place, 1, Process(1, 1, ""))
        if bad:
            found = {"rule": "test-failed", "severity": "high", "path": fails.partition("::")[0], "line": 3, "column": 0,
                     "message": fails, "help": "", "tool": "pytest", "tool_version": "9", "fingerprint": "new"}  # fmt: skip
            yield FindingsFound(at + 4.0, number, place, 1, (found,))
        outcome, verdict = (TaskState.FAILED, Verdict.FAIL) if bad else (TaskState.SUCCEEDED, Verdict.PASS)
        yield AttemptEnded(at + 5.0, number, place, 1, How.EXITED, outcome, "", verdict, usage=Usage(1.0, 100.0))
