"""One cause with many witnesses is one finding, and is named before the tasks that stumbled over it."""

from typing import Any

from callboard.reports import sarif_of_run
from callboard.witnesses import causes, merged

WHERE = "backend/pyproject.toml"


def row(number: int, task: str, **more: Any) -> dict[str, Any]:
    found = {
        "id": f"f{number}", "run": 1, "task": task, "agent": "quality", "rule": "unparsable", "severity": "high",
        "path": WHERE, "line": 7, "column": 0, "message": f"{WHERE} cannot be read: Expected '='", "help": "mend it",
        "fingerprint": "aa", "accepted": "", "since": 5.0, "is_new": True, "at": 5.0,
        "witnesses": [{"tool": "ruff", "version": "1"}],
    }  # fmt: skip
    return found | more


def task(name: str, place: int, state: str = "succeeded", verdict: str | None = "unknown") -> dict[str, Any]:
    return {"id": f"1.{place}", "name": name, "state": state, "verdict": verdict}


def test_equal_fingerprints_of_a_run_are_one_with_the_worst_severity_and_all_witnesses() -> None:
    (one, other, foreign) = merged(
        [
            row(
                12,
                "1.10",
                agent="refactor",
                severity="critical",
                witnesses=[],
                message="worst",
                line=0,
                is_new=False,
                since=2.0,
            ),
            row(3, "1.2"),
            row(4, "1.2", witnesses=[{"tool": "ruff", "version": "1"}, {"tool": "mypy", "version": "2"}]),
            row(5, "1.3", fingerprint="bb"),
            row(6, "2.3", run=2),
        ]
    )
    assert (one["id"], one["severity"], one["message"], one["line"]) == ("f12", "critical", "worst", 7)
    assert one["witnesses"] == [{"tool": "ruff", "version": "1"}, {"tool": "mypy", "version": "2"}]
    assert (one["tasks"], one["agents"], one["ids"]) == (["1.2", "1.10"], ["quality", "refactor"], ["f3", "f4", "f12"])
    assert (one["since"], one["is_new"], one["accepted"]) == (2.0, False, "")
    assert (other["tasks"], foreign["tasks"], foreign["run"]) == (["1.3"], ["2.3"], 2)


def test_findings_without_a_fingerprint_stay_apart_and_one_is_accepted_only_when_all_are() -> None:
    assert len(merged([row(1, "1.1", fingerprint=""), row(2, "1.2", fingerprint="")])) == 2
    assert merged([row(1, "1.1", accepted="until"), row(2, "1.2")])[0]["accepted"] == ""
    assert merged([row(1, "1.1", accepted="until"), row(2, "1.2", accepted="until")])[0]["accepted"] == "until"


def test_what_two_failed_or_unknown_tasks_share_is_their_cause_and_the_widest_comes_first() -> None:
    tasks = [
        task("quality.lint", 0), task("refactor.fixes", 1, "failed", "fail"), task("api.contract", 2, "succeeded", "pass"),
        task("quality.types", 3), task("late", 4, "running", None),
    ]  # fmt: skip
    rows = [row(n, f"1.{place}") for n, place in ((1, 0), (2, 1), (3, 2), (4, 4))]
    rows += [row(n, f"1.{place}", fingerprint="wide", path="a.py") for n, place in ((5, 0), (6, 1), (7, 3))]
    rows += [row(8, "1.0", fingerprint="fine"), row(9, "1.2", fingerprint="fine")]
    rows += [row(n, f"1.{n - 10}", fingerprint="small", severity="low") for n in (10, 11)]
    rows += [row(n, f"1.{n - 12}", fingerprint="lived with", accepted="until") for n in (12, 13)]
    wide, shared = causes(merged(rows), tasks)
    assert (wide["fingerprint"], wide["path"], wide["tasks"]) == ("wide", "a.py", ["1.0", "1.1", "1.3"])
    assert (shared["finding"], shared["tasks"], shared["names"]) == (
        "f1", ["1.0", "1.1"], ["quality.lint", "refactor.fixes"],
    )  # fmt: skip
    assert (shared["message"], shared["line"]) == (f"{WHERE} cannot be read: Expected '='", 7)


def test_sarif_of_a_run_has_a_merged_finding_once() -> None:
    told = sarif_of_run(merged([row(1, "1.1"), row(2, "1.2", witnesses=[{"tool": "bandit", "version": "3"}])]), "0")
    assert [(run["tool"]["driver"]["name"], len(run["results"])) for run in told["runs"]] == [("ruff", 1)]
    assert told["runs"][0]["results"][0]["properties"]["witnesses"] == ["ruff 1", "bandit 3"]
