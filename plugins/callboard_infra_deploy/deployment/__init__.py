"""Releases: built from a commit in a folder of their own, tried, switched to, kept and gone back to."""
