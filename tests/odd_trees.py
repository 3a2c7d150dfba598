"""Odd OpenSpec trees, made from a seed: for comparing the reader with the real command line."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

MARKS = [
    " ",
    "x",
    "X",
    "~",
    "",
    "-",
    "✅",
    "🚀",
    "  ",
    " x",
    "x ",
    "\t",
    "1",
    "wip",
    "✔️",
    "]",
    "\u00a0",
    "\ufeff",
    "ß",
    "*",
    "`",
    "\x1c",
    "\u2028",
]
BULLETS = ["-", "*", "+", "1.", "2)", "123456789.", "1234567890.", "–", "a.", "", "- -", ">-", "0)"]
INDENTS = ["", "", "", "  ", "    ", "\t", "\u00a0", "\ufeff", "\x85", "\u3000", "> "]
GAPS = [" ", " ", " ", "", "  ", "\t", "\u2003", "\n"]
AFTER = [" ", " ", " ", "", "(./a.md)", "[ref]", ": ", "\u00a0", "(", " (x)"]
TEXTS = [
    "1.1 Write it",
    "2.10 do `x`",
    "plain words",
    "**1.2** bold",
    "",
    "3 three",
    "a" * 300,
    "Ünïcode ✓ 🚀",
    "<script>alert(1)</script>",
    "1.1 Write it",
]
LINES = [
    "## 1. Setup",
    "## 2. Build",
    "### Notes",
    "# Tasks",
    "```",
    "~~~",
    "```python",
    "text",
    "",
    "---",
    "<!-- - [ ] hidden -->",
    "[ ] no bullet",
    "- [link](x)",
    "| - [ ] |",
    "#### Deep ##",
    "\x00",
    "- [x",
    "-[x] tight",
    "- \\[x] escaped",
    "\r",
]
NAMES = [
    "add-login",
    "fix-crash",
    "Trailing ",
    " leading",
    ".hidden",
    "archive2",
    "archive ",
    "ünï",
    "a" * 120,
    "with space",
    "UPPER",
    "2026-01-01-dated",
    "emoji-🚀",
    "tab\tname",
    "dot.name",
    "-dash",
    "q'uote",
    "Zeta",
    "alpha",
    "_under",
    "new\nline",
]
METAS = [
    "schema: spec-driven\n",
    "schema: spec-driven\ncreated: 2026-01-31\n",
    "schema: nested\n",
    "schema: globbed\n",
    "schema: missing\n",
    "schema: broken\n",
    "",
    "schema: spec-driven\ncreated: yesterday\n",
    "schema: nested\nskip_specs: yes\n",
    "schema: nested\nskip_specs: true\n",
    "schema: nested\ndepends_on: [add-login]\n",
    "schema: nested\nschema: globbed\n",
    "- a\n- b\n",
    "schema: [nested]\n",
    "schema: 'nested'\npriority: high\n",
    "\ufeffschema: nested\n",
    "schema: nested\r\n",
    "schema: nested # why\n",
    "schema: nested.yaml\n",
    "schema: &a nested\nother: *a\n",
    "{schema: globbed}\n",
    "schema:nested\n",
    "schema: tracked\n",
    "schema: untracked\n",
    "schema: braces\n",
    "schema: nested\naffected_areas: []\n",
    "schema: nested\naffected_areas: ['']\n",
    "schema: nested\ngoal: 3\n",
    "schema: nested\ninitiative: {store: a, id: b-c}\n",
    "schema: nested\ninitiative: {store: A, id: b}\n",
    "schema: nested\n---\nschema: globbed\n",
    "schema: nested\n\tx: 1\n",
    "? schema\n: nested\n",
    "schema: nested\ncreated: 2026-1-31\n",
    "!!str schema: nested\n",
    "schema: !!str nested\n",
    "<<: {schema: nested}\n",
    "schema: null\n",
    "schema: ~\n",
    "'': 1\nschema: nested\n",
]
CONFIGS = [
    None,
    None,
    None,
    "schema: nested\n",
    "schema: spec-driven.yaml\n",
    "schema: globbed\n",
    "schema: missing\n",
    "schema: 3\n",
    "context: x\n",
    "{{{\n",
    "- a\n",
    "schema: broken\n",
]
SCHEMA = """\
name: {name}
version: 1
artifacts:
  - id: proposal
    generates: proposal.md
    description: d
    template: t.md
  - id: tasks
    generates: '{tasks}'
    description: d
    template: t.md
{more}"""
SCHEMAS = {
    "nested": SCHEMA.format(name="nested", tasks="work/tasks.md", more=""),
    "globbed": SCHEMA.format(name="globbed", tasks="**/tasks.md", more=""),
    "tracked": SCHEMA.format(name="tracked", tasks="t/*.md", more="apply:\n  requires: [tasks]\n  tracks: t/*.md\n"),
    "untracked": SCHEMA.format(
        name="untracked", tasks="t/*.md", more="apply:\n  requires: [tasks]\n  tracks: TODO.md\n"
    ),
    "braces": SCHEMA.format(name="braces", tasks="{work,t}/[a-z]*.md", more="apply:\n  requires: [tasks]\n"),
    "broken": "name: broken\nversion: 0\nartifacts: []\n",
}
ODD_SCHEMAS = [
    SCHEMA.format(name="nested", tasks="../tasks.md", more=""),
    SCHEMA.format(name="x", tasks="work/tasks.md", more="apply:\n  requires: [nope]\n"),
    SCHEMA.format(name="x", tasks="./work//tasks.md", more=""),
    SCHEMA.format(name="x", tasks="work/*", more="apply: null\n"),
    SCHEMA.format(name="x", tasks="**/*.md", more=""),
    SCHEMA.format(name="x", tasks="**/*", more=""),
    SCHEMA.format(name="x", tasks="work/**", more=""),
    SCHEMA.format(name="x", tasks="@(work|t)/tasks.md", more=""),
    SCHEMA.format(name="x", tasks="w?rk/tasks.md", more=""),
    SCHEMA.format(name="x", tasks="{1..3}.md", more=""),
    SCHEMA.format(name="x", tasks="{tasks}.md", more=""),
    "name: x\nversion: 1.0\n" + SCHEMAS["nested"].split("version: 1\n")[1],
    SCHEMAS["nested"].replace("version: 1", "version: '1'"),
    SCHEMA.format(name="x", tasks="work/tasks.md", more="apply:\n  requires: [tasks]\n  tracks: null\n"),
    SCHEMA.format(name="x", tasks="proposal.md", more=""),
    SCHEMA.format(name="x", tasks=".h/tasks.md", more=""),
    SCHEMA.format(name="x", tasks="**/.h/*.md", more=""),
]
DELTA = "## {op} Requirements\n### Requirement: {name}\nThe system SHALL work.\n#### Scenario: Works\n- **WHEN** a\n- **THEN** b\n"


def tasks_text(dice: random.Random, most: int = 25) -> bytes:
    """A tasks file of odd lines."""
    lines = []
    for _ in range(dice.randrange(most)):
        if dice.random() < 0.3:
            lines.append(dice.choice(LINES))
        else:
            mark = dice.choice(MARKS[:4] if dice.random() < 0.5 else MARKS)
            bullet = "-" if dice.random() < 0.5 else dice.choice(BULLETS)
            lines.append(
                dice.choice(INDENTS)
                + bullet
                + dice.choice(GAPS)
                + f"[{mark}]"
                + dice.choice(AFTER)
                + dice.choice(TEXTS)
            )
    end = dice.choice(["\n", "\n", "\n", "\r\n", "\r"])
    text = dice.choice(["", "", "", "\ufeff"]) + end.join(lines) + dice.choice(["", end])
    data = text.encode("utf-8")
    if dice.random() < 0.15:
        data = data.replace(b"plain", b"\xff\xfe\xe2\x28pl")
        data = data.replace(b"[~]", dice.choice([b"[\xff]", b"[\xe2\x82]", b"[\xf0\x9f]", b"[\xc0\x80]"]))
    return data


def odd_tree(root: Path, seed: int, changes: int = 12) -> None:
    """Writes `root/openspec` with so many odd changes; the same for the same seed."""
    dice = random.Random(seed)
    base = root / "openspec"
    (base / "changes").mkdir(parents=True)
    config = dice.choice(CONFIGS)
    if config is not None:
        (base / dice.choice(["config.yaml", "config.yml"])).write_text(config)
    if dice.random() < 0.8:
        for name, text in SCHEMAS.items():
            folder = base / "schemas" / name
            folder.mkdir(parents=True)
            (folder / "schema.yaml").write_text(dice.choice(ODD_SCHEMAS) if dice.random() < 0.2 else text)
        if dice.random() < 0.2:
            (base / "schemas" / "spec-driven").mkdir()
            (base / "schemas" / "spec-driven" / "schema.yaml").write_text(SCHEMAS["globbed"])
    if dice.random() < 0.5:
        (base / "changes" / "archive" / "2026-01-01-old").mkdir(parents=True)
        (base / "changes" / "archive" / "2026-01-01-old" / "tasks.md").write_bytes(tasks_text(dice))
    if dice.random() < 0.3:
        (base / "changes" / "loose.md").write_text("- [ ] x\n")
    for name in dice.sample(NAMES, min(changes, len(NAMES))):
        _odd_change(dice, base / "changes" / name)
    if dice.random() < 0.4 and (base / "changes" / "add-login").is_dir():
        (base / "changes" / "linked").symlink_to("add-login")
    moment = 1_700_000_000_000_000_000
    for path in _all(base):
        stamp = moment + dice.randrange(10**9) * 1_234_567
        os.utime(path, ns=(stamp, stamp), follow_symlinks=False)


def _all(base: Path) -> Iterator[Path]:
    yield from sorted(base.rglob("*"), key=lambda path: (-len(path.parts), os.fsencode(path)))


def _odd_change(dice: random.Random, folder: Path) -> None:
    folder.mkdir(parents=True)
    if dice.random() < 0.12:
        if dice.random() < 0.5:
            inner = folder / "inner" / dice.choice(["", "deeper"])
            inner.mkdir(parents=True)
            (inner / dice.choice(["proposal.md", "tasks.md", "other.md"])).write_text("- [ ] x\n")
        return
    if dice.random() < 0.5:
        (folder / ".openspec.yaml").write_bytes(dice.choice(METAS).encode())
    if dice.random() < 0.7:
        (folder / "proposal.md").write_text("# Change: Title\n\n## Why\nBecause.\n\n## What Changes\n- x\n")
    if dice.random() < 0.8:
        (folder / "tasks.md").write_bytes(tasks_text(dice))
    elif dice.random() < 0.3:
        (folder / "tasks.md").mkdir()
    elif dice.random() < 0.3:
        (folder / "real.md").write_bytes(tasks_text(dice))
        (folder / "tasks.md").symlink_to("real.md")
    elif dice.random() < 0.3:
        (folder / "gone.lock").symlink_to("nowhere")
    for place in (
        "work/tasks.md",
        "work/more.md",
        "t/one.md",
        "t/two.md",
        "t/.dot.md",
        "t/Upper.md",
        "work/deep/tasks.md",
        ".h/tasks.md",
        "1.md",
        "{tasks}.md",
    ):
        if dice.random() < 0.3:
            (folder / place).parent.mkdir(exist_ok=True, parents=True)
            (folder / place).write_bytes(tasks_text(dice, 6))
    if dice.random() < 0.1 and (folder / "work").is_dir() and not (folder / "t").exists():
        (folder / "t").symlink_to("work")
    if dice.random() < 0.5:
        (folder / "specs" / "auth").mkdir(parents=True)
        (folder / "specs" / "auth" / dice.choice(["spec.md", "spec.md", "delta.md"])).write_text(
            DELTA.format(op=dice.choice(["ADDED", "MODIFIED"]), name="Login")
        )
