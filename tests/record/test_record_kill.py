"""kill -9 while work is submitted: what was acknowledged is there, and the log and the tables agree."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.core.events import RunSubmitted
from callboard.record.check import broken_promises, differences
from callboard.record.database import open_database
from callboard.record.log import SqliteLog

PROGRAM = """
import asyncio, sys
from pathlib import Path
from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.commands import Submit
from callboard.core.resources import Capacity
from callboard.core.task import TaskSpec
from callboard.engine import Engine
from callboard.record.database import open_database
from callboard.record.log import SqliteLog

async def main(folder):
    clock = SystemClock()
    engine = Engine(clock=clock, log=SqliteLog(open_database(folder)), launcher=InstantLauncher(clock),
                    meter=FixedMeter(Capacity(4.0, 4096.0)), dice=lambda: 0.5, version="1")
    work = asyncio.create_task(engine.run())
    while True:
        run = await engine.ask(Submit("ci", "/w", (TaskSpec("a"), TaskSpec("b", depends=(0,))), "ann"))
        sys.stdout.write(f"{run}\\n")
        sys.stdout.flush()

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("seed", range(4))
def test_acknowledged_submissions_survive_a_kill(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    acknowledged: list[int] = []
    for _ in range(2):  # the second program goes on where the first was killed
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            for _ in range(dice.randint(1, 40)):
                acknowledged.append(int(program.stdout.readline()))
            program.send_signal(signal.SIGKILL)
            acknowledged += [
                int(line) for line in program.stdout.read().splitlines(keepends=True) if line.endswith("\n")
            ]
    database = open_database(tmp_path)
    told = {event.run for _, event in SqliteLog(database).load_all() if isinstance(event, RunSubmitted)}
    assert len(acknowledged) == len(set(acknowledged))
    assert set(acknowledged) <= told
    assert database.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert differences(database) == []
    assert broken_promises(database) == []
    database.close()
