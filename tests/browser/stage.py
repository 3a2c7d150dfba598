"""A server for the tests of pages: `python tests/browser/stage.py --port 6801 --data DIR [--lively|--hostile|--empty]`.

It holds what the fake desk holds, and: run 900 with 500 tasks, run 901 whose task 901.0 failed with a long log,
run 902 whose task 902.1 waits for a lock that 902.0 holds, run 903 that failed with a shorter log, and run 904 whose two
tasks print: 904.0 plain lines with a warning and an error, 904.1 a colour that goes on over line breaks. Agent 'monitor' shows
sections, anew with each run of monitor.health. In run 905 two tasks know too little because of one broken file, a third met
it and passed, and 905.3 waits and can be given to another agent. A lively one
prints thousands of lines a second in 904.0.
"""

import argparse
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
for name in [name for name in os.environ if name.startswith("NICEGUI_") or name == "PYTEST_CURRENT_TEST"]:
    del os.environ[name]

from fake_desk import FakeDesk  # noqa: E402
from shower import looked  # noqa: E402

PAYLOAD = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{ window.pwned=1 }}\ud800javascript:alert(1)'
)
# These hold what the server itself decides on; everything else may come from outside.
OWN = frozenset(
    {
        "id",
        "run",
        "change",
        "state",
        "severity",
        "kind",
        "task",
        "verdict",
        "priority",
        "url",
        "culprit",
        "question",
        "layer",
        "status",
        "level",
        "mode",
    }
)
LINES = 1_000_000
FAILING = 700_123


class StageDesk(FakeDesk):
    """The fake desk with the large, the long and the stuck."""

    def __init__(self, folder: Path, lines: int) -> None:
        super().__init__(folder)
        self._lines = lines

    def build(self) -> "StageDesk":
        self.furnish()
        self._wide(900, 500)
        self._failed(901, "long", self._lines)
        self._stuck(902)
        self._failed(903, "short", min(20_000, self._lines))
        self._printing(904)
        self._broken(905)
        self._changed.clear()
        self._look(1, 901)
        return self

    def do(self, action: str, options: Mapping[str, Any], *rest: Any) -> int:
        run = super().do(action, options, *rest)
        if action == "monitor.health":
            self._look(int(options.get("number", 1)), run)
        return run

    def _look(self, number: int, run: int) -> None:
        for row in looked(number, run):
            self.show_section("monitor", row)

    def resume(self, agent: str, by: str) -> None:
        super().resume(agent, by)
        self.say({"seq": self._seq, "at": self._now(), "agents": [self._agent(agent, whole=False)]})

    def _advance(self, task: dict[str, Any], now: float) -> None:
        if task["id"] != "904.0":
            super()._advance(task, now)

    def flood(self) -> None:
        """Task 904.0 prints six thousand lines a second, for ever."""

        def pour() -> None:
            number = 0
            while not self._stopped.wait(0.1):
                self.print("904.0", "".join(f"drop {number + n}\n" for n in range(600)))
                number += 600

        threading.Thread(target=pour, name="flood", daemon=True).start()

    def _failed(self, run: int, name: str, lines: int) -> None:
        now = self._now()
        self._bare(run, name, [("quality.tests", "quality", [])])
        body = [f"step {n} \x1b[32mok\x1b[0m" for n in range(1, lines + 1)]
        body[min(FAILING, lines // 2) - 1] = "\x1b[1;31mE   AssertionError: 41.97 != 41.98 <b>bold</b>\x1b[0m"
        task = self._tasks[f"{run}.0"]
        task.update(attempt=1, started=now - 60, peak_mb=140.0, cpu_s=6.1)
        self._logs[task["id"], 1] = bytearray(("\n".join(body) + "\n").encode())
        self._find(task, now)
        self._end(task, "failed", "1 of 143 tests failed: tests/test_cart.py::test_total")
        self._runs[run].update(started=now - 60, ended=now)

    def _printing(self, run: int) -> None:
        now = self._now()
        self._bare(run, "printing", [("quality.tests", "quality", []), ("api.fuzz", "api", [])])
        plain = [f"test {n} passes" for n in range(1, 31)]
        plain[9], plain[19] = "WARNING: test 10 is slow", "E   AssertionError: test 20"
        colours = "\x1b[31mred begins\nred goes on\n\x1b[1mbold and red\x1b[0m\nplain again\n"
        for name, text in ((f"{run}.0", "\n".join(plain) + "\n"), (f"{run}.1", colours)):
            self._tasks[name].update(
                state="running",
                hold=None,
                attempt=1,
                started=now,
                expected_end=now + 3600,
                expected_end_late=now + 5400,
            )
            self._logs[name, 1] = bytearray(text.encode())
        self._count(run)

    def _broken(self, run: int) -> None:
        now = self._now()
        jobs = [("quality.lint", "quality"), ("refactor.fixes", "refactor"), ("security.code", "security")]
        self._bare(run, "broken", [*((name, agent, []) for name, agent in jobs), ("quality.tests", "quality", [])])
        for place, tool in enumerate(("ruff", "ruff", "bandit")):
            task = self._tasks[f"{run}.{place}"]
            task.update(attempt=1, started=now - 9, ended=now, hold=None, state="succeeded")
            task.update(verdict="pass" if place == 2 else "unknown", reason=f"{tool} cannot read its configuration")
            self._note(task, "unparsable", "backend/pyproject.toml", tool, "same" * 4)
            self._note(task, "E501", "shop/cart.py", tool, f"{place:016x}", severity="low", is_new=place == 0)
        self._tasks[f"{run}.3"]["others"] = ["api", "config"]
        self._count(run)

    def _note(self, task: dict[str, Any], rule: str, path: str, tool: str, fingerprint: str, **more: Any) -> None:
        self._findings.append(
            {
                "id": f"f{len(self._findings) + 1}",
                "run": task["run"],
                "task": task["id"],
                "agent": task["agent"],
                "rule": rule,
                "severity": "high",
                "path": path,
                "line": 7,
                "column": 0,
                "message": f"{path} cannot be read: Expected '=' after a key",
                "help": "mend the file",
                "fingerprint": fingerprint,
                "witnesses": [{"tool": tool, "version": "1.0"}],
                "accepted": "",
                "since": self._now(),
                "is_new": False,
                "at": self._now(),
                **more,
            }
        )

    def _bare(self, run: int, name: str, jobs: Sequence[tuple[str, str, list[int]]]) -> None:
        self._next = run
        self._new_run(name, "medium", "ann", self._now(), only=["nothing"])
        for place, (job, agent, depends) in enumerate(jobs):
            row = self._row(run, place, job, agent, [f"{run}.{d}" for d in depends], self._now())
            self._tasks[row["id"]] = row
        self._count(run)
        self._next = run + 1

    def _wide(self, run: int, count: int) -> None:
        agents = ("quality", "api", "security", "infra", "refactor")
        jobs = [
            (f"job.{n}", agents[n % 5], [] if n < 25 else sorted({n - 25, n - 25 - (n * 7) % 11 if n > 40 else n - 25}))
            for n in range(count)
        ]
        self._bare(run, "wide", jobs)

    def _stuck(self, run: int) -> None:
        self._bare(run, "stuck", [("infra.deploy", "infra", []), ("api.probe", "api", [])])
        now = self._now()
        self._tasks[f"{run}.0"].update(state="running", hold=None, attempt=1, started=now, progress=0.4, note="4 of 10")
        self._logs[f"{run}.0", 1] = bytearray(b"deploying\n")
        self._tasks[f"{run}.1"]["hold"] = self._hold(
            "lock", f"waits for lock 'db:dev', held by infra.deploy ({run}.0)", f"{run}.0"
        )
        self._count(run)
        self._questions.append(
            {
                "task": f"{run}.1",
                "question": "q1",
                "text": "Shall it go on without the database?",
                "choices": ["go on"],
                "since": now,
            }
        )


class HostileDesk(StageDesk):
    """Every text that may come from outside carries a payload."""

    def board(self) -> Mapping[str, Any]:
        return poisoned(super().board())

    def runs(self, limit: int, before: int | None, **wants: str) -> list[Mapping[str, Any]]:
        return poisoned(super().runs(limit, before, **wants))

    def tasks_of(self, run: int, places: Sequence[int]) -> list[Mapping[str, Any]]:
        return poisoned(super().tasks_of(run, places))

    def run_facets(self) -> Mapping[str, Any]:
        return poisoned(super().run_facets())

    def run(self, run: int) -> Mapping[str, Any]:
        return poisoned(super().run(run))

    def run_findings(self, run: int) -> list[Mapping[str, Any]]:
        return poisoned(super().run_findings(run))

    def task(self, task_id: str) -> Mapping[str, Any]:
        return poisoned(super().task(task_id))

    def log(self, task_id: str, attempt: int | None, offset: int, limit: int) -> Mapping[str, Any]:
        return {**super().log(task_id, attempt, offset, limit), "text": f"{PAYLOAD}\n" * 5}

    def agents(self) -> list[Mapping[str, Any]]:
        return poisoned(super().agents())

    def agent(self, name: str) -> Mapping[str, Any]:
        return {**poisoned(super().agent(name)), "name": name}

    def sections(self, agent: str) -> list[Mapping[str, Any]]:
        return poisoned(super().sections(agent))

    def compare(self, run: int, other: int | None = None) -> dict[str, Any]:
        return poisoned(super().compare(run, other))

    def patches(self, run: int | None = None, state: str | None = None) -> list[dict[str, Any]]:
        return poisoned(super().patches(run, state))

    def patch(self, number: int) -> dict[str, Any]:
        return poisoned(super().patch(number))

    def inbox(self) -> list[dict[str, Any]]:
        return [{**poisoned(row), "id": row["id"], "kind": row["kind"]} for row in super().inbox()]

    def inbox_item(self, item: str) -> dict[str, Any]:
        return {**poisoned(super().inbox_item(item)), "id": item}

    def cases(self, *words: str, **wants: Any) -> dict[str, Any]:
        return poisoned(super().cases(*words, **wants))

    def case(self, number: int) -> dict[str, Any]:
        return poisoned(super().case(number))

    def crew(self) -> dict[str, Any]:
        return poisoned(super().crew())

    def roadmap(self) -> dict[str, Any]:
        return poisoned(super().roadmap())

    def roadmap_change(self, change: str) -> dict[str, Any]:
        return poisoned(super().roadmap_change(change))

    def insights(self) -> dict[str, Any]:
        return poisoned(super().insights())

    def bottlenecks(self, *words: Any) -> dict[str, Any]:
        return poisoned(super().bottlenecks(*words))

    def needs_learned(self) -> dict[str, Any]:
        return poisoned(super().needs_learned())

    def calibration(self) -> dict[str, Any]:
        return poisoned(super().calibration())

    def whatif(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return poisoned(super().whatif(asked))

    def run_forecast(self, run: int) -> dict[str, Any]:
        return poisoned(super().run_forecast(run))

    def insights_report(self, week: str = "") -> dict[str, Any]:
        return {**poisoned(super().insights_report(week)), "week": "2026-W48"}

    def plan(self, *words: Any, **more: Any) -> Mapping[str, Any]:
        return poisoned(super().plan(*words, **more))

    def machine(self, *words: Any) -> Mapping[str, Any]:
        return poisoned(super().machine(*words))


def poisoned(value: Any, key: str = "") -> Any:
    """The same rows with the payload in every text that is not the server's own word."""
    if isinstance(value, str):
        return value if key in OWN else f"{value}{PAYLOAD}"
    if isinstance(value, Mapping):
        return {name: poisoned(part, name) for name, part in value.items()}
    if isinstance(value, Sequence):
        ids = key in ("depends", "after", "running", "holders", "tasks", "ids")
        return [part if ids and isinstance(part, str) else poisoned(part, key) for part in value]
    return value


class EmptyDesk(FakeDesk):
    """A first start: agents, and nothing else."""

    crew_shape = "none"
    no_roadmap = True
    no_cases = True
    no_history = True

    def board(self) -> Mapping[str, Any]:
        return {**super().board(), "host": None}


def main() -> None:
    from callboard.core.boundary import Boundary
    from callboard.guard.door import open_door
    from callboard.guard.running import private_folder
    from callboard.show.server import serve

    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--token", default="stage-token-of-the-tests-of-pages")
    words.add_argument("--lines", type=int, default=LINES)
    words.add_argument("--lively", action="store_true", help="moves by itself, a hundred changes a second")
    words.add_argument("--hostile", action="store_true")
    words.add_argument("--empty", action="store_true")
    given = words.parse_args()
    artifacts = given.data / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    (artifacts / "report.txt").write_text("plain\n")
    kind = HostileDesk if given.hostile else StageDesk
    desk = EmptyDesk(artifacts) if given.empty else kind(artifacts, given.lines).build()
    stop = desk.start(0.05) if given.lively else lambda: None
    if given.lively and isinstance(desk, StageDesk):
        desk.flood()
    sessions = private_folder(given.data / "run") / "sessions.json"
    try:
        serve(
            desk,
            token=given.token,
            door=open_door("127.0.0.1", given.port, Boundary()),
            sessions_file=sessions,
            dev=True,
            on_ready=lambda url: print(f"{url}/?token={given.token}", flush=True),
        )
    finally:
        stop()


if __name__ == "__main__":
    main()
