"""When: schedules, files and commits that change. Whether is the engine's decision."""
