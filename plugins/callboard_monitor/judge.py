"""From what was found to a verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

from callboard.api import Context, Result, Severity, failed, passed, unknown


def judged(
    ctx: Context, looked: str, fail_on: str, unchecked: Sequence[str] = (), outputs: Mapping[str, Any] | None = None
) -> Result:
    """FAIL for a finding at `fail_on` or worse, else UNKNOWN for what could not be checked, else PASS.

    `looked` says with figures what was looked at; '' means nothing was.
    """
    limit = Severity(fail_on).rank
    total = len(ctx.findings) + ctx.left_out
    bad = [finding for finding in ctx.findings if finding.severity.rank <= limit and not finding.accepted]
    gap = f"; not checked: {'; '.join(unchecked[:3])}" if unchecked else ""
    more: dict[str, Any] = {**(outputs or {}), "findings": total, "failing": len(bad)}
    if bad:
        return failed(f"{looked}: {len(bad)} of {total} findings are {fail_on} or worse{gap}", outputs=more)
    if unchecked or not looked:
        return unknown(f"{looked or 'nothing was looked at'}{gap}", outputs=more)
    words = f"{total} finding{'' if total == 1 else 's'} below {fail_on}" if total else "nothing found"
    return passed(f"{looked}: {words}", outputs=more)


def plural(count: int, word: str, many: str = "") -> str:
    """'1 endpoint', '2 endpoints'."""
    return f"{count} {word if count == 1 else many or word + 's'}"
