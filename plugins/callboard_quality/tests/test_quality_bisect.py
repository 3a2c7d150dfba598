"""`quality.bisect` on small generated histories: merges, commits that cannot be tested, tests that came later, flaky ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callboard.testing import run_action
from callboard_quality import QualityAssurance

CHECK = """
import unittest
import code_of

class Test(unittest.TestCase):
    def test_one(self):
        self.assertEqual(code_of.one(), 1)
"""
GOOD, BAD = "def one():\n    return 1\n", "def one():\n    return 2\n"
TORN = "def one(:\n"


class History:
    """A repository that is made commit by commit; `shas` are their names by number."""

    def __init__(self, place: Path) -> None:
        self.root, self._place, self._runs = place / "work", place, 0
        self.shas: list[str] = []
        self.root.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        given = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        who = ["-c", "user.name=Ann", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *who, *words], check=True, env=given, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], subject: str = "") -> str:
        for name, text in files.items():
            spot = self.root / name
            spot.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                spot.unlink()
            else:
                spot.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject or f"commit {len(self.shas)}")
        self.shas.append(self.git("rev-parse", "HEAD"))
        return self.shas[-1]

    def bisect(self, action: str = "bisect", **options: object) -> dict[str, Any]:
        self._runs += 1
        spool = self._place / f"spool-{self._runs}"
        spool.mkdir()
        given = {"interpreter": "callboard", **options}
        before = self.state()
        outcome = run_action(QualityAssurance(), action, self.root, given, spool=spool, data=self._place / "data")
        assert self.state() == before, "the repository of the user is as it was"
        assert outcome.result is not None
        assert not outcome.findings
        found = outcome.result.outputs["case"]
        assert isinstance(found, dict)
        return found

    def state(self) -> tuple[str, ...]:
        return (
            self.git("for-each-ref"), self.git("status", "--porcelain"), self.git("rev-parse", "HEAD"), self.git("worktree", "list")
        )  # fmt: skip


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_the_commit_is_named_through_a_merge_a_torn_commit_and_a_renamed_test(
    history: History,
) -> None:
    history.commit({"code_of.py": GOOD, "test_a.py": CHECK})
    for number in range(3):
        history.commit({f"other_{number}.py": ""})
    history.git("checkout", "-q", "-b", "side")
    culprit = history.commit({"code_of.py": BAD, "note.txt": "x"}, "Counts anew")
    history.commit({"side.txt": ""})
    history.git("checkout", "-q", "main")
    history.commit({"main.txt": ""})
    history.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    history.commit({"code_of.py": TORN})
    history.commit({"code_of.py": BAD})
    history.commit({"test_a.py": None, "test_b.py": CHECK}, "renamed")
    history.commit({"end.txt": ""})
    (history.root / "note.txt").write_text("not committed")
    found = history.bisect(tests=["test_b.Test.test_one"], good=history.shas[0])
    assert (found["commit"], found["certain"], found["range"]) == (culprit, True, [culprit])
    assert (found["subject"], found["author"], found["files"]) == ("Counts anew", "Ann", ["code_of.py", "note.txt"])
    assert "brought along" not in found["words"], "the test was there under its former name"
    assert "1 files that are not committed were left out" in found["words"]
    [line] = [one for one in found["blame"]["lines"] if one["path"] == "test_b.py"]
    assert (line["line"], line["author"]) == (7, "Ann")


def test_a_test_that_was_written_afterwards_is_brought_along(history: History) -> None:
    history.commit({"code_of.py": GOOD})
    culprit = history.commit({"code_of.py": BAD})
    history.commit({"other.txt": ""})
    history.commit({"test_a.py": CHECK})
    found = history.bisect(tests=["test_a.Test.test_one"])
    assert (found["commit"], found["certain"]) == (culprit, True)
    assert "the test did not exist as it is now, and its file was brought along" in found["words"]
    without = history.bisect(tests=["test_a.Test.test_one"], bring_tests=False, good=history.shas[0])
    assert without["commit"] == ""


def test_skips_that_hide_it_leave_a_range_and_are_not_tried_again(history: History) -> None:
    history.commit({"check.py": "import sys; sys.exit(0)"})
    hidden = [history.commit({"check.py": f"import sys; sys.exit(125)  # {number}"}) for number in range(2)]
    last = history.commit({"check.py": "import sys; sys.exit(1)"})
    history.commit({"more.txt": ""})
    found = history.bisect(command=[sys.executable, "check.py"], good=history.shas[0])
    assert (found["commit"], found["certain"], found["skipped"]) == ("", False, 2)
    assert set(found["range"]) == {*hidden, last}
    assert "since one of 3 commits" in found["words"]
    again = history.bisect(command=[sys.executable, "check.py"], good=history.shas[0])
    assert all(words.startswith("known from before") for _, says, words in again["steps"] if says == "skip")


def test_a_good_commit_is_found_by_going_back_and_another_failure_that_was_mended_is_not_the_one(
    history: History,
) -> None:
    text = "import sys; sys.exit({code})  # {number}"
    codes = [0, 0, 2, 2, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    for number, code in enumerate(codes):
        history.commit({"check.py": text.format(code=code, number=number)})
    found = history.bisect(command=[sys.executable, "check.py"])
    assert (found["commit"], found["certain"]) == (history.shas[8], True)
    far = history.bisect(command=[sys.executable, "check.py"], good=history.shas[0])
    assert (far["commit"], far["certain"]) == (history.shas[8], True)


def test_what_is_not_committed_and_what_never_passed_is_said_and_nobody_is_named(history: History) -> None:
    history.commit({"check.py": "import sys; sys.exit(0)"})
    history.commit({"more.txt": ""})
    (history.root / "check.py").write_text("import sys; sys.exit(1)")
    found = history.bisect(command=[sys.executable, "check.py"])
    assert (found["commit"], found["files"]) == ("", ["check.py"])
    assert "what makes it fail is not committed yet" in found["words"]
    small = history.bisect("narrow", command=[sys.executable, "check.py"], files=True)
    assert small["files"] == ["check.py"]
    history.git("checkout", "-q", "check.py")
    never = history.bisect(command=[sys.executable, "-c", "raise SystemExit(1)"])
    assert (never["commit"], never["why"]) == ("", "never")
    assert "that is where the history begins" in never["words"]


def test_a_shallow_clone_is_searched_as_far_as_it_goes_and_a_flaky_failure_by_the_rule(
    history: History, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    seldom = (
        f"import pathlib, sys\ncount = pathlib.Path({str(count)!r})\nn = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(n + 1))\nsys.exit(n % 3 == 2)\n"
    )
    for number in range(3):
        history.commit({"check.py": f"import sys; sys.exit(0)  # {number}"})
    culprit = history.commit({"check.py": seldom})
    history.commit({"more.txt": ""})
    found = history.bisect(command=[sys.executable, "check.py"], good=history.shas[0], times=15)
    assert found["commit"] == culprit
    assert 0.2 < found["rate"] < 0.5
    assert "so each commit was run up to 15 times" in found["words"]
    origin = history.root
    clone = tmp_path / "clone"
    history.git("clone", "-q", "--depth", "2", f"file://{origin}", str(clone))
    history.root = clone
    cut = history.bisect(command=[sys.executable, "-c", "raise SystemExit(1)"])
    assert (cut["commit"], cut["why"]) == ("", "never")
    assert "git fetch --unshallow" in cut["words"]


def test_of_the_changed_files_those_that_it_takes_are_found(history: History) -> None:
    code = "from a import A\nfrom b import B\n\ndef both():\n    return A + B\n"
    check = CHECK.replace("(code_of.one(), 1)", "(code_of.both(), 2)")
    history.commit({"a.py": "A = 1\n", "b.py": "B = 1\n", "c.py": "C = 1\n", "code_of.py": code, "test_a.py": check})
    history.commit(
        {
            "a.py": "A = 2\n",
            "b.py": "B = 2\n",
            "c.py": "C = 2\n",
            "d.py": "",
            "pytest.ini": "[pytest]\npythonpath = .\n",
        }
    )
    (history.root / "e.py").write_text("")
    (history.root / "b.py").write_text("B = 0\n")
    good = history.shas[0]
    assert history.bisect("narrow", tests=["test_a.Test.test_one"], files=True, good=good)["files"] == []
    (history.root / "b.py").write_text("B = 1\n")
    (history.root / "a.py").write_text("A = 2\n")
    assert history.bisect("narrow", tests=["test_a.Test.test_one"], files=True, good=good)["files"] == ["a.py"]


def test_a_branch_from_before_the_mend_and_a_change_that_was_taken_back_are_not_to_blame(history: History) -> None:
    good = ["grep", "-q", "good", "state"]
    history.commit({"state": "bad"})
    history.git("checkout", "-q", "-b", "side")
    for number in range(6):
        history.commit({f"side_{number}": ""})
    history.git("checkout", "-q", "main")
    history.commit({"state": "good"})
    mended = history.shas[-1]
    history.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    first = history.commit({"state": "bad again"}, "Counts anew")
    history.commit({"end": ""})
    found = history.bisect(command=good, good=mended)
    assert (found["commit"], found["certain"]) == (first, True)
    history.commit({"more": ""})
    history.commit({"state": "good"}, 'Revert "Counts anew"')
    history.commit({"calm": ""})
    second = history.commit({"state": "bad again"}, 'Reapply "Counts anew"')
    history.commit({"last": ""})
    again = history.bisect(command=good, good=mended)
    assert (again["commit"], again["certain"]) == (second, True)
    both = history.bisect(command=good, good=mended, bad=first)
    assert (both["commit"], both["certain"]) == (first, True)


def test_a_script_that_came_later_is_brought_along_and_what_cannot_be_read_is_left_out(history: History) -> None:
    history.commit({"state": "good"})
    history.commit({"state": "torn"}, "Work in progress")
    history.commit({"state": "good"})
    history.commit({"more": ""})
    culprit = history.commit({"state": "bad"})
    history.commit({"end": ""})
    check = (
        "if grep -q torn state; then echo 'SyntaxError: invalid syntax' >&2; exit 1; fi\ngrep -q good state || exit 1\n"
    )
    history.commit({"tools/check.sh": check})
    found = history.bisect(command=["sh", "tools/check.sh"], good=history.shas[0])
    assert (found["commit"], found["certain"]) == (culprit, True)
    assert "its file was brought along" in found["words"]
    torn = history.bisect(command=["sh", "tools/check.sh"], good=history.shas[1])
    assert (torn["commit"], torn["certain"]) == (culprit, True)
    [why] = [words for commit, says, words in torn["steps"] if says == "skip"]
    assert "SyntaxError" in why


def test_one_that_fails_now_and_then_besides_and_one_that_seldom_passes_are_named_rightly(
    history: History, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    counts = f"n=$(cat {count} 2>/dev/null || echo 0)\necho $((n + 1)) > {count}\n"
    noise = counts + "grep -q bad state && exit 1\ntest $((n % 4)) -ne 3\n"
    history.commit({"check.sh": noise, "state": "good"})
    for number in range(12):
        history.commit({"other": str(number)})
    culprit = history.commit({"state": "bad"})
    for number in range(4):
        history.commit({"more": str(number)})
    for start in range(4):
        count.write_text(str(start))
        found = history.bisect(command=["sh", "check.sh"], good=history.shas[0])
        assert (found["commit"], found["certain"]) == (culprit, True), start
    seldom = history.commit(
        {"check.sh": counts + "grep -q bad state || exit 0\ntest $((n % 6)) -eq 5\n", "state": "good"}
    )
    history.commit({"other": "x"})
    culprit = history.commit({"state": "bad"})
    history.commit({"other": "y"})
    history.commit({"other": "z"})
    count.write_text("0")
    found = history.bisect(command=["sh", "check.sh"], good=seldom)
    assert found["commit"] == culprit
    assert found["rate"] < 1


def test_of_tests_that_are_brought_along_one_that_cannot_pass_there_does_not_hide_the_other(history: History) -> None:
    history.commit({"code_of.py": GOOD})
    culprit = history.commit({"code_of.py": BAD})
    two = CHECK + "\n    def test_two(self):\n        self.assertEqual(code_of.two(), code_of.one())\n"
    history.commit({"code_of.py": BAD + "\ndef two():\n    return 1\n", "test_a.py": two})
    found = history.bisect(tests=["test_a.Test.test_one", "test_a.Test.test_two"])
    assert (found["commit"], found["certain"]) == (culprit, True)


@pytest.mark.long
def test_a_test_that_passes_alone_is_searched_for_in_its_file_or_suite(history: History) -> None:
    code = "SEEN = []\n\ndef one():\n    return 1 + len(SEEN)\n\ndef prepare():\n    {}\n"
    before = CHECK.replace("class Test", "class First").replace(
        "self.assertEqual(code_of.one(), 1)", "code_of.prepare()"
    )
    history.commit({"code_of.py": code.format("pass"), "test_0.py": before, "test_a.py": CHECK})
    history.commit({"more.txt": ""})
    culprit = history.commit({"code_of.py": code.format("SEEN.append(1)")})
    history.commit({"end.txt": ""})
    found = history.bisect(tests=["test_a.Test.test_one"])
    assert (found["commit"], found["certain"]) == (culprit, True)
    assert "passes alone" in found["words"]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_an_npm_test_is_searched_for_and_run_again_too(history: History) -> None:
    package = '{"name": "x", "version": "1.0.0", "scripts": {"test": "node --test"}}'
    check = (
        "const test = require('node:test');\nconst assert = require('node:assert');\nconst one = require('./one.js');\n"
    )
    check += "test('is one', () => { assert.strictEqual(one(), 1); });\ntest('other', () => {});\n"
    history.commit({"package.json": package, "one.js": "module.exports = () => 1;\n", "one.test.js": check})
    history.commit({"note.txt": ""})
    culprit = history.commit({"one.js": "module.exports = () => 2;\n"})
    history.commit({"end.txt": ""})
    name = "one.test.js > is one"
    found = history.bisect(job="quality.npm_tests", tests=[name], interpreter="auto")
    assert (found["commit"], found["certain"]) == (culprit, True)
    told = history.bisect(
        "reproduce", job="quality.npm_tests", tests=[name, "one.test.js > other"], times=3, interpreter="auto"
    )
    assert told["tests"][name]["verdict"] == "broken"
    assert told["tests"]["one.test.js > other"] == {"failed": 0, "runs": 3, "verdict": "flaky", "order": False}
