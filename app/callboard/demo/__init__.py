"""A sample workspace with planted faults, to try Callboard on and to learn it by."""

from callboard.demo.faults import Companion, Edit, Fault, companions, faults
from callboard.demo.making import make

__all__ = ["Companion", "Edit", "Fault", "companions", "faults", "make"]
