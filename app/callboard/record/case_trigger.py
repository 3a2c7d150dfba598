"""What a run that was started for a case says that set it off, and how such runs are told from all others."""

import re

OF_A_CASE = "\"trigger\" GLOB 'case C[0-9]*: *'"  # of the table run, or after its name and a dot
OF_NO_CASE = "\"trigger\" NOT GLOB 'case C[0-9]*: *'"
_SAID = re.compile(r"case C(\d{1,12}): (.*?)( and on)?", re.DOTALL)
_VERIFY = "verify"


def trigger_of(case: int, step: str, *, goes_on: bool = False) -> str:
    """What a run for a case says; `goes_on` when all of the steps were wished."""
    return f"case C{case}: {step}" + (" and on" if goes_on else "")


def said_by(trigger: str) -> tuple[int, str, bool] | None:
    """The case, the step, and whether it goes on; None for a run that is for no case."""
    found = _SAID.fullmatch(trigger)
    return (int(found[1]), found[2], bool(found[3])) if found else None


def only_looks(trigger: str) -> bool:
    """Whether the run looks into a case: what it sees is no news of the workspace. One that verifies is."""
    said = said_by(trigger)
    return said is not None and not said[1].startswith(_VERIFY)
