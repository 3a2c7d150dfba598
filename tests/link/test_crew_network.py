"""Status and socket of a platform are asked politely: by the boundary's rules, bounded, read only."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.asyncio.server import serve

from callboard.core.boundary import Boundary
from callboard.link.crew_sources import fetch
from callboard.link.crew_sources.look import ERROR, FRESH, OFF, STALE, Look
from callboard.link.crew_sources.status import Status
from callboard.link.crew_sources.websocket import LARGEST_MESSAGE, MESSAGES_A_SECOND, WebSocket
from callboard.work.sparing.budget import Budget

FAST = Boundary(probes_per_second=1000.0)
RUNNING = {
    "workflows": [{"id": "a-long-workflow-id", "status": "running", "tasks": [{"name": "a", "status": "running"}]}]
}


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers each request with these bytes, and what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head)
            writer.write(answer(head))
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/status", asked


def whole(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def status_of(url: str, data: Path, boundary: Boundary = FAST) -> Status:
    return Status(url, 1.0, {}, boundary, Budget(data, boundary.probes_per_second))


async def test_it_asks_with_one_plain_get(tmp_path: Path) -> None:
    async with answering(lambda head: whole(200, json.dumps(RUNNING).encode())) as (url, asked):
        look = await status_of(url, tmp_path).look()
    assert (look.state, [fact["what"] for fact in look.facts]) == (FRESH, ["workflow-started", "task-started"])
    lines = asked[0].decode().split("\r\n")
    assert lines[0] == "GET /api/status HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in lines[1:] if line} == {
        "host", "user-agent", "accept", "accept-encoding", "connection",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (whole(302, b"", "Location: http://elsewhere.test/x"), ERROR, "sends on to http://elsewhere.test/x (302)"),
        (whole(401, b""), ERROR, "wants a login (401)"),
        (whole(404, b""), ERROR, "nothing at this address (404)"),
        (whole(503, b"", "Retry-After: 20"), ERROR, "answers 503; it is left alone"),
        (whole(200, b"<html>"), ERROR, "is no JSON"),
        (whole(200, b"[" * 100_000), ERROR, "is no JSON"),
        (whole(200, b'{"status": "ok"}'), STALE, "say where they stand with `fields`"),
        (whole(200, b" " * (fetch.LARGEST_ANSWER + 9)), ERROR, "more than 1 MiB"),
        (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ERROR, "is no HTTP"),
        (b"SSH-2.0-x\r\n\r\n", ERROR, "is no HTTP"),
        (b"", ERROR, "is no HTTP"),
        (b"HTTP/1.1 200 X\r\nX: " + b"y" * 100_000, ERROR, "is no HTTP"),
    ],
)
async def test_what_is_wrong_with_an_answer_is_said(tmp_path: Path, answer: bytes, state: str, words: str) -> None:
    async with answering(lambda head: answer) as (url, asked):
        look = await status_of(url, tmp_path).look()
        assert (look.state, look.facts) == (state, [])
        assert words in look.words
        assert len(asked) == 1, "no redirect is followed, nothing asked twice"
    assert look.wait >= 20 or "503" not in look.words


async def test_what_the_boundary_forbids_is_off_with_the_name_of_the_rule(tmp_path: Path) -> None:
    async with answering(lambda head: whole(200, b"{}")) as (url, asked):
        port = int(url.split(":")[2].split("/")[0])
        live = Boundary(protected_ports=(port,))
        look = await status_of(url, tmp_path, live).look()
        assert (look.state, asked) == (OFF, [])
        assert "boundary.live_reads" in look.words
        socket = WebSocket(url.replace("http", "ws"), {}, live, Budget(tmp_path, 9.0))
        assert (await first_look(socket)).state == OFF
        allowed = Boundary(protected_ports=(port,), live_reads=True, probes_per_second=1000.0)
        assert (await status_of(url, tmp_path, allowed).look()).state == STALE
    assert "boundary.test_hosts" in (await status_of("http://elsewhere.test/x", tmp_path).look()).words


async def test_nobody_there_is_said_and_is_no_burden_for_others_of_the_host(tmp_path: Path) -> None:
    budget = Budget(tmp_path, 1000.0)
    source = Status("http://127.0.0.1:9/x", 1.0, {}, FAST, budget)
    looks = [await source.look() for _ in range(3)]
    assert {look.words for look in looks} == {"nobody listens on 127.0.0.1:9"}
    assert [look.wait for look in looks] == [2.0, 4.0, 8.0]
    assert budget.due("http://127.0.0.1:10/") < 1


async def first_look(source: WebSocket) -> Look:
    """What it tells first."""
    async for look in looks_of(source):
        return look
    raise AssertionError("it told nothing")


async def looks_of(source: WebSocket) -> AsyncIterator[Look]:
    told: asyncio.Queue[Look] = asyncio.Queue()
    task = asyncio.create_task(source.watch(told.put_nowait))
    try:
        while True:
            async with asyncio.timeout(20):
                yield await told.get()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_socket_is_read_and_nothing_is_sent_but_pongs(tmp_path: Path) -> None:
    got: list[Any] = []
    ponged = asyncio.Event()

    async def talk(connection: Any) -> None:
        await (await connection.ping())
        ponged.set()
        for message in (
            {"type": "crew_started", "workflow_id": "w1", "total_tasks": 1},
            {"type": "task_started", "workflow_id": "w1", "task": "a", "agent": "Writer"},
        ):
            await connection.send(json.dumps(message))
        await connection.send(["{", '"workflows"', ": []}"])
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                got.append(message)

    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        source = WebSocket(f"ws://127.0.0.1:{port}/ws?x=1", {}, FAST, Budget(tmp_path, 1000.0))
        facts: list[dict[str, Any]] = []
        async for look in looks_of(source):
            facts += look.facts
            assert look.state == FRESH
            if len(facts) >= 2:
                break
    assert [fact["what"] for fact in facts] == ["workflow-started", "task-started"]
    assert (ponged.is_set(), got) == (True, [])


async def test_a_socket_that_breaks_off_is_come_back_to(tmp_path: Path) -> None:
    count = 0

    async def talk(connection: Any) -> None:
        nonlocal count
        count += 1
        if count == 1:
            await connection.close(1012)
        else:
            await connection.send(json.dumps({"type": "crew_started", "workflow_id": "w"}))
            await connection.wait_closed()

    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        states = []
        async for look in looks_of(WebSocket(f"ws://127.0.0.1:{port}/", {}, FAST, Budget(tmp_path, 1000.0))):
            states.append((look.state, look.words, len(look.facts)))
            if look.facts:
                break
    assert ("error", "it closed the connection (1012)", 0) in states
    assert states[-1] == (FRESH, "", 1)


@pytest.mark.parametrize("flood", ["huge", "many"])
async def test_a_socket_that_floods_is_bounded(tmp_path: Path, flood: str) -> None:
    async def talk(connection: Any) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            if flood == "huge":
                await connection.send("x" * (LARGEST_MESSAGE + 10))
            else:
                for n in range(3_000):
                    await connection.send(json.dumps({"type": "crew_started", "workflow_id": f"w{n}"}))
            await connection.wait_closed()

    async with serve(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        count = 0
        async for look in looks_of(WebSocket(f"ws://127.0.0.1:{port}/", {}, FAST, Budget(tmp_path, 1000.0))):
            count += len(look.facts)
            if look.state == ERROR or count:
                break
    assert (look.state, "more than 1 MiB" in look.words) == ((ERROR, True) if flood == "huge" else (FRESH, False))
    assert count <= 2 * MESSAGES_A_SECOND


async def test_what_is_no_websocket_is_said(tmp_path: Path) -> None:
    for answer, words in (
        (whole(403, b""), "refuses the handshake: 403 (it wants a login"),
        (
            b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "no WebSocket",
        ),
        (b"garbage\r\n\r\n", "no WebSocket"),
        (b"", "closed the connection instead of a handshake"),
    ):
        async with answering(lambda head, answer=answer: answer) as (url, _):
            look = await first_look(WebSocket(url.replace("http", "ws"), {}, FAST, Budget(tmp_path, 1000.0)))
        assert look.state == ERROR
        assert words in look.words
