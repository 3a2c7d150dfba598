"""The tables of `callboard.toml` and their keys; the reader, the writer and the documentation all go by this list."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from callboard.config.cases import CASES
from callboard.config.coordinating import COORDINATION, wrong_span
from callboard.config.crews import CREW
from callboard.config.deploying import KINDS, wrong_build, wrong_probe, wrong_room
from callboard.config.fields import Field
from callboard.config.notifying import NOTIFY
from callboard.config.roadmap import CHANGE, LAYER, MILESTONE, ROADMAP
from callboard.config.routes import ROUTE
from callboard.config.rules import RULE
from callboard.config.times import wrong_cron, wrong_interval, wrong_moment, wrong_quiet, wrong_zone

PRIORITIES = ("critical", "high", "medium", "low")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EVENTS = ("commit", "webhook", "run:PIPELINE")


def wrong_folder(value: Any) -> str:
    """What is wrong with a folder of the workspace, '' if nothing."""
    parts = str(value).replace("\\", "/").split("/")
    if str(value).startswith(("/", "~")) or ".." in parts or re.match(r"[A-Za-z]:", str(value)):
        return "it must be a path inside of the workspace, such as 'backend'"
    return ""


def _wrong_capability(value: Any) -> str:
    fits = re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,59}", str(value))
    return "" if fits else "it must be one plain word, such as 'python-tests'"


def _wrong_command(value: Any) -> str:
    if not value or not value[0].strip():
        return "it must be a list of words, such as ['npm', 'run', 'build']"
    return "words must not hold line breaks" if any("\n" in word for word in value) else ""


def _wrong_locks(value: Any) -> str:
    for name in value:
        if not re.fullmatch(r"[\w.:/@ -]{1,100}", name.removeprefix("shared:")):
            return f"{name!r} is no name of a lock; write it as 'db:dev', or 'shared:db:dev' to share it"
    return ""


def _wrong_resources(value: Any) -> str:
    for name, amount in value.items():
        if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not 0 < amount < 1e9:
            return f"'{name}' must be a number above 0"
    return ""


def _wrong_env(value: Any) -> str:
    for name, text in value.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,199}", name):
            return f"{name!r} is no name of an environment variable"
        if not isinstance(text, str) or "\0" in text:
            return f"'{name}' must be a text"
    return ""


def _wrong_url(value: Any) -> str:
    try:
        parts = urlsplit(str(value))
        ok = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        ok = False
    return "" if ok else "it must be an address such as 'http://127.0.0.1:8000/health'"


def _wrong_health(value: Any) -> str:
    return "" if str(value).startswith("/") else _wrong_url(str(value).replace("{port}", "1"))


def _wrong_expect(value: Any) -> str:
    codes = value if isinstance(value, list) else [value]
    fits = codes and all(isinstance(c, int) and not isinstance(c, bool) and 100 <= c <= 599 for c in codes)
    return "" if fits else "it must be an HTTP status such as 200, or a list of them"


def _wrong_files(value: Any) -> str:
    return "" if value and all(value) else "it must be a list of patterns, such as ['app/**']"


def _wrong_on(value: Any) -> str:
    wrong = [word for word in value if word not in EVENTS and not (word.startswith("run:") and len(word) > 4)]
    return f"{wrong[0]!r} is no event; known: {', '.join(EVENTS)}" if wrong else "" if value else "it is empty"


WORKSPACE: Mapping[str, Field] = {
    "name": Field("text", "what the team calls this workspace"),
    "pipeline": Field("text", "the pipeline that runs when none is named"),
    "detect": Field(
        "flag",
        "true (the default): jobs that the agents find here lie under those written down, so that a table in [jobs] "
        "changes or adds one; false: only what is written down",
    ),
}
BOUNDARY: Mapping[str, Field] = {
    "protected_paths": Field(
        "texts",
        "patterns of paths that no patch may touch, besides .git and .env* (but not .env.example, .sample, .template, .dist);"
        " one that begins with ! takes out, and the last that fits counts",
    ),
    "protected_ports": Field(
        "wholes",
        "ports that are never bound, and whoever listens there is live; written down, the list replaces 5173 and 6770",
        1,
        65_535,
    ),
    "protected_processes": Field(
        "texts",
        "what is never signalled: names of programs, patterns of command lines, or absolute paths of pid files that end in .pid",
    ),
    "live_hosts": Field("texts", "hosts of the live platform; *.example.org means all below"),
    "live_reads": Field("flag", "whether live hosts may be asked with GET and HEAD"),
    "test_hosts": Field("texts", "hosts that may be sent anything; written down, the list replaces the loopback names"),
    "probes_per_second": Field(
        "number",
        "most requests a second to one host, by all of Callboard together; less after 429, 5xx and no answer",
        0.001,
        1_000,
    ),
}
ENGINE: Mapping[str, Field] = {
    "parallelism": Field("whole", "most tasks at one time; left out: as many as fit", 1, 10_000),
    "cpu_reserve": Field("number", "cores that are left to the people at this machine", 0, 4_096),
    "memory_reserve_mb": Field("number", "MiB that are left to the people at this machine", 0, 1e9),
}
AGENT: Mapping[str, Field] = {
    "enabled": Field("flag", "false: its tasks wait until somebody else can do them"),
    "concurrency": Field("whole", "most tasks of this agent at one time", 1, 1_000),
}
SERVICE: Mapping[str, Field] = {
    "command": Field("texts", "the words that start it, without a shell", check=_wrong_command),
    "folder": Field("text", "where it is started", check=wrong_folder),
    "port": Field("whole", "the port that it listens on; 0 or left out: a free one, put in for {port}", 0, 65_535),
    "health": Field("text", "an address or a path that answers when it is ready", check=_wrong_health),
    "env": Field("table", "variables added to its environment; no secrets here", check=_wrong_env),
    "start_timeout": Field("number", "seconds until it must be ready", 0.1, 86_400),
}
ENVIRONMENT: Mapping[str, Field] = {
    "kind": Field(
        "text", "process (the default): a command of its own; compose: containers; script: the team's own", one_of=KINDS
    ),
    "command": Field(
        "texts", "process: the words that start a release on {port}, without a shell", check=_wrong_command
    ),
    "port": Field("whole", "the port on 127.0.0.1 that the environment is reached at", 1, 65_535),
    "standby": Field(
        "flag", "process: whether the former release goes on running, for an undo at once; left out: true"
    ),
    "file": Field("text", "compose: the compose file", check=wrong_folder),
    "services": Field("texts", "compose: its services; left out: all"),
    "start": Field("texts", "script: the words that put a release into service; they must end", check=_wrong_command),
    "stop": Field("texts", "script: the words that take it out of service", check=_wrong_command),
    "status": Field("texts", "script: the words that end with 0 while it is in service", check=_wrong_command),
    "folder": Field("text", "where in the release its commands run", check=wrong_folder),
    "env": Field("table", "variables added to its environment; no secrets here", check=_wrong_env),
    "env_file": Field(
        "text", "a file of the workspace with NAME=value lines; its values are not kept", check=wrong_folder
    ),
    "build": Field("any", "words, or a list of such lists, that build a release in its own folder", check=wrong_build),
    "health": Field(
        "any",
        "when it is ready: {url = '/healthz', status = 200}, {tcp = true}, {log = 'words'} or {command = ['words']}, each "
        "with within = '30s' and steady = 3 (good answers in a row)",
        check=wrong_probe,
    ),
    "logs": Field(
        "texts", "the words that print its newest log; left out: what its commands wrote", check=_wrong_command
    ),
    "keep": Field("whole", "releases that are kept for an undo; left out: 3", 1, 50),
    "gate": Field("texts", "jobs, or patterns of jobs, that must be green in the same run"),
    "needs": Field(
        "any", "room that must be free before: {disk_mb = 500, memory_mb = 256, ports = [9000]}", check=wrong_room
    ),
    "auto": Field("flag", "false: no run deploys it unless a job of yours says so; left out: true"),
}
ENDPOINT: Mapping[str, Field] = {
    "url": Field("text", "the address that is asked", check=_wrong_url),
    "method": Field("text", "how it is asked; left out: GET", one_of=METHODS),
    "expect": Field("any", "the status that is right, or a list of them", check=_wrong_expect),
    "max_ms": Field("number", "milliseconds within which it must answer", 1, 3_600_000),
    "watch": Field(
        "any",
        "how often Callboard itself asks it, GET and HEAD only: '5s', or seconds; left out: not at all, or every 2 s "
        "if [coordination] names it",
        check=wrong_span,
    ),
}
JOB: Mapping[str, Field] = {
    "action": Field("text", "what is done; left out: the job's name before ':'"),
    "wants": Field(
        "text",
        "a capability instead of an action, such as 'python-tests': who offers it does it",
        check=_wrong_capability,
    ),
    "command": Field("texts", "the team's own command instead of an action, without a shell", check=_wrong_command),
    "agent": Field("text", "under whose card a command is shown"),
    "folder": Field("text", "where a command is started", check=wrong_folder),
    "reads": Field(
        "texts",
        "patterns of all files that the verdict of a command depends on, from the workspace's top; while none of them changes, "
        "`--affected` leaves it out",
        check=_wrong_files,
    ),
    "options": Field("table", "options of the action"),
    "needs": Field("texts", "jobs that must have succeeded before"),
    "after": Field("texts", "jobs that must only have ended before"),
    "cpus": Field("number", "cores that it takes", 0, 4_096),
    "memory_mb": Field("number", "MiB that it takes", 0, 1e9),
    "fixed": Field("flag", "true: cpus and memory_mb stay as declared; left out: runs correct them"),
    "locks": Field("texts", "things that one task holds at a time; 'shared:NAME' shares it", check=_wrong_locks),
    "resources": Field("table", "other things that it takes, such as {gpu = 1}", check=_wrong_resources),
    "attempts": Field(
        "whole", "tries in all, after a crash, a time limit or a loss, and after an exit code of a command", 1, 100
    ),
    "backoff_s": Field("number", "seconds before the second try; each further wait is twice as long", 0, 86_400),
    "time_limit_s": Field("number", "seconds until it is ended; 0: never", 0, 31_536_000),
    "memory_limit_mb": Field("number", "MiB at which it is ended; 0: never", 0, 1e9),
    "output_limit_mb": Field("number", "MiB of output at which it is ended; 0: never", 0, 1e6),
    "process_limit": Field("whole", "processes at which it is ended; 0: never", 0, 1_000_000),
    "strict": Field("flag", "whether UNKNOWN counts as a failure"),
    "idempotent": Field("flag", "whether it may be run again after a crash without asking; a command: false"),
    "enabled": Field("flag", "false: it is left out, and so is what needs it"),
    "estimate_s": Field(
        "number", "seconds that it is expected to take, until Callboard has learned", 0.001, 31_536_000
    ),
    "stage": Field("text", "where it is drawn: check, test, verify, deploy or a word of your own"),
    "because": Field("text", "why it is here; shown on its card"),
}
PIPELINE: Mapping[str, Field] = {
    "jobs": Field("texts", "names or patterns of jobs, such as 'quality.*'; what they need comes along"),
    "priority": Field("text", "the class of its tasks", one_of=PRIORITIES),
}
SCHEDULE: Mapping[str, Field] = {
    "pipeline": Field("text", "what runs; left out: the default pipeline"),
    "cron": Field("text", "a cron line: minute hour day month weekday", check=wrong_cron),
    "every": Field("text", "an interval: 90s, 15m, 1h30m, 1d", check=wrong_interval),
    "at": Field("any", "a moment: 2026-12-24T18:00:00", check=wrong_moment),
    "zone": Field("text", "the time zone of cron, at and quiet; left out: UTC", check=wrong_zone),
    "on": Field(
        "texts",
        "what starts it: 'commit', 'webhook' (POST /api/v1/schedules/NAME/fire), 'run:PIPELINE' (such a run succeeded)",
        check=_wrong_on,
    ),
    "files": Field("texts", "patterns of files; it starts when one changes", check=_wrong_files),
    "quiet": Field("text", "hours in which it does not start: 22:00-06:00", check=wrong_quiet),
}

ACCEPTED: Mapping[str, Field] = {
    "rule": Field("text", "a rule, or a pattern of rules; with path and fingerprint all that are written must fit"),
    "path": Field("text", "a path in the workspace, or a pattern such as 'legacy/*'"),
    "fingerprint": Field("text", "one finding, as `callboard findings --json` names it"),
    "reason": Field("text", "why it is accepted"),
    "owner": Field("text", "who answers for it"),
    "until": Field("any", "the last day on which it is accepted, 2027-01-31; at most 366 days from now"),
}

SINGLE: Mapping[str, Mapping[str, Field]] = {
    "workspace": WORKSPACE,
    "boundary": BOUNDARY,
    "coordination": COORDINATION,
    "engine": ENGINE,
    "roadmap": ROADMAP,
    "cases": CASES,
}
NAMED: Mapping[str, Mapping[str, Field]] = {
    "agents": AGENT,
    "services": SERVICE,
    "environments": ENVIRONMENT,
    "endpoints": ENDPOINT,
    "crews": CREW,
    "jobs": JOB,
    "pipelines": PIPELINE,
    "schedules": SCHEDULE,
    "milestones": MILESTONE,
    "changes": CHANGE,
    "rules": RULE,
    "notify": NOTIFY,
}
LISTED: Mapping[str, Mapping[str, Field]] = {"accepted": ACCEPTED, "routes": ROUTE, "layers": LAYER}
