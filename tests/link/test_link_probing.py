"""Endpoints are asked politely, whatever they answer; on real servers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError
from callboard.link.probing import Prober, kept_sample, targets_of
from callboard.link.probing_figures import Figures, rank
from callboard.link.probing_request import Probe, Target, probe
from callboard.work.sparing.budget import Budget

OPEN = Boundary(probes_per_second=1000.0)
Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def platform(talk: Talk) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that talks so; its address, and what it was asked."""
    asked: list[bytes] = []
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        serving.add(own)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head)
            await talk(head, writer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/health", asked
        await asyncio.wait_for(asyncio.gather(*serving, return_exceptions=True), 10)


async def until(true: Callable[[], object]) -> None:
    """Returns once it is so."""
    for _ in range(1_500):
        if true():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to be so")


def says(text: str) -> Talk:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text.replace("\n", "\r\n").encode())

    return talk


async def asked(talk: Talk, tmp_path: Path, whole_s: float = 5.0, **fields: object) -> tuple[Probe, list[bytes], float]:
    """What one probe found, what was asked, and for how long the address is left alone then."""
    budget = Budget(tmp_path, 1000.0)
    async with platform(talk) as (url, seen):
        found = await probe(Target("api", url, **fields), OPEN, budget, whole_s)  # type: ignore[arg-type]
        return found, seen, budget.due(url)


OK = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"


async def test_a_good_answer(tmp_path: Path) -> None:
    found, seen, due = await asked(says(OK), tmp_path)
    assert (found.trouble, found.paused_s, len(seen)) == ("", 0.0, 1)
    assert found.seconds is not None
    assert 0 < found.seconds < 5
    assert seen[0].startswith(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1") or seen[0].startswith(
        b"GET /health HTTP/1.1\r\nHost:"
    )
    assert due < 1


async def test_only_the_status_that_is_expected_is_good_and_nothing_is_followed(tmp_path: Path) -> None:
    moved = "HTTP/1.1 302 Found\nLocation: http://example.com/\nContent-Length: 0\n\n"
    found, seen, _ = await asked(says(moved), tmp_path, expect=frozenset({200}))
    assert (found.trouble, len(seen)) == ("it answered 302, which leads elsewhere and was not followed", 1)
    found, _, _ = await asked(says("HTTP/1.1 404 No\nContent-Length: 0\n\n"), tmp_path, expect=frozenset({404}))
    assert found.trouble == ""


@pytest.mark.parametrize(
    ("answer", "least", "words"),
    [
        ("HTTP/1.1 429 Slow down\nRetry-After: 60\nContent-Length: 0\n\n", 59.0, "it answered 429"),
        ("HTTP/1.1 503 Busy\nRetry-After: 99999999\nContent-Length: 0\n\n", 3_599.0, "it answered 503"),
        ("HTTP/1.1 500 Oh\nRetry-After: soon\nContent-Length: 0\n\n", 0.001, "it answered 500"),
    ],
)
async def test_a_host_that_is_in_trouble_is_left_alone(answer: str, least: float, words: str, tmp_path: Path) -> None:
    found, _, due = await asked(says(answer), tmp_path)
    assert found.trouble == words
    assert found.paused_s >= least
    assert due <= found.paused_s


async def test_an_endless_body_is_read_no_further_than_it_has_to_be(tmp_path: Path) -> None:
    sent = 0

    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    found, _, _ = await asked(endless, tmp_path)
    assert found.trouble == ""
    assert sent < 50_000_000


async def test_one_that_drips_or_says_nothing_ends_in_time_and_counts_as_that_slow(tmp_path: Path) -> None:
    async def drip(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    found, _, _ = await asked(drip, tmp_path, whole_s=0.2)
    assert (found.seconds, found.trouble) == (0.2, "no whole answer within 0.2 s")
    assert found.paused_s > 0


@pytest.mark.parametrize(
    "answer", ["\0\1\2 garbage\n\n", "HTTP/1.1 200 OK\n" + "X: y\n" * 20_000 + "\n", "SSH-2.0-x\n\n"]
)
async def test_garbage_is_a_failure_in_words(answer: str, tmp_path: Path) -> None:
    found, _, _ = await asked(says(answer), tmp_path)
    assert (found.seconds, found.trouble) == (None, "what it sends is no HTTP")


async def test_nobody_there_and_one_that_hangs_up(tmp_path: Path) -> None:
    async with platform(says("")) as (url, _):
        pass
    found = await probe(Target("api", url), OPEN, Budget(tmp_path, 1000.0))
    assert (found.seconds, found.trouble) == (None, "nobody listens there")
    found, _, _ = await asked(says(""), tmp_path)
    assert "closed the connection" in found.trouble or "no HTTP" in found.trouble


async def test_a_live_host_is_asked_only_where_that_is_written_down(tmp_path: Path) -> None:
    async with platform(says(OK)) as (url, seen):
        port = int(url.split(":")[2].split("/")[0])
        shut = Boundary(protected_ports=(port,), probes_per_second=1000.0)
        with pytest.raises(BoundaryError) as refused:
            await probe(Target("api", url), shut, Budget(tmp_path, 1000.0))
        assert (refused.value.rule, seen) == ("boundary.live_reads", [])
        reads = Boundary(protected_ports=(port,), live_reads=True, probes_per_second=1000.0)
        assert (await probe(Target("api", url, "HEAD"), reads, Budget(tmp_path, 1000.0))).trouble == ""
        assert seen[0].startswith(b"HEAD ")


def test_figures_are_those_of_the_window() -> None:
    figures = Figures()
    for second in range(100):
        figures.add(Probe(float(second), 0.1 if second < 70 else 0.5, "" if second != 80 else "it answered 500"), 60.0)
    now = figures.now(99.0, 60.0)
    assert (now.n, now.p50, now.p95, now.at) == (61, 100.0, 500.0, 99.0)
    assert now.success == pytest.approx(100 * 60 / 61)
    assert figures.failed is not None
    assert figures.failed.at == 80.0
    assert figures.now(99.0, 1.0).n == 5
    assert figures.now(2_000.0, 60.0).n == 0
    assert figures.reading("api", 2_000.0, 60.0) is None
    assert [rank([4.0, 1.0, 3.0, 2.0], share) for share in (0.5, 0.95, 0.0)] == [2.0, 4.0, 1.0]
    assert rank([], 0.5) is None


CONFIG = """
[boundary]
probes_per_second = 200
[endpoints.api]
url = "{url}"
expect = 200
[endpoints.other]
url = "http://127.0.0.1:9/"
[endpoints.posted]
url = "http://127.0.0.1:9/"
method = "POST"
watch = 5
[coordination]
yield_endpoints = ["api"]
yield_p95_ms = {limit}
"""


def test_which_are_watched(tmp_path: Path) -> None:
    config = config_from(CONFIG.format(url="http://127.0.0.1:9/x", limit=500), tmp_path / "callboard.toml")
    assert targets_of(config) == {"api": Target("api", "http://127.0.0.1:9/x", "GET", frozenset({200}), 2.0)}


async def test_it_follows_the_file_and_says_how_the_platform_is(tmp_path: Path) -> None:
    file, loop = tmp_path / "callboard.toml", asyncio.get_running_loop()
    async with platform(says(OK)) as (url, seen):
        file.write_text(CONFIG.format(url=url, limit=500).replace("expect = 200", "expect = 200\nwatch = 0.05"))
        prober = Prober(tmp_path, tmp_path / "data", trend=lambda name: [7.0])
        assert prober.rule.yield_p95_ms == 500
        assert prober.surroundings().readings == ()
        prober.start()
        try:
            await until(lambda: any(reading.n >= 3 for reading in prober.surroundings().readings))
            target, now, figures = prober.looks()[0]
            assert (target.name, now.success, next(iter(figures.trend))) == ("api", 100.0, 7.0)
            assert kept_sample(1.0, target, now)[1:3] == (0, -1)
            file.write_text(CONFIG.format(url=url, limit=900))
            await until(lambda: prober.surroundings().rule.yield_p95_ms == 900)
            assert prober.looks()[0][1].n >= 3
            file.write_text("[coordination]\nquiet = 'yes'\n")
            await until(lambda: prober.trouble)
            assert prober.rule.yield_p95_ms == 900
        finally:
            await loop.run_in_executor(None, prober.close)
        count = len(seen)
        await asyncio.sleep(0.1)
        assert len(seen) == count


def test_without_trust_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "callboard.toml").write_text(CONFIG.format(url="http://127.0.0.1:9/x", limit=500))
    prober = Prober(tmp_path, tmp_path / "data", why_not=lambda: "it is not trusted")
    prober.start()
    until = time.monotonic() + 20
    while not prober.trouble and time.monotonic() < until:
        time.sleep(0.02)
    prober.close()
    assert (prober.trouble, prober.looks()) == ("it is not trusted", [])
