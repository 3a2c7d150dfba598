"""Response times against what is usual, a small load, and the table of operations."""

import os
from pathlib import Path
from typing import Any

import pytest

from callboard.api import CallboardError, Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_api_test import APITestAgent
from callboard_api_test.baseline import Usual

APP = """\
import os
import time

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/fast")
def fast() -> int:
    return 1


@app.get("/slow")
def slow() -> int:
    time.sleep(DELAY)
    return 2


@app.get("/broken")
def broken() -> int:
    raise RuntimeError("planted")
"""


def app(delay: float, more: str = "") -> dict[str, str]:
    return {"main.py": APP.replace("DELAY", str(delay)) + more}


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def rows(outcome: Outcome) -> dict[str, list[Any]]:
    return {row[0]["text"]: row for row in outcome.sections()["operations"][1]["rows"]}


@pytest.mark.long
def test_a_regression_is_said_against_what_is_usual_and_can_be_accepted(tmp_path: Path) -> None:
    work, data = put(tmp_path / "work", app(0)), tmp_path / "data"
    options = {"requests": 3}
    first = run_action(APITestAgent(), "latency", work, options, data=data)
    assert "nothing to compare with yet" in told(first)[1]
    run_action(APITestAgent(), "latency", work, options, data=data)
    put(work, app(0.1))
    slow = run_action(APITestAgent(), "latency", work, options, data=data)
    (finding,) = [f for f in slow.findings if f.rule == "slower-than-usual"]
    assert (finding.severity, finding.path, finding.line) == (Severity.MEDIUM, "main.py", 14)
    assert "median of 2 runs here), and a second measurement agrees" in finding.message
    assert "accept_baseline=true" in finding.help
    assert "1 slower than usual (GET /slow)" in told(slow)[1]
    row = rows(slow)["GET /slow"]
    assert row[7] == {"text": "slower", "state": "unsure"}
    act = row[8]["act"]
    assert (act["action"], act["options"]["operation"]) == ("api.latency", "GET /slow")
    again = run_action(APITestAgent(), "latency", work, options, data=data)
    assert "slower-than-usual" in again.rules(), "a regression does not become the usual by being seen twice"
    accepted = run_action(APITestAgent(), "latency", work, {**options, **act["options"]}, data=data)
    assert "this is the new baseline" in told(accepted)[1]
    after = run_action(APITestAgent(), "latency", work, options, data=data)
    assert "slower-than-usual" not in after.rules()
    assert rows(after)["GET /slow"][7]["text"] == "fine"
    assert rows(after)["GET /broken"][7] == {"text": "fails", "state": "bad"}
    assert after.metrics()["api.p95.GET /slow"] >= 100


def test_what_counts_as_slower() -> None:
    assert not Usual(100, 1).is_slower(900), "one run is no custom"
    assert not Usual(100, 2).is_slower(150)
    assert Usual(100, 2).is_slower(151)
    assert not Usual(1, 5).is_slower(21)
    assert Usual(1, 5).is_slower(22)


def test_a_small_load_keeps_its_pace(tmp_path: Path) -> None:
    put(tmp_path, app(0.005))
    outcome = run_action(APITestAgent(), "load", tmp_path, {"rate": 20, "seconds": 1})
    verdict, words = told(outcome)
    assert verdict is Verdict.PASS
    assert words.startswith("20 requests in ")
    assert "to 2 operations of main:app" in words
    assert "0.0% errors" in words
    assert outcome.metrics()["api.load.errors"] == 0


def test_a_stall_is_not_hidden_by_waiting_for_answers(tmp_path: Path) -> None:
    """One connection, 10 requests a second, each answered in 0.3 s: the last waits for all before it."""
    put(
        tmp_path,
        {
            "main.py": APP.replace("DELAY", "0.3")
            .replace('@app.get("/fast")\n', "")
            .replace('@app.get("/broken")\n', "")
        },
    )
    outcome = run_action(APITestAgent(), "load", tmp_path, {"rate": 10, "seconds": 1, "concurrency": 1})
    assert outcome.metrics()["api.load.p95"] > 1500
    assert {(f.rule, f.severity) for f in outcome.findings} == {("load-not-kept-up", Severity.MEDIUM)}


def test_errors_that_come_with_load_are_found(tmp_path: Path) -> None:
    failing = 'COUNT = [0]\n\n\n@app.get("/tired")\ndef tired() -> int:\n    COUNT[0] += 1\n'
    failing += "    return 1 if COUNT[0] < 4 else 1 // 0\n"
    put(tmp_path, app(0, "\n\n" + failing))
    outcome = run_action(APITestAgent(), "load", tmp_path, {"rate": 20, "seconds": 1})
    assert ("load-errors", Severity.HIGH) in {(f.rule, f.severity) for f in outcome.findings}
    assert told(outcome)[0] is Verdict.FAIL


def test_the_rate_is_bounded(tmp_path: Path) -> None:
    put(tmp_path, app(0))
    for options in ({"rate": 51}, {"seconds": 31}, {"concurrency": 33}):
        with pytest.raises(CallboardError, match="its maximum is"):
            run_action(APITestAgent(), "load", tmp_path, options)


def test_the_contract_fills_the_table_and_says_how_to_repeat_it(tmp_path: Path) -> None:
    put(tmp_path, app(0))
    options = {"max_examples": 2, "stateful": False, "operation": "GET /broken", "mode": "positive"}
    outcome = run_action(APITestAgent(), "contract", tmp_path, options)
    (finding,) = [f for f in outcome.findings if f.rule == "not_a_server_error"]
    assert "callboard do api.contract -o app=main:app -o seed=1 -o 'operation=GET /broken'" in finding.help
    assert rows(outcome)["GET /broken"][6].startswith("Server error")
    wrong = run_action(APITestAgent(), "contract", tmp_path, {"operation": "GET /nowhere"})
    assert told(wrong)[0] is Verdict.UNKNOWN
    assert "which the schema does not have; it has GET /fast" in told(wrong)[1]
    assert os.listdir(tmp_path) == ["main.py"]
