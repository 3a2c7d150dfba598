"""Each rule by which symptoms are one case, by value: what it joins, its words, and what it must leave apart."""

from dataclasses import replace
from typing import Any

import pytest

from callboard.core.case_facts import Cause, Symptom
from callboard.core.cases import Taught, pair
from callboard.core.correlate import correlate
from callboard.core.correlate_scene import Group, Known, Region, Scene

BOTH = frozenset({"quality.tests\x1fa", "quality.tests\x1fb", "start\x1fa", "start\x1fb"})


def seen(mark: str, message: str = "", check: str = "quality.tests", **more: Any) -> Symptom:
    given = {"kind": "test", "rule": "test-failed", "severity": "high", "title": message or mark, **more}
    return Symptom(check, mark, message=message, **given)


def task(mark: str, message: str, check: str = "start", **more: Any) -> Symptom:
    return seen(mark, message, check, **{"kind": "task", "rule": "task-failed", **more})


def grouped(*symptoms: Symptom, scene: Scene = Scene(), known: tuple[Known, ...] = ()) -> list[Group]:
    return correlate(symptoms, scene, known, Taught())


def marks(groups: list[Group]) -> list[list[str]]:
    return sorted(sorted(f"{s.check} {s.fingerprint}" for s in group.symptoms) for group in groups)


@pytest.mark.parametrize(
    ("one", "other", "kind", "about"),
    [
        (
            seen("a", "x cannot be read: …", rule="unparsable", path="x.py"),
            task("b", "exit 1: SyntaxError: bad (in x.py:3)"),
            "file",
            "x.py",
        ),
        (
            seen("a", "a.py: ModuleNotFoundError: No module named 'yaml'"),
            task("b", "exit 1: ModuleNotFoundError: No module named 'yaml'"),
            "dependency",
            "yaml",
        ),
        (
            seen("a", "'left_pad' imported but missing from the dependency definitions"),
            task("b", "Error: Cannot find module 'left-pad'"),
            "dependency",
            "left_pad",
        ),
        (
            seen("a", "t: KeyError: 'SHOP_KEY' (in shop/a.py:3)"),
            task("b", "Missing required environment variable SHOP_KEY"),
            "setting",
            "SHOP_KEY",
        ),
        (
            seen("a", "t: OSError: [Errno 28] No space left on device"),
            task("b", "ENOSPC: no space left"),
            "host",
            "disk",
        ),
        (
            seen("a", "t: OSError: [Errno 98] Address already in use: port 8000"),
            task("b", "listen EADDRINUSE: address already in use :::8000"),
            "host",
            "port 8000",
        ),
        (
            seen("a", "t: getaddrinfo ENOTFOUND db"),
            task("b", "Temporary failure in name resolution"),
            "host",
            "network",
        ),
        (
            seen("a", "t: ConnectionRefusedError: connect ECONNREFUSED 127.0.0.1:5432"),
            task("b", "Connection refused: port 5432"),
            "setup",
            "port 5432",
        ),
        (
            seen("a", "t: jinja2.exceptions.TemplateNotFound: index.html"),
            task("b", "No such file or directory: '/srv/shop/templates/index.html'"),
            "file",
            "index.html",
        ),
        (
            seen("a", "t: ImportError: cannot import name 'total' from 'shop.cart'"),
            seen("b", 'Module "shop.cart" has no attribute "total"', "types"),
            "file",
            "cart.total",
        ),
        (
            seen("a", "t: ValueError: no 7 (in shop/a.py:3)"),
            task("b", "exit 1: ValueError: no 9 (in shop/a.py:3)"),
            "file",
            "shop/a.py",
        ),
        (
            seen("a", "fixture 'store' not found", rule="test-error"),
            seen("b", "fixture 'store' not found", rule="test-error"),
            "setup",
            "store",
        ),
    ],
)
def test_the_same_words_of_tools_are_the_same_cause(one: Symptom, other: Symptom, kind: str, about: str) -> None:
    (group,) = grouped(one, other)
    assert (group.cause.kind, group.cause.about) == (kind, about)
    assert group.cause.words
    assert all(symptom.why for symptom in group.symptoms)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            seen("a", "a.py cannot be read", rule="unparsable", path="a.py"),
            seen("b", "b.py cannot be read", rule="unparsable", path="b.py"),
        ),
        (task("a", "No module named 'yaml'"), task("b", "No module named 'toml'", "export")),
        (
            seen("a", "t: KeyError: 'SHOP_KEY' (in shop/env.py:3)"),
            seen("b", "t: KeyError: 'SHOP_URL' (in shop/env.py:3)"),
        ),
        (seen("a", "t: EADDRINUSE :::8000"), seen("b", "t: EADDRINUSE :::9000")),
        (seen("a", "t: ValueError: no (in shop/a.py:3)"), seen("b", "t: ValueError: no (in shop/a.py:30)")),
        (
            seen("a", "t: AssertionError: no (in tests/tools.py:3)"),
            seen("b", "t: AssertionError: no (in tests/tools.py:3)"),
        ),
        (
            seen("a", "t1: assert 1 == 2", path="tests/test_a.py", line=3),
            seen("b", "t2: assert 3 == 4", path="tests/test_a.py", line=9),
        ),
        (
            seen("a", "a password", kind="finding", rule="secret", path="a"),
            seen("b", "a key", kind="finding", rule="secret", path="b"),
        ),
    ],
)
def test_what_only_looks_alike_stays_apart(one: Symptom, other: Symptom) -> None:
    assert len(grouped(one, other)) == 2


def test_who_cannot_read_json_met_the_one_file_that_is_broken() -> None:
    broken = seen("a", "shop/p.json cannot be read: no JSON", "schema", rule="unparsable", path="shop/p.json")
    reader = seen("b", "t: json.decoder.JSONDecodeError: Expecting ',' (in shop/p.py:8)")
    (group,) = grouped(broken, reader)
    assert group.cause == Cause("file", "shop/p.json", "shop/p.json cannot be read: two checks stumbled over it")
    other = seen("c", "web/q.json cannot be read: no JSON", "schema", rule="unparsable", path="web/q.json")
    assert marks(grouped(broken, reader, other)) == [["quality.tests b", "schema a"], ["schema c"]]
    toml = seen("d", "t: tomllib.TOMLDecodeError: bad (in shop/c.py:8)")
    assert marks(grouped(broken, toml)) == [["quality.tests d"], ["schema a"]]


def test_failures_that_go_through_the_one_changed_place_are_one_and_another_place_is_another() -> None:
    tests = [
        seen("a", "t1: assert 1 == 2", path="tests/test_a.py"),
        seen("b", "t2: assert 3 == 4", path="tests/test_b.py"),
    ]
    through = {"tests/test_a.py": ("shop/cart.py",), "tests/test_b.py": ("shop/cart.py",)}
    one = {"shop/cart.py": (Region(3, 5, "total"),)}
    (group,) = grouped(*tests, scene=Scene(changed=one, reaches=through, fresh=BOTH))
    assert group.cause.kind == "commit"
    assert group.cause.about == "shop/cart.py"
    two = {"shop/cart.py": (Region(3, 5, "total"), Region(30, 33, "clear"))}
    assert len(grouped(*tests, scene=Scene(changed=two, reaches=through, fresh=BOTH))) == 2
    named = {tests[0].key: frozenset({"total"}), tests[1].key: frozenset({"clear"})}
    assert len(grouped(*tests, scene=Scene(changed=two, reaches=through, mentions=named, fresh=BOTH))) == 2
    named[tests[1].key] = frozenset({"total"})
    assert len(grouped(*tests, scene=Scene(changed=two, reaches=through, mentions=named, fresh=BOTH))) == 1
    both = {"tests/test_a.py": ("shop/cart.py",), "tests/test_b.py": ("shop/cart.py", "shop/stock.py")}
    more = one | {"shop/stock.py": (Region(1, 1),)}
    assert len(grouped(*tests, scene=Scene(changed=more, reaches=both, fresh=BOTH))) == 2
    assert len(grouped(*tests, scene=Scene(changed=one, reaches=through))) == 2, "neither is new since that change"


def test_a_word_that_a_commit_took_out_is_the_cause_of_who_misses_it() -> None:
    scene = Scene(changed={"rules.yaml": (Region(1, 1),)}, gone={"daily": "rules.yaml"}, fresh=BOTH)
    (group,) = grouped(
        seen("a", "t: KeyError: 'daily'"), task("b", "exit 1: KeyError: 'daily' (in rules.py:4)"), scene=scene
    )
    assert group.cause == Cause("setting", "daily", "daily was taken out of rules.yaml: two checks stumbled over it")


def test_what_waits_goes_to_what_it_waits_for_and_joins_no_two_causes() -> None:
    failed = [task("a", "exit 1: no room", "build"), task("b", "exit 1: other", "lint")]
    skipped = task("c", "needs build, which failed", "deploy", rule="task-skipped", severity="medium")
    found = grouped(*failed, skipped, scene=Scene(needs={skipped.key: "build"}))
    assert marks(found) == [["build a", "deploy c"], ["lint b"]]
    (group,) = [group for group in found if len(group.symptoms) == 2]
    assert group.cause == Cause("upstream", "build", "build failed, and one that need it could not start")
    artefact = task("d", "No such file or directory: 'dist/app.js'", "smoke")
    assert marks(grouped(failed[0], artefact, scene=Scene(needs={artefact.key: "build"}))) == [["build a", "smoke d"]]


def test_mild_findings_of_one_rule_are_one_case_and_grave_ones_only_when_they_are_many() -> None:
    def lint(mark: str, severity: str, rule: str = "F401") -> Symptom:
        return seen(
            mark,
            f"{mark} is not used",
            "lint",
            kind="finding",
            rule=rule,
            severity=severity,
            witnesses=(("ruff", "1"),),
        )

    found = grouped(
        *(lint(f"m{n}", "low") for n in range(30)), lint("x", "low", "E501"), scene=Scene(backlog=frozenset({"lint"}))
    )
    assert [len(group.symptoms) for group in found] in ([30, 1], [1, 30])
    family = max(found, key=lambda group: len(group.symptoms))
    assert family.cause == Cause(
        "family", "F401", "30 findings of ruff by the same rule, F401; they were there when it looked first"
    )
    assert len(grouped(lint("a", "high"), lint("b", "high"))) == 2
    assert len(grouped(*(lint(f"h{n}", "high") for n in range(25)))) == 1


def test_a_check_that_knows_nothing_joins_a_cause_but_is_no_case_alone() -> None:
    nothing = task("a", "not checked: No module named 'yaml'", "types", rule="task-unknown", severity="info")
    assert grouped(nothing) == []
    (group,) = grouped(nothing, task("b", "No module named 'yaml'"))
    assert [symptom.check for symptom in group.symptoms] == ["types", "start"]
    assert group.severity == "high"


def test_new_symptoms_go_to_the_case_that_stands_and_two_cases_are_never_joined() -> None:
    def known(case: int, mark: str, module: str) -> Known:
        return Known(case, Cause("single"), (task(mark, f"No module named '{module}'"),))

    later = seen("n", "t: ModuleNotFoundError: No module named 'yaml'")
    (group,) = grouped(later, known=(known(3, "k", "yaml"), known(4, "l", "toml")))
    assert (group.case, marks([group]), group.cause.kind) == (3, [["quality.tests n"]], "dependency")
    both = task("m", "No module named 'yaml'; No module named 'toml'", "export")
    (group,) = grouped(both, known=(known(3, "k", "yaml"), known(4, "l", "toml")))
    assert group.case in (3, 4)
    again = task("k", "No module named 'yaml'")
    assert [group.case for group in grouped(again, known=(known(3, "k", "yaml"),))] == [3]


FILE, TABLE = "No such file or directory: 'prices.dat'", "sqlite3.OperationalError: no such table: prices"


def standing(case: int, message: str, **more: Any) -> Known:
    given = {"may_join": True, **more}
    return Known(case, Cause("single"), (task(f"k{case}", message, f"check{case}"),), **given)


def joined(*symptoms: Symptom, known: tuple[Known, ...], taught: Taught | None = None) -> list[tuple[int, int]]:
    groups = correlate(symptoms, Scene(), known, taught or Taught())
    return [(join.case, join.into) for group in groups for join in group.joins]


def test_news_that_say_what_two_cases_say_make_them_one_with_the_reason() -> None:
    news = seen("n", f"t: {FILE}; {TABLE}")
    (group,) = grouped(news, known=(standing(3, FILE), standing(4, TABLE)))
    assert group.case == 3
    assert [(join.case, join.into) for join in group.joins] == [(4, 3)]
    assert group.joins[0].why == "quality.tests shows that both have one cause: the database has no table prices"
    assert joined(news, known=(standing(3, FILE), standing(4, TABLE, busy=True))) == [(3, 4)], (
        "who works on one keeps it"
    )
    three = (standing(3, FILE), standing(4, TABLE), standing(5, "fixture 'store' not found"))
    assert joined(seen("n", f"t: {FILE}; {TABLE}; fixture 'store' not found"), known=three) == [(4, 3), (5, 3)]


def test_no_rule_makes_one_of_cases_that_persons_have_in_hand_or_that_name_two_causes() -> None:
    news = seen("n", f"t: {FILE}; {TABLE}")
    assert joined(news, known=(standing(3, FILE, may_join=False), standing(4, TABLE))) == []
    assert joined(news, known=(standing(3, FILE, busy=True), standing(4, TABLE, busy=True))) == []
    again = task("k3", f"{FILE}; {TABLE}", "check3")
    assert joined(again, known=(standing(3, FILE), standing(4, TABLE))) == [], "what a case has already is no news"
    for one, other in (
        ("No module named 'yaml'", "No module named 'toml'"),
        ("No module named 'yaml'", "ENOSPC: no space left"),
        ("KeyError: 'SHOP_URL'", "KeyError: 'SHOP_KEY'"),
    ):
        assert joined(seen("n", f"{one}; {other}"), known=(standing(3, one), standing(4, other))) == []
    known = (
        Known(3, Cause("single"), (task("a", FILE, "start", family="f1"),), may_join=True),
        Known(4, Cause("single"), (task("b", TABLE, "export", family="f2"),), may_join=True),
    )
    assert joined(news, known=known, taught=Taught(parts={pair("f1", "f2"): None})) == []
    assert joined(news, known=known) == [(4, 3)]


def found(check: str, rule: str, message: str, path: str = "", line: int = 0, **more: Any) -> Symptom:
    given = {"kind": "finding", "rule": rule, "severity": "high", "path": path, "line": line, **more}
    return seen(str(given.pop("fingerprint", f"{rule} {message[:30]}")), message, check, **given)


SLOW = (
    found("api.latency", "slow-operation", "GET /report has a p95 of 412.0 ms, 150 ms is wanted", "shop/main.py", 109),
    found("monitor.endpoints", "slow-endpoint", "report (GET http://127.0.0.1:8791/report): p95 is 422 ms over 5 answers",
          "callboard.toml", 21, agent="monitor"),
    found("monitor.levels", "service-level-missed", "service level report (report answers within 150 ms): 0 % of 5 good",
          "callboard.toml", 28, agent="monitor"),
    found("monitor.levels", "budget-burns-fast", "service level report: the error budget burns 100.0 times as fast",
          "callboard.toml", 28, agent="monitor"),
)  # fmt: skip
OPEN = (
    found("api.auth", "operation-open", "GET /report answers 200 without credentials; refuse with 401"),
    found(
        "api.contract",
        "ignored_auth",
        "GET /report/: API accepts requests without authentication (status 200): Expected",
    ),
)


def test_the_same_trouble_of_one_operation_is_one_case_whoever_saw_it_and_another_trouble_is_another() -> None:
    groups = grouped(*SLOW, *OPEN)
    assert sorted(len(group.symptoms) for group in groups) == [2, 4]
    assert all(symptom.why for group in groups for symptom in group.symptoms)
    fails = (
        found("api.contract", "not_a_server_error", "GET /teas/{tea_id}: Server error (status 500)"),
        found("crawl", "error-page", "GET https://shop.example:8443/teas/7 answers 500", agent="ui"),
    )
    assert len(grouped(*fails)) == 1
    assert len(grouped(*fails, *OPEN, *SLOW)) == 3
    known = tuple(Known(nth, Cause("single"), (one,)) for nth, one in enumerate(SLOW[:1], 7))
    assert [group.case for group in grouped(*SLOW[1:], known=known)] == [7]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /orders answers 200 without credentials", "POST /orders answers 200 without credentials"),
        ("GET /orders answers 200 without credentials", "GET /orders/{id} answers 200 without credentials"),
        ("GET /orders answers 200 without credentials", "GET /orders has a p95 of 412 ms, 150 ms is wanted"),
        ("GET /orders: Response violates schema (status 200)", "GET /orders: Server error (status 500)"),
        ("a (GET http://h/a): p95 is 422 ms", "b (GET http://h/b): p95 is 422 ms"),
    ],
)
def test_another_operation_or_another_trouble_stays_apart(one: str, other: str) -> None:
    assert len(grouped(found("api.auth", "x", one), found("monitor.endpoints", "y", other))) == 2


def test_parts_of_a_workspace_that_serve_the_same_path_are_two() -> None:
    words = "GET /health has a p95 of 412.0 ms, 150 ms is wanted"
    assert len(grouped(found("api.latency:shop", "s", words), found("api.latency:web", "s", words))) == 2
    assert len(grouped(found("api.latency:shop", "s", words), found("monitor.endpoints", "s", words))) == 1


def test_what_judges_by_another_finding_is_one_case_with_it_and_not_with_what_lies_elsewhere() -> None:
    def control(name: str, path: str, line: int) -> Symptom:
        return found("security.controls", name, "No secrets lie in the files: 1 finding in the files", path, line,
                     fingerprint=name, agent="security")  # fmt: skip

    secret = found("security.secrets", "secret-pat", "This file holds a secret", "shop/export.py", 27, agent="security")
    shell = found("security.static", "B602", "shell=True", "shop/export.py", 11, agent="security")
    groups = grouped(
        secret, shell, control("control-tree", "shop/export.py", 27), control("control-user", "Dockerfile", 1)
    )
    assert marks(groups) == [
        ["security.controls control-tree", f"security.secrets {secret.fingerprint}"],
        ["security.controls control-user"],
        [f"security.static {shell.fingerprint}"],
    ]
    past = found(
        "security.secrets", "secret-pat", "Commit bad20 holds what looks like a secret", "old.txt", agent="security"
    )
    bill = found("security.sbom", "no-lock", "nothing is locked", "pyproject.toml", agent="security")
    history = control("control-history", "old.txt", 0)
    history = replace(history, message="No secrets lie in former commits: 1 finding in former commits")
    assert len(grouped(past, history)) == 1
    assert len(grouped(bill, control("control-updates", "pyproject.toml", 0))) == 2, "one file alone is no evidence"
    lint = found("quality.lint", "E501", "line too long", "shop/export.py", 27, agent="quality")
    assert len(grouped(lint, control("control-tree", "shop/export.py", 27))) == 2, (
        "another agent's finding is no evidence"
    )


def test_what_persons_taught_goes_before_every_rule() -> None:
    one, other = (
        task("a", "No module named 'yaml'", family="f1"),
        task("b", "No module named 'yaml'", "export", family="f2"),
    )
    apart = Taught(parts={pair("f1", "f2"): None})
    assert len(correlate((one, other), Scene(), (), apart)) == 2
    third, fourth = task("c", "x", family="f3"), task("d", "y", "export", family="f4")
    together = Taught(joins={pair("f3", "f4"): None})
    (group,) = correlate((third, fourth), Scene(), (), together)
    assert group.cause.kind == "person"
    assert group.cause.words


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4_000,
        "A_" * 2_000,
        "a/" * 2_000 + ".py:1)",
        "No module named " * 250,
        "\x1f\x00'",
        "'" * 4_000,
        "GET /" + ":a" * 2_000,
        "GET " * 1_000,
        "/{" * 2_000 + " p95",
        "p95 " * 1_000,
        "no authentication" * 200,
    ],
)
def test_hostile_words_cost_little_and_break_nothing(text: str) -> None:
    assert len(grouped(seen("a", text), task("b", text[::-1]))) <= 2
