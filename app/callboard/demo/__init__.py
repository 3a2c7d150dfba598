"""A sample workspace with planted faults, to try Callboard on and to learn it by."""

from callboard.demo.faults import Edit, Fault, faults
from callboard.demo.making import make

__all__ = ["Edit", "Fault", "faults", "make"]
