"""Causes that tools of several languages tell in several ways, by value: what is one cause, how it is called, what stays apart."""

from typing import Any

import pytest

from callboard.core.case_facts import Symptom
from callboard.core.cases import Taught
from callboard.core.correlate import correlate
from callboard.core.correlate_scene import Group, Region, Scene

REFUSED = "urllib.error.URLError: <urlopen error [Errno 111] Connection refused> (in atlas/feed.py:10)"
TAKEN = "OSError: [Errno 98] Address already in use (in atlas/serve.py:11)"


def task(check: str, message: str, **more: Any) -> Symptom:
    given = {"kind": "task", "rule": "task-failed", "severity": "high", "title": message, **more}
    return Symptom(check, check, message=f"exit 1: {message}", **given)


def found(check: str, mark: str, message: str, path: str, **more: Any) -> Symptom:
    given = {"kind": "finding", "rule": mark, "severity": "high", "title": message, **more}
    return Symptom(check, mark, message=message, path=path, agent=check.partition(".")[0], **given)


def grouped(*symptoms: Symptom, scene: Scene = Scene()) -> list[Group]:
    return correlate(symptoms, scene, (), Taught())


@pytest.mark.parametrize(
    ("one", "other", "kind", "about"),
    [
        ("Error: listen EADDRINUSE: address already in use 127.0.0.1:18431", TAKEN, "host", "port 18431"),
        ("bind() to [::]:8080 failed (98: Address already in use)", TAKEN, "host", "port 8080"),
        (
            "curl: (7) Failed to connect to feed.test port 18432 after 0 ms: Couldn't connect to server",
            REFUSED,
            "setup",
            "port 18432",
        ),
        ("dial tcp 127.0.0.1:5432: connect: connection refused", REFUSED, "setup", "port 5432"),
        (
            "curl: (22) The requested URL returned error: 503",
            "HTTPError: HTTP Error 503: Service Unavailable (in a.py:3)",
            "setup",
            "answers 503",
        ),
        ("curl: (60) SSL certificate problem: certificate has expired", "Error: CERT_HAS_EXPIRED", "host", "clock"),
        (
            "cp: cannot create regular file 'v/a': Read-only file system",
            "Error: EROFS: read-only file system, open 'v/b'",
            "host",
            "read-only",
        ),
        ("FATAL ERROR: Reached heap limit Allocation failed", "MemoryError (in a.py:3)", "host", "memory"),
        (
            "bin/a.sh: 3: bin/retry: Permission denied",
            "PermissionError: [Errno 13] Permission denied: PosixPath('/w/bin/retry') (in l.py:5)",
            "file",
            "retry",
        ),
        ("bin/a.sh: 2: lib/common.sh: jqx: not found", "b.sh: line 7: jqx: command not found", "dependency", "jqx"),
        (
            'bin/a.sh: 7: lib/c.sh: Syntax error: "}" unexpected',
            "lib/c.sh: line 9: syntax error near unexpected token `}'",
            "file",
            "lib/c.sh",
        ),
        ("Makefile:4: *** missing separator.  Stop.", "Makefile:4: *** missing separator. Stop.", "file", "Makefile"),
        (
            "Error: in prepare, database is locked (5)",
            "OperationalError: database is locked (in m/d.py:8)",
            "host",
            "lock",
        ),
        (
            "head: cannot open 'd/s.txt' for reading: No such file or directory",
            "cat: d/s.txt: No such file or directory",
            "file",
            "s.txt",
        ),
        ("beat.sh: 2: FLEET_TOKEN: must be set", "KeyError: 'FLEET_TOKEN' (in token.py:7)", "setting", "FLEET_TOKEN"),
        (
            "cat: data/x.csv: No such file or directory",
            "FileNotFoundError: [Errno 2] No such file or directory: '/w/data/x.csv' (in a.py:3)",
            "file",
            "x.csv",
        ),
        (
            "ERROR: Package 'a' requires a different Python: 3.11.7 not in '>=3.99'",
            "error: requires-python >=3.99",
            "setting",
            "requires-python",
        ),
    ],
)
def test_two_tools_tell_one_cause_in_their_own_words(one: str, other: str, kind: str, about: str) -> None:
    [group] = grouped(task("one", one), task("other", other))
    assert (group.cause.kind, group.cause.about) == (kind, about)
    assert "11" not in group.title


def test_a_line_of_a_file_is_no_port_and_who_does_not_say_where_is_told_of_no_one_of_two() -> None:
    [group] = grouped(task("a", TAKEN))
    assert group.title == "A port is taken"
    groups = grouped(
        task("a", "connect ECONNREFUSED 127.0.0.1:5432"),
        task("b", "connect ECONNREFUSED 127.0.0.1:6379"),
        task("c", REFUSED),
    )
    assert sorted(len(group.symptoms) for group in groups) == [1, 1, 1]


def test_what_could_not_be_parsed_is_the_one_broken_file_or_the_one_that_is_named() -> None:
    conf = found("config.schema", "unparsable", "conf.json cannot be read: no JSON", "conf.json")
    lock = found("config.schema", "invalid-json", "package-lock.json cannot be read: no JSON", "package-lock.json")
    jq = task("extract", "parse error: Expected another key-value pair at line 5, column 1")
    npm = task(
        "install", "npm error EUSAGE: The `npm ci` command can only install with an existing package-lock.json or"
    )
    apart = task("weather", "factors should make 3")
    assert sorted(len(group.symptoms) for group in grouped(conf, jq, apart)) == [1, 2]
    groups = grouped(conf, lock, jq, npm)
    assert {group.cause.about: len(group.symptoms) for group in groups} == {
        "conf.json": 1, "package-lock.json": 2, "": 1,
    }  # fmt: skip


def test_an_env_file_in_git_is_one_case_with_all_that_see_it_and_the_secrets_in_it() -> None:
    said = "This env file is tracked by git; it sets STRIPE_SECRET_KEY; everybody with the repository has its values"
    ignored = "Git ignores files of the environment: files of an environment are tracked by git"
    [case, apart] = grouped(
        found("config.inventory", "env-file-committed", said, ".env", line=1),
        found("security.controls", "control-env-ignored", ignored, ".env", severity="medium"),
        found(
            "security.secrets", "secret-stripe-access-token", "This file holds what looks like a secret", ".env", line=2
        ),
        found("security.secrets", "secret-generic", "This file holds what looks like a secret", "deploy.sh", line=2),
    )
    assert {symptom.agent for symptom in case.symptoms} == {"config", "security"}
    assert len(case.symptoms) == 3
    assert (case.cause.about, case.title) == (".env", ".env is in git, where it should not be")
    assert [symptom.path for symptom in apart.symptoms] == ["deploy.sh"]


def test_one_finding_of_two_agents_is_one_case() -> None:
    message = "'STRIPE_KEY' is given what looks like a real secret"
    one = found("config.hardcoded", "27dc26f3", message, "shop/pay.py", line=2, rule="secret-hardcoded")
    other = Symptom(**{**_fields(one), "check": "security.secrets", "agent": "security", "rule": "secret-stripe"})
    [group] = grouped(one, other)
    assert {symptom.agent for symptom in group.symptoms} == {"config", "security"}


def _fields(symptom: Symptom) -> dict[str, Any]:
    return {name: getattr(symptom, name) for name in symptom.__dataclass_fields__}


def test_who_misses_something_that_a_change_did_not_take_is_not_of_that_change() -> None:
    changed = {"w/retry.py": (Region(2, 2, "delays"),)}
    reaches = {"t/test_retry.py": ("w/retry.py",), "w/plan.py": ("w/retry.py",)}
    retry = Symptom(
        "tests", "a", "test", "test-failed", "high", "retry", "t/test_retry.py", 5, "test_retry: assert 1 == 2"
    )
    plan = Symptom(
        "tests", "b", "test", "test-collection", "high", "plan", "w/plan.py", 2, "No module named 'common.money'"
    )
    scene = Scene(changed=changed, reaches=reaches, fresh=frozenset({retry.key, plan.key}))
    assert sorted(len(group.symptoms) for group in grouped(retry, plan, scene=scene)) == [1, 1]


def test_an_error_at_a_place_that_did_not_change_is_called_by_the_one_file_that_did_behind_it() -> None:
    both = [
        task(name, "KeyError: 'price' (in steps/reading.py:14)", path="steps/reading.py", line=14)
        for name in ("a", "b")
    ]
    scene = Scene(
        changed={"data/orders.csv": (Region(1, 1),), "notes.md": (Region(1, 1),)},
        reaches={"steps/reading.py": ("data/orders.csv",)},
        fresh=frozenset(symptom.key for symptom in both),
    )
    [group] = grouped(*both, scene=scene)
    assert (group.cause.kind, group.cause.about) == ("commit", "data/orders.csv")
    assert "KeyError at steps/reading.py:14" in group.cause.words
