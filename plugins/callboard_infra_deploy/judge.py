"""From what was found to a verdict."""

from dataclasses import dataclass, field

from callboard.api import Context, Result, Severity, failed, passed, unknown


@dataclass(slots=True)
class Looked:
    """How far a check came: how many of what it looked at, which (where that is worth words), and what it could not check,
    with the reason."""

    kind: str
    count: int = 0
    unchecked: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        number = f"{self.count} {self.kind}{'' if self.count == 1 else 's'}"
        return f"{number} ({'; '.join(self.named)})" if self.named else number


def judged(ctx: Context, looked: Looked, fail_on: str) -> Result:
    """FAIL for a finding at `fail_on` or worse, else UNKNOWN for what could not be checked, else PASS."""
    limit = Severity(fail_on).rank
    total = len(ctx.findings) + ctx.left_out
    bad = sum(finding.severity.rank <= limit and not finding.accepted for finding in ctx.findings)
    ctx.metric("files", looked.count)
    ctx.metric("findings", total)
    gap = f"; not checked: {'; '.join(looked.unchecked[:3])}" if looked.unchecked else ""
    outputs = {"files": looked.count, "findings": total, "failing": bad}
    if bad:
        return failed(f"{bad} of {total} findings in {looked} are {fail_on} or worse{gap}", outputs=outputs)
    if looked.unchecked or not looked.count:
        return unknown(
            f"{looked} looked at, {total} findings{gap or '; there was nothing to look at'}", outputs=outputs
        )
    words = f"{total} below {fail_on}" if total else "nothing found"
    return passed(f"{looked} looked at, {words}", outputs=outputs)


def missing(tool: str, package: str) -> str:
    """The words for a tool that is not installed."""
    return f"{tool} is not installed (pip install {package})"


def batches(files: list[str], most: int = 200) -> list[list[str]]:
    """The files in lists that fit on a command line."""
    return [files[start : start + most] for start in range(0, len(files), most)]
