"""Nothing of an attempt outlives it, however it hides."""

import asyncio
import os
import signal
import sys

from callboard.core.facts import How
from launch_stage import Stage, act, command, is_gone, pids_with, soon

SWARM = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.time() + 60
while time.time() < end:
    if os.fork() == 0:
        os.setsid()
        time.sleep(0.03)
        continue
    os._exit(0)
# {marker}
"""


async def test_stop_ends_those_that_left_the_session(stage: Stage) -> None:
    script = "setsid sleep 71.5 & (setsid sh -c 'sleep 71.5 & sleep 71.5' &) ; echo ready; sleep 71.5"
    key = stage.launch(command("sh", "-c", script))
    await stage.began(key)
    await soon(lambda: len(pids_with("71.5")) >= 5)
    stage.launcher.stop(key, "a person wished so")
    end = await stage.ended(key)
    assert (end.how, end.reason) == (How.STOPPED, "a person wished so")
    assert pids_with("71.5") == []


async def test_stop_of_one_that_forks_on_and_ignores_the_signal(stage: Stage) -> None:
    key = stage.launch(command(sys.executable, "-c", SWARM.format(marker="swarm-72.5")))
    await stage.began(key)
    await asyncio.sleep(0.3)
    stage.launcher.stop(key, "enough")
    end = await stage.ended(key)
    assert end.how is How.STOPPED
    assert pids_with("swarm-72.5") == []


async def test_daemon_is_ended_with_the_work(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "(setsid sleep 73.5 &) ; exit 0"))
    end = await stage.ended(key)
    assert (end.how, end.code) == (How.EXITED, 0)
    assert pids_with("73.5") == []
    assert "left behind" in stage.log(key)


async def test_a_service_that_the_work_names_goes_on(stage: Stage) -> None:
    key = stage.launch(act("serves"))
    end = await stage.ended(key)
    service = int(end.reason)
    await soon(lambda: len(pids_with("78.5")) == 2)
    assert pids_with("79.5") == []
    assert (await stage.run(act("passes"))).how is How.EXITED
    assert (await stage.run(act("raises"))).how is How.CRASHED
    assert service in pids_with("78.5")
    os.killpg(service, signal.SIGKILL)


async def test_killed_wrapper_of_a_command(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "setsid sleep 74.5 & env -i sleep 74.5"))
    began = await stage.began(key)
    await soon(lambda: len(pids_with("74.5")) >= 3)
    os.kill(began.process.pid, signal.SIGKILL)
    end = await stage.ended(key)
    assert (end.how, end.never_ran) == (How.LOST, False)
    assert pids_with("74.5") == []


async def test_killed_wrapper_of_an_action_that_hides(stage: Stage) -> None:
    key = stage.launch(act("hides"))
    began = await stage.began(key)
    note = stage.spool(key) / "hidden.pid"
    await soon(lambda: note.exists() and note.read_text() != "")
    os.kill(began.process.pid, signal.SIGKILL)
    assert (await stage.ended(key)).how is How.LOST
    await soon(lambda: is_gone(int(note.read_text())))
    assert not any((stage.data / "scratch").iterdir())


async def test_halted_wrapper_can_be_stopped(stage: Stage) -> None:
    key = stage.launch(command("sleep", "75.5"))
    began = await stage.began(key)
    os.kill(began.process.pid, signal.SIGSTOP)
    stage.launcher.stop(key, "enough")
    assert (await stage.ended(key)).how is How.STOPPED
    assert pids_with("75.5") == []


async def test_stop_before_it_began(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "echo ran; sleep 76.5"))
    stage.launcher.stop(key, "changed my mind")
    end = await stage.ended(key)
    assert (end.how, end.reason, end.never_ran) == (How.STOPPED, "changed my mind", True)
    assert pids_with("76.5") == []
    assert not (stage.spool(key) / "output.log").exists()


async def test_others_are_left_alone(stage: Stage) -> None:
    first = stage.launch(command("sh", "-c", "sleep 77.5"))
    second = stage.launch(command("sh", "-c", "sleep 1; echo whole"))
    await stage.began(first)
    await stage.began(second)
    stage.launcher.stop(first, "enough")
    assert (await stage.ended(first)).how is How.STOPPED
    assert (await stage.ended(second)).code == 0
    assert stage.log(second) == "whole\n"
