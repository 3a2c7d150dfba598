"""What a person does by hand from the terminal: drain, stop and restart agents; take over, finish and give back tasks."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import remote_desk, settings_of
from callboard.commands.looks import task_id
from callboard.commands.show import plain, print_json
from callboard.guard.trust import user_name

Row = dict[str, Any]


def _told(given: argparse.Namespace, act: Callable[[Any], Row], words: Callable[[Row], str]) -> int:
    """Carries out a wish by the running server, or by an engine that is started for it, and says what it did."""
    settings = settings_of(given)
    remote = remote_desk(settings)
    if remote is not None:
        row = act(remote)
    else:
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            row = act(house.desk)
    if given.json:
        print_json(row)
    else:
        sys.stdout.write(words(row) + "\n")
    return DONE


def drain(given: argparse.Namespace) -> int:
    """The agent finishes what it has."""

    def words(row: Row) -> str:
        left = (row["draining"] or {}).get("left", 0)
        if not left:
            return f"{given.agent} had nothing left and is paused; `callboard resume {given.agent}` ends that"
        return f"{given.agent} is being drained: {left} task{'' if left == 1 else 's'} left, then it is paused"

    return _told(given, lambda desk: desk.drain_agent(given.agent, given.reason, user_name()), words)


def _ended(row: Row) -> str:
    lines = [f"  {e['attempt']} {plain(e['name'])} is ended: {e['then']}" for e in row["ended"]]
    return "".join(f"\n{line}" for line in lines) or "; it did nothing just now"


def stop(given: argparse.Namespace) -> int:
    """The agent is paused, and what it does is ended."""

    def words(row: Row) -> str:
        return f"{given.agent} is stopped{_ended(row)}"

    return _told(given, lambda desk: desk.stop_agent(given.agent, given.reason, user_name()), words)


def restart(given: argparse.Namespace) -> int:
    """The agent begins anew, with its plugin as it is now."""

    def words(row: Row) -> str:
        version = row["version"]["now"] or "?"
        found = "its plugin has changed" if row["described_anew"] else "its plugin says the same as before"
        tools = "".join(f"\n  {plain(tool['words'], 300)}" for tool in row["tools"])
        return f"{given.agent} {version} works again, {found}{_ended(row)}{tools}"

    return _told(given, lambda desk: desk.restart_agent(given.agent, given.reason, user_name()), words)


def take(given: argparse.Namespace) -> int:
    """A person takes a task over."""

    def words(row: Row) -> str:
        ending = " Its attempt is being ended." if row["state"] in ("starting", "running") else ""
        return (
            f"{row['id']} {plain(row['name'])} is yours.{ending} "
            f"`callboard finish {row['id']} --done NOTE` says that it is done, `callboard release {row['id']}` gives it back"
        )

    return _told(given, lambda desk: desk.take_task(task_id(desk, given.task), given.reason, user_name()), words)


def finish(given: argparse.Namespace) -> int:
    """What became of a task by hand."""
    done = given.done is not None
    note = given.done if done else given.failed

    def words(row: Row) -> str:
        return f"{row['id']} {plain(row['name'])} {row['state']}, {plain(row['reason'], 1000)}"

    return _told(given, lambda desk: desk.finish_task(task_id(desk, given.task), done, note, user_name()), words)


def release(given: argparse.Namespace) -> int:
    """A task is given back."""

    def words(row: Row) -> str:
        return f"{row['id']} {plain(row['name'])} is given back; it is {row['state']}"

    return _told(given, lambda desk: desk.release_task(task_id(desk, given.task), given.reason, user_name()), words)
