"""Reading the roadmap: a tree of 30 changes and 1,620 tasks, the first time, again, after one change; checks and a forecast."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from callboard.bench.figures import Figure, repeated
from callboard.learn.pace import pace
from callboard.learn.pace_forecast import Work, forecast
from callboard.link.openspec import Reader, checks, tick, untick

CHANGES = 30
SECTIONS = 6
TASKS = 9
CAPABILITIES = 40
DAY_S = 86_400.0


def roadmap(runs: int) -> list[Figure]:
    """The figures, each from `runs` tries and at least five."""
    runs = max(5, runs)
    with tempfile.TemporaryDirectory(prefix="callboard-roadmap-") as folder:
        root = Path(folder)
        tree(root)
        reader = Reader(root)
        found = reader.read()
        flip = [False]

        def one_change() -> float:
            task = next(task for task in reader.read().changes[-1].tasks if task.done == flip[0])
            (untick if flip[0] else tick)(root, task)
            flip[0] = not flip[0]
            return _milliseconds(reader.read)

        named = f"{CHANGES} changes, {found.total:,} tasks, {len(found.specs)} specs"
        return [
            repeated(f"{named}: read", "ms", "≤ 100", runs, lambda: _milliseconds(Reader(root).read)),
            repeated("the same again, nothing changed", "ms", "≤ 10", runs, lambda: _milliseconds(reader.read)),
            repeated("again, one task ticked", "ms", "≤ 20", runs, one_change),
            repeated("all checks", "ms", "≤ 100", runs, lambda: _milliseconds(lambda: checks(found, now=time.time()))),
            repeated("forecast of all changes and a layer", "ms", "≤ 1000", runs, lambda: _milliseconds(_forecast)),
        ]


def tree(root: Path) -> None:
    """Writes the tree."""
    for number in range(CHANGES):
        change = root / "openspec" / "changes" / f"change-{number}"
        delta = change / "specs" / f"capability-{number % CAPABILITIES}"
        delta.mkdir(parents=True)
        (change / ".openspec.yaml").write_text("schema: spec-driven\ncreated: 2026-01-31\n")
        (change / "proposal.md").write_text(f"# Change: Number {number}\n\n## Why\n{'It is needed. ' * 40}\n")
        (change / "design.md").write_text("## Context\nwords\n" * 100)
        lines = []
        for section in range(1, SECTIONS + 1):
            lines.append(f"## {section}. Part {section}\n")
            for place in range(1, TASKS + 1):
                mark = " " if (section + place + number) % 3 else "x"
                lines.append(
                    f"- [{mark}] {section}.{place} Write `part_{place}.py` and its tests, and look at it once more"
                )
        (change / "tasks.md").write_text("\n".join(lines) + "\n")
        (delta / "spec.md").write_text("## ADDED Requirements\n\n" + _requirements(f"N{number}", 6))
    for number in range(CAPABILITIES):
        spec = root / "openspec" / "specs" / f"capability-{number}"
        spec.mkdir(parents=True)
        purpose = (
            "# Spec\n\n## Purpose\nWhat this part of the program promises to those who use it.\n\n## Requirements\n\n"
        )
        (spec / "spec.md").write_text(purpose + _requirements("B", 12))


def _requirements(name: str, count: int) -> str:
    return "\n".join(
        f"### Requirement: {name} {number}\nThe system SHALL do {number}.\n\n#### Scenario: It does\n- **WHEN** a\n- **THEN** b\n"
        for number in range(count)
    )


def _forecast() -> None:
    now = 1_800_000_000.0
    rows = [(now - (60 - day) * DAY_S, 5 * day, 2_000) for day in range(60)]
    works = [Work(f"change-{number}", 36, (f"change-{number - 1}",) if number % 3 else ()) for number in range(CHANGES)]
    forecast(works, {"layer:high": [work.name for work in works[:10]]}, pace({"a": rows}, now), now, at_once=3)


def _milliseconds(does: Callable[[], object]) -> float:
    began = time.process_time()
    does()
    return (time.process_time() - began) * 1_000
