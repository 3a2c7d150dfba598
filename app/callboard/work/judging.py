"""How findings become a verdict and one sentence with figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.work.agent import Result, failed, passed, unknown
from callboard.work.context import Context
from callboard.work.finding import Finding, Severity

SHOWN_REASONS = 3


def tally(findings: Sequence[Finding]) -> str:
    """'3 findings (1 high, 2 low)', or 'no findings'."""
    if not findings:
        return "no findings"
    counts = Counter(finding.severity for finding in findings)
    parts = ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])
    return f"{counted(len(findings), 'finding')} ({parts})"


def counted(number: int, noun: str, plural: str = "") -> str:
    """'1 file', '2 files'."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def failing(ctx: Context, fail_on: str) -> list[Finding]:
    """The findings at or above `fail_on` that nobody has accepted."""
    limit = Severity(fail_on).rank
    return [finding for finding in ctx.findings if finding.severity.rank <= limit and not finding.accepted]


def set_apart(ctx: Context) -> str:
    """What is accepted, what counts again and what is new since the last run: '; 2 accepted until 2027-01-31', or ''."""
    accepted = [finding for finding in ctx.findings if finding.accepted]
    words = f"; {_accepted(accepted)}" if accepted else ""
    if ctx.expired:
        words += f"; {counted(len(ctx.expired), 'acceptance')} expired"
    if ctx.fresh is not None and ctx.findings:
        words += f"; {ctx.fresh:,} new since the last run"
    return words


def judged(
    ctx: Context,
    fail_on: str,
    looked_at: str,
    *,
    unchecked: Sequence[str] = (),
    notes: Sequence[str] = (),
    data_age_days: float | None = None,
    outputs: Mapping[str, Any] | None = None,
) -> Result:
    """Fails for a finding at or above `fail_on`; else UNKNOWN when something was `unchecked`; else passes.

    What `callboard.toml` accepts does not fail; how much that is, what counts again, and what is new since the last run is
    said.
    """
    bad = failing(ctx, fail_on)
    words = f"{tally(ctx.findings)} in {looked_at}"
    if ctx.left_out:
        words += f", {ctx.left_out:,} more not kept"
    accepted = [finding for finding in ctx.findings if finding.accepted]
    if len(accepted) < len(ctx.findings) and not bad:
        words += f", none {'else ' if accepted else ''}at or above {fail_on}"
    words += set_apart(ctx)
    for note in notes:
        words += f"; {note}"
    more = {"data_age_days": data_age_days, "outputs": dict(outputs or {})}
    if bad:
        return failed(_with(words, unchecked), **more)
    if unchecked:
        return unknown(_with(words, unchecked), **more)
    return passed(words, **more)


def _accepted(findings: Sequence[Finding]) -> str:
    """'2 accepted until 2027-01-31', with the earliest day of several."""
    days = sorted({finding.accepted.removeprefix("until ").partition(":")[0] for finding in findings})
    return f"{len(findings):,} accepted until {days[0]}" + (" or later" if len(days) > 1 else "")


def _with(words: str, unchecked: Sequence[str]) -> str:
    if not unchecked:
        return words
    shown = "; ".join(unchecked[:SHOWN_REASONS])
    rest = len(unchecked) - SHOWN_REASONS
    return f"{words}; not checked: {shown}" + (f"; and {rest} more" if rest > 0 else "")
