"""80 % ranges hold four times of five, in simulated weeks of teams whose truth is played by the real core."""

import pytest

from callboard.insight.calibration import shown
from worlds import WORLDS, Kind, World, held

WEEKS = 34


def test_in_a_few_weeks_ranges_are_about_right_and_the_record_says_so() -> None:
    world = World(WORLDS[5], 3, trials=16)
    outcomes = world.live(3)
    assert len(outcomes) > 40
    assert 0.6 <= held(outcomes) <= 0.95
    assert held(outcomes, 0) < held(outcomes) < held(outcomes, 2) + 1e-9
    told = shown([one.judged() for one in outcomes])
    assert told["words"] == f"80 % ranges held {held(outcomes) * 100:.0f} % of the time, n = {len(outcomes)}"


@pytest.mark.long
@pytest.mark.parametrize("kind", WORLDS, ids=lambda kind: kind.name)
def test_in_half_a_year_they_hold_between_75_and_85_percent(kind: Kind) -> None:
    outcomes = World(kind, 5, trials=30).live(WEEKS)
    assert 0.75 <= held(outcomes) <= 0.85
    assert 0.90 <= held(outcomes, 2) <= 0.99
