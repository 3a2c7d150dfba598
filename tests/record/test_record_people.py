"""What a person chose is kept for them alone, goes over what was kept before, and is nobody's news."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest

from callboard.core import events as e
from callboard.core.fold import fold
from callboard.core.person import over
from callboard.core.state import State
from callboard.desk.people import check, default_settings, leaves
from callboard.errors import ConfigError
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from callboard.record.remembered import Remembered


@pytest.fixture
def database(tmp_path: Path) -> Iterator[peewee.SqliteDatabase]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def tell(database: peewee.SqliteDatabase, *events: e.Event) -> None:
    state = State()
    for event in events:
        fold(state, event)
    SqliteLog(database).append(events, state, durable=False)


def test_what_was_chosen_last_counts_and_the_rest_stays(database: peewee.SqliteDatabase) -> None:
    tell(
        database,
        e.EngineStarted(1.0, 1, "1"),
        e.PersonSet(2.0, "ann", {"settings": {"theme": "dark", "notify": {"levels": {"low": True}}}}),
        e.PersonSet(3.0, "ben", {"looked": 3.0}),
        e.PersonSet(4.0, "ann", {"settings": {"theme": "light", "notify": {"sound": True}}, "looked": 4.0}),
    )
    history = History(database)
    notify = {"levels": {"low": True}, "sound": True}
    assert history.person("ann") == {"settings": {"theme": "light", "notify": notify}, "looked": 4.0}
    assert history.person("ben") == {"looked": 3.0}
    assert history.person("' OR 1=1 --") == {}
    assert differences(database) == []


def test_it_is_in_no_feed_and_not_read_at_a_start(database: peewee.SqliteDatabase) -> None:
    tell(database, e.EngineStarted(1.0, 1, "1"), e.PersonSet(2.0, "ann", {"looked": 2.0}))
    assert [row["kind"] for row in History(database).events()] == ["EngineStarted"]
    assert [type(event).__name__ for _, event in SqliteLog(database).load()] == ["EngineStarted"]


def test_nothing_takes_a_key_away() -> None:
    assert over({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None}, "d": {"e": 1}}) == {"a": {"c": 2}, "d": {"e": 1}}


def test_every_default_is_a_setting_that_may_be_set() -> None:
    for path, value in leaves(default_settings()):
        check(path, value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("theme", "blue", "setting theme is one of auto, light, dark"),
        ("theme", {"a": 1}, "one of"),
        ("colour", "x", "there is no setting 'colour'; the settings: theme, density"),
        ("notify.desktop", "yes", "true or false"),
        ("notify", True, "there is no setting 'notify'"),
        ("panels.order", ["ok", "<img>"], "names of panels"),
        ("panels.order", ["a"] * 41, "at most 40"),
        ("panels.hidden", "crew", "a list"),
    ],
)
def test_what_no_setting_can_be_is_refused_with_what_it_can_be(path: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check(path, value)


def test_words_of_a_search_are_texts(database: peewee.SqliteDatabase) -> None:
    remembered = Remembered(History(database))
    for word in ("%", "_", "\\", "' OR '1'='1", '"', "\x00"):
        assert remembered.runs([word], 5) + remembered.tasks([word], 5) == []
        assert remembered.findings([word], 5) + remembered.patches([word], 5) == []
