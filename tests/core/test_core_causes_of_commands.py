"""Commands that end with plain words: they go to the cause of what they go through, and not to another one."""

from dataclasses import replace
from typing import Any

import pytest

from callboard.core.case_facts import Symptom
from callboard.core.cases import Taught
from callboard.core.correlate import correlate
from callboard.core.correlate_scene import Known, Region, Scene
from callboard.desk.case_unknown import UnknownLooks
from callboard.learn.symptoms import Look, seen_by

TESTS = ("tests/test_cart.py", ("shop/cart.py",))
CHANGED = {"shop/cart.py": (Region(3, 5, "total"),), "shop/text.py": (Region(1, 2, "plural"),)}


def task(check: str, words: str, **more: Any) -> Symptom:
    given = {"kind": "task", "rule": "task-failed", "severity": "high", "title": words, **more}
    return Symptom(check, check, message=f"exit 1: {words}", **given)


def test(mark: str, message: str, path: str, **more: Any) -> Symptom:
    given = {"kind": "test", "rule": "test-failed", "severity": "high", "title": message, "line": 5, **more}
    return Symptom("quality.tests", mark, message=message, path=path, **given)


test.__test__ = False  # type: ignore[attr-defined]


def together(*symptoms: Symptom, scene: Scene = Scene()) -> list[list[str]]:
    return sorted(sorted(s.fingerprint for s in g.symptoms) for g in correlate(symptoms, scene, (), Taught()))


def scene_of(*symptoms: Symptom, **starts: tuple[str, ...]) -> Scene:
    reaches = {
        "tests/test_cart.py": ("shop/cart.py",), "tests/test_text.py": ("shop/text.py",),
        "smoke.py": ("shop/cart.py",), "words.py": ("shop/text.py",), "all.py": ("shop/cart.py", "shop/text.py"),
    }  # fmt: skip
    return Scene(changed=CHANGED, reaches=reaches, starts=starts, fresh=frozenset(s.key for s in symptoms))


def test_a_command_with_plain_words_goes_to_the_tests_of_the_changed_file_that_it_goes_through() -> None:
    cart, text = (test(m, f"{m}: assert 1 == 2", f"tests/test_{m}.py") for m in ("cart", "text"))
    smoke, words = task("smoke", "an order costs 450"), task("words", "who says cupss?")
    every = (cart, text, smoke, words)
    scene = scene_of(*every, smoke=("smoke.py",), words=("words.py",))
    assert together(*every, scene=scene) == [["cart", "smoke"], ["text", "words"]]
    (group, *_) = correlate((cart, smoke), scene, (), Taught())
    assert (
        group.cause.words
        == "shop/cart.py was changed, and what goes through it fails since: two checks stumbled over it"
    )
    slow = task("smoke", "ran longer than its limit of 20 s", rule="task-timeout")
    assert together(cart, slow, scene=scene_of(cart, slow, smoke=("smoke.py",))) == [["cart", "smoke"]]
    assert together(cart, smoke, scene=scene_of(cart, smoke)) == [["cart"], ["smoke"]], (
        "nothing tells what it goes through"
    )
    full = task("smoke", "write failed: No space left on device")
    assert together(cart, full, scene=scene_of(cart, full, smoke=("smoke.py",))) == [["cart"], ["smoke"]]


def test_a_command_through_two_changed_files_goes_to_neither_for_it_may_be_of_the_other() -> None:
    cart = test("cart", "cart: assert 1 == 2", "tests/test_cart.py")
    every = task("all", "the books are out")
    assert together(cart, every, scene=scene_of(cart, every, all=("all.py",))) == [["all"], ["cart"]]


def test_what_waits_for_a_command_does_not_keep_it_from_the_change() -> None:
    cart, smoke = test("cart", "cart: assert 1 == 2", "tests/test_cart.py"), task("smoke", "an order costs 450")
    late = task("send", "needs smoke, which failed", rule="task-skipped", severity="medium")
    scene = replace(scene_of(cart, smoke, smoke=("smoke.py",)), needs={late.key: "smoke"})
    (first,) = correlate((smoke, late), scene, (), Taught())
    (group,) = correlate((cart,), scene, [Known(7, first.cause, first.symptoms, may_join=True)], Taught())
    assert (group.case, group.cause.about) == (7, "shop/cart.py")


@pytest.mark.parametrize(
    "words",
    [
        "curl: (28) Operation timed out after 3001 milliseconds with 0 bytes received",
        "rates are asked: The operation was aborted due to timeout",
        "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='rates', port=80): Read timed out. (read timeout=2)",
    ],
)
def test_a_service_that_does_not_answer_in_time_is_one_cause_and_a_slow_program_another(words: str) -> None:
    python = test("rate", "test_rate: TimeoutError: timed out (in shop/rates.py:11)", "tests/test_rates.py")
    own = task("own", "ran longer than its limit of 20 s", rule="task-timeout")
    (first, *_) = groups = correlate((python, task("up", words), own), Scene(), (), Taught())
    assert sorted(len(group.symptoms) for group in groups) == [1, 2]
    assert first.cause.about == "in time"
    assert first.title == "A service that is needed does not answer in time"


def test_a_fetch_that_failed_goes_to_the_port_at_which_nobody_answers() -> None:
    curl = task("up", "curl: (7) Failed to connect to 127.0.0.1 port 18451 after 0 ms: Couldn't connect to server")
    node = test("node", "rates are asked: fetch failed", "src/settings.js", line=13)
    (group,) = correlate((node, curl), Scene(), (), Taught())
    assert group.cause.about == "port 18451"


def test_a_test_that_runs_a_script_goes_to_the_failure_of_that_script() -> None:
    plan = task("plan", "bin/plan.sh: 4: gojq: not found", path="bin/plan.sh", line=4)
    words = (
        "t: subprocess.CalledProcessError: Command '['sh', '-c', 'sh bin/plan.sh']' returned non-zero exit status 1."
    )
    ran = test("ran", words, "tests/test_scripts.py", line=8)
    other = test("other", words.replace("plan.sh", "plan.shx"), "tests/test_scripts.py", line=9)
    assert together(plan, ran, other) == [["other"], ["plan", "ran"]]
    started = task("plan", "nothing to plan")
    assert together(started, ran, scene=Scene(starts={"plan": ("bin/plan.sh",)})) == [["plan", "ran"]]


def test_a_type_that_is_unknown_goes_with_the_one_name_that_is_missing_in_its_file() -> None:
    def of_mypy(mark: str, message: str, path: str) -> Symptom:
        return Symptom(
            "quality.types", mark, "finding", mark, "medium", message, path, 3, message, witnesses=(("mypy", "1"),)
        )

    lacks = of_mypy("attr-defined", 'Module "shop.pricing" has no attribute "total"', "shop/cart.py")
    any_ = of_mypy("no-any-return", 'Returning Any from function declared to return "int"', "shop/cart.py")
    assert together(lacks, any_) == [["attr-defined", "no-any-return"]]
    assert len(together(lacks, of_mypy("no-any-return", any_.message, "shop/web.py"))) == 2
    assert len(together(lacks, of_mypy("arg-type", "Argument 1 has type int", "shop/cart.py"))) == 2


def test_a_check_that_knew_nothing_joins_what_comes_later_in_its_run() -> None:
    def look(run: int, check: str, state: str, reason: str) -> Look:
        verdict = "unknown" if state == "succeeded" else ""
        return Look("/repo", run, 1, check, "", "a.b" if verdict else "", state, verdict, "exited", reason, 1, 100.0)

    kept = UnknownLooks()
    early = [(one, seen_by(one)) for one in [look(1, "api", "succeeded", "No module named 'attrs'")]]
    assert kept.before(early) == ()
    assert correlate(early[0][1].symptoms, Scene(), (), Taught()) == []
    late = look(1, "smoke", "failed", "exit 1: ModuleNotFoundError: No module named 'attrs'")
    earlier = kept.before([(late, seen_by(late))])
    (group,) = correlate((*earlier, *seen_by(late).symptoms), Scene(), (), Taught())
    assert [s.check for s in group.symptoms] == ["api", "smoke"]
    again = correlate((*earlier, *seen_by(late).symptoms), Scene(), [Known(7, group.cause, group.symptoms)], Taught())
    assert [one.case for one in again] == [7]
    assert kept.before([(look(2, "smoke", "failed", "exit 1"), seen_by(late))]) == (), "another run"


def test_what_goes_through_several_changed_files_goes_to_the_nearest_where_that_alone_is_shown_to_be_broken() -> None:
    cart, text = (test(m, f"{m}: assert 1 == 2", f"tests/test_{m}.py") for m in ("cart", "text"))
    every = task("all", "the books are out")
    scene = replace(scene_of(cart, text, every, all=("all.py",)), nearest={"all.py": "shop/cart.py"})
    assert together(cart, every, scene=scene) == [["all", "cart"]]
    assert together(text, every, scene=scene) == [["all"], ["text"]], "another one is broken, the nearest is not"
    assert together(cart, text, every, scene=scene) == [["all"], ["cart"], ["text"]], "both are"
