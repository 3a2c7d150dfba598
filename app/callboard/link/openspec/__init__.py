"""OpenSpec's folder of a workspace, read from its files without Node: the roadmap."""

from callboard.link.openspec.archiving import Refusal, refusals
from callboard.link.openspec.checks import checks, late, ranked
from callboard.link.openspec.layers import BUILT_IN, Placed, layer_of, layers_of
from callboard.link.openspec.model import Archived, Change, Check, Delta, Requirement, Roadmap, Section, Spec, Task
from callboard.link.openspec.order import after_of, all_before, circles
from callboard.link.openspec.reading import Reader, read
from callboard.link.openspec.ticking import Ticked, tick, untick
from callboard.link.openspec.untested import untested

__all__ = [
    "BUILT_IN",
    "Archived",
    "Change",
    "Check",
    "Delta",
    "Placed",
    "Reader",
    "Refusal",
    "Requirement",
    "Roadmap",
    "Section",
    "Spec",
    "Task",
    "Ticked",
    "after_of",
    "all_before",
    "checks",
    "circles",
    "late",
    "layer_of",
    "layers_of",
    "ranked",
    "read",
    "refusals",
    "tick",
    "untested",
    "untick",
]
