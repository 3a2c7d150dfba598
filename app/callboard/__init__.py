"""Callboard: who of the crew is called, when, for what, and what went wrong."""

__version__ = "0.1.0"
