"""A real server with real pages whose work only ticks.

`python -m callboard.bench.stage DATA PORT CHANGES TASKS [LIFE RUNS STAGED]`.

Without LIFE its tasks tick for ever. With it each ends after so many ticks, and one run follows the other, RUNS in all.
"""

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

from callboard.agents.catalogue import scan
from callboard.bench.graphs import LIGHT, staged
from callboard.bench.instant import FixedMeter
from callboard.bench.ticking import TickingLauncher
from callboard.clock import SystemClock
from callboard.core.boundary import Boundary
from callboard.core.commands import Submit
from callboard.core.resources import Capacity
from callboard.core.task import Limits, TaskSpec
from callboard.desk import Desk
from callboard.engine import Engine
from callboard.guard.door import open_door
from callboard.guard.running import announce, new_token, private_folder, withdraw
from callboard.live import LiveFeed
from callboard.measure.host import HostMeter
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog

READY_S = 30.0
LOOK_S = 0.1
AT_ONCE = 20


def main(data: Path, port: int, changes: float, tasks: int, life: int = 0, runs: int = 1, inside: int = 0) -> None:
    """Serves until it is told to end."""
    from callboard.show.server import serve

    database = open_database(data)
    clock = SystemClock()
    cpus = AT_ONCE if inside else tasks
    room = Capacity(cpus=cpus, memory_mb=1e6, total_cpus=cpus, total_memory_mb=1e6)
    engine = Engine(
        clock=clock,
        log=SqliteLog(database),
        launcher=TickingLauncher(clock, changes, life),
        meter=FixedMeter(room),
        dice=lambda: 0.5,
        version="bench",
    )
    history = History(database)
    host = HostMeter(data)
    feed = LiveFeed(engine, lambda: {**host.host(), **desk.host()}, history.last_of_agents)
    desk = Desk(
        engine=engine, feed=feed, history=history, data=data, workspace=data, version="bench", catalogue=scan(data)
    )
    threading.Thread(target=lambda: asyncio.run(engine.run()), name="engine", daemon=True).start()
    if not engine.ready.wait(READY_S):
        sys.exit("the engine did not start")
    agents = [agent.name for agent in scan(data).agents]
    specs = (
        tuple(
            TaskSpec(name=f"tick{i}", agent=agents[i % len(agents)], needs=LIGHT, limits=Limits(time_s=0), estimate=600)
            for i in range(tasks)
        )
        if not inside
        else tuple(staged(tasks, agents))
    )
    engine.ask_from(Submit("ticking", str(data), specs, "bench"))
    if life:
        threading.Thread(target=_more, args=(engine, data, specs, runs), name="runs", daemon=True).start()
    door = open_door("127.0.0.1", port, Boundary())
    token = new_token()
    private_folder(data / "run")
    announce(data, door.url, token)
    try:
        serve(desk, token=token, door=door, on_ready=lambda url: print(url, flush=True))
    finally:
        withdraw(data)
        os._exit(0)


def _more(engine: Engine, data: Path, specs: tuple[TaskSpec, ...], runs: int) -> None:
    begun = 1
    while begun < runs:
        time.sleep(LOOK_S)
        if engine.inspect(lambda state: not any(run.unfinished for run in state.runs.values())):
            engine.ask_from(Submit("ticking", str(data), specs, "bench"))
            begun += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *(int(word) for word in sys.argv[4:8]))
