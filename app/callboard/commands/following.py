"""Following a run to its end: what is shown meanwhile, and what Ctrl-C does."""

import argparse
import json
import queue
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from callboard.cli import DONE, FAILED, INTERRUPTED
from callboard.client import RemoteDesk
from callboard.commands.progress import Progress
from callboard.commands.show import plain, print_json
from callboard.commands.summary import print_summary, summary_of
from callboard.errors import NotReachable
from callboard.guard.trust import user_name

ENDED = frozenset({"succeeded", "failed", "unknown", "cancelled"})
QUIET_S = 0.25
AGAIN_S = 0.5
ASK_S = 1.0
TRIES = 6
Message = dict[str, Any]


def drained(messages: "queue.SimpleQueue[Message]") -> Iterator[Message]:
    """Messages as they come, an empty one when nothing came for a while."""
    while True:
        try:
            yield messages.get(timeout=QUIET_S)
        except queue.Empty:
            yield {}


def streamed(desk: RemoteDesk, after: int) -> Iterator[Message]:
    """Live messages of a running server, an empty one when nothing came for a while.

    A connection that ends is made again; raises `NotReachable` once the server does not answer any more.
    """
    messages: queue.SimpleQueue[Message | NotReachable] = queue.SimpleQueue()

    def pump() -> None:
        last, tries = after, 0
        while tries < TRIES:
            try:
                for message in desk.stream(last):
                    last, tries = max(last, message.get("seq") or 0), 0
                    messages.put(message)
            except NotReachable as error:
                tries += 1
                if tries == TRIES:
                    messages.put(error)
            time.sleep(AGAIN_S)

    threading.Thread(target=pump, name="stream", daemon=True).start()
    while True:
        try:
            found = messages.get(timeout=QUIET_S)
        except queue.Empty:
            yield {}
            continue
        if isinstance(found, NotReachable):
            raise found
        yield found


def follow(desk: Any, number: int, given: argparse.Namespace, messages: Iterator[Message]) -> int:
    """Shows the run until it has ended, then its summary; Ctrl-C cancels it, a second one leaves at once.

    Raises `NotReachable` when the server that does the work is gone.
    """
    first = desk.run(number)
    shown = _Events(desk, number, given.since) if given.events else Progress(number, first["tasks"])
    asked = False
    try:
        with _interrupts() as presses:
            state = first["run"]["state"]
            looked = time.monotonic()
            asking = _Asking(desk, number, shown.say, shown.typed)
            while state not in ENDED:
                message = next(messages)
                shown.take(message)
                asking.look()
                state = next((row["state"] for row in message.get("runs", ()) if row["id"] == number), state)
                if state not in ENDED and not message and time.monotonic() - looked > 1.0:
                    looked = time.monotonic()
                    state = desk.run(number)["run"]["state"]
                if presses() and not asked:
                    asked = True
                    shown.say("cancelling; press Ctrl-C again to leave at once")
                    desk.cancel_run(number, "interrupted at the terminal", user_name())
            last = desk.run(number)
            shown.end({"runs": [last["run"]], "tasks": last["tasks"]})
    except NotReachable as error:
        shown.close()
        raise NotReachable(
            f"the server is gone ({error}). Nothing is lost: what runs goes on, and `callboard up` takes run {number} "
            f"up again; then see `callboard status {number}`"
        ) from error
    except BaseException:
        shown.close()
        raise
    shown.close()
    findings = desk.run_findings(number)
    if given.json:
        print_json(summary_of(last, findings))
    elif not given.events:
        print_summary(last, findings)
    if asked:
        return INTERRUPTED
    return DONE if last["run"]["state"] in ("succeeded", "unknown") else FAILED


class _Events:
    """Each event of the run as a line of JSON on stdout, in order and without gaps."""

    def __init__(self, desk: Any, run: int, after: int) -> None:
        self._desk = desk
        self._run = run
        self._told = after

    def take(self, message: Message) -> None:
        """Prints the events that were not told yet; the log is asked for those that a message left out."""
        rows = [row for row in message.get("events", ()) if row["seq"] > self._told]
        if rows and rows[0]["seq"] > self._told + 1:
            rows = self._missed(rows[-1]["seq"])
        self._print(rows)

    def end(self, message: Message) -> None:
        """Prints what the log still holds."""
        self._print(self._missed(sys.maxsize))

    def _print(self, rows: list[Message]) -> None:
        for row in rows:
            if row["run"] == self._run:
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._told = max(self._told, row["seq"])
        if rows:
            sys.stdout.flush()

    def _missed(self, last: int) -> list[Message]:
        found: list[Message] = []
        told = self._told
        while told < last:
            rows = self._desk.events(told, 500)
            if not rows:
                break
            found += rows
            told = rows[-1]["seq"]
        return found

    def say(self, words: str) -> None:
        """On stderr, so that stdout stays JSON."""
        sys.stderr.write(words + "\n")

    def typed(self) -> None:
        """Nothing moves."""

    def close(self) -> None:
        """Nothing is left to take away."""


class _Asking:
    """Tells what the run asks a person, and takes the answer from the terminal."""

    def __init__(self, desk: Any, run: int, say: Callable[[str], None], typed: Callable[[], None]) -> None:
        self._desk = desk
        self._run = run
        self._say = say
        self._typed = typed
        self._open: Message | None = None
        self._looked = 0.0

    def look(self) -> None:
        """Asks the desk every ASK_S what is open; a line that was typed answers it."""
        if self._open is not None and sys.stdin.isatty() and select.select([sys.stdin], [], [], 0)[0]:
            self._take(sys.stdin.readline().strip())
        if time.monotonic() - self._looked < ASK_S:
            return
        self._looked = time.monotonic()
        own = [row for row in self._desk.questions() if row["task"].partition(".")[0] == str(self._run)]
        if not own:
            if self._open is not None:
                self._say("")
            self._open = None
        elif self._open is None or own[0]["question"] != self._open["question"] or own[0]["task"] != self._open["task"]:
            self._open = own[0]
            self._tell()

    def _tell(self) -> None:
        row = self._open or {}
        how = "type it here" if sys.stdin.isatty() else f"`callboard answer {row['task']} …` with a server"
        self._say(f"{plain(row['name'])} asks: {plain(row['text'])} [{plain(' / '.join(row['choices']))}] ({how})")

    def _take(self, word: str) -> None:
        self._typed()
        row = self._open
        if row is None or word not in row["choices"]:
            self._tell()
        elif row["question"] == "decision":
            self._desk.decide(row["task"], word, user_name())
        else:
            self._desk.answer(row["task"], row["question"], word, user_name())


@contextmanager
def _interrupts() -> Iterator[Callable[[], int]]:
    """Counts presses of Ctrl-C, and other wishes to end, instead of ending; the second raises `KeyboardInterrupt`."""
    count = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt

    former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield lambda: count
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
