"""One place where code reads a setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Read:
    """`how` is the form in words; `required` when the program stops without the setting; `default` when one is given.

    `others` are further names that would do as well; `kind` is the type that is asked for (int, float, bool, json), '' for any.
    """

    name: str
    path: str
    line: int
    how: str
    required: bool = False
    default: bool = False
    others: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Reads:
    """What one file reads and sets; `dynamic` are the lines of reads whose name is made at run time."""

    reads: tuple[Read, ...] = ()
    sets: tuple[str, ...] = ()
    dynamic: tuple[int, ...] = ()
