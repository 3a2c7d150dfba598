"""The report as one file: no script, style or picture from elsewhere, and none but its own."""

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.rows import ORDER
from callboard.show.report import sections
from callboard.show.report.markup import count, counts, duration, e, moment, section, shown, state, tone
from callboard.show.report.pictures import gantt, graph_svg

HERE = Path(__file__).parent
TOKENS = HERE.parent / "static" / "css" / "1-tokens.css"


def report_of(facts: Mapping[str, Any]) -> bytes:
    """A whole page, UTF-8, from what `run_facts` of the desk gives.

    All text from outside is escaped; the page's own policy lets in nothing but its own style and script, by their hashes.
    """
    run = facts["run"]
    style = TOKENS.read_text("utf-8") + (HERE / "report.css").read_text("utf-8")
    script = (HERE / "report.js").read_text("utf-8")
    own = f"style-src '{hash_of(style)}'; script-src '{hash_of(script)}'"
    policy = f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
    title = f"Run {run['id']} · {run['name']} · {run['state']}"
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="Callboard {e(facts["version"])}">\n<title>{e(title, 200)}</title>\n'
        f"<style>{style}</style>\n</head>\n<body>\n<main>\n{_head(facts)}{_body(facts)}{_foot(facts)}</main>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )
    return page.encode("utf-8", "replace")


def hash_of(text: str) -> str:
    """What a policy names a style or a script by."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _head(facts: Mapping[str, Any]) -> str:
    run = facts["run"]
    took = run["ended"] - run["started"] if run["started"] and run["ended"] else None
    git = run.get("git") or {}
    commit = (
        f"{e(git.get('branch') or 'no branch', 100)} <code>{e(git['commit'][:8])}</code>" if git.get("commit") else ""
    )
    told = (
        ("took", duration(took)),
        ("started", moment(run["started"])),
        ("started by", e(run["by"], 100)),
        ("trigger", e(run["trigger"], 200)),
        ("commit", commit),
        ("findings", counts(run["findings"])),
    )
    facts_line = "".join(f"<span><em>{name}</em>{value}</span>" for name, value in told if value)
    against = facts["against"]
    since = f'<p class="against">Against run {against["run"]}: {e(against["words"])}.</p>' if against else ""
    return (
        f'<header class="head"><p class="brand"><span>Callboard</span> run report</p>'
        f'<div class="title">{state(run["state"], big=True)}<h1>{run["id"]} · {e(run["name"], 200)}</h1></div>'
        f'<p class="sum">{e(run["summary"])}</p>{_segments(facts["drawn"])}<div class="line">{facts_line}</div>{since}</header>\n'
    )


def _segments(tasks: Sequence[Mapping[str, Any]]) -> str:
    """All tasks as one line of colours."""
    numbers = Counter(shown(task) for task in tasks)
    at, parts = 0.0, []
    for word in (*ORDER[:4], *ORDER[4:6], "unknown", *ORDER[6:]):
        if numbers[word]:
            wide = 100 * numbers[word] / len(tasks)
            parts.append(
                f'<rect class="{tone(word)}" x="{at:.3f}%" width="{max(0.2, wide - 0.15):.3f}%" height="6" rx="1.5"/>'
            )
            at += wide
    words = ", ".join(f"{number} {word}" for word, number in numbers.items())
    return (
        f'<svg class="segments" height="6" role="img" aria-label="{e(words)}">{"".join(parts)}</svg>' if parts else ""
    )


def _body(facts: Mapping[str, Any]) -> str:
    left, failing = facts["left"], facts["failing"]
    wrong = len(failing) + left["failing"]
    found = len(facts["findings"]) + left["findings"]
    return "".join(
        (
            section("causes", "What stands behind several failures", sections.causes(facts["causes"])),
            section(
                "failing",
                "What went wrong",
                sections.failing(failing, left["failing"]) if wrong else (),
                count(wrong, "task"),
            ),
            section("graph", "Graph", graph_svg(facts["drawn"])),
            section("gantt", "What ran when", gantt(facts["drawn"])),
            section(
                "findings", "Findings", sections.findings(facts["findings"], left["findings"]), count(found, "finding")
            ),
            section(
                "tasks", "Tasks", sections.tasks(facts["tasks"], left["tasks"]), count(len(facts["drawn"]), "task")
            ),
            section("environment", "Where it ran", sections.environment(dict(facts))),
            section("again", "To see the same", sections.again(dict(facts))),
        )
    )


def _foot(facts: Mapping[str, Any]) -> str:
    made = f"Made by Callboard {e(facts['version'])} on {moment(facts['made'])}."
    return f"<footer>{made} This file needs no server and no network.</footer>\n"
