"""`run` and `do`: carry out the workspace's pipeline, or one action, by an engine of their own or by the running server, and
tell how it went."""

import argparse
import queue
import sys
from collections.abc import Callable
from typing import Any

from callboard.cli import DONE
from callboard.client import RemoteDesk
from callboard.commands.doors import ensure_trust, remote_desk, settings_of
from callboard.commands.following import Message, drained, follow, streamed
from callboard.commands.options import action_options, job_options
from callboard.commands.show import plain, print_json
from callboard.errors import ConfigError, NotReachable
from callboard.guard.trust import user_name


def run(given: argparse.Namespace) -> int:
    """Runs the pipeline and waits; with a running server the work is handed over to it."""
    options = job_options(given.option)

    def hand_over(desk: RemoteDesk, workspace: str) -> int:
        return desk.submit(
            given.pipeline, given.only, given.skip, given.priority or "", workspace=workspace,
            affected=given.affected, options=options,
        )  # fmt: skip

    def prepared(desk: Any) -> Any:
        return desk.prepare(given.pipeline, given.only, given.skip, affected=given.affected, options=options)

    return _carried_out(given, hand_over, prepared)


def do(given: argparse.Namespace) -> int:
    """Runs one action and waits, in the same way."""
    if bool(given.action) == bool(given.wants):
        raise ConfigError("name either an action, such as `callboard do quality.lint`, or what is wanted with --wants")
    options = action_options(given.option)

    def hand_over(desk: RemoteDesk, workspace: str) -> int:
        return desk.do(
            given.action, options, given.folder, wants=given.wants, workspace=workspace, priority=given.priority or ""
        )

    def prepared(desk: Any) -> Any:
        return desk.prepare_one(given.action, options, given.folder, given.wants)

    return _carried_out(given, hand_over, prepared)


def _carried_out(
    given: argparse.Namespace,
    hand_over: Callable[[RemoteDesk, str], int],
    prepare: Callable[[Any], Any],
) -> int:
    """What `prepare` gives is run by an engine of its own, or by the running server through `hand_over`."""
    settings = settings_of(given)
    ensure_trust(settings, given)
    remote = remote_desk(settings)
    if remote is not None:
        return _by_server(remote, given, lambda desk: hand_over(desk, str(settings.workspace)))
    if given.detach:
        raise NotReachable(
            "no server runs for this data folder, so nothing can be handed over; start one with `callboard up`"
        )
    from callboard.wiring import House

    with House(settings, cases=True) as house:
        desk = house.desk
        prepared = prepare(desk)
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


def _by_server(desk: RemoteDesk, given: argparse.Namespace, hand_over: Callable[[RemoteDesk], int]) -> int:
    given.since = desk.last_seq()
    number = hand_over(desk)
    sys.stderr.write(f"handed over to the server at {desk.server.address} as run {number}\n")
    if given.detach:
        if given.json:
            print_json({"run": number})
        return DONE
    return follow(desk, number, given, streamed(desk, given.since))
