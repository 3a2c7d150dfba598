"""A program that holds more than a thousand files launches as ever."""

import os
import resource
from collections.abc import Iterator

import pytest

from callboard.core.facts import How
from launch_stage import Stage, command


@pytest.fixture
def crowded() -> Iterator[None]:
    """The first 1,100 descriptors are taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_048:
        pytest.skip("this machine allows fewer than 2,048 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_048), hard))
    taken: list[int] = []
    while not taken or taken[-1] < 1_100:
        taken.append(os.open(os.devnull, os.O_RDONLY))
    yield
    for descriptor in taken:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_an_attempt_ends_as_it_should(crowded: None, stage: Stage) -> None:
    end = await stage.run(command("sh", "-c", "echo said"))
    assert (end.how, end.code) == (How.EXITED, 0)
