"""Attempts need no engine: a later one finds them, and knows how they ended."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from callboard.core.facts import Began, Ended, How, Kept, Progressed
from callboard.core.task import AttemptKey, Process, TaskSpec, Verdict
from callboard.launch.local import LocalLauncher
from callboard.measure.process import boot_id, read_stat
from callboard.ports import LeftRunning
from launch_stage import AGENTS, Stage, act, command, pids_with, soon

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from launch_stage import AGENTS, Stage, act, command
from callboard.launch.local import LocalLauncher

async def main():
    data, workspace = Path(sys.argv[1]), Path(sys.argv[2])
    stage = Stage(data, workspace, LocalLauncher(data, paths=[AGENTS]))
    await stage.launcher.open(stage.deliver)
    keys = [stage.launch(spec) for spec in (
        command("sh", "-c", "sleep 81.5"), act("sleeps"), command("sh", "-c", "sleep 0.4; exit 3"), command("true"))]
    for key in keys:
        began = await stage.began(key)
        print(json.dumps([began.process.pid, began.process.ticks, began.process.boot]), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def killed_engine(data: Path, workspace: Path) -> list[Process]:
    """Starts four attempts from another process, and kills it once they run."""
    engine = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SCRIPT,
        str(data),
        str(workspace),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(AGENTS.parent.parent)},
    )
    assert engine.stdout is not None
    found = []
    for _ in range(4):
        pid, ticks, boot = json.loads(await engine.stdout.readline())
        found.append(Process(pid, ticks, boot))
    engine.send_signal(signal.SIGKILL)
    await engine.wait()
    return found


async def test_adoption_after_a_kill(tmp_path: Path, workspace: Path) -> None:
    data = tmp_path / "data"
    processes = await killed_engine(data, workspace)
    await asyncio.sleep(0.6)
    stage = Stage(data, workspace, LocalLauncher(data, paths=[AGENTS]))
    await stage.launcher.open(stage.deliver)
    keys = [AttemptKey(1, number, 1) for number in (1, 2, 3, 4)]
    specs = [command("sleep", "81.5"), act("sleeps"), command("sh"), command("true")]
    left = [LeftRunning(k, p, s) for k, p, s in zip(keys, processes, specs, strict=True)]
    left[1] = replace(left[1], process=None)
    await stage.launcher.adopt([*left, LeftRunning(AttemptKey(1, 9, 1), None, command("true"))])
    (began,) = stage.of(keys[0], Began)
    assert isinstance(began, Began)
    assert (began.adopted, began.process) == (True, processes[0])
    slept = await stage.ended(keys[1])
    assert (slept.how, slept.verdict, slept.reason) == (How.EXITED, Verdict.PASS, "slept well")
    assert stage.of(keys[1], Progressed)
    unwatched = await stage.ended(keys[2])
    assert (unwatched.how, unwatched.code) == (How.EXITED, 3)
    assert (await stage.ended(keys[3])).code == 0
    unborn = await stage.ended(AttemptKey(1, 9, 1))
    assert (unborn.how, unborn.never_ran) == (How.LOST, True)
    stage.launcher.stop(keys[0], "enough")
    stopped = await stage.ended(keys[0])
    assert (stopped.how, stopped.reason) == (How.STOPPED, "enough")
    assert pids_with("81.5") == []
    await stage.launcher.close()


async def test_adopted_attempt_whose_wrapper_is_killed(tmp_path: Path, workspace: Path) -> None:
    data = tmp_path / "data"
    first = Stage(data, workspace, LocalLauncher(data))
    await first.launcher.open(first.deliver)
    key = first.launch(command("sleep", "82.5"))
    process = (await first.began(key)).process
    await first.launcher.close()
    await soon(lambda: bool(pids_with("82.5")))
    second = Stage(data, workspace, LocalLauncher(data))
    await second.launcher.open(second.deliver)
    await second.launcher.adopt([LeftRunning(key, process, command("sleep", "82.5"))])
    await second.began(key)
    os.kill(process.pid, signal.SIGKILL)
    assert (await second.ended(key)).how is How.LOST
    assert pids_with("82.5") == []
    await second.launcher.close()


async def test_what_ran_when_the_machine_went_down_may_have_run(tmp_path: Path, workspace: Path) -> None:
    data = tmp_path / "data"
    (data / "attempts").mkdir(parents=True)
    (data / "attempts" / "boot").write_text("a boot long ago")
    stage = Stage(data, workspace, LocalLauncher(data))
    await stage.launcher.open(stage.deliver)
    starting, running = AttemptKey(1, 1, 1), AttemptKey(1, 2, 1)
    process = Process(os.getpid(), 1, "a boot long ago")
    spec = TaskSpec("t", argv=("true",))
    await stage.launcher.adopt([LeftRunning(starting, None, spec), LeftRunning(running, process, spec)])
    assert [((await stage.ended(k)).how, stage.of(k, Ended)[0].never_ran) for k in (starting, running)] == [  # type: ignore[union-attr]
        (How.LOST, False),
        (How.LOST, False),
    ]
    await stage.launcher.close()


async def test_a_number_that_was_taken_over_is_not_touched(tmp_path: Path, workspace: Path) -> None:
    data = tmp_path / "data"
    other = await asyncio.create_subprocess_exec("sleep", "83.5", start_new_session=True)
    stage = Stage(data, workspace, LocalLauncher(data))
    await stage.launcher.open(stage.deliver)
    key = AttemptKey(1, 1, 1)
    spec = TaskSpec("t", argv=("true",))
    await stage.launcher.adopt([LeftRunning(key, Process(other.pid, 1, boot_id()), spec)])
    assert (await stage.ended(key)).how is How.LOST
    assert other.returncode is None
    assert pids_with("83.5") == [other.pid]
    other.kill()
    await other.wait()
    await stage.launcher.close()


async def test_what_the_log_has_is_not_told_again(tmp_path: Path, workspace: Path) -> None:
    data = tmp_path / "data"
    first = Stage(data, workspace, LocalLauncher(data, paths=[AGENTS]))
    await first.launcher.open(first.deliver)
    key = first.launch(act("passes"))
    await first.ended(key)
    await soon((first.spool(key) / "exit.json").exists)
    await first.launcher.close()
    second = Stage(data, workspace, LocalLauncher(data, paths=[AGENTS]))
    await second.launcher.open(second.deliver)
    await second.launcher.adopt([LeftRunning(key, None, act("passes"), {"findings": 1, "metrics": 1})])
    assert (await second.ended(key)).reason == "all in order"
    assert [type(fact) for fact in second.facts] == [Kept, Progressed, Ended]
    await second.launcher.close()


async def test_killed_fork_server_is_replaced(stage: Stage) -> None:
    running = stage.launch(command("sh", "-c", "sleep 0.8; exit 4"))
    lost = stage.launch(command("sleep", "84.5"))
    await stage.began(running)
    process = (await stage.began(lost)).process
    wrapper = read_stat(process.pid)
    assert wrapper is not None
    os.kill(wrapper.ppid, signal.SIGKILL)
    fresh = [stage.launch(command("sh", "-c", "exit 5")) for _ in range(3)]
    assert [(await stage.ended(key)).code for key in fresh] == [5, 5, 5]
    assert (await stage.ended(running)).code == 4
    os.kill(process.pid, signal.SIGKILL)
    assert (await stage.ended(lost)).how is How.LOST
    assert pids_with("84.5") == []
