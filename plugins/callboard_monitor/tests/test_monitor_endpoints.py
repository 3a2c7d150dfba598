"""Probing endpoints: a real server on a real port."""

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.api import CallboardError, Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_monitor import MonitorAnalytics
from callboard_monitor.probe import Answer
from callboard_monitor.settings import place_of
from callboard_monitor.targets import declared

Ends = dict[str, dict[str, object]]


class Server(http.server.ThreadingHTTPServer):
    """Answers by path and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        name = self.path.split("?")[0].strip("/")
        if name == "slow":
            time.sleep(0.12)
        if name == "shaky":
            name = "500" if len(self.server.asked) % 2 else "200"
        self.send_response(int(name) if name.isdigit() else {"away": 302, "out": 302, "round": 307}.get(name, 200))
        location = {"away": "/200", "out": "http://example.com/", "round": "/round"}.get(name)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"hello")

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def probe(root: Path, endpoints: Ends, **options: object) -> Outcome:
    config = {"endpoints": endpoints, "boundary": {"probes_per_second": 100.0}}
    return run_action(MonitorAnalytics(), "endpoints", root, options, config=config)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def metrics(outcome: Outcome) -> dict[str, float]:
    return {message["name"]: message["value"] for message in outcome.messages if message["t"] == "metric"}


def test_a_good_endpoint_is_measured_and_passes(tmp_path: Path, server: Server) -> None:
    outcome = probe(
        tmp_path,
        {"home": {"url": f"{server.base}/200", "max_ms": 5_000}, "head": {"url": server.base, "method": "HEAD"}},
    )
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert outcome.result.summary == "no findings in 2 endpoints asked with 10 requests"
    assert server.asked == ["GET /200"] * 5 + ["HEAD /"] * 5
    figures = metrics(outcome)
    assert figures["monitor.endpoint.home.success"] == 100.0
    assert 0 < figures["monitor.endpoint.home.p50"] <= figures["monitor.endpoint.home.p95"]


def test_a_slow_endpoint_is_found_and_is_not_when_it_may_be_slow(tmp_path: Path, server: Server) -> None:
    (tmp_path / "callboard.toml").write_text('# x\n[endpoints.report]\nurl = "http://x"\n', "utf-8")
    outcome = probe(tmp_path, {"report": {"url": f"{server.base}/slow", "max_ms": 60}}, probes=2)
    assert [(f.rule, f.severity, f.path, f.line) for f in outcome.findings] == [
        ("slow-endpoint", Severity.HIGH, "callboard.toml", 2)
    ]
    assert verdict(outcome) is Verdict.FAIL
    assert (
        verdict(probe(tmp_path, {"report": {"url": f"{server.base}/slow", "max_ms": 5_000}}, probes=2)) is Verdict.PASS
    )


def test_an_endpoint_that_fails_every_time_is_down_and_is_soon_left_alone(tmp_path: Path, server: Server) -> None:
    outcome = probe(tmp_path, {"bad": {"url": f"{server.base}/500?token=abc"}}, probes=50)
    assert outcome.rules() == {"endpoint-down"}
    assert "the last: status 500 instead of 200" in outcome.findings[0].message
    assert "abc" not in outcome.findings[0].message
    assert len(server.asked) == 3


def test_an_endpoint_that_fails_now_and_then_is_unsteady(tmp_path: Path, server: Server) -> None:
    outcome = probe(tmp_path, {"shaky": {"url": f"{server.base}/shaky"}}, probes=4)
    assert outcome.rules() == {"endpoint-unsteady"}
    assert metrics(outcome)["monitor.endpoint.shaky.success"] == 50.0


def test_one_429_ends_the_asking_and_is_no_verdict(tmp_path: Path, server: Server) -> None:
    outcome = probe(tmp_path, {"busy": {"url": f"{server.base}/429"}})
    assert server.asked == ["GET /429"]
    assert outcome.rules() == {"endpoint-limited"}
    assert verdict(outcome) is Verdict.UNKNOWN


def test_nobody_listening_is_down(tmp_path: Path, server: Server) -> None:
    outcome = probe(tmp_path, {"gone": {"url": "http://127.0.0.1:1/"}}, probes=3)
    assert outcome.rules() == {"endpoint-down"}
    assert "no answer" in outcome.findings[0].message


def test_redirects_are_followed_by_hand_and_stop_at_the_boundary(tmp_path: Path, server: Server) -> None:
    ends: Ends = {
        "near": {"url": f"{server.base}/away"},
        "far": {"url": f"{server.base}/out"},
        "round": {"url": f"{server.base}/round"},
        "meant": {"url": f"{server.base}/out", "expect": [302]},
    }
    outcome = probe(tmp_path, ends, probes=1)
    assert {f.message.split(" ")[0]: f.rule for f in outcome.findings} == {
        "far": "endpoint-down",
        "round": "endpoint-down",
    }
    assert "boundary.test_hosts" in next(f.message for f in outcome.findings if f.message.startswith("far"))


def test_what_the_boundary_forbids_or_could_change_data_is_not_sent(tmp_path: Path, server: Server) -> None:
    ends: Ends = {
        "live": {"url": "http://127.0.0.1:6770/health"},
        "foreign": {"url": "http://example.com/"},
        "post": {"url": f"{server.base}/200", "method": "POST"},
    }
    outcome = probe(tmp_path, ends)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert outcome.result is not None
    assert all(w in outcome.result.summary for w in ("boundary.live_reads", "boundary.test_hosts", "POST"))
    assert server.asked == []


def test_without_endpoints_it_is_unknown_and_a_wrong_name_is_named(tmp_path: Path) -> None:
    assert verdict(probe(tmp_path, {})) is Verdict.UNKNOWN
    with pytest.raises(CallboardError, match="declares no endpoint 'x'; declared: y"):
        declared({"endpoints": {"y": {"url": "http://localhost"}}}, {}, ["x"])


def test_the_place_of_a_declaration_is_found_whatever_its_quotes() -> None:
    assert place_of('[a]\n[ endpoints."my end" ]\n', "my end") == ("callboard.toml", 2)
    assert place_of("[endpoints.other]\n", "my end") == ("", 0)
    assert Answer(200, 1.0).trouble == ""
