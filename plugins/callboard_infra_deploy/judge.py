"""From what was found to a verdict."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from callboard.api import Context, Finding, Result, counted, failing, root_cause, unparsable
from callboard.api import judged as in_words

TEMPLATE = re.compile(r"\{[{%].*[}%]\}")


@dataclass(slots=True)
class Looked:
    """How far a check came: how many of what it looked at, which (where that is worth words), and what it could not check,
    with the reason. `templates` are left out, as only what is made of them can be checked."""

    kind: str
    count: int = 0
    unchecked: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    unreadable: int = 0
    templates: int = 0

    def __str__(self) -> str:
        number = counted(self.count, self.kind)
        apart = [f"{self.unreadable} {'more ' if self.count else ''}cannot be read"] if self.unreadable else []
        apart += [f"{counted(self.templates, 'template')} left out"] if self.templates else []
        number += f" ({', '.join(apart)})" if apart else ""
        return f"{number} ({'; '.join(self.named)})" if self.named else number


def judged(ctx: Context, looked: Looked, fail_on: str) -> Result:
    """FAIL for a finding at `fail_on` or worse, else UNKNOWN for what could not be checked, else PASS."""
    total = len(ctx.findings) + ctx.left_out
    bad = failing(ctx, fail_on)
    ctx.metric("files", looked.count)
    ctx.metric("findings", total)
    commonest = _grouped(bad)
    return in_words(
        ctx,
        fail_on,
        str(looked),
        unchecked=looked.unchecked or ([] if looked.count or bad else ["there was nothing that could be looked at"]),
        notes=[f"{fail_on} or worse: {commonest}"] if commonest else [],
        outputs={"files": looked.count, "findings": total, "failing": len(bad)},
    )


def _grouped(findings: Sequence[Finding]) -> str:
    """The rules behind many findings, the commonest first: 'unpinned-uses 312, template-injection 4'."""
    counts = Counter(finding.rule for finding in findings)
    if len(findings) < 4:
        return ""
    rest = len(counts) - 4
    words = ", ".join(f"{rule} {count}" for rule, count in counts.most_common(4))
    return words + (f" and {counted(rest, 'more rule')}" if rest > 0 else "")


def own(files: Sequence[str], looked: Looked) -> list[str]:
    """The files that do not lie where only a template can: 'templates/{{name}}/compose.yml'."""
    fit = [path for path in files if not TEMPLATE.search(path)]
    looked.templates += len(files) - len(fit)
    return fit


def torn(ctx: Context, looked: Looked, path: str, why: str, *, line: int = 0, tool: str = "") -> None:
    """A file that some reader has refused: a finding, if it is not a template, which is only counted."""
    cause = root_cause(ctx.workspace, path)
    if cause is not None and cause.is_meant:
        looked.templates += 1
        return
    looked.unreadable += 1
    ctx.finding(unparsable(path, why, line=line, tool=tool))


def missing(tool: str, package: str) -> str:
    """The words for a tool that is not installed."""
    return f"{tool} is not installed (pip install {package})"


def batches(files: list[str], most: int = 200) -> list[list[str]]:
    """The files in lists that fit on a command line."""
    return [files[start : start + most] for start in range(0, len(files), most)]
