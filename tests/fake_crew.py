"""Crews of a platform for the fake desk: nine agents at work on a journal, and what is held back for their sake."""

import time
from typing import Any

from callboard.errors import Refused
from fake_coordination import FakeCoordination

ROLES = (
    "Chief Editor", "Journal Researcher", "Source Archivist", "Lead Writer", "Copy Editor", "Fact Checker",
    "Illustrator", "Translator", "Publisher",
)  # fmt: skip
TASKS = (
    "Plan the issue", "Gather the sources", "File what was found", "Write the first draft", "Edit for language",
    "Check every fact", "Draw the figures", "Translate to German", "Publish the issue",
)  # fmt: skip
USUAL = (4.0, 11.0, 3.0, 18.0, 7.0, 9.0, 14.0, 8.0, 2.0)


class FakeCrew(FakeCoordination):
    """The rows of the platform's side. `crew_shape` chooses: 'nine', 'many', 'none'."""

    calls: list[tuple[str, tuple[Any, ...]]]
    crew_shape = "nine"

    def __init__(self) -> None:
        super().__init__()
        self.drain: dict[str, Any] = {
            "wanted": False, "by": "", "at": None, "reason": "", "until": None, "seen": None,
        }  # fmt: skip
        self.handoff_rows: list[dict[str, Any]] = []

    def crew(self) -> dict[str, Any]:
        now = time.time()
        if self.crew_shape == "none":
            return {
                "crews": [],
                "coordination": self.coordination(),
                "why": "Nothing has told of a crew yet, and callboard.toml names none.",
            }
        names = ["journal"] if self.crew_shape == "nine" else ["journal", *(f"crew-{n}" for n in range(2, 8))]
        crews = [crew_of(name, now, place) for place, name in enumerate(names)]
        return {"crews": crews, "coordination": self.coordination(), "why": ""}

    def coordination(self) -> dict[str, Any]:
        now = time.time()
        return {
            "rules": [
                {"kind": "quiet", "words": "heavy tasks wait while a crew has a workflow in flight", "on": True,
                 "active": self.crew_shape != "none", "since": now - 42, "why": "crew 'journal' has 2 workflows in flight"},
                {"kind": "yield", "words": "heavy tasks wait while the platform's p95 is above 500 ms", "on": True,
                 "active": False, "since": now - 5_000, "why": "the platform's p95 is 212 ms"},
            ],
            "holding": 3 if self.crew_shape != "none" else 0,
            "endpoints": endpoints(now) if self.crew_shape != "none" else [],
            "drain": dict(self.drain),
            "heavy": "from 1 cpu or 1.0 GiB on, and quality.tests*", "at_most_s": 3_600.0,
            "handoffs": [*self.handoff_rows, *(handoffs(now) if self.crew_shape != "none" else [])],
            "key": "MCowBQYDK2VwAyEAq0x1mZ5x0mVnZf2JbWq3mYb3m0yqV7cFJd9o2m3u7xA=",
        }  # fmt: skip

    def set_drain(self, wanted: bool, by: str, reason: str = "", until: float | None = None) -> dict[str, Any]:
        self.calls.append(("set_drain", (wanted, by, reason, until)))
        self.drain.update(wanted=wanted, by=by, reason=reason, until=until, at=time.time(), seen=None)
        return dict(self.drain)

    def handoff(self, environment: str = "", version: str = "", address: str = "", by: str = "") -> dict[str, Any]:
        self.calls.append(("handoff", (environment, version, address, by)))
        raise Refused(
            "the gate 'quality.tests' is red in run 5: 2 tests failed; mend them, run the pipeline, then hand over"
        )


def crew_of(name: str, now: float, place: int) -> dict[str, Any]:
    """One crew; the first is busy and has a trouble of each kind, others are calm."""
    busy = place == 0
    flows = [running(name, now, 40.0, 4), running(name, now, 12.0, 2)] if busy else []
    flows += [ended(name, now - 700 * n, n) for n in range(1, 12 if busy else 4)]
    sources = [
        {"kind": "observer", "state": "fresh", "last": now - 1.5, "words": ""},
        {"kind": "status", "state": "fresh", "last": now - 4, "words": ""},
        {"kind": "checkpoints", "state": "off", "last": None, "words": "not set in callboard.toml"},
        {"kind": "log", "state": "stale", "last": now - 640, "words": "nothing was written to logs/crew.json for 10 m"},
    ]
    if place == 3:
        sources = [
            {
                "kind": "status",
                "state": "error",
                "last": now - 900,
                "words": "http://127.0.0.1:6770/crew/status answers 502",
            }
        ]
    title = "Journal" if busy else name.replace("-", " ").title()
    agents = [agent(n, now, busy) for n in range(len(ROLES))]
    if place == 2:
        agents = [{**agent(n % 9, now, False), "role": f"{ROLES[n % 9]} {n // 9 + 1}"} for n in range(60)]
    if place == 4:
        agents, flows = [], []
    return {
        "name": name, "title": title, "in_flight": 2 if busy else 0, "sources": sources, "agents": agents, "workflows": flows,
        "slow": [{"agent": "Fact Checker", "words": "takes 2.9 times as long as usual", "since": now - 1_260, "now_s": 26.1,
                  "usual_s": 9.0, "n": 5}] if busy else [],
        "troubles": [
            {"at": now - 700, "words": "workflow failed at 'Check every fact': TimeoutError", "severity": "high",
             "href": "/alerts", "workflow": flows[2]["id"]},
            {"at": now - 90, "words": "'Write the first draft' was tried again twice", "severity": "medium", "href": "/alerts",
             "workflow": ""},
        ] if busy else [],
        "tokens": {"input": 182_400, "output": 41_210, "known": True},
    }  # fmt: skip


def place_of(name: str) -> int:
    """A number that tells one crew from another."""
    return sum(name.encode()) % 10_000


def agent(n: int, now: float, busy: bool) -> dict[str, Any]:
    working = busy and n in (3, 2)
    failed = busy and n == 5
    trend = [USUAL[n] * (0.8 + 0.07 * ((k * 7 + n) % 6)) for k in range(16)]
    if failed:
        trend = [*trend[:11], 24.0, 26.5, 25.2, 27.9, 26.1]
    return {
        "role": ROLES[n], "state": "working" if working else "failed" if failed else "idle", "task": TASKS[n],
        "since": now - (22 if n == 3 else 2) if working else now - 700, "done": 11 - (1 if failed else 0),
        "failed": 1 if failed else 0, "p50_s": USUAL[n], "p95_s": USUAL[n] * 1.4, "last_s": trend[-1], "n": 16,
        "input": 2_000 * (n + 1), "output": 480 * (n + 1), "trend": trend if n != 8 else trend[:1],
        "slow": {"words": "26 s, usually 9.0 s", "since": now - 1_260} if failed else None,
    }  # fmt: skip


def running(name: str, now: float, since: float, done: int) -> dict[str, Any]:
    begun, tasks = now - since, []
    for n, title in enumerate(TASKS):
        took = USUAL[n] * (0.55 if done == 4 else 0.4)
        state = "succeeded" if n < done else "running" if n == done else "waiting"
        if done == 4 and n == 3:
            state, took = "succeeded", 20.0
        start = begun if state != "waiting" else None
        tasks.append(
            {"name": title, "role": ROLES[n], "state": state, "started": start,
             "ended": begun + took if state == "succeeded" else None, "seconds": took if state == "succeeded" else None,
             "usual_s": USUAL[n], "retries": 2 if n == 3 and done == 4 else 0,
             "input": 1_240 * (n + 1) if state == "succeeded" else None, "output": 380 if state == "succeeded" else None,
             "error": ""}
        )  # fmt: skip
        if state == "succeeded":
            begun += took
    return {
        "id": f"7f3e9a2{done}-c0de-4a11-9b0e-0c5d1f2a{place_of(name):04d}", "crew": name, "name": "",
        "waits": False, "error": "", "process": "sequential", "state": "running",
        "started": now - since, "ended": None, "heard": now, "done": done, "total": 9, "percent": done / 9 * 100, "eta": now + 38,
        "source": "observer", "tasks": tasks,
    }  # fmt: skip


def ended(name: str, at: float, n: int) -> dict[str, Any]:
    failed = n == 1
    begun = at - sum(USUAL) * (0.85 + 0.06 * (n % 5))
    tasks, here = [], begun
    for k, title in enumerate(TASKS):
        took = USUAL[k] * (0.85 + 0.06 * (n % 5))
        state = "failed" if failed and k == 5 else "waiting" if failed and k > 5 else "succeeded"
        over = state in ("succeeded", "failed")
        tasks.append(
            {"name": title, "role": ROLES[k], "state": state, "started": here if over else None,
             "ended": here + took if over else None, "seconds": took if over else None, "usual_s": USUAL[k],
             "retries": 1 if n == 4 and k == 3 else 0, "input": 1_240 if over else None, "output": 380 if over else None,
             "error": "TimeoutError" if state == "failed" else ""}
        )  # fmt: skip
        here += took
    state = "failed" if failed else "lost" if n == 6 else "succeeded"
    return {
        "id": f"{n:02d}b81c44-09d1-4e57-8a3b-77a0c1d2{place_of(name):04d}", "crew": name, "name": "",
        "waits": False, "error": "", "process": "hierarchical" if n % 3 == 0 else "sequential",
        "state": state, "started": begun, "ended": None if state == "lost" else at, "heard": at,
        "done": 5 if failed else 9, "total": 9,
        "percent": None, "eta": None, "source": "observer", "tasks": tasks,
    }  # fmt: skip


def endpoints(now: float) -> list[dict[str, Any]]:
    return [
        {"name": "health", "url": "http://127.0.0.1:6770/healthz", "p50": 8.4, "p95": 31.0, "success": 100.0,
         "last_failure": None, "n": 240, "at": now - 3, "trend": [8 + (k * 5) % 11 for k in range(40)], "limit_ms": 100,
         "paused": ""},
        {"name": "journal list", "url": "http://127.0.0.1:6770/api/journals?limit=1", "p50": 212.0, "p95": 640.0,
         "success": 97.9, "last_failure": {"at": now - 610, "words": "503 Service Unavailable"}, "n": 240, "at": now - 3,
         "trend": [180 + (k * 53) % 160 + (320 if k > 31 else 0) for k in range(40)], "limit_ms": 500, "paused": ""},
        {"name": "search", "url": "http://127.0.0.1:6770/api/search?q=a", "p50": None, "p95": None, "success": None,
         "last_failure": {"at": now - 12, "words": "429 Too Many Requests"}, "n": 1, "at": now - 12, "trend": [],
         "limit_ms": None, "paused": "asked again in 48 s: it answered 429 and wants to be left alone for a minute"},
    ]  # fmt: skip


def handoffs(now: float) -> list[dict[str, Any]]:
    return [
        {"id": "h-0003", "at": now - 7_400, "version": "1.8.0", "commit": "4fd7c1b0a9e83d21", "environment": "staging",
         "address": "https://staging.journal.example", "by": "ann", "key": "ed25519:1a2b3c4d",
         "signature": "oXc4mZ2gq1m8b0Yt5o0m6H3n0x8xkYb1yqf0tq9xw1D3x6u0N4o1y8S8yM2m7p0v5dZ7bF2r1uQm3jv9p4hABQ==",
         "seen": now - 7_390,
         "checks": [{"job": "quality.tests", "verdict": "pass", "task": "5.3"}, {"job": "security.secrets", "verdict": "pass",
                    "task": "5.7"}, {"job": "api.contract", "verdict": "pass", "task": "5.2"}]},
    ]  # fmt: skip
