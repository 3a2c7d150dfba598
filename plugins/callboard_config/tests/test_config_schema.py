"""`config.schema`: configuration files that cannot be parsed, or do not fit their schema."""

from pathlib import Path

import pytest

from callboard.api import Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_config import ConfigManage, callboard_detect

DEPENDABOT = (
    "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n    schedule:\n      interval: weekly\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def check(place: Path, files: dict[str, str]) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(ConfigManage(), "schema", place, spool=spool)


def test_each_kind_of_broken_file_is_found_at_its_place(place: Path) -> None:
    outcome = check(
        place,
        {
            "a.json": '{"a": 1,\n "b": }\n',
            "b.toml": "[a]\nx = \n",
            "c.yml": "a: 1\nb: [1\nc: 2\n",
            "d.yaml": "a: 1\na: 2\n",
            "e.json": '{"k": 1, "k": 2}',
            "-f.yml": "a: [\n",
        },
    )
    assert sorted((f.rule, f.path, f.line) for f in outcome.findings) == [
        ("json-duplicate-key", "e.json", 0),
        ("json-syntax", "a.json", 2),
        ("toml-syntax", "b.toml", 2),
        ("yaml-duplicate-key", "d.yaml", 2),
        ("yaml-syntax", "-f.yml", 2),
        ("yaml-syntax", "c.yml", 3),
    ]
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL


def test_a_file_that_does_not_fit_its_schema(place: Path) -> None:
    good = check(place, {".github/dependabot.yml": DEPENDABOT})
    assert good.findings == ()
    assert good.result is not None
    assert good.result.verdict is Verdict.PASS
    bad = check(place, {".github/dependabot.yml": DEPENDABOT.replace("weekly", "sometimes")})
    assert [(f.rule, f.path, f.tool) for f in bad.findings] == [
        ("schema", ".github/dependabot.yml", "check-jsonschema")
    ]
    assert "sometimes" in bad.findings[0].message


def test_commented_json_templates_and_test_data_are_left_alone(place: Path) -> None:
    outcome = check(
        place,
        {
            "tsconfig.json": "{ // comment\n}",
            "chart/templates/a.yaml": "a: {{ .Values.x }}\n",
            "roles/b.yml": "{% if x %}\na: 1\n{% endif %}\n",
            "tests/data/broken.json": "{",
            ".github/workflows/ci.yml": "a: [",
            "ok.json": "\ufeff{}",
        },
    )
    assert outcome.findings == ()


def test_nothing_to_check_is_unknown(place: Path) -> None:
    outcome = check(place, {"a.py": "x = 1\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN


def test_jobs_are_proposed_for_what_is_there(place: Path) -> None:
    assert callboard_detect(Workspace(place)) == []
    (place / "backend").mkdir()
    (place / "backend" / "app.py").write_text("x = 1\n")
    (place / "backend" / ".env.example").write_text("A=\n")
    jobs = {job.name: job for job in callboard_detect(Workspace(place))}
    assert set(jobs) == {"config.inventory", "config.hardcoded"}
    assert "backend/.env.example" in jobs["config.inventory"].because
    (place / "a.toml").write_text("")
    assert "config.schema" in {job.name for job in callboard_detect(Workspace(place))}
