"""OpenSpec's folder of a workspace, read from its files without Node: the roadmap."""

from callboard.link.openspec.model import Archived, Change, Check, Delta, Requirement, Roadmap, Section, Spec, Task
from callboard.link.openspec.reading import Reader, read

__all__ = [
    "Archived",
    "Change",
    "Check",
    "Delta",
    "Reader",
    "Requirement",
    "Roadmap",
    "Section",
    "Spec",
    "Task",
    "read",
]
