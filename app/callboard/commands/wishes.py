"""What is wished for from the command line: by the running server, or by an engine that is started for it."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from callboard.cli import DONE
from callboard.commands.doors import remote_desk, settings_of
from callboard.commands.looks import task_id
from callboard.commands.show import print_json
from callboard.errors import CallboardError, ConfigError, NotFound, Refused
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
    """Ends a run or tasks, and waits until nothing of it lives."""
    over = ("starting", "running", "waiting")

    def act(desk: Any) -> None:
        run = _whole(given.what)
        if run:
            desk.cancel_run(run, given.reason, user_name())
            _until(lambda: desk.run(run)["run"]["done"] == desk.run(run)["run"]["total"])
            return
        tasks = [task_id(desk, word) for word in given.what]
        if len(tasks) == 1:
            desk.cancel_task(tasks[0], given.reason, user_name())
        else:
            _all_done(desk.cancel_tasks(tasks, given.reason, user_name()))
        _until(lambda: not any(desk.task(task)["task"]["state"] in over for task in tasks))

    return _wish(given, act, f"{' '.join(given.what)} is cancelled")


def _whole(words: list[str]) -> int:
    """The run that is named, 0 when tasks are."""
    runs = [word for word in words if word.isdecimal()]
    if runs and len(words) > 1:
        raise ConfigError(f"'{runs[0]}' is a run; name one run, or several tasks such as {runs[0]}.3")
    return int(runs[0]) if runs else 0


def _all_done(told: Any) -> None:
    if told["refused"]:
        raise Refused(f"{told['refused']} of the tasks cannot: {told['why'][0]['why']}")


def _until(ended: Callable[[], bool], seconds: float = 12.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not ended():
        if time.monotonic() > end:
            raise CallboardError(f"it did not end within {seconds:.0f} s; see `callboard status`")
        time.sleep(0.1)


def _and_follow(
    given: argparse.Namespace, act: Callable[[Any], int], done: str, more: Callable[[], dict[str, Any]] = dict
) -> int:
    """Carries out a wish after which work goes on: the server does it, else the run is followed to its end here."""
    settings = settings_of(given)
    remote = remote_desk(settings)
    if remote is not None:
        act(remote)
        told = more()
        if given.json:
            print_json({"ok": True, **told})
        else:
            sys.stdout.write(f"{done} as run {told['run']}\n" if told else done + "\n")
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
        run = _whole(given.what)
        if run:
            desk.retry_run(run, user_name())
            return run
        tasks = [task_id(desk, word) for word in given.what]
        if len({_run_of(task) for task in tasks}) > 1:
            raise ConfigError("name tasks of one run")
        if len(tasks) == 1:
            desk.retry_task(tasks[0], user_name())
        else:
            _all_done(desk.retry_tasks(tasks, user_name()))
        return _run_of(tasks[0])

    return _and_follow(given, act, f"{' '.join(given.what)} is tried again")


def again(given: argparse.Namespace) -> int:
    """Starts a new run of the same jobs."""
    made: list[int] = []

    def act(desk: Any) -> int:
        made.append(desk.again(given.number, user_name(), affected=given.affected))
        return made[0]

    return _and_follow(given, act, f"run {given.number} is run again", lambda: {"run": made[0]})


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
