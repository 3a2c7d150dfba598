"""Rows of the fake desk's insights: advice in every state, causes of waiting, rules, outcomes."""

from collections.abc import Mapping, Sequence
from typing import Any

DAY = 86_400.0
HOUR = 3_600.0


def one(number: int, kind: str, title: str, words: str, now: float, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}-{number}",
        "kind": kind,
        "title": title,
        "words": words,
        "reasons": [],
        "evidence": [],
        "gain": None,
        "risk": {"level": "none", "words": "nothing is changed"},
        "act": None,
        "state": "open",
        "by": "",
        "at": None,
        "reason": "",
        "until": None,
        "helped": None,
        "measure": "whether it stopped waiting within a day",
        "severity": "medium",
        "about": title,
        "rule": "",
        "gain_why": "What it would save cannot be said: nothing was counted or simulated for it.",
        "score": 50.0,
        "factors": [],
        "case": None,
        "href": "",
        "first": now - 3 * DAY,
        **more,
        "acts": [more["act"]] if more.get("act") else [],
    }


def act(title: str, path: str, body: Mapping[str, Any], command: str) -> dict[str, Any]:
    return {"title": title, "method": "POST", "does": "", "path": path, "body": dict(body), "command": command}


def factors(*rows: tuple[str, float, str]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value, "words": words} for name, value, words in rows]


def advice(now: float) -> Sequence[dict[str, Any]]:
    helped = {
        "words": "runs wait 41 s for quality instead of 3 m 20 s",
        "yes": True,
        "before": 200.0,
        "after": 41.0,
        "n": 12,
    }
    return [
        one(
            1,
            "case",
            "Take the fix of C7: shop/cart.py cannot be parsed",
            "Six checks stumble over one broken line; a patch was tried in a worktree and all six passed with it.",
            now,
            reasons=[
                "6 of 9 checks know nothing until it is mended",
                "the gate of 'deploy' is shut by it",
                "patch 14 was verified 20 min ago",
            ],
            evidence=[
                {"words": "case C7", "href": "/cases/7"},
                {"words": "patch 14", "href": "/patches/14"},
                {"words": "run 5", "href": "/runs/5"},
            ],
            gain={
                "words": "opens the gate of deploy and gives six checks their word again",
                "low_s": 600.0,
                "high_s": 2_400.0,
            },
            risk={"level": "low", "words": "one line in one file; the patch can be taken back"},
            act=act("Accept patch 14", "/api/v1/patches/14/accept", {}, "callboard patches accept 14"),
            score=91.0,
            case=7,
            href="/cases/7",
            first=now - 2 * HOUR,
            factors=factors(
                ("severity", 36.0, "critical: code that cannot be parsed"),
                ("blocks", 30.0, "6 tasks, the critical path, the gate of deploy"),
                ("frequency", 15.0, "in each of 4 runs"),
                ("recency", 10.0, "seen 12 min ago"),
            ),
        ),
        one(
            2,
            "bottleneck",
            "Let quality do three tasks at once",
            "Tasks waited for quality while a core was free.",
            now,
            reasons=["3 h 20 m of waiting in 7 days, on 5 of them", "a core was free in 84 % of that time"],
            evidence=[
                {"words": "what waiting cost", "href": "/insights?tab=waiting"},
                {"words": "run 5", "href": "/runs/5?tab=gantt&view=agents"},
            ],
            gain={"words": "a run ends 40 s to 2 m 10 s earlier", "low_s": 40.0, "high_s": 130.0},
            risk={"level": "medium", "words": "memory may get short: three tests take 1.1 GiB together"},
            act=act(
                "Raise to 3",
                "/api/v1/agents/quality/concurrency",
                {"limit": 3},
                "callboard agents quality --concurrency 3",
            ),
            score=74.0,
            href="/agents/quality",
            factors=factors(
                ("waiting", 44.0, "3 h 20 m in 7 days"), ("sure", 30.0, "400 futures, all of them earlier")
            ),
            first=now - 6 * DAY,
        ),
        one(
            3,
            "needs",
            "Plan quality.tests with 374 MiB, not 2 GiB",
            "It declares 2 GiB and never took more than 312 MiB in 88 runs; while it runs nothing else fits beside it.",
            now,
            evidence=[{"words": "88 measured runs", "href": "/agents/quality"}],
            gain={"words": "one task more at a time", "low_s": 10.0, "high_s": 90.0},
            risk={"level": "low", "words": "a run that takes more is tried again with more"},
            score=58.0,
            factors=factors(("waiting", 28.0, "51 min for memory"), ("sure", 30.0, "88 runs")),
            href="/insights?tab=learned",
        ),
        one(
            4,
            "inbox",
            "Answer the deploy of run 4",
            "It has waited for a person for 2 h.",
            now,
            evidence=[{"words": "the question", "href": "/inbox"}],
            score=41.0,
            factors=factors(("waiting", 41.0, "2 h for a person")),
            href="/inbox",
        ),
        one(
            5,
            "drift",
            "Look at quality.tests: it takes 40 % longer since Tuesday",
            "The median went from 61 s to 86 s, with the same files.",
            now,
            evidence=[{"words": "durations", "href": "/agents/quality"}],
            gain={"words": "25 s a run", "low_s": 15.0, "high_s": 35.0},
            score=33.0,
            factors=factors(("longer", 33.0, "61 s to 86 s, n = 14")),
            href="/agents/quality",
        ),
        one(
            6,
            "bottleneck",
            "Let infra do two tasks at once",
            "Tasks waited for infra.",
            now,
            state="taken",
            by="ann",
            at=now - 4 * DAY,
            helped=helped,
            act=act(
                "Raise to 2", "/api/v1/agents/infra/concurrency", {"limit": 2}, "callboard agents infra --concurrency 2"
            ),
        ),
        one(
            7,
            "flaky",
            "Quarantine tests/test_pay.py::test_retry",
            "It failed in 6 of 50 runs of the same code.",
            now,
            state="taken",
            by="rule quarantine-flaky",
            at=now - 1 * DAY,
            helped={"words": "too early to say: 2 of 5 runs since", "yes": None, "before": None, "after": None, "n": 2},
        ),
        one(
            8,
            "schedule",
            "Move nightly to 03:30",
            "Two schedules begin at 02:00 and wait for each other.",
            now,
            state="overruled",
            by="ben",
            at=now - 2 * DAY,
            reason="the backup begins at 3",
        ),
        one(
            9,
            "order",
            "Start the longest job first",
            "It begins last and ends last.",
            now,
            state="snoozed",
            by="ann",
            at=now - DAY,
            until=now + 3 * DAY,
        ),
    ]


def rules(now: float) -> list[dict[str, Any]]:
    rule = {
        "do": "quarantine",
        "when": ["case-flaky"],
        "per_hour": 4,
        "left": 3,
        "acts": [],
        "dry": None,
        "why": "",
        "trouble": "",
        "state": "dry run",
        "on": False,
        "mode": "dry-run",
    }
    did = {
        "by": "rule quarantine-flaky",
        "ok": True,
        "undo": {},
        "advice": "case-flaky-7",
        "href": "/insights#case-flaky-7",
    }
    newer, older = "tests/test_pay.py::test_retry", "tests/test_cart.py::test_total"
    acts = [
        {
            **did,
            "id": "f2",
            "at": now - DAY,
            "done": now - DAY,
            "title": f"{newer} is flaky",
            "undone": None,
            "can_undo": True,
        },
        {
            **did,
            "id": "f1",
            "at": now - 6 * DAY,
            "done": now - 6 * DAY,
            "title": f"{older} is flaky",
            "can_undo": False,
        },
    ]
    acts[0]["words"], acts[1]["words"] = f"{newer} is in quarantine", f"{older} is in quarantine"
    acts[1]["undone"] = {"at": now - 5 * DAY, "by": "ann", "words": "out of quarantine"}
    lines = [f"now: {newer} is flaky: Quarantine", f"{older} is flaky: Quarantine"]
    return [
        {
            **rule,
            "name": "quarantine-flaky",
            "words": "When an advice is of kind case-flaky: quarantine, at most 4 times an hour",
            "state": "on",
            "on": True,
            "mode": "act",
            "acts": acts,
            "why": "Nobody reads a red board that is red by chance.",
            "dry": {"at": now - 9 * DAY, "would": 3, "days": 30, "lines": lines},
        },
        {
            **rule,
            "name": "raise-quality",
            "words": "When an advice is of kind concurrency-raise, agent quality: concurrency, between 2 and 4 at once",
            "dry": {"at": now - HOUR, "would": 2, "days": 30, "lines": ["quality waits: Raise to 3"]},
        },
    ]


def causes(now: float, days: int) -> list[dict[str, Any]]:
    def row(
        cause: str, kind: str, words: str, seconds: float, href: str, relief: str, agents: list[str], tasks: int
    ) -> dict[str, Any]:
        trend = [round(seconds * (1 + (n * 13 + tasks) % 7) / 28, 1) for n in range(days)]
        return {
            "cause": cause,
            "kind": kind,
            "words": words,
            "seconds": seconds,
            "share": seconds / 45_600.0,
            "tasks": tasks,
            "agents": agents,
            "since": now - 6 * DAY,
            "trend": trend,
            "href": href,
            "relief": relief,
            "culprit": None,
        }

    return [
        row(
            "quality is busy",
            "agent busy",
            "quality did two tasks already, its limit",
            21_400.0,
            "/agents/quality",
            "let quality do three at once: a core was free in 84 % of the time",
            ["quality"],
            212,
        ),
        row(
            "lock 'db:dev'",
            "lock",
            "held by infra.deploy, 48 s each time",
            12_300.0,
            "/tasks/902.0",
            "let api.probe share the lock: it only reads",
            ["api", "infra"],
            61,
        ),
        row(
            "a person",
            "decision",
            "decisions and questions that stood open",
            7_200.0,
            "/inbox",
            "answer within a minute by a notification",
            ["infra"],
            4,
        ),
        row(
            "memory",
            "memory",
            "2 GiB were declared for quality.tests, 312 MiB used",
            3_060.0,
            "/insights?tab=learned",
            "plan with what was learned",
            ["quality"],
            19,
        ),
        row(
            "no cpu was free",
            "cpus",
            "two of two cores were taken",
            1_640.0,
            "/machine",
            "nothing cheap: a run would end 20 s earlier with four cores",
            ["refactor", "security"],
            33,
        ),
    ]


def blame() -> list[dict[str, Any]]:
    rows = (
        ("5.9", "quality.tests", 86.0, "work: its own 61 s, and 25 s more since Tuesday"),
        ("5.4", "infra.build", 48.0, "work"),
        ("5.9", "quality.tests", 34.0, "waited for quality, held by quality.types"),
        ("5.11", "api.contract", 12.0, "work"),
    )
    return [
        {"task": task, "name": name, "seconds": seconds, "share": seconds / 180.0, "why": why}
        for task, name, seconds, why in rows
    ]


def outcome(factor: float) -> dict[str, Any]:
    return {
        "end": {"p50": 252.0 * factor, "p80": 318.0 * factor, "p95": 402.0 * factor},
        "busy": min(1.0, 0.58 / factor),
        "peak_mb": 1_460.0 / factor,
        "chance_ok": 0.82,
        "waits": [
            {"cause": "quality is busy", "seconds": 120.0 * factor * factor},
            {"cause": "lock 'db:dev'", "seconds": 48.0},
        ],
        "longest": ["quality.tests", "infra.build", "api.contract"],
    }


def needs(now: float) -> list[dict[str, Any]]:
    none = {"n": 0, "of": 1, "rate": 0.0, "low": 0.0, "high": 0.8}
    rates = {"failed": none, "broke_off": none, "flaky": none, "drift": None}
    spans = {"cpu_s": None, "peak_mb": None, "seconds": {"p50": 61.0, "p80": 86.0, "p95": 120.0}}
    need = {"cpus": 1.0, "memory_mb": 512.0}
    return [
        {
            **rates,
            **spans,
            "job": "quality.tests",
            "declared": {"cpus": 1.0, "memory_mb": 2048.0},
            "used": {"cpus": 0.94, "memory_mb": 312.0},
            "planned": {"cpus": 1.0, "memory_mb": 374.0},
            "n": 88,
            "words": "declares 2.0 GiB, used at most 312 MiB in 88 runs: planned with 374 MiB",
            "failed": {"n": 9, "of": 88, "rate": 0.1, "low": 0.05, "high": 0.18},
            "drift": {"words": "takes 40 % longer since Tuesday", "since": now - 3 * DAY, "share": 0.4},
        },
        {
            **rates,
            **spans,
            "job": "api.fuzz",
            "declared": {"cpus": 1.0, "memory_mb": 256.0},
            "used": {"cpus": 1.9, "memory_mb": 240.0},
            "planned": {"cpus": 1.9, "memory_mb": 288.0},
            "n": 41,
            "words": "uses 1.9 cpus, declares 1",
            "flaky": {"n": 4, "of": 41, "rate": 0.1, "low": 0.04, "high": 0.22},
        },
        {
            **rates,
            **spans,
            "seconds": None,
            "job": "infra.deploy",
            "declared": need,
            "used": None,
            "planned": need,
            "n": 1,
            "words": "too little data: 1 of 5 tries; planned as declared",
        },
    ]
