"""The use cases behind every surface: what can be asked, and what can be wished for.

All methods are synchronous and may be called from any thread; they return plain values, ready for JSON. They raise
`NotFound`, `Refused`, `ConfigError`, `BoundaryError`, `RecordFull`, each a `CallboardError`.
"""

from callboard.desk.desk import Desk

__all__ = ["Desk"]
