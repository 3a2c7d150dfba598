"""Untidy repositories: the true reason, told once and in the same words by every action of this agent."""

from pathlib import Path

import pytest

from callboard.api import Verdict, Workspace, unparsable
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance
from callboard_security.packages import collect

OLD = 'import os\n\n\ndef run():\n    print "hello"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def run(place: Path, action: str, files: dict[str, str], **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return run_action(SecurityCompliance(), action, place, options)


def said(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_code_that_cannot_be_parsed_is_one_cause_for_the_analysis_and_the_controls(place: Path) -> None:
    files = {"shop/old.py": OLD, "shop/new.py": "X = 1\n"}
    wanted = unparsable("shop/old.py", "").fingerprint
    for action in ("static", "controls"):
        outcome = run(place, action, files)
        (torn,) = [finding for finding in outcome.findings if finding.rule == "unparsable"]
        assert torn.fingerprint == wanted
        assert (torn.path, torn.line) == ("shop/old.py", 5)
        assert torn.message == "shop/old.py cannot be read: it is written in Python 2"
        assert "1 file that cannot be" in said(outcome)[1]


def test_controls_that_share_a_reason_are_named_together(place: Path) -> None:
    summary = said(run(place, "controls", {"shop/old.py": OLD, "shop/new.py": "X = 1\n"}))[1]
    assert summary.count("1 file that cannot be parsed") == 1
    assert " more: 1 file that cannot be parsed; " in summary


def test_a_template_of_code_leaves_no_control_unknown(place: Path) -> None:
    outcome = run(place, "controls", {"app.py": "X = 1\n", "skeleton.py": "{% if a %}\nX = 1\n{% endif %}\n"})
    assert "cannot be parsed" not in said(outcome)[1]
    assert not [finding for finding in outcome.findings if finding.rule == "unparsable"]


def test_a_line_that_is_no_requirement_is_named_and_the_others_count(place: Path) -> None:
    text = "django==1.4.2\n-e git+https://example.org/y.git#egg=y\n./vendor/foo.tar.gz\nfoo bar baz\nsimplejson\n-e .\n"
    (place / "requirements.txt").write_text(text, "utf-8")
    found = collect(Workspace(place))
    assert [(package.name, package.line) for package in found.pinned] == [("django", 1)]
    assert [package.name for package in found.wanted] == ["simplejson"]
    assert found.elsewhere == ["requirements.txt:2", "requirements.txt:3"]
    assert [(broken.line, broken.reason) for broken in found.broken] == [(4, "line 4 is no requirement: foo bar baz")]


def test_what_is_asked_for_in_a_usual_way_is_no_fault(place: Path) -> None:
    lines = ["a", "b==1", "c>=1,<2 ; python_version < '3.9'", "d[x,y]~=2.0", "e (>=1)", "f != 1.0", "g === 1", "h @ file:///x",
             "i==1 --hash=sha256:ab", "# note", "", "-r other.txt", "--index-url https://example.org/simple", "j # why", "k==1 \\",
             "    --hash=sha256:cd"]  # fmt: skip
    (place / "requirements.txt").write_text("\n".join(lines), "utf-8")
    found = collect(Workspace(place))
    assert found.broken == []
    assert found.elsewhere == []
    assert {package.name for package in (*found.pinned, *found.wanted)} == set("abcdefghijk")


def test_nothing_that_could_be_looked_up_says_so(place: Path) -> None:
    verdict, summary = said(run(place, "dependencies", {"requirements.txt": "flask\ndjango\n"}))
    assert verdict is Verdict.UNKNOWN
    assert summary == (
        "no package could be looked up: 2 packages without an exact version in a lock or environment (django, flask)"
    )


def test_a_template_of_requirements_is_no_broken_file(place: Path) -> None:
    text = "flask==3.0\n{% if cookiecutter.db %}\npsycopg2==2.9\n{% endif %}\n"
    outcome = run(place, "dependencies", {"requirements.txt": text}, network=False)
    assert {finding.severity for finding in outcome.findings} == {"low"}
    assert "cannot be read" not in said(outcome)[1]
