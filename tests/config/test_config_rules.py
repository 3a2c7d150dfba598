"""`[rules.NAME]`: a rule says when, what and how far, or it is none."""

from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.config.rules import RuleTable
from callboard.errors import ConfigError


def test_a_rule_is_a_dry_run_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = '[rules.calm]\nwhen = ["case-*"]\ndo = "investigate"\n\n[rules.room]\nwhen = ["concurrency-raise"]\ndo = "concurrency"\n'
    rules = config_from(text + 'most = 4\nmode = "act"\nper_hour = 1\n', tmp_path / "callboard.toml").rules
    assert rules == {
        "calm": RuleTable("calm", ("case-*",), "investigate"),
        "room": RuleTable("room", ("concurrency-raise",), "concurrency", "act", per_hour=1, most=4),
    }
    assert rules["calm"].mode == "dry-run"
    assert rules["room"].words == (
        "When an advice is of kind concurrency-raise: concurrency, between 1 and 4 at once, at most 1 time an hour"
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('do = "retry"', "does not say when"),
        ('when = ["retry"]', "does not say do"),
        ('when = []\ndo = "retry"', "it must name at least one"),
        ('when = ["retry"]\ndo = "deploy"', "it must be one of"),
        ('when = ["retry"]\ndo = "retry"\nmode = "on"', "it must be one of dry-run, act"),
        ('when = ["retry"]\ndo = "retry"\nper_hour = 61', "from 1 to 60"),
        ('when = ["retry"]\ndo = "retry"\nmost = 3', "of use with do = 'concurrency' only"),
        ('when = ["c"]\ndo = "concurrency"', "names no bound"),
        ('when = ["c"]\ndo = "concurrency"\nleast = 5\nmost = 4', "least 5 above most 4"),
        ('when = ["c"]\ndo = "retry"\nseverity = ["bad"]', "'bad' is no severity"),
        ('when = ["c"]\ndo = "retry"\nwhy = "x"', "has no key 'why'"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_with_its_line(tmp_path: Path, rule: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        config_from(f"\n[rules.x]\n{rule}\n", tmp_path / "callboard.toml")
    assert "callboard.toml:" in str(caught.value)


def test_a_name_is_plain(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no name of a rule"):
        config_from('[rules."a b/c"]\nwhen = ["retry"]\ndo = "retry"\n', tmp_path / "callboard.toml")
