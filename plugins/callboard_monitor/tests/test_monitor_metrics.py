"""Scraping Prometheus targets: rates, resets, quantiles, rules, and hostile pages."""

import http.server
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from callboard.api import CallboardError, Severity, Verdict, read_prometheus
from callboard.testing import Outcome, run_action
from callboard_monitor import MonitorAnalytics
from callboard_monitor.scrape import MOST_KEPT, Scrape, fits, scrape_of
from callboard_monitor.settings import Rule, Series, filters, targets

PAGE = """# TYPE http_requests_total counter
http_requests_total{{method="GET",code="200"}} {good}
http_requests_total{{method="GET",code="503"}} {bad}
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{{le="0.1"}} {fast}
http_request_duration_seconds_bucket{{le="0.5"}} {all}
http_request_duration_seconds_bucket{{le="+Inf"}} {all}
http_request_duration_seconds_sum {all}
http_request_duration_seconds_count {all}
# TYPE queue_length gauge
queue_length{{queue="mail"}} {queue}
queue_length{{queue="jobs"}} 2
# TYPE process_start_time_seconds gauge
process_start_time_seconds {started}
"""


def page(
    good: float = 100, bad: float = 0, fast: float = 80, all: float = 100, queue: float = 3, started: float = 1e9
) -> str:
    return PAGE.format(good=good, bad=bad, fast=fast, all=all, queue=queue, started=started)


class Server(http.server.ThreadingHTTPServer):
    """Serves its `text` to whoever asks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.text = page().encode()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.text)

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


def scrape(tmp_path: Path, server: Server, table: Mapping[str, Any] | None = None, **agent: object) -> Outcome:
    root = tmp_path / "work"
    root.mkdir(exist_ok=True)
    url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
    config = {
        "agents": {"monitor": {"metrics": {"shop": {"url": url, **(table or {})}}, **agent}},
        "boundary": {"probes_per_second": 500.0},
    }
    return run_action(MonitorAnalytics(), "metrics", root, config=config, data=tmp_path / "data")


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def look(text: str, kept: object = None, now: float = 1_000.0) -> Scrape:
    return scrape_of(read_prometheus(text), kept, now)


def rule(
    aggregate: str, metric: str, labels: Mapping[str, str] | None = None, of: Mapping[str, str] | None = None
) -> Rule:
    part, whole = Series(metric, filters(labels or {}, "")), Series(metric, filters(of or {}, ""))
    return Rule("r", part, whole, aggregate, None, None, "high")


def test_rates_ratios_and_quantiles_are_of_what_was_added_between_looks() -> None:
    first = look(page())
    assert first.value(rule("rate", "http_requests_total")) == (None, "this is the first look, a rate needs two")
    second = look(page(good=190, bad=10, fast=90, all=200), first.kept_form(), 1_050.0)
    assert second.value(rule("rate", "http_requests_total"))[0] == pytest.approx(2.0)
    assert second.value(rule("ratio", "http_requests_total", {"code": "~5.."}))[0] == pytest.approx(0.1)
    assert second.value(rule("p50", "http_request_duration_seconds"))[0] == pytest.approx(0.1 + 0.4 * 40 / 90)
    assert first.value(rule("p50", "http_request_duration_seconds"))[0] == pytest.approx(0.0625)
    assert second.value(rule("ratio", "http_requests_total", {"code": "~4.."}))[0] == 0
    assert second.resets == 0


def test_a_reset_counts_from_zero() -> None:
    first = look(page(good=1_000, bad=50))
    again = look(page(good=20, bad=1, fast=5, all=21, started=1e9 + 100), first.kept_form(), 1_010.0)
    assert again.restarted
    assert again.value(rule("rate", "http_requests_total"))[0] == pytest.approx(2.1)
    silent = look(page(good=20, bad=60), first.kept_form(), 1_010.0)
    assert silent.increase(Series("http_requests_total")) == pytest.approx(30)
    assert silent.resets == 1


def test_what_is_too_much_to_be_remembered_is_not_known_instead_of_wrong() -> None:
    flood = "# TYPE many_total counter\n" + "".join(f'many_total{{n="{n}"}} 5\n' for n in range(MOST_KEPT))
    first = look(flood + page())
    second = look(flood + page(good=150), first.kept_form({"http_requests_total"}), 1_010.0)
    assert second.value(rule("rate", "http_requests_total"))[0] == pytest.approx(5)
    assert second.value(rule("rate", "many_total")) == (None, "many_total has too many series to be remembered")


def test_gauges_are_summed_and_chosen_by_labels() -> None:
    now = look(page(queue=7))
    assert [now.value(rule(a, "queue_length"))[0] for a in ("sum", "max", "min", "avg")] == [9, 7, 2, 4.5]
    assert now.value(rule("sum", "queue_length", {"queue": "!mail"}))[0] == 2
    assert now.value(rule("sum", "queue_length", {"queue": "x"})) == (None, "no queue_length has these labels")
    assert now.value(rule("sum", "gone")) == (None, "it tells no gone")


def test_filters_are_whole_and_may_be_turned_round() -> None:
    labels = {"code": "503", "path": "/x"}
    assert fits(labels, filters({"code": "~5..", "path": "/x"}, ""))
    assert not fits(labels, filters({"code": "~5"}, ""))
    assert not fits(labels, filters({"code": "!~5..|4.."}, ""))
    assert fits(labels, filters({"none": ""}, ""))


def test_a_former_look_that_is_damaged_or_long_ago_is_none() -> None:
    for kept in (None, 7, {"at": "x"}, {"at": 2_000.0, "sums": {}}, {"at": -1e9, "sums": {}}, {"at": 1.0, "sums": []}):
        assert look(page(), kept).elapsed is None


def test_a_rule_that_is_broken_fails_in_words_and_passes_when_it_is_kept(tmp_path: Path, server: Server) -> None:
    rules = [
        {"name": "mail waits", "metric": "queue_length", "labels": {"queue": "mail"}, "above": 50, "severity": "high"},
        {"name": "errors", "metric": "http_requests_total", "labels": {"code": "~5.."}, "agg": "ratio", "above": 0.05},
    ]
    first = scrape(tmp_path, server, {"rules": rules})
    assert verdict(first) is Verdict.UNKNOWN, "a ratio needs two looks"
    server.text = page(good=200, bad=1, all=201, fast=150).encode()
    assert verdict(scrape(tmp_path, server, {"rules": rules})) is Verdict.PASS
    server.text = page(good=220, bad=11, all=231, fast=160, queue=90).encode()
    outcome = scrape(tmp_path, server, {"rules": rules})
    assert verdict(outcome) is Verdict.FAIL
    assert {(f.rule, f.severity) for f in outcome.findings} == {("metric-rule", Severity.HIGH)}
    words = sorted(f.message for f in outcome.findings)
    assert "errors is 0.33" in words[0]
    assert "at most 0.05 is allowed" in words[0]
    assert "mail waits is 90" in words[1]
    assert outcome.metrics()["monitor.metrics.shop.mail-waits"] == 90


def test_what_looks_like_requests_is_kept_by_itself(tmp_path: Path, server: Server) -> None:
    scrape(tmp_path, server)
    time.sleep(0.01)
    server.text = page(good=150, bad=50, fast=80, all=200).encode()
    found = scrape(tmp_path, server).metrics()
    assert found["monitor.metrics.shop.http_requests_total.error_ratio"] == pytest.approx(0.5)
    assert 0.1 < found["monitor.metrics.shop.http_request_duration_seconds.p95"] <= 0.5
    assert found["monitor.metrics.shop.http_requests_total.rate"] > 0


def test_a_service_level_counts_the_scrapes(tmp_path: Path, server: Server) -> None:
    level = {
        "objective": 90,
        "target": "shop",
        "total": {"metric": "http_requests_total"},
        "bad": {"labels": {"code": "~5.."}},
    }
    scrape(tmp_path, server, levels={"served": level})
    server.text = page(good=180, bad=20, all=200).encode()
    scrape(tmp_path, server, levels={"served": level})
    config = {"agents": {"monitor": {"levels": {"served": level}}}}
    outcome = run_action(MonitorAnalytics(), "levels", tmp_path / "work", config=config, data=tmp_path / "data")
    assert outcome.result is not None
    found = outcome.result.outputs["levels"]["served"]
    assert (found["total"], found["bad"], found["left"]) == (100, 20, -100.0)
    assert verdict(outcome) is Verdict.FAIL


@pytest.mark.parametrize(
    "text",
    [
        b"<html><body>hello</body></html>",
        b"\xff\xfe\x00\x01" * 100,
        b"a 1\na 1\n",
        b'x{a="' + b"y" * 200_000 + b'"} 1\n',
        b"up 1\n" + b"#" * 9_000_000,
        b'x{a="1",a="2"} 1\n',
    ],
)
def test_a_hostile_page_is_a_finding_and_no_pass(tmp_path: Path, server: Server, text: bytes) -> None:
    server.text = text
    outcome = scrape(tmp_path, server)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert outcome.rules() <= {"metrics-unreadable", "metrics-unreachable"}
    assert len(outcome.findings) == 1


def test_an_empty_page_or_none_is_unknown(tmp_path: Path, server: Server) -> None:
    server.text = b""
    assert verdict(scrape(tmp_path, server)) is Verdict.UNKNOWN
    assert verdict(run_action(MonitorAnalytics(), "metrics", tmp_path / "work")) is Verdict.UNKNOWN


def test_infinite_and_missing_values_do_no_harm(tmp_path: Path, server: Server) -> None:
    server.text = (
        b'# TYPE a_total counter\na_total +Inf\n# TYPE b gauge\nb NaN\n# TYPE c histogram\nc_bucket{le="+Inf"} 0\n'
    )
    rules = [{"metric": "a_total", "agg": "rate", "above": 1}, {"metric": "c", "agg": "p95", "above": 1}]
    outcome = scrape(tmp_path, server, {"rules": rules})
    assert verdict(outcome) is Verdict.UNKNOWN
    assert outcome.findings == ()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "needs 'url'"),
        ({"url": "http://x/", "rules": 7}, "must be a list of tables"),
        ({"url": "http://x/", "rules": [{"metric": "a"}]}, "without 'above' or 'below'"),
        ({"url": "http://x/", "rules": [{"metric": "a", "above": "x"}]}, "it must be a number"),
        ({"url": "http://x/", "rules": [{"metric": "a", "agg": "median", "above": 1}]}, "known: sum, max"),
        ({"url": "http://x/", "rules": [{"above": 1}]}, "needs the name of a metric"),
        ({"url": "http://x/", "keep": [{"metric": "a", "labels": {"b": "~(x+)+$"}}]}, "the pattern"),
    ],
)
def test_a_wrong_target_says_what_is_wrong(table: dict[str, object], words: str) -> None:
    with pytest.raises(CallboardError) as caught:
        targets({"metrics": {"shop": table}})
    assert words in str(caught.value)
