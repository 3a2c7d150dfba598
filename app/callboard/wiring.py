"""The one place where the parts meet."""

import asyncio
import contextlib
import fcntl
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import callboard
from callboard.agents.catalogue import scan
from callboard.clock import SystemClock
from callboard.config import Config, read_config
from callboard.core.commands import LimitAgent
from callboard.desk import Desk
from callboard.desk.adviser import Adviser
from callboard.desk.alert_watch import AlertWatch
from callboard.desk.case_keeper import CaseKeeper
from callboard.desk.case_look import CaseLooking
from callboard.desk.forecast_watch import ForecastWatch
from callboard.desk.foreman import Foreman
from callboard.desk.platform_watch import PlatformWatch
from callboard.desk.postman import Postman
from callboard.desk.sleuth import Sleuth
from callboard.engine import Engine
from callboard.errors import CallboardError, ConfigError, Refused
from callboard.guard.running import private_folder
from callboard.guard.trust import Trust
from callboard.launch.local import LocalLauncher
from callboard.link.crew_sources.leading import Standing, standing_of
from callboard.link.observer.folder import ObserverFolder
from callboard.link.probing import Prober
from callboard.live import LiveFeed
from callboard.measure.host import HostMeter
from callboard.record.case_looks import CaseLooks
from callboard.record.crew_rows import forget_crews
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from callboard.record.samples import HOST, Sample, Samples
from callboard.record.yield_rows import YieldRecord
from callboard.resolving import CatalogueResolver
from callboard.settings import Settings

SAMPLE_S = 2.0
IDLE_SAMPLE_S = 10.0
READY_S = 30.0
START_S = 300.0  # a start that goes on is no failure, however busy the machine is
FORGET_EVERY_S = 3600.0


class House:
    """The engine with its record, launcher and meter in a thread of its own, and the desk in front of it.

    Only one house stands on a data folder at a time. Used as a context manager. With `quiet` it adopts what runs and
    carries out wishes, but starts nothing; with `cases` what checks saw becomes cases, as with `schedules`.
    """

    def __init__(
        self, settings: Settings, *, schedules: bool = False, quiet: bool = False, cases: bool = False
    ) -> None:
        self.settings = settings
        self._quiet = quiet
        self._cases = cases or schedules
        self._schedules = schedules
        self._lock: IO[str] | None = None
        self._thread: threading.Thread | None = None
        self._failure: list[BaseException] = []
        self._sampled = 0.0
        self._forgot = time.monotonic()
        self._stop_crews: Callable[[], None] = lambda: None
        self._prober: Prober | None = None
        self._left: ObserverFolder | None = None
        self._foreman: Foreman | None = None
        self._keeper: CaseKeeper | None = None
        self._sleuth: Sleuth | None = None
        self._adviser: Adviser | None = None
        self._postman: Postman | None = None
        self._forecasts: ForecastWatch | None = None

    def __enter__(self) -> "House":
        settings = self.settings
        self._lock = lock_data(settings.data)
        try:
            self._build(settings)
        except BaseException:
            self._unlock()
            raise
        return self

    def _build(self, settings: Settings) -> None:
        database = open_database(settings.data)
        config = config_or_default(settings.workspace)
        self.meter = meter_of(settings, config)
        self._samples = Samples(database)
        self._database = database
        self.engine = Engine(
            clock=SystemClock(),
            log=SqliteLog(database),
            launcher=LocalLauncher(settings.data),
            meter=self.meter,
            dice=random.SystemRandom().random,
            version=callboard.__version__,
            resolver=CatalogueResolver(settings.data, lambda: self.engine.capacity),
        )
        if self._quiet:
            self.engine.state.halted = "`callboard up` goes on with it"
        self.history = History(database)
        self.feed = feed = LiveFeed(self.engine, lambda: self.desk.host(), self.history.last_of_agents)
        self.engine.measured.append(self._sample)
        catalogue = scan(settings.data)
        self.desk = Desk(
            engine=self.engine,
            feed=feed,
            history=self.history,
            data=settings.data,
            workspace=settings.workspace,
            version=callboard.__version__,
            catalogue=catalogue,
        )
        feed.alerts = self.desk.told_alerts
        self.engine.measured.append(AlertWatch(self.engine, self.desk.plugin_troubles).look)
        self._prober = self.desk.prober = Prober(
            settings.workspace, settings.data, self._why_not_trusted, YieldRecord(database).endpoint_trend
        )
        PlatformWatch(self.engine, self.desk, feed, self._prober, self._samples.write)
        self._thread = threading.Thread(target=self._work, args=[database.close], name="engine", daemon=True)
        self._thread.start()
        if not self.engine.ready.wait(START_S) or self._failure:
            cause = self._failure[0] if self._failure else None
            if isinstance(cause, CallboardError):
                raise cause
            raise CallboardError(f"the engine did not start: {cause or 'it took too long'}") from cause
        self.desk.name_agents()
        self._limit_agents(config)
        self.desk.finish_incidents()
        self.desk.recover_patches()
        if self._schedules or (self._prober.rule.yields and not self._quiet):
            self._prober.start()
        if self._cases:
            self._keeper = self._case_keeper()
            self._keeper.start()
        if self._schedules:
            self._foreman = Foreman(self.engine, self.desk, self.feed)
            self._foreman.start()
            self._sleuth = Sleuth(self.engine, self.desk)
            self._sleuth.start()
            self._adviser = Adviser(self.engine, self.desk)
            self._adviser.start()
            self._postman = Postman(self.engine, self.desk, self.feed)
            self._postman.start()
            self._forecasts = ForecastWatch(self.engine, self.desk, self.feed)
            self._forecasts.start()
            from callboard.link.crew_sources.watching import CrewWatch

            crews = CrewWatch(
                settings.workspace, settings.data, self.desk.tell_crew, self._crew_standing, self._why_not_trusted
            )
            crews.start()
            self._stop_crews = crews.close
            marks = private_folder(settings.data / "run") / "crew-folder.json"
            self._left = ObserverFolder(private_folder(settings.data / "crew"), marks, self.desk.tell_crew)
            self._left.start()

    def _case_keeper(self) -> CaseKeeper:
        looks = CaseLooks(self._database)
        return CaseKeeper(
            self.engine, CaseLooking(self.desk, looks, self.desk.spool, Trust(self.settings.data).why_not)
        )

    def _why_not_trusted(self) -> str:
        return Trust(self.settings.data).why_not(self.settings.workspace)

    def _crew_standing(self, crew: str) -> Standing:
        return self.engine.inspect(lambda state: standing_of(state.crews.get(crew)))

    def _limit_agents(self, config: Config) -> None:
        """What `callboard.toml` says of concurrency holds until a person says otherwise."""
        for name, table in config.agents.items():
            limit = table.concurrency
            if limit is None:
                continue
            agent = self.engine.inspect(lambda state, name=name: state.agents.get(name))  # type: ignore[misc]
            if agent is not None and agent.limit == 0 and limit:
                self.engine.ask_from(LimitAgent(name, limit, "callboard.toml"))

    def _work(self, close: Callable[[], object]) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._failure.append(error)
        finally:
            self.engine.ready.set()
            close()

    async def _run(self) -> None:
        if not self._schedules:
            await self.engine.run()
            return
        from callboard.scheduling import Timetable

        timetable = Timetable(self.engine, self.desk, self.history)
        work = asyncio.create_task(self.engine.run())
        starting = asyncio.create_task(timetable.start_when_ready())
        try:
            await work
        finally:
            starting.cancel()
            timetable.close()

    def _sample(self) -> None:
        """Keeps what the host and each running task use; on the engine's thread."""
        now = time.monotonic()
        running = self.engine.state.live
        if now - self._sampled < (SAMPLE_S if running else IDLE_SAMPLE_S):
            return
        self._sampled = now
        at = time.time()
        host = self.engine.host()
        samples: list[Sample] = [
            (at, *HOST, host.get("cpu_percent") or 0.0, host.get("memory_used_mb") or 0.0, _short(host))
        ]
        for task in running.values():
            rate = self.engine.live.rates.get(task.attempt_key)
            if rate is not None:
                used = self.engine.live.usage.get(task.attempt_key)
                moved = {"read_mb": round(used.read_mb, 2), "written_mb": round(used.written_mb, 2)} if used else {}
                samples.append((at, task.run.id, task.index, *rate, {"attempt": task.attempt, **moved}))
        self._samples.write(samples)
        if now - self._forgot > FORGET_EVERY_S:
            self._forgot = now
            self._samples.forget(at)
            forget_crews(self._database)

    @property
    def failure(self) -> BaseException | None:
        """What ended the engine against its will."""
        return self._failure[0] if self._failure else None

    def __exit__(self, *error: object) -> None:
        if self._adviser is not None:
            self._adviser.stop()
        if self._sleuth is not None:
            self._sleuth.stop()
        if self._keeper is not None:
            self._keeper.stop()
        if self._foreman is not None:
            self._foreman.stop()
        if self._postman is not None:
            self._postman.stop()
        if self._forecasts is not None:
            self._forecasts.stop()
        else:
            self.desk.close_forecasts()
        self._stop_crews()
        if self._prober is not None:
            self._prober.close()
        if self._left is not None:
            self._left.close()
        loop = self.engine.loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.engine.close)
        if self._thread is not None:
            self._thread.join(READY_S)
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def meter_of(settings: Settings, config: Config) -> HostMeter:
    """The meter of this machine, less what `callboard.toml` and the settings leave to others."""
    return HostMeter(
        settings.data,
        cpu_reserve=config.engine.cpu_reserve or 0.0,
        memory_reserve_mb=config.engine.memory_reserve_mb,
        slots=settings.parallelism or config.engine.parallelism,
    )


def _short(host: Any) -> dict[str, Any]:
    names = ("memory_total_mb", "net_rx_mb_s", "net_tx_mb_s", "disk_read_mb_s", "disk_write_mb_s", "pressure", "load")
    return {"cpu_percent": host.get("cpu_percent"), "memory_used_mb": host.get("memory_used_mb")} | {
        name: host.get(name) for name in names
    }


def config_or_default(workspace: Path) -> Config:
    """The workspace's configuration; a broken one must not keep the engine from starting."""
    from callboard.config import default_config

    try:
        return read_config(workspace)
    except ConfigError:
        return default_config(workspace)


def lock_data(data: Path) -> IO[str]:
    """Takes the data folder for this process; raises `Refused` when another one has it. Closing the file lets it go."""
    folder = private_folder(data / "run")
    file = open(folder / "engine.lock", "a+", encoding="utf-8")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read(20).strip()
        file.close()
        raise Refused(
            f"another Callboard (process {owner or 'unknown'}) works on {data}; use it, or another --data"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
