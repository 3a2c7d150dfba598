"""Decisions and nothing else: no clock, no disk, no process, no network, no dice."""
