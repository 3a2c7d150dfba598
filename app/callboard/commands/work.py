"""`run`: carries out the workspace's pipeline, by an engine of its own or by the running server, and tells how it went."""

import argparse
import queue
import sys

from callboard.cli import DONE
from callboard.client import RemoteDesk
from callboard.commands.doors import ensure_trust, remote_desk, settings_of
from callboard.commands.following import Message, drained, follow, streamed
from callboard.commands.show import plain, print_json
from callboard.errors import NotReachable
from callboard.guard.trust import user_name


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
        for row in desk.runs(500):
            if row["state"] in ("waiting", "running"):
                sys.stderr.write(f"note: run {row['id']} had not ended; it goes on beside this one\n")
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        given.since = desk.last_seq()
        stop = desk.watch(messages.put)
        number = desk.submit(priority=given.priority or "", by=user_name(), prepared=prepared)
        code = follow(desk, number, given, drained(messages))
        stop()
        return code


def _by_server(desk: RemoteDesk, given: argparse.Namespace, workspace: str) -> int:
    given.since = desk.last_seq()
    number = desk.submit(given.pipeline, given.only, given.skip, given.priority or "", workspace=workspace)
    sys.stderr.write(f"handed over to the server at {desk.server.address} as run {number}\n")
    if given.detach:
        if given.json:
            print_json({"run": number})
        return DONE
    return follow(desk, number, given, streamed(desk, given.since))
