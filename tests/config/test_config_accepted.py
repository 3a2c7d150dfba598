"""Accepted findings in callboard.toml: what a table must say, and how one is added."""

import datetime
from pathlib import Path

import pytest

from callboard.config.accepted import accept
from callboard.config.reading import config_from, read_config
from callboard.errors import CallboardError, ConfigError

SOON = (datetime.datetime.now().astimezone().date() + datetime.timedelta(30)).isoformat()
GOOD = f'[[accepted]]\nrule = "S105"\nreason = "made up"\nuntil = {SOON}\n'

WRONG = {
    "why": ("rule = 'a'\nuntil = 2026-01-01", 5, "does not say why"),
    "until when": ("rule = 'a'\nreason = 'x'", 5, "does not say until when"),
    "what": ("reason = 'x'\nuntil = 2026-01-01", 5, "write a rule, a path or a fingerprint"),
    "a day": ("rule = 'a'\nreason = 'x'\nuntil = 'soon'", 8, "it must be a day such as"),
    "not so long": ("rule = 'a'\nreason = 'x'\nuntil = 2999-01-01", 8, "at most 366 days from now"),
    "a known key": ("rules = 'a'\nreason = 'x'", 6, "Did you mean 'rule'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_table_that_says_too_little_is_told_with_its_line(case: str) -> None:
    text, line, words = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        config_from(f"{GOOD}[[accepted]]\n{text}\n", Path("callboard.toml"))
    assert words in str(caught.value)
    assert f":{line}" in str(caught.value)


def test_attempts_get_days_as_text_and_an_expired_table_stays(tmp_path: Path) -> None:
    text = f"{GOOD}[[accepted]]\npath = 'a/*'\nreason = 'x'\nuntil = '2020-02-01'\n"
    tables = config_from(text, tmp_path / "callboard.toml").table["accepted"]
    assert [table["until"] for table in tables] == [SOON, "2020-02-01"]


def test_accepting_adds_a_table_and_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "callboard.toml"
    former = "# ours\n[workspace]   # top\nname = 'x'"
    file.write_text(former)
    file.chmod(0o640)
    finding = {"rule": "a[b]", "path": "x*.py", "fingerprint": "f00", "message": "m"}
    words = accept(file, finding, 'it is "needed"', SOON, "ann").words
    assert words == f'until {SOON}: it is "needed" (ann)'
    assert file.read_text().startswith(former + "\n")
    assert file.stat().st_mode & 0o777 == 0o640
    accept(file, {"rule": "other", "path": "", "fingerprint": "f01"}, "y", SOON)
    [first, second] = read_config(tmp_path).table["accepted"]
    assert (first["rule"], first["path"], first["owner"]) == ("a[[]b]", "x[*].py", "ann")
    assert second == {"rule": "other", "fingerprint": "f01", "reason": "y", "until": SOON}


@pytest.mark.parametrize(("reason", "until"), [("", SOON), ("x", "2999-01-01"), ("x", "tomorrow"), ("a\x00b", SOON)])
def test_what_would_be_wrong_is_not_written(tmp_path: Path, reason: str, until: str) -> None:
    file = tmp_path / "callboard.toml"
    file.write_text("# ours\n")
    with pytest.raises(CallboardError):
        accept(file, {"rule": "a", "path": "", "fingerprint": "f"}, reason, until)
    assert file.read_text() == "# ours\n"
    assert [path.name for path in tmp_path.iterdir()] == ["callboard.toml"]


def test_accepting_where_there_is_no_file_makes_one(tmp_path: Path) -> None:
    accept(tmp_path / "callboard.toml", {"rule": "a", "path": "", "fingerprint": "f"}, "x", SOON)
    assert read_config(tmp_path).table["accepted"][0]["rule"] == "a"


def test_a_file_that_is_wrong_already_is_told_and_left(tmp_path: Path) -> None:
    file = tmp_path / "callboard.toml"
    file.write_text("[nonsense]\n")
    with pytest.raises(ConfigError, match="there is no table"):
        accept(file, {"rule": "a", "path": "", "fingerprint": "f"}, "x", SOON)
    assert file.read_text() == "[nonsense]\n"
