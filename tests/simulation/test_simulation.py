"""The real engine in a world where everything happens: after every step all eight promises of the core hold."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulated import World

SEEDS = st.integers(0, 2**32)


async def _live(seed: int, steps: int) -> None:
    world = World(seed)
    await world.play(steps)
    await world.calm()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, st.integers(1, 90))
def test_all_promises_hold_after_every_step(seed: int, steps: int) -> None:
    asyncio.run(_live(seed, steps))


@pytest.mark.long
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(SEEDS, st.integers(1, 400))
def test_all_promises_hold_in_a_long_drill(seed: int, steps: int) -> None:
    asyncio.run(_live(seed, steps))
