"""Endpoints that hang, lie, flood or ask to be left alone; and what is remembered of them."""

import email.utils
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard.work.memory import Memory, memory_folder
from callboard.work.sparing.budget import Budget
from callboard_monitor import MonitorAnalytics
from callboard_monitor.connecting import waiting_time
from callboard_monitor.targets import compose_ports, declared, detected

Answering = Callable[[socket.socket], None]


@contextmanager
def speaking(*answers: Answering) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers the first connection with the first, and so on, the last one for ever; and what it was asked."""
    asked: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            number = 0
            while not done.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                with client:
                    client.settimeout(2)
                    try:
                        asked.append(client.recv(4_096))
                        answers[min(number, len(answers) - 1)](client)
                    except OSError:
                        pass
                number += 1

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], asked
        finally:
            done.set()
            thread.join()


def saying(text: bytes) -> Answering:
    return lambda client: client.sendall(text)


def reply(status: str, *headers: str, body: str = "") -> Answering:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", body]
    return saying("\r\n".join(lines).encode())


def dripping(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        client.sendall(b"X-Slow: 1\r\n")
        time.sleep(0.05)


def silent(client: socket.socket) -> None:
    client.recv(1)


def flooding(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(2_000):
        client.sendall(b"x" * 65_536)


def probe(root: Path, url: str, data: Path | None = None, **options: object) -> Outcome:
    config = {"endpoints": {"end": {"url": url}}, "boundary": {"probes_per_second": 500.0}}
    given = {"probes": 1, "timeout": 0.4, **options}
    return run_action(MonitorAnalytics(), "endpoints", root, given, config=config, data=data)


def said(outcome: Outcome) -> str:
    (finding,) = outcome.findings
    assert finding.rule == "endpoint-down"
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    return finding.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (dripping, "timeout: not complete after 0.4 s"),
        (silent, "timeout: not complete after 0.4 s"),
        (saying(b"SSH-2.0-OpenSSH_9.6\r\n"), "what it sends is no HTTP"),
        (saying(b""), "closed the connection without an answer"),
        (saying(b"\xff\x00\x13" * 90_000), "what it sends is no HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort"), "broke off within the answer"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), "no HTTP"),
        (reply("503 Away"), "status 503 instead of 200"),
    ],
)
def test_what_is_no_answer_is_told_apart(tmp_path: Path, answer: Answering, words: str) -> None:
    with speaking(answer) as (port, _):
        assert words in said(probe(tmp_path, f"http://127.0.0.1:{port}/"))


def test_dns_and_refusal_are_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert f"refused: nobody listens on port {port}" in said(probe(tmp_path, f"http://127.0.0.1:{port}/"))
    ends: dict[str, object] = {"end": {"url": "http://no.such.name.invalid/"}}
    config = {"endpoints": ends, "boundary": {"test_hosts": ["no.such.name.invalid"]}}
    outcome = run_action(MonitorAnalytics(), "endpoints", tmp_path, {"probes": 1}, config=config)
    assert "the name no.such.name.invalid is not known (DNS)" in said(outcome)


def test_a_flood_is_read_within_bounds_and_is_an_answer(tmp_path: Path) -> None:
    with speaking(flooding) as (port, _):
        outcome = probe(tmp_path, f"http://127.0.0.1:{port}/", timeout=20.0)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS


def test_a_redirect_to_another_host_or_port_is_not_followed(tmp_path: Path) -> None:
    with speaking(reply("200 OK")) as (other, asked):
        with speaking(reply("302 Found", f"Location: http://127.0.0.1:{other}/")) as (port, _):
            assert "another host or port, which is not followed" in said(probe(tmp_path, f"http://127.0.0.1:{port}/"))
    assert asked == []


def test_retry_after_is_kept_over_runs(tmp_path: Path) -> None:
    data, root = tmp_path / "data", tmp_path / "work"
    root.mkdir()
    with speaking(reply("429 Slow", "Retry-After: 120"), reply("200 OK")) as (port, asked):
        url = f"http://127.0.0.1:{port}/"
        assert probe(root, url, data).rules() == {"endpoint-limited"}
        again = probe(root, url, data)
    assert again.result is not None
    assert again.result.verdict is Verdict.UNKNOWN
    assert "it asked to be left alone (Retry-After) for" in again.result.summary
    assert len(asked) == 1


def test_a_server_error_with_a_long_retry_after_ends_the_asking(tmp_path: Path) -> None:
    with speaking(reply("503 Away", "Retry-After: 600")) as (port, asked):
        outcome = probe(tmp_path, f"http://127.0.0.1:{port}/", probes=5)
    assert outcome.rules() == {"endpoint-down"}
    assert len(asked) == 1


def test_what_one_check_sent_counts_for_whoever_works_with_the_same_data(tmp_path: Path) -> None:
    with speaking(reply("200 OK")) as (port, _):
        config = {"endpoints": {"end": {"url": f"http://127.0.0.1:{port}/"}}, "boundary": {"probes_per_second": 0.1}}
        run_action(MonitorAnalytics(), "endpoints", tmp_path, {"probes": 1}, config=config, data=tmp_path / "data")
    budget = Budget(tmp_path / "data", 0.1)
    assert 5 < budget.due(f"http://localhost:{port + 1}/") <= 10


def test_a_host_that_asked_somebody_else_to_wait_is_left_alone(tmp_path: Path) -> None:
    with speaking(reply("200 OK")) as (port, asked):
        Budget(tmp_path / "data", 100.0).answered(f"http://127.0.0.1:{port}/", 429, 600)
        config = {"endpoints": {"end": {"url": f"http://127.0.0.1:{port}/"}}}
        outcome = run_action(MonitorAnalytics(), "endpoints", tmp_path, {}, config=config, data=tmp_path / "data")
    assert asked == []
    assert outcome.result is not None
    assert "left alone" in outcome.result.summary


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    now = 1_800_000_000.0
    assert waiting_time("120", now) == 120
    assert waiting_time(email.utils.formatdate(now + 60, usegmt=True), now) == 60
    assert waiting_time(email.utils.formatdate(now - 60, usegmt=True), now) == 0
    assert [waiting_time(text, now) for text in ("", "soon", "-5", "9" * 400)] == [0, 0, 0, 86_400]


def test_the_last_failure_is_remembered_and_history_grows(tmp_path: Path) -> None:
    data, root = tmp_path / "data", tmp_path / "work"
    root.mkdir()
    with speaking(reply("500 Bad"), reply("200 OK")) as (port, _):
        url = f"http://127.0.0.1:{port}/"
        assert probe(root, url, data).rules() == {"endpoint-down"}
        outcome = probe(root, url, data)
    (table,) = outcome.sections()["endpoints"]
    (row,) = table["rows"]
    assert row[2]["text"].startswith("up for")
    assert row[7].endswith("status 500 instead of 200")
    assert row[6]["text"] == "learning (0 of 20)"


def test_an_unusual_latency_is_said_in_words(tmp_path: Path) -> None:
    data, root = tmp_path / "data", tmp_path / "work"
    root.mkdir()
    calm = reply("200 OK")

    def late(client: socket.socket) -> None:
        time.sleep(0.3)
        calm(client)

    memory = Memory(memory_folder(data, root, "monitor"))
    now = time.time()
    known = [[now - 300 * (60 - step), 10.0 + step % 5] for step in range(60)]
    memory.put("history-endpoints", {"series": {"endpoint.end.p95": known, "endpoint.end.p50": known}})
    with speaking(late) as (port, _):
        outcome = probe(root, f"http://127.0.0.1:{port}/x", data, timeout=5.0)
    assert {f.rule: f.severity for f in outcome.findings} == {"anomaly": Severity.MEDIUM}
    words = next(f.message for f in outcome.findings if f.message.startswith("p95 of GET /x (end) is 3"))
    assert words.endswith("usual 10–14 ms (median 12, n = 60)")
    anew = run_action(MonitorAnalytics(), "relearn", root, {"series": "endpoint.end.*"}, data=data)
    assert anew.result is not None
    assert anew.result.summary.startswith("2 series forgotten")
    assert memory.get("history-endpoints") == {"series": {}}


def test_a_service_level_counts_the_answers(tmp_path: Path) -> None:
    data, root = tmp_path / "data", tmp_path / "work"
    root.mkdir()
    levels = {
        "ok": {"objective": 50, "endpoint": "end"},
        "fast": {"objective": 50, "endpoint": "end", "within_ms": 0.001},
    }
    with speaking(reply("200 OK"), reply("500 Bad"), reply("200 OK")) as (port, _):
        config = {
            "endpoints": {"end": {"url": f"http://127.0.0.1:{port}/"}},
            "boundary": {"probes_per_second": 500.0},
            "agents": {"monitor": {"levels": levels}},
        }
        run_action(MonitorAnalytics(), "endpoints", root, {"probes": 4}, config=config, data=data)
    outcome = run_action(MonitorAnalytics(), "levels", root, config=config, data=data)
    assert outcome.result is not None
    found = outcome.result.outputs["levels"]
    assert (found["ok"]["total"], found["ok"]["bad"]) == (4, 1)
    assert (found["fast"]["total"], found["fast"]["bad"]) == (4, 4)
    assert outcome.rules() == {"service-level-missed"}


def test_plain_addresses_and_services_with_health_are_endpoints() -> None:
    config: dict[str, object] = {"services": {"web": {"port": 8000, "health": "/health"}, "any": {"health": "/x"}}}
    config |= {"environments": {"staging": {"port": 9100, "health": {"url": "/healthz", "status": 204}}}}
    settings = {"endpoints": ["http://127.0.0.1:9000/ready?token=x"]}
    assert [(end.name, end.url) for end in declared(config, settings, ())] == [
        ("127.0.0.1:9000/ready", "http://127.0.0.1:9000/ready?token=x"),
        ("web", "http://127.0.0.1:8000/health"),
        ("staging", "http://127.0.0.1:9100/healthz"),
    ]
    assert declared({}, {"endpoints": {"a": "http://localhost/"}}, ["a"])[0].url == "http://localhost/"


def write(root: Path, files: dict[str, str]) -> Workspace:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return Workspace(root)


def test_ports_are_told_by_compose_procfile_and_vite(tmp_path: Path) -> None:
    workspace = write(
        tmp_path,
        {
            "compose.yaml": "services:\n  api:\n    ports: ['18080:8000', {published: 18081, target: 3000}]\n"
            "  db:\n    ports: ['15432:5432']\n",
            "backend/Procfile": "web: uvicorn app:app --port 18001\n",
            "frontend/vite.config.ts": "export default { server: { port: 18173 } }\n",
            "frontend/package.json": '{"scripts": {"start": "next dev -p 13000"}}',
            "broken/docker-compose.yml": "services: [\n",
        },
    )
    found = {end.url: (end.name, end.found) for end in detected(workspace)}
    assert found == {
        "http://127.0.0.1:13000/": ("frontend:13000", "frontend/package.json"),
        "http://127.0.0.1:18001/": ("backend:18001", "backend/Procfile"),
        "http://127.0.0.1:18080/": ("api:18080", "compose.yaml"),
        "http://127.0.0.1:18081/": ("api:18081", "compose.yaml"),
        "http://127.0.0.1:18173/": ("frontend:18173", "frontend/vite.config.ts"),
    }


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("'8000:8000'", [("a", 8000)]),
        ("'127.0.0.1:8001:80/tcp'", [("a", 8001)]),
        ("'8000'", []),
        ("'${PORT}:8000'", []),
        ("'9000-9005:9000-9005'", []),
        ("7", []),
    ],
)
def test_published_ports_are_read_with_care(row: str, found: Sequence[tuple[str, int]]) -> None:
    assert compose_ports(f"services:\n  a:\n    ports: [{row}]\n") == found


def test_a_detected_port_is_asked_where_one_listens_and_is_unknown_where_not(tmp_path: Path) -> None:
    with speaking(reply("404 Not Found")) as (port, _):
        write(tmp_path, {"compose.yaml": f"services:\n  api:\n    ports: ['{port}:8000']\n"})
        config = {"boundary": {"probes_per_second": 500.0}}
        outcome = run_action(MonitorAnalytics(), "endpoints", tmp_path, {"probes": 2}, config=config)
        assert outcome.result is not None
        assert outcome.result.verdict is Verdict.PASS, "any answer but an error of the server will do"
    outcome = run_action(MonitorAnalytics(), "endpoints", tmp_path, config=config)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert "compose.yaml tells of port" in outcome.result.summary


def test_a_service_that_does_not_run_is_unknown_and_not_down(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    config = {"services": {"web": {"port": port, "health": "/health"}}, "boundary": {"probes_per_second": 500.0}}
    outcome = run_action(MonitorAnalytics(), "endpoints", tmp_path, {"probes": 1}, config=config)
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert (
        outcome.result.summary == "nothing was looked at: web: nobody listens on the port that callboard.toml tells of"
    )
    with speaking(reply("500 Bad")) as (port, _):
        config["services"] = {"web": {"port": port, "health": "/health"}}
        outcome = run_action(MonitorAnalytics(), "endpoints", tmp_path, {"probes": 1}, config=config)
    assert outcome.rules() == {"endpoint-down"}
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
