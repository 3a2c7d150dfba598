"""`run`: carries out the workspace's pipeline, by an engine of its own or by the running server, and tells how it went."""

import argparse
import json
import queue
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from callboard.cli import DONE, FAILED, INTERRUPTED, UNREACHABLE
from callboard.client import RemoteDesk
from callboard.commands.doors import ensure_trust, remote_desk, settings_of
from callboard.commands.progress import Progress
from callboard.commands.show import SEVERITY_COLOURS, duration, mark, paint, plain, print_json
from callboard.errors import NotReachable
from callboard.guard.trust import user_name

ENDED = frozenset({"succeeded", "failed", "unknown", "cancelled"})
MOST_FINDINGS = 20
Message = dict[str, Any]


def run(given: argparse.Namespace) -> int:
    """Runs the pipeline and waits; with a running server the work is handed over to it."""
    settings = settings_of(given)
    ensure_trust(settings, given)
    remote = remote_desk(settings)
    if remote is not None:
        return _by_server(remote, given, str(settings.workspace))
    if given.detach:
        raise NotReachable(
            "no server runs for this data folder, so nothing can be handed over; start one with `callboard up`"
        )
    from callboard.wiring import House

    with House(settings) as house:
        desk = house.desk
        prepared = desk.prepare(given.pipeline, given.only, given.skip)
        for trouble in (*prepared.troubles, *prepared.built.notes):
            sys.stderr.write(f"note: {plain(trouble, 1000)}\n")
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        stop = desk.watch(messages.put)
        number = desk.submit(priority=given.priority or "", by=user_name(), prepared=prepared)
        code = follow(desk, number, given, drained(messages))
        stop()
    return code


def drained(messages: "queue.SimpleQueue[Message]") -> Iterator[Message]:
    """Messages as they come, an empty one when nothing came for a while."""
    while True:
        try:
            yield messages.get(timeout=0.25)
        except queue.Empty:
            yield {}


def _by_server(desk: RemoteDesk, given: argparse.Namespace, workspace: str) -> int:
    seq = int(desk.board()["seq"])
    number = desk.submit(given.pipeline, given.only, given.skip, given.priority or "", workspace=workspace)
    sys.stderr.write(f"handed over to the server at {desk.server.address} as run {number}\n")
    if given.detach:
        if given.json:
            print_json({"run": number})
        return DONE
    return follow(desk, number, given, desk.stream(seq))


def follow(desk: Any, number: int, given: argparse.Namespace, messages: Iterator[Message]) -> int:
    """Shows the run until it has ended, then its summary; Ctrl-C cancels it, a second one leaves at once."""
    first = desk.run(number)
    tell = _teller(number, first, given)
    with _interrupts() as presses:
        asked = False
        state = first["run"]["state"]
        for message in messages if state not in ENDED else ():
            tell(message)
            state = next((row["state"] for row in message.get("runs", ()) if row["id"] == number), state)
            if state in ENDED:
                break
            if not message and desk.run(number)["run"]["state"] in ENDED:
                break
            if presses() and not asked:
                asked = True
                sys.stderr.write("\ncancelling; press Ctrl-C again to leave at once\n")
                desk.cancel_run(number, "interrupted at the terminal", user_name())
        else:
            if state not in ENDED and desk.run(number)["run"]["state"] not in ENDED:
                sys.stderr.write(f"callboard: the server is gone; run {number} goes on when it is back\n")
                return UNREACHABLE
    return _finish(desk, number, given, tell, interrupted=asked)


def _teller(number: int, first: Message, given: argparse.Namespace) -> Callable[[Message], None]:
    if given.events:

        def tell(message: Message) -> None:
            for event in message.get("events", ()):
                if event["run"] == number:
                    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
                    sys.stdout.flush()

        return tell
    fancy = sys.stderr.isatty()
    progress = Progress(number, first["tasks"], fancy=fancy)
    return progress.take


@contextmanager
def _interrupts() -> Iterator[Callable[[], int]]:
    """Counts presses of Ctrl-C instead of ending the program; the second one raises `KeyboardInterrupt`."""
    count = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt

    former = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: count
    finally:
        signal.signal(signal.SIGINT, former)


def _finish(desk: Any, number: int, given: argparse.Namespace, tell: Any, *, interrupted: bool) -> int:
    last = desk.run(number)
    tell({"runs": [last["run"]], "tasks": last["tasks"]})
    findings = desk.run_findings(number)
    outcome = last["run"]["state"]
    if given.json:
        print_json(summary_of(last, findings))
    elif not given.events:
        _print_summary(last, findings)
    if interrupted:
        return INTERRUPTED
    return DONE if outcome in ("succeeded", "unknown") else FAILED


def summary_of(run: Message, findings: list[Message]) -> Message:
    """The object that `callboard run --json` prints."""
    return {
        "run": run["run"]["id"],
        "outcome": run["run"]["state"],
        "tasks": [
            {
                "id": row["id"],
                "name": row["name"],
                "agent": row["agent"],
                "action": row["action"],
                "state": row["state"],
                "verdict": row["verdict"],
                "reason": row["reason"],
                "attempts": row["attempt"],
                "started": row["started"],
                "ended": row["ended"],
                "cpu_s": row["cpu_s"],
                "peak_mb": row["peak_mb"],
                "holds": row["holds"],
            }
            for row in run["tasks"]
        ],
        "findings": [
            {
                name: row[name]
                for name in (
                    "id",
                    "rule",
                    "severity",
                    "path",
                    "line",
                    "message",
                    "fingerprint",
                    "witnesses",
                    "agent",
                    "task",
                    "help",
                )
            }
            for row in findings
        ],
    }


def _print_summary(run: Message, findings: list[Message]) -> None:
    out = sys.stdout
    out.write("\n")
    width = max((len(row["name"]) for row in run["tasks"]), default=10)
    for row in run["tasks"]:
        lasted = duration(row["ended"] - row["started"]) if row["started"] and row["ended"] else "–"
        sign = mark(row["state"], row["verdict"])
        pad = " " * (12 - len(mark(row["state"], row["verdict"], False)))
        out.write(f"{sign}{pad} {row['name']:<{width}}  {lasted:>10}  {plain(row['reason'], 300)}\n")
    if findings:
        out.write("\n")
        for row in findings[:MOST_FINDINGS]:
            place = f"{row['path']}:{row['line']}" if row["line"] else row["path"] or row["agent"]
            severity = paint(f"{row['severity']:<8}", SEVERITY_COLOURS.get(row["severity"], ""))
            out.write(f"{severity} {plain(place)}  {plain(row['rule'])}: {plain(row['message'], 200)}\n")
        if len(findings) > MOST_FINDINGS:
            rest = len(findings) - MOST_FINDINGS
            out.write(f"… and {rest} more: `callboard findings {run['run']['id']}`\n")
    took = duration((run["run"]["ended"] or 0) - run["run"]["submitted"]) if run["run"]["ended"] else ""
    state = run["run"]["state"]
    out.write(f"\nrun {run['run']['id']} {mark(state)}: {run['run']['summary']}, {took}\n")
