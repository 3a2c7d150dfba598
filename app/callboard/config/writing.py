"""Writes a pipeline down as a `callboard.toml` that explains itself."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.config.model import JobTable
from callboard.config.pipeline import BuiltPipeline
from callboard.config.tables import BOUNDARY, JOB, LISTED, NAMED, SINGLE
from callboard.core.boundary import Boundary
from callboard.core.resources import Lock

TOP = """\
# What Callboard does in this workspace. Callboard reads this file, and writes it only when asked: `callboard init`.
# `callboard plan` shows what would run; a mistake in here is told with its line.
"""

EXAMPLES: Mapping[str, str] = {
    "engine": """\
# [engine]
# parallelism = 4
# cpu_reserve = 1
# memory_reserve_mb = 2048
""",
    "agents": """\
# [agents.quality]
# enabled = true
# concurrency = 2
""",
    "services": """\
# [services.api]
# command = ["uvicorn", "app:app", "--port", "{port}"]
# folder = "backend"
# health = "/health"
# env = {LOG_LEVEL = "info"}
# start_timeout = 30
""",
    "environments": """\
# [environments.staging]
# command = [".venv/bin/uvicorn", "app:app", "--port", "{port}"]
# port = 8080
# build = [["python3", "-m", "venv", ".venv"], [".venv/bin/pip", "install", "."]]
# health = {url = "/health", status = 200, within = "30s", steady = 3}
# gate = ["quality.tests*", "security.secrets"]
# needs = {disk_mb = 500, memory_mb = 256}
""",
    "endpoints": """\
# [endpoints.health]
# url = "http://127.0.0.1:8000/health"
# method = "GET"
# expect = 200
# max_ms = 500
# watch = "5s"
""",
    "crews": """\
# [crews.journal]
# title = "The journal's crew"
# agents = ["Fact Checker", "Writer", "Publisher"]
# status = "http://127.0.0.1:8000/crew/status"
# socket = "ws://127.0.0.1:8000/ws/crew"
# checkpoints = ".checkpoints"
# log = "logs/crew.txt"
# every = "5s"
# fields = {workflows = "data.jobs", id = "job_id"}
""",
    "coordination": """\
# [coordination]
# quiet = true
# quiet_workflows = 1
# yield_endpoints = ["health"]
# yield_p95_ms = 500
# resume_after = "30s"
# at_most = "1h"
# heavy_jobs = ["quality.tests*"]
# light_jobs = ["security.secrets"]
""",
    "notify": """\
# [notify.chat]
# url_env = "CALLBOARD_CHAT"
# on = ["alert", "case", "question"]
# level = "high"
# quiet = "22:00-06:00"
# per_hour = 20
""",
    "pipelines": """\
# [pipelines.quick]
# jobs = ["quality.*", "security.secrets"]
# priority = "high"
""",
    "schedules": """\
# [schedules.nightly]
# cron = "0 2 * * *"
# zone = "UTC"
# pipeline = "default"
#
# [schedules.each-commit]
# on = ["commit"]
# quiet = "22:00-06:00"
""",
    "roadmap": """\
# [roadmap]
# folder = "openspec"
# write = false
# stale_days = 21
""",
    "layers": """\
# [[layers]]
# layer = "critical"
# path = "*/specs/payments/*"
#
# [[layers]]
# layer = "low"
# key = "priority"
# value = "p3"
""",
    "milestones": """\
# [milestones.beta]
# title = "Beta"
# changes = ["add-login", "pay-*"]
# due = 2026-12-24
""",
    "changes": """\
# [changes.add-login]
# after = ["add-accounts"]
# layer = "high"
# owner = "ann"
""",
    "cases": """\
# [cases]
# automatic = true
# fixes = true
# an_hour = 10
# watch_hours = 24
# take_back = true
""",
    "rules": """\
# [rules.lost-tests]
# when = ["retry"]
# do = "retry"
# jobs = ["quality.tests*"]
# mode = "dry-run"
# per_hour = 2
#
# [rules.room-for-tests]
# when = ["concurrency-raise"]
# do = "concurrency"
# agents = ["quality"]
# least = 1
# most = 4
""",
    "accepted": """\
# [[accepted]]
# rule = "S105"
# path = "tests/*"
# reason = "made up for the tests"
# owner = "ann"
# until = 2027-01-31
""",
    "routes": """\
# [[routes]]
# words = ["coverage", "unit tests"]
# section = "*backend*"
# wants = "python-tests"
# because = "what the backend is tested with"
""",
}


def write_config(workspace: Path, built: BuiltPipeline) -> str:
    """The text of a `callboard.toml` that holds exactly the jobs of the pipeline: read back, it gives the same tasks.

    Each table is explained, and each job says why it is here. The caller decides where it goes.
    """
    parts = [TOP, _workspace(workspace), _boundary()]
    parts += [
        _explained(name) + EXAMPLES[name]
        for name in ("engine", "agents", "services", "environments", "endpoints", "crews", "coordination")
    ]
    parts.append(_heading("jobs") + _keys("jobs", JOB))
    parts += [_job(job) for job in built.jobs]
    parts += [
        _explained(name) + EXAMPLES[name]
        for name in (
            "pipelines",
            "schedules",
            "accepted",
            "routes",
            "roadmap",
            "layers",
            "milestones",
            "changes",
            "cases",
            "rules",
            "notify",
        )
    ]
    return "\n".join(parts)


def _heading(name: str) -> str:
    words = {
        "workspace": "The workspace itself.",
        "boundary": "What must be spared. Every refusal names the rule.",
        "engine": "How much of this machine is used.",
        "agents": "Agents, one table each; further keys are the agent's own settings.",
        "services": "Services that are started for tests or deployment, one table each.",
        "environments": "Where releases are deployed to, one table each; only what is written down is ever deployed.",
        "endpoints": "Addresses that are watched, one table each.",
        "crews": "Crews of the platform that are watched and never touched, one table each.",
        "jobs": "Jobs, one table each: what is done, and after what.",
        "pipelines": "Pipelines that run some of the jobs, one table each.",
        "accepted": "Findings that the team lives with until a day; then they count again. `callboard accept` adds one.",
        "routes": "Who does which tasks of the roadmap when nobody is named; the first one that fits.",
        "coordination": "How the team's work yields to the platform: heavy tasks wait, light ones go on, all of it only here.",
        "roadmap": "The roadmap: OpenSpec's changes and tasks, read from their files.",
        "layers": "Rules that put a change into a layer, the first that fits wins; built-in ones lie under them.",
        "milestones": "Milestones of the roadmap, one table each.",
        "cases": "Cases: what Callboard does about failures by itself.",
        "changes": "What Callboard keeps of a change besides its files, one table each.",
        "rules": 'What is done without a person, one table each: a dry run unless it says mode = "act".',
        "notify": "Channels that are told what happens: chat, mail, webhooks, one table each.",
        "schedules": "When a pipeline runs by itself, one table each: cron, every, at, on or files.",
    }[name]
    return f"# {'-' * 100}\n# {words}\n"


def _keys(name: str, fields: Mapping[str, Any]) -> str:
    widest = max(map(len, fields))
    return "".join(f"#   {key:<{widest}}  {field.help}\n" for key, field in fields.items())


def _explained(name: str) -> str:
    return _heading(name) + _keys(name, {**SINGLE, **NAMED, **LISTED}[name])


def _workspace(workspace: Path) -> str:
    return (
        _explained("workspace")
        + f'[workspace]\nname = {toml(workspace.resolve().name)}\npipeline = "default"\ndetect = false\n'
    )


def _boundary() -> str:
    safe = Boundary()
    lines = "".join(f"{key} = {toml(getattr(safe, key))}\n" for key in BOUNDARY)
    return f"{_explained('boundary')}[boundary]\n{lines}"


def _job(job: JobTable) -> str:
    lines = [f"[jobs.{_key(job.name)}]"]
    for key in ("because", *(key for key in JOB if key != "because")):
        value = getattr(job, key)
        if value is None or (key == "action" and value == job.name.partition(":")[0]):
            continue
        if (key == "enabled" and value) or (key in ("needs", "after") and not value):
            continue
        if key == "locks":
            value = [_lock(lock) for lock in value]
        elif key == "resources":
            value = dict(value)
        lines.append(f"{key} = {toml(value)}")
    return "\n".join(lines) + "\n"


def _lock(lock: Lock) -> str:
    return f"shared:{lock.name}" if lock.shared else lock.name


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def toml(value: Any) -> str:
    """The value as TOML; raises ValueError for what TOML has no form for."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            inner = ", ".join(f"{_key(str(key))} = {toml(item)}" for key, item in value.items() if item is not None)
            return f"{{{inner}}}"
        case Sequence():
            return f"[{', '.join(toml(item) for item in value)}]"
        case _:
            raise ValueError(f"TOML has no form for {type(value).__name__}")
