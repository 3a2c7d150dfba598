"""Duplicated code, by the real tools where they are there."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_code_refactor import CodeRefactor
from callboard_code_refactor.groups import Clone, Place, grouped

BODY = "".join(f"    value_{n} = compute(rows[{n}], other={n})\n" for n in range(14))
OTHER = "".join(f"    thing_{n}.append(left + {n} * right[{n}])\n" for n in range(14))
SCRIPT = "".join(f"  const value{n} = compute(rows[{n}], {{ other: {n} }});\n" for n in range(14))


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def result(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, report: object) -> None:
    """A stand-in for a tool that is not installed here, which writes a recorded report where it is told to."""
    place = tmp_path / "bin"
    place.mkdir()
    text = (
        f"#!{sys.executable}\nimport json, pathlib, sys\n"
        "if '--version' in sys.argv: raise SystemExit(print('5.4.1'))\n"
        "config = json.load(open(sys.argv[sys.argv.index('--config') + 1]))\n"
        "out = pathlib.Path(config['output'])\n"
        "(out / 'config.json').write_text(json.dumps(config))\n"
        f"(out / 'jscpd-report.json').write_text({json.dumps(report)!r})\n"
    )
    (place / name).write_text(text)
    (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")


@pytest.mark.skipif(shutil.which("jscpd") is None, reason="jscpd is not installed")
def test_jscpd_finds_copies_in_python_and_typescript_and_none_after_they_went(tmp_path: Path) -> None:
    files = {
        "a.py": f"def one(rows):\n{BODY}",
        "-b c.py": f"import os\n\n\ndef two(rows):\n{BODY}",
        "d.py": f"def three(left, right):\n{OTHER}",
        "torn.py": "def f(:\n",
        "web/x.ts": f"export function one(rows: number[]) {{\n{SCRIPT}}}\n",
        "web/y.ts": f"export function two(rows: number[]) {{\n{SCRIPT}}}\n",
        "web/app.min.js": SCRIPT,
    }
    outcome = run_action(CodeRefactor(), "clones", put(tmp_path, files))
    assert result(outcome)[0] == Verdict.PASS
    assert {(f.rule, f.path, f.line) for f in outcome.findings} == {
        ("duplicate-code", "-b c.py", 4),
        ("duplicate-code", "web/x.ts", 1),
    }
    assert "a.py:1" in next(f.message for f in outcome.findings if f.path == "-b c.py")
    assert "web/y.ts:1" in next(f.message for f in outcome.findings if f.path == "web/x.ts")
    report = json.loads(outcome.artifacts["clones.sarif"].read_text())
    assert len(report["runs"][0]["results"]) >= 1
    clean = run_action(CodeRefactor(), "clones", put(tmp_path, {"-b c.py": "x = 1\n", "web/y.ts": "export {}\n"}))
    assert clean.findings == ()
    assert clean.metrics()["refactor.duplication"] == 0


REPORT = {
    "duplicates": [
        {
            "lines": 15,
            "tokens": 180,
            "firstFile": {"name": "a.py", "start": 1, "end": 15},
            "secondFile": {"name": "b.py", "start": 4, "end": 18},
        },
        {
            "lines": 14,
            "tokens": 170,
            "firstFile": {"name": "b.py", "start": 5, "end": 18},
            "secondFile": {"name": "c.py", "start": 2, "end": 15},
        },
    ],
    "statistics": {"total": {"lines": 120, "duplicatedLines": 29, "percentage": 24.1666}},
}


def test_the_report_of_jscpd_becomes_groups_with_its_own_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "jscpd", REPORT)
    root = put(tmp_path / "ws", dict.fromkeys(("a.py", "b.py", "c.py"), f"def f(rows):\n{BODY}"))
    outcome = run_action(CodeRefactor(), "clones", root)
    assert [(f.path, f.line, f.end_line, f.severity) for f in outcome.findings] == [("a.py", 1, 15, "low")]
    message = outcome.findings[0].message
    assert message.startswith("15 lines (180 tokens) stand in 3 places: here and in b.py:4, c.py:2")
    assert outcome.metrics()["refactor.duplication"] == 24.17
    assert "24.2 % of 120 lines duplicated; 2 pairs by jscpd in 1 group" in result(outcome)[1]
    assert result(outcome)[0] == Verdict.PASS
    strict = run_action(CodeRefactor(), "clones", root, {"limit": 20})
    assert (result(strict)[0], strict.rules()) == (Verdict.FAIL, {"duplicate-code", "duplication-limit"})


def test_the_settings_of_the_project_are_data_and_cannot_send_the_report_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "jscpd", REPORT)
    settings = {"ignore": ["gen/**"], "output": "/nowhere", "reporters": ["evil"], "path": ["/etc"], "mode": "weak"}
    root = put(tmp_path / "ws", {".jscpd.json": json.dumps(settings), "a.py": "x = 1\n"})
    spool = tmp_path / "spool"
    spool.mkdir()
    outcome = run_action(CodeRefactor(), "clones", root, spool=spool)
    assert "what the project's jscpd settings ignore is left out" in result(outcome)[1]
    assert result(outcome)[0] == Verdict.PASS


def test_a_report_of_jscpd_that_cannot_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "jscpd", {"duplicates": []})
    verdict, words = result(run_action(CodeRefactor(), "clones", put(tmp_path / "ws", {"a.ts": "x = 1\n"})))
    assert (verdict, "jscpd gave no report that can be read" in words) == (Verdict.UNKNOWN, True)


@pytest.fixture
def without_jscpd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    if shutil.which("jscpd") or not (Path(sys.executable).parent / "symilar").exists():
        pytest.skip("needs symilar, and no jscpd")


def test_symilar_finds_copies_in_python_and_none_after_they_went(tmp_path: Path, without_jscpd: None) -> None:
    files = {
        "a.py": f"def one(rows):\n{BODY}",
        "-b c.py": f"import os\n\n\ndef two(rows):\n{BODY}",
        "torn.py": "def f(:\n",
        "web/x.ts": SCRIPT,
        "tests/test_a.py": OTHER,
        "tests/test_b.py": "# here\n" + OTHER,
    }
    put(tmp_path, files)
    (tmp_path / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    outcome = run_action(CodeRefactor(), "clones", tmp_path)
    assert {(f.path, f.line, f.end_line, f.severity) for f in outcome.findings} == {
        ("-b c.py", 5, 18, "low"),
        ("tests/test_a.py", 1, 14, "info"),
    }
    assert "14 lines stand in 2 places: here and in a.py:2" in outcome.findings[0].message
    verdict, words = result(outcome)
    assert verdict == Verdict.PASS
    assert "1 file not in UTF-8 left out" in words
    assert "Python alone" in words
    put(tmp_path, {"a.py": "x = 1\n", "tests/test_b.py": "y = 1\n"})
    clean = run_action(CodeRefactor(), "clones", tmp_path)
    assert (clean.findings, clean.metrics()["refactor.duplication"]) == ((), 0)


def test_only_imports_that_stand_twice_are_mere_information(tmp_path: Path, without_jscpd: None) -> None:
    text = "".join(f"from package{n} import name{n}\n" for n in range(12))
    outcome = run_action(CodeRefactor(), "clones", put(tmp_path, {"a.py": text, "b.py": text + "x = 1\n"}))
    assert [(f.path, f.severity) for f in outcome.findings] == [("a.py", "info")]
    assert "12 lines of imports stand in 2 places" in outcome.findings[0].message


def test_scripts_without_jscpd_are_unknown(tmp_path: Path, without_jscpd: None) -> None:
    verdict, words = result(run_action(CodeRefactor(), "clones", put(tmp_path, {"x.ts": SCRIPT, "y.ts": SCRIPT})))
    assert (verdict, "without jscpd only Python is compared" in words) == (Verdict.UNKNOWN, True)


def test_pairs_of_the_same_piece_are_one_group() -> None:
    a, b, c = Place("a", 1, 20), Place("b", 5, 24), Place("c", 1, 20)
    far = Clone(Place("a", 100, 120), Place("b", 100, 120), 20, 300)
    groups = grouped([Clone(a, b, 20, 200), Clone(Place("b", 6, 24), c, 19, 190), far])
    assert [(group.places, group.tokens) for group in groups] == [
        ((far.first, far.second), 300),
        ((a, b, c), 200),
    ]
    itself = grouped([Clone(Place("a", 1, 10), Place("a", 3, 12), 10)])
    assert itself[0].places == (Place("a", 1, 10), Place("a", 3, 12))
