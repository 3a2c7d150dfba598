"""Environments that the workspace's Python code runs in: its own, or kept throw-away ones."""
