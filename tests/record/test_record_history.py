"""What the read tables say of a small real run."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.core import commands as c
from callboard.core.facts import Found, How, Kept, Measured
from callboard.core.resources import Capacity
from callboard.core.run import RunState
from callboard.core.task import AttemptKey, Priority, Retry, TaskState, Verdict
from callboard.engine import Engine
from callboard.learn.durations import Learned, learned, percentile, with_estimates
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from callboard.record.samples import KEEP_S, Samples
from core_story import spec
from fakes import FakeClock, FakeLauncher, FakeMeter

ROOM = Capacity(4.0, 4096.0, 4.0, 4096.0)


def finding(rule: str, severity: str) -> dict[str, object]:
    return {"rule": rule, "severity": severity, "path": "a.py", "line": 3, "column": 0, "message": f"about {rule}", "help": "",
            "tool": "ruff", "tool_version": "1", "fingerprint": rule}  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Run 1: 'tests' crashed once, then failed with findings; 'deploy' was skipped. Run 2: 'lint' succeeded, with key 'k'."""
    database = open_database(tmp_path)

    async def live() -> None:
        clock = FakeClock()
        launcher = FakeLauncher(clock)
        engine = Engine(
            clock=clock,
            log=SqliteLog(database),
            launcher=launcher,
            meter=FakeMeter(ROOM),
            dice=lambda: 0.5,
            version="1",
        )
        await engine.take_over()

        async def ask(command: c.Command) -> int:
            wish = asyncio.ensure_future(engine.ask(command))
            await asyncio.sleep(0)
            engine.step()
            return await wish

        def after(seconds: float) -> None:
            clock.now += seconds
            engine.step()

        retry = Retry(attempts=2, first_s=4.0, jitter=0.0)
        jobs = (spec("tests", agent="quality", action="quality.tests", retry=retry), spec("deploy", 0, agent="infra"))
        await ask(c.Submit("ci", "/w/shop", jobs, "ann", priority=Priority.HIGH))
        first, second = AttemptKey(1, 0, 1), AttemptKey(1, 0, 2)
        launcher.begin(first)
        engine.deliver(Found(first, clock.now, (finding("F1", "high"),)))
        after(10.0)
        launcher.end(first, How.CRASHED, code=-9)
        after(0.0)
        after(4.0)
        launcher.begin(second)
        engine.deliver(Found(second, clock.now, (finding("F1", "low"), finding("F2", "critical"))))
        engine.deliver(Measured(second, clock.now, (("coverage", 81.5, "%"),)))
        engine.deliver(Kept(second, clock.now, "report.xml", "report.xml", 99, "junit", {"base": "abc"}))
        after(20.0)
        launcher.end(second, How.EXITED, code=1, verdict=Verdict.FAIL)
        after(0.0)
        await ask(c.Submit("ci", "/w/shop", (spec("lint", agent="quality"),), "bob", key="k"))
        launcher.begin(AttemptKey(2, 0, 1))
        after(5.0)
        launcher.end(AttemptKey(2, 0, 1), How.EXITED, code=0)
        after(0.0)
        await ask(c.PassOver("/w/shop:nightly", 900.0, 2, "quiet hours"))

    asyncio.run(live())
    yield History(database)
    database.close()


def test_runs(history: History) -> None:
    newest, oldest = history.runs()
    assert (newest["id"], newest["state"], newest["by"], newest["done"], newest["total"]) == (
        2,
        "succeeded",
        "bob",
        1,
        1,
    )
    assert (oldest["id"], oldest["state"], oldest["priority"], oldest["workspace_name"]) == (
        1,
        "failed",
        "high",
        "shop",
    )
    assert oldest["counts"] == {"failed": 1, "skipped": 1}
    assert [row["id"] for row in history.runs(before=2)] == [1]
    assert [row["id"] for row in history.runs(limit=1)] == [2]


def test_the_findings_of_a_run_are_those_of_the_newest_attempts_everywhere(history: History) -> None:
    row = history.runs(before=2)[0]
    run = history.run(1)
    assert run is not None
    assert run.tasks[0].findings == (1, 0, 0, 1, 0)
    assert {k: v for k, v in row["findings"].items() if v and k != "total"} == {"critical": 1, "low": 1}
    assert [(f["rule"], f["severity"]) for f in history.findings(run=1)] == [("F2", "critical"), ("F1", "low")]
    assert [f["rule"] for f in history.findings(severity="low")] == ["F1"]
    assert history.findings(agent="infra") == history.findings(run=2) == []
    assert len(history.findings(run=1, task=0, limit=1)) == 1


def test_one_run_comes_back_as_it_stands(history: History) -> None:
    run = history.run(1)
    assert run is not None
    tests, deploy = run.tasks
    assert (run.state, run.ended, run.unfinished) == (RunState.FAILED, 1034.0, 0)
    assert (tests.state, tests.verdict, tests.attempt, tests.started, tests.ended) == (
        TaskState.FAILED,
        Verdict.FAIL,
        2,
        1014.0,
        1034.0,
    )
    assert dict(tests.held) == {"backs off": 4.0}
    assert (deploy.state, deploy.outcome_reason) == (TaskState.SKIPPED, "needs tests, which failed")
    assert (tuple(tests.below), deploy.spec.depends) == ((1,), (0,))
    assert history.run(9) is None
    assert (history.run_by_key("k"), history.run_by_key("other"), history.run_by_key("")) == (2, 0, 0)


def test_attempts_with_what_they_kept(history: History) -> None:
    first, second = history.attempts(1, 0)
    assert (first["id"], first["how"], first["state"], first["code"]) == ("1.0#1", "crashed", "waiting", -9)
    assert first["reason"] == "crashed; tried again in 4 s"
    assert (second["state"], second["verdict"], second["usage"]["wall_s"], second["usage"]["cpu_s"]) == (
        "failed",
        "fail",
        20.0,
        1.5,
    )
    assert first["artifacts"] == []
    assert [(a["name"], a["size"], a["patch"]) for a in second["artifacts"]] == [("report.xml", 99, {"base": "abc"})]
    assert history.metrics(1, 0) == [{"attempt": 2, "at": 1014.0, "name": "coverage", "value": 81.5, "unit": "%"}]
    assert history.attempts(1, 1) == []


def test_events_as_sentences(history: History) -> None:
    everything = history.events()
    assert [row["seq"] for row in everything] == list(range(1, history.last_seq() + 1))
    of_deploy = history.events(run=1, task=1)
    assert of_deploy == []
    assert "Run 1 'ci' was submitted by ann" in str(history.events(run=1)[0])
    assert history.events(after=history.last_seq()) == []
    assert len(history.events(limit=3)) == 3
    assert len(list(history.run_events(1))) == len(history.events(run=1))


def test_agents_and_schedules(history: History) -> None:
    last = history.last_of_agents()
    assert set(last) == {"quality"}
    assert (last["quality"]["task"], last["quality"]["name"]) == ("2.0", "lint")
    assert [row["name"] for row in history.recent_of_agent("quality")] == ["lint", "tests"]
    assert history.schedules() == {"/w/shop:nightly": {"due": 900.0, "run": None, "missed": 2, "note": "quiet hours"}}


def test_samples_are_kept_for_a_while(history: History) -> None:
    samples = Samples(history.database)
    samples.write(
        [(100.0, 0, 0, 12.0, 900.0, {"load": 1.5}), (200.0, 1, 0, 0.5, 64.0, None), (300.0, 0, 0, 13.0, 901.0, None)]
    )
    assert history.samples(0, 0) == [
        {"at": 100.0, "cpus": 12.0, "memory_mb": 900.0, "load": 1.5},
        {"at": 300.0, "cpus": 13.0, "memory_mb": 901.0},
    ]
    assert [row["at"] for row in history.samples(0, 0, since=150.0)] == [300.0]
    assert [row["at"] for row in history.samples(0, 0, limit=1)] == [300.0]
    samples.forget(200.0 + KEEP_S)
    assert [row["at"] for row in history.samples(0, 0)] == [300.0]


def test_durations_are_learned_from_orderly_ends(history: History) -> None:
    known = learned(history.database, "/w/shop")
    assert known == {
        "tests": Learned(1, 20.0, 20.0, 100.0, 0.075, 0.075),
        "lint": Learned(1, 5.0, 5.0, 100.0, 0.3, 0.3),
    }
    assert learned(history.database, "/elsewhere") == {}
    assert [s.estimate for s in with_estimates([spec("tests"), spec("new")], known)] == [20.0, 10.0]


def test_percentiles_lie_between_neighbours() -> None:
    assert [percentile([1.0, 2.0, 4.0], share) for share in (0.0, 0.5, 0.75, 1.0)] == [1.0, 2.0, 3.0, 4.0]
    assert percentile([7.0], 0.8) == 7.0


def test_an_ended_run_is_brought_back_to_be_tried_again(history: History) -> None:
    async def live() -> None:
        engine = Engine(
            clock=FakeClock(2000.0), log=SqliteLog(history.database), launcher=FakeLauncher(FakeClock()), meter=FakeMeter(ROOM),
            dice=lambda: 0.5, version="1",
        )  # fmt: skip
        await engine.take_over()
        assert engine.state.runs == {}
        assert engine.state.last_run == 2
        await engine.revive(1, history.run_events(1))
        wish = asyncio.ensure_future(engine.ask(c.TryAgain(1, None, "ann")))
        await asyncio.sleep(0)
        engine.step()
        await wish
        assert [task.state for task in engine.state.runs[1].tasks] == [TaskState.STARTING, TaskState.WAITING]

    asyncio.run(live())
    run = history.run(1)
    assert run is not None
    assert (run.state, run.ended, run.tasks[0].attempt, run.tasks[0].findings) == (
        RunState.RUNNING,
        None,
        3,
        (0, 0, 0, 0, 0),
    )
