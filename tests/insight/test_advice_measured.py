"""Whether advice helped: by the written measure of its kind, and 'not known yet' until there is enough."""

import pytest

from callboard.insight.advice_measures import MEASURES, Measure, Seen, judge, state_words

DAY = 86_400.0
HOUR = 3_600.0


@pytest.mark.parametrize(
    ("what", "before", "seen", "passed", "helped"),
    [
        ("wait", 600.0, Seen(100.0, 40), 2 * DAY, True),
        ("wait", 600.0, Seen(480.0, 40), 2 * DAY, True),
        ("wait", 600.0, Seen(490.0, 40), 2 * DAY, False),
        ("wait", 600.0, Seen(100.0, 4), 2 * DAY, None),
        ("wait", 600.0, Seen(100.0, 40), 12 * HOUR, None),
        ("wait", 0.2, Seen(0.0, 40), 2 * DAY, False),
        ("case", 0.0, Seen(1.0, 1), HOUR, True),
        ("case", 0.0, Seen(1.0, 0), HOUR, None),
        ("case", 0.0, Seen(1.0, 0), 15 * DAY, None),
        ("case", 0.0, Seen(0.0, 1), HOUR, None),
        ("case", 0.0, Seen(0.0, 1), 15 * DAY, False),
        ("case-quiet", 0.8, Seen(1.0, 5), HOUR, True),
        ("case-quiet", 0.8, Seen(0.8, 5), HOUR, False),
        ("case-quiet", 0.8, Seen(1.0, 4), HOUR, None),
        ("gone", 0.0, Seen(1.0, 1), 1.0, True),
        ("gone", 0.0, Seen(0.0, 1), DAY + 1, False),
        ("task", 0.0, Seen(1.0, 1, True), 9.0, True),
        ("task", 0.0, Seen(0.0, 1, True), 9.0, False),
        ("task", 0.0, Seen(None, 0), 9.0, None),
        ("task", 0.0, Seen(None, 0), 2 * DAY, False),
        ("job-good", 0.5, Seen(0.75, 8), DAY, True),
        ("job-good", 0.5, Seen(0.5, 8), DAY, False),
        ("job-good", None, Seen(1.0, 8), DAY, True),
        ("job-time", 40.0, Seen(20.0, 5), DAY, True),
        ("job-time", 40.0, Seen(39.0, 5), DAY, False),
        ("job-cost", 900.0, Seen(100.0, 4), 4 * DAY, True),
        ("job-cost", 900.0, Seen(100.0, 2), 2 * DAY, None),
        ("schedule", 0.0, Seen(0.0, 1, True), DAY, False),
        ("alert", 0.0, Seen(0.0, 1), DAY, None),
        ("change", 3.0, Seen(1.0, 1), DAY, True),
        ("change", 3.0, Seen(0.0, 1), 8 * DAY, False),
        ("no such", 1.0, Seen(0.0, 99), 99 * DAY, None),
    ],
)  # fmt: skip
def test_judged(what: str, before: float | None, seen: Seen, passed: float, helped: bool | None) -> None:
    word = judge(what, before, seen, passed)
    assert (None if word is None else word.helped) is helped
    if word is not None:
        assert word.words
        assert (word.before, word.after, word.n) == (before, seen.value, seen.n)


def test_what_is_not_known_yet_says_what_is_missing() -> None:
    assert state_words("wait", Seen(1.0, 40), HOUR) == "not known yet: measured for 1 h, 24 h are needed"
    assert state_words("job-good", Seen(1.0, 2), HOUR) == "not known yet: 2 of 5 observations"
    assert state_words("case", Seen(0.0, 1), HOUR) == "not known yet"
    assert state_words("case", Seen(1.0, 0), HOUR) == "not known yet: the case is closed, and has to stay so for a day"


def test_what_is_kept_of_a_measure_is_enough_to_measure_again() -> None:
    assert Measure("wait", "cpus", "quality").row(12.0, 9) == {
        "what": "wait",
        "of": "cpus",
        "agent": "quality",
        "before": 12.0,
        "n": 9,
    }
    assert all(means.enough > 0 and means.words and means.gives_up_s > means.least_s for means in MEASURES.values())
