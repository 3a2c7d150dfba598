"""Readers of reports that tools write, hardened against hostile files."""
