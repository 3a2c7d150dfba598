"""What cannot be read is told by its root cause, in the same words whoever stumbles over it."""

from pathlib import Path

import pytest

from callboard.api import Finding, Severity, Workspace, root_cause, unparsable
from callboard.work.context import Context

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"


def context(folder: Path) -> Context:
    (folder / "spool").mkdir()
    (folder / "scratch").mkdir()
    return Context(workspace=folder / "w", spool=folder / "spool", scratch=folder / "scratch", task="t")


@pytest.mark.parametrize(
    ("path", "content", "why", "mend", "line", "meant"),
    [
        ("m/weights.py", POINTER, "Git LFS", "git lfs pull", 0, False),
        (
            "a.json",
            '{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> x\n}\n',
            "merge conflict",
            "choose a side",
            2,
            False,
        ),
        ("a.py", "x = 1\n<<<<<<< HEAD\n", "no Python that can be parsed (invalid syntax)", "mend the file", 2, False),
        ("a.py", "x = 1\n", "", "", 0, False),
        ("a.py", "# coding: latin-1\nx = 'ä'\n".encode("latin-1"), "", "", 0, False),
        ("a.py", "x = 'ä'\n".encode("latin-1"), "no Python that can be parsed", "mend the file", 1, False),
        ("a.toml", "x = = 1\n", "", "", 0, False),
        ("a.py", "x = 1\n\0", "binary", "another name", 2, False),
        ("a.toml", "x = 1\n".encode("utf-16"), "UTF-16", "UTF-8", 1, False),
        ("a.py", "import os\n{% if docker %}\nx = 1\n{% endif %}\n", "template", "made of it", 0, True),
        ("{{cookiecutter.slug}}/a.py", "from {{ cookiecutter.slug }} import x\n", "template", "made of it", 0, True),
        ("chart/x.yaml", "name: {{ include .Values.name }}\n", "template", "made of it", 0, True),
        ("a.py", 'x = 1\nprint "two"\n', "Python 2", "Python 3", 2, False),
        ("a.py", "try:\n    pass\nexcept (A, B), e:\n    pass\n", "Python 2", "Python 3", 3, False),
        ("a.py", '"""We\nprint the result, and\nraise the flag."""\nx = (\n', "'(' was never closed", "mend", 4, False),
        ("a.py", 'x = f"{{a}}" + (\n', "'(' was never closed", "mend", 1, False),
        ("a.json", '{"a": {"b": {"c": 1}}', "", "", 0, False),
    ],
)
def test_the_cause_that_a_file_shows(
    tmp_path: Path, path: str, content: str | bytes, why: str, mend: str, line: int, meant: bool
) -> None:
    place = tmp_path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = root_cause(Workspace(tmp_path), path)
    if not why:
        assert found is None
        return
    assert found is not None
    assert why in found.why
    assert mend in found.mend
    assert (found.line, found.is_meant) == (line, meant)


def test_two_readers_say_the_same_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "old.py").write_text('print "two"\n', "utf-8")
    ctx = context(tmp_path)
    ctx.finding(unparsable("./old.py", "Missing parentheses in call to 'print'", line=9, tool="bandit"))
    ctx.finding(unparsable("old.py", "invalid syntax", tool="ruff", severity=Severity.MEDIUM))
    one, other = ctx.findings
    assert one.fingerprint == other.fingerprint
    assert one.message == other.message == "old.py cannot be read: it is written in Python 2"
    assert one.line == other.line == 1
    assert one.help == "port it to Python 3, or leave it out of the checks"


def test_a_template_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "package.json").write_text('{"name": "{{ slug }}", {% if x %}"a": 1{% endif %}}', "utf-8")
    (tmp_path / "w" / "b.json").write_text("{", "utf-8")
    ctx = context(tmp_path)
    ctx.finding(unparsable("package.json", "no JSON"))
    ctx.finding(unparsable("b.json", "no JSON: it ends too soon"))
    ctx.finding(Finding("other", Severity.HIGH, "not about reading", path="package.json"))
    assert [finding.severity for finding in ctx.findings] == [Severity.LOW, Severity.HIGH, Severity.HIGH]
    assert ctx.findings[1].message == "b.json cannot be read: no JSON: it ends too soon"
