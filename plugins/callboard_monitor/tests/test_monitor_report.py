"""The daily report, and which jobs are proposed."""

import json
import time
from pathlib import Path

from callboard.api import Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard.work.memory import Memory, memory_folder
from callboard.work.messages import MESSAGES
from callboard_monitor import MonitorAnalytics, callboard_detect, callboard_sections

EVIL = "<img src=x onerror=alert(1)>"


def report(tmp_path: Path, memory: dict[str, object], before: list[dict[str, object]] | None = None) -> Outcome:
    root = tmp_path / "work"
    root.mkdir(exist_ok=True)
    kept = Memory(memory_folder(tmp_path / "data", root, "monitor"))
    for key, value in memory.items():
        kept.put(key, value)
    return run_action(MonitorAnalytics(), "report", root, data=tmp_path / "data", before=before or [])


def test_without_anything_known_it_is_unknown(tmp_path: Path) -> None:
    outcome = report(tmp_path, {})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert outcome.artifacts == {}


def test_the_last_day_is_told_escaped_and_self_contained(tmp_path: Path) -> None:
    now = time.time()
    memory: dict[str, object] = {
        "endpoints": {
            EVIL: {"state": "down", "since": now - 7_200, "failed_at": now - 60, "failure": f"status 500 {EVIL}"},
            "old": {"state": "up", "since": now - 9e5, "failed_at": now - 9e5, "failure": "long ago"},
        },
        "anomalies": [
            {"at": now - 9e5, "series": "a", "words": "last week"},
            {"at": now - 600, "series": "b", "words": "p95 of GET /x is 410 ms"},
            {"at": now - 300, "series": "b", "words": "p95 of GET /x is 420 ms"},
        ],
        "history-host": {"series": {"host.disk_free": [[now - 60, 12.5]], "host.cpu": [[now - 60, 40.0]]}},
        "log-positions": {"at": now, "files": {}},
        "log-kinds": {
            "k": {
                "first": now - 600,
                "last": now - 5,
                "count": 3,
                "novel": True,
                "words": f"ERROR {EVIL}",
                "path": "a.log",
            },
            "o": {
                "first": now - 9e6,
                "last": now - 9e5,
                "count": 3,
                "novel": True,
                "words": "ancient",
                "path": "a.log",
            },
        },
        "certificates": {"h:443": {"days": 12.0, "at": now}},
        "processes": {"web": {"roots": [], "times": [now - 100], "at": now}},
    }
    outcome = report(tmp_path, memory)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert "trouble: 1 in endpoints, 1 in anomalies, 1 in errors in logs, 1 in certificates" in outcome.result.summary
    page = outcome.artifacts["report.html"].read_text("utf-8")
    assert EVIL not in page
    assert "&lt;img src=x" in page
    assert "default-src 'none'" in page
    assert not any(mark in page for mark in ("<script", "http://", "https://", "last week", "ancient", "long ago"))
    text = outcome.artifacts["report.txt"].read_text("utf-8")
    assert "p95 of GET /x is 420 ms" in text
    assert "h:443; 12 days" in text
    assert "Free disk; 12.5 GiB" in text
    blocks = outcome.sections()["report"]
    assert {figure["label"]: figure["value"] for figure in blocks[1]["figures"]}["Anomalies"] == 1


def test_what_the_tasks_before_said_is_told(tmp_path: Path) -> None:
    spool = tmp_path / "before"
    spool.mkdir()
    line = {"t": "result", "verdict": "fail", "summary": "3 passed, 2 flaky", "outputs": {}}
    (spool / MESSAGES).write_text(json.dumps(line) + "\n")
    entry: dict[str, object] = {
        "name": "quality.tests",
        "action": "quality.tests",
        "state": "failed",
        "spool": str(spool),
    }
    outcome = report(tmp_path, {}, [entry])
    text = outcome.artifacts["report.txt"].read_text("utf-8")
    assert "- quality.tests; fail; 3 passed, 2 flaky" in text
    assert "Unsteady tests (1)" in text


def test_damaged_memory_does_no_harm(tmp_path: Path) -> None:
    memory: dict[str, object] = {
        "endpoints": [1],
        "anomalies": {"a": 1},
        "log-kinds": {"k": 7, "l": {"last": "x"}},
        "certificates": {"h": {"days": None}},
        "processes": {"p": {"times": 3}},
        "history-host": {"series": {"host.disk_free": "x"}},
    }
    outcome = report(tmp_path, memory)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS


def jobs(root: Path, config: dict[str, object] | None = None) -> dict[str, str]:
    return {job.name: job.because for job in callboard_detect(Workspace(root, config))}


def test_what_is_declared_is_proposed_each_with_its_evidence(tmp_path: Path) -> None:
    settings = {
        "metrics": {"shop": {"url": "http://127.0.0.1:1/metrics"}},
        "levels": {"ok": {"objective": 99, "endpoint": "home"}},
        "processes": {"worker": {"command": ["celery"]}},
        "certificates": ["localhost:8443"],
    }
    config: dict[str, object] = {
        "endpoints": {"home": {"url": "http://localhost"}},
        "agents": {"monitor": settings},
    }
    found = {job.name: job for job in callboard_detect(Workspace(tmp_path, config))}
    assert set(found) == {
        f"monitor.{name}" for name in ("host", "endpoints", "certificates", "metrics", "processes", "levels")
    }
    assert found["monitor.levels"].after == ("monitor.endpoints", "monitor.metrics")
    assert found["monitor.certificates"].because == "callboard.toml names localhost:8443"
    assert all(job.estimate > 0 for job in found.values())


def test_looks_come_after_deployments_but_not_after_those_that_wait_for_them(tmp_path: Path) -> None:
    health = {"url": "/healthz"}
    config: dict[str, object] = {
        "environments": {
            "staging": {"port": 1, "health": health, "gate": ["quality.tests*"]},
            "live": {"port": 2, "health": health, "gate": ["monitor.endpoints"]},
        }
    }
    found = {job.name: job.after for job in callboard_detect(Workspace(tmp_path, config))}
    assert found["monitor.endpoints"] == ("infra.deploy:staging",)


def test_a_port_that_nobody_listens_on_is_not_proposed(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  a:\n    ports: ['1:8000']\n", "utf-8")
    (tmp_path / "vite.config.js").write_text("export default {}\n", "utf-8")
    assert jobs(tmp_path) == {"monitor.host": "any work needs disk, memory and processor"}


def test_a_broken_table_is_proposed_and_then_says_what_is_wrong(tmp_path: Path) -> None:
    config: dict[str, object] = {"agents": {"monitor": {"endpoints": 7, "metrics": {"a": 1}, "levels": {"b": {}}}}}
    assert set(jobs(tmp_path, config)) == {f"monitor.{name}" for name in ("host", "endpoints", "metrics", "levels")}


def test_a_wrong_table_is_a_finding_at_its_place_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "callboard.toml").write_text(
        "[agents.monitor]\nlogs = []\n[agents.monitor.levels.x]\nobjective = 99\n", "utf-8"
    )
    config = {
        "endpoints": {"home": {"url": "http://127.0.0.1:1/"}},
        "agents": {"monitor": {"levels": {"x": {"objective": 99}}, "metrics": {"a": {"url": 1}}}},
        "boundary": {"probes_per_second": 500.0},
    }
    outcome = run_action(MonitorAnalytics(), "levels", tmp_path, config=config)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("monitor-settings", "callboard.toml", 3)]
    assert "needs either endpoint" in outcome.findings[0].message
    asked = run_action(MonitorAnalytics(), "endpoints", tmp_path, {"probes": 1, "timeout": 1.0}, config=config)
    assert asked.rules() == {"endpoint-down"}


def test_each_section_is_shown_by_an_action_and_needs_no_tool() -> None:
    names = [section.name for section in callboard_sections()]
    assert names == ["levels", "endpoints", "errors", "host", "metrics", "processes", "certificates", "report"]
    provides = {word for action in MonitorAnalytics().actions().values() for word in action.provides}
    assert {"uptime", "logs", "slo"} <= provides
    assert not any(action.effects.pure for action in MonitorAnalytics().actions().values())
