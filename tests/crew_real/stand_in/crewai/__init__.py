"""Stands where CrewAI would: its events alone."""
