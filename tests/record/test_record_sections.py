"""What agents show is kept by workspace and agent, the newest alone; what they measure is a series."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest

from callboard.core import events as e
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.core.task import Priority, Process
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.record.history import MOST_POINTS, History, thinned
from callboard.record.log import SqliteLog
from core_story import spec


class Story:
    """Writes events as the engine does."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self.log, self.state = SqliteLog(database), State()
        self.tell(e.EngineStarted(1.0, 1, "1"))

    def tell(self, *events: e.Event) -> None:
        for event in events:
            fold(self.state, event)
        self.log.append(events, self.state, durable=False)
        self.state.changed_tasks.clear()
        self.state.changed_runs.clear()

    def begin(self, run: int, workspace: str, *agents: str) -> None:
        specs = tuple(spec(agent, agent=agent) for agent in agents)
        self.tell(e.RunSubmitted(1.0, run, "r", workspace, "ann", "by hand", Priority.MEDIUM, specs))
        for place in range(len(agents)):
            self.tell(e.AttemptDecided(1.0, run, place, 1, 1, "first"))
            self.tell(e.AttemptBegan(1.0, run, place, 1, Process(7, 7, "boot")))

    def show(self, at: float, run: int, task: int, name: str, words: Any) -> None:
        self.tell(e.SectionShown(at, run, task, 1, 1, name, ({"kind": "words", "text": words, "state": ""},)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[peewee.SqliteDatabase]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def test_the_newest_of_each_section_is_kept_for_each_workspace_and_agent(database: peewee.SqliteDatabase) -> None:
    story = Story(database)
    story.begin(1, "/w/shop", "quality", "security")
    story.begin(2, "/w/other", "quality")
    story.show(5.0, 1, 0, "tests", "old")
    story.show(6.0, 1, 0, "tests", "<img onerror=1>")
    story.show(6.0, 1, 0, "flaky", "two")
    story.show(7.0, 1, 1, "tests", "of security")
    story.show(8.0, 2, 0, "tests", "elsewhere")
    history = History(database)
    shown = history.sections("/w/shop", "quality")
    assert set(shown) == {"tests", "flaky"}
    assert shown["tests"] == {
        "at": 6.0, "run": 1, "task": "1.0", "blocks": [{"kind": "words", "text": "<img onerror=1>", "state": ""}],
    }  # fmt: skip
    assert history.sections("/w/other", "quality")["tests"]["task"] == "2.0"
    assert history.sections("/w/none", "quality") == {}
    assert differences(database) == []
    database.execute_sql("UPDATE section SET run = 9 WHERE name = 'flaky'")
    assert "section /w/shop.quality.flaky is" in differences(database)[0]


def test_a_metric_is_a_series_of_its_workspace(database: peewee.SqliteDatabase) -> None:
    story = Story(database)
    for run, workspace in ((1, "/w/shop"), (2, "/w/other"), (3, "/w/shop")):
        story.begin(run, workspace, "quality")
        story.tell(
            e.MetricsTaken(
                float(run), run, 0, 1, (("quality.coverage", 80.0 + run, "%"), ("quality.coverage.app", 1.0, "%"))
            )
        )
    history = History(database)
    assert history.series("/w/shop", "quality.coverage") == {
        "metric": "quality.coverage", "unit": "%", "points": [[1.0, 81.0, 1], [3.0, 83.0, 3]],
        "tasks": ["1.0", "3.0"],
    }  # fmt: skip
    assert history.series("/w/shop", "none") == {"metric": "none", "unit": "", "points": [], "tasks": []}
    assert sorted(history.metric_names("/w/shop", "quality.cov")) == ["quality.coverage", "quality.coverage.app"]
    assert history.metric_names("/w/shop", "quality.coverage.") == ["quality.coverage.app"]
    assert history.metric_names("/w/none", "quality.") == []


def test_thinning_keeps_the_ends_and_the_extremes() -> None:
    points = [(float(n), float(n % 7), n, 0) for n in range(500)]
    points[333] = (333.0, 99.0, 333, 0)
    points[222] = (222.0, -5.0, 222, 0)
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert {points[333], points[222]} <= set(kept)
    assert kept == sorted(kept)
    assert thinned(points[:200]) == points[:200]
    assert len(thinned([(float(n), 1.0, n, 0) for n in range(500)])) <= MOST_POINTS


def test_a_record_of_the_first_form_gets_the_table(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    (file,) = tmp_path.glob("*.db")
    with sqlite3.connect(file) as older:
        older.execute("DROP TABLE section")
        older.execute("PRAGMA user_version = 1")
    older.close()
    database = open_database(tmp_path)
    assert History(database).sections("/w/shop", "quality") == {}
    database.close()
