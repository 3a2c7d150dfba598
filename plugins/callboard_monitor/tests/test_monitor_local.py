"""What is measured on this machine: processes, logs, the host."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_monitor import MonitorAnalytics, callboard_detect
from callboard_monitor.host import Limits, Measured, shortages
from callboard_monitor.logs import safe

BUSY = "import time\ndata = bytearray(40_000_000)\nend = time.time() + 60\nwhile time.time() < end:\n    pass\n"


def run(action: str, root: Path, config: dict[str, object] | None = None, **options: object) -> Outcome:
    return run_action(MonitorAnalytics(), action, root, options, config=config)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def metrics(outcome: Outcome) -> dict[str, float]:
    return {message["name"]: message["value"] for message in outcome.messages if message["t"] == "metric"}


@contextmanager
def program(folder: Path, **env: str) -> Iterator[None]:
    given = {key: value for key, value in os.environ.items() if not key.startswith("CALLBOARD")}
    with subprocess.Popen([sys.executable, "-c", BUSY], cwd=folder, env={**given, **env}) as process:
        try:
            yield
        finally:
            process.kill()


def test_a_program_in_the_workspace_is_measured(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with program(tmp_path / "sub"):
        outcome = run("processes", tmp_path, seconds=1.0)
    assert verdict(outcome) is Verdict.PASS
    assert outcome.result is not None
    (name,) = outcome.result.outputs["groups"]
    assert metrics(outcome)[f"monitor.process.{name}.cpu"] > 10
    assert metrics(outcome)[f"monitor.process.{name}.memory"] > 30


def test_a_declared_service_is_known_by_its_mark_and_workspace(tmp_path: Path) -> None:
    config: dict[str, object] = {"services": {"web": {"command": ["x"]}, "db": {"command": ["y"]}}}
    with program(Path("/"), CALLBOARD_SERVICE="web", CALLBOARD_SERVICE_WORKSPACE=str(tmp_path.resolve())):
        outcome = run("processes", tmp_path, config, seconds=0.5)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        assert verdict(run("processes", elsewhere, config, seconds=0.5)) is Verdict.UNKNOWN
    assert metrics(outcome)["monitor.process.web.count"] == 1
    assert [(f.rule, f.severity) for f in outcome.findings] == [("service-not-running", Severity.INFO)]


def test_what_an_attempt_runs_is_not_the_workspaces_own(tmp_path: Path) -> None:
    with program(tmp_path, CALLBOARD_ATTEMPT="1"):
        outcome = run("processes", tmp_path, seconds=0.5)
    assert verdict(outcome) is Verdict.UNKNOWN


def test_much_memory_is_a_finding(tmp_path: Path) -> None:
    with program(tmp_path):
        outcome = run("processes", tmp_path, seconds=1.0, most_memory_percent=1.0)
        assert outcome.rules() <= {"process-memory-high"}


LOG = """2026-01-01 10:00:01,123 INFO all well
2026-01-01 10:00:02,123 ERROR order 17 failed after 203 ms
2026-01-01 10:00:03,123 ERROR order 18 failed after 99 ms
2026-01-01 10:00:03,124 INFO no ERRORS, error_count=0, terror
Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise ValueError("bad")
ValueError: bad 12
2026-01-01 10:00:04 CRITICAL password=hunter2 was refused
{"level": "error", "msg": "json"}
"""


def test_errors_are_grouped_and_secrets_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(LOG, "utf-8")
    outcome = run("logs", tmp_path)
    found = [(f.rule, f.severity, f.path, f.line) for f in outcome.findings]
    assert found == [
        ("log-error", Severity.MEDIUM, "app.log", 2),
        ("log-traceback", Severity.HIGH, "app.log", 5),
        ("log-critical", Severity.HIGH, "app.log", 9),
        ("log-error", Severity.MEDIUM, "app.log", 10),
    ]
    assert outcome.findings[0].message == "ERROR order 17 failed after 203 ms (2 times, last in line 3)"
    assert outcome.findings[1].message == "ValueError: bad 12 (once)"
    assert not any("hunter2" in f.message for f in outcome.findings)
    assert verdict(outcome) is Verdict.FAIL

    (tmp_path / "app.log").write_text("2026-01-01 INFO all well\n", "utf-8")
    outcome = run("logs", tmp_path)
    assert outcome.findings == ()
    assert verdict(outcome) is Verdict.PASS


def test_declared_logs_are_read_within_the_workspace_only(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    (root / "var").mkdir(parents=True)
    (tmp_path / "out.log").write_text("ERROR outside\n", "utf-8")
    (root / "var" / "link.txt").symlink_to(tmp_path / "out.log")
    (root / "var" / "one.txt").write_bytes(
        b"\xff\x00 ERROR \x1b[31mred\n" + b"x" * 5_000_000 + b" ERROR far\n\nERROR end"
    )
    config: dict[str, object] = {"agents": {"monitor": {"logs": ["var/*.txt", "../*.log", "/etc/*"]}}}
    outcome = run("logs", root, config)
    assert [(f.path, f.line) for f in outcome.findings] == [("var/one.txt", 1), ("var/one.txt", 4)]
    assert "\x1b" not in outcome.findings[0].message
    assert verdict(run("logs", root, {"agents": {"monitor": {"logs": ["gone/*.log"]}}})) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ERROR api_key: 'abc' x", "ERROR api_key: [hidden] x"),
        ("ERROR Authorization: Bearer a.b.c end", "ERROR Authorization: [hidden] end"),
        ("ERROR postgres://me:pw@db/x", "ERROR postgres://[hidden]@db/x"),
        ("ERROR order 12 of 40", "ERROR order 12 of 40"),
    ],
)
def test_words_that_look_secret_are_hidden(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_the_host_is_measured_and_judged_by_its_limits(tmp_path: Path) -> None:
    outcome = run("host", tmp_path, least_disk_percent=0, least_memory_percent=0, most_load=1_000)
    assert verdict(outcome) is Verdict.PASS
    assert 0 < metrics(outcome)["monitor.host.disk_free_share"] <= 100
    assert metrics(outcome)["monitor.host.memory_free"] > 0


def test_each_shortage_of_the_host_is_named() -> None:
    well = Measured(500, 50, 90, 8, 50, 0.5, 4)
    limits = Limits(10, 10, 2)

    def found(now: Measured) -> list[tuple[str, str]]:
        return [(f.rule, f.severity.value) for f in shortages(now, limits)]

    assert found(well) == []
    assert found(replace(well, disk_percent=5)) == []
    assert found(replace(well, disk_percent=5, disk_free_gib=4)) == [("host-disk-low", "medium")]
    assert found(replace(well, disk_percent=5, disk_free_gib=0.4)) == [("host-disk-low", "high")]
    assert found(replace(well, memory_percent=8)) == [("host-memory-low", "medium")]
    assert found(replace(well, memory_percent=2)) == [("host-memory-low", "high")]
    assert found(replace(well, inodes_percent=1)) == [("host-inodes-low", "medium")]
    assert found(replace(well, load=9)) == [("host-load-high", "low")]


def test_detect_proposes_the_host_always_and_the_rest_where_it_is_declared(tmp_path: Path) -> None:
    assert [job.name for job in callboard_detect(Workspace(tmp_path))] == ["monitor.host"]
    config = {
        "services": {"web": {}},
        "endpoints": {"home": {"url": "http://localhost"}},
        "agents": {"monitor": {"logs": ["var/*.txt"]}},
    }
    jobs = {job.name: job for job in callboard_detect(Workspace(tmp_path, config))}
    assert list(jobs) == ["monitor.host", "monitor.endpoints", "monitor.processes", "monitor.logs"]
    assert jobs["monitor.endpoints"].after == ("infra.service_start:web",)
    assert jobs["monitor.endpoints"].because == "callboard.toml declares home"
