"""What differs between two runs, by value."""

from dataclasses import replace
from typing import Any

from callboard.core.resources import Lock, Needs
from callboard.core.task import Limits, TaskSpec
from callboard.desk.differences import finding_changes, setting_changes, task_changes
from callboard.learn.spread import Spread, spread_of


def task(
    name: str, state: str = "succeeded", verdict: str | None = "pass", seconds: float = 10.0, run: int = 2
) -> dict[str, Any]:
    ran = state not in ("skipped", "unchanged", "waiting")
    return {
        "id": f"{run}.{name}", "name": name, "state": state, "verdict": verdict, "reason": f"{name} says", "agent": "quality",
        "started": 100.0 if ran else None, "ended": 100.0 + seconds if ran else None, "cpu_s": 1.0, "peak_mb": 5.0,
    }  # fmt: skip


def changed(now: list[dict[str, Any]], then: list[dict[str, Any]], **spreads: Spread) -> dict[str, dict[str, str]]:
    """Kind of change -> name -> words, of those kinds that there are."""
    groups, _ = task_changes(now, then, 1, spreads)
    return {group["change"]: {row["name"]: row["words"] for row in group["of"]} for group in groups if group["count"]}


def test_tasks_are_broken_cured_still_broken_new_gone_or_no_longer_known() -> None:
    now = [
        task("a", "failed", "fail"), task("b"), task("c", "timed out", None), task("d", "skipped", None),
        task("e", verdict="unknown"), task("f"), task("g", "waiting", None), task("h", verdict="fail"),
        task("i", "unchanged"), task("j"),
    ]  # fmt: skip
    then = [
        task("a"), task("b", "failed", "fail"), task("c", "failed", "fail"), task("d"), task("e"), task("x", "failed", "fail"),
        task("g"), task("h", verdict="unknown"), task("i"), task("j", verdict="unknown"),
    ]  # fmt: skip
    assert changed(now, then) == {
        "newly broken": {"a": "succeeded in run 1", "h": "unknown in run 1"},
        "no longer known": {"d": "succeeded in run 1, skipped now", "e": "succeeded in run 1, unknown now"},
        "cured": {"b": "failed in run 1", "j": "unknown in run 1"},
        "new": {"f": "not in run 1; succeeded now"},
        "gone": {"x": "failed in run 1"},
        "still broken": {"c": "failed in run 1 too"},
    }
    assert task_changes(now, then, 1)[1] == {"same": 1, "open": 1, "unjudged": 0}


def test_slower_and_faster_are_told_only_beyond_the_noise_of_earlier_tries() -> None:
    steady = spread_of([10.0, 10.1, 9.9, 10.0, 10.2, 9.8])
    wild = spread_of([5.0, 20.0, 9.0, 14.0, 8.0, 17.0])
    then = [task("a"), task("b"), task("c"), task("d"), task("e")]
    now = [
        task("a", seconds=13.0),
        task("b", seconds=13.0),
        task("c", seconds=7.0),
        task("d", seconds=10.9),
        task("e", seconds=10.4),
    ]
    found = changed(now, then, a=steady, b=wild, c=steady, d=steady, e=steady)
    assert found == {
        "slower": {
            "a": "13 s, 10 s in run 1; usually 9.9 s to 10 s (6 tries); 1.0 s of CPU, hardly more than before: it waited"
        },
        "faster": {"c": "7.0 s, 10 s in run 1; usually 9.9 s to 10 s (6 tries)"},
    }
    worked = {**task("a", seconds=13.0), "cpu_s": 4.0}
    assert changed([worked], [task("a")], a=steady) == {
        "slower": {"a": "13 s, 10 s in run 1; usually 9.9 s to 10 s (6 tries)"}
    }
    assert (round(steady.noise, 2), round(wild.noise, 1)) == (1.0, 20.0)


def test_with_too_few_tries_a_large_difference_is_said_to_be_unjudged_and_a_small_one_is_nothing() -> None:
    few = spread_of([10.0, 10.1])
    then = [task("a"), task("b"), task("c")]
    groups, rest = task_changes(
        [task("a", seconds=30.0), task("b", seconds=11.0), task("c", seconds=30.0)], then, 1, {"a": few, "b": few}
    )
    (group,) = [group for group in groups if group["count"]]
    assert group["change"] == "too little known"
    assert [row["words"] for row in group["of"]] == [
        "30 s, 10 s in run 1; 2 earlier tries are too few to tell that from noise, 5 are needed",
        "30 s, 10 s in run 1; 0 earlier tries are too few to tell that from noise, 5 are needed",
    ]
    assert (rest["same"], rest["unjudged"]) == (1, 3)


def test_a_broken_task_is_not_called_faster_because_it_failed_early() -> None:
    spread = spread_of([10.0] * 6)
    assert list(changed([task("a", "failed", "fail", 0.1)], [task("a")], a=spread)) == ["newly broken"]
    assert list(changed([task("a", "failed", "fail", 0.1)], [task("a", "failed", "fail")], a=spread)) == [
        "still broken"
    ]


def finding(fingerprint: str, task: str, rule: str = "E501", severity: str = "low", **more: Any) -> dict[str, Any]:
    return {
        "id": f"f{fingerprint}", "run": 2, "severity": severity, "rule": rule, "path": "a.py", "line": 3, "message": "too long",
        "tasks": [task], "agents": ["quality"], "accepted": "", "fingerprint": fingerprint, **more,
    }  # fmt: skip


def test_findings_are_new_gone_or_still_there_by_fingerprint_and_what_was_not_looked_for_is_not_gone() -> None:
    now = [finding("1", "2.0"), finding("2", "2.0", line=90), finding("3", "2.0", "S105", "high"), finding("", "2.1")]
    then = [
        finding("2", "1.0"),
        finding("4", "1.0"),
        finding("5", "1.7"),
        finding("6", "1.7", tasks=["1.7", "1.0"]),
        finding("", "1.1"),
    ]
    found = {group["change"]: group for group in finding_changes(now, then, ["1.7", "1.8"])}
    assert [(rule["rule"], rule["count"]) for rule in found["new"]["rules"]] == [("S105", 1), ("E501", 1)]
    assert [row["fingerprint"] for rule in found["gone"]["rules"] for row in rule["of"]] == ["4", "6"]
    assert [row["fingerprint"] for rule in found["still"]["rules"] for row in rule["of"]] == ["2", ""] or found[
        "still"
    ]["count"] == 2
    assert [row["fingerprint"] for rule in found["not looked for"]["rules"] for row in rule["of"]] == ["5"]


def test_settings_that_changed_are_named_with_what_they_were_and_what_was_learned_is_none() -> None:
    then = TaskSpec(
        "tests", action="quality.tests", options={"timeout": 60, "api_key": "old"}, depends=(), needs=Needs(1.0, 256.0)
    )
    learned = {"declared": {"cpus": 1.0, "memory_mb": 256.0}, "words": "used less"}
    now = replace(
        then, options={"timeout": 120, "api_key": "new", "fast": True}, limits=Limits(60.0), depends=(1,),
        needs=Needs(0.3, 90.0, (Lock("db"),)), learned=learned,
    )  # fmt: skip
    other = TaskSpec("lint")
    found = {row["what"]: (row["then"], row["now"]) for row in setting_changes([now, other], [then])}
    assert found == {
        "depends on": ("", "lint"),
        "locks": ("", "db"),
        "options.api_key": ("(hidden)", "(hidden)"),
        "options.fast": ("", "True"),
        "options.timeout": ("60", "120"),
        "time limit (s)": ("900", "60"),
    }
    assert setting_changes([then], [then]) == []
