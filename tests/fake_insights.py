"""Insights of the fake desk: advice in every state, what waiting cost, forecasts and what came of them, rules, a week."""

import time
from collections.abc import Mapping
from typing import Any

from callboard.errors import ConfigError, NotFound, Refused
from fake_insight_rows import DAY, HOUR, advice, blame, causes, needs, outcome, rules

FEW = "too little data: 2 runs of this pipeline, 5 are needed before a range means something"


class FakeInsights:
    """The rows as the real ones are; `no_history` is a first day, on which nothing can be known yet."""

    no_history = False
    calls: list[tuple[str, tuple[Any, ...]]]

    @property
    def _advice(self) -> dict[str, dict[str, Any]]:
        made: dict[str, dict[str, Any]] | None = getattr(self, "_advice_made", None)
        if made is None:
            made = {} if self.no_history else {row["id"]: row for row in advice(time.time())}
            self._advice_made = made
        return made

    def insights(self) -> dict[str, Any]:
        rows = self._advice.values()
        open_rows = [row for row in rows if row["state"] == "open"]
        return {
            "next": sorted(open_rows, key=lambda row: -row["score"]),
            "taken": [row for row in rows if row["state"] != "open"],
            "rules": [] if self.no_history else rules(time.time()),
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

    def take_advice(self, advice: str, by: str, act: int = 0) -> dict[str, Any]:
        row = self._open(advice)
        self.calls.append(("take", (advice, by, act)))
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

    def reopen_advice(self, advice: str, reason: str, by: str) -> dict[str, Any]:
        row = self._advice[advice]
        self.calls.append(("reopen", (advice, reason, by)))
        row |= {"state": "open", "by": by, "at": time.time(), "until": None}
        return row

    def bottlenecks(self, since: float | None = None) -> dict[str, Any]:
        now = time.time()
        since = since or now - 7 * DAY
        if self.no_history:
            return {
                "since": since,
                "until": now,
                "total_s": 0.0,
                "dependency_s": 0.0,
                "causes": [],
                "path": None,
                "flaky": None,
                "idle": None,
                "load": {"words": FEW, "n": 2, "forecast": None},
                "enough": False,
                "why": "too little data: no run has waited for anything yet",
            }
        days = 7
        found = causes(now, days)
        load = [[now + n * DAY, 9_000.0 + 900 * (n % 5), 14_000.0 + 1_500 * (n % 5)] for n in range(1, 8)]
        return {
            "since": since,
            "until": now,
            "total_s": sum(row["seconds"] for row in found),
            "causes": found,
            "dependency_s": 8_100.0,
            "path": {"run": 5, "blame": blame()},
            "flaky": {
                "seconds": 2_912.0,
                "tries": 41,
                "words": "41 tries that failed and passed on the same code cost 48 min of work",
                "by": [
                    {"name": "quality.tests", "seconds": 1_980.0, "tries": 27, "href": "/cases/12"},
                    {"name": "api.fuzz", "seconds": 932.0, "tries": 14, "href": "/agents/api"},
                ],
            },
            "idle": {
                "cores_s": 402_000.0,
                "share": 0.71,
                "words": "of 2 cores 71 % of the time was not used while nothing waited, 4 % while something did",
            },
            "load": {"words": "about 2.5 h of work a day, more on Tuesdays", "n": 41, "forecast": load},
            "enough": True,
            "why": "",
        }

    def needs_learned(self) -> dict[str, Any]:
        return {"jobs": [] if self.no_history else needs(time.time()), "half_life": 20.0}

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
                {
                    "kind": "task",
                    "held": 1_702,
                    "n": 2_140,
                    "share": 0.795,
                    "words": "80 % ranges held 80 % of the time",
                },
                {
                    "kind": "roadmap",
                    "held": 3,
                    "n": 4,
                    "share": None,
                    "words": "too little data to judge: 4 forecasts came due",
                },
            ],
            "past": past,
        }

    def whatif(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        changes = dict(asked.get("changes") or {})
        self.calls.append(("whatif", (changes,)))
        if asked.get("pipeline") == "none":
            raise NotFound("There is no pipeline 'none'")
        if self.no_history:
            base = outcome(1.0)
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
            "base": outcome(1.0),
            "other": outcome(factor),
            "difference": {"words": words, "p50_s": -saved, "p80_s": -saved * 1.3},
            "takes": takes,
            "notes": ["400 futures of 20 jobs", "A second machine is not there: it is assumed to be like this one"],
        }

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
            {
                "job": "quality.tests",
                "words": "takes 40 % longer since Tuesday; the forecast goes by the newer runs",
                "since": now - 3 * DAY,
                "share": 0.4,
            }
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
            "week": week or "2026-W48",
            "from": begin,
            "to": begin + 7 * DAY,
            "advised": [],
            "taken": [],
            "overruled": [],
            "helped": [],
            "lines": [],
            "cases": {"opened": 0, "closed": 0, "reopened": 0, "median_hours": None},
            "numbers": {},
            "runs": {"total": 0, "succeeded": 0, "failed": 0, "unknown": 0, "cancelled": 0},
            "waits": {"total_s": 0.0, "before_s": 0.0, "causes": []},
            "calibration": {"held": 0, "n": 0, "share": None, "words": "no forecast has come due yet"},
        }
        if self.no_history:
            return row
        rows = list(self._advice.values())
        return {
            **row,
            "advised": rows[:4],
            "taken": [r for r in rows if r["state"] == "taken"],
            "overruled": [r for r in rows if r["state"] == "overruled"],
            "helped": [r for r in rows if r["helped"]],
            "lines": [
                "Runs waited 3 h 10 m less than in the week before.",
                "Two cases closed by a patch, one by hand.",
                "quality.tests takes 40 % longer since Tuesday.",
            ],
            "cases": {"opened": 5, "closed": 4, "reopened": 1, "median_hours": 6.5},
            "runs": {"total": 61, "succeeded": 44, "failed": 12, "unknown": 3, "cancelled": 2},
            "waits": {
                "total_s": 45_600.0,
                "before_s": 57_000.0,
                "causes": [{"cause": c["cause"], "seconds": c["seconds"]} for c in causes(now, 7)[:4]],
            },
            "calibration": {"held": 41, "n": 52, "share": 0.79, "words": "80 % ranges held 79 % of the time"},
        }

    def rule_dry_run(self, name: str, by: str) -> dict[str, Any]:
        self.calls.append(("dry-run", (name, by)))
        return next(rule for rule in rules(time.time()) if rule["name"] == name)

    def rule_undo(self, name: str, by: str, firing: str = "") -> dict[str, Any]:
        self.calls.append(("undo", (name, by, firing)))
        return next(rule for rule in rules(time.time()) if rule["name"] == name)
