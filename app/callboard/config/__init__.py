"""What a team writes down in `callboard.toml`: read, checked, made into a pipeline, written."""
