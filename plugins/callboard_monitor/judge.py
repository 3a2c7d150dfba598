"""From what was found to a verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.api import Context, Result, judged, unknown


def verdict(
    ctx: Context,
    looked: str,
    fail_on: str,
    unchecked: Sequence[str] = (),
    outputs: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Result:
    """As `callboard.api.judged`; UNKNOWN also when `looked` is '': nothing was looked at."""
    if not looked:
        reasons = "; ".join([*unchecked[:3], *notes]) or "nothing was there"
        more = f"; and {len(unchecked) - 3} more" if len(unchecked) > 3 else ""
        return unknown(f"nothing was looked at: {reasons}{more}", outputs=dict(outputs or {}))
    return judged(ctx, fail_on, looked, unchecked=unchecked, notes=notes, outputs=outputs)
