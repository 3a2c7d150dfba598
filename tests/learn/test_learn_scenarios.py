"""Planted causes, told by real tools: symptoms of one cause become one case, and independent faults stay apart."""

import re

import pytest

from callboard.core.cases import Taught
from callboard.core.correlate import correlate
from callboard.core.correlate_scene import Scene
from scenarios import REPO, Scenario, Score, mixed, one_after_the_other, scenarios

LEAST_JOINED = 0.95
MOST_WRONG = 0.02


@pytest.fixture(scope="module")
def planted() -> list[Scenario]:
    return scenarios()


def test_there_are_enough_of_each_kind_and_none_tells_of_the_machine_it_was_made_on(planted: list[Scenario]) -> None:
    plain = [scenario for scenario in planted if not scenario.held_out]
    assert len(planted) >= 30
    assert {scenario.base for scenario in plain} == {"ledger", "orders", "shop", "web"}
    said = " ".join(symptom.message + symptom.path for scenario in planted for symptom in scenario.symptoms)
    assert not re.search(r"/(?:work|root|home|tmp)/(?!full)", said.replace(str(REPO), ""))


def test_what_has_one_cause_is_one_case_and_what_has_not_is_apart(planted: list[Scenario]) -> None:
    score = Score()
    for scenario in planted:
        score.add(scenario, [g.symptoms for g in correlate(scenario.symptoms, scenario.scene, (), Taught())])
    assert score.recall >= LEAST_JOINED, score
    assert score.mistaken <= MOST_WRONG, score


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_it_is_the_same_when_each_task_is_looked_at_as_it_ends_in_whatever_order(
    planted: list[Scenario], seed: int
) -> None:
    score, apart = Score(), Score()
    for scenario in planted:
        score.add(scenario, one_after_the_other(scenario, seed))
        apart.add(scenario, one_after_the_other(scenario, seed, joins=False))
    assert score.recall >= 0.99, score
    assert score.recall >= apart.recall
    assert score.mistaken <= MOST_WRONG, score


def test_without_git_less_is_joined_and_nothing_wrongly(planted: list[Scenario]) -> None:
    score = Score()
    for scenario in planted:
        blind = Scene(needs=scenario.scene.needs)
        score.add(scenario, [g.symptoms for g in correlate(scenario.symptoms, blind, (), Taught())])
    assert score.recall >= 0.9, score
    assert score.mistaken <= MOST_WRONG, score


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_causes_that_come_together_are_told_apart(planted: list[Scenario], seed: int) -> None:
    together, pieces = Score(), Score()
    for scenario in mixed(planted, seed, 40):
        together.add(scenario, [g.symptoms for g in correlate(scenario.symptoms, scenario.scene, (), Taught())])
        pieces.add(scenario, one_after_the_other(scenario, seed))
    for score in (together, pieces):
        assert score.recall >= LEAST_JOINED, score
        assert score.mistaken <= MOST_WRONG, score


CAUSES = {
    "shop-syntax-prices": ("file", "shop/prices.py"),
    "shop-conflict": ("file", "shop/cart.py"),
    "shop-bad-json": ("file", "shop/prices.json"),
    "shop-bad-toml": ("file", "config/settings.toml"),
    "ledger-bad-yaml": ("file", "src/ledger/rules.yaml"),
    "web-bad-json": ("file", "config/site.json"),
    "shop-missing-dep": ("dependency", "moneylib_x"),
    "ledger-missing-dep": ("dependency", "babelfish_currency"),
    "orders-missing-dep": ("dependency", "asyncpg_missing"),
    "shop-env": ("setting", "SHOP_DATABASE_URL"),
    "ledger-env": ("setting", "LEDGER_HOME"),
    "ledger-setting": ("setting", "daily"),
    "shop-upstream": ("upstream", "export"),
}


def test_the_cause_is_named(planted: list[Scenario]) -> None:
    found = {}
    for scenario in planted:
        if scenario.name in CAUSES:
            groups = correlate(scenario.symptoms, scenario.scene, (), Taught())
            largest = max(groups, key=lambda g: sum(scenario.causes[s.key] == "plant" for s in g.symptoms))
            found[scenario.name] = (largest.cause.kind, largest.cause.about)
            assert largest.cause.words
            assert largest.title
    assert found == {name: cause for name, cause in CAUSES.items() if name in found}
    assert len(found) >= 9
