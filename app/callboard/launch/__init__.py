"""The work itself: one process tree per attempt, watched by a wrapper of its own that needs no engine."""
