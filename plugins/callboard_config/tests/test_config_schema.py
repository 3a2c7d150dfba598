"""`config.schema`: configuration files that cannot be parsed, or do not fit their schema."""

from pathlib import Path

import pytest

from callboard.api import Verdict, Workspace, unparsable
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
        ("json-duplicate-key", "e.json", 1),
        ("unparsable", "-f.yml", 2),
        ("unparsable", "a.json", 2),
        ("unparsable", "b.toml", 2),
        ("unparsable", "c.yml", 3),
        ("yaml-duplicate-key", "d.yaml", 2),
    ]
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL


@pytest.mark.long
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
            "skeleton/{{cookiecutter.name}}/package.json": '{"name": "{{ cookiecutter.name }}", {% if x %}"a": 1{% endif %}}',
            "skeleton/pyproject.toml": '[project]\n{% if x %}\nname = "x"\n{% endif %}\n',
        },
    )
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert "3 of them are templates" in outcome.result.summary


def test_what_was_not_fetched_is_told_so_and_as_everybody_tells_it(place: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 432\n"
    found = check(place, {"params.yaml": pointer}).findings
    assert [(f.rule, f.fingerprint) for f in found] == [("unparsable", unparsable("params.yaml", "").fingerprint)]
    assert found[0].message == "params.yaml cannot be read: it is a pointer of Git LFS, its content was not fetched"
    assert found[0].help == "run 'git lfs pull'"


BOMB = "a: &a [x, x]\n" + "".join(f"b{i}: [*a, *a, *a]\n" for i in range(100))
ODD = {
    "conflict": ("a.yml", b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", ("unparsable", 2)),
    "conflict in JSON": (
        "a.json",
        b'{\n<<<<<<< HEAD\n"b": 1\n=======\n"b": 2\n>>>>>>> other\n}',
        ("unparsable", 2),
    ),
    "tab": ("a.yml", b"a:\n\tb: 1\n", ("unparsable", 2)),
    "no YAML at all": ("docker.yml", b"This file is still\nto be written.\n", ("yaml-not-configuration", 1)),
    "a page": ("a.yaml", b"<html><body>404</body></html>\n", ("yaml-not-configuration", 1)),
    "utf-16": ("a.json", "{}".encode("utf-16"), ("unparsable", 1)),
    "latin": ("a.toml", 'x = 1\ny = "ä"\n'.encode("latin-1"), ("config-encoding", 2)),
    "binary": ("a.yml", b"\0\1\2", ("unparsable", 1)),
    "empty JSON": ("a.json", b"", ("unparsable", 1)),
    "deep": ("a.yml", b"a: " + b"[" * 50_000, ("config-too-deep", 1)),
    "deep JSON": ("a.json", b"[" * 50_000, ("config-too-deep", 1)),
    "aliases": ("a.yml", BOMB.encode(), ("yaml-aliases", 1)),
    "marked TOML": ("a.toml", "\ufeffx = 1\n".encode(), ("unparsable", 1)),
    "ini": ("setup.cfg", b"[a]\nx = 1\nx = 2\n", ("unparsable", 3)),
    "ini without section": ("tox.ini", b"x = 1\n", ("unparsable", 1)),
    "scripts": ("package.json", b'{"name": "x",\n "scripts": ["a"]}', ("manifest-shape", 2)),
    "project": ("pyproject.toml", b'[project]\nname = "x"\n', ("manifest-shape", 1)),
    "large": ("a.yml", b"a:\n" + b"  - x: 1\n" * 60_000 + b"b: [\n", ("unparsable", 60_003)),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_one_finding_at_its_place(place: Path, case: str) -> None:
    name, content, found = ODD[case]
    (place / name).write_bytes(content)
    outcome = check(place, {"fine.yml": "a: 1\n"})
    assert [(f.rule, f.line, f.path) for f in outcome.findings] == [(*found, name)]


def test_what_is_in_order_is_left_alone(place: Path) -> None:
    outcome = check(
        place,
        {
            "lines.json": '{"a": 1}\n{"a": 2}\n',
            "empty.yml": "",
            "comment.yml": "# nothing yet\n",
            "many.yml": "---\na: 1\n---\nb: 2\n",
            "crlf.yml": "a: 1\r\nb: 2\r\n",
            "list.yml": "- a\n",
            "rst.yml": "a: |\n  =======\n  title\n  =======\n",
            "setup.cfg": "[metadata]\nname = %(x)s\n[flake8]\nmax-line-length = 100\n",
            "package.json": '{"name": "x", "version": "1.0.0", "scripts": {"a": "b"}, "type": "module"}',
            "pyproject.toml": '[build-system]\nrequires = []\n[project]\nname = "x"\ndynamic = ["version"]\n',
            "anchors.yml": "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n",
        },
    )
    assert outcome.findings == ()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS


@pytest.mark.long
def test_no_secret_of_a_broken_file_is_said(place: Path) -> None:
    planted = "Zq8vT2nK5mRj7Pc1"
    outcome = check(
        place,
        {
            "a.yml": f"password: *{planted}\nb: [\n",
            "b.toml": f'password = "{planted}\n',
            "tox.ini": f"{planted}\n",
            "c.json": f'{{"{planted}": 1, "{planted}": 2}}',
            "renovate.json": f'{{"token": "{planted}", "extends": "{planted}", "timezone": ["{planted}"]}}',
        },
    )
    assert len({finding.path for finding in outcome.findings}) == 5
    assert planted not in "".join(path.read_text() for path in (place.parent / "spool").rglob("*") if path.is_file())


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
    assert set(jobs) == {"config.inventory", "config.hardcoded", "config.snapshot"}
    assert "backend/.env.example" in jobs["config.inventory"].because
    (place / "a.toml").write_text("")
    assert "config.schema" in {job.name for job in callboard_detect(Workspace(place))}
    (place / "backend" / ".env.production").write_text("A=1\n")
    both = {job.name: job for job in callboard_detect(Workspace(place))}
    assert "backend/.env.production" in both["config.drift"].because
    assert both["config.rotation"].after == ("config.snapshot",)
