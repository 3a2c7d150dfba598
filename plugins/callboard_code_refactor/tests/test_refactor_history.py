"""Hotspots, the trend and the health of the code, on real histories."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor, callboard_sections
from callboard_code_refactor.churn import churn
from callboard_code_refactor.health import merged
from callboard_code_refactor.measures import indentation

TANGLED = "def pick(rows):\n" + "".join(
    f"    if rows[{n}]:\n        for cell in rows:\n            if cell:\n                rows.pop()\n"
    for n in range(6)
)
PLAIN = "def add(a, b):\n    return a + b\n"


def git(root: Path, *words: str, who: str = "a@example.org") -> str:
    env = {**os.environ, "GIT_AUTHOR_EMAIL": who, "GIT_COMMITTER_EMAIL": who}
    env |= {"GIT_AUTHOR_NAME": "n", "GIT_COMMITTER_NAME": "n"}
    done = subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True, env=env)
    return done.stdout


def commit(root: Path, files: dict[str, str], words: str = "change", who: str = "a@example.org") -> None:
    root.mkdir(parents=True, exist_ok=True)
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", words, who=who)


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def rows(outcome: Outcome, section: str) -> list[list[Any]]:
    return next(block["rows"] for block in outcome.sections()[section] if block["kind"] == "table")


def lively(root: Path, hot: str = TANGLED) -> Path:
    commit(root, {"hot.py": hot, "busy.py": PLAIN, "still.py": TANGLED, **{f"m{n}.py": PLAIN for n in range(12)}})
    for n in range(12):
        who = "b@example.org" if n % 2 else "a@example.org"
        commit(root, {"hot.py": hot + f"# {n}\n", "busy.py": PLAIN + f"# {n}\n"}, who=who)
    return root


def test_a_file_that_is_tangled_and_often_changed_is_a_hotspot_and_no_other(tmp_path: Path) -> None:
    outcome = run_action(CodeRefactor(), "hotspots", lively(tmp_path / "a"))
    assert [(f.rule, f.path, f.severity) for f in outcome.findings] == [("hotspot", "hot.py", "low")]
    assert "13 commits of 2 authors" in outcome.findings[0].message
    assert result(outcome)[0] == Verdict.PASS
    top = rows(outcome, "hotspots")[0]
    score = int(top[4])
    assert (top[0]["text"], top[1], top[3], score, top[6]) == ("hot.py", 13, 2, 36, 100.0)
    assert outcome.metrics()["refactor.hotspots"] == 1
    simple = run_action(CodeRefactor(), "hotspots", lively(tmp_path / "b", hot=PLAIN))
    assert simple.findings == ()
    assert result(simple)[0] == Verdict.PASS


def test_scripts_are_measured_by_their_indentation(tmp_path: Path) -> None:
    deep = "".join(f"{'  ' * (n % 12)}line({n});\n" for n in range(120))
    commit(tmp_path, {"hot.ts": deep, **{f"m{n}.ts": "const a = 1;\n" for n in range(8)}})
    for n in range(10):
        commit(tmp_path, {"hot.ts": deep + f"// {n}\n"})
    outcome = run_action(CodeRefactor(), "hotspots", tmp_path)
    assert [(f.path, f.severity) for f in outcome.findings] == [("hot.ts", "low")]
    assert "indentation 660" in outcome.findings[0].message


def test_renames_are_followed_and_hostile_names_are_only_names(tmp_path: Path) -> None:
    commit(tmp_path, {"old.py": TANGLED, "odd\nname\t.py": PLAIN, "-n.py": PLAIN, "\x01abc": "x\n"})
    commit(tmp_path, {"old.py": TANGLED + "x = 1\n"})
    git(tmp_path, "mv", "old.py", "new name.py")
    commit(tmp_path, {})
    commit(tmp_path, {"new name.py": TANGLED + "x = 2\n", "odd\nname\t.py": PLAIN + "y = 1\n"}, who="b@example.org")
    git(tmp_path, "checkout", "-q", "-b", "side")
    commit(tmp_path, {"-n.py": PLAIN + "z = 1\n"})
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "-c", "commit.gpgsign=false", "merge", "-q", "--no-ff", "-m", "merge", "side")
    history = churn(tmp_path, 365, 100)
    counts = {path: (item.commits, item.lines, len(item.authors)) for path, item in history.files.items()}
    assert counts == {
        "new name.py": (4, 28, 2),
        "odd\nname\t.py": (2, 3, 2),
        "-n.py": (2, 3, 1),
        "\x01abc": (1, 1, 1),
    }
    assert history.commits == 5


@pytest.mark.parametrize("action", ["hotspots", "trend"])
def test_without_a_history_it_is_unknown_and_says_why(tmp_path: Path, action: str) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/a.py").write_text(PLAIN)
    verdict, words = result(run_action(CodeRefactor(), action, tmp_path / "plain"))
    assert (verdict, "no git repository" in words) == (Verdict.UNKNOWN, True)
    git(tmp_path / "plain", "init", "-q")
    verdict, words = result(run_action(CodeRefactor(), action, tmp_path / "plain"))
    assert (verdict, "no commit yet" in words) == (Verdict.UNKNOWN, True)


def test_a_shallow_clone_and_a_short_history_are_unknown(tmp_path: Path) -> None:
    lively(tmp_path / "whole")
    git(tmp_path, "clone", "-q", "--depth", "3", f"file://{tmp_path}/whole", "part")
    verdict, words = result(run_action(CodeRefactor(), "hotspots", tmp_path / "part"))
    assert (verdict, "shallow clone" in words) == (Verdict.UNKNOWN, True)
    commit(tmp_path / "young", {"a.py": PLAIN})
    verdict, words = result(run_action(CodeRefactor(), "hotspots", tmp_path / "young"))
    assert (verdict, words.startswith("1 commit in the last 365 days")) == (Verdict.UNKNOWN, True)


def test_the_trend_shows_each_commit_with_the_figures_that_it_had(tmp_path: Path) -> None:
    commit(tmp_path, {"a.py": PLAIN, "web/a.ts": "f(\n  1\n)\n"}, "first")
    commit(tmp_path, {"b.py": TANGLED}, "second")
    commit(tmp_path, {"torn.py": "def f(:\n", "node_modules/x.js": "  f()\n"}, "third")
    data = tmp_path / ".git/kept"
    outcome = run_action(CodeRefactor(), "trend", tmp_path, data=data)
    shown = rows(outcome, "health")
    assert [(row[2], row[3], row[4], row[6]) for row in shown] == [
        ("third", 2, 36, 36),
        ("second", 2, 36, 36),
        ("first", 1, 0, 0),
    ]
    assert [row[7] for row in shown] == [1, 1, 1]
    verdict, words = result(outcome)
    assert verdict == Verdict.PASS
    assert words.startswith("the complexity of 3 commits, from 0 in 1 function to 36 in 2 functions")
    again = run_action(CodeRefactor(), "trend", tmp_path, data=data)
    assert "3 known from before" in result(again)[1]
    one = run_action(CodeRefactor(), "trend", tmp_path, {"commits": 1})
    assert len(rows(one, "health")) == 1


def test_the_trend_agrees_with_what_complexity_measures_now(tmp_path: Path) -> None:
    commit(tmp_path, {"pkg/a.py": TANGLED, "pkg/b.py": PLAIN, "c.py": TANGLED})
    data = tmp_path / ".git/kept"
    run_action(CodeRefactor(), "complexity", tmp_path, data=data)
    measured = rows(run_action(CodeRefactor(), "dead_code", tmp_path, data=data), "health")
    trend = rows(run_action(CodeRefactor(), "trend", tmp_path, data=data), "health")
    assert len(measured) == len(trend) == 1
    assert measured == trend
    (tmp_path / "c.py").write_text(PLAIN)
    now = run_action(CodeRefactor(), "complexity", tmp_path, data=data)
    assert rows(now, "health")[0][0] == "now"
    figures = next(block["figures"] for block in now.sections()["health"] if block["kind"] == "figures")
    mean = next(figure for figure in figures if figure["label"] == "complexity, mean")
    assert (mean["state"], mean["note"]) == ("good", "24 before")


def test_figures_of_one_commit_join_and_old_ones_go() -> None:
    first = {"commit": "a", "time": 1, "dead_code": 3}
    entries = merged([first, "nonsense", {"commit": "b"}], [{"commit": "a", "time": 1, "hotspots": 2}])
    assert entries == [{"commit": "a", "time": 1, "dead_code": 3, "hotspots": 2}]
    many = merged([], [{"commit": str(n), "time": n} for n in range(400)])
    assert (len(many), many[-1]["commit"]) == (300, "399")


def test_the_sections_are_declared() -> None:
    assert {section.name for section in callboard_sections()} == {"health", "hotspots", "duplication", "architecture"}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("if (a) {\n  b()\n}\n", 1),
        ("if (a) {\n    b()\n    if (c) {\n        d()\n    }\n}\n", 1 + 1 + 2 + 1),
        ("{\n\tb\n\t{\n\t\tc\n\t}\n}\n", 1 + 1 + 2 + 1),
        ("/*\n * words\n */\n// more\nf()\n", 0),
        ("x" * 5000 + "\n", None),
        ("\n\n", None),
    ],
)
def test_indentation_counts_steps(text: str, amount: int | None) -> None:
    assert indentation(text) == amount


def test_a_workspace_that_is_a_folder_of_a_checkout_has_its_own_history(tmp_path: Path) -> None:
    root = lively(tmp_path / "repo" / "part")
    git(tmp_path, "init", "-q", "repo")
    shutil.rmtree(root / ".git")
    commit(tmp_path / "repo", {"hot.py": TANGLED})
    for n in range(10):
        commit(tmp_path / "repo", {"part/hot.py": TANGLED + f"# {n}\n", "hot.py": TANGLED + f"# {n}\n"})
    outcome = run_action(CodeRefactor(), "hotspots", root)
    assert [f.path for f in outcome.findings] == ["hot.py"]
    assert "11 commits" in outcome.findings[0].message
    trend = rows(run_action(CodeRefactor(), "trend", root, {"commits": 2}), "health")
    assert [row[4] for row in trend] == [72, 72]
