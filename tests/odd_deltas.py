"""Odd deltas and specs, made from a seed: for comparing the verdict on archiving with the real command line."""

import random
from pathlib import Path

NAMES = ["Login", "login", "Log  in", "Logout", "Reset", "Token ###", "Token", "C#", "Ünï `x`", "Audit"]
OPS = ["ADDED", "MODIFIED", "REMOVED", "RENAMED", "added", "Modified"]
WORDS = [
    "The system SHALL work.",
    "It must work.",
    "",
    "**ID**: 1",
    "```\nSHALL\n```",
    "The system MUST\nwork well.",
    "### Aside",
    "The system SHALL work.",
]
SCENARIOS = ["Works", "Fails", "Edge ##", "Works", "Third"]


def _scenario(dice: random.Random, name: str) -> str:
    head = dice.choice(
        ["#### Scenario: ", "#### Scenario: ", "#### scenario:", "#### ", "##### Scenario: ", "### Scenario: "][
            : 6 if dice.random() < 0.3 else 2
        ]
    )
    body = dice.choice(
        ["- **WHEN** a\n- **THEN** b", "- **WHEN** a\n- **THEN** b", "", "```\ncode\n```"][
            : 4 if dice.random() < 0.2 else 2
        ]
    )
    return f"{head}{name}\n{body}\n"


def _block(dice: random.Random, name: str, tidy: bool) -> str:
    words = "The system SHALL work." if tidy else dice.choice(WORDS)
    head = (
        "### Requirement: "
        if tidy or dice.random() < 0.9
        else dice.choice(
            ["###Requirement:", "### requirement: ", "#### Requirement: ", " ### Requirement: ", "### Req: "]
        )
    )
    names = SCENARIOS[: dice.choice([1, 2])] if tidy else dice.sample(SCENARIOS, dice.randrange(4))
    return f"{head}{name}\n{words}\n\n" + "\n".join(
        _scenario(dice, one) if not tidy else f"#### Scenario: {one}\n- **WHEN** a\n- **THEN** b\n" for one in names
    )


def spec_text(dice: random.Random) -> str:
    """A spec, mostly valid."""
    tidy = dice.random() < 0.8
    names = dice.sample(NAMES[:1] + NAMES[3:], dice.randrange(1, 5))
    parts = [
        "# auth\n",
        "## Purpose\nTo let people in, and to keep the others out for good.\n" if tidy or dice.random() < 0.7 else "",
        "## Requirements\n" if dice.random() < 0.97 else "",
    ]
    parts += [_block(dice, name, tidy or dice.random() < 0.7) for name in names]
    if not tidy:
        parts += dice.choice(
            [
                [],
                ["## Notes\nx\n"],
                ["## ADDED Requirements\n"],
                [_block(dice, names[0], True)],
                ["## Notes\n" + _block(dice, "Astray", True)],
            ]
        )
    return "\n".join(parts)


def delta_text(dice: random.Random) -> str:
    """A delta, often right."""
    parts = []
    tidy = dice.random() < 0.6
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        op = dice.choice(OPS[:4] if dice.random() < 0.9 else OPS)
        parts.append(
            f"## {op} Requirements\n"
            if dice.random() < 0.95
            else dice.choice(["## ADDED\n", "## ADDED  Requirements\n", "### ADDED Requirements\n", "## Notes\n"])
        )
        for name in dice.sample(NAMES, dice.choice([1, 1, 2, 0])):
            if op.upper() == "RENAMED":
                pair = [
                    f"- FROM: `### Requirement: {name}`",
                    f"- TO: `### Requirement: {dice.choice([*NAMES, 'Fresh'])}`",
                ]
                parts.append("\n".join(pair if dice.random() < 0.85 else pair[: dice.choice([0, 1])] + pair[1:]) + "\n")
            elif op.upper() == "REMOVED":
                parts.append(
                    dice.choice(
                        [
                            f"### Requirement: {name}\n**Reason**: gone\n",
                            f"- `### Requirement: {name}`\n",
                            f"* ### Requirement: {name}\n",
                        ]
                    )
                )
            else:
                parts.append(_block(dice, name, tidy))
    text = "\n".join(parts)
    if dice.random() < 0.1:
        text = "\ufeff" + text
    return text.replace("\n", "\r\n") if dice.random() < 0.1 else text


def delta_tree(root: Path, seed: int, changes: int = 20) -> None:
    """Writes `root/openspec` with specs and so many changes, all of whose tasks are done."""
    dice = random.Random(seed)
    base = root / "openspec"
    for capability in ("auth", "pay/cards", "log"):
        if dice.random() < 0.8:
            folder = base / "specs" / capability
            folder.mkdir(parents=True)
            (folder / "spec.md").write_text(spec_text(dice), newline="")
    for number in range(changes):
        folder = base / "changes" / f"change-{number}"
        folder.mkdir(parents=True)
        (folder / "proposal.md").write_text(
            "# Change\n\n## Why\nIt is needed by the people who use this every day, all the time.\n\n## What Changes\n- x\n"
        )
        (folder / "tasks.md").write_text("## 1. All\n- [x] 1.1 done\n")
        if dice.random() < 0.15:
            meta = dice.choice(
                [
                    "skip_specs: true",
                    "retire_capabilities: true",
                    "skip_specs: yes",
                    "retire_capabilities: true",
                    "skip_specs: false",
                ]
            )
            (folder / ".openspec.yaml").write_text(
                f"schema: {dice.choice(['spec-driven', 'spec-driven', 'nope'])}\n{meta}\n"
            )
        for capability in dice.sample(["auth", "pay/cards", "log", "fresh"], dice.choice([0, 1, 1, 1, 2])):
            place = folder / "specs" / capability
            place.mkdir(parents=True)
            name = "spec.md" if dice.random() < 0.95 else dice.choice(["delta.md", "SPEC.md", "notes.txt"])
            (place / name).write_text(delta_text(dice), newline="")
        if dice.random() < 0.03:
            (folder / "specs").mkdir(exist_ok=True)
            (folder / "specs" / "spec.md").write_text(delta_text(dice))
