"""The drill of no influence: a real crew and an API beside Callboard notice nothing of it."""

import os

import pytest

from callboard.bench.platform import platform


@pytest.mark.long
def test_the_platform_notices_nothing_of_callboard() -> None:
    """Needs CALLBOARD_CREW_PYTHON, a Python with crewai, fastapi and uvicorn; times are told by `callboard bench platform`."""
    if not os.environ.get("CALLBOARD_CREW_PYTHON"):
        pytest.skip("CALLBOARD_CREW_PYTHON names no Python with crewai, fastapi and uvicorn")
    found = {figure.figure: figure.value for figure in platform(1)}
    counts = {name: value for name, value in found.items() if "p95" not in name}
    assert counts.pop("workflows of the crew") >= 5
    assert counts.pop("jobs of the seven agents meanwhile") >= 7
    counts.pop("objects that git's store has got more")
    assert counts == {
        "different outputs of the crew": 0, "requests that failed": 0, "signals that the platform got": 0,
        "requests of others on its ports": 0, "files changed in its sources": 0,
    }  # fmt: skip
