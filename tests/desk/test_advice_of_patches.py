"""Which cases a waiting patch is said to mend, and about which job an alert is, by value."""

from callboard.core.alerts import Alert
from callboard.core.case_facts import Cause, Symptom
from callboard.core.cases import Case
from callboard.desk.advice_facts_of import alert_fact
from callboard.desk.advice_offers import told_by, touched

LINES = {"a.py": [(4, 4), (10, 12)]}


def case(*symptoms: Symptom) -> Case:
    return Case(1, "/w", "t", "high", Cause("single"), 0.0, 0.0, 0.0, 0.0, symptoms={one.key: one for one in symptoms})


def seen(mark: str, line: int, rule: str = "F401", **more: object) -> Symptom:
    given = {"path": "a.py", "line": line, "kind": "finding", **more}
    return Symptom("quality.lint", mark, rule=rule, severity="high", title="t", **given)  # type: ignore[arg-type]


def test_a_case_is_mended_when_all_that_is_left_of_it_stands_on_changed_lines_of_mended_rules() -> None:
    assert touched(case(seen("1", 4), seen("2", 11)), LINES, {"F401": 2}) == 1.0
    assert touched(case(seen("1", 4), seen("2", 7)), LINES, {"F401": 2}) == 0.5
    assert touched(case(seen("1", 4), seen("2", 7, gone=9.0)), LINES, {"F401": 2}) == 1.0
    assert touched(case(seen("1", 4, path="b.py")), LINES, {"F401": 2}) == 0.0
    assert touched(case(seen("1", 4, rule="E999")), LINES, {"F401": 2}) == 0.0
    assert touched(case(seen("1", 4, rule="E999")), LINES, None) == 1.0
    assert touched(case(seen("1", 4, kind="test")), LINES, None) == 0.0
    assert touched(case(), LINES, None) == 0.0


def test_plugins_are_asked_about_the_worst_of_each_family_that_is_there() -> None:
    symptoms = [seen(f"{n}", n, family="one") for n in range(5)]
    other, gone = seen("x", 9, family="two"), seen("y", 9, family="three", gone=1.0)
    assert [one.fingerprint for one in told_by(case(*symptoms, other, gone))] == ["0", "x"]


def test_an_alert_of_a_task_names_its_job_without_the_workspace() -> None:
    alert = Alert(
        "task-broken:/w:infra.deploy:dev",
        "task-broken",
        "high",
        "it failed",
        "",
        "",
        "/w",
        "",
        "infra",
        1,
        2,
        1,
        0.0,
        0.0,
        0.0,
    )
    assert alert_fact(alert).job == "infra.deploy:dev"
