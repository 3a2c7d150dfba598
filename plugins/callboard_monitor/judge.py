"""From what was found to a verdict."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from callboard.api import Context, Finding, Result, Severity, judged, unknown
from callboard_monitor.settings import SettingError


def told(ctx: Context, work: Callable[[], Result]) -> Result:
    """What the work returns; a table of `callboard.toml` that is wrong is a finding at its place, and UNKNOWN."""
    try:
        return work()
    except SettingError as error:
        line = _line(ctx.workspace.text("callboard.toml"), error.table)
        mark = hashlib.sha256(f"monitor-settings\x1f{error}".encode("utf-8", "replace")).hexdigest()[:16]
        path = "callboard.toml" if line else ""
        help = "mend the table; the README of the monitor agent shows each"
        ctx.finding(Finding("monitor-settings", Severity.MEDIUM, str(error), path, line, help=help, fingerprint=mark))
        return unknown(f"nothing was looked at: {error}")


def _line(text: str, table: str) -> int:
    """The line of the table's heading, else of the nearest table around it; 0 for none."""
    wanted = re.sub(r"[\s\"']", "", table)
    best = (0, 0)
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"\s*\[+([^\]]+)\]", line)
        name = re.sub(r"[\s\"']", "", heading[1]) if heading else ""
        if name and (wanted == name or wanted.startswith(f"{name}.")) and len(name) > best[0]:
            best = (len(name), number)
    return best[1]


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
