"""Two measures of how tangled a source is: cognitive complexity for Python, indentation for JavaScript and TypeScript.

Indentation is the sum, over the lines that hold code, of how many steps they are indented. It needs no parser, so it also
measures what does not parse, and it follows nesting closely (Hindle, Godfrey, Holt: 'Reading beside the lines', ICPC 2008).
"""

import json
import re
import tokenize
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from callboard.api import Context
from callboard_code_refactor.sources import batches, fault

UNREADABLE = re.compile(r"^error: Failed to process (.+?) - Please check", re.MULTILINE)
COMMENT = re.compile(r"\s*(?://|/\*|\*|<!--)")
LONGEST_HUMAN_LINE = 400
MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class Function:
    """A Python function with its cognitive complexity."""

    path: str
    name: str
    complexity: int


@dataclass(slots=True)
class Measured:
    """All functions, the files that could not be parsed, and complexipy's own reports; `trouble` says why there are none."""

    functions: list[Function] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)
    trouble: str = ""

    def by_file(self) -> dict[str, int]:
        """The sum over each file's functions."""
        total: Counter[str] = Counter()
        for function in self.functions:
            total[function.path] += function.complexity
        return dict(total)


def measure_python(
    ctx: Context, files: Sequence[str], where: Path, *, threshold: int = 15, sarif: bool = False, timeout: float = 300.0
) -> Measured:
    """Runs complexipy over files that are relative to `where`; none of the settings of the project are read.

    complexipy knows UTF-8 alone; a file that declares another encoding is measured in a copy.
    """
    found = Measured()
    _measure(ctx, files, where, found, threshold, sarif, timeout)
    others = [name for name in found.broken if fault(where / name) is None]
    if others and not found.trouble:
        place = ctx.scratch / "recoded"
        copied = [name for name in others if _recoded(where / name, place / name)]
        found.broken = [name for name in found.broken if name not in set(copied)]
        _measure(ctx, copied, place, found, threshold, sarif, timeout)
    return found


def _recoded(source: Path, copy: Path) -> bool:
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tokenize.open(source) as file:
            copy.write_text(file.read(), "utf-8")
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _measure(
    ctx: Context, files: Sequence[str], where: Path, found: Measured, threshold: int, sarif: bool, timeout: float
) -> None:
    done = 0
    start = len(list(ctx.scratch.glob("complexity-*")))
    for number, batch in enumerate(batches(files), start=start):
        place = ctx.scratch / f"complexity-{number}"
        place.mkdir()
        words = ["complexipy", "--isolated", "--color", "no", "--plain", "--max-complexity-allowed", str(threshold)]
        words += ["--output-format", "json", *(("--output-format", "sarif") if sarif else ()), "--output", f"{place}/"]
        words += ["--cache-dir", str(ctx.scratch / "cache"), "--", *batch]
        run = ctx.run_tool(words, cwd=where, env={"NO_COLOR": "1"}, timeout=timeout)
        try:
            told: list[dict[str, Any]] = json.loads((place / "complexipy-results.json").read_text("utf-8"))
            for item in told:
                score = int(item["complexity"])
                found.functions.append(Function(str(item["path"]), str(item["function_name"]), score))
        except (OSError, ValueError, KeyError, TypeError):
            found.trouble = f"complexipy gave no report (exit {run.code}): {run.trouble}"
            return
        found.broken += [name.removeprefix("./") for name in UNREADABLE.findall(run.stdout + "\n" + run.stderr)]
        if (place / "complexipy-results.sarif").exists():
            found.reports.append(place / "complexipy-results.sarif")
        done += len(batch)
        ctx.progress(done / max(1, len(files)), f"{done} of {len(files)} files")


def indentation(text: str) -> int | None:
    """The indentation of a source; None for one that no person has written (very long lines) or that is empty."""
    lines = [line for line in text.splitlines() if line.strip() and not COMMENT.match(line)]
    if not lines or len(text) / len(lines) > LONGEST_HUMAN_LINE:
        return None
    depths = [_depth(line) for line in lines]
    step = _step(depths)
    return sum(min(MOST_STEPS, depth // step) for depth in depths)


def _depth(line: str) -> int:
    """The width of the blanks before it; a tab counts as four."""
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blanks) + 3 * blanks.count("\t")


def _step(depths: Sequence[int]) -> int:
    """How wide one step of indentation is in this file: the usual growth from one line to the next, 2 to 8."""
    grown = Counter(after - before for before, after in pairwise(depths) if 2 <= after - before <= 8)
    return grown.most_common(1)[0][0] if grown else 4
