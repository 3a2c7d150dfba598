"""A small agent that shows every kind of block, and its way from an attempt's messages to the rows of a page."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import (
    Act,
    Agent,
    Bars,
    Cell,
    Context,
    Figure,
    Figures,
    Result,
    Section,
    Table,
    Words,
    action,
    hookimpl,
    option,
    passed,
)
from callboard.core.facts import Measured, Shown
from callboard.core.task import AttemptKey
from callboard.launch.intake import Intake
from callboard.testing import run_action

LONG = "services/payments/adapters/a_rather_long_folder_name/another_one/test_settlement_of_foreign_currencies.py"


@dataclass(frozen=True, slots=True)
class Round:
    number: int = option(1, help="Which look it is")


class Monitor(Agent):
    """Stands in for the agent of that name on the stage."""

    name, title, summary = "monitor", "Monitor", "Shows what it is told to"

    @action("Look", options=Round)
    def health(self, ctx: Context, options: Round) -> Result:
        again = Act("Look again", "monitor.health", {"number": options.number + 1})
        away = Act("Forget all", "monitor.forget", {"older_than": 30, "which": "snapshots"}, danger=True)
        ctx.metric("monitor.latency", 120.0 + options.number, "ms")
        ctx.show(
            "overview",
            Figures(
                [
                    Figure("looks", options.number),
                    Figure("answered", 99.25, "%", "good", "of 1,204 requests"),
                    Figure("slowest", 1834.5, "ms", "bad", "/api/orders"),
                    Figure("memory", "not known", state="unsure", note="no metrics are exported"),
                    Figure("paused checks", 2, state="quiet"),
                ]
            ),
            Table(
                ["endpoint", "state", "p95", "where", ""],
                [
                    ["/api/orders", Cell("slow", "bad"), 1834.5, Cell("", path=LONG, line=211), Cell("", act=again)],
                    ["/healthz", Cell("fine", "good"), 2, Cell("app.py:3", path="app.py", line=3), None],
                    ["/api/pay", Cell("not reachable", "unsure"), None, None, Cell("", act=away)],
                    ["<img src=x onerror=window.pwned=1>", Cell("", "quiet"), 10.25, Cell("x" * 120), None],
                ],
                title="Endpoints",
                more=7,
            ),
            Bars([("2xx", 1200), ("4xx", 31), ("5xx", 4.5), ("3xx", 0)], "Answers", "requests"),
            Words("Two checks are paused until the new certificate is there.", "unsure"),
            Words("Latencies are measured from this machine,\nso they hold the network of this machine too."),
        )
        return passed(f"looked {options.number} times")


@hookimpl
def callboard_sections() -> list[Section]:
    """One that is filled, and one that stays empty."""
    trends = ("monitor.latency", "monitor.errors")
    return [
        Section("overview", "monitor", "How the service is", "Run monitor.health to look at it.", trends),
        Section("profile", "monitor", "Where time goes", "Run monitor.profile to see which functions take the time."),
    ]


def looked(number: int, run: int) -> list[Mapping[str, Any]]:
    """The sections after so many looks, as the desk gives them; all went through the checks of what attempts say."""
    now = time.time()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_action(Monitor(), "health", Path(folder), {"number": number}, spool=Path(folder))
        intake = Intake(AttemptKey(run, 0, 1), folder, time.time)
        for message in outcome.messages:
            intake.take(json.dumps(message).encode())
        facts = intake.flush(is_last=True)
    blocks = {fact.name: list(fact.blocks) for fact in facts if isinstance(fact, Shown)}
    (measured,) = [fact.metrics for fact in facts if isinstance(fact, Measured)]
    before = [[now - 3600 * (40 - n), 118.0 + (n * 7919 % 23) - n / 3, n + 1] for n in range(40)]
    series = {
        "monitor.latency": ("ms", [*before, [now, measured[0][1], run]]),
        "monitor.errors": ("", [[now, 3.0, run]]),
    }
    return [
        {
            "name": section.name,
            "title": section.title,
            "empty": section.empty,
            "at": now if section.name in blocks else None,
            "run": run if section.name in blocks else None,
            "task": f"{run}.0" if section.name in blocks else None,
            "blocks": blocks.get(section.name, []),
            "trends": [{"metric": m, "unit": series[m][0], "points": series[m][1]} for m in section.trends],
        }
        for section in callboard_sections()
    ]
