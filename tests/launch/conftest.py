"""A launcher with real processes for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callboard.launch.local import LocalLauncher
from launch_stage import AGENTS, Stage


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    place = tmp_path / "workspace"
    (place / "inner").mkdir(parents=True)
    return place


@pytest.fixture
async def stage(tmp_path: Path, workspace: Path) -> AsyncIterator[Stage]:
    launcher = LocalLauncher(tmp_path / "data", paths=[AGENTS])
    made = Stage(tmp_path / "data", workspace, launcher)
    await launcher.open(made.deliver)
    yield made
    await launcher.close()
