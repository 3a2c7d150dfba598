"""Runs attempts on this machine: hands orders to the fork servers, and turns what comes back into facts."""

import asyncio
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import callboard
from callboard.core.facts import Began, Ended, Fact, How
from callboard.core.task import AttemptKey, Process, TaskSpec, Verdict
from callboard.errors import BoundaryError
from callboard.launch import spool
from callboard.launch.attempt import Attempt, ended
from callboard.launch.boot import BootNote
from callboard.launch.ending import end_strays, signal_wrapper
from callboard.launch.environment import allowed_environment
from callboard.launch.forks import ForkServer, until_unlocked
from callboard.launch.hearing import Hearing
from callboard.launch.orders import cookie_of, frame_of
from callboard.launch.servers import LONGEST_BARRIER, Servers, last_words
from callboard.launch.watch import Watch
from callboard.measure.process import boot_id, start_of
from callboard.ports import LeftRunning, Order
from callboard.work.messages import ANSWERS
from callboard.work.sparing.refusals import note

STOP_BY_US = 7.0
RETRY_ANSWER = 1.0


class LocalLauncher:
    """The launcher of one machine. `data` is the data folder, `paths` are folders where agents' packages are looked for besides
    the interpreter's own, `environment` is what attempts get to see of it (the allowed part).

    An attempt's wrapper enforces the limits and writes the exit record by itself, so that nothing depends on this process.
    """

    def __init__(
        self,
        data: Path,
        *,
        paths: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._data = data.resolve()
        self._data_id = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]
        self._paths = [*(str(path.resolve()) for path in paths), str(Path(callboard.__file__).resolve().parent.parent)]
        self._environment = allowed_environment(os.environ if environment is None else environment)
        self._wall = wall
        self._attempts: dict[AttemptKey, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._notices = b""
        self._boot = boot_id()
        self._is_open = False

    async def open(self, deliver: Callable[[Fact], None]) -> None:
        """Starts the fork servers; they get warm while the caller goes on."""
        self._loop = asyncio.get_running_loop()
        self._deliver = deliver
        self._folder = self._data / "attempts"
        for folder in (self._data, self._folder, self._data / "scratch"):
            spool.make_folder(str(folder))
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[0], False)
        self._loop.add_reader(self._pipe[0], self._hear_notices)
        self._watch = Watch(self._wrapper_gone)
        self._hearing = Hearing(self._hand_over, self._said_all, self._watch)
        self._note = BootNote(self._folder / "boot", self._boot)
        self._note.begin()
        self._servers = Servers(self._folder, self._environment, self._paths, self._pipe[1], self._server_gone)
        await self._servers.open()
        self._is_open = True

    # What the engine wants

    def launch(self, orders: Sequence[Order]) -> None:
        """Hands the orders over; `Began` or `Ended` follows for each."""
        for order in orders:
            attempt = self._attempt(order.key, order.spec, cookie_of(self._data_id, order.key, order.epoch))
            try:
                self._note.write()
                attempt.frame = frame_of(order, self._data, self._data_id, self._environment)
            except OSError as error:
                words = f"the data folder cannot be written: {error.strerror}"
                self._loop.call_soon(self._not_started, attempt, words, True)
            except BoundaryError as error:
                note(self._data, error, f"{order.spec.name} ({order.key})", self._wall())
                self._loop.call_soon(self._refused, attempt, f"refused: {error}")
            except (ValueError, TypeError, RecursionError) as error:
                self._loop.call_soon(self._not_started, attempt, f"it cannot be handed over: {error}", False)
            else:
                self._send(attempt)

    def _attempt(self, key: AttemptKey, spec: TaskSpec, cookie: str) -> Attempt:
        attempt = Attempt(key, spec, spool.spool_folder(str(self._data), *key), cookie.encode())
        self._attempts[key] = attempt
        return attempt

    def _send(self, attempt: Attempt) -> None:
        server = self._servers.take(not attempt.spec.argv)
        attempt.server = server
        if server.is_open:
            server.send(attempt.key, attempt.frame)
        else:
            words = f"the fork server does not run: {last_words(server)}"
            self._loop.call_soon(self._not_started, attempt, words, True)

    def stop(self, key: AttemptKey, reason: str) -> None:
        """The wrapper is asked to end its tree; if it does not, we do."""
        attempt = self._attempts.get(key)
        if attempt is None or attempt.wish is not None or attempt.is_ending:
            return
        attempt.wish = reason or "stopped"
        attempt.timers.append(self._loop.call_later(STOP_BY_US, self._end_by_force, attempt, How.STOPPED, attempt.wish))
        self._ask_to_stop(attempt)

    def _ask_to_stop(self, attempt: Attempt) -> None:
        """Writes the wish down; a wrapper that has not begun yet then does not begin."""
        try:
            spool.make_folder(attempt.folder)
            spool.write_record(attempt.folder, spool.STOP, {"reason": attempt.wish})
        except OSError:
            self._end_by_force(attempt, How.STOPPED, attempt.wish or "")
            return
        if attempt.process is not None:
            signal_wrapper(attempt.process)

    def answer(self, key: AttemptKey, question: str, choice: str, by: str) -> None:
        """Adds a line to the attempt's file of answers, where its action looks."""
        attempt = self._attempts.get(key)
        if attempt is None:
            return
        line = json.dumps({"id": question, "choice": choice, "by": by}) + "\n"
        try:
            spool.append_line(attempt.folder, ANSWERS, line.encode())
        except OSError:
            attempt.timers.append(self._loop.call_later(RETRY_ANSWER, self.answer, key, question, choice, by))

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        """See the port. To be called before the first `launch`."""
        is_certain = await self._servers.former_are_gone() and self._note.is_known()
        for item in left:
            self._adopt(item, is_certain)

    def _adopt(self, left: LeftRunning, is_certain: bool) -> None:
        attempt = self._attempt(left.key, left.spec, cookie_of(self._data_id, left.key))
        attempt.listen(self._wall, left.told)
        began = _process(spool.read_record(attempt.folder, spool.BEGAN))
        process = began or left.process
        attempt.began_at = self._wall()
        if self._take_exit(attempt):
            return
        if process is None:
            has_begun = os.path.exists(f"{attempt.folder}/{spool.BEGAN}")
            never_ran = is_certain and not has_begun
            words = "it had not begun when Callboard ended" if never_ran else "nothing is known about how it ended"
            self._end_by_force(attempt, How.LOST, words, never_ran)
        elif process.boot == self._boot and start_of(process.pid) == process.ticks:
            attempt.process = process
            self._deliver(Began(attempt.key, self._wall(), process, adopted=True))
            self._hearing.add(attempt)
            self._watch.add(attempt.key, process)
        elif not self._take_exit(attempt):
            attempt.process = process if process.boot == self._boot else None
            words = "the machine was started anew meanwhile" if process.boot != self._boot else "its wrapper was killed"
            self._end_by_force(attempt, How.LOST, words)

    async def close(self) -> None:
        """Lets go of what runs; another launcher on the same data folder may adopt it."""
        if not self._is_open:
            return
        self._is_open = False
        self._servers.let_go()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop.remove_reader(self._pipe[0])
        for descriptor in self._pipe:
            os.close(descriptor)
        self._watch.close()
        self._hearing.close()
        for attempt in self._attempts.values():
            self._let_go(attempt)
        self._attempts.clear()
        await self._servers.wait_gone()

    # What comes back

    def _hear_notices(self) -> None:
        try:
            part = os.read(self._pipe[0], 65_536)
        except BlockingIOError:
            return
        self._notices += part
        *lines, rest = self._notices.split(b"\n")
        self._notices = rest
        for line in lines:
            words = line.split(b" ", 4)
            try:
                key = AttemptKey(int(words[1]), int(words[2]), int(words[3]))
            except (ValueError, IndexError):
                continue
            attempt = self._attempts.get(key)
            if attempt is not None and not attempt.is_ending:
                self._noticed(attempt, words[0], words[4] if len(words) > 4 else b"")

    def _noticed(self, attempt: Attempt, kind: bytes, words: bytes) -> None:
        match kind:
            case b"B":
                pid, _, start = words.partition(b" ")
                self._began(attempt, Process(int(pid), int(start), self._boot))
            case b"E":
                record = spool.parse_record(words) if words else spool.read_record(attempt.folder, spool.EXIT)
                self._over(attempt, record or {})
            case b"F":
                self._not_started(attempt, words.decode("ascii", "replace"), True)
            case _:
                self._wrapper_gone(attempt.key)

    def _began(self, attempt: Attempt, process: Process) -> None:
        if attempt.process is not None:
            return
        attempt.process = process
        attempt.frame = b""
        attempt.began_at = self._wall()
        attempt.listen(self._wall)
        self._deliver(Began(attempt.key, attempt.began_at, process))
        self._hearing.add(attempt)
        if attempt.wish is not None:
            self._ask_to_stop(attempt)

    def _take_exit(self, attempt: Attempt) -> bool:
        """Whether its exit record is there; then its end is on the way."""
        record = spool.read_record(attempt.folder, spool.EXIT)
        if not record:
            return False
        self._over(attempt, record)
        return True

    def _over(self, attempt: Attempt, record: Mapping[str, Any]) -> None:
        attempt.is_ending = True
        attempt.exit = record
        if attempt.tail is None:
            self._said_all(attempt)
        else:
            self._hearing.finish(attempt)

    def _said_all(self, attempt: Attempt) -> None:
        self._finish(attempt, ended(attempt, attempt.exit or {}, self._wall()))

    def _finish(self, attempt: Attempt, fact: Ended) -> None:
        self._let_go(attempt)
        if self._attempts.get(attempt.key) is attempt:
            del self._attempts[attempt.key]
        self._deliver(fact)

    def _let_go(self, attempt: Attempt) -> None:
        for timer in attempt.timers:
            timer.cancel()
        self._watch.remove(attempt.key)
        self._hearing.remove(attempt)
        if attempt.tail is not None:
            attempt.tail.close()

    def _hand_over(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._deliver(fact)

    def _not_started(self, attempt: Attempt, reason: str, never_ran: bool) -> None:
        if self._attempts.get(attempt.key) is attempt:
            how = How.STOPPED if attempt.wish is not None else How.NOT_STARTED
            reason = attempt.wish or reason
            self._finish(attempt, Ended(attempt.key, self._wall(), how, reason, never_ran=never_ran))

    # What goes wrong

    def _refused(self, attempt: Attempt, reason: str) -> None:
        """It fails for good: to try again would change nothing."""
        if self._attempts.get(attempt.key) is attempt:
            self._finish(attempt, Ended(attempt.key, self._wall(), How.EXITED, reason, verdict=Verdict.FAIL))

    def _wrapper_gone(self, key: AttemptKey) -> None:
        attempt = self._attempts.get(key)
        if attempt is None or attempt.is_ending or self._take_exit(attempt):
            return
        if attempt.process is None and spool.read_record(attempt.folder, spool.BEGAN) is None:
            self._not_started(attempt, "its wrapper ended before the work was begun", True)
            return
        how = How.LOST if attempt.wish is None else How.STOPPED
        self._end_by_force(attempt, how, attempt.wish or "its wrapper was killed")

    def _end_by_force(self, attempt: Attempt, how: How, reason: str, never_ran: bool = False) -> None:
        """Ends all that can be found of it, then says so."""
        if attempt.is_ending or self._attempts.get(attempt.key) is not attempt:
            return
        attempt.is_ending = True
        self._start(self._forced(attempt, how, reason, never_ran))

    async def _forced(self, attempt: Attempt, how: How, reason: str, never_ran: bool) -> None:
        process = attempt.process or _process(spool.read_record(attempt.folder, spool.BEGAN))
        if process is not None and process.boot != self._boot:
            process = None
        left = await end_strays(process, attempt.cookie)
        if left:
            reason = f"{reason}; could not end {', '.join(map(str, sorted(left)))}"
        scratch = spool.scratch_folder(str(self._data), *attempt.key)
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        record = spool.read_record(attempt.folder, spool.EXIT)
        if record:
            self._over(attempt, record)
            return
        wall_s = max(0.0, self._wall() - attempt.began_at) if attempt.began_at and attempt.process else 0.0
        self._over(attempt, {"how": str(how), "reason": reason, "wall_s": wall_s, "never_ran": never_ran})

    def _server_gone(self, server: ForkServer) -> None:
        if not self._is_open:
            return
        self._start(self._replace(server))

    async def _replace(self, gone: ForkServer) -> None:
        """A new fork server takes the orders that the old one did not begin; the others need it no more."""
        for attempt in list(self._attempts.values()):
            if attempt.server is gone and attempt.process is not None:
                self._watch.add(attempt.key, attempt.process)
        is_certain = await until_unlocked(gone.lock, LONGEST_BARRIER)
        await gone.wait_gone(1.0)
        self._hear_notices()
        for attempt in list(self._attempts.values()):
            if attempt.server is not gone or attempt.is_ending:
                continue
            process = attempt.process or _process(spool.read_record(attempt.folder, spool.BEGAN))
            if process is not None:
                self._began(attempt, process)
                self._watch.add(attempt.key, process)
            elif is_certain:
                self._send(attempt)
            else:
                self._end_by_force(attempt, How.LOST, "its fork server was killed before it began")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _process(record: Mapping[str, Any] | None) -> Process | None:
    """The process that a began record names, None for a record that names none."""
    if not record:
        return None
    pid, ticks, boot = record.get("pid"), record.get("ticks"), record.get("boot")
    if isinstance(pid, int) and isinstance(ticks, int) and isinstance(boot, str):
        return Process(pid, ticks, boot)
    return None
