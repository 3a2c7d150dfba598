"""What is wished for from the command line: by the running server, or by an engine that is started for it."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import remote_desk, settings_of
from callboard.commands.looks import task_id
from callboard.commands.show import print_json
from callboard.errors import CallboardError, NotFound
from callboard.guard.trust import user_name


def _wish(given: argparse.Namespace, act: Callable[[Any], object], done: str) -> int:
    """Carries out a wish that starts nothing."""
    settings = settings_of(given)
    remote = remote_desk(settings)
    if remote is not None:
        act(remote)
    else:
        from callboard.wiring import House

        with House(settings, quiet=True) as house:
            act(house.desk)
    if given.json:
        print_json({"ok": True})
    else:
        sys.stdout.write(done + "\n")
    return DONE


def cancel(given: argparse.Namespace) -> int:
    """Ends a run or a task, and waits until nothing of it lives."""

    def act(desk: Any) -> None:
        if given.what.isdecimal():
            desk.cancel_run(int(given.what), given.reason, user_name())
            _until(lambda: desk.run(int(given.what))["run"]["done"] == desk.run(int(given.what))["run"]["total"])
        else:
            task = task_id(desk, given.what)
            desk.cancel_task(task, given.reason, user_name())
            _until(lambda: desk.task(task)["task"]["state"] not in ("starting", "running", "waiting"))

    return _wish(given, act, f"{given.what} is cancelled")


def _until(ended: Callable[[], bool], seconds: float = 12.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not ended():
        if time.monotonic() > end:
            raise CallboardError(f"it did not end within {seconds:.0f} s; see `callboard status`")
        time.sleep(0.1)


def _and_follow(given: argparse.Namespace, act: Callable[[Any], int], done: str) -> int:
    """Carries out a wish after which work goes on: the server does it, else the run is followed to its end here."""
    settings = settings_of(given)
    remote = remote_desk(settings)
    if remote is not None:
        act(remote)
        if given.json:
            print_json({"ok": True})
        else:
            sys.stdout.write(done + "\n")
        return DONE
    import queue

    from callboard.commands.following import drained, follow
    from callboard.wiring import House

    with House(settings) as house:
        messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        stop = house.desk.watch(messages.put)
        number = act(house.desk)
        given.events = False
        code = follow(house.desk, number, given, drained(messages))
        stop()
    return code


def retry(given: argparse.Namespace) -> int:
    """Tries again."""

    def act(desk: Any) -> int:
        if given.what.isdecimal():
            desk.retry_run(int(given.what), user_name())
            return int(given.what)
        task = task_id(desk, given.what)
        desk.retry_task(task, user_name())
        return _run_of(task)

    return _and_follow(given, act, f"{given.what} is tried again")


def _run_of(task: str) -> int:
    return int(task.partition(".")[0])


def move(given: argparse.Namespace) -> int:
    """Another agent is to do a task."""

    def act(desk: Any) -> None:
        desk.move_task(task_id(desk, given.task), given.agent, user_name())

    return _wish(given, act, f"{given.task} is with {given.agent}")


def pause(given: argparse.Namespace) -> int:
    """The agent starts nothing more."""
    return _wish(given, lambda desk: desk.pause(given.agent, given.reason, user_name()), f"{given.agent} is paused")


def resume(given: argparse.Namespace) -> int:
    """The agent works again."""
    return _wish(given, lambda desk: desk.resume(given.agent, user_name()), f"{given.agent} works again")


def concurrency(given: argparse.Namespace) -> int:
    """How many attempts at once."""
    words = (
        f"{given.agent} may work on {given.limit} at once" if given.limit else f"{given.agent} has no limit of its own"
    )
    return _wish(given, lambda desk: desk.set_concurrency(given.agent, given.limit, user_name()), words)


def decide(given: argparse.Namespace) -> int:
    """A person's word about a task."""

    def act(desk: Any) -> int:
        task = task_id(desk, given.task)
        desk.decide(task, given.choice, user_name())
        return _run_of(task)

    return _and_follow(given, act, f"{given.task}: {given.choice}")


def answer(given: argparse.Namespace) -> int:
    """A person's answer to the task's open question."""

    def act(desk: Any) -> int:
        task = task_id(desk, given.task)
        asked = [q for q in desk.questions() if q["task"] == task and q["question"] not in ("decision", "taken")]
        if not asked:
            raise NotFound(f"task {given.task} asks nothing; see `callboard inbox`")
        desk.answer(task, asked[0]["question"], given.choice, user_name())
        return _run_of(task)

    return _and_follow(given, act, f"{given.task}: {given.choice}")
