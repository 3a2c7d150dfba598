"""A run as one page: bounded, escaped, and with a policy that lets in nothing but its own style and script."""

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

import pytest

from callboard.show.report.ansi import lines
from callboard.show.report.page import report_of

PAYLOAD = '<img src=x onerror="window.pwned=1"></script><script>window.pwned=1</script>\ud800" onload="1'
ZERO = dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)


def task(place: int, state: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {
        "id": f"7.{place}", "run": 7, "name": f"job.{place}", "agent": "quality", "state": state, "verdict": None,
        "reason": "it is so",
        "hold": None, "ready": 100.0 + place, "started": 101.0 + place, "ended": 103.5 + place, "attempt": 1, "cpu_s": 2.0,
        "peak_mb": 120.0, "read_mb": 1.0, "written_mb": 2.0, "findings": ZERO, "critical": place == 0,
        "depends": [f"7.{place - 1}"] if place else [], "after": [],
    } | more  # fmt: skip


def facts(drawn: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    run = {
        "id": 7, "name": "default", "state": "failed", "summary": "1 failed of 2", "started": 100.0, "ended": 163.0, "by": "ann",
        "trigger": "by hand", "counts": {"failed": 1}, "workspace": "/home/ann/shop", "findings": ZERO, "total": len(drawn),
        "git": {"commit": "1a2b3c4d" * 5, "branch": "main", "subject": "Retry", "changed": 2, "dirty": True},
    }  # fmt: skip
    machine = {"name": "host", "system": "Linux 6", "python": "3.11", "cpus": 2, "memory_mb": 24_000.0}
    return {
        "run": run, "drawn": drawn, "tasks": drawn, "causes": [], "findings": [], "failing": [], "against": None,
        "machine": machine,
        "tools": ["ruff 0.17"], "version": "0.1", "made": 1_700_000_000.0, "left": {"tasks": 0, "findings": 0, "failing": 0},
    } | more  # fmt: skip


def broken(row: dict[str, Any], text: str = "one\nError: two\n") -> dict[str, Any]:
    attempt = {
        "attempt": 1, "how": "exited", "state": "failed", "code": 3, "reason": "exit code 3",
        "usage": {"cpu_s": 1.0, "peak_mb": 2.0, "read_mb": 0.0, "written_mb": 0.0, "wall_s": 1.5},
    }  # fmt: skip
    log = {"text": text, "offset": 0, "size": len(text), "attempt": 1}
    return {
        "task": row,
        "attempts": [attempt],
        "events": [{"at": 5.0, "sentence": "Started as attempt 1."}],
        "log": log,
    }


class Tags(HTMLParser):
    """Each element with its attributes, and all that is text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key in ("id", "state", "verdict", "severity", "depends") else value + PAYLOAD
    if isinstance(value, dict):
        return {name: poisoned(part, name) for name, part in value.items()}
    return [poisoned(part, key) for part in value] if isinstance(value, list) else value


def test_what_comes_from_outside_is_text_and_nothing_is_fetched() -> None:
    rows = [task(0, "failed"), task(1)]
    found = {
        "id": "f1", "severity": "high", "rule": "E501", "path": "a.py", "line": 3, "message": "too long", "help": "mend",
        "tasks": ["7.0"],
        "agents": ["quality"], "accepted": "", "is_new": True, "witnesses": [{"tool": "ruff", "version": "1"}],
    }  # fmt: skip
    cause = {
        "severity": "high",
        "message": "broken",
        "path": "a.py",
        "line": 2,
        "help": "",
        "tasks": ["7.0"],
        "names": ["job.0"],
    }
    against = {"run": 6, "words": "1 newly broken"}
    whole = facts(rows, findings=[found], failing=[broken(rows[0])], causes=[cause], against=against)
    page = report_of(poisoned(whole)).decode()
    tags = Tags(page)
    assert [tag for tag, _ in tags.found].count("script") == 1
    assert not {"img", "link", "iframe", "object", "base", "form", "image", "use"} & {tag for tag, _ in tags.found}
    attributes = {(tag, name) for tag, attrs in tags.found for name in attrs}
    assert [one for one in attributes if one[1].startswith("on") or one[1] in ("style", "src", "xlink:href")] == []
    assert [attrs["href"] for tag, attrs in tags.found if tag == "a" and not str(attrs["href"]).startswith("#")] == []
    assert "<img src=x onerror=" in tags.text
    assert "\ud800" not in page


def test_the_policy_names_its_own_style_and_script_by_their_hashes() -> None:
    page = report_of(facts([task(0)])).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.group(1).split(";"))
    assert rules["default-src"] == "'none'"
    for name, tag in (("style-src", "style"), ("script-src", "script")):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert rules[name] == f"'sha256-{b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"


def test_it_says_what_went_wrong_where_it_ran_and_how_to_see_the_same() -> None:
    rows = [task(0, "failed", name="tests and more"), task(1)]
    text = Tags(report_of(facts(rows, failing=[broken(rows[0])])).decode()).text
    for words in (
        "failed",
        "1 failed of 2",
        "it is so",
        "Error: two",
        "exited (3)",
        "Started as attempt 1.",
        "main",
        "2 files changed",
    ):
        assert words in text
    assert "git checkout 1a2b3c4d" in text
    assert "callboard run --only 'tests and more' --trust" in text
    assert "1 m 03 s" in text


@pytest.mark.parametrize(("name", "total", "action", "words"), [
    ("quick", 2, "x.y", "callboard run quick"), ("default", 1, "quality.lint", "callboard run --"),
    ("quality.lint", 1, "quality.lint", "callboard do quality.lint --"),
])  # fmt: skip
def test_the_command_fits_what_was_run(name: str, total: int, action: str, words: str) -> None:
    whole = facts([task(place, action=action) for place in range(total)])
    whole["run"] |= {"name": name, "total": total}
    assert words in Tags(report_of(whole).decode()).text


def test_a_run_of_ten_thousand_tasks_is_a_small_file_that_says_what_is_left_out() -> None:
    rows = [task(place) for place in range(10_000)]
    page = report_of(facts(rows, tasks=rows[:1_500], left={"tasks": 8_500, "findings": 3, "failing": 2}))
    text = Tags(page.decode()).text
    assert len(page) < 2_500_000
    assert "8,500 tasks more: left out here" in text
    assert "A picture of 10,000 tasks would help nobody" in text
    assert "The first 400 of 10,000 tasks that ran." in text
    assert "3 findings more" in text
    assert "2 tasks more went wrong" in text


def test_the_output_of_a_terminal_keeps_its_colours_and_drops_its_other_signs() -> None:
    text = (
        "\x1b[1;31mred\nstill red\x1b[0m plain\x1b[2K\n50 %\r100 %\x1b]0;title\x07 <b>\n"
        "\x1b[38;2;250;10;10mtrue\x1b[39m \x1b[38;5;34mgreen"
    )
    assert list(lines(text)) == [
        '<span><i class="a-bold a-red">red</i></span>',
        '<span><i class="a-bold a-red">still red</i> plain</span>',
        "<span>100 % &lt;b&gt;</span>",
        '<span><i class="a-red">true</i> <i class="a-green">green</i></span>',
    ]
    assert list(lines("E   assert 1\n0 failed\n$ tool --fail-on error\nFAILED a.py")) == [
        '<span class="l-error">E   assert 1</span>', "<span>0 failed</span>", "<span>$ tool --fail-on error</span>",
        '<span class="l-error">FAILED a.py</span>',
    ]  # fmt: skip
