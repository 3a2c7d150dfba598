"""A desk without an engine: lively rows of seven agents, for pages, REST and feed."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.errors import ConfigError, NotFound, Refused
from callboard.witnesses import causes, merged
from fake_alerts import FakeAlerts
from fake_case_near import FakeCaseNear
from fake_case_work import FakeCaseWork
from fake_cases import FakeCases
from fake_control import FakeControl
from fake_crew import FakeCrew
from fake_crew_desk import FakeCrewDesk
from fake_evidence import FakeEvidence
from fake_exports import FakeExports
from fake_inbox import FakeInbox
from fake_insights import FakeInsights
from fake_notices import FakeNotices
from fake_patches import FakePatches
from fake_people import FakePeople
from fake_roadmap import FakeRoadmap
from fake_runs import FakeRuns, fitting
from fake_sparing import FakeSparing

FINAL = ("succeeded", "unchanged", "failed", "timed out", "cancelled", "lost", "skipped")
SEVERITIES = ("critical", "high", "medium", "low", "info")
CREW = {
    "infra": ("InfraDeploy", ("infra.validate", "infra.build", "infra.deploy")),
    "refactor": ("CodeRefactor", ("refactor.complexity", "refactor.unused", "refactor.duplicates")),
    "api": ("APITestAgent", ("api.contract", "api.fuzz", "api.probe")),
    "quality": ("QualityAssurance", ("quality.lint", "quality.types", "quality.tests", "quality.coverage")),
    "config": ("ConfigManage", ("config.check", "config.drift")),
    "monitor": ("MonitorAnalytics", ("monitor.health", "monitor.trends")),
    "security": (
        "SecurityCompliance",
        ("security.secrets", "security.code", "security.dependencies", "security.licences"),
    ),
}
STAGES = {
    "config": "check",
    "refactor": "check",
    "quality": "test",
    "api": "test",
    "security": "secure",
    "infra": "deploy",
}
NEEDS = {"cpus": 1.0, "memory_mb": 256.0, "locks": [], "extra": {}}
WORDS = {
    "config.check": "3 files are valid",
    "config.drift": "2 keys of .env.example are missing in .env",
    "refactor.complexity": "4 functions are more complex than 15",
    "refactor.unused": "nothing unused found",
    "quality.lint": "12 findings in 5 files",
    "quality.types": "no errors in 61 files",
    "quality.tests": "141 passed, 2 failed: tests/test_cart.py::test_total, tests/test_pay.py::test_retry",
    "security.secrets": "1 secret in config/settings.py",
    "security.dependencies": "no vulnerability data reachable: nothing is known about 38 packages",
}
MESSAGES = (
    ("test-failed", "high", "tests/test_cart.py", 31, "assert 41.97 == 41.98"),
    ("secret", "critical", "config/settings.py", 12, "an AWS key of AKIA… is in the source"),
    ("E501", "low", "shop/cart.py", 88, "Line too long (131 > 120)"),
    ("complexity", "medium", "shop/pay.py", 140, "'settle' has a complexity of 23"),
    ("image-latest", "medium", "Dockerfile", 1, "FROM python:latest is not pinned <img src=x onerror=alert(1)>"),
    ("key-missing", "info", ".env.example", 4, "PAYMENT_URL is missing in .env"),
)


class FakeDesk(
    FakeCaseNear,
    FakeCases,
    FakeCaseWork,
    FakeCrew,
    FakeSparing,
    FakeNotices,
    FakeAlerts,
    FakeControl,
    FakeEvidence,
    FakeInbox,
    FakeInsights,
    FakeExports,
    FakePatches,
    FakePeople,
    FakeRoadmap,
    FakeRuns,
    FakeCrewDesk,
):
    """Answers like a desk. Every submission makes a run of twenty tasks; `step` moves everything by one tick.

    `start` steps ten times a second on a thread, as an engine would, and keeps the board busy. Without it nothing moves,
    so that a test decides.
    """

    def __init__(self, folder: Path, *, seed: int = 7, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.folder = folder
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.full = False
        self.halted = ""
        self._now = now
        self._dice = random.Random(seed)
        self._lock = threading.RLock()
        self._listeners: list[Callable[[Mapping[str, Any]], None]] = []
        self._runs: dict[int, dict[str, Any]] = {}
        self._tasks: dict[str, dict[str, Any]] = {}
        self._findings: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._logs: dict[tuple[str, int], bytearray] = {}
        self._keys: dict[str, int] = {}
        self._paused: dict[str, dict[str, Any]] = {}
        self._limits = dict.fromkeys(CREW, 2)
        self._questions: list[dict[str, Any]] = []
        self._sections: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._history: list[dict[str, Any]] = []
        self._changed: set[str] = set()
        self._news = (0, 0)
        self._told_host = 0.0
        self._since = now()
        self._next = 1
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    # -- life

    def furnish(self) -> "FakeDesk":
        """Past runs in every state, one that runs, one that waits for a decision."""
        for outcome in ("succeeded", "failed", "unknown", "cancelled", "failed"):
            run = self._new_run("default", "medium", "ann", self._now() - self._dice.uniform(3_000, 90_000))
            self._finish(run, outcome)
        self._new_run("default", "high", "ann", self._now() - 20)
        late = self._new_run("nightly", "low", "schedule nightly", self._now() - 5)
        for task in self._of(late)[:2]:
            task.update(
                state="needs decision", verdict=None, hold=self._hold("decision", "was running when Callboard ended")
            )
            self._questions.append(
                {
                    "task": task["id"],
                    "question": "decision",
                    "text": f"{task['title']} was running when Callboard ended. Run it again?",
                    "choices": ["retry", "give up"],
                    "since": self._now(),
                }
            )
        for _ in range(60):
            self._history.append(self._host(self._now() - 120 + 2 * len(self._history)))
        return self

    def start(self, every: float = 0.1) -> Callable[[], None]:
        """Steps on a thread; returns what stops it."""

        def live() -> None:
            while not self._stopped.wait(every):
                self.step()
                with self._lock:
                    if not any(
                        run["state"] in ("waiting", "running") and run["name"] == "default"
                        for run in self._runs.values()
                    ):
                        self._new_run("default", "medium", "ann", self._now())

        self._thread = threading.Thread(target=live, name="fake engine", daemon=True)
        self._thread.start()
        return self.stop

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def step(self) -> None:
        """One tick: tasks start, go on and end; then the listeners hear of it."""
        with self._lock:
            now = self._now()
            busy = [task for task in self._tasks.values() if task["state"] == "running"]
            for task in busy:
                self._advance(task, now)
            for task in list(self._tasks.values()):
                if task["state"] == "waiting":
                    self._consider(task, now)
            self._tell(now)

    def storm(self, changes_a_second: float) -> None:
        """Sends so many changes a second from a thread, each with the time of its making in `stamp`."""

        def blow() -> None:
            rows = [task for task in self._tasks.values() if task["run"] == max(self._runs)]
            start = time.monotonic()
            number = 0
            while not self._stopped.wait(max(0.0, start + number / changes_a_second - time.monotonic())):
                row = {**rows[number % len(rows)], "progress": number % 100 / 100, "stamp": time.time()}
                self.say({"seq": self._seq, "at": row["stamp"], "tasks": [row]})
                number += 1

        threading.Thread(target=blow, name="storm", daemon=True).start()

    def say(self, message: Mapping[str, Any]) -> None:
        """Sends a message of the caller's own to all who watch."""
        for listener in list(self._listeners):
            listener(message)

    def print(self, task_id: str, text: str) -> None:
        """The current attempt of a task prints."""
        with self._lock:
            self._logs.setdefault((task_id, self._task(task_id)["attempt"]), bytearray()).extend(text.encode())

    # -- the desk: looking

    def board(self) -> Mapping[str, Any]:
        with self._lock:
            newest = max(self._runs, default=0)
            open_runs = {run for run, row in self._runs.items() if row["state"] in ("waiting", "running")} | {newest}
            return {
                "seq": self._seq,
                "runs": self.runs(20, None),
                "tasks": [dict(task) for task in self._tasks.values() if task["run"] in open_runs],
                "agents": self.agents(),
                "host": self._host(self._now()),
                "findings": self._findings[-50:][::-1],
                "questions": self.questions(),
                "workspace": {"path": "/home/ann/shop", "name": "shop", "trusted": True, "sample": False},
                "engine": {
                    "version": "0.1.0",
                    "epoch": 3,
                    "since": self._since,
                    "state": "halted" if self.halted else "running",
                    "reason": self.halted,
                },
            }

    def runs(self, limit: int, before: int | None, **wants: str) -> list[Mapping[str, Any]]:
        with self._lock:
            older = (run for run in self._runs if before is None or run < before)
            found = sorted((run for run in older if fitting(self._runs[run], wants)), reverse=True)
            return [dict(self._runs[run]) for run in found[:limit]]

    def run(self, run: int) -> Mapping[str, Any]:
        with self._lock:
            row = self._run(run)
            tasks = [dict(task) for task in self._of(run)]
            return {"run": dict(row), "tasks": tasks, "seq": self._seq, "causes": causes(self.run_findings(run), tasks)}

    def run_findings(self, run: int) -> list[Mapping[str, Any]]:
        self._run(run)
        return self.findings(run, None, None)

    def run_events(self, run: int) -> list[Mapping[str, Any]]:
        self._run(run)
        return [event for event in self._events if event["run"] == run]

    def run_sarif(self, run: int) -> Mapping[str, Any]:
        results = [
            {"ruleId": row["rule"], "level": "warning", "message": {"text": row["message"]}}
            for row in self.run_findings(run)
        ]
        return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Callboard"}}, "results": results}]}

    def task(self, task_id: str) -> Mapping[str, Any]:
        with self._lock:
            task = self._task(task_id)
            attempts = []
            for number in range(1, task["attempt"] + 1):
                log = self._logs.get((task_id, number), b"")
                attempts.append(
                    {
                        "id": f"{task_id}#{number}",
                        "attempt": number,
                        "state": task["state"],
                        "how": "exited" if task["ended"] else None,
                        "reason": task["reason"],
                        "decided": task["submitted"],
                        "started": task["started"],
                        "ended": task["ended"],
                        "pid": 4_000 + task["run"],
                        "usage": {
                            "cpu_s": task["cpu_s"],
                            "peak_mb": task["peak_mb"],
                            "read_mb": 0.0,
                            "written_mb": 0.0,
                            "wall_s": 1.0,
                        },
                        "log_bytes": len(log),
                        "artifacts": [
                            {
                                "name": file.name,
                                "path": file.name,
                                "size": file.stat().st_size,
                                "format": "",
                                "url": f"/api/v1/tasks/{task_id}/artifacts/{number}/{file.name}",
                            }
                            for file in sorted(self.folder.glob("*"))
                            if file.is_file()
                        ],
                    }
                )
            samples = [
                {"at": self._now() - 40 + step, "cpus": 0.4 + 0.5 * self._dice.random(), "memory_mb": 120 + 2 * step}
                for step in range(40)
            ]
            return {
                "task": dict(task),
                "attempts": attempts,
                "events": [event for event in self._events if event["task"] == task_id],
                "findings": [row for row in self._findings if row["task"] == task_id],
                "samples": samples,
                "questions": [row for row in self._questions if row["task"] == task_id],
                "causes": [c for c in self.run(task["run"])["causes"] if task_id in c["tasks"]],
            }

    def log(self, task_id: str, attempt: int | None, offset: int, limit: int) -> Mapping[str, Any]:
        with self._lock:
            task = self._task(task_id)
            number = attempt or task["attempt"]
            if not 1 <= number <= task["attempt"]:
                raise NotFound(f"Task {task_id} has no attempt {number}")
            held = self._logs.get((task_id, number), bytearray())
            start = min(len(held), offset if offset >= 0 else max(0, len(held) + offset))
            part = bytes(held[start : start + limit])
            ended = task["state"] in FINAL or number < task["attempt"]
            return {
                "text": part.decode(errors="replace"),
                "offset": start,
                "next": start + len(part),
                "size": len(held),
                "attempt": number,
                "ended": ended,
            }

    def artifact_path(self, task_id: str, attempt: int, name: str) -> Path:
        self._task(task_id)
        if "/" in name:
            raise NotFound(f"Attempt {task_id}#{attempt} kept no '{name}'")
        return self.folder / name

    def agents(self) -> list[Mapping[str, Any]]:
        with self._lock:
            return [self._agent(name, whole=True) for name in CREW]

    def agent(self, name: str) -> Mapping[str, Any]:
        with self._lock:
            if name not in CREW:
                raise NotFound(f"There is no agent '{name}'")
            return self._agent(name, whole=True)

    def sections(self, agent: str) -> list[Mapping[str, Any]]:
        with self._lock:
            if agent not in CREW:
                raise NotFound(f"There is no agent '{agent}'")
            return list(self._sections.get(agent, {}).values())

    def show_section(self, agent: str, row: Mapping[str, Any]) -> None:
        """From now on the agent has this section; all who watch hear of it."""
        with self._lock:
            self._sections.setdefault(agent, {})[row["name"]] = row
            told = {"agent": agent, "name": row["name"], "seq": self._seq}
            self.say({"seq": self._seq, "at": self._now(), "sections": [told]})

    def metric(self, name: str) -> Mapping[str, Any]:
        with self._lock:
            for section in (row for rows in self._sections.values() for row in rows.values()):
                for series in section["trends"]:
                    if series["metric"] == name:
                        return dict(series)
        raise NotFound(f"There is no metric '{name}'")

    def actions(self) -> list[Mapping[str, Any]]:
        return [action for name in CREW for action in self._actions(name)]

    def machine(self, since: float | None = None, until: float | None = None, points: int = 300) -> Mapping[str, Any]:
        with self._lock:
            now = self._now()
            running = [task for task in self._tasks.values() if task["state"] == "running"]
            lines = [
                {"pid": 4_000, "depth": 0, "name": "python3", "cpu_s": 0.1, "memory_mb": 9.0},
                {"pid": 4_001, "depth": 1, "name": "python3 pytest", "cpu_s": 6.1, "memory_mb": 120.0},
            ]
            crew = {"crew_cpus": 0.4, "crew_mb": 300.0}
            return {
                "host": self._host(now),
                "since": now - 900 if since is None else since,
                "until": now if until is None else until,
                "history": [{**row, **crew} for row in self._history[-300:]],
                "users": [],
                "tasks": [{**task, "process_tree": lines} for task in running],
            }

    def schedules(self) -> list[Mapping[str, Any]]:
        base = self._since + 3_600
        return [
            {
                "name": "nightly",
                "workspace": "/home/ann/shop",
                "pipeline": "nightly",
                "when": "cron 0 2 * * *",
                "next": [base, base + 86_400, base + 172_800],
                "last": {"due": base - 86_400, "run": 7, "note": ""},
                "missed": 1,
            }
        ]

    def questions(self) -> list[Mapping[str, Any]]:
        with self._lock:
            return list(self._questions)

    def plan(
        self,
        pipeline: str,
        only: Sequence[str],
        skip: Sequence[str],
        workspace: str | None = None,
        affected: bool = False,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Mapping[str, Any]:
        self.calls.append(("plan", (affected, options or {})))
        with self._lock:
            jobs = []
            at = 0.0
            for place, (name, agent, depends) in enumerate(_jobs()):
                if (only and name not in only) or name in skip:
                    continue
                row = self._row(0, place, name, agent, [f"0.{number}" for number in depends], self._now())
                row.update(start={"p50": at, "p80": at}, end={"p50": at + 8, "p80": at + 11}, changes=[])
                if affected and place % 2 == 0 and not depends:
                    words = "unchanged since run 5: the same 143 files, options and tools"
                    row.update(end={"p50": at, "p80": at}, affected=words, stands_for="5.1#1")
                jobs.append(row)
                at += 4
            return {
                "pipeline": pipeline,
                "workspace": "/home/ann/shop",
                "jobs": jobs,
                "span": {"p50": at + 8, "p80": at + 20},
                "note": "too little data: estimates of the agents",
                "trouble": [],
                "unchanged": sum(1 for row in jobs if row.get("stands_for")),
            }

    def findings(self, run: int | None, agent: str | None, severity: str | None) -> list[Mapping[str, Any]]:
        with self._lock:
            return merged(
                row
                for row in self._findings
                if run in (None, row["run"]) and agent in (None, row["agent"]) and severity in (None, row["severity"])
            )

    def events(self, after_seq: int, limit: int) -> list[Mapping[str, Any]]:
        with self._lock:
            return [event for event in self._events[after_seq:] if event["seq"] > after_seq][:limit]

    # -- the desk: wishing

    def do(
        self,
        action: str,
        options: Mapping[str, Any],
        folder: str,
        by: str,
        key: str | None,
        wants: str = "",
        workspace: str | None = None,
        priority: str = "",
    ) -> int:
        self.calls.append(("do", (action, dict(options), folder, by, key, wants, workspace, priority)))
        known = {name for _, names in CREW.values() for name in names}
        if action and action not in known:
            raise NotFound(f"nobody offers an action '{action}'")
        with self._lock:
            if key and key in self._keys:
                return self._keys[key]
            run = self._new_run(f"do {action or wants}", priority or "medium", by, self._now())
            if key:
                self._keys[key] = run
            return run

    def submit(
        self,
        pipeline: str,
        only: Sequence[str],
        skip: Sequence[str],
        priority: str,
        by: str,
        key: str | None,
        workspace: str | None = None,
        *,
        affected: bool = False,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        planned: Mapping[str, str] | None = None,
    ) -> int:
        self.calls.append(("submit", (pipeline, tuple(only), tuple(skip), priority, by, key, workspace)))
        if affected or options:
            self.calls.append(("affected", (affected, dict(options or {}))))
        with self._lock:
            if self.halted:
                raise Refused(self.halted)
            if key and key in self._keys:
                return self._keys[key]
            run = self._new_run(pipeline, priority or "medium", by, self._now(), only, skip)
            if key:
                self._keys[key] = run
            self._tell(self._now())
            return run

    def cancel_run(self, run: int, reason: str, by: str) -> None:
        self.calls.append(("cancel_run", (run, reason, by)))
        with self._lock:
            if self._run(run)["state"] not in ("waiting", "running"):
                raise Refused(f"Run {run} is over")
            for task in self._of(run):
                if task["state"] not in FINAL:
                    self._end(task, "cancelled", f"Cancelled by {by}: {reason}" if reason else f"Cancelled by {by}")
            self._tell(self._now())

    def retry_run(self, run: int, by: str) -> int | None:
        self.calls.append(("retry_run", (run, by)))
        with self._lock:
            for task in self._of(run) if self._run(run) else ():
                if task["state"] in ("failed", "timed out", "lost", "skipped", "cancelled"):
                    self._again(task)
            self._tell(self._now())
        return run

    def cancel_task(self, task_id: str, reason: str, by: str) -> None:
        self.calls.append(("cancel_task", (task_id, reason, by)))
        with self._lock:
            task = self._task(task_id)
            if task["state"] in FINAL:
                raise Refused(f"Task {task_id} is over")
            self._end(task, "cancelled", f"Cancelled by {by}")
            self._tell(self._now())

    def move_task(self, task_id: str, agent: str, by: str) -> None:
        self.calls.append(("move_task", (task_id, agent, by)))
        with self._lock:
            if agent in self._paused:
                raise Refused(f"agent '{agent}' is paused")
            task = self._task(task_id)
            task["agent"] = agent
            self._touch(task)
            self._tell(self._now())

    def retry_task(self, task_id: str, by: str) -> None:
        self.calls.append(("retry_task", (task_id, by)))
        with self._lock:
            task = self._task(task_id)
            if task["state"] not in FINAL:
                raise Refused(f"Task {task_id} is not over")
            self._again(task)
            self._tell(self._now())

    def decide(self, task_id: str, choice: str, by: str) -> None:
        self.calls.append(("decide", (task_id, choice, by)))
        with self._lock:
            task = self._task(task_id)
            if task["state"] != "needs decision":
                raise Refused(f"Task {task_id} asks for no decision")
            self._questions = [row for row in self._questions if row["task"] != task_id]
            if choice == "retry":
                self._again(task)
            else:
                self._end(task, "failed", f"Given up by {by}")
            self._tell(self._now())

    def answer(self, task_id: str, question: str, choice: str, by: str) -> None:
        self.calls.append(("answer", (task_id, question, choice, by)))
        self._task(task_id)
        raise Refused(f"Task {task_id} does not ask '{question}'")

    def accept_finding(self, finding: str, reason: str, until: str, owner: str, by: str) -> dict[str, Any]:
        if "#" in reason:
            raise ConfigError("callboard.toml, line 3: it cannot be read; mend it first")
        for row in self._findings:
            if row["id"] == finding:
                return {**row, "accepted": f"until {until}: {reason} ({owner or by})"}
        raise NotFound(f"there is no finding '{finding}'")

    def pause(self, agent: str, reason: str, by: str) -> None:
        self.calls.append(("pause", (agent, reason, by)))
        with self._lock:
            self.agent(agent)
            self._paused[agent] = {"by": by, "reason": reason, "since": self._now()}
            self._tell(self._now())

    def resume(self, agent: str, by: str) -> None:
        self.calls.append(("resume", (agent, by)))
        with self._lock:
            self.agent(agent)
            self._paused.pop(agent, None)
            self._tell(self._now())

    def set_concurrency(self, agent: str, limit: int, by: str) -> None:
        self.calls.append(("set_concurrency", (agent, limit, by)))
        with self._lock:
            self.agent(agent)
            self._limits[agent] = limit
            self._tell(self._now())

    def fire_schedule(self, name: str, by: str) -> None:
        self.calls.append(("fire_schedule", (name, by)))

    def rescan(self) -> None:
        self.calls.append(("rescan", ()))

    def watch(self, listener: Callable[[Mapping[str, Any]], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # -- inside

    @property
    def _seq(self) -> int:
        return len(self._events)

    def _run(self, run: int) -> dict[str, Any]:
        if run not in self._runs:
            raise NotFound(f"There is no run {run}")
        return self._runs[run]

    def _task(self, task_id: str) -> dict[str, Any]:
        if task_id not in self._tasks:
            raise NotFound(f"There is no task {task_id}")
        return self._tasks[task_id]

    def _of(self, run: int) -> list[dict[str, Any]]:
        return [task for task in self._tasks.values() if task["run"] == run]

    def _event(self, run: int, task: str | None, kind: str, sentence: str, at: float) -> None:
        self._events.append(
            {"seq": self._seq + 1, "at": at, "run": run, "task": task, "kind": kind, "sentence": sentence}
        )

    def _hold(self, kind: str, reason: str, culprit: str | None = None) -> dict[str, Any]:
        return {"kind": kind, "reason": reason, "since": self._now(), "culprit": culprit}

    def _new_run(
        self, name: str, priority: str, by: str, at: float, only: Sequence[str] = (), skip: Sequence[str] = ()
    ) -> int:
        run = self._next
        self._next += 1
        scheduled = by.startswith("schedule")
        self._runs[run] = {
            "id": run,
            "name": name,
            "workspace": "/home/ann/shop",
            "workspace_name": "shop",
            "state": "waiting",
            "priority": priority,
            "by": "callboard" if scheduled else by,
            "trigger": by if scheduled else "by hand",
            "submitted": at,
            "started": None,
            "ended": None,
            "expected_end": at + 60,
            "counts": {},
            "total": 0,
            "done": 0,
            "findings": dict.fromkeys(SEVERITIES, 0),
            "summary": "",
        }
        for place, (job, agent, depends) in enumerate(_jobs()):
            if (only and job not in only) or job in skip:
                continue
            needed = [f"{run}.{number}" for number in depends if f"{run}.{number}" in self._tasks]
            row = self._row(run, place, job, agent, needed, at)
            row["priority"] = priority
            self._tasks[row["id"]] = row
            self._changed.add(row["id"])
        self._event(run, None, "RunSubmitted", f"{by} started '{name}' with {len(self._of(run))} tasks.", at)
        self._count(run)
        return run

    def _row(self, run: int, place: int, name: str, agent: str, depends: list[str], at: float) -> dict[str, Any]:
        return {
            "id": f"{run}.{place}",
            "run": run,
            "name": name,
            "agent": agent,
            "action": name,
            "stage": STAGES.get(agent, "watch"),
            "title": name.partition(".")[2].capitalize() + f" ({CREW[agent][0]})",
            "state": "waiting",
            "verdict": None,
            "reason": "",
            "priority": "medium",
            "attempt": 0,
            "attempts_allowed": 2,
            "hold": self._hold("dependency", f"waits for {depends[0]}", depends[0])
            if depends
            else self._hold("cpus", "needs 1.0 cpus, 0.2 free of 2.0"),
            "progress": None,
            "note": "",
            "submitted": at,
            "ready": None,
            "started": None,
            "ended": None,
            "estimate": 8.0,
            "expected_start": at + 4,
            "expected_end": at + 12,
            "cpu_s": 0.0,
            "peak_mb": 0.0,
            "read_mb": 0.0,
            "written_mb": 0.0,
            "cpus_now": 0.0,
            "memory_now_mb": 0.0,
            "findings": dict.fromkeys(SEVERITIES, 0),
            "depends": depends,
            "after": [],
            "remaining_path_s": 8.0 * (len(_jobs()) - place),
            "critical": name in ("config.check", "quality.lint", "quality.tests", "infra.build", "infra.deploy"),
            "needs": {**NEEDS, "locks": [{"name": "db:dev", "shared": False}] if agent in ("api", "infra") else []},
            "because": f"the workspace has what {name} looks at",
            "folder": "",
            "holds": [],
        }

    def _consider(self, task: dict[str, Any], now: float) -> None:
        needed = [self._tasks[name] for name in task["depends"]]
        bad = next(
            (other for other in needed if other["state"] in ("failed", "timed out", "cancelled", "lost", "skipped")),
            None,
        )
        if bad:
            self._end(task, "skipped", f"{bad['name']} {bad['state']}")
            return
        open_one = next((other for other in needed if other["state"] not in FINAL), None)
        running = [other for other in self._tasks.values() if other["state"] == "running"]
        agent = task["agent"]
        if open_one:
            hold = ("dependency", f"waits for {open_one['name']}", open_one["id"])
        elif agent in self._paused:
            hold = ("agent paused", f"agent '{agent}' is paused by {self._paused[agent]['by']}", None)
        elif sum(1 for other in running if other["agent"] == agent) >= self._limits[agent]:
            hold = ("agent busy", f"agent '{agent}' runs {self._limits[agent]} of {self._limits[agent]}", None)
        elif len(running) >= 5:
            hold = ("cpus", "needs 1.0 cpus, 0.2 free of 2.0", None)
        else:
            task.update(state="running", hold=None, started=now, ready=now, attempt=task["attempt"] + 1, progress=0.0)
            self._logs[task["id"], task["attempt"]] = bytearray(f"$ {task['action']} --format json -- .\n".encode())
            self._event(task["run"], task["id"], "AttemptDecided", f"Started as attempt {task['attempt']}.", now)
            self._touch(task)
            return
        if not task["hold"] or task["hold"]["reason"] != hold[1]:
            task["hold"] = self._hold(*hold)
            self._touch(task)

    def _advance(self, task: dict[str, Any], now: float) -> None:
        step = self._dice.uniform(0.002, 0.03)
        done = min(1.0, (task["progress"] or 0.0) + step)
        task.update(
            progress=round(done, 3),
            note=f"{round(done * 143)} of 143",
            cpu_s=task["cpu_s"] + 0.08,
            cpus_now=round(self._dice.uniform(0.3, 1.0), 2),
            memory_now_mb=round(90 + 120 * done, 1),
            peak_mb=max(task["peak_mb"], round(90 + 120 * done, 1)),
        )
        line = f"\x1b[32mok\x1b[0m {task['name']} step {round(done * 143)}: ümläut <b>not bold</b>\n"
        self._logs[task["id"], task["attempt"]].extend(line.encode())
        if self._dice.random() < 0.01:
            self._find(task, now)
        if done >= 1.0:
            self._end(task, *self._outcome(task))
        self._touch(task)

    def _outcome(self, task: dict[str, Any]) -> tuple[str, str]:
        roll = self._dice.random()
        words = WORDS.get(task["name"], "done, nothing to say")
        if roll < 0.06:
            return "failed", words
        if roll < 0.08:
            return "timed out", "took longer than 900 s"
        return ("unchanged", "as in run 3") if roll < 0.15 else ("succeeded", words)

    def _find(self, task: dict[str, Any], now: float) -> None:
        rule, severity, path, line, message = self._dice.choice(MESSAGES)
        number = len(self._findings) + 1
        self._findings.append(
            {
                "id": f"f{number}",
                "run": task["run"],
                "task": task["id"],
                "agent": task["agent"],
                "rule": rule,
                "severity": severity,
                "path": path,
                "line": line,
                "column": 0,
                "message": message,
                "help": "",
                "fingerprint": f"{number:016x}",
                "accepted": "",
                "since": now,
                "is_new": False,
                "witnesses": [{"tool": "pytest", "version": "9.2.0"}],
                "at": now,
            }
        )
        task["findings"][severity] += 1
        self._runs[task["run"]]["findings"][severity] += 1

    def _end(self, task: dict[str, Any], state: str, reason: str) -> None:
        verdict = {"succeeded": "pass", "unchanged": "pass", "failed": "fail"}.get(state)
        if "nothing is known" in reason:
            verdict = "unknown"
        task.update(
            state=state,
            reason=reason,
            verdict=verdict,
            hold=None,
            ended=self._now(),
            cpus_now=0.0,
            memory_now_mb=0.0,
            note="",
        )
        self._event(task["run"], task["id"], "AttemptEnded", f"{state.capitalize()}: {reason}.", self._now())
        self._touch(task)

    def _again(self, task: dict[str, Any]) -> None:
        task.update(
            state="waiting",
            reason="",
            verdict=None,
            ended=None,
            progress=None,
            hold=self._hold("cpus", "waits for its turn"),
        )
        self._event(task["run"], task["id"], "TaskRetried", "Is tried again.", self._now())
        self._touch(task)

    def _finish(self, run: int, outcome: str) -> None:
        at = self._runs[run]["submitted"]
        for number, task in enumerate(self._of(run)):
            state = "succeeded"
            if outcome == "failed" and number in (9, 15):
                state = ("failed", "timed out")[number == 15]
            if outcome == "cancelled" and number > 6:
                state = "cancelled"
            if outcome == "failed" and number > 17:
                state = "skipped"
            task["attempt"] = 0 if state == "skipped" else 1
            self._logs[task["id"], 1] = bytearray(f"$ {task['action']}\n{WORDS.get(task['name'], 'done')}\n".encode())
            for _ in range(self._dice.choice((0, 0, 1, 2))):
                self._find(task, at + 20)
            words = (
                "nothing is known about 38 packages"
                if outcome == "unknown" and number == 3
                else WORDS.get(task["name"], "done")
            )
            self._end(task, state, words)
            task.update(started=at + 2 * number, ended=at + 2 * number + 8, cpu_s=6.1, peak_mb=140.0, progress=1.0)
        self._runs[run].update(started=at, ended=at + 60)
        self._changed.clear()

    def _touch(self, task: dict[str, Any]) -> None:
        self._changed.add(task["id"])
        self._count(task["run"])

    def _count(self, run: int) -> None:
        row = self._runs[run]
        counts: dict[str, int] = {}
        unknown = 0
        for task in self._of(run):
            counts[task["state"]] = counts.get(task["state"], 0) + 1
            unknown += task["verdict"] == "unknown"
        total = sum(counts.values())
        done = sum(count for state, count in counts.items() if state in FINAL)
        failed = sum(counts.get(state, 0) for state in ("failed", "timed out", "lost", "skipped"))
        state = "running" if done or counts.get("running") else "waiting"
        if total and done == total:
            state = (
                "cancelled"
                if counts.get("cancelled")
                else "failed"
                if failed
                else "unknown"
                if unknown
                else "succeeded"
            )
            row["ended"] = row["ended"] or self._now()
        else:
            row["ended"] = None
        if state == "running" and row["started"] is None:
            row["started"] = self._now()
        row.update(
            state=state, counts=counts, total=total, done=done, summary=f"{failed} failed, {unknown} unknown of {total}"
        )

    def _actions(self, name: str) -> list[dict[str, Any]]:
        return [
            {
                "name": action,
                "title": action.partition(".")[2].capitalize(),
                "summary": f"Does {action.partition('.')[2]} in the workspace.",
                "needs": NEEDS,
                "time_limit": 900.0,
                "effects": {"reads": ["**"], "writes": [], "idempotent": True, "environment": []},
                "options": {"type": "object", "properties": {"strict": {"type": "boolean", "default": False}}},
                "tools": ["pytest"] if name == "quality" else [],
            }
            for action in CREW[name][1]
        ]

    def _agent(self, name: str, *, whole: bool) -> dict[str, Any]:
        mine = [task for task in self._tasks.values() if task["agent"] == name]
        running = [task for task in mine if task["state"] == "running"]
        ended = max((task for task in mine if task["ended"]), key=lambda task: task["ended"], default=None)
        state = "paused" if name in self._paused else "running" if running else "idle"
        row: dict[str, Any] = {
            "name": name,
            "title": CREW[name][0],
            "summary": f"Looks after {name}.",
            "version": "0.1.0",
            "state": state,
            "paused": self._paused.get(name),
            "concurrency": self._limits[name],
            "running": [task["id"] for task in running],
            "waiting": sum(1 for task in mine if task["state"] == "waiting"),
            "progress": sum(task["progress"] or 0.0 for task in running) / len(running) if running else None,
            "note": running[0]["note"] if running else "",
            "eta": self._now() + 6 if running else None,
            "cpus_now": round(sum(task["cpus_now"] for task in running), 2),
            "memory_now_mb": round(sum(task["memory_now_mb"] for task in running), 1),
            "last": {key: ended[key] for key in ("name", "state", "ended", "reason")} | {"task": ended["id"]}
            if ended
            else None,
            "trouble": "",
        }
        if whole:
            row["actions"] = self._actions(name)
            row["tools"] = [
                {
                    "name": "pytest",
                    "version": "9.2.0",
                    "ready": True,
                    "words": "pytest 9.2.0",
                    "cost": "~4 s",
                    "covers": "tests of the workspace",
                },
                {
                    "name": "pip-audit",
                    "version": None,
                    "ready": None,
                    "words": "no vulnerability data reachable",
                    "cost": "~4 s",
                    "covers": "known vulnerabilities of Python dependencies",
                },
                {
                    "name": "jscpd",
                    "version": None,
                    "ready": False,
                    "words": "jscpd is not here",
                    "cost": "~4 s",
                    "covers": "duplicated code",
                    "get": "callboard tools install jscpd",
                },
            ]
        return row

    def _host(self, at: float) -> dict[str, Any]:
        running = [task for task in self._tasks.values() if task["state"] == "running"]
        used = sum(task["memory_now_mb"] for task in running)
        percent = round(min(99.0, 8 + 18 * len(running) + 6 * self._dice.random()), 1)
        return {
            "at": at,
            "cpu_percent": percent,
            "cores": [percent, round(percent * 0.9, 1)],
            "load": [0.5, 0.4, 0.3],
            "cpus": 2,
            "memory_total_mb": 24_000,
            "memory_used_mb": 3_000 + used,
            "memory_available_mb": 21_000 - used,
            "swap_used_mb": 0,
            "disk_total_gb": 100.0,
            "disk_free_gb": 61.5,
            "net_rx_mb_s": 0.1,
            "net_tx_mb_s": 0.1,
            "disk_read_mb_s": 1.2,
            "disk_write_mb_s": 0.4,
            "pressure": {"cpu": 1.2, "memory": 0.0, "io": 0.3},
            "capacity": {"cpus": 1.8, "memory_mb": 20_000},
            "taken": {"cpus": float(len(running)), "memory_mb": used},
            "locks": [
                {"name": "db:dev", "holders": [task["id"]], "shared": False}
                for task in running
                if task["agent"] in ("api", "infra")
            ][:1],
        }

    def _tell(self, now: float) -> None:
        findings, events = self._news
        changed = [dict(self._tasks[name]) for name in sorted(self._changed)]
        agents = sorted({task["agent"] for task in changed} | set(self._paused))
        message: dict[str, Any] = {
            "seq": self._seq,
            "at": now,
            "tasks": changed,
            "runs": [dict(self._runs[run]) for run in sorted({task["run"] for task in changed})],
            "agents": [self._agent(name, whole=False) for name in agents],
            "findings": self._findings[findings:],
            "events": self._events[events:],
            "banner": {"level": "error", "text": self.halted} if self.halted else None,
        }
        if now - self._told_host >= 2:
            message["host"] = self._host(now)
            self._history.append(message["host"])
            del self._history[:-300]
            self._told_host = now
        self._changed.clear()
        self._news = (len(self._findings), len(self._events))
        self.say(message)


def _jobs() -> list[tuple[str, str, tuple[int, ...]]]:
    order = ("config", "security", "refactor", "quality", "api", "infra", "monitor")
    jobs: list[tuple[str, str, tuple[int, ...]]] = []
    first: dict[str, int] = {}
    for agent in order:
        for action in CREW[agent][1]:
            depends: tuple[int, ...] = (first[agent],) if agent in first else ()
            if agent not in first and agent not in ("config", "security"):
                depends = (0, first["quality"]) if agent in ("api", "infra", "monitor") else (0,)
            first.setdefault(agent, len(jobs))
            jobs.append((action, agent, depends))
    return jobs
