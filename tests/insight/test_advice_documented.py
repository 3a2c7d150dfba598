"""The README explains every kind of advice and every measure as the program does."""

from pathlib import Path

from callboard.insight.advice_kinds import KINDS
from callboard.insight.advice_measures import MEASURES

README = Path(__file__).parent.parent.parent / "README.md"


def test_every_kind_and_measure_is_in_the_readme_as_the_program_has_it() -> None:
    text = README.read_text("utf-8")
    for name, kind in KINDS.items():
        assert f"| `{name}` | {kind.when} | {kind.measure} |" in text
        assert kind.measure in MEASURES
    for name, means in MEASURES.items():
        assert f"| `{name}` | {means.words} |" in text
