"""`security.secrets`: known formats are found in every file, and shown in none of what is kept."""

import json
import random
import string
import subprocess
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict, secret_print
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance

DICE = random.Random(7)  # noqa: S311
GITHUB = "ghp_" + "".join(DICE.choices(string.ascii_letters + string.digits, k=36))
AWS_ID = "AKIA" + "Z3MSJV4WWNKWW5FG"
AWS_SECRET = "".join(DICE.choices(string.ascii_letters + string.digits + "+/", k=40))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def look(place: Path, files: dict[str, str], **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(SecurityCompliance(), "secrets", place, options, spool=spool)


def git(place: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, "-C", str(place), *words], check=True, capture_output=True)


def test_each_place_of_a_secret_is_found_and_the_secret_is_nowhere(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = look(
        place,
        {
            "a.py": f'TOKEN = "{GITHUB}"\n',
            "deep/er/-b ü.cfg": f"x = 1\ntoken = {GITHUB}\n",
            "aws.env": f"AWS_ACCESS_KEY_ID={AWS_ID}\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\n",
            "clean.py": "x = 1\n",
        },
    )
    assert sorted((f.rule, f.path, f.line) for f in outcome.findings) == [
        ("secret-aws-access-token", "aws.env", 1),
        ("secret-github-pat", "a.py", 1),
        ("secret-github-pat", "deep/er/-b ü.cfg", 2),
    ]
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    printed = capfd.readouterr()
    kept = json.dumps(outcome.messages) + "".join(p.read_text() for p in outcome.artifacts.values())
    everything = [path.read_bytes() for path in place.parent.rglob("*") if path.is_file() and place not in path.parents]
    for secret in (GITHUB, AWS_ID, AWS_SECRET):
        for text in (kept, printed.out, printed.err, repr(outcome.result)):
            assert secret not in text
        assert not any(secret.encode() in content for content in everything)


def test_a_clean_tree_passes_with_its_figures(place: Path) -> None:
    outcome = look(place, {"a.py": 'TOKEN = os.environ["TOKEN"]\n', "b.md": "AKIAIOSFODNN7EXAMPLE\n"})
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert "2 files" in outcome.result.summary


def test_keys_alone_and_passwords_in_addresses(place: Path) -> None:
    outcome = look(
        place,
        {
            "a.py": f'client(aws_access_key_id="{AWS_ID}")\n',
            "b.py": 'URL = "postgres://shop:kq9Trw2xLm@db.internal:5432/shop"\nOK = "postgres://user:password@localhost/x"\n',
        },
    )
    assert [(f.rule, f.path, f.line, f.severity) for f in outcome.findings] == [
        ("secret-aws-access-key-id", "a.py", 1, Severity.HIGH),
        ("secret-generic-credential-uri", "b.py", 1, Severity.MEDIUM),
    ]
    assert outcome.findings[0].message.endswith("'aws-access-key-id'. Look at what it opens, and to whom.")
    assert "kq9Trw2xLm" not in json.dumps(outcome.messages)


def test_who_finds_the_same_secret_by_another_way_gives_the_same_fingerprint(place: Path) -> None:
    lines = [f'TOKEN = "{GITHUB}"', f"  token: {GITHUB}", f'  "token": "{GITHUB}",']
    for line in lines:
        (found,) = look(place, {"a.cfg": f"{line}\n"}).findings
        assert found.fingerprint == secret_print("a.cfg", line)


def test_the_fingerprint_does_not_come_from_the_secret(place: Path) -> None:
    files = {"a/k.py": f'TOKEN = "{GITHUB}"\n', "b/k.py": f'\nTOKEN = "ghp_{GITHUB[:3:-1]}"\n'}
    kept = {f.path: f.fingerprint for f in look(place, files).findings}
    swapped = {"b/k.py": files["a/k.py"], "a/k.py": files["b/k.py"]}
    assert {f.path: f.fingerprint for f in look(place, swapped).findings} == kept


def test_the_history_is_looked_through_when_asked(place: Path) -> None:
    git(place, "init", "-q")
    look(place, {"old.py": f'TOKEN = "{GITHUB}"\n'})
    git(place, "add", ".")
    git(place, "commit", "-qm", "one")
    git(place, "rm", "-q", "old.py")
    (place / "new.py").write_text("x = 1\n")
    git(place, "add", ".")
    git(place, "commit", "-qm", "two")
    assert look(place, {}).findings == ()
    outcome = look(place, {}, history=True)
    assert [(f.rule, f.path) for f in outcome.findings] == [("secret-github-pat", "old.py")]
    assert outcome.result is not None
    assert outcome.result.outputs == {"history": "whole", "tree": 0, "past": 1}
    assert "Commit" in outcome.findings[0].message
    assert GITHUB not in json.dumps(outcome.messages)


def test_no_files_is_unknown(place: Path) -> None:
    outcome = look(place, {})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN


def test_the_history_is_bounded_and_what_still_lies_there_is_told_once(place: Path) -> None:
    git(place, "init", "-q")
    for number, text in enumerate((f'OLD = "{GITHUB}"\n', "x = 1\n", f'NOW = "{GITHUB}"\n', f'\nNOW = "{GITHUB}"\n')):
        (place / ("old.py" if number < 2 else "now.py")).write_text(text)
        git(place, "add", ".")
        git(place, "commit", "-qm", f"step {number}")
    outcome = look(place, {}, history=True, history_commits=3)
    assert outcome.result is not None
    assert "1 older commit" in outcome.result.summary
    assert [(f.path, f.line) for f in outcome.findings] == [("now.py", 2)]
    assert [f.path for f in look(place, {}, history=True, history_commits=4).findings] == ["now.py", "old.py"]


def test_no_checkout_no_history(place: Path) -> None:
    outcome = look(place, {"a.py": "x = 1\n"}, history=True)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert "no git checkout" in outcome.result.summary


def test_placeholders_and_fixtures_are_milder_with_the_reason_and_not_hidden(place: Path) -> None:
    outcome = look(
        place,
        {
            "a.py": 'URL = "postgres://shop:changeme9@db.internal:5432/shop"\n',
            "tests/fixtures/t.py": f'TOKEN = "{GITHUB}"\n',
            "c.py": f'TOKEN = "{GITHUB}"\n',
        },
    )
    told = {f.path: (str(f.severity), f.message.rpartition("Milder, for ")[2]) for f in outcome.findings}
    assert told["a.py"] == ("low", "it reads like a placeholder.")
    assert told["tests/fixtures/t.py"] == ("medium", "it lies in test code.")
    assert told["c.py"][0] == "high"
    assert "Milder" not in told["c.py"][1]
