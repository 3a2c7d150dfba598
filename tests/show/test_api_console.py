"""The console: the output of all running attempts, shared out fairly, told once, and only while somebody watches."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from callboard.show.api.console import last_lines
from callboard.show.console import BUDGET, FAR_BEHIND, LEAST, Console
from fakes import FakeDesk


class Crowd:
    """Who watches, and all that they hear."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.there = True
        self.messages: list[Mapping[str, Any]] = []
        self.console = Console(desk, self.hear)

    async def hear(self, event: str, message: Mapping[str, Any], room: str) -> None:
        assert (event, room) == ("console", "console")
        self.messages.append(message)

    def said(self) -> dict[str, str]:
        """All text by task, in the order of the offsets, each byte once."""
        found: defaultdict[str, str] = defaultdict(str)
        for message in self.messages:
            for part in message["parts"]:
                found[part["task"]] += part["text"]
        return dict(found)

    async def until(self, condition: Any) -> None:
        for _ in range(1_000):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it did not come to that; heard so far: {str(self.messages)[-2000:]}")


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    desk = FakeDesk(tmp_path).furnish()
    for _ in range(3):
        desk.step()
    return desk


def running(desk: FakeDesk) -> list[Mapping[str, Any]]:
    return [task for task in desk.board()["tasks"] if task["state"] == "running"]


async def test_what_is_printed_while_somebody_watches_is_told_once(desk: FakeDesk) -> None:
    crowd = Crowd(desk)
    await crowd.console.open(lambda room: crowd.there)
    first, second = (task["id"] for task in running(desk)[:2])
    desk.print(first, "one\n")
    await crowd.until(lambda: first in crowd.said())
    desk.print(first, "two\n")
    desk.print(second, "ümläut\n")
    await crowd.until(lambda: len(crowd.said().get(first, "")) == 8 and second in crowd.said())
    assert crowd.said() == {first: "one\ntwo\n", second: "ümläut\n"}
    part = crowd.messages[0]["parts"][0]
    assert (part["name"], part["agent"]) == (running(desk)[0]["name"], running(desk)[0]["agent"])
    assert part["next"] - part["offset"] == 4
    crowd.there = False
    await crowd.until(lambda: not crowd.console.tasks())


async def test_nothing_is_read_when_nobody_watches(desk: FakeDesk) -> None:
    crowd = Crowd(desk)
    crowd.console.hear(running(desk))
    assert crowd.console.tasks() == []
    crowd.there = False
    await crowd.console.open(lambda room: crowd.there)
    await crowd.until(lambda: not crowd.console.tasks())
    desk.print(running(desk)[0]["id"], "unheard\n")
    await asyncio.sleep(0)
    assert crowd.messages == []


async def test_an_attempt_that_begins_is_told_from_its_first_byte_and_to_its_last(desk: FakeDesk) -> None:
    crowd = Crowd(desk)
    await crowd.console.open(lambda room: crowd.there)
    stop = desk.watch(lambda message: crowd.console.hear(message.get("tasks") or ()))
    known = {task["id"] for task in running(desk)}
    while not (fresh := [task for task in running(desk) if task["id"] not in known]):
        desk.step()
    name = fresh[0]["id"]
    while next(task for task in desk.board()["tasks"] if task["id"] == name)["state"] == "running":
        desk.step()
    whole = desk.log(name, 1, 0, 1 << 20)["text"]
    await crowd.until(lambda: crowd.said().get(name) == whole)
    stop()
    crowd.there = False
    await crowd.until(lambda: not crowd.console.tasks())


async def test_a_chatty_task_hides_no_quiet_one_and_says_what_it_leaves_out(desk: FakeDesk) -> None:
    crowd = Crowd(desk)
    await crowd.console.open(lambda room: crowd.there)
    names = [task["id"] for task in running(desk)]
    flood = "".join(f"line {n} of a flood\n" for n in range(4 * FAR_BEHIND // 20))
    for name in names[:-1]:
        desk.print(name, flood)
    desk.print(names[-1], "a whisper\n")
    await crowd.until(lambda: crowd.messages)
    told = {part["task"]: part for part in crowd.messages[0]["parts"]}
    assert told[names[-1]]["text"] == "a whisper\n"
    sizes = [part["next"] - part["offset"] for part in told.values()]
    assert sum(sizes) <= BUDGET
    assert min(size for name, size in zip(told, sizes, strict=True) if name != names[-1]) >= LEAST
    loud = [told[name] for name in names[:-1]]
    assert all(part["left_out"] > 3 * FAR_BEHIND for part in loud)
    assert all(part["text"].endswith(flood[-40:]) for part in loud)
    crowd.there = False
    await crowd.until(lambda: not crowd.console.tasks())


def test_the_last_lines_are_shared_out(desk: FakeDesk) -> None:
    first, second = (task["id"] for task in running(desk)[:2])
    desk.print(first, "".join(f"chatty {n}\n" for n in range(5_000)))
    desk.print(second, "quiet\n")
    told = last_lines(desk, 100)
    by_task = {part["task"]: part for part in told["parts"]}
    assert by_task[second]["text"].endswith("quiet\n")
    assert by_task[first]["text"].endswith("chatty 4998\nchatty 4999\n")
    assert 5 <= by_task[first]["text"].count("\n") <= 100
    assert told["seq"] == desk.board()["seq"]
    for part in told["parts"]:
        raw = desk.log(part["task"], part["attempt"], part["offset"], 1 << 20)["text"]
        assert raw == part["text"], "the offset leads to the text"


def test_what_ended_last_is_there_too(desk: FakeDesk) -> None:
    name = running(desk)[0]["id"]
    while next(task for task in desk.board()["tasks"] if task["id"] == name)["state"] == "running":
        desk.step()
    told = last_lines(desk, 500)["parts"]
    assert name in [part["task"] for part in told]
    live = {task["id"] for task in running(desk)}
    assert [part["task"] in live for part in told] == sorted(part["task"] in live for part in told)
