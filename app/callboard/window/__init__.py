"""The native window: a process of its own that shows what the server serves."""
