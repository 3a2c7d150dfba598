"""How a command gets at the desk: the running server's, or the record alone."""

import argparse
import os
import sys
from collections import deque
from pathlib import Path
from typing import Any

from callboard.client import RemoteDesk
from callboard.core.resources import Capacity
from callboard.errors import ConfigError, Refused
from callboard.guard.running import running_server
from callboard.guard.trust import Trust, user_name
from callboard.settings import Settings, settings_from


def settings_of(given: argparse.Namespace) -> Settings:
    """The settings for a command line; raises `ConfigError`, also for a workspace that is not there."""
    names = ("host", "port", "data", "workspace", "parallelism")
    settings = settings_from({name: getattr(given, name, None) for name in names}, os.environ, Path.cwd())
    if not settings.workspace.is_dir():
        raise ConfigError(f"the workspace {settings.workspace} is not a folder; name one with --workspace")
    return settings


def remote_desk(settings: Settings) -> RemoteDesk | None:
    """The desk of the server that runs for this data folder, None when there is none."""
    server = running_server(settings.data)
    return RemoteDesk(server) if server is not None else None


def reading_desk(settings: Settings, *, again: bool = False) -> Any:
    """A desk to look at things: the running server's, else one over the record as it stands, with an idle engine.

    It knows the holds as they were when it was made; with `again` it does not, and each look is a fresh one.
    """
    remote = remote_desk(settings)
    if remote is not None:
        return remote
    import random

    import callboard
    from callboard.agents.catalogue import scan
    from callboard.bench.instant import FixedMeter, InstantLauncher
    from callboard.clock import SystemClock
    from callboard.desk import Desk
    from callboard.engine import Engine, restored
    from callboard.live import LiveFeed
    from callboard.record.database import open_database
    from callboard.record.history import History
    from callboard.record.log import MemoryLog, SqliteLog
    from callboard.wiring import config_or_default, meter_of

    clock = SystemClock()
    room: Capacity = meter_of(settings, config_or_default(settings.workspace)).capacity({})
    engine = Engine(
        clock=clock,
        log=MemoryLog(),
        launcher=InstantLauncher(clock),
        meter=FixedMeter(room),
        dice=random.SystemRandom().random,
        version=callboard.__version__,
    )
    engine.capacity = room
    database = open_database(settings.data)
    if not again:
        deque(restored(engine.state, SqliteLog(database)), maxlen=0)
    engine.state.halted = engine.state.halted or "`callboard up` goes on with it"
    history = History(database)
    return Desk(
        engine=engine,
        feed=LiveFeed(engine, dict, history.last_of_agents),
        history=history,
        data=settings.data,
        workspace=settings.workspace,
        version=callboard.__version__,
        catalogue=scan(settings.data),
    )


def ensure_trust(settings: Settings, given: argparse.Namespace) -> None:
    """The workspace is trusted, becomes so by --trust or a person's word at the terminal, or `Refused` is raised."""
    trust = Trust(settings.data)
    why = trust.why_not(settings.workspace)
    if not why:
        return
    if getattr(given, "trust", False):
        trust.grant(settings.workspace, user_name())
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(f"{why}; work there runs its code: look at it, then add --trust")
    sys.stderr.write(f"{why}.\nWork there runs code of this workspace (its tests, its programs). Trust it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("the workspace was not trusted; nothing was run")
    trust.grant(settings.workspace, user_name())
