"""Words and verdicts that the actions share."""

from callboard.api import Context, Result, Severity, failed, passed, set_apart


def counted(number: int, one: str, many: str = "") -> str:
    """'1 request', '2 requests'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def bad(ctx: Context, fail_on: str) -> int:
    """How many findings are at least as bad as `fail_on`; none for 'never'."""
    if fail_on == "never":
        return 0
    limit = Severity(fail_on).rank
    return sum(finding.severity.rank <= limit and not finding.accepted for finding in ctx.findings)


def judged(ctx: Context, fail_on: str, summary: str) -> Result:
    """Failed when a finding is at least as bad as `fail_on`, else passed; says what is accepted and what is new."""
    number = bad(ctx, fail_on)
    summary += set_apart(ctx)
    if number:
        return failed(f"{summary}; {number} of severity {fail_on} or worse")
    return passed(summary)
