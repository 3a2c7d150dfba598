"""The live feed of the real server, by socket.io as the pages hear it and by server-sent events as programs do."""

import asyncio
import contextlib
import itertools
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio

from live_server import LiveServer, live_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("fed"), "--calm") as live:
        yield live
    errors = (live.data / "stderr").read_text()
    assert "Traceback" not in errors, errors


class Page:
    """What a page hears."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient(reconnection=False)
        self.live: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.client.on("live", self.live.put)
        self.client.on("disconnect", lambda *_: self.gone.set())

    async def watch(self, *rooms: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = await self.client.call("watch", {"rooms": list(rooms)}, timeout=5)
        return answer

    async def next(self, kind: str) -> Mapping[str, Any]:
        """The next message with rows of a kind."""
        async with asyncio.timeout(5):
            while True:
                message = await self.live.get()
                if message.get(kind):
                    return message


@asynccontextmanager
async def page(server: LiveServer) -> AsyncIterator[Page]:
    opened = Page()
    headers = {"Authorization": f"Bearer {server.token}"}
    await opened.client.connect(server.url, headers, socketio_path="/_nicegui_ws/socket.io", transports=["websocket"])
    try:
        yield opened
    finally:
        await opened.client.disconnect()


async def wish(server: LiveServer, path: str, **body: Any) -> None:
    def post() -> int:
        head = "Content-Type: application/json"
        return server.ask("POST", f"/api/v1{path}", head, body=json.dumps(body).encode(), token=True).status

    assert await asyncio.to_thread(post) == 200


async def test_each_room_hears_its_own(server: LiveServer) -> None:
    async with page(server) as board, page(server) as run, page(server) as other:
        answers = [await board.watch("board"), await run.watch("run:7", "task:7.3"), await other.watch("run:2")]
        assert [answer["ok"] for answer in answers] == [True] * 3
        assert {answer["seq"] for answer in answers} == {(await asyncio.to_thread(server.board))["seq"]}
        await wish(server, "/tasks/7.3/cancel", reason="")
        on_board = await board.next("tasks")
        on_run = await run.next("tasks")
        assert {row["id"]: row["state"] for row in on_board["tasks"]}["7.3"] == "cancelled"
        assert {row["id"]: row["state"] for row in on_run["tasks"]}["7.3"] == "cancelled"
        assert {row["run"] for row in on_run["tasks"]} == {7}
        assert on_board["seq"] == on_run["seq"] > 0
        on_task = await run.next("tasks")
        assert [row["id"] for row in on_task["tasks"]] == ["7.3"]
        while not other.live.empty():
            assert all(row["run"] == 2 for row in other.live.get_nowait().get("tasks", ()))


async def test_watching_anew_replaces_what_was_watched(server: LiveServer) -> None:
    async with page(server) as one:
        await one.watch("board")
        await one.watch("run:2")
        await wish(server, "/agents/monitor/pause", reason="quiet")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.next("agents"), 0.5)
        await one.watch("board")
        await wish(server, "/agents/monitor/resume")
        await wish(server, "/agents/monitor/pause", reason="quiet")
        assert (await one.next("agents"))["agents"][0]["name"] == "monitor"


@pytest.mark.parametrize(
    "rooms",
    [["evil"], ["board", ""], ["run:0"], [None], [["board"]], ["board"] * 21, [{"board": 1}]],
)
async def test_only_rooms_may_be_watched(server: LiveServer, rooms: list[Any]) -> None:
    async with page(server) as one:
        answer = await one.watch(*rooms)
        assert (answer["ok"], answer["rooms"]) == (False, [])
        assert answer["error"]


@pytest.mark.parametrize("data", [None, [], "board", 1, {"rooms": "board"}, {"rooms": {}}, {}])
async def test_a_malformed_watch_is_answered(server: LiveServer, data: Any) -> None:
    async with page(server) as one:
        assert (await one.client.call("watch", data, timeout=5))["ok"] is False


async def test_who_watches_without_end_is_cut(server: LiveServer) -> None:
    async with page(server) as one:
        for _ in range(40):
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                await one.client.emit("watch", {"rooms": ["board"]})
        await asyncio.wait_for(one.gone.wait(), 5)


@pytest.mark.parametrize("rooms", [["run:3"], ["console"], ["log:2.1"], []])
async def test_every_page_hears_a_heartbeat_even_where_nothing_changes(server: LiveServer, rooms: list[str]) -> None:
    async with page(server) as one:
        await one.watch(*rooms)
        beats = [await asyncio.wait_for(one.live.get(), 5) for _ in range(4)]
        assert all({"seq", "at"} <= set(beat) for beat in beats)
        assert not any(beat.get("tasks") for beat in beats)
        gaps = sorted(later["at"] - earlier["at"] for earlier, later in itertools.pairwise(beats))
        assert 0.5 < gaps[1] < 1.5, "once a second: two seconds of silence are a link that hangs"


async def lines_of(
    server: LiveServer, last: str | None, many: int, opened: asyncio.Event | None = None
) -> list[dict[str, Any]]:
    """The first messages of the stream, each with its id; `opened` is set when it begins."""
    headers = {"Authorization": f"Bearer {server.token}", **({"Last-Event-ID": last} if last else {})}
    found: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", f"{server.url}/api/v1/events", headers=headers) as reply,
    ):
        assert reply.headers["content-type"].startswith("text/event-stream")
        number = ""
        if opened:
            opened.set()
        async for line in reply.aiter_lines():
            if line.startswith("id: "):
                number = line.removeprefix("id: ")
            if line.startswith("data: "):
                found.append({"id": number, **json.loads(line.removeprefix("data: "))})
                if len(found) == many:
                    break
    return found


async def test_the_stream_sends_what_changes(server: LiveServer) -> None:
    opened = asyncio.Event()
    heard = asyncio.create_task(lines_of(server, None, 1, opened))
    await asyncio.wait_for(opened.wait(), 20)
    await wish(server, "/tasks/7.4/cancel", reason="")
    first = (await asyncio.wait_for(heard, 20))[0]
    assert first["id"] == str(first["seq"])
    assert [row["state"] for row in first["tasks"] if row["id"] == "7.4"] == ["cancelled"]


async def test_the_stream_goes_on_where_it_was_left(server: LiveServer) -> None:
    whole = (await asyncio.wait_for(lines_of(server, "0", 1), 5))[0]
    numbers = [event["seq"] for event in whole["events"]]
    assert numbers == list(range(1, len(numbers) + 1))
    later = (await asyncio.wait_for(lines_of(server, str(numbers[3]), 1), 5))[0]
    assert later["events"] == whole["events"][4:]
    assert later["id"] == str(numbers[-1])


@pytest.mark.parametrize("last", ["-1", "x", "1.5", "9" * 30])
def test_a_place_that_is_none_is_refused(server: LiveServer, last: str) -> None:
    assert server.ask("GET", "/api/v1/events", f"Last-Event-ID: {last}", token=True).status == 422


def test_too_many_streams_are_told_to_wait(server: LiveServer) -> None:
    request = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
    )
    wires = []
    statuses = []
    try:
        for _ in range(52):
            wire = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            wires.append(wire)
            wire.sendall(request)
            statuses.append(wire.recv(4_096).split(b" ")[1])
    finally:
        for wire in wires:
            wire.close()
    assert statuses.count(b"200") == 50
    assert statuses.count(b"503") == 2


BROKEN = (
    *(b'42["event"]', b'42["event",1]', b'42["ack",[]]', b'42["log",{}]', b'42["handshake",{}]'),
    *(b'42["watch"]', b"42[]", b"4x", b"9"),
)


def test_broken_events_harm_nobody_and_fill_no_log(tmp_path: Path) -> None:
    with live_server(tmp_path, "--calm") as server:
        session = server.session()
        for _ in range(20):
            with server.open_socket(session) as wire:
                for text in [b"40", *BROKEN * 5]:
                    with contextlib.suppress(ConnectionError):
                        wire.sendall(bytes((0x81, 0x80 | len(text))) + b"\x00" * 4 + text)
                time.sleep(0.05)
        assert server.ask("GET", "/api/v1/board", token=True).status == 200
    said = (tmp_path / "stderr").read_text()
    assert said.count("Traceback") < 2 * len(BROKEN)
