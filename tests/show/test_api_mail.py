"""Live messages folded into one, and what of it each room gets."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from callboard.show.mail import MOST_ROWS, ROOM, Mail, for_all, for_room
from callboard.show.tail import PIECE, Tails
from fakes import FakeDesk


def task(number: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "run": int(number.partition(".")[0]), **more}


def test_the_latest_row_wins_and_news_add_up() -> None:
    mail = Mail()
    assert mail.take() is None
    mail.add(
        {"seq": 1, "tasks": [task("1.1", progress=0.1), task("1.2")], "events": [{"seq": 1}], "sections": [{"seq": 1}]}
    )
    mail.add({"seq": 2, "tasks": [task("1.1", progress=0.2)], "events": [{"seq": 2}], "host": {"cpus": 2}})
    message = mail.take()
    assert message is not None
    assert message["seq"] == 2
    assert {row["id"]: row.get("progress") for row in message["tasks"]} == {"1.1": 0.2, "1.2": None}
    assert [event["seq"] for event in message["events"]] == [1, 2]
    assert message["host"] == {"cpus": 2}
    assert message["sections"] == [{"seq": 1}]
    assert "banner" not in message
    assert mail.take() is None


def test_a_banner_that_goes_is_news_too() -> None:
    mail = Mail()
    mail.add({"seq": 1, "banner": {"level": "error", "text": "full"}})
    mail.add({"seq": 2, "banner": None})
    message = mail.take()
    assert message is not None
    assert message["banner"] is None
    assert for_room("task:1.1", message) == {
        "seq": 2,
        "at": None,
        "tasks": [],
        "findings": [],
        "events": [],
        "banner": None,
    }


def test_a_storm_is_sent_in_pieces_and_nothing_is_lost() -> None:
    mail = Mail()
    mail.add({"seq": 9, "tasks": [task(f"1.{number}") for number in range(2 * MOST_ROWS + 1)]})
    sizes, seen = [], set()
    while message := mail.take():
        sizes.append(len(message["tasks"]))
        seen |= {row["id"] for row in message["tasks"]}
    assert sizes == [MOST_ROWS, MOST_ROWS, 1]
    assert len(seen) == 2 * MOST_ROWS + 1


def test_a_room_gets_what_it_is_for() -> None:
    message = {
        "seq": 5,
        "at": 1.0,
        "tasks": [task("1.1"), task("12.3"), task("12.4")],
        "runs": [{"id": 1}, {"id": 12}],
        "agents": [{"name": "quality"}],
        "host": {"cpus": 2},
        "findings": [{"run": 12, "task": "12.3"}],
        "events": [{"run": 1, "task": None, "seq": 5}],
    }
    assert for_room("board", message) == message
    run = for_room("run:12", message)
    assert run is not None
    assert [row["id"] for row in run["tasks"]] == ["12.3", "12.4"]
    assert (run["runs"], run["host"], run["events"]) == ([{"id": 12}], {"cpus": 2}, [])
    one = for_room("task:12.3", message)
    assert one is not None
    assert ([row["id"] for row in one["tasks"]], len(one["findings"]), "host" in one) == (["12.3"], 1, False)
    assert for_room("task:2.1", message) is None
    assert for_room("run:3", {**message, "host": None}) is None


def test_an_alert_goes_to_every_page_once_whatever_it_watches() -> None:
    mail = Mail()
    mail.add({"seq": 1, "alert": [{"id": "a", "state": "open"}], "alerts": 1})
    mail.add({"seq": 2, "alert": [{"id": "a", "state": "resolved"}], "alerts": 0})
    message = mail.take()
    assert message is not None
    assert for_all(message) == {"seq": 2, "alert": [{"id": "a", "state": "resolved"}], "alerts": 0}
    assert "alert" not in (for_room("board", message) or {})
    assert for_all({"seq": 3, "alert": []}) is None


@pytest.mark.parametrize("room", ["board", "run:1", "task:12.0", "log:1.3"])
def test_rooms_have_names(room: str) -> None:
    assert ROOM.fullmatch(room)


@pytest.mark.parametrize(
    "room", ["", "Board", "board ", "run:0", "run:01", "run:1.1", "task:1", "task:0.1", "log:1.3#1", "run:१"]
)
def test_other_words_are_no_rooms(room: str) -> None:
    assert not ROOM.fullmatch(room)


class Ear:
    """Hears what a tail says, until it is told to stop watching."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self.watches = True

    async def emit(self, event: str, message: Mapping[str, Any], room: str) -> None:
        assert (event, room) == ("log", f"log:{message['task']}")
        await self.heard.put(message)

    async def next(self) -> Mapping[str, Any]:
        return await asyncio.wait_for(self.heard.get(), 5)


async def test_a_tail_begins_at_the_end_and_goes_on_with_the_next_attempt(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path).furnish()
    desk.print("1.1", "old\n")
    size = desk.log("1.1", None, 0, 1)["size"]
    ear = Ear()
    tails = Tails(desk, ear.emit)
    tails.follow("log:1.1", lambda room: ear.watches)
    tails.follow("log:1.1", lambda room: ear.watches)
    assert len(tails.tasks()) == 1
    await asyncio.sleep(0.3)
    desk.print("1.1", "nëw\n")
    assert await ear.next() == {"task": "1.1", "attempt": 1, "offset": size, "next": size + 5, "text": "nëw\n"}
    desk.retry_task("1.1", "ann")
    while desk.task("1.1")["task"]["attempt"] == 1:
        desk.step()
    again = await ear.next()
    assert (again["attempt"], again["offset"]) == (2, 0)
    assert again["text"].startswith("$ config.drift")
    ear.watches = False
    await asyncio.wait_for(asyncio.gather(*tails.tasks()), 5)
    assert tails.tasks() == []


async def test_a_tail_that_is_far_behind_leaves_out_the_middle(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path).furnish()
    ear = Ear()
    tails = Tails(desk, ear.emit)
    tails.follow("log:1.1", lambda room: ear.watches)
    await asyncio.sleep(0.3)
    before = desk.log("1.1", None, 0, 1)["size"]
    desk.print("1.1", "x" * (3 << 20) + "the end\n")
    piece = await ear.next()
    assert len(piece["text"]) == PIECE
    assert piece["text"].endswith("the end\n")
    assert piece["offset"] == before + (3 << 20) + 8 - PIECE
    ear.watches = False
    await asyncio.wait_for(asyncio.gather(*tails.tasks()), 5)


async def test_a_tail_of_a_task_that_is_not_there_waits_in_peace(tmp_path: Path) -> None:
    ear = Ear()
    tails = Tails(FakeDesk(tmp_path), ear.emit)
    tails.follow("log:5.5", lambda room: ear.watches)
    await asyncio.sleep(0.2)
    assert ear.heard.empty()
    for waiting in tails.tasks():
        waiting.cancel()
    await asyncio.gather(*tails.tasks(), return_exceptions=True)
