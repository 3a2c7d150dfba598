"""What others use counts once it lasts."""

from callboard.measure.others import LOOKS, Others


def test_a_burst_that_one_look_saw_does_not_count() -> None:
    others = Others()
    for cores in (0.1, 0.1, 0.1, 1.8, 0.1):
        others.take(cores, 1.0)
    assert round(others.cores, 6) == 0.1


def test_our_own_start_is_forgotten_with_the_next_look() -> None:
    others = Others()
    others.take(1.4, 1.0)
    assert others.cores == 1.4
    others.take(0.0, 1.0)
    assert others.cores == 0.0


def test_what_lasts_counts_and_goes() -> None:
    others = Others()
    for _ in range(40):
        others.take(1.5, 1.0)
    assert round(others.cores, 2) == 1.5
    for _ in range(LOOKS + 40):
        others.take(0.0, 1.0)
    assert others.cores < 0.01
