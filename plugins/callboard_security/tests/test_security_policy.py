"""Licence texts become SPDX expressions, and a policy judges each by its best way."""

import json
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance
from callboard_security.options import Licences
from callboard_security.policy import Standing, policy_from
from callboard_security.spdx import evaluate, expression_of, known_ids

IDS = known_ids()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("MIT", "MIT"),
        ("MIT License", "MIT"),
        ("Apache Software License; MIT License", "Apache-2.0 AND MIT"),
        ("(MIT OR GPL-3.0-only) AND BSD-3-Clause", "(MIT OR GPL-3.0-only) AND BSD-3-Clause"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
        ("SEE LICENSE IN LICENSE.txt", "LicenseRef-own-text"),
        ("UNLICENSED", "LicenseRef-proprietary"),
        ("whatever you like", ""),
        ("MIT OR", ""),
        ("(" * 5_000, ""),
        ("", ""),
    ],
)
def test_what_a_text_means(text: str, meant: str) -> None:
    assert expression_of(text, IDS) == meant


@pytest.mark.parametrize(
    ("expression", "rank"),
    [
        ("a", 0), ("c", 2), ("a OR c", 0), ("a AND c", 2), ("(a OR c) AND b", 1), ("a OR b AND c", 0), ("(a OR b) AND c", 2),
        ("c WITH x", 9), ("a or c", 0),
    ],
)  # fmt: skip
def test_the_best_way_through_an_expression(expression: str, rank: int) -> None:
    ranks = {"a": 0, "b": 1, "c": 2, "c WITH x": 9}
    assert evaluate(expression, ranks.__getitem__) == rank


@pytest.mark.parametrize(
    "wrong", ["", "a b", "AND a", "(a", "a)", "a WITH", "a OR", "a ? b", "(" * 200 + "a" + ")" * 200]
)
def test_what_is_no_expression(wrong: str) -> None:
    with pytest.raises(ValueError):
        evaluate(wrong, lambda name: 0)


DEFAULT: dict[str, Any] = {}
STRICT = {"allow": ["MIT", "GPL-3.0-only"], "deny": ["AGPL-*"]}


@pytest.mark.parametrize(
    ("table", "licence", "standing"),
    [
        (DEFAULT, "MIT", Standing.ALLOWED),
        (DEFAULT, "LGPL-3.0-only", Standing.ALLOWED),
        (DEFAULT, "GPL-3.0-only", Standing.REVIEW),
        (DEFAULT, "AGPL-3.0-or-later", Standing.REVIEW),
        (DEFAULT, "MIT OR GPL-3.0-only", Standing.ALLOWED),
        (DEFAULT, "MIT AND GPL-3.0-only", Standing.REVIEW),
        (DEFAULT, "GPL-2.0-only WITH Classpath-exception-2.0", Standing.ALLOWED),
        (DEFAULT, "GPL-2.0+", Standing.REVIEW),
        (DEFAULT, "Beerware", Standing.REVIEW),
        (DEFAULT, "UNLICENSED", Standing.REVIEW),
        (DEFAULT, "", Standing.UNKNOWN),
        (DEFAULT, "whatever", Standing.UNKNOWN),
        (STRICT, "GPL-3.0-only", Standing.ALLOWED),
        (STRICT, "Apache-2.0", Standing.REVIEW),
        (STRICT, "MIT OR AGPL-3.0-only", Standing.ALLOWED),
        (STRICT, "MIT AND AGPL-3.0-only", Standing.DENIED),
        (STRICT, "agpl-3.0-only", Standing.DENIED),
        ({"deny": ["GPL-*"]}, "MIT License; GNU General Public License v3 (GPLv3)", Standing.DENIED),
        ({"deny": ["GPL-*"]}, "LGPL-3.0-only", Standing.ALLOWED),
        ({"deny": ["odd*"]}, "Odd terms of mine", Standing.DENIED),
    ],
)
def test_how_a_licence_stands(table: dict[str, Any], licence: str, standing: Standing) -> None:
    assert policy_from({"licences": table}, Licences()).standing(licence, IDS)[0] is standing


@pytest.mark.parametrize("table", [3, {"alow": []}, {"allow": "MIT"}, {"packages": ["x"]}, {"deny": [3]}])
def test_a_wrong_policy_is_named(table: Any) -> None:
    with pytest.raises(ValueError, match="licences"):
        policy_from({"licences": table}, Licences())


def check(tmp_path: Path, licences: dict[str, Any], table: Any, files: dict[str, str] | None = None) -> Outcome:
    place = tmp_path / "workspace"
    place.mkdir(exist_ok=True)
    packages: dict[str, Any] = {"": {"name": "web"}}
    packages |= {f"node_modules/{name}": {"version": "1.0.0", "license": text} for name, text in licences.items()}
    (place / "package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1))
    for name, text in (files or {}).items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    config = {"agents": {"security": {"licences": table}}}
    return run_action(SecurityCompliance(), "licences", place, config=config, spool=spool)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def test_denied_review_and_unknown_are_states_of_their_own(tmp_path: Path) -> None:
    outcome = check(
        tmp_path, {"a": "MIT", "b": "AGPL-3.0-only", "c": "GPL-3.0-only", "d": "", "e": "odd"}, {"deny": ["AGPL-*"]}
    )
    assert verdict(outcome) is Verdict.FAIL
    assert sorted((f.rule, str(f.severity)) for f in outcome.findings) == [
        ("licence-denied", "high"), ("licence-not-understood", "low"), ("licence-review", "medium"), ("licence-undeclared", "low"),
    ]  # fmt: skip
    figures = outcome.sections()["licences"][0]["figures"]
    assert {figure["label"]: figure["value"] for figure in figures} == {
        "Packages": 5, "Denied": 1, "For review": 1, "Not known": 2,
    }  # fmt: skip
    assert outcome.metrics()["security.licences.denied"] == 1


def test_an_unknown_licence_is_no_pass_until_somebody_looked_it_up(tmp_path: Path) -> None:
    assert verdict(check(tmp_path, {"a": "MIT", "d": ""}, {})) is Verdict.UNKNOWN
    assert verdict(check(tmp_path, {"a": "MIT", "d": ""}, {"packages": {"d": "ISC"}})) is Verdict.PASS


def test_a_wrong_policy_judges_nothing(tmp_path: Path) -> None:
    outcome = check(tmp_path, {"a": "MIT"}, {"allow": "MIT"})
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "licences.allow must be a list" in str(outcome.result)


def test_a_lock_without_licences_is_told_and_node_modules_fill_it(tmp_path: Path) -> None:
    yarn = '# yarn lockfile v1\n\nlodash@^4:\n  version "4.17.20"\n'
    outcome = check(tmp_path, {"a": "MIT"}, {}, {"web/yarn.lock": yarn})
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "1 package of web/yarn.lock" in str(outcome.result)
    manifest = json.dumps({"name": "lodash", "version": "4.17.20", "license": "MIT"})
    outcome = check(tmp_path, {"a": "MIT"}, {}, {"web/node_modules/lodash/package.json": manifest})
    assert verdict(outcome) is Verdict.PASS


def test_a_python_lock_without_environment_is_told(tmp_path: Path) -> None:
    outcome = check(tmp_path, {"a": "MIT"}, {}, {"requirements.txt": "flask==3.0.0\n"})
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "requirements.txt" in str(outcome.result)
