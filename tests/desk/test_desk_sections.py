"""What the desk and the command line say of an agent's sections, over a real record."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.agents.crew import AgentInfo, Catalogue, SectionInfo
from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.commands.sections import amount, print_sections, spark
from callboard.core import events as e
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.task import Priority, Process
from callboard.desk import Desk
from callboard.engine import Engine, Published
from callboard.errors import NotFound
from callboard.live import LiveFeed
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import MemoryLog, SqliteLog
from core_story import spec

CREW = Catalogue(
    agents=(
        AgentInfo(
            "quality", "Quality", "", "1", "quality", (), (),
            (
                SectionInfo("coverage", "quality", "Coverage", "Run quality.tests to fill it.", ("quality.cov", "quality.of.*")),
                SectionInfo("flaky", "quality", "Flaky tests", "Nothing was flaky so far."),
            ),
        ),
        AgentInfo("plain", "Plain", "", "1", "plain", (), ()),
    )
)  # fmt: skip
ACT = {"label": "Mend", "action": "quality.mend", "options": {"rule": "a b", "most": 3}, "danger": False}
BLOCKS: tuple[dict[str, Any], ...] = (
    {"kind": "figures", "figures": [
        {"label": "covered", "value": 83.25, "unit": "%", "state": "good", "note": "of 1,204 lines"},
        {"label": "left", "value": 12, "unit": "", "state": "bad", "note": ""},
    ]},
    {"kind": "table", "title": "Worst files", "columns": ["file", "covered"], "more": 7, "rows": [
        [{"text": "cart", "state": "unsure", "path": "shop/cart.py", "line": 3, "act": ACT}, 41],
        [{"text": "shop/pay.py", "path": "shop/pay.py"}, None],
    ]},
    {"kind": "bars", "title": "Left by folder", "unit": "lines", "bars": [["lib", 2.0], ["shop", 40.0]]},
    {"kind": "words", "text": "Measured <b>with</b> \\x1b[31m branches.", "state": "quiet"},
)  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[Desk, Engine, Callable[..., None]]]:
    database = open_database(tmp_path)
    log, clock = SqliteLog(database), SystemClock()
    engine = Engine(
        clock=clock, log=MemoryLog(), launcher=InstantLauncher(clock), meter=FixedMeter(Capacity(1, 100)),
        dice=lambda: 0.5, version="1",
    )  # fmt: skip
    history = History(database)
    desk = Desk(
        engine=engine, feed=LiveFeed(engine, dict, history.last_of_agents), history=history, data=tmp_path,
        workspace=Path("/w/shop"), version="1", catalogue=CREW,
    )  # fmt: skip

    def tell(*events: e.Event) -> None:
        for event in events:
            fold(engine.state, event)
        log.append(events, engine.state, durable=False)

    job = spec("tests", agent="quality")
    tell(
        e.EngineStarted(1.0, 1, "1"),
        e.RunSubmitted(1.0, 1, "r", "/w/shop", "ann", "by hand", Priority.MEDIUM, (job,)),
        e.AttemptDecided(1.0, 1, 0, 1, 1, "first"),
        e.AttemptBegan(1.0, 1, 0, 1, Process(7, 7, "boot")),
    )
    yield desk, engine, tell
    database.close()


def finding(path: str, line: int) -> dict[str, object]:
    return {"rule": "r", "severity": "low", "path": path, "line": line, "column": 0, "message": "m", "help": "",
            "tool": "", "tool_version": "", "fingerprint": "f"}  # fmt: skip


def test_sections_come_as_they_are_declared_with_their_trends_and_findings(stage: Any) -> None:
    desk, _, tell = stage
    tell(
        e.FindingsFound(2.0, 1, 0, 1, (finding("shop/cart.py", 3), finding("shop/other.py", 1))),
        e.MetricsTaken(
            3.0, 1, 0, 1, (("quality.cov", 83.0, "%"), ("quality.of.b", 2.0, ""), ("quality.of.a", 1.0, ""))
        ),
        e.SectionShown(4.0, 1, 0, 1, 1, "coverage", BLOCKS),
        e.SectionShown(4.0, 1, 0, 1, 2, "undeclared", BLOCKS),
    )
    coverage, flaky = desk.sections("quality")
    assert (coverage["name"], coverage["title"], coverage["at"], coverage["run"], coverage["task"]) == (
        "coverage", "Coverage", 4.0, 1, "1.0",
    )  # fmt: skip
    assert [series["metric"] for series in coverage["trends"]] == ["quality.cov", "quality.of.a", "quality.of.b"]
    assert coverage["trends"][0]["points"] == [[3.0, 83.0, 1]]
    rows = coverage["blocks"][1]["rows"]
    (number,) = [row["id"] for row in desk.findings(1, None, None) if row["path"] == "shop/cart.py"]
    assert rows[0][0]["finding"] == {"id": number, "task": "1.0"}
    assert "finding" not in rows[1][0]
    assert flaky == {
        "name": "flaky", "title": "Flaky tests", "empty": "Nothing was flaky so far.", "at": None, "run": None, "task": None,
        "blocks": [], "trends": [],
    }  # fmt: skip
    assert desk.sections("plain") == []
    with pytest.raises(NotFound, match="there is no agent 'nobody'; the agents: quality, plain"):
        desk.sections("nobody")
    assert desk.metric("quality.cov")["unit"] == "%"
    with pytest.raises(NotFound, match=r"there is no metric 'quality\.none' of this workspace yet"):
        desk.metric("quality.none")


def test_live_messages_name_each_section_once(stage: Any) -> None:
    desk, engine, _ = stage
    heard: list[dict[str, Any]] = []
    desk.watch(heard.append)
    shown = [e.SectionShown(4.0, 1, 0, 1, n, "coverage", ()) for n in (1, 2)]
    engine.watchers[0](Published([(11, shown[0]), (12, shown[1])], []))
    desk._feed.flush()
    assert heard[0]["sections"] == [{"agent": "quality", "name": "coverage", "seq": 12}]


def test_a_terminal_gets_figures_aligned_tables_bars_and_trends(stage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    desk, _, tell = stage
    for n in range(3):
        tell(e.MetricsTaken(3.0 + n, 1, 0, 1, (("quality.cov", 80.0 + n, "%"),)))
    tell(e.SectionShown(4.0, 1, 0, 1, 1, "coverage", BLOCKS))
    print_sections(desk.sections("quality"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Coverage (coverage)  as of 1970-01-01")
    assert lines[0].endswith(", run 1")
    assert lines[1] == "quality.cov  ▁▅█  82 %  lowest 80, highest 82, 3 times"
    assert lines[3:5] == ["covered  ✓ 83.25 %  of 1,204 lines", "left     ✗ 12"]
    assert lines[6:12] == [
        "Worst files",
        "file                            covered",
        "? cart (shop/cart.py:3) [Mend]  41",
        "shop/pay.py                     –",
        "… and 7 more",
        "[Mend] callboard do quality.mend -o 'rule=a b' -o most=3",
    ]
    assert lines[13:16] == ["Left by folder", "shop  " + "█" * 30 + "  40 lines", "lib   ██" + " " * 28 + "  2 lines"]
    assert lines[17] == "· Measured <b>with</b> \N{REPLACEMENT CHARACTER}[31m branches.".replace(
        "\N{REPLACEMENT CHARACTER}", "\\x1b"
    )
    assert lines[19:] == ["Flaky tests (flaky)", "Nothing was flaky so far."]


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (3, "3"), (1234567, "1,234,567"), (3.0, "3"), (3.14159, "3.14"), (0.0004, "0.0004"), ("x\ny", "x y")],
)
def test_amounts(value: Any, words: str) -> None:
    assert amount(value) == words


def test_a_level_series_lies_in_the_middle() -> None:
    assert (spark([5.0, 5.0]), spark([0.0, 10.0]), len(spark([1.0] * 99))) == ("▄▄", "▁█", 40)
