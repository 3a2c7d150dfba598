"""Insights of the fake desk: advice in every state, what waiting cost, forecasts and what came of them, rules, a week."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.errors import ConfigError, NotFound, Refused

DAY = 86_400.0
HOUR = 3_600.0
FEW = "too little data: 2 runs of this pipeline, 5 are needed before a range means something"


class FakeInsights:
    """The rows as the real ones are; `no_history` is a first day, on which nothing can be known yet."""

    no_history = False
    calls: list[tuple[str, tuple[Any, ...]]]

    @property
    def _advice(self) -> dict[str, dict[str, Any]]:
        made: dict[str, dict[str, Any]] | None = getattr(self, "_advice_made", None)
        if made is None:
            made = {} if self.no_history else {row["id"]: row for row in _advice(time.time())}
            self._advice_made = made
        return made

    def insights(self) -> dict[str, Any]:
        rows = self._advice.values()
        open_rows = [row for row in rows if row["state"] == "open"]
        return {
            "next": sorted(open_rows, key=lambda row: -row["score"]),
            "taken": [row for row in rows if row["state"] != "open"],
            "rules": [] if self.no_history else _rules(time.time()),
            "seq": 1,
            "at": time.time(),
        }

    def _open(self, name: str) -> dict[str, Any]:
        row = self._advice.get(name)
        if row is None:
            raise NotFound(f"there is no advice '{name[:60]}'")
        if row["state"] != "open":
            raise Refused(f"'{row['title']}' is {row['state']} already, by {row['by']}")
        return row

    def take_advice(self, advice: str, by: str) -> dict[str, Any]:
        row = self._open(advice)
        self.calls.append(("take", (advice, by)))
        row |= {"state": "taken", "by": by, "at": time.time()}
        return row

    def overrule_advice(self, advice: str, reason: str, by: str) -> dict[str, Any]:
        row = self._open(advice)
        if not reason.strip():
            raise ConfigError("'reason' is needed: why is this not what to do?")
        self.calls.append(("overrule", (advice, reason, by)))
        row |= {"state": "overruled", "by": by, "at": time.time(), "reason": reason}
        return row

    def snooze_advice(self, advice: str, until: float, by: str) -> dict[str, Any]:
        row = self._open(advice)
        self.calls.append(("snooze", (advice, until, by)))
        row |= {"state": "snoozed", "by": by, "at": time.time(), "until": until}
        return row

    def bottlenecks(self, since: float | None = None) -> dict[str, Any]:
        now = time.time()
        since = since or now - 7 * DAY
        if self.no_history:
            return {
                "since": since, "until": now, "total_s": 0.0, "causes": [], "path": None, "flaky": None, "idle": None,
                "load": {"words": FEW, "n": 2, "forecast": None}, "enough": False,
                "why": "too little data: no run has waited for anything yet",
            }  # fmt: skip
        days = 7
        causes = _causes(now, days)
        load = [[now + n * DAY, 9_000.0 + 900 * (n % 5), 14_000.0 + 1_500 * (n % 5)] for n in range(1, 8)]
        return {
            "since": since, "until": now, "total_s": sum(row["seconds"] for row in causes), "causes": causes,
            "path": {"run": 5, "blame": _blame()},
            "flaky": {"seconds": 2_912.0, "tries": 41, "words": "41 tries that failed and passed on the same code cost 48 min of work",
                      "by": [{"name": "quality.tests", "seconds": 1_980.0, "tries": 27, "href": "/cases/12"},
                             {"name": "api.fuzz", "seconds": 932.0, "tries": 14, "href": "/agents/api"}]},
            "idle": {"cores_s": 402_000.0, "share": 0.71, "words": "of 2 cores 71 % of the time was not used while nothing waited, 4 % while something did"},
            "load": {"words": "about 2.5 h of work a day, more on Tuesdays", "n": 41, "forecast": load},
            "enough": True, "why": "",
        }  # fmt: skip

    def needs_learned(self) -> dict[str, Any]:
        if self.no_history:
            return {"jobs": []}
        need = {"cpus": 1.0, "memory_mb": 512.0}
        return {"jobs": [
            {"job": "quality.tests", "declared": {"cpus": 1.0, "memory_mb": 2048.0}, "used": {"cpus": 0.94, "memory_mb": 312.0}, "planned": {"cpus": 1.0, "memory_mb": 374.0}, "n": 88, "words": "declares 2.0 GiB, used at most 312 MiB in 88 runs: planned with 374 MiB"},
            {"job": "api.fuzz", "declared": {"cpus": 1.0, "memory_mb": 256.0}, "used": {"cpus": 1.9, "memory_mb": 240.0}, "planned": {"cpus": 1.9, "memory_mb": 288.0}, "n": 41, "words": "uses 1.9 cpus, declares 1"},
            {"job": "infra.deploy", "declared": need, "used": None, "planned": need, "n": 1, "words": "too little data: 1 run, 5 are needed; planned as declared"},
        ]}  # fmt: skip

    def calibration(self) -> dict[str, Any]:
        if self.no_history:
            return {
                "kinds": [{"kind": "run", "held": 0, "n": 0, "share": None, "words": "no forecast has come due yet"}],
                "past": [],
            }
        now = time.time()
        past = []
        for n in range(64):
            late, middle = 70.0 + (n * 37) % 60, 55.0 + (n * 29) % 40
            actual = late * (1.25 + (n % 3) / 5) if n % 5 == 3 else middle * (0.8 + (n * 7 % 10) / 22)
            past.append([now - (64 - n) * 9 * HOUR, middle, max(middle, late), actual])
        return {
            "kinds": [
                {"kind": "run", "held": 167, "n": 214, "share": 0.78, "words": "80 % ranges held 78 % of the time"},
                {"kind": "task", "held": 1_702, "n": 2_140, "share": 0.795, "words": "80 % ranges held 80 % of the time"},
                {"kind": "roadmap", "held": 3, "n": 4, "share": 0.75, "words": "too little data to judge: 4 forecasts came due"},
            ],
            "past": past,
        }  # fmt: skip

    def whatif(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        changes = dict(asked.get("changes") or {})
        self.calls.append(("whatif", (changes,)))
        if asked.get("pipeline") == "none":
            raise NotFound("There is no pipeline 'none'")
        if self.no_history:
            base = _outcome(1.0)
            return {
                "base": base,
                "other": base,
                "difference": {"words": "no difference", "p50_s": 0.0, "p80_s": 0.0},
                "takes": [],
                "notes": [FEW],
            }
        factor = 1.0 if not changes else 0.62
        takes = [f"{name} becomes {value}" for name, value in changes.items()]
        saved = round(252 * (1 - factor), 1)
        words = f"ends {saved:.0f} s earlier at P50" if changes else "no difference: nothing is changed"
        return {
            "base": _outcome(1.0), "other": _outcome(factor),
            "difference": {"words": words, "p50_s": -saved, "p80_s": -saved * 1.3},
            "takes": takes, "notes": ["400 futures of 20 jobs", "A second machine is not there: it is assumed to be like this one"],
        }  # fmt: skip

    def run_forecast(self, run: int) -> dict[str, Any]:
        now = time.time()
        none = {
            "run": run,
            "done": False,
            "at": now,
            "end": None,
            "why": FEW,
            "chance_ok": None,
            "tasks": [],
            "samples": 0,
            "refined": False,
            "drift": [],
        }
        words = {"held": 167, "n": 214, "share": 0.78, "words": "80 % ranges held 78 % of the time"}
        if self.no_history or run in (902, 903):
            return {**none, "calibration": {"held": 0, "n": 0, "share": None, "words": "no forecast has come due yet"}}
        end = {"p50": now + 120, "p80": now + 300, "p95": now + 420, "n": 88}
        drift = [
            {"job": "quality.tests", "words": "takes 40 % longer since Tuesday; the forecast goes by the newer runs"}
        ]
        return {
            **none,
            "end": end,
            "why": "",
            "chance_ok": 0.82,
            "samples": 400,
            "refined": True,
            "drift": drift,
            "calibration": words,
        }

    def insights_report(self, week: str = "") -> dict[str, Any]:
        now = time.time()
        begin = now - now % DAY - 4 * DAY
        row: dict[str, Any] = {
            "week": week or "2026-W48", "from": begin, "to": begin + 7 * DAY, "advised": [], "taken": [], "overruled": [], "helped": [], "lines": [],
            "cases": {"opened": 0, "closed": 0, "reopened": 0, "median_hours": None}, "runs": {"total": 0, "succeeded": 0, "failed": 0, "unknown": 0, "cancelled": 0}, "waits": {"total_s": 0.0, "before_s": 0.0, "causes": []},
            "calibration": {"held": 0, "n": 0, "share": None, "words": "no forecast has come due yet"},
        }  # fmt: skip
        if self.no_history:
            return row
        rows = list(self._advice.values())
        return {
            **row,
            "advised": rows[:4], "taken": [r for r in rows if r["state"] == "taken"], "overruled": [r for r in rows if r["state"] == "overruled"],
            "helped": [r for r in rows if r["helped"]],
            "lines": ["Runs waited 3 h 10 m less than in the week before.", "Two cases closed by a patch, one by hand.", "quality.tests takes 40 % longer since Tuesday."],
            "cases": {"opened": 5, "closed": 4, "reopened": 1, "median_hours": 6.5}, "runs": {"total": 61, "succeeded": 44, "failed": 12, "unknown": 3, "cancelled": 2},
            "waits": {"total_s": 45_600.0, "before_s": 57_000.0, "causes": [{"cause": c["cause"], "seconds": c["seconds"]} for c in _causes(now, 7)[:4]]},
            "calibration": {"held": 41, "n": 52, "share": 0.79, "words": "80 % ranges held 79 % of the time"},
        }  # fmt: skip

    def rule_dry_run(self, name: str, by: str) -> dict[str, Any]:
        self.calls.append(("dry-run", (name, by)))
        return next(rule for rule in _rules(time.time()) if rule["name"] == name)

    def rule_undo(self, name: str, by: str) -> dict[str, Any]:
        self.calls.append(("undo", (name, by)))
        return next(rule for rule in _rules(time.time()) if rule["name"] == name)


def _one(number: int, kind: str, title: str, words: str, now: float, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}-{number}", "kind": kind, "title": title, "words": words, "reasons": [], "evidence": [], "gain": None,
        "risk": {"level": "none", "words": "nothing is changed"}, "act": None, "state": "open", "by": "", "at": None, "reason": "", "until": None,
        "helped": None, "score": 50.0, "factors": [], "case": None, "href": "", "first": now - 3 * DAY, **more,
    }  # fmt: skip


def _act(title: str, path: str, body: Mapping[str, Any], command: str) -> dict[str, Any]:
    return {"title": title, "method": "POST", "path": path, "body": dict(body), "command": command}


def _factors(*rows: tuple[str, float, str]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value, "words": words} for name, value, words in rows]


def _advice(now: float) -> Sequence[dict[str, Any]]:
    helped = {"words": "runs wait 41 s for quality instead of 3 m 20 s", "before": 200.0, "after": 41.0, "n": 12}
    return [
        _one(1, "case", "Take the fix of C7: shop/cart.py cannot be parsed", "Six checks stumble over one broken line; a patch was tried in a worktree and all six passed with it.", now,
             reasons=["6 of 9 checks know nothing until it is mended", "the gate of 'deploy' is shut by it", "patch 14 was verified 20 min ago"],
             evidence=[{"words": "case C7", "href": "/cases/7"}, {"words": "patch 14", "href": "/patches/14"}, {"words": "run 5", "href": "/runs/5"}],
             gain={"words": "opens the gate of deploy and gives six checks their word again", "low_s": 600.0, "high_s": 2_400.0}, risk={"level": "low", "words": "one line in one file; the patch can be taken back"},
             act=_act("Accept patch 14", "/api/v1/patches/14/accept", {}, "callboard patches accept 14"), score=91.0, case=7, href="/cases/7", first=now - 2 * HOUR,
             factors=_factors(("severity", 36.0, "critical: code that cannot be parsed"), ("blocks", 30.0, "6 tasks, the critical path, the gate of deploy"), ("frequency", 15.0, "in each of 4 runs"), ("recency", 10.0, "seen 12 min ago"))),
        _one(2, "bottleneck", "Let quality do three tasks at once", "Tasks waited for quality while a core was free.", now,
             reasons=["3 h 20 m of waiting in 7 days, on 5 of them", "a core was free in 84 % of that time"], evidence=[{"words": "what waiting cost", "href": "/insights?tab=waiting"}, {"words": "run 5", "href": "/runs/5?tab=gantt&view=agents"}],
             gain={"words": "a run ends 40 s to 2 m 10 s earlier", "low_s": 40.0, "high_s": 130.0}, risk={"level": "medium", "words": "memory may get short: three tests take 1.1 GiB together"},
             act=_act("Raise to 3", "/api/v1/agents/quality/concurrency", {"limit": 3}, "callboard agents quality --concurrency 3"), score=74.0, href="/agents/quality",
             factors=_factors(("waiting", 44.0, "3 h 20 m in 7 days"), ("sure", 30.0, "400 futures, all of them earlier")), first=now - 6 * DAY),
        _one(3, "needs", "Plan quality.tests with 374 MiB, not 2 GiB", "It declares 2 GiB and never took more than 312 MiB in 88 runs; while it runs nothing else fits beside it.", now,
             evidence=[{"words": "88 measured runs", "href": "/agents/quality"}], gain={"words": "one task more at a time", "low_s": 10.0, "high_s": 90.0}, risk={"level": "low", "words": "a run that takes more is tried again with more"},
             score=58.0, factors=_factors(("waiting", 28.0, "51 min for memory"), ("sure", 30.0, "88 runs")), href="/insights?tab=learned"),
        _one(4, "inbox", "Answer the deploy of run 4", "It has waited for a person for 2 h.", now, evidence=[{"words": "the question", "href": "/inbox"}], score=41.0, factors=_factors(("waiting", 41.0, "2 h for a person")), href="/inbox"),
        _one(5, "drift", "Look at quality.tests: it takes 40 % longer since Tuesday", "The median went from 61 s to 86 s, with the same files.", now,
             evidence=[{"words": "durations", "href": "/agents/quality"}], gain={"words": "25 s a run", "low_s": 15.0, "high_s": 35.0}, score=33.0, factors=_factors(("longer", 33.0, "61 s to 86 s, n = 14")), href="/agents/quality"),
        _one(6, "bottleneck", "Let infra do two tasks at once", "Tasks waited for infra.", now, state="taken", by="ann", at=now - 4 * DAY, helped=helped, act=_act("Raise to 2", "/api/v1/agents/infra/concurrency", {"limit": 2}, "callboard agents infra --concurrency 2")),
        _one(7, "flaky", "Quarantine tests/test_pay.py::test_retry", "It failed in 6 of 50 runs of the same code.", now, state="taken", by="rule quarantine-flaky", at=now - 1 * DAY, helped={"words": "too early to say: 2 of 5 runs since", "before": None, "after": None, "n": 2}),
        _one(8, "schedule", "Move nightly to 03:30", "Two schedules begin at 02:00 and wait for each other.", now, state="overruled", by="ben", at=now - 2 * DAY, reason="the backup begins at 3"),
        _one(9, "order", "Start the longest job first", "It begins last and ends last.", now, state="snoozed", by="ann", at=now - DAY, until=now + 3 * DAY),
    ]  # fmt: skip


def _rules(now: float) -> list[dict[str, Any]]:
    rule = {
        "words": "",
        "mode": "dry-run",
        "do": "quarantine",
        "when": ["flaky"],
        "fired": [],
        "dry": None,
        "trouble": "",
    }
    fired = [
        {"id": "f2", "at": now - DAY, "mode": "act", "title": "tests/test_pay.py::test_retry is in quarantine until 10 Dec", "words": "", "ok": True, "undoable": True, "undone": None, "by": "", "advice": "flaky-7"},
        {"id": "f1", "at": now - 6 * DAY, "mode": "act", "title": "tests/test_cart.py::test_total is in quarantine", "words": "", "ok": True, "undoable": True, "undone": now - 5 * DAY, "by": "ann", "advice": "flaky-6"},
    ]  # fmt: skip
    return [
        {**rule, "name": "quarantine-flaky", "words": "When an advice is of kind flaky: quarantine, at most 4 times an hour", "mode": "act", "fired": fired,
         "dry": {"at": now - 9 * DAY, "n": 3, "words": "things it would have done in 30 days", "lines": ["quarantine tests/test_pay.py::test_retry", "quarantine tests/test_cart.py::test_total", "quarantine tests/test_io.py::test_slow"]}},
        {**rule, "name": "raise-quality", "words": "When an advice is of kind bottleneck, agent quality: concurrency, between 2 and 4 at once, at most 1 times an hour",
         "dry": {"at": now - HOUR, "n": 2, "words": "things it would have done in 30 days", "lines": ["quality: 2 to 3", "quality: 3 to 4"]}},
    ]  # fmt: skip


def _causes(now: float, days: int) -> list[dict[str, Any]]:
    def row(
        cause: str, kind: str, words: str, seconds: float, href: str, relief: str, agents: list[str], tasks: int
    ) -> dict[str, Any]:
        trend = [round(seconds * (1 + (n * 13 + tasks) % 7) / 28, 1) for n in range(days)]
        return {"cause": cause, "kind": kind, "words": words, "seconds": seconds, "share": seconds / 45_600.0, "tasks": tasks, "agents": agents,
                "since": now - 6 * DAY, "trend": trend, "href": href, "relief": relief}  # fmt: skip

    return [
        row("quality is busy", "agent busy", "quality did two tasks already, its limit", 21_400.0, "/agents/quality", "let quality do three at once: a core was free in 84 % of the time", ["quality"], 212),
        row("lock 'db:dev'", "lock", "held by infra.deploy, 48 s each time", 12_300.0, "/tasks/902.0", "let api.probe share the lock: it only reads", ["api", "infra"], 61),
        row("a person", "decision", "decisions and questions that stood open", 7_200.0, "/inbox", "answer within a minute by a notification", ["infra"], 4),
        row("memory", "memory", "2 GiB were declared for quality.tests, 312 MiB used", 3_060.0, "/insights?tab=learned", "plan with what was learned", ["quality"], 19),
        row("no cpu was free", "cpus", "two of two cores were taken", 1_640.0, "/machine", "nothing cheap: a run would end 20 s earlier with four cores", ["refactor", "security"], 33),
    ]  # fmt: skip


def _blame() -> list[dict[str, Any]]:
    rows = (
        ("5.9", "quality.tests", 86.0, "work: its own 61 s, and 25 s more since Tuesday"),
        ("5.4", "infra.build", 48.0, "work"),
        ("5.9", "quality.tests", 34.0, "waited for quality, held by quality.types"),
        ("5.11", "api.contract", 12.0, "work"),
    )
    return [{"task": task, "name": name, "seconds": seconds, "share": seconds / 180.0, "why": why} for task, name, seconds, why in rows]  # fmt: skip


def _outcome(factor: float) -> dict[str, Any]:
    return {
        "end": {"p50": 252.0 * factor, "p80": 318.0 * factor, "p95": 402.0 * factor}, "busy": min(1.0, 0.58 / factor), "peak_mb": 1_460.0 / factor, "chance_ok": 0.82,
        "waits": [{"cause": "quality is busy", "seconds": 120.0 * factor * factor}, {"cause": "lock 'db:dev'", "seconds": 48.0}], "longest": ["quality.tests", "infra.build", "api.contract"],
    }  # fmt: skip
