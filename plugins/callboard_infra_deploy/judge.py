"""From what was found to a verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from callboard.api import Context, Finding, Result, counted, failed, failing, passed, set_apart, unknown


@dataclass(slots=True)
class Looked:
    """How far a check came: how many of what it looked at, which (where that is worth words), and what it could not check,
    with the reason."""

    kind: str
    count: int = 0
    unchecked: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    unreadable: int = 0

    def __str__(self) -> str:
        number = f"{self.count} {self.kind}{'' if self.count == 1 else 's'}"
        if self.unreadable:
            number += f" ({self.unreadable} {'more ' if self.count else ''}cannot be read)"
        return f"{number} ({'; '.join(self.named)})" if self.named else number


def judged(ctx: Context, looked: Looked, fail_on: str) -> Result:
    """FAIL for a finding at `fail_on` or worse, else UNKNOWN for what could not be checked, else PASS."""
    total = len(ctx.findings) + ctx.left_out
    bad = len(failing(ctx, fail_on))
    ctx.metric("files", looked.count)
    ctx.metric("findings", total)
    gap = f"; not checked: {'; '.join(looked.unchecked[:3])}" if looked.unchecked else ""
    outputs = {"files": looked.count, "findings": total, "failing": bad}
    apart = set_apart(ctx)
    if bad:
        words = f"{bad} of {total} findings in {looked} are {fail_on} or worse{_grouped(failing(ctx, fail_on))}"
        return failed(f"{words}{apart}{gap}", outputs=outputs)
    if looked.unchecked or not looked.count:
        return unknown(
            f"{looked} looked at, {counted(total, 'finding')}{apart}{gap or '; there was nothing to look at'}",
            outputs=outputs,
        )
    words = f"{total} below {fail_on}" if total else "nothing found"
    return passed(f"{looked} looked at, {words}{apart}", outputs=outputs)


def _grouped(findings: Sequence[Finding]) -> str:
    """The rules behind many findings, the commonest first: ': unpinned-uses 312, template-injection 4'."""
    counts = Counter(finding.rule for finding in findings)
    if len(findings) < 4:
        return ""
    rest = len(counts) - 4
    return (
        ": "
        + ", ".join(f"{rule} {count}" for rule, count in counts.most_common(4))
        + (f" and {rest} more rule{'' if rest == 1 else 's'}" if rest > 0 else "")
    )


def missing(tool: str, package: str) -> str:
    """The words for a tool that is not installed."""
    return f"{tool} is not installed (pip install {package})"


def batches(files: list[str], most: int = 200) -> list[list[str]]:
    """The files in lists that fit on a command line."""
    return [files[start : start + most] for start in range(0, len(files), most)]
